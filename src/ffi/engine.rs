//! Section "Engine".

use std::ffi::c_void;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Duration;

use tracing::Level;

use super::boundary::{boundary, boundary_or, boundary_with_status};
use super::error::{PSJOB_STATUS_OK, PSJOB_STATUS_SHUT_DOWN, PSJOB_STATUS_TIMEOUT, psjob_error, psjob_status};
use super::event::psjob_event;
use super::handle::{Handle, borrow, check_out, free, into_raw, write_out};
use super::spec::worker_command;
use super::text::{bytes, psjob_str, utf8};
use crate::engine::{Engine, EngineOptions, Error, ErrorKind, LogSink, Timeouts, WaitOutcome};

/// An engine: one thread that runs jobs on workers. Usually one per process. Opaque.
pub struct psjob_engine {
    _private: [u8; 0],
}

impl Handle for psjob_engine {
    type Target = Engine;
}

/// How an engine is made. Zero everything, set `struct_size`, then what is wanted.
#[repr(C)]
pub struct psjob_engine_options {
    /// `sizeof(psjob_engine_options)` of the caller's header.
    pub struct_size: u32,
    /// How long a worker may take to open its session, in milliseconds; 0: two minutes.
    pub open_timeout_ms: u32,
    /// The worker executable; empty: `$PSJOB_PWSH`, then `pwsh` on PATH, then the host that is installed beside the library.
    pub worker_path: psjob_str,
    /// Arguments of the worker before the server switches, separated by NUL.
    pub worker_arguments: psjob_str,
    /// The psjob-guard executable; empty: the one that is installed beside the library.
    pub guard_path: psjob_str,
    /// Gets log lines of `log_level` and more severe ones; NULL: no log.
    pub log_callback: psjob_log_callback,
    /// Passed to `log_callback` as it is.
    pub log_userdata: *mut c_void,
    /// One of `PSJOB_LOG_…`; only read when there is a `log_callback`.
    pub log_level: u32,
    /// How long a worker may take to acknowledge what it was sent, in milliseconds; 0: two minutes.
    pub answer_timeout_ms: u32,
    /// How long a stop may take until nothing of the job runs any more, in milliseconds; 0: 10 seconds.
    pub stop_timeout_ms: u32,
    /// How long a worker that is not needed any more may take to close its session, in milliseconds; 0: 5 seconds.
    pub close_timeout_ms: u32,
}

/// The log sink. Called on the engine's thread only, one line at a time, until `psjob_engine_shutdown` has given OK or
/// the engine's thread has ended by itself; it should be quick and must not call back into psjob.
///
/// `line` is UTF-8, not NUL-terminated, and lives during the call. It names jobs, workers and what befell them; never
/// scripts, arguments, records or secrets.
pub type psjob_log_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, level: u32, line: *const u8, line_len: usize)>;

/// What failed and was not expected to.
pub const PSJOB_LOG_ERROR: u32 = 1;
/// What went wrong and was dealt with.
pub const PSJOB_LOG_WARN: u32 = 2;
/// Starts and ends.
pub const PSJOB_LOG_INFO: u32 = 3;
/// Details.
pub const PSJOB_LOG_DEBUG: u32 = 4;

/// Starts an engine. `options` may be NULL.
///
/// Ownership: the caller owns `*out_engine` and ends it with `psjob_engine_free`.
/// Threads: any.
/// Errors: NULL_ARGUMENT, BAD_STRUCT_SIZE, BAD_TEXT, BAD_VALUE (`log_level`), ENGINE_START (no thread or no descriptor was to
/// be had).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_engine_new(
    options: *const psjob_engine_options,
    out_engine: *mut *mut psjob_engine,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            check_out(out_engine, "out_engine")?;
            let engine = Engine::new(read_options(options)?)?;
            write_out(out_engine, into_raw(engine));
            Ok(())
        })
    }
}

/// # Safety
/// `options` is NULL or points to as many bytes as its `struct_size` says.
unsafe fn read_options(options: *const psjob_engine_options) -> Result<EngineOptions, Error> {
    if options.is_null() {
        return Ok(EngineOptions::default());
    }
    // SAFETY: not NULL; every version of the struct begins with its size.
    let size = unsafe { (*options).struct_size };
    if size as usize != size_of::<psjob_engine_options>() {
        let known = size_of::<psjob_engine_options>();
        let message = format!("options.struct_size is {size}; this library knows {known}");
        return Err(Error::new(ErrorKind::BadStructSize, message));
    }
    // SAFETY: the size says that the whole struct is there.
    let options = unsafe { &*options };
    // SAFETY: the caller's slices are readable during the call.
    unsafe {
        let program = utf8(options.worker_path.data, options.worker_path.len, "options.worker_path")?;
        let arguments = bytes(options.worker_arguments.data, options.worker_arguments.len, "options.worker_arguments")?;
        let guard = utf8(options.guard_path.data, options.guard_path.len, "options.guard_path")?;
        Ok(EngineOptions {
            worker: worker_command(program, arguments),
            guard: (!guard.is_empty()).then(|| PathBuf::from(guard)),
            log: log_sink(options)?,
            timeouts: read_timeouts(options),
        })
    }
}

fn log_sink(options: &psjob_engine_options) -> Result<Option<LogSink>, Error> {
    let Some(callback) = options.log_callback else {
        return Ok(None);
    };
    let level = match options.log_level {
        PSJOB_LOG_ERROR => Level::ERROR,
        PSJOB_LOG_WARN => Level::WARN,
        PSJOB_LOG_INFO => Level::INFO,
        PSJOB_LOG_DEBUG => Level::DEBUG,
        other => {
            let message = format!("options.log_level is {other}; it is one of PSJOB_LOG_…");
            return Err(Error::new(ErrorKind::BadValue, message));
        }
    };
    let userdata = Userdata(options.log_userdata);
    Ok(Some(LogSink::new(level, move |level, line| {
        // SAFETY: the caller promises a function that may be called with its userdata on the engine's thread.
        unsafe { callback(userdata.get(), log_level(level), line.as_ptr(), line.len()) };
    })))
}

fn log_level(level: Level) -> u32 {
    match level {
        Level::ERROR => PSJOB_LOG_ERROR,
        Level::WARN => PSJOB_LOG_WARN,
        Level::INFO => PSJOB_LOG_INFO,
        _ => PSJOB_LOG_DEBUG,
    }
}

/// A pointer that only its owner understands.
struct Userdata(*mut c_void);

impl Userdata {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

// SAFETY: psjob never looks behind the pointer; the caller of psjob_engine_new promises that its callback may use it on
// the engine's thread.
unsafe impl Send for Userdata {}
// SAFETY: as above; the callback is called on one thread only.
unsafe impl Sync for Userdata {}

fn read_timeouts(options: &psjob_engine_options) -> Timeouts {
    let read = |ms: u32, default| if ms == 0 { default } else { Duration::from_millis(ms.into()) };
    let default = Timeouts::default();
    Timeouts {
        open: read(options.open_timeout_ms, default.open),
        answer: read(options.answer_timeout_ms, default.answer),
        stop: read(options.stop_timeout_ms, default.stop),
        close: read(options.close_timeout_ms, default.close),
    }
}

/// Stops every job, ends every worker and wakes every waiter. A second call does nothing. Unfinished jobs end as
/// Stopped; their records can still be received.
///
/// Gives TIMEOUT when workers were still ending after `timeout_ms`; the guards end them all the same.
///
/// Ownership: `engine` is borrowed.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_engine_shutdown(
    engine: *const psjob_engine,
    timeout_ms: u32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        boundary_with_status(out_error, || {
            let ended = borrow(engine, "engine")?.shutdown(Duration::from_millis(timeout_ms.into()));
            Ok(if ended { PSJOB_STATUS_OK } else { PSJOB_STATUS_TIMEOUT })
        })
    }
}

/// Ends an engine's handle; NULL is a no-op. An engine that was not shut down shuts down on its own thread.
/// Job handles stay valid.
///
/// Ownership: `engine` is taken.
/// Threads: any; nobody else uses `engine` at the same time or later.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_engine_free(engine: *mut psjob_engine) {
    boundary_or((), || {
        // SAFETY: the caller passes NULL or a live handle and does not use it again.
        unsafe { free(engine) };
        Ok(())
    });
}

/// A descriptor that is readable while the event queue holds an event, and for good after shutdown; for poll and epoll.
///
/// Ownership: the descriptor belongs to the engine: do not read, write or close it; it ends with `psjob_engine_free`.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_engine_get_event_fd(
    engine: *const psjob_engine,
    out_fd: *mut i32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            check_out(out_fd, "out_fd")?;
            write_out(out_fd, borrow(engine, "engine")?.event_descriptor().as_raw_fd());
            Ok(())
        })
    }
}

/// Waits until the event queue holds an event (OK), the time is up (TIMEOUT), or the engine was shut down and the queue
/// is empty (SHUT_DOWN). A negative `timeout_ms` waits without limit.
///
/// Ownership: `engine` is borrowed.
/// Threads: any, also at the same time; of several waiters, one takes the event.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_engine_wait(
    engine: *const psjob_engine,
    timeout_ms: i32,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        boundary_with_status(out_error, || {
            Ok(match borrow(engine, "engine")?.wait_for_event(timeout(timeout_ms)) {
                WaitOutcome::Ready => PSJOB_STATUS_OK,
                WaitOutcome::TimedOut => PSJOB_STATUS_TIMEOUT,
                WaitOutcome::ShutDown => PSJOB_STATUS_SHUT_DOWN,
            })
        })
    }
}

/// Takes the next event; `*out_event` is NULL when the queue is empty.
///
/// Ownership: the caller owns `*out_event` and ends it with `psjob_event_free`.
/// Threads: any, also at the same time; each event is given once.
/// Errors: NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_engine_next_event(
    engine: *const psjob_engine,
    out_event: *mut *mut psjob_event,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            check_out(out_event, "out_event")?;
            let event = borrow(engine, "engine")?.next_event();
            write_out(out_event, event.map_or(std::ptr::null_mut(), into_raw));
            Ok(())
        })
    }
}

/// A timeout in milliseconds, where negative means none.
pub(super) fn timeout(milliseconds: i32) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}
