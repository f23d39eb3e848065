//! The C ABI: the only `extern "C"` of the crate, one file per C type, in the order of the header's sections.
//!
//! Rules (CONTRIBUTING.md, "C ABI"): every body runs under `boundary`; pointers are checked before any use; outputs
//! are written only on success; signatures are written out, never made by a macro, because cbindgen and csbindgen read
//! them as text.

// The header's names are C names.
#![allow(non_camel_case_types)]
#![allow(
    clippy::missing_safety_doc,
    reason = "what callers promise is the same everywhere: handles are live or NULL, pointers valid or NULL"
)]

pub mod batch;
mod boundary;
pub mod engine;
pub mod error;
pub mod event;
mod handle;
pub mod job;
pub mod spec;
pub mod text;
pub mod version;
