//! Section "Job".

use std::sync::Arc;

use super::batch::psjob_batch;
use super::boundary::{boundary, boundary_or, boundary_with_status};
use super::engine::{psjob_engine, timeout};
use super::error::{PSJOB_STATUS_BLOCKED, PSJOB_STATUS_OK, PSJOB_STATUS_TIMEOUT, psjob_error, psjob_status};
use super::handle::{Handle, borrow, check_out, free, into_raw, write_out};
use super::spec::psjob_spec;
use super::text::{bytes, psjob_str, utf8};
use crate::engine::{Error, JobHandle, JobState, Record, parse_value};

/// The worker is being started, or runs what comes before the job (children only).
pub const PSJOB_STATE_NOT_STARTED: u32 = 0;
/// The script runs; of a job: not every child has finished.
pub const PSJOB_STATE_RUNNING: u32 = 1;
/// The script ran to its end.
pub const PSJOB_STATE_COMPLETED: u32 = 2;
/// The script ended in a terminating error, or its worker could not start, died or broke the protocol.
pub const PSJOB_STATE_FAILED: u32 = 3;
/// The job was stopped.
pub const PSJOB_STATE_STOPPED: u32 = 4;
/// The script waits for its host: for the answer to a question (`psjob_job_get_question`).
pub const PSJOB_STATE_BLOCKED: u32 = 5;
/// The script called `exit`.
pub const PSJOB_STATE_EXITED: u32 = 11;

/// A started job. Opaque.
///
/// A job has one child per worker, numbered from 0; today there is always exactly one. Where a function takes a
/// `child`, a number that the job does not have gives BAD_VALUE.
pub struct psjob_job {
    _private: [u8; 0],
}

impl Handle for psjob_job {
    type Target = JobHandle;
}

/// Starts a job and returns without waiting for its worker. What goes wrong from here on fails the job
/// (`psjob_job_get_reason`), not this call.
///
/// Ownership: the caller owns `*out_job` and ends it with `psjob_job_free`; `engine` and `spec` are borrowed.
/// Threads: any, also at the same time; nobody changes `spec` meanwhile.
/// Errors: NULL_ARGUMENT, SPEC_INCOMPLETE, WORKER_NOT_FOUND (no worker is configured and none was found), ENGINE_SHUT_DOWN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_start(
    engine: *const psjob_engine,
    spec: *const psjob_spec,
    out_job: *mut *mut psjob_job,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            check_out(out_job, "out_job")?;
            let job = borrow(engine, "engine")?.start(borrow(spec, "spec")?.clone())?;
            write_out(out_job, into_raw(job));
            Ok(())
        })
    }
}

/// Ends a job's handle; NULL is a no-op. A job that still runs is stopped.
///
/// Ownership: `job` is taken.
/// Threads: any; nobody else uses `job` at the same time or later.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_free(job: *mut psjob_job) {
    boundary_or((), || {
        // SAFETY: the caller passes NULL or a live handle and does not use it again.
        unsafe { free(job) };
        Ok(())
    });
}

/// The job's id, unique in its engine, from 1; 0 for NULL.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_id(job: *const psjob_job) -> u64 {
    // SAFETY: the caller passes NULL or a live handle.
    boundary_or(0, || Ok(unsafe { borrow(job, "job") }?.id()))
}

/// The job's name; empty for NULL.
///
/// Ownership: the text is borrowed from `job` and lives until `psjob_job_free`.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_name(job: *const psjob_job) -> psjob_str {
    // SAFETY: the caller passes NULL or a live handle.
    boundary_or(psjob_str::EMPTY, || Ok(psjob_str::new(unsafe { borrow(job, "job") }?.name().as_bytes())))
}

/// The job's state, one of `PSJOB_STATE_…`.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_state(
    job: *const psjob_job,
    out_state: *mut u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get(job, out_state, "out_state", out_error, |job| Ok(job.state() as u32)) }
}

/// How many children the job has; 0 for NULL.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_child_count(job: *const psjob_job) -> u32 {
    // SAFETY: the caller passes NULL or a live handle.
    boundary_or(0, || Ok(unsafe { borrow(job, "job") }?.child_count()))
}

/// A child's state, one of `PSJOB_STATE_…`.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_child_state(
    job: *const psjob_job,
    child: u32,
    out_state: *mut u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get(job, out_state, "out_state", out_error, |job| Ok(job.child_state(child)? as u32)) }
}

/// Why a child failed; `*out_reason` is NULL unless it did.
///
/// Ownership: the caller owns `*out_reason` and ends it with `psjob_error_free`.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_reason(
    job: *const psjob_job,
    child: u32,
    out_reason: *mut *mut psjob_error,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        get(job, out_reason, "out_reason", out_error, |job| {
            Ok(job.reason(child)?.map_or(std::ptr::null_mut(), into_raw))
        })
    }
}

/// The code that an Exited child's script gave to `exit`; -1 for a child that did not.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_exit_code(
    job: *const psjob_job,
    child: u32,
    out_code: *mut i32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get(job, out_code, "out_code", out_error, |job| Ok(job.exit_code(child)?.unwrap_or(-1))) }
}

/// Writes the 16 bytes of the id of a child's session (PowerShell's RunspaceId), in RFC 4122 order.
///
/// Ownership: `job` is borrowed; `out_id` points to 16 bytes of the caller's.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_session_id(
    job: *const psjob_job,
    child: u32,
    out_id: *mut u8,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get(job, out_id.cast::<[u8; 16]>(), "out_id", out_error, |job| Ok(job.session_id(child)?.into_bytes())) }
}

/// The process id of a child's worker; 0 before the worker was started. The process may have ended.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_worker_pid(
    job: *const psjob_job,
    child: u32,
    out_pid: *mut u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get(job, out_pid, "out_pid", out_error, |job| Ok(job.worker_pid(child)?.unwrap_or(0))) }
}

/// Writes 1 while a child's records may still come or wait to be received, else 0.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_has_more_data(
    job: *const psjob_job,
    child: u32,
    out_has_more_data: *mut u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        get(job, out_has_more_data, "out_has_more_data", out_error, |job| Ok(u32::from(job.has_more_data(child)?)))
    }
}

/// Waits until the job has finished (OK), is blocked (BLOCKED) or the time is up (TIMEOUT), and writes its state in every
/// case. A negative `timeout_ms` waits without limit; shutting the engine down ends every job, and so the wait.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_wait(
    job: *const psjob_job,
    timeout_ms: i32,
    out_state: *mut u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary_with_status(out_error, || {
            check_out(out_state, "out_state")?;
            let state = borrow(job, "job")?.wait(timeout(timeout_ms));
            write_out(out_state, state as u32);
            Ok(match state {
                JobState::Blocked => PSJOB_STATUS_BLOCKED,
                state if state.is_finished() => PSJOB_STATUS_OK,
                _ => PSJOB_STATUS_TIMEOUT,
            })
        })
    }
}

/// Asks the job to stop and returns at once; `psjob_job_wait` waits for the end, which has a deadline. A finished job
/// is left as it is.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_stop(job: *const psjob_job, out_error: *mut *mut psjob_error) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        boundary(out_error, || {
            borrow(job, "job")?.stop();
            Ok(())
        })
    }
}

/// As `psjob_job_stop` for one child; the job itself does not count as stopped by it.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_stop_child(
    job: *const psjob_job,
    child: u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { boundary(out_error, || borrow(job, "job")?.stop_child(child)) }
}

/// Sends one input object to the job: one CLIXML element, with or without an `Objs` root (UTF-8).
///
/// Ownership: `clixml` is copied.
/// Threads: any, also at the same time; the order of simultaneous calls is not defined.
/// Errors: NULL_ARGUMENT, BAD_CLIXML, INPUT_CLOSED (the spec declared no input, it was closed, or the job has ended).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_send_input_clixml(
    job: *const psjob_job,
    clixml: *const u8,
    clixml_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let job = borrow(job, "job")?;
            job.send_input(&parse_value(bytes(clixml, clixml_len, "clixml")?)?)
        })
    }
}

/// Ends the job's input; a second call does nothing.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_close_input(
    job: *const psjob_job,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        boundary(out_error, || {
            borrow(job, "job")?.close_input();
            Ok(())
        })
    }
}

/// Writes the sequence number of the record by which a child asks a question, while it does; 0 while it asks none.
///
/// The record is a call of the host (`PSJOB_STREAM_HOST_CALL`) like others, in its place among the records; the script waits
/// until it is answered or the job is stopped. A record that asks, but is not the one given here, was answered before.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_get_question(
    job: *const psjob_job,
    child: u32,
    out_sequence: *mut u64,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get(job, out_sequence, "out_sequence", out_error, |job| Ok(job.question(child)?.unwrap_or(0))) }
}

/// Answers a child's question with a value: one CLIXML element, with or without an `Objs` root (UTF-8).
///
/// Ownership: `clixml` is copied.
/// Threads: any, also at the same time; of several answers the first counts.
/// Errors: NULL_ARGUMENT, BAD_VALUE, BAD_CLIXML, NO_QUESTION (not open, or not any more).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_answer_clixml(
    job: *const psjob_job,
    child: u32,
    sequence: u64,
    clixml: *const u8,
    clixml_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let value = parse_value(bytes(clixml, clixml_len, "clixml")?)?;
            borrow(job, "job")?.answer(child, sequence, Ok(value))
        })
    }
}

/// Refuses a child's question: the script's call throws an exception with `message` (UTF-8).
///
/// Ownership: `message` is copied.
/// Threads: any, also at the same time; of several answers the first counts.
/// Errors: NULL_ARGUMENT, BAD_TEXT, BAD_VALUE, NO_QUESTION (not open, or not any more).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_answer_error(
    job: *const psjob_job,
    child: u32,
    sequence: u64,
    message: *const u8,
    message_len: usize,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            let message = utf8(message, message_len, "message")?.to_owned();
            borrow(job, "job")?.answer(child, sequence, Err(message))
        })
    }
}

/// Receives: gives up to `max_records` records of a child and moves its receive cursor past them. Does not wait.
///
/// Ownership: the caller owns `*out_batch` and ends it with `psjob_batch_free`.
/// Threads: any, also at the same time; each record is given once.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_receive(
    job: *const psjob_job,
    child: u32,
    max_records: usize,
    out_batch: *mut *mut psjob_batch,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get_batch(job, out_batch, out_error, |job| job.take(child, max_records)) }
}

/// Looks: gives up to `max_records` unreceived records of a child from sequence number `from` on (0: from the receive
/// cursor), and leaves the cursor where it is.
///
/// Ownership: the caller owns `*out_batch` and ends it with `psjob_batch_free`.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_peek(
    job: *const psjob_job,
    child: u32,
    from: u64,
    max_records: usize,
    out_batch: *mut *mut psjob_batch,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get_batch(job, out_batch, out_error, |job| job.peek(child, from, max_records)) }
}

/// Moves a child's receive cursor past the record with sequence number `through`. A cursor never moves back, and never
/// past the last record there is.
///
/// Ownership: `job` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_consume(
    job: *const psjob_job,
    child: u32,
    through: u64,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { boundary(out_error, || borrow(job, "job")?.consume(child, through)) }
}

/// Reads: gives up to `max_records` records of a child from sequence number `from` on (0: from the first), whether they
/// were received or not.
///
/// Ownership: the caller owns `*out_batch` and ends it with `psjob_batch_free`.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_job_read(
    job: *const psjob_job,
    child: u32,
    from: u64,
    max_records: usize,
    out_batch: *mut *mut psjob_batch,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe { get_batch(job, out_batch, out_error, |job| job.read(child, from, max_records)) }
}

/// # Safety
/// `job` is NULL or a live handle, `out` NULL or memory for one `T`, `out_error` NULL or memory for one pointer.
unsafe fn get<T>(
    job: *const psjob_job,
    out: *mut T,
    out_name: &str,
    out_error: *mut *mut psjob_error,
    read: impl FnOnce(&JobHandle) -> Result<T, Error>,
) -> psjob_status {
    // SAFETY: the caller's promise is ours.
    unsafe {
        boundary(out_error, || {
            check_out(out, out_name)?;
            write_out(out, read(borrow(job, "job")?)?);
            Ok(())
        })
    }
}

/// # Safety
/// As [`get`].
unsafe fn get_batch(
    job: *const psjob_job,
    out_batch: *mut *mut psjob_batch,
    out_error: *mut *mut psjob_error,
    read: impl FnOnce(&JobHandle) -> Result<Vec<Arc<Record>>, Error>,
) -> psjob_status {
    // SAFETY: the caller's promise is ours.
    unsafe { get(job, out_batch, "out_batch", out_error, |job| Ok(into_raw(read(job)?))) }
}
