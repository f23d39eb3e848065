//! What the engine and the guard say to each other, as bytes. Pure: the descriptors that travel along are not seen here.
//!
//! The two hold the ends of a `SOCK_SEQPACKET` pair, so one datagram is one message. The engine opens with [`HELLO`] and
//! [`HELLO_DESCRIPTORS`] descriptors; then it sends [`Command`]s and the guard answers with [`Report`]s.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

/// The first datagram. The number changes with this file, so that a guard of another build declines to start.
pub const HELLO: &[u8] = b"psjob-guard 1";
/// The descriptors that come with [`HELLO`]: a file with the [`Request`], then the worker's stdin, stdout and stderr.
pub const HELLO_DESCRIPTORS: usize = 4;
/// No datagram is longer.
pub const MAX_DATAGRAM: usize = 16;

/// What the guard is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The process id of the host, whose end ends the worker.
    pub host: u32,
    /// From SIGTERM to SIGKILL when the host has ended or dropped the guard; in whole milliseconds.
    pub grace: Duration,
    /// A path, or a name to look for in the `PATH` of `environment`.
    pub program: OsString,
    /// The arguments after the program's own name.
    pub arguments: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The working directory; without one, the host's.
    pub directory: Option<PathBuf>,
}

/// Whom a signal or an end is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The worker's process alone; what it started lives on.
    Worker,
    /// The worker and what it started: for a signal its process group, for an end every descendant.
    Group,
}

/// From the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Sends a signal, by its number. Once the worker has ended, nobody gets it.
    Signal(i32, Scope),
    /// SIGTERM, and SIGKILL after the grace (whole milliseconds); then the guard ends as well.
    End(Scope, Duration),
}

/// From the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The worker's program runs, as this process.
    Started(u32),
    /// Nothing runs, because of this `errno`; the guard ends.
    Failed(Step, i32),
    /// The worker ended.
    Exited(Exit),
}

/// What failed before the worker's program ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The guard's own preparation.
    Guard,
    /// Entering the working directory.
    Directory,
    /// Executing the program.
    Program,
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal {
        /// Its number.
        signal: i32,
        /// Whether the kernel dumped core.
        core_dumped: bool,
    },
}

impl Command {
    /// The datagram.
    pub fn encode(self) -> [u8; 10] {
        match self {
            Self::Signal(signal, scope) => datagram(1, scope as u8, signal as u64),
            Self::End(scope, grace) => datagram(2, scope as u8, millis(grace)),
        }
    }

    /// What a datagram says, if anything.
    pub fn decode(datagram: &[u8]) -> Option<Self> {
        let (tag, scope, value) = fields(datagram)?;
        let scope = [Scope::Worker, Scope::Group].into_iter().find(|known| *known as u8 == scope)?;
        match tag {
            1 => Some(Self::Signal(value as i32, scope)),
            2 => Some(Self::End(scope, Duration::from_millis(value))),
            _ => None,
        }
    }
}

impl Report {
    /// The datagram.
    pub fn encode(self) -> [u8; 10] {
        match self {
            Self::Started(pid) => datagram(1, 0, pid.into()),
            Self::Failed(step, errno) => datagram(2, step as u8, errno as u64),
            Self::Exited(Exit::Code(code)) => datagram(3, 0, code as u64),
            Self::Exited(Exit::Signal { signal, core_dumped }) => datagram(4, core_dumped.into(), signal as u64),
        }
    }

    /// What a datagram says, if anything.
    pub fn decode(datagram: &[u8]) -> Option<Self> {
        let (tag, detail, value) = fields(datagram)?;
        let steps = [Step::Guard, Step::Directory, Step::Program];
        match tag {
            1 => Some(Self::Started(value as u32)),
            2 => Some(Self::Failed(steps.into_iter().find(|step| *step as u8 == detail)?, value as i32)),
            3 => Some(Self::Exited(Exit::Code(value as i32))),
            4 => Some(Self::Exited(Exit::Signal { signal: value as i32, core_dumped: detail != 0 })),
            _ => None,
        }
    }
}

fn datagram(tag: u8, detail: u8, value: u64) -> [u8; 10] {
    let mut bytes = [tag, detail, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes[2..].copy_from_slice(&value.to_le_bytes());
    bytes
}

fn fields(datagram: &[u8]) -> Option<(u8, u8, u64)> {
    let (&[tag, detail], value) = datagram.split_first_chunk()?;
    Some((tag, detail, u64::from_le_bytes(value.try_into().ok()?)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Request {
    /// The bytes of the file that travels with [`HELLO`].
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.host.to_le_bytes());
        bytes.extend(millis(self.grace).to_le_bytes());
        put_texts(&mut bytes, [self.program.as_os_str()].into_iter());
        put_texts(&mut bytes, self.arguments.iter().map(OsString::as_os_str));
        put_texts(&mut bytes, self.environment.iter().flat_map(|(name, value)| [name.as_os_str(), value]));
        put_texts(&mut bytes, self.directory.iter().map(|directory| directory.as_os_str()));
        bytes
    }

    /// The request, if `bytes` are exactly one.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let host = u32::from_le_bytes(take(rest)?);
        let grace = Duration::from_millis(u64::from_le_bytes(take(rest)?));
        let program = take_texts(rest)?.pop()?;
        let arguments = take_texts(rest)?;
        let mut texts = take_texts(rest)?.into_iter();
        let mut environment = Vec::with_capacity(texts.len() / 2);
        while let Some(name) = texts.next() {
            environment.push((name, texts.next()?));
        }
        let directory = take_texts(rest)?.pop().map(PathBuf::from);
        bytes.is_empty().then_some(Self { host, grace, program, arguments, environment, directory })
    }
}

/// A count, then each text with its length in front.
fn put_texts<'a>(bytes: &mut Vec<u8>, texts: impl Iterator<Item = &'a OsStr>) {
    let count_at = bytes.len();
    bytes.extend(0u64.to_le_bytes());
    let mut count = 0u64;
    for text in texts {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
        count += 1;
    }
    bytes[count_at..count_at + 8].copy_from_slice(&count.to_le_bytes());
}

fn take_texts(rest: &mut &[u8]) -> Option<Vec<OsString>> {
    let count = u64::from_le_bytes(take(rest)?);
    (0..count).map(|_| take_text(rest)).collect()
}

fn take_text(rest: &mut &[u8]) -> Option<OsString> {
    let length = usize::try_from(u64::from_le_bytes(take(rest)?)).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(OsString::from_vec(text.to_vec()))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}
