//! The one error type of the engine: what a call could not do, and why a job failed.

use crate::psrp::ClientError;

/// The kind of an [`Error`]. The numbers are `psjob_status` of the C ABI, in families of 100; never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ErrorKind {
    /// A required pointer is NULL (C ABI only).
    NullArgument = 100,
    /// Text is not valid UTF-8 or UTF-16, or holds a NUL where none may be.
    BadText = 101,
    /// A number, an index or an option is out of range.
    BadValue = 102,
    /// CLIXML does not parse, or exceeds a limit.
    BadClixml = 103,
    /// A struct's `struct_size` is none that this library knows (C ABI only).
    BadStructSize = 104,
    /// The engine was shut down.
    EngineShutDown = 200,
    /// The engine could not be started.
    EngineStart = 201,
    /// The spec names no script.
    SpecIncomplete = 300,
    /// The job takes no input (any more).
    InputClosed = 301,
    /// The job has no such question open.
    NoQuestion = 302,
    /// The script ended in a terminating error.
    ScriptFailed = 400,
    /// There is no worker executable.
    WorkerNotFound = 401,
    /// The worker executable could not be started.
    WorkerStart = 402,
    /// The worker ended in the middle of the job.
    WorkerDied = 403,
    /// The worker does not speak the protocol.
    WorkerProtocol = 404,
    /// The worker did not answer in time.
    WorkerSilent = 405,
    /// What runs before the job (location, initialization script) failed.
    Preparation = 406,
    /// A defect of psjob; the job it struck is lost, the process lives.
    Panic = 900,
}

/// An error of a call, or the reason of a failed job.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of error.
    pub kind: ErrorKind,
    /// What happened and what to do about it; one or more lines, no trailing newline.
    pub message: String,
    /// PowerShell's FullyQualifiedErrorId, where there is one.
    pub id: Option<String>,
    /// CLIXML of the remote ErrorRecord, where there is one.
    pub record: Option<Box<[u8]>>,
    /// The worker's exit code, where it has exited.
    pub exit_code: Option<i32>,
    /// The signal that ended the worker, where one did.
    pub signal: Option<i32>,
}

impl Error {
    /// An error without a PowerShell id.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), id: None, record: None, exit_code: None, signal: None }
    }

    /// The same error under a FullyQualifiedErrorId.
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// A broken session under the number that PowerShell gives it (PowerShell source:
    /// engine/remoting/common/PSRemotingErrorId, `IPC…`).
    pub fn session_broken(kind: ErrorKind, number: i32, message: impl Into<String>) -> Self {
        Self::new(kind, message).with_id(format!("{number},PSSessionStateBroken"))
    }
}

impl From<ClientError> for Error {
    /// The client refused a call: the session is not in the state for it.
    fn from(error: ClientError) -> Self {
        Self::session_broken(ErrorKind::WorkerProtocol, 2102, error.to_string())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
