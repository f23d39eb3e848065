//! The spec of a job: what to run, where, with what.

use std::ffi::OsString;
use std::path::PathBuf;

use super::error::{Error, ErrorKind};
use crate::clixml::{self, Value};

/// What a job is made from. Nothing is checked against the file system before the job starts.
#[derive(Clone, Debug, Default)]
pub struct JobSpec {
    /// The script's text, without the braces of a script block. Required; it may be empty.
    pub script: Option<String>,
    /// Positional arguments of the script, in order.
    pub arguments: Vec<Value>,
    /// Named arguments of the script. The values of `$using:` expressions travel as the dictionary `--%`.
    pub parameters: Vec<(String, Value)>,
    /// True when [`super::Job::send_input`] will be called; otherwise the input ends at once.
    pub takes_input: bool,
    /// Runs before the job in the global scope of its session.
    pub initialization_script: Option<String>,
    /// The PowerShell location the job starts in; `None`: the current directory of this process.
    pub working_directory: Option<String>,
    /// The worker's whole environment; `None`: this process's.
    pub environment: Option<Vec<(OsString, OsString)>>,
    /// The job's name; `None`: "Job" and the id.
    pub name: Option<String>,
    /// The worker executable; `None`: the engine's.
    pub worker: Option<WorkerCommand>,
    /// Width and height of the console that the job sees, in characters.
    pub host_size: Option<(u16, u16)>,
}

/// How a worker is started; the engine appends the server switches (`-s -NoLogo -NoProfile`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The executable.
    pub program: PathBuf,
    /// Arguments before the server switches.
    pub arguments: Vec<OsString>,
}

/// Reads a value that a host passes: one CLIXML element, with or without an `Objs` root.
///
/// Fails with [`ErrorKind::BadClixml`].
pub fn parse_value(clixml: &[u8]) -> Result<Value, Error> {
    clixml::read_one(clixml, &clixml::Limits::default())
        .map_err(|error| Error::new(ErrorKind::BadClixml, format!("this is not a CLIXML value: {error}")))
}
