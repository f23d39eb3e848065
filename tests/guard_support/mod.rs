//! What the guard's tests share: workers that are small shell scripts, and waits with a deadline.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use psjob::transport::launch::{Launch, Worker};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::net::unix::pipe;

/// Far longer than anything here takes, also on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a test on a runtime like the engine's; it fails at the deadline.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await.expect("in time") })
}

/// A launch of `program` with an almost empty environment and a grace that no test outlasts by accident.
pub fn launch(program: &str, arguments: &[&str]) -> Launch {
    Launch {
        guard: PathBuf::from(env!("CARGO_BIN_EXE_psjob-guard")),
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
        directory: None,
        grace: DEADLINE,
    }
}

/// A launch of `/bin/sh` with `script`; `$0` is `sh`, the rest of `arguments` is `$1`…
pub fn shell(script: &str, arguments: &[&str]) -> Launch {
    launch("/bin/sh", &[&["-c", script, "sh"], arguments].concat())
}

/// Everything until the end of the stream.
pub async fn read_all(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// The lines that a worker writes.
pub fn lines(stdout: pipe::Receiver) -> Lines<BufReader<pipe::Receiver>> {
    BufReader::new(stdout).lines()
}

/// Runs a script to its end and returns what it wrote.
pub async fn output(launch: Launch) -> String {
    let Worker { stdout, guard, .. } = launch.spawn().await.unwrap();
    let text = read_all(stdout).await;
    guard.exited().await;
    text
}

/// The fields of `/proc/PID/stat` behind the command: state, parent, group, session, terminal, … Empty when it is gone.
pub fn stat_fields(pid: impl Display) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    fields.split_whitespace().map(str::to_owned).collect()
}

/// The guard above a worker that runs.
pub fn guard_of(worker: &Worker) -> String {
    stat_fields(worker.guard.worker_pid())[1].clone()
}

/// A process that the test has seen alive. It does not outlive the test.
pub struct Seen(OwnedFd);

impl Seen {
    /// The process with this id, which must live.
    pub fn new(pid: impl Display) -> Self {
        Self::if_alive(pid).expect("a living process")
    }

    /// The process with this id, unless it has ended and was reaped.
    pub fn if_alive(pid: impl Display) -> Option<Self> {
        let pid = Pid::from_raw(pid.to_string().parse().unwrap()).unwrap();
        rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok().map(Self)
    }

    fn ends_within(&self, time: Duration) -> bool {
        let timeout = Timespec::try_from(time).unwrap();
        let mut source = [PollFd::new(&self.0, PollFlags::IN)];
        rustix::event::poll(&mut source, Some(&timeout)).unwrap() == 1
    }

    pub fn assert_ends(&self) {
        assert!(self.ends_within(DEADLINE), "the process still runs");
    }

    pub fn assert_lives(&self) {
        assert!(!self.ends_within(Duration::ZERO), "the process has ended");
    }

    pub fn stop(&self) {
        rustix::process::pidfd_send_signal(&self.0, Signal::STOP).unwrap();
    }

    pub fn kill(&self) {
        let _ = rustix::process::pidfd_send_signal(&self.0, Signal::KILL);
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.kill();
    }
}
