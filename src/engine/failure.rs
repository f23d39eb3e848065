//! Reasons of failed jobs, from what the worker said.

use super::error::{Error, ErrorKind};
use crate::clixml;
use crate::psrp::ErrorRecord;

/// The script ended in a terminating error.
pub(super) fn script_failed(record: Option<&ErrorRecord>) -> Error {
    let Some(record) = record else {
        return Error::new(ErrorKind::ScriptFailed, "the script failed without an error record");
    };
    let id = Some(record.fully_qualified_id()).filter(|id| !id.is_empty());
    Error { id, record: Some(record.to_clixml().into()), ..Error::new(ErrorKind::ScriptFailed, record.message()) }
}

/// What runs before the job failed.
pub(super) fn preparation(record: Option<&ErrorRecord>) -> Error {
    let message = record.map_or_else(|| "what runs before the job was stopped".to_owned(), ErrorRecord::message);
    Error::session_broken(ErrorKind::Preparation, 2100, message)
}

/// The initialization script left an error behind; `error` is the record as it came through the output stream.
pub(super) fn preparation_left(error: &[u8]) -> Error {
    let value = clixml::read_one(error, &clixml::Limits::default());
    let record = value.ok().map(ErrorRecord::new);
    preparation(record.as_ref())
}

/// The worker refused the session, or gave it up.
pub(super) fn pool_broken(reason: Option<&ErrorRecord>) -> Error {
    let why = reason.map_or_else(String::new, |reason| format!(": {}", reason.message()));
    Error::session_broken(ErrorKind::WorkerProtocol, 2102, format!("the worker broke the session{why}"))
}
