//! Section "Version".

use std::ffi::c_char;

/// The version of the ABI that this header describes. A caller compares it with `psjob_abi_version()` when it loads
/// the library at run time.
pub const PSJOB_ABI_VERSION: u32 = 1;

/// The ABI version of the loaded library; it must equal `PSJOB_ABI_VERSION`.
///
/// Ownership: nothing.
/// Threads: any.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn psjob_abi_version() -> u32 {
    PSJOB_ABI_VERSION
}

/// The version of the loaded library, for example "0.1.0"; NUL-terminated ASCII.
///
/// Ownership: static, never freed.
/// Threads: any.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn psjob_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
