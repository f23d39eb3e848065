//! psjob-guard: owns one worker process and everything that it starts, for as long as the host that asked for it lives.
//!
//! `transport::launch` starts it with a socket as its standard input; there it is told what to run, reports how that
//! ended and takes commands (`transport::message`). When the socket closes or the host ends, in whatever way, it ends the
//! worker and all its descendants. It is a subreaper: an orphan below it becomes its child, so nothing escapes.

use std::fs::{self, File};
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::time::{Duration, Instant};

use psjob::transport::litter;
use psjob::transport::message::{Command, Exit, HELLO, HELLO_DESCRIPTORS, MAX_DATAGRAM, Report, Request, Scope, Step};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus};
use rustix::stdio::stdin;

/// How long to wait for processes that SIGKILL does not end: another user's, or one in uninterruptible sleep.
const KILL_PATIENCE: Duration = Duration::from_secs(5);
const SIGNAL_RECORD: usize = size_of::<libc::signalfd_siginfo>();

fn main() -> ExitCode {
    let Some((request, pipes)) = receive_request() else {
        eprintln!("psjob-guard: psjob starts this program to supervise a worker; by hand it does nothing");
        return ExitCode::from(2);
    };
    match Guard::start(&request, pipes) {
        Ok(mut guard) => {
            drop(request);
            guard.run();
            ExitCode::SUCCESS
        }
        Err((step, errno)) => {
            report(Report::Failed(step, errno.raw_os_error()));
            ExitCode::FAILURE
        }
    }
}

/// Takes the first message: what to run, and the worker's standard input, output and error.
fn receive_request() -> Option<(Request, [OwnedFd; 3])> {
    close_inherited().ok()?;
    let mut text = [0; HELLO.len() + 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HELLO_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut text)];
    let received = rustix::net::recvmsg(stdin(), &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    if text[..received.bytes] != *HELLO {
        return None;
    }
    let descriptors = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    let [request, stdin, stdout, stderr]: [OwnedFd; HELLO_DESCRIPTORS] =
        descriptors.collect::<Vec<_>>().try_into().ok()?;
    let mut bytes = Vec::new();
    File::from(request).read_to_end(&mut bytes).ok()?;
    Some((Request::decode(&bytes)?, [stdin, stdout, stderr]))
}

/// A host may own descriptors that are not close-on-exec. None may live on here or reach the worker.
fn close_inherited() -> io::Result<()> {
    // SAFETY: nothing in this process has opened a descriptor yet.
    match unsafe { libc::close_range(3, libc::c_uint::MAX, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The worker, and what is still to be done about it.
struct Guard {
    worker: Pid,
    /// Whether the worker has not been reaped; until then nobody else has its process and group id.
    worker_runs: bool,
    /// Whether this process has any child left.
    has_children: bool,
    signals: OwnedFd,
    /// The host's pidfd while it lives. The socket alone does not tell: a process that the host forked may hold it too.
    host: Option<OwnedFd>,
    /// Whether the engine has not closed the socket.
    connected: bool,
    grace: Duration,
    /// Where a .NET worker puts its pipes and sockets.
    temporary_folder: PathBuf,
    ending: Option<Ending>,
}

struct Ending {
    scope: Scope,
    kill_at: Instant,
    /// Set once SIGKILL has been sent.
    give_up_at: Option<Instant>,
    /// The orphans that have had their SIGTERM.
    told: Vec<Pid>,
}

impl Ending {
    fn next_step(&self) -> Instant {
        self.give_up_at.unwrap_or(self.kill_at)
    }
}

impl Guard {
    fn start(request: &Request, pipes: [OwnedFd; 3]) -> Result<Self, (Step, Errno)> {
        let own = |errno| (Step::Guard, errno);
        let signals = open_signals().map_err(own)?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(own)?;
        let host = open_host(request.host).map_err(own)?;
        if let Some(directory) = &request.directory {
            rustix::process::chdir(directory).map_err(|errno| (Step::Directory, errno))?;
        }
        let worker = start_worker(request, pipes).map_err(|errno| (Step::Program, errno))?;
        // The guard must not keep a folder from being removed or unmounted.
        let _ = rustix::process::chdir("/");
        report(Report::Started(worker.as_raw_pid() as u32));
        Ok(Self {
            worker,
            worker_runs: true,
            has_children: true,
            signals,
            host: Some(host),
            connected: true,
            grace: request.grace,
            temporary_folder: litter::temporary_folder(&request.environment),
            ending: None,
        })
    }

    fn run(&mut self) {
        while !self.done() {
            self.wait_for_news();
            self.take_signals();
            self.take_commands();
            self.kill_what_is_due();
        }
    }

    fn done(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| {
            let ended = match ending.scope {
                Scope::Worker => !self.worker_runs,
                Scope::Group => !self.worker_runs && !self.has_children,
            };
            ended || ending.give_up_at.is_some_and(|at| at <= Instant::now())
        })
    }

    /// Sleeps until there is a signal, a command, the host's end, or something due.
    fn wait_for_news(&mut self) {
        let due = self.ending.as_ref().map(Ending::next_step);
        let timeout = due.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut sources = vec![PollFd::new(&self.signals, PollFlags::IN)];
        if self.connected {
            sources.push(PollFd::from_borrowed_fd(stdin(), PollFlags::IN));
        }
        if let Some(host) = &self.host {
            sources.push(PollFd::new(host, PollFlags::IN));
        }
        // An interrupted poll shows no source ready; signals and commands are looked for in any case.
        let _ = rustix::event::poll(&mut sources, timeout.as_ref());
        let last_is_ready = sources.last().is_some_and(|last| !last.revents().is_empty());
        if self.host.is_some() && last_is_ready {
            self.host = None;
            self.abandoned();
        }
    }

    /// Nobody will give commands any more. What the engine asked for last still counts.
    fn abandoned(&mut self) {
        if self.ending.is_none() {
            self.end(Scope::Group, self.grace);
        }
    }

    fn take_signals(&mut self) {
        let mut record = [0; SIGNAL_RECORD];
        while let Ok(SIGNAL_RECORD) = rustix::io::read(&self.signals, &mut record) {
            // The record begins with ssi_signo.
            let signal = record.first_chunk().map(|number| i32::from_ne_bytes(*number));
            if signal != Some(libc::SIGCHLD) {
                self.end(Scope::Group, self.grace);
            }
        }
        self.reap();
    }

    fn take_commands(&mut self) {
        let mut datagram = [0; MAX_DATAGRAM];
        while self.connected {
            match rustix::net::recv(stdin(), &mut datagram, RecvFlags::DONTWAIT) {
                Ok((length, _)) if length > 0 => self.obey(Command::decode(&datagram[..length])),
                Err(Errno::AGAIN | Errno::INTR) => break,
                Ok(_) | Err(_) => {
                    self.connected = false;
                    self.abandoned();
                }
            }
        }
    }

    fn obey(&mut self, command: Option<Command>) {
        match command {
            Some(Command::Signal(number, scope)) => {
                if let Some(signal) = Signal::from_named_raw(number) {
                    self.signal(signal, scope);
                }
            }
            Some(Command::End(scope, grace)) => self.end(scope, grace),
            None => {}
        }
    }

    /// Only a worker that was not reaped keeps its process and group id from being given to a stranger.
    fn signal(&self, signal: Signal, scope: Scope) {
        if self.worker_runs {
            match scope {
                Scope::Worker => send(self.worker, signal),
                Scope::Group => send_to_group(self.worker, signal),
            }
        }
    }

    /// Asks `scope` to end, and sets the time when it must. A second call only widens the scope and shortens the grace.
    fn end(&mut self, scope: Scope, grace: Duration) {
        let now = Instant::now();
        let kill_at = now.checked_add(grace).unwrap_or(now + KILL_PATIENCE);
        let ending = self.ending.get_or_insert(Ending { scope, kill_at, give_up_at: None, told: Vec::new() });
        ending.kill_at = ending.kill_at.min(kill_at);
        if scope == Scope::Group {
            ending.scope = scope;
        }
        self.signal(Signal::TERM, scope);
        // A stopped process would see the SIGTERM only later.
        self.signal(Signal::CONT, scope);
        self.follow_orphans();
    }

    fn kill_what_is_due(&mut self) {
        let Some(ending) = &mut self.ending else {
            return;
        };
        let now = Instant::now();
        if ending.give_up_at.is_none() && ending.kill_at <= now {
            ending.give_up_at = Some(now + KILL_PATIENCE);
            let scope = ending.scope;
            self.signal(Signal::KILL, scope);
            self.follow_orphans();
        }
    }

    fn reap(&mut self) {
        self.has_children = loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.worker => {
                    self.worker_runs = false;
                    litter::sweep(&self.temporary_folder, pid.as_raw_pid());
                    report(Report::Exited(exit(status)));
                }
                Ok(Some((pid, _))) => {
                    if let Some(ending) = &mut self.ending {
                        ending.told.retain(|told| *told != pid);
                    }
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        self.follow_orphans();
    }

    /// Ends what the worker's process group does not reach. Whatever is below this process becomes its child when the
    /// parent ends, so ending children until there are none ends the whole tree.
    fn follow_orphans(&mut self) {
        let Some(ending) = &mut self.ending else {
            return;
        };
        let killing = ending.give_up_at.is_some();
        // While the worker shuts down in order, what it started is its own business.
        if ending.scope == Scope::Worker || !self.has_children || (self.worker_runs && !killing) {
            return;
        }
        for child in children() {
            if killing {
                send(child, Signal::KILL);
            } else if !ending.told.contains(&child) {
                ending.told.push(child);
                send(child, Signal::TERM);
                send(child, Signal::CONT);
            }
        }
    }
}

/// What cannot be signalled has just ended or belongs to another user.
fn send(child: Pid, signal: Signal) {
    let _ = rustix::process::kill_process(child, signal);
}

fn send_to_group(group: Pid, signal: Signal) {
    let _ = rustix::process::kill_process_group(group, signal);
}

/// Blocks every signal and takes those that mean something here from a descriptor. All handling goes back to the default,
/// which is what the worker inherits.
fn open_signals() -> Result<OwnedFd, Errno> {
    set_signal_mask(&(1..=libc::SIGRTMAX()).collect::<Vec<_>>())?;
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: no handler is set. For signals that cannot be changed this fails without effect.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let wanted = signal_set(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT]);
    // SAFETY: `wanted` is a valid set; the descriptor that comes back belongs to nobody else.
    unsafe {
        match libc::signalfd(-1, &wanted, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(last_errno()),
            descriptor => Ok(OwnedFd::from_raw_fd(descriptor)),
        }
    }
}

fn set_signal_mask(blocked: &[libc::c_int]) -> Result<(), Errno> {
    let set = signal_set(blocked);
    // SAFETY: `set` is valid and the old mask is not asked for.
    match unsafe { libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(last_errno()),
    }
}

fn signal_set(signals: &[libc::c_int]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set; sigaddset refuses numbers that are no signals.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        set.assume_init()
    }
}

fn last_errno() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// The host's pidfd. The host must still be the parent: otherwise it has ended, and its number may be somebody else's.
fn open_host(host: u32) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(host).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    if rustix::process::getppid() == Some(pid) { Ok(pidfd) } else { Err(Errno::SRCH) }
}

fn start_worker(request: &Request, [stdin, stdout, stderr]: [OwnedFd; 3]) -> Result<Pid, Errno> {
    let guard = rustix::process::getpid();
    let mut command = process::Command::new(&request.program);
    command.args(&request.arguments).env_clear();
    command.envs(request.environment.iter().map(|(name, value)| (name, value)));
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    // SAFETY: between fork and exec only system calls are made, and this process has one thread.
    unsafe { command.pre_exec(move || Ok(become_worker(guard)?)) };
    let child = command.spawn().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
    Ok(Pid::from_child(&child))
}

/// The last steps before the worker's program: a session of its own, which makes a process group and leaves the terminal;
/// death with the guard, should somebody kill that; no signal blocked.
fn become_worker(guard: Pid) -> Result<(), Errno> {
    rustix::process::setsid()?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != Some(guard) {
        return Err(Errno::SRCH);
    }
    set_signal_mask(&[])
}

/// This process's children.
fn children() -> Vec<Pid> {
    let guard = rustix::process::getpid();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    pids.filter(|pid| parent(*pid) == Some(guard)).collect()
}

/// The fourth field of `/proc/PID/stat`. The second, in parentheses, may hold any byte, also parentheses.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    let fields = str::from_utf8(&stat[memchr::memrchr(b')', &stat)? + 1..]).ok()?;
    Pid::from_raw(fields.split_whitespace().nth(1)?.parse().ok()?)
}

fn exit(status: WaitStatus) -> Exit {
    match status.terminating_signal() {
        Some(signal) => Exit::Signal { signal, core_dumped: libc::WCOREDUMP(status.as_raw()) },
        None => Exit::Code(status.exit_status().unwrap_or_default()),
    }
}

/// An engine that is gone needs no report; it gets few enough of them that the socket is never full.
fn report(report: Report) {
    let _ = rustix::net::send(stdin(), &report.encode(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
}
