//! Section "Status and errors".

use super::boundary::boundary_or;
use super::handle::{Handle, borrow, free};
use super::text::psjob_str;
use crate::engine::Error;

/// What a function says of its outcome: 0 is success, 1 to 99 are outcomes without an error object, 100 and more are
/// failures. Numbers are never reused.
pub type psjob_status = i32;

/// Success.
pub const PSJOB_STATUS_OK: psjob_status = 0;
/// The time was up before what was waited for happened.
pub const PSJOB_STATUS_TIMEOUT: psjob_status = 1;
/// The engine was shut down while something was waited for.
pub const PSJOB_STATUS_SHUT_DOWN: psjob_status = 2;
/// The job is Blocked: it waits for its host, and would wait for ever if the host only waits for it.
pub const PSJOB_STATUS_BLOCKED: psjob_status = 3;
/// A required pointer is NULL.
pub const PSJOB_STATUS_NULL_ARGUMENT: psjob_status = 100;
/// Text is not valid UTF-8 or UTF-16, or holds a NUL where none may be.
pub const PSJOB_STATUS_BAD_TEXT: psjob_status = 101;
/// A number, an index or an option is out of range.
pub const PSJOB_STATUS_BAD_VALUE: psjob_status = 102;
/// CLIXML does not parse, or exceeds a limit.
pub const PSJOB_STATUS_BAD_CLIXML: psjob_status = 103;
/// A `struct_size` is none that this library knows.
pub const PSJOB_STATUS_BAD_STRUCT_SIZE: psjob_status = 104;
/// The engine was shut down.
pub const PSJOB_STATUS_ENGINE_SHUT_DOWN: psjob_status = 200;
/// The engine could not be started.
pub const PSJOB_STATUS_ENGINE_START: psjob_status = 201;
/// The spec names no script.
pub const PSJOB_STATUS_SPEC_INCOMPLETE: psjob_status = 300;
/// The job takes no input (any more).
pub const PSJOB_STATUS_INPUT_CLOSED: psjob_status = 301;
/// The job has no such question open.
pub const PSJOB_STATUS_NO_QUESTION: psjob_status = 302;
/// Reason of a job: the script ended in a terminating error.
pub const PSJOB_STATUS_SCRIPT_FAILED: psjob_status = 400;
/// There is no worker executable.
pub const PSJOB_STATUS_WORKER_NOT_FOUND: psjob_status = 401;
/// The worker executable could not be started.
pub const PSJOB_STATUS_WORKER_START: psjob_status = 402;
/// Reason of a job: the worker ended in the middle of the job.
pub const PSJOB_STATUS_WORKER_DIED: psjob_status = 403;
/// Reason of a job: the worker does not speak the protocol.
pub const PSJOB_STATUS_WORKER_PROTOCOL: psjob_status = 404;
/// Reason of a job: the worker did not answer in time.
pub const PSJOB_STATUS_WORKER_SILENT: psjob_status = 405;
/// Reason of a job: what runs before it (location, initialization script) failed.
pub const PSJOB_STATUS_PREPARATION: psjob_status = 406;
/// A defect of psjob, caught; the call had no effect that can be relied on.
pub const PSJOB_STATUS_PANIC: psjob_status = 900;

/// Why a call failed, or why a job did. Opaque; immutable.
pub struct psjob_error {
    _private: [u8; 0],
}

impl Handle for psjob_error {
    type Target = Error;
}

/// The error's status, 100 or more; `PSJOB_STATUS_OK` for NULL.
///
/// Ownership: `error` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_get_status(error: *const psjob_error) -> psjob_status {
    boundary_or(PSJOB_STATUS_OK, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(unsafe { borrow(error, "error") }?.kind as psjob_status)
    })
}

/// What happened and what to do about it, in English; empty for NULL.
///
/// Ownership: the text is borrowed from `error` and lives until `psjob_error_free`.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_get_message(error: *const psjob_error) -> psjob_str {
    boundary_or(psjob_str::EMPTY, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(psjob_str::new(unsafe { borrow(error, "error") }?.message.as_bytes()))
    })
}

/// PowerShell's FullyQualifiedErrorId, for example "2101,PSSessionStateBroken"; empty where there is none.
///
/// Ownership: the text is borrowed from `error` and lives until `psjob_error_free`.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_get_id(error: *const psjob_error) -> psjob_str {
    boundary_or(psjob_str::EMPTY, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(unsafe { borrow(error, "error") }?.id.as_deref().map(str::as_bytes).into())
    })
}

/// The remote ErrorRecord as CLIXML (one element, UTF-8); empty where there is none.
///
/// Ownership: the bytes are borrowed from `error` and live until `psjob_error_free`.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_get_record(error: *const psjob_error) -> psjob_str {
    boundary_or(psjob_str::EMPTY, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(unsafe { borrow(error, "error") }?.record.as_deref().into())
    })
}

/// The exit code of a worker that exited by itself; -1 where there is none.
///
/// Ownership: `error` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_get_exit_code(error: *const psjob_error) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    boundary_or(-1, || Ok(unsafe { borrow(error, "error") }?.exit_code.unwrap_or(-1)))
}

/// The number of the signal that ended a worker; -1 where none did.
///
/// Ownership: `error` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_get_signal(error: *const psjob_error) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    boundary_or(-1, || Ok(unsafe { borrow(error, "error") }?.signal.unwrap_or(-1)))
}

/// Ends an error; NULL is a no-op.
///
/// Ownership: `error` is taken.
/// Threads: any; nobody else uses `error` at the same time or later.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_error_free(error: *mut psjob_error) {
    boundary_or((), || {
        // SAFETY: the caller passes NULL or a live handle and does not use it again.
        unsafe { free(error) };
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ErrorKind;

    #[test]
    fn a_status_has_the_number_of_its_kind() {
        let pairs = [
            (PSJOB_STATUS_NULL_ARGUMENT, ErrorKind::NullArgument),
            (PSJOB_STATUS_BAD_TEXT, ErrorKind::BadText),
            (PSJOB_STATUS_BAD_VALUE, ErrorKind::BadValue),
            (PSJOB_STATUS_BAD_CLIXML, ErrorKind::BadClixml),
            (PSJOB_STATUS_BAD_STRUCT_SIZE, ErrorKind::BadStructSize),
            (PSJOB_STATUS_ENGINE_SHUT_DOWN, ErrorKind::EngineShutDown),
            (PSJOB_STATUS_ENGINE_START, ErrorKind::EngineStart),
            (PSJOB_STATUS_SPEC_INCOMPLETE, ErrorKind::SpecIncomplete),
            (PSJOB_STATUS_INPUT_CLOSED, ErrorKind::InputClosed),
            (PSJOB_STATUS_NO_QUESTION, ErrorKind::NoQuestion),
            (PSJOB_STATUS_SCRIPT_FAILED, ErrorKind::ScriptFailed),
            (PSJOB_STATUS_WORKER_NOT_FOUND, ErrorKind::WorkerNotFound),
            (PSJOB_STATUS_WORKER_START, ErrorKind::WorkerStart),
            (PSJOB_STATUS_WORKER_DIED, ErrorKind::WorkerDied),
            (PSJOB_STATUS_WORKER_PROTOCOL, ErrorKind::WorkerProtocol),
            (PSJOB_STATUS_WORKER_SILENT, ErrorKind::WorkerSilent),
            (PSJOB_STATUS_PREPARATION, ErrorKind::Preparation),
            (PSJOB_STATUS_PANIC, ErrorKind::Panic),
        ];
        for (status, kind) in pairs {
            assert_eq!(status, kind as psjob_status);
        }
    }
}
