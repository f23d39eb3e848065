//! Reasons of failed jobs, from what the worker said.

use super::error::{Error, ErrorKind};
use crate::clixml::{self, Object, Value};

/// The script ended in a terminating error; `record` is the remote ErrorRecord.
pub(super) fn script_failed(record: Option<&[u8]>) -> Error {
    let described = record.and_then(describe);
    let (message, id) = described.unwrap_or_else(|| ("the script failed without an error record".to_owned(), None));
    Error { id, record: record.map(Into::into), ..Error::new(ErrorKind::ScriptFailed, message) }
}

/// What runs before the job failed; `record` is the remote ErrorRecord.
pub(super) fn preparation(record: Option<&[u8]>) -> Error {
    let message = record.and_then(describe).map_or_else(|| "the step before the job was stopped".to_owned(), |d| d.0);
    Error::session_broken(ErrorKind::Preparation, 2100, message)
}

/// The worker refused the session, or gave it up; `reason` is the remote ErrorRecord.
pub(super) fn pool_broken(reason: Option<&[u8]>) -> Error {
    let why = reason.and_then(describe).map_or_else(String::new, |(message, _)| format!(": {message}"));
    Error::session_broken(ErrorKind::WorkerProtocol, 2102, format!("the worker broke the session{why}"))
}

/// Message and FullyQualifiedErrorId of a serialized ErrorRecord (MS-PSRP 2.2.3.15).
fn describe(record: &[u8]) -> Option<(String, Option<String>)> {
    let value = clixml::read_one(record, &clixml::Limits::default()).ok()?;
    let record = value.as_object()?;
    let text = |object: &Object, name| object.property(name).and_then(Value::as_text).map(ToString::to_string);
    let exception = record.property("Exception").and_then(Value::as_object);
    let message = text(record, "ErrorDetails_Message")
        .or_else(|| exception.and_then(|exception| text(exception, "Message")))
        .or_else(|| record.to_string.as_ref().map(ToString::to_string))?;
    Some((message, text(record, "FullyQualifiedErrorId")))
}
