//! The runspace pool (MS-PSRP 3.1.4): its states, and the messages that open it.

use super::error::{ErrorRecord, ProtocolError};
use super::host::HostInfo;
use super::message::{Message, MessageType};
use crate::clixml::{self, Object, Value, Version};

/// The version of the protocol that the client declares: PowerShell 7.6's. A server chooses by it how it writes
/// secure strings.
pub const PROTOCOL_VERSION: Version = Version::new(2, 4);

/// The states of the pool. `Closed` and `Broken` are terminal: nothing that comes later changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolState {
    /// Nothing is sent.
    BeforeOpen,
    /// Negotiating.
    Opening,
    /// Pipelines can run.
    Opened,
    /// The client closes its pipelines, then the session.
    Closing,
    /// The session is over; the worker can open another one.
    Closed,
    /// The worker gave up, or broke the protocol.
    Broken,
}

impl PoolState {
    /// Whether nothing can come after it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Closed | Self::Broken)
    }
}

/// What a RUNSPACEPOOL_STATE says (MS-PSRP 2.2.2.11 and 2.2.3.4).
pub(super) enum Announced {
    Opened,
    /// The pool is of no more use.
    Gone(Option<ErrorRecord>),
    /// A state on the way.
    Other,
}

/// The body of the client's SESSION_CAPABILITY (MS-PSRP 2.2.2.1).
fn capability() -> Value {
    // PSVersion is 2.0 for every PowerShell since, PowerShell's RemoteSessionCapability.cs says why.
    let serialization = Version { build: Some(0), revision: Some(1), ..Version::new(1, 1) };
    Object::new()
        .with("protocolversion", PROTOCOL_VERSION)
        .with("PSVersion", Version::new(2, 0))
        .with("SerializationVersion", serialization)
        .into()
}

/// The body of INIT_RUNSPACEPOOL (MS-PSRP 2.2.2.2): one runspace. Every field is required.
fn init(host: &HostInfo) -> Value {
    /// 1 and 2 are refused by a worker, without a word.
    const THREAD_OPTIONS_DEFAULT: i32 = 0;
    const APARTMENT_UNKNOWN: i32 = 2;
    Object::new()
        .with("MinRunspaces", 1)
        .with("MaxRunspaces", 1)
        .with("PSThreadOptions", THREAD_OPTIONS_DEFAULT)
        .with("ApartmentState", APARTMENT_UNKNOWN)
        .with("HostInfo", host.to_value())
        .with("ApplicationArguments", Value::Null)
        .into()
}

/// The version that a server's SESSION_CAPABILITY declares.
pub(super) fn server_version(message: &Message, limits: &clixml::Limits) -> Result<Version, ProtocolError> {
    let body = message.value(limits)?;
    match body.property("protocolversion").map(Value::base) {
        Some(&Value::Version(version)) if version.major == PROTOCOL_VERSION.major => Ok(version),
        Some(&Value::Version(version)) => Err(ProtocolError::Version(version)),
        _ => Err(message.lacks("protocolversion")),
    }
}

pub(super) fn announced(message: &Message, limits: &clixml::Limits) -> Result<Announced, ProtocolError> {
    const OPENED: i64 = 2;
    const CLOSED: i64 = 3;
    const BROKEN: i64 = 5;
    let body = message.value(limits)?;
    let state = body.property("RunspaceState").and_then(Value::as_i64);
    Ok(match state.ok_or_else(|| message.lacks("RunspaceState"))? {
        OPENED => Announced::Opened,
        CLOSED | BROKEN => Announced::Gone(reason(body)),
        _ => Announced::Other,
    })
}

/// The error record of a state message, if it has one.
pub(super) fn reason(state: Value) -> Option<ErrorRecord> {
    let record = state.property("ExceptionAsErrorRecord")?;
    (!record.is_null()).then(|| ErrorRecord::new(record.clone()))
}

/// The client's two messages that open the session.
pub(super) fn opening(host: &HostInfo) -> [(MessageType, Value); 2] {
    [(MessageType::SESSION_CAPABILITY, capability()), (MessageType::INIT_RUNSPACEPOOL, init(host))]
}
