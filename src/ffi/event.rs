//! Section "Events".

use super::boundary::boundary_or;
use super::handle::{Handle, borrow, free};
use super::text::psjob_str;
use crate::engine::Event;

/// A job reached a state.
pub const PSJOB_EVENT_JOB_STATE: u32 = 1;
/// A child reached a state.
pub const PSJOB_EVENT_CHILD_STATE: u32 = 2;
/// Records wait in a child's log. One such event per child is in the queue at most.
pub const PSJOB_EVENT_DATA_READY: u32 = 3;
/// What runs before the job (its initialization script) wrote something, to be shown at once.
pub const PSJOB_EVENT_PREPARATION: u32 = 4;

/// Something that happened in an engine. Opaque; immutable.
pub struct psjob_event {
    _private: [u8; 0],
}

impl Handle for psjob_event {
    type Target = Event;
}

/// What happened: one of `PSJOB_EVENT_…`; 0 for NULL. Kinds that a caller does not know are to be ignored.
///
/// Ownership: `event` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_get_kind(event: *const psjob_event) -> u32 {
    boundary_or(0, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(match unsafe { borrow(event, "event") }? {
            Event::JobState { .. } => PSJOB_EVENT_JOB_STATE,
            Event::ChildState { .. } => PSJOB_EVENT_CHILD_STATE,
            Event::DataReady { .. } => PSJOB_EVENT_DATA_READY,
            Event::Preparation { .. } => PSJOB_EVENT_PREPARATION,
        })
    })
}

/// The id of the job that the event is about; 0 for NULL.
///
/// Ownership: `event` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_get_job(event: *const psjob_event) -> u64 {
    boundary_or(0, || {
        // SAFETY: the caller passes NULL or a live handle.
        let (Event::JobState { job, .. }
        | Event::ChildState { job, .. }
        | Event::DataReady { job, .. }
        | Event::Preparation { job, .. }) = unsafe { borrow(event, "event") }?;
        Ok(*job)
    })
}

/// The index of the child that the event is about; 0 for an event about the job itself and for NULL.
///
/// Ownership: `event` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_get_child(event: *const psjob_event) -> u32 {
    boundary_or(0, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(match unsafe { borrow(event, "event") }? {
            Event::JobState { .. } => 0,
            Event::ChildState { child, .. } | Event::DataReady { child, .. } | Event::Preparation { child, .. } => {
                *child
            }
        })
    })
}

/// The new state of a state event, one of `PSJOB_STATE_…`; 0 for other kinds and for NULL.
///
/// Ownership: `event` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_get_state(event: *const psjob_event) -> u32 {
    boundary_or(0, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(match unsafe { borrow(event, "event") }? {
            Event::JobState { state, .. } | Event::ChildState { state, .. } => *state as u32,
            Event::DataReady { .. } | Event::Preparation { .. } => 0,
        })
    })
}

/// The stream of a `PSJOB_EVENT_PREPARATION`, one of `PSJOB_STREAM_…`; 0 for other kinds and for NULL.
///
/// Ownership: `event` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_get_stream(event: *const psjob_event) -> u32 {
    boundary_or(0, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(match unsafe { borrow(event, "event") }? {
            Event::Preparation { stream, .. } => *stream as u32,
            _ => 0,
        })
    })
}

/// What a `PSJOB_EVENT_PREPARATION` wrote, as in `psjob_record`; empty for other kinds and for NULL.
///
/// Ownership: the bytes are borrowed from `event` and live until `psjob_event_free`.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_get_clixml(event: *const psjob_event) -> psjob_str {
    boundary_or(psjob_str::EMPTY, || {
        // SAFETY: the caller passes NULL or a live handle.
        Ok(match unsafe { borrow(event, "event") }? {
            Event::Preparation { clixml, .. } => psjob_str::new(clixml),
            _ => psjob_str::EMPTY,
        })
    })
}

/// Ends an event; NULL is a no-op.
///
/// Ownership: `event` is taken.
/// Threads: any; nobody else uses `event` at the same time or later.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_event_free(event: *mut psjob_event) {
    boundary_or((), || {
        // SAFETY: the caller passes NULL or a live handle and does not use it again.
        unsafe { free(event) };
        Ok(())
    });
}
