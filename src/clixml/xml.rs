//! The XML below CLIXML: elements, their attributes and their text, without a copy where none is needed. What else XML
//! has is skipped (comments, processing instructions) or refused (document types, and with them entities of one's own).
//!
//! Hand-written because decoding is to be far faster than any worker's output: a general XML reader costs more than
//! everything above it. Like PowerShell's own reader it does not check which characters may stand in a document.

use super::escape::decode;
use super::reader::{Outcome, ReadErrorKind};
use super::text::Text;
use memchr::{memchr, memchr2, memmem};
use std::borrow::Cow;

/// A document, read from its start to its end.
pub(super) struct Xml<'a> {
    text: &'a str,
    at: usize,
    /// The names of the elements that are open, outermost first.
    open: Vec<&'a str>,
    /// Whether the innermost of them was an empty-element tag: its end needs no tag.
    at_end: bool,
}

/// A start tag.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Xml<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new(), at_end: false }
    }

    /// How far the text is read, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next element of the document, or within the current element; `None` at the end of either.
    pub(super) fn child(&mut self) -> Outcome<Option<Start<'a>>> {
        if std::mem::take(&mut self.at_end) {
            self.open.pop();
            return Ok(None);
        }
        loop {
            self.skip_space();
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [] if self.open.is_empty() => return Ok(None),
                [] => return Err(ReadErrorKind::Missing("an end tag")),
                [b'<', b'/', ..] => return self.end_tag().map(|()| None),
                [b'<', b'?' | b'!', ..] if self.skip_markup()? => {}
                [b'<', b'!', ..] => return Err(ReadErrorKind::Text),
                [b'<', ..] => return self.start_tag().map(Some),
                _ => return Err(ReadErrorKind::Text),
            }
        }
    }

    /// The end of an element that holds nothing more.
    pub(super) fn empty(&mut self) -> Outcome<()> {
        match self.child()? {
            None => Ok(()),
            Some(start) => Err(start.unexpected()),
        }
    }

    /// The text up to the end of the current element, XML's escapes undone.
    pub(super) fn content(&mut self) -> Outcome<Cow<'a, str>> {
        let mut content = Cow::Borrowed("");
        if std::mem::take(&mut self.at_end) {
            self.open.pop();
            return Ok(content);
        }
        loop {
            let rest = &self.text[self.at..];
            let length = memchr2(b'<', b'&', rest.as_bytes()).ok_or(ReadErrorKind::Missing("an end tag"))?;
            append(&mut content, unify_line_ends(&rest[..length]));
            self.at += length;
            match &rest.as_bytes()[length..] {
                [b'&', ..] => content.to_mut().push(self.entity()?),
                [b'<', b'/', ..] => return self.end_tag().map(|()| content),
                [b'<', b'?' | b'!', ..] if self.skip_markup()? => {}
                [b'<', b'!', ..] => append(&mut content, unify_line_ends(self.cdata()?)),
                _ => return Err(self.start_tag()?.unexpected()),
            }
        }
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    /// Takes a start tag; the text is at its `<`.
    fn start_tag(&mut self) -> Outcome<Start<'a>> {
        let tag = &self.text[self.at + 1..];
        let end = tag_end(tag).ok_or(ReadErrorKind::Xml("a tag without an end"))?;
        let inside = &tag[..end];
        let (inside, empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let length = inside.bytes().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let (name, attributes) = inside.split_at(length);
        if name.is_empty() {
            return Err(ReadErrorKind::Xml("a tag without a name"));
        }
        self.at += end + 2;
        self.open.push(name);
        self.at_end = empty;
        Ok(Start { name, attributes })
    }

    /// Takes the end tag of the current element; the text is at its `<`.
    fn end_tag(&mut self) -> Outcome<()> {
        let tag = &self.text[self.at + 2..];
        let end = position(tag, |byte| byte == b'>').ok_or(ReadErrorKind::Xml("a tag without an end"))?;
        if self.open.pop() != Some(tag[..end].trim_end()) {
            return Err(ReadErrorKind::Xml("an end tag without its start tag"));
        }
        self.at += end + 3;
        Ok(())
    }

    /// Skips a comment or a processing instruction; gives false at a CDATA section. The text is at its `<`.
    fn skip_markup(&mut self) -> Outcome<bool> {
        let rest = &self.text[self.at..];
        let (start, end) = if rest.starts_with("<!--") {
            ("<!--", "-->")
        } else if rest.starts_with("<?") {
            ("<?", "?>")
        } else if rest.starts_with(CDATA) {
            return Ok(false);
        } else {
            return Err(ReadErrorKind::DocType);
        };
        let inside = &rest.as_bytes()[start.len()..];
        let length = memmem::find(inside, end.as_bytes()).ok_or(ReadErrorKind::Xml("a comment without an end"))?;
        self.at += start.len() + length + end.len();
        Ok(true)
    }

    /// Takes a CDATA section; the text is at its `<`.
    fn cdata(&mut self) -> Outcome<&'a str> {
        const END: &str = "]]>";
        let inside = &self.text[self.at + CDATA.len()..];
        let length = memmem::find(inside.as_bytes(), END.as_bytes());
        let length = length.ok_or(ReadErrorKind::Xml("a CDATA section without an end"))?;
        self.at += CDATA.len() + length + END.len();
        Ok(&inside[..length])
    }

    /// Takes an entity; the text is at its `&`.
    fn entity(&mut self) -> Outcome<char> {
        let (character, length) = entity(&self.text[self.at..])?;
        self.at += length;
        Ok(character)
    }
}

const CDATA: &str = "<![CDATA[";

impl Start<'_> {
    /// The name of the element without a namespace prefix.
    pub(super) fn tag(&self) -> &str {
        match position(self.name, |byte| byte == b':') {
            None => self.name,
            Some(colon) => &self.name[colon + 1..],
        }
    }

    /// The `N` attribute, which must be there.
    pub(super) fn name(&self) -> Outcome<Text> {
        self.attribute("N")?.map(decode).ok_or(ReadErrorKind::Missing("N"))
    }

    /// The `RefId` attribute, if it is there.
    pub(super) fn ref_id(&self) -> Outcome<Option<u64>> {
        match self.attribute("RefId")? {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| ReadErrorKind::Reference(short(&text))),
        }
    }

    fn attribute(&self, name: &str) -> Outcome<Option<Cow<'_, str>>> {
        let mut rest = self.attributes.trim_start();
        while !rest.is_empty() {
            let (key, value, after) = split_attribute(rest).ok_or(ReadErrorKind::Xml("a malformed attribute"))?;
            if key == name {
                return attribute_text(value).map(Some);
            }
            rest = after.trim_start();
        }
        Ok(None)
    }

    /// Fails unless the element has this name.
    pub(super) fn expect(&self, tag: &str) -> Outcome<()> {
        if self.tag() == tag { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn unexpected(&self) -> ReadErrorKind {
        ReadErrorKind::Element(self.short_tag())
    }

    /// The name, for errors.
    pub(super) fn short_tag(&self) -> String {
        short(self.tag())
    }
}

/// Where the `>` of a tag stands, which is not the one in an attribute's value.
fn tag_end(tag: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += position(&tag[at..], |byte| matches!(byte, b'>' | b'"' | b'\''))?;
        match tag.as_bytes()[at] {
            b'>' => return Some(at),
            quote => at += position(&tag[at + 1..], |byte| byte == quote)? + 2,
        }
    }
}

/// The first attribute's name and its value as it stands, and what follows.
fn split_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_at(position(text, |byte| byte == b'=')?);
    let rest = rest[1..].trim_start();
    let quote = *rest.as_bytes().first().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let length = position(&rest[1..], |byte| byte == quote)?;
    Some((key.trim_end(), &rest[1..1 + length], &rest[length + 2..]))
}

/// The first ASCII byte that is `wanted`. Within tags, which are short, this is faster than memchr.
#[inline]
fn position(text: &str, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    text.bytes().position(wanted)
}

/// An attribute's value with its escapes undone and its white space made spaces (XML 1.0, 3.3.3).
fn attribute_text(value: &str) -> Outcome<Cow<'_, str>> {
    if !value.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(value));
    }
    let value = unify_line_ends(value);
    let mut text = String::with_capacity(value.len());
    let mut rest = &*value;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '&' => {
                let (character, length) = entity(rest)?;
                text.push(character);
                length
            }
            '\t' | '\n' => {
                text.push(' ');
                1
            }
            _ => {
                text.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(Cow::Owned(text))
}

/// The character of the entity that `text` begins with, and the entity's length.
fn entity(text: &str) -> Outcome<(char, usize)> {
    let unknown = ReadErrorKind::Xml("an unknown entity");
    // The longest is &#x0010FFFF; or so: one that goes on and on is none.
    let Some(length) = text.bytes().take(32).position(|byte| byte == b';') else {
        return Err(unknown);
    };
    let name = &text[1..length];
    let character = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.strip_prefix('#').and_then(character_reference),
    };
    character.map(|character| (character, length + 1)).ok_or(unknown)
}

fn character_reference(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    let first_is_digit = digits.starts_with(|first: char| first.is_digit(radix));
    let code = u32::from_str_radix(digits, radix).ok().filter(|&code| first_is_digit && code != 0)?;
    char::from_u32(code)
}

/// Makes every line end a line feed (XML 1.0, 2.11).
fn unify_line_ends(text: &str) -> Cow<'_, str> {
    match memchr(b'\r', text.as_bytes()) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
    }
}

fn append<'a>(content: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if content.is_empty() {
        *content = more;
    } else {
        content.to_mut().push_str(&more);
    }
}

/// What an error quotes: it may be hostile, and of any length.
fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What XML calls white space.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quick_xml::events::Event;

    /// A document flattened: names of start tags, texts, and an end per element.
    fn flatten(text: &str) -> Result<String, ReadErrorKind> {
        fn element(xml: &mut Xml, start: &Start, out: &mut String) -> Outcome<()> {
            out.push_str(&format!("<{} {:?}>", start.tag(), start.attribute("N")?));
            if start.tag() == "S" {
                out.push_str(&xml.content()?);
            } else {
                while let Some(start) = xml.child()? {
                    element(xml, &start, out)?;
                }
            }
            out.push_str("</>");
            Ok(())
        }
        let mut out = String::new();
        let mut xml = Xml::new(text);
        while let Some(start) = xml.child()? {
            element(&mut xml, &start, &mut out)?;
        }
        Ok(out)
    }

    /// The same by a general XML reader.
    fn flatten_by_quick_xml(text: &str) -> Result<String, quick_xml::Error> {
        let mut reader = quick_xml::Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let (mut out, mut in_text) = (String::new(), false);
        loop {
            match reader.read_event()? {
                Event::Start(start) => {
                    let attribute =
                        start.attributes().find(|found| matches!(found, Ok(found) if found.key.as_ref() == "N"));
                    let attribute = attribute.transpose()?.map(|found| found.normalized_value(Default::default()));
                    out.push_str(&format!("<{} {:?}>", start.local_name().into_inner(), attribute.transpose()?));
                    in_text = start.local_name().into_inner() == "S";
                }
                Event::End(_) => {
                    out.push_str("</>");
                    in_text = false;
                }
                Event::Text(text) if in_text => out.push_str(&text.xml10_content()),
                Event::CData(text) => out.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) => match entity.resolve_char_ref()? {
                    Some(character) => out.push(character),
                    None => out.push_str(quick_xml::escape::resolve_predefined_entity(&entity).unwrap()),
                },
                Event::Eof => return Ok(out),
                _ => {}
            }
        }
    }

    /// Anything that may stand in a text or, without `<`, in an attribute's value.
    fn escaped_text(raw: &'static str) -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => proptest::string::string_regex(raw).unwrap(),
            1 => prop::sample::select(vec!["&lt;", "&amp;", "&gt;", "&quot;", "&apos;", "&#65;", "&#x1F600;", "\r\n", "\r"])
                .prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    fn misc() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["", "", " ", "\r\n\t", "<!-- a > - b -->", "<?pi <&> ?>"])
    }

    fn document() -> impl Strategy<Value = String> {
        let attribute = prop_oneof![
            Just(String::new()),
            escaped_text("[a-z'>é]{0,4}").prop_map(|value| format!(" N=\"{value}\"")),
            escaped_text("[a-z\">\t\n]{0,4}").prop_map(|value| format!(" RefId = '1'\n N = '{value}' ")),
        ];
        let inside = prop_oneof![
            6 => escaped_text("[a-z>'\"\\] \u{80}-\u{2FF}]{0,8}"),
            1 => Just("<![CDATA[a<&>]] b]]>".to_owned()),
            1 => Just("<!-- a -->".to_owned()),
        ];
        let inside = prop::collection::vec(inside, 0..4).prop_map(|pieces| pieces.concat());
        let leaf = (attribute.clone(), inside).prop_map(|(attribute, inside)| format!("<S{attribute}>{inside}</S >"));
        let empty = attribute.clone().prop_map(|attribute| format!("<a:Nil{attribute}/>"));
        prop_oneof![3 => leaf, 1 => empty].prop_recursive(4, 32, 4, move |inner| {
            (attribute.clone(), misc(), prop::collection::vec((inner, misc()), 0..4)).prop_map(
                |(attribute, misc, children)| {
                    let children: String = children.into_iter().map(|(child, misc)| child + misc).collect();
                    format!("{misc}<Obj{attribute}>{misc}{children}</Obj>")
                },
            )
        })
    }

    proptest! {
        #[test]
        fn a_general_xml_reader_reads_the_same(text in document()) {
            prop_assert_eq!(flatten(&text).unwrap(), flatten_by_quick_xml(&text).unwrap());
        }

        #[test]
        fn a_document_cut_short_is_an_error(text in document(), cut in any::<prop::sample::Index>()) {
            let end = text.trim_end().len() - 1;
            let cut = text.floor_char_boundary(cut.index(end));
            if !text[..cut].trim_start().starts_with(['<']) || text[..cut].trim_end().ends_with("->") {
                return Ok(());
            }
            // Every element is open until the last character, unless only what is no element has come.
            let elements = flatten(&text[..cut]);
            prop_assert!(elements.is_err() || elements == Ok(String::new()), "{:?}", elements);
        }
    }
}
