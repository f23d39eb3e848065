//! The panic boundary: nothing unwinds into C, and every failure becomes a status with an error object.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{PSJOB_STATUS_OK, psjob_error, psjob_status};
use super::handle::{into_raw, write_out};
use crate::engine::{Error, ErrorKind};

/// Runs the body of a function that either succeeds or fails.
///
/// # Safety
/// `out_error` is NULL or points to memory for one pointer.
pub(super) unsafe fn boundary(
    out_error: *mut *mut psjob_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> psjob_status {
    // SAFETY: the caller's promise is ours.
    unsafe { boundary_with_status(out_error, || body().map(|()| PSJOB_STATUS_OK)) }
}

/// Like [`boundary`], for a function that has more than one status of success.
///
/// # Safety
/// `out_error` is NULL or points to memory for one pointer.
pub(super) unsafe fn boundary_with_status(
    out_error: *mut *mut psjob_error,
    body: impl FnOnce() -> Result<psjob_status, Error>,
) -> psjob_status {
    let error = match catch(body) {
        Ok(status) => return status,
        Err(error) => error,
    };
    let status = error.kind as psjob_status;
    if !out_error.is_null() {
        // SAFETY: not NULL, and the caller promises memory for one pointer.
        unsafe { write_out(out_error, into_raw(error)) };
    }
    status
}

/// Runs the body of a function that cannot report an error; a panic gives `fallback`.
pub(super) fn boundary_or<T>(fallback: T, body: impl FnOnce() -> Result<T, Error>) -> T {
    catch(body).unwrap_or(fallback)
}

fn catch<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(panic_error(&*panic)))
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::new(ErrorKind::Panic, format!("psjob has a defect, please report it: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::error::PSJOB_STATUS_PANIC;
    use crate::ffi::handle;

    #[test]
    fn a_panic_becomes_a_status_with_its_text() {
        let mut error = std::ptr::null_mut();
        // SAFETY: `error` is memory for one pointer.
        let status = unsafe { boundary(&mut error, || panic!("seven {}", 7)) };
        assert_eq!(status, PSJOB_STATUS_PANIC);
        // SAFETY: a failing status wrote a live error.
        let value = unsafe { handle::borrow(error.cast_const(), "error") }.unwrap();
        assert!(value.message.ends_with("seven 7"));
        // SAFETY: live, and not used again.
        unsafe { handle::free(error) };
    }

    #[test]
    fn an_error_without_a_place_for_it_is_still_a_status() {
        // SAFETY: NULL is allowed.
        let status = unsafe { boundary(std::ptr::null_mut(), || Err(handle::null("x"))) };
        assert_eq!(status, ErrorKind::NullArgument as psjob_status);
    }
}
