//! Section "Records".

use std::sync::Arc;

use super::boundary::{boundary, boundary_or};
use super::error::{psjob_error, psjob_status};
use super::handle::{Handle, borrow, check_out, free, write_out};
use super::text::psjob_str;
use crate::engine::{Error, ErrorKind, Record};

/// Objects of the pipeline.
pub const PSJOB_STREAM_OUTPUT: u32 = 1;
/// Error records.
pub const PSJOB_STREAM_ERROR: u32 = 2;
/// Warning records.
pub const PSJOB_STREAM_WARNING: u32 = 3;
/// Verbose records.
pub const PSJOB_STREAM_VERBOSE: u32 = 4;
/// Debug records.
pub const PSJOB_STREAM_DEBUG: u32 = 5;
/// Progress records.
pub const PSJOB_STREAM_PROGRESS: u32 = 6;
/// Information records.
pub const PSJOB_STREAM_INFORMATION: u32 = 7;
/// Calls of the job's host that have no record of their own, for example `$Host.UI.WriteLine(…)`: an object with `ci`,
/// `mi` (the method's number, MS-PSRP 2.2.3.17) and `mp` (its parameters).
pub const PSJOB_STREAM_HOST_CALL: u32 = 8;

/// Some records of one child, in order. Opaque; immutable; independent of the job that it came from.
pub struct psjob_batch {
    _private: [u8; 0],
}

impl Handle for psjob_batch {
    type Target = Vec<Arc<Record>>;
}

/// One record. Set `struct_size` before the call that fills it.
#[repr(C)]
pub struct psjob_record {
    /// `sizeof(psjob_record)` of the caller's header.
    pub struct_size: u32,
    /// One of `PSJOB_STREAM_…`; values that a caller does not know are to be ignored.
    pub stream: u32,
    /// The record's place in its child's log, from 1, without gaps.
    pub sequence: u64,
    /// When the engine read it: nanoseconds since the Unix epoch.
    pub time: i64,
    /// The record: one CLIXML element, UTF-8, without the `Objs` root. Borrowed from the batch.
    pub clixml: psjob_str,
}

/// How many records a batch holds; 0 for NULL.
///
/// Ownership: `batch` is borrowed.
/// Threads: any, also at the same time.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_batch_get_count(batch: *const psjob_batch) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    boundary_or(0, || Ok(unsafe { borrow(batch, "batch") }?.len()))
}

/// Fills `*out_record` with the record at `index`, from 0.
///
/// Ownership: the slices in `*out_record` are borrowed from `batch` and live until `psjob_batch_free`.
/// Threads: any, also at the same time.
/// Errors: NULL_ARGUMENT, BAD_STRUCT_SIZE, BAD_VALUE (there is no such index).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_batch_get_record(
    batch: *const psjob_batch,
    index: usize,
    out_record: *mut psjob_record,
    out_error: *mut *mut psjob_error,
) -> psjob_status {
    // SAFETY: the caller passes valid pointers or NULL; each is checked before it is used.
    unsafe {
        boundary(out_error, || {
            check_out(out_record, "out_record")?;
            let batch = borrow(batch, "batch")?;
            let struct_size = (*out_record).struct_size;
            if struct_size as usize != size_of::<psjob_record>() {
                let known = size_of::<psjob_record>();
                let message = format!("out_record->struct_size is {struct_size}; this library knows {known}");
                return Err(Error::new(ErrorKind::BadStructSize, message));
            }
            let record = batch.get(index).ok_or_else(|| {
                let message = format!("index {index} is past the end of a batch of {}", batch.len());
                Error::new(ErrorKind::BadValue, message)
            })?;
            write_out(out_record, view(record, struct_size));
            Ok(())
        })
    }
}

/// Ends a batch; NULL is a no-op.
///
/// Ownership: `batch` is taken.
/// Threads: any; nobody else uses `batch` at the same time or later.
/// Errors: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn psjob_batch_free(batch: *mut psjob_batch) {
    boundary_or((), || {
        // SAFETY: the caller passes NULL or a live handle and does not use it again.
        unsafe { free(batch) };
        Ok(())
    });
}

fn view(record: &Record, struct_size: u32) -> psjob_record {
    psjob_record {
        struct_size,
        stream: record.stream as u32,
        sequence: record.sequence,
        time: record.time,
        clixml: psjob_str::new(&record.clixml),
    }
}
