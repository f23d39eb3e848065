//! What can go wrong: on the worker's side ([`ProtocolError`]) and on the caller's ([`ClientError`]); and the error
//! records that a worker sends ([`ErrorRecord`]).

use super::fragment::FragmentError;
use super::message::MessageType;
use super::packet::PacketKind;
use super::secret::BadSessionKey;
use crate::clixml::{self, Value};
use thiserror::Error;
use uuid::Uuid;

/// The worker broke the protocol; the session cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// Its bytes are no fragments, or exceed the limits.
    #[error("the worker sent no valid fragment: {0}")]
    Fragment(#[from] FragmentError),
    /// A message shorter than a header.
    #[error("the worker sent a message shorter than its header")]
    ShortMessage,
    /// A body that must be read and is not CLIXML.
    #[error("the worker sent a {message:?} that cannot be read: {error}")]
    Body {
        /// The type of the message.
        message: MessageType,
        /// Why.
        error: clixml::ReadError,
    },
    /// A body without a part that it must have.
    #[error("the worker sent a {message:?} without {part}")]
    Lacks {
        /// The type of the message.
        message: MessageType,
        /// The part.
        part: &'static str,
    },
    /// A version that is not 2.x.
    #[error("the worker speaks version {0} of the protocol, not 2.x")]
    Version(clixml::Version),
    /// A message out of its order.
    #[error("the worker sent a {0:?} too early")]
    Order(MessageType),
    /// A session key that is none.
    #[error(transparent)]
    SessionKey(#[from] BadSessionKey),
    /// A packet that only a client sends.
    #[error("the worker sent a packet that only a client sends: {0:?}")]
    Packet(PacketKind),
}

/// The caller asked for what cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The pool's state does not allow it.
    #[error("the runspace pool is {0:?}")]
    State(super::pool::PoolState),
    /// No pipeline of this id, or it is closed.
    #[error("there is no pipeline {0}")]
    UnknownPipeline(Uuid),
    /// A pipeline of this id exists.
    #[error("there is a pipeline {0} already")]
    DuplicatePipeline(Uuid),
    /// A pipeline without a command, or with a statement without one.
    #[error("the pipeline has no command")]
    NoCommand,
    /// Input after its end, or for a pipeline that has none.
    #[error("the pipeline takes no more input")]
    InputEnded,
    /// A value that cannot be written.
    #[error(transparent)]
    Value(#[from] clixml::WriteError),
}

/// A remote `ErrorRecord`, as the worker serialized it (PowerShell's `ErrorRecord.ToPSObjectForRemoting`).
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRecord {
    value: Value,
}

impl ErrorRecord {
    /// The record that `value` is.
    pub fn new(value: Value) -> Self {
        Self { value }
    }

    /// The record as a value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The record as CLIXML, in the form of an ERROR_RECORD's body.
    pub fn to_clixml(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match clixml::write(&self.value, &mut bytes) {
            Ok(()) => bytes,
            // A reference out of the record into its message: what it means is not part of the record.
            Err(_) => Vec::new(),
        }
    }

    /// The message as PowerShell shows it: the error details', else the exception's.
    pub fn message(&self) -> String {
        let details = self.value.property("ErrorDetails_Message");
        let exception = || self.value.property("Exception")?.property("Message");
        let category = || self.value.property("ErrorCategory_Message");
        [details, exception(), category()]
            .into_iter()
            .flatten()
            .filter_map(Value::as_text)
            .find(|text| !text.is_empty())
            .map(|text| text.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// The FullyQualifiedErrorId; empty if the record has none.
    pub fn fully_qualified_id(&self) -> String {
        self.value
            .property("FullyQualifiedErrorId")
            .and_then(Value::as_text)
            .map(|text| text.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}
