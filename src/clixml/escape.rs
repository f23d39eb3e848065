//! The two escapes of CLIXML text: `_xHHHH_` for what PowerShell does not trust to XML, and XML's own entities.
//!
//! The rules are those of `EncodeString` and `XmlConvert.DecodeName` as PowerShell's serialization.cs uses them
//! (MS-PSRP 2.2.5.3.2): control characters (0-1F, 7F-9F), every surrogate, and an underscore before `x` or `X`. U+FFFE
//! and U+FFFF are escaped too: no XML document may hold them, and PowerShell's own `PSSerializer` fails at them.

use super::text::Text;
use memchr::memchr;
use std::borrow::Cow;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Where the text stands, which decides which characters XML wants escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags.
    Content,
    /// Inside a double-quoted attribute value.
    Attribute,
}

/// Appends `text`, escaped for `place`.
pub(super) fn encode(text: &Text, place: Place, out: &mut Vec<u8>) {
    match text.as_str() {
        Some(text) => encode_str(text, place, out),
        None => encode_units(&text.to_utf16(), place, out),
    }
}

/// Appends `text`, escaped for `place`.
pub(super) fn encode_str(text: &str, place: Place, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut clean = 0;
    let mut at = 0;
    while at < bytes.len() {
        let width = special_width(bytes, at, place);
        if width == 0 {
            at += 1;
            continue;
        }
        out.extend_from_slice(&bytes[clean..at]);
        encode_special(&text[at..at + width], out);
        at += width;
        clean = at;
    }
    out.extend_from_slice(&bytes[clean..]);
}

/// The length in bytes of the character at `at` if it needs an escape, else 0.
fn special_width(bytes: &[u8], at: usize, place: Place) -> usize {
    match bytes[at] {
        0..=0x1F | 0x7F | b'<' | b'>' | b'&' => 1,
        b'"' if place == Place::Attribute => 1,
        b'_' if matches!(bytes.get(at + 1), Some(b'x' | b'X')) => 1,
        // U+0080 to U+009F.
        0xC2 if bytes[at + 1] <= 0x9F => 2,
        // U+FFFE and U+FFFF.
        0xEF if bytes[at + 1] == 0xBF && bytes[at + 2] >= 0xBE => 3,
        // Above the Basic Multilingual Plane: a surrogate pair in UTF-16.
        0xF0.. => 4,
        _ => 0,
    }
}

fn encode_special(character: &str, out: &mut Vec<u8>) {
    match character {
        "<" => out.extend_from_slice(b"&lt;"),
        ">" => out.extend_from_slice(b"&gt;"),
        "&" => out.extend_from_slice(b"&amp;"),
        "\"" => out.extend_from_slice(b"&quot;"),
        _ => character.encode_utf16().for_each(|unit| encode_unit(unit, out)),
    }
}

/// Ill-formed text: lone surrogates one by one, what is between them as usual.
fn encode_units(units: &[u16], place: Place, out: &mut Vec<u8>) {
    let mut decoded = char::decode_utf16(units.iter().copied()).peekable();
    while let Some(next) = decoded.next() {
        match next {
            Ok('_') if matches!(decoded.peek(), Some(Ok('x' | 'X'))) => encode_unit(u16::from(b'_'), out),
            Ok(character) => encode_str(character.encode_utf8(&mut [0; 4]), place, out),
            Err(lone) => encode_unit(lone.unpaired_surrogate(), out),
        }
    }
}

fn encode_unit(unit: u16, out: &mut Vec<u8>) {
    let digit = |shift: u16| HEX[usize::from(unit >> shift & 0xF)];
    out.extend_from_slice(&[b'_', b'x', digit(12), digit(8), digit(4), digit(0), b'_']);
}

/// Reverses `_xHHHH_` and `_xHHHHHHHH_`; anything else stays as it is.
pub(super) fn decode(text: Cow<'_, str>) -> Text {
    match find_escape(text.as_bytes(), 0) {
        None => Text::from(text.into_owned()),
        Some(first) => decode_from(&text, first),
    }
}

fn decode_from(text: &str, first: Escape) -> Text {
    let mut well_formed = String::with_capacity(text.len());
    let mut units: Option<Vec<u16>> = None;
    let mut clean = 0;
    let mut next = Some(first);
    while let Some(escape) = next {
        let between = &text[clean..escape.start];
        match &mut units {
            None => well_formed.push_str(between),
            Some(units) => units.extend(between.encode_utf16()),
        }
        match (&mut units, char::from_u32(escape.code)) {
            (None, Some(character)) => well_formed.push(character),
            (None, None) => {
                let mut wide: Vec<u16> = well_formed.encode_utf16().collect();
                push_code(escape.code, &mut wide);
                units = Some(wide);
            }
            (Some(units), _) => push_code(escape.code, units),
        }
        clean = escape.end;
        next = find_escape(text.as_bytes(), clean);
    }
    let rest = &text[clean..];
    match units {
        None => {
            well_formed.push_str(rest);
            Text::from(well_formed)
        }
        Some(mut units) => {
            units.extend(rest.encode_utf16());
            Text::from_utf16(&units)
        }
    }
}

fn push_code(code: u32, units: &mut Vec<u16>) {
    match char::from_u32(code) {
        Some(character) => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
        // Only a surrogate is no character: `find_escape` lets nothing above U+10FFFF through.
        None => units.push(code as u16),
    }
}

struct Escape {
    start: usize,
    end: usize,
    code: u32,
}

fn find_escape(bytes: &[u8], from: usize) -> Option<Escape> {
    let mut start = from;
    loop {
        start += memchr(b'_', &bytes[start..])?;
        if matches!(bytes.get(start + 1), Some(b'x' | b'X')) {
            let digits = &bytes[start + 2..];
            for count in [4, 8] {
                if let Some(code) = hex_before_underscore(digits, count) {
                    return Some(Escape { start, end: start + 2 + count + 1, code });
                }
            }
        }
        start += 1;
    }
}

fn hex_before_underscore(digits: &[u8], count: usize) -> Option<u32> {
    if digits.get(count) != Some(&b'_') {
        return None;
    }
    let code =
        digits[..count].iter().try_fold(0u32, |code, &digit| Some(code << 4 | char::from(digit).to_digit(16)?))?;
    (code <= 0x10FFFF).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        encode_str(text, Place::Content, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn decoded(text: &str) -> Text {
        decode(Cow::Borrowed(text))
    }

    #[test]
    fn only_what_powershell_escapes_is_escaped() {
        assert_eq!(encoded("a b_y_\u{A0}é\u{FFFD}"), "a b_y_\u{A0}é\u{FFFD}");
        assert_eq!(encoded("\t\r\n\u{7F}\u{9F}"), "_x0009__x000D__x000A__x007F__x009F_");
        assert_eq!(encoded("_x _X __x"), "_x005F_x _x005F_X __x005F_x");
        assert_eq!(encoded("\u{1F600}"), "_xD83D__xDE00_");
        assert_eq!(encoded("\u{FFFD}\u{FFFE}\u{FFFF}"), "\u{FFFD}_xFFFE__xFFFF_");
        assert_eq!(encoded("<&>\""), "&lt;&amp;&gt;\"");
    }

    #[test]
    fn look_alikes_stay_literal() {
        for text in ["_x", "_x00", "_x00G1_", "_x0041", "_x00041_", "_xFFFFFFFF_", "_y0041_"] {
            assert_eq!(decoded(text), text);
        }
    }

    #[test]
    fn escapes_do_not_share_an_underscore() {
        assert_eq!(decoded("_x0041_x0042_"), "Ax0042_");
        assert_eq!(decoded("__x0041_"), "_A");
        assert_eq!(decoded("_X0041_"), "A");
    }

    #[test]
    fn eight_digits_and_pairs_are_one_character() {
        assert_eq!(decoded("_x0001F600_"), "\u{1F600}");
        assert_eq!(decoded("_xD83D__xDE00_"), "\u{1F600}");
    }

    #[test]
    fn lone_surrogates_survive_both_ways() {
        let text = Text::from_utf16(&[0x61, 0xDE00, 0x5F, 0x78, 0x3C, 0xD83D]);
        let mut out = Vec::new();
        encode(&text, Place::Content, &mut out);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out, "a_xDE00__x005F_x&lt;_xD83D_");
        assert_eq!(decoded(&out.replace("&lt;", "<")), text);
    }
}
