//! Starts a worker through the guard.
//!
//! The guard's environment is empty and its command line bare; what to run goes over an unnamed file. Every descriptor is
//! close-on-exec from its creation on, and the worker's ends travel over a socket, so that no child that the host starts
//! at the same moment can inherit one.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::time::Duration;

use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags};
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

use super::guard::{self, Guard};
use super::message::{HELLO, HELLO_DESCRIPTORS, Request, Step};

/// How long a guard may take to answer. Even a loaded machine needs a fraction: the guard executes the program and does
/// not wait for what it does.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// What to start and how.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The guard's executable.
    pub guard: PathBuf,
    /// The worker's executable: a path (a relative one is taken from the host's working directory), or a bare name to
    /// look for in the `PATH` of `environment`.
    pub program: OsString,
    /// Its arguments. Every user of the machine can read them.
    pub arguments: Vec<OsString>,
    /// Its whole environment; of equal names the last one counts.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working directory; without one, the host's.
    pub directory: Option<PathBuf>,
    /// From SIGTERM to SIGKILL when the host has ended or dropped the [`Guard`].
    pub grace: Duration,
}

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    /// To its standard input.
    pub stdin: pipe::Sender,
    /// From its standard output.
    pub stdout: pipe::Receiver,
    /// From its standard error.
    pub stderr: pipe::Receiver,
    /// Its life.
    pub guard: Guard,
}

/// Why no worker runs. Nothing is left of an attempt that failed.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The guard's executable is not there or cannot be executed.
    #[error("cannot start the guard {}: {source}; psjob-guard is part of psjob and belongs beside its library", .path.display())]
    Guard {
        /// The path tried.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was started as the guard did not answer as one.
    #[error("{} is not the psjob-guard of this version of psjob, or was killed", .path.display())]
    NotAGuard {
        /// The path started.
        path: PathBuf,
    },
    /// There is no such program.
    #[error("cannot find the worker program '{}'", .program.display())]
    ProgramNotFound {
        /// As it was looked for.
        program: OsString,
    },
    /// The program exists and could not be executed.
    #[error("cannot execute the worker program '{}': {source}", .program.display())]
    Program {
        /// As it was looked for.
        program: OsString,
        /// What the system said.
        source: io::Error,
    },
    /// The working directory could not be entered.
    #[error("cannot start a worker in the directory '{}': {source}", .directory.display())]
    Directory {
        /// The directory asked for.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A text holds a zero character, which no argument, path or variable can carry.
    #[error("the {what} of a worker contains a zero character")]
    ZeroCharacter {
        /// Which text.
        what: &'static str,
    },
    /// The system refused a pipe, a process or the like.
    #[error("cannot prepare a worker process: {0}")]
    System(#[from] io::Error),
}

impl From<Errno> for LaunchError {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

impl Launch {
    /// Starts the worker and waits until its program runs.
    ///
    /// The worker leads a session and process group of its own without a controlling terminal, has descriptors 0 to 2
    /// only, default signal handling with no signal blocked, and the host's umask, limits and user. When this future is
    /// dropped, nothing stays behind. Needs a tokio runtime with I/O and time; that runtime then supervises the guard.
    ///
    /// # Errors
    /// See [`LaunchError`].
    pub async fn spawn(&self) -> Result<Worker, LaunchError> {
        self.check_texts()?;
        let (stdin_end, stdin) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (stdout, stdout_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, stderr_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (socket, guard_socket) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let request = request_file(&self.request()?)?;
        send_hello(&socket, [request.as_fd(), stdin_end.as_fd(), stdout_end.as_fd(), stderr_end.as_fd()])?;
        drop((request, stdin_end, stdout_end, stderr_end));

        let socket = to_stream(socket)?;
        let guard = Guard::supervise(socket, self.start_guard(guard_socket)?);
        match tokio::time::timeout(ANSWER_DEADLINE, guard.started()).await {
            Ok(Some(Ok(_pid))) => Ok(Worker {
                stdin: pipe::Sender::from_owned_fd(stdin)?,
                stdout: pipe::Receiver::from_owned_fd(stdout)?,
                stderr: pipe::Receiver::from_owned_fd(stderr)?,
                guard,
            }),
            Ok(Some(Err((step, errno)))) => {
                guard.kill_and_reap().await;
                Err(self.refusal(step, io::Error::from_raw_os_error(errno)))
            }
            Ok(None) | Err(_) => {
                guard.kill_and_reap().await;
                Err(LaunchError::NotAGuard { path: self.guard.clone() })
            }
        }
    }

    fn request(&self) -> io::Result<Request> {
        Ok(Request {
            host: process::id(),
            grace: self.grace,
            program: absolute(&self.program)?,
            arguments: self.arguments.clone(),
            environment: self.environment.clone(),
            directory: self.directory.clone(),
        })
    }

    fn check_texts(&self) -> Result<(), LaunchError> {
        let check = |what, text: &OsStr| match memchr::memchr(0, text.as_bytes()) {
            None => Ok(()),
            Some(_) => Err(LaunchError::ZeroCharacter { what }),
        };
        check("program", &self.program)?;
        self.directory.iter().try_for_each(|directory| check("directory", directory.as_os_str()))?;
        self.arguments.iter().try_for_each(|argument| check("argument list", argument))?;
        let mut variables = self.environment.iter().flat_map(|(name, value)| [name, value]);
        variables.try_for_each(|text| check("environment", text))
    }

    /// Starts the guard's process with `socket` as its standard input; returns its pidfd.
    fn start_guard(&self, socket: OwnedFd) -> Result<AsyncFd<OwnedFd>, LaunchError> {
        // No pre_exec, user or group here: with them std forks, which is slow in a large host. The process group keeps
        // the terminal's Ctrl+C away from the first moment on.
        let mut child = process::Command::new(std::path::absolute(&self.guard)?)
            .env_clear()
            .process_group(0)
            .stdin(socket)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| LaunchError::Guard { path: self.guard.clone(), source })?;
        watch(&child).map_err(|error| {
            let _ = child.kill();
            let _ = child.wait();
            error.into()
        })
    }

    fn refusal(&self, step: Step, source: io::Error) -> LaunchError {
        let program = self.program.clone();
        match (step, &self.directory, source.kind()) {
            (Step::Directory, Some(directory), _) => LaunchError::Directory { directory: directory.clone(), source },
            (Step::Program, _, ErrorKind::NotFound) if Path::new(&program).exists() => {
                let source = io::Error::new(ErrorKind::NotFound, "its interpreter or loader is missing");
                LaunchError::Program { program, source }
            }
            (Step::Program, _, ErrorKind::NotFound) => LaunchError::ProgramNotFound { program },
            (Step::Program, _, _) => LaunchError::Program { program, source },
            (Step::Guard | Step::Directory, _, _) => LaunchError::System(source),
        }
    }
}

/// The child's pidfd. `std`'s `Child` does not wait by itself, so its pid is still its own.
fn watch(child: &Child) -> io::Result<AsyncFd<OwnedFd>> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child has a positive pid");
    guard::watch(rustix::process::pidfd_open(pid, PidfdFlags::empty())?)
}

/// A stream only in name: the socket keeps the borders of datagrams, and reading takes one at a time.
fn to_stream(socket: OwnedFd) -> io::Result<UnixStream> {
    let socket = net::UnixStream::from(socket);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

/// A path in the sense of the host's working directory; a bare name stays one.
fn absolute(program: &OsStr) -> io::Result<OsString> {
    if program.as_bytes().contains(&b'/') {
        std::path::absolute(program).map(PathBuf::into_os_string)
    } else {
        Ok(program.to_owned())
    }
}

/// An unnamed file that holds the request, since an environment is longer than any datagram may be.
fn request_file(request: &Request) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL;
    let file = match rustix::fs::memfd_create(c"psjob-launch", flags) {
        // Linux before 6.3 does not know NOEXEC_SEAL; later ones may insist on it.
        Err(Errno::INVAL) => rustix::fs::memfd_create(c"psjob-launch", MemfdFlags::CLOEXEC)?,
        created => created?,
    };
    let mut file = File::from(file);
    file.write_all(&request.encode())?;
    file.rewind()?;
    Ok(file)
}

/// Puts the first message into the socket, where it waits for the guard.
fn send_hello(socket: &OwnedFd, descriptors: [BorrowedFd<'_>; HELLO_DESCRIPTORS]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HELLO_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let attached = control.push(SendAncillaryMessage::ScmRights(&descriptors));
    debug_assert!(attached, "the space is for these descriptors");
    rustix::net::sendmsg(socket, &[IoSlice::new(HELLO)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
