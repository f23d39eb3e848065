//! Opaque handles: which Rust type stands behind each C type, and the only casts between them.

use crate::engine::{Error, ErrorKind};

/// Ties an opaque C type to the Rust type that it stands for, so that a wrong cast does not compile.
pub(super) trait Handle {
    type Target;
}

/// Moves `value` to the heap and gives its owner's handle.
pub(super) fn into_raw<H: Handle>(value: H::Target) -> *mut H {
    Box::into_raw(Box::new(value)).cast()
}

/// Borrows what a handle stands for; `name` is the C parameter's.
///
/// # Safety
/// `pointer` is NULL or a live handle of type `H` that is not freed or mutably borrowed during `'a`.
pub(super) unsafe fn borrow<'a, H: Handle>(pointer: *const H, name: &str) -> Result<&'a H::Target, Error> {
    // SAFETY: the caller promises a live handle; NULL is handled by `as_ref`.
    unsafe { pointer.cast::<H::Target>().as_ref() }.ok_or_else(|| null(name))
}

/// Like [`borrow`], exclusively.
///
/// # Safety
/// `pointer` is NULL or a live handle of type `H` that nobody else uses during `'a`.
pub(super) unsafe fn borrow_mut<'a, H: Handle>(pointer: *mut H, name: &str) -> Result<&'a mut H::Target, Error> {
    // SAFETY: the caller promises a live, unaliased handle; NULL is handled by `as_mut`.
    unsafe { pointer.cast::<H::Target>().as_mut() }.ok_or_else(|| null(name))
}

/// Ends a handle; NULL is a no-op.
///
/// # Safety
/// `pointer` is NULL or a live handle of type `H`, which is not used afterwards.
pub(super) unsafe fn free<H: Handle>(pointer: *mut H) {
    if !pointer.is_null() {
        // SAFETY: the handle came from `into_raw`, and this is its end.
        drop(unsafe { Box::from_raw(pointer.cast::<H::Target>()) });
    }
}

/// Fails unless `out` may be written; called before the work, so that nothing is done in vain.
pub(super) fn check_out<T>(out: *mut T, name: &str) -> Result<(), Error> {
    if out.is_null() { Err(null(name)) } else { Ok(()) }
}

/// Writes an output that [`check_out`] has accepted.
///
/// # Safety
/// `out` points to memory for one `T`.
pub(super) unsafe fn write_out<T>(out: *mut T, value: T) {
    // SAFETY: the caller promises memory for one `T`; `write` does not read what was there.
    unsafe { out.write(value) };
}

pub(super) fn null(name: &str) -> Error {
    Error::new(ErrorKind::NullArgument, format!("{name} is NULL"))
}
