//! Text and bytes across the ABI.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use widestring::Utf16Str;

use super::handle::null;
use crate::engine::{Error, ErrorKind};

/// Borrowed bytes: UTF-8 text unless the function that gives them says otherwise. Not NUL-terminated.
///
/// `data` may be NULL when `len` is 0. Who gives a slice says how long it lives.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct psjob_str {
    /// The first byte.
    pub data: *const u8,
    /// How many bytes.
    pub len: usize,
}

impl psjob_str {
    pub(super) const EMPTY: Self = Self { data: std::ptr::null(), len: 0 };

    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }
}

impl From<Option<&[u8]>> for psjob_str {
    fn from(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Self::EMPTY, Self::new)
    }
}

/// The bytes that a caller passed; NULL is allowed when `len` is 0.
///
/// # Safety
/// `data` points to `len` bytes that nobody writes during `'a`.
pub(super) unsafe fn bytes<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(null(name));
    }
    // SAFETY: not NULL, and the caller promises `len` readable bytes.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// The UTF-8 text that a caller passed.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn utf8<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise is ours.
    let bytes = unsafe { bytes(data, len, name) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        let position = error.valid_up_to();
        Error::new(ErrorKind::BadText, format!("{name} is not valid UTF-8 at byte {position}"))
    })
}

/// The UTF-16 text (native byte order) that a caller passed.
///
/// # Safety
/// `data` points to `len` 16-bit units that nobody writes during the call.
pub(super) unsafe fn utf16(data: *const u16, len: usize, name: &str) -> Result<String, Error> {
    if len == 0 {
        return Ok(String::new());
    }
    if data.is_null() {
        return Err(null(name));
    }
    // SAFETY: not NULL, and the caller promises `len` readable units.
    let units = unsafe { std::slice::from_raw_parts(data, len) };
    let text = Utf16Str::from_slice(units).map_err(|error| {
        let position = error.index();
        Error::new(ErrorKind::BadText, format!("{name} is not valid UTF-16 at unit {position}"))
    })?;
    Ok(text.to_string())
}

/// The parts of a NUL-separated list; a NUL at the end is optional.
pub(super) fn nul_separated(bytes: &[u8]) -> impl Iterator<Item = OsString> {
    let list = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let count = if list.is_empty() { 0 } else { usize::MAX };
    list.split(|byte| *byte == 0).take(count).map(|part| OsString::from_vec(part.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_end_in_nul_and_may_be_empty() {
        let parts = |bytes| nul_separated(bytes).collect::<Vec<_>>();
        assert!(parts(b"").is_empty());
        assert_eq!(parts(b"a\0b"), ["a", "b"]);
        assert_eq!(parts(b"a\0b\0"), ["a", "b"]);
        assert_eq!(parts(b"a\0\0b"), ["a", "", "b"]);
    }

    #[test]
    fn bad_text_is_an_error_that_names_the_parameter() {
        let bytes = b"ab\xff";
        // SAFETY: the slice lives.
        let error = unsafe { utf8(bytes.as_ptr(), 3, "script") }.unwrap_err();
        assert_eq!(error.message, "script is not valid UTF-8 at byte 2");
        let units = [0x61, 0xd800];
        // SAFETY: the slice lives.
        let error = unsafe { utf16(units.as_ptr(), 2, "script") }.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadText);
        // SAFETY: NULL with a length is refused before it is read.
        let error = unsafe { utf8(std::ptr::null(), 1, "script") }.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NullArgument);
    }
}
