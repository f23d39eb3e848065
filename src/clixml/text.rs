//! [`Text`]: a .NET string, which may hold lone surrogates.

use std::borrow::Cow;
use std::fmt;

/// A .NET string: any sequence of UTF-16 code units, kept without loss.
///
/// Nearly all text is well formed and lies here as UTF-8; text with a lone surrogate lies here as UTF-16.
/// The form is canonical, so equality, order and hash are those of the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Form);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    Utf8(String),
    /// Holds at least one lone surrogate.
    Utf16(Box<[u16]>),
}

impl Text {
    /// The text as UTF-8, or `None` if it holds a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Form::Utf8(text) => Some(text),
            Form::Utf16(_) => None,
        }
    }

    /// The text as UTF-8, with U+FFFD for every lone surrogate.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Form::Utf8(text) => Cow::Borrowed(text),
            Form::Utf16(units) => Cow::Owned(String::from_utf16_lossy(units)),
        }
    }

    /// The text as UTF-16 code units, without loss.
    pub fn to_utf16(&self) -> Vec<u16> {
        match &self.0 {
            Form::Utf8(text) => text.encode_utf16().collect(),
            Form::Utf16(units) => units.to_vec(),
        }
    }

    /// The text of UTF-16 code units; any sequence is valid.
    pub fn from_utf16(units: &[u16]) -> Self {
        match String::from_utf16(units) {
            Ok(text) => Self(Form::Utf8(text)),
            Err(_) => Self(Form::Utf16(units.into())),
        }
    }

    /// Whether the text has no characters.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_some_and(str::is_empty)
    }

    /// Whether the text equals `other` but for the case of ASCII letters, as PowerShell compares member names.
    pub fn eq_ignore_ascii_case(&self, other: &str) -> bool {
        self.as_str().is_some_and(|text| text.eq_ignore_ascii_case(other))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Form::Utf8(String::new()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Form::Utf8(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Form::Utf8(text.to_owned()))
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_string_lossy().fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Utf8(text) => text.fmt(f),
            Form::Utf16(units) => write!(f, "Text({units:x?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_canonical() {
        assert_eq!(Text::from("a\u{1F600}"), Text::from_utf16(&[0x61, 0xD83D, 0xDE00]));
    }

    #[test]
    fn a_lone_surrogate_survives() {
        let units = [0x61, 0xD83D, 0x62];
        let text = Text::from_utf16(&units);
        assert_eq!(text.as_str(), None);
        assert_eq!(text.to_utf16(), units);
        assert_eq!(text.to_string_lossy(), "a\u{FFFD}b");
        assert!(!text.is_empty());
    }
}
