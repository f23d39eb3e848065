//! What happens in a session, as the caller sees it.

use super::error::{ErrorRecord, ProtocolError};
use super::host::HostCall;
use super::message::{Message, MessageType};
use crate::clixml::{self, Text, Value};
use uuid::Uuid;

/// The stream of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "PowerShell's seven streams")]
pub enum Stream {
    Output = 1,
    Error = 2,
    Warning = 3,
    Verbose = 4,
    Debug = 5,
    Progress = 6,
    Information = 7,
}

/// How a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineEnd {
    /// It ran to its end, with or without error records.
    Completed,
    /// A terminating error ended it.
    Failed,
    /// It was stopped.
    Stopped,
}

/// What happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Pipelines can run.
    Opened,
    /// The worker gave the pool up; nothing more comes.
    PoolBroken {
        /// The worker's reason.
        reason: Option<ErrorRecord>,
    },
    /// The session ended as the client asked.
    PoolClosed,
    /// What the worker tells about itself: a dictionary.
    PrivateData(Value),
    /// The worker forwarded an event.
    UserEvent(UserEvent),
    /// A pipeline wrote a record.
    Record {
        /// Which pipeline.
        pipeline: Uuid,
        /// To which of its streams.
        stream: Stream,
        /// The record as the worker wrote it, without a byte order mark; not checked.
        clixml: Vec<u8>,
    },
    /// A pipeline ended: once for each, and before [`Event::CommandClosed`]. It must still be closed.
    PipelineState {
        /// Which pipeline.
        pipeline: Uuid,
        /// How.
        state: PipelineEnd,
        /// Why, if it failed or was stopped.
        reason: Option<ErrorRecord>,
    },
    /// The worker calls its host.
    HostCall(HostCall),
    /// A pipeline is closed: its id means nothing any more.
    CommandClosed {
        /// Which pipeline.
        pipeline: Uuid,
    },
}

/// An event of the worker's event manager that a subscription forwards (MS-PSRP 2.2.2.12).
#[derive(Clone, Debug, PartialEq)]
pub struct UserEvent {
    /// The worker's number for it.
    pub id: i32,
    /// The name of its source; the debugger's stops come as [`UserEvent::DEBUGGER_STOP`].
    pub source_identifier: Text,
    /// What caused it.
    pub sender: Value,
    /// Its arguments.
    pub arguments: Vec<Value>,
    /// What the one who raised it added.
    pub message_data: Value,
    /// The whole message body.
    pub clixml: Vec<u8>,
}

impl UserEvent {
    /// The source of a debugger stop (PowerShell's `RemoteDebugger.RemoteDebuggerStopEvent`).
    pub const DEBUGGER_STOP: &str = "PSInternalRemoteDebuggerStopEvent";

    pub(super) fn decode(message: Message, limits: &clixml::Limits) -> Result<Self, ProtocolError> {
        let body = message.value(limits)?;
        let part = |name: &'static str| body.property(name);
        let id = part("PSEventArgs.EventIdentifier").and_then(Value::as_i32);
        let source = part("PSEventArgs.SourceIdentifier").and_then(Value::as_text);
        let value = |name| part(name).cloned().unwrap_or(Value::Null);
        Ok(Self {
            id: id.ok_or_else(|| message.lacks("an event identifier"))?,
            source_identifier: source.cloned().unwrap_or_default(),
            sender: value("PSEventArgs.Sender"),
            arguments: part("PSEventArgs.SourceArgs").and_then(Value::items).unwrap_or_default().to_vec(),
            message_data: value("PSEventArgs.MessageData"),
            clixml: message.body,
        })
    }
}

impl Stream {
    /// The stream of a message, if it is a record.
    pub(super) fn of(kind: MessageType) -> Option<Self> {
        match kind {
            MessageType::PIPELINE_OUTPUT => Some(Self::Output),
            MessageType::ERROR_RECORD => Some(Self::Error),
            MessageType::WARNING_RECORD => Some(Self::Warning),
            MessageType::VERBOSE_RECORD => Some(Self::Verbose),
            MessageType::DEBUG_RECORD => Some(Self::Debug),
            MessageType::PROGRESS_RECORD => Some(Self::Progress),
            MessageType::INFORMATION_RECORD => Some(Self::Information),
            _ => None,
        }
    }
}
