//! The engine's side of a guard process: what it reports, what it is told, and reaping it.
//!
//! Guest manners: the host process may reap children of its own (.NET does, from its SIGCHLD handler), so nothing here
//! waits for any process but the one guard, through its pidfd, and a guard that somebody else reaped is no error.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{SendFlags, Shutdown};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::sync::watch;

use super::message::{Command, MAX_DATAGRAM, Report, Step};
pub use super::message::{Exit, Scope};

/// A worker under guard.
///
/// Dropping it ends the worker and all its descendants, unless [`Guard::end`] was called before: then that goes on. It
/// does not block; a task of the runtime reaps the guard's process when it has ended.
#[derive(Debug)]
pub struct Guard {
    socket: Arc<UnixStream>,
    process: Arc<AsyncFd<OwnedFd>>,
    progress: watch::Receiver<Progress>,
}

/// What is known about a guard and its worker; only ever grows.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    worker: Option<u32>,
    failure: Option<(Step, i32)>,
    exit: Option<Exit>,
    /// The guard's process has ended and was reaped.
    ended: bool,
}

impl Guard {
    /// Supervises the guard process behind the pidfd `process`, which talks over `socket`.
    ///
    /// The runtime must run until [`Self::ended`], or a zombie stays until the host ends.
    pub(super) fn supervise(socket: UnixStream, process: AsyncFd<OwnedFd>) -> Self {
        let (socket, process) = (Arc::new(socket), Arc::new(process));
        let (sender, progress) = watch::channel(Progress::default());
        tokio::spawn(supervise(Arc::clone(&socket), Arc::clone(&process), sender));
        Self { socket, process, progress }
    }

    /// Waits for the worker's start: its process id, or what failed. `None`: the guard ended without a word.
    pub(super) async fn started(&self) -> Option<Result<u32, (Step, i32)>> {
        let known = |progress: &Progress| match (progress.worker, progress.failure) {
            (Some(worker), _) => Some(Ok(worker)),
            (None, Some(failure)) => Some(Err(failure)),
            (None, None) => None,
        };
        known(&self.wait(|progress| known(progress).is_some() || progress.ended).await)
    }

    /// Ends the guard's own process at once; the kernel ends the worker with it. The last resort: what the worker
    /// started outside its group lives on.
    pub fn kill(&self) {
        // It may have ended already.
        let _ = rustix::process::pidfd_send_signal(self.process.get_ref(), Signal::KILL);
    }

    /// Ends the guard's own process and waits until nothing is left of it.
    pub async fn kill_and_reap(&self) {
        self.kill();
        self.ended().await;
    }

    /// The worker's process id; also the id of its session and process group.
    pub fn worker_pid(&self) -> u32 {
        self.progress.borrow().worker.expect("a guard is handed out after the worker's start")
    }

    /// How the worker ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.progress.borrow().exit
    }

    /// Waits for the worker's end. Everything it wrote is in its pipes by then, but the pipes need not be at their end:
    /// a process that it started may hold them. Any number of callers may wait; dropping the future loses nothing.
    pub async fn exited(&self) -> Exit {
        self.wait(|progress| progress.exit.is_some()).await.exit.unwrap_or(Self::LOST)
    }

    /// Waits until the guard's process has ended and was reaped, which is soon after [`Self::end`] has done its work.
    pub async fn ended(&self) {
        self.wait(|progress| progress.ended).await;
    }

    /// Sends a signal to the worker or to its process group. Once the worker has ended this does nothing.
    ///
    /// # Errors
    /// `BrokenPipe` when the guard has ended; `WouldBlock` when it is stopped and has many commands waiting.
    pub fn signal(&self, signal: Signal, scope: Scope) -> io::Result<()> {
        self.send(Command::Signal(signal.as_raw(), scope))
    }

    /// Ends the worker, or all its descendants as well: SIGTERM, and SIGKILL `grace` later for what is left; then the
    /// guard ends. What [`Scope::Worker`] spares belongs to nobody from then on.
    ///
    /// May be called again to widen the scope or to shorten the grace. A guard that has ended is no error.
    pub fn end(&self, scope: Scope, grace: Duration) {
        if let Err(error) = self.send(Command::End(scope, grace))
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::warn!(%error, "the guard takes no command; ending it");
            self.kill();
        }
    }

    /// The guard takes its worker along when it is killed.
    const LOST: Exit = Exit::Signal { signal: Signal::KILL.as_raw(), core_dumped: false };

    fn send(&self, command: Command) -> io::Result<()> {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        rustix::net::send(&*self.socket, &command.encode(), flags)?;
        Ok(())
    }

    async fn wait(&self, reached: impl FnMut(&Progress) -> bool) -> Progress {
        let mut progress = self.progress.clone();
        match progress.wait_for(reached).await {
            Ok(reached) => *reached,
            // The runtime was shut down under the task: there is nobody left to learn more.
            Err(_) => *self.progress.borrow(),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The task still reads the guard's reports from the other direction.
        let _ = rustix::net::shutdown(&*self.socket, Shutdown::Write);
    }
}

/// Follows one guard until it is reaped.
async fn supervise(socket: Arc<UnixStream>, process: Arc<AsyncFd<OwnedFd>>, progress: watch::Sender<Progress>) {
    while let Some(report) = next_report(&socket).await {
        progress.send_modify(|progress| match report {
            Report::Started(pid) => progress.worker = Some(pid),
            Report::Failed(step, errno) => progress.failure = Some((step, errno)),
            Report::Exited(exit) => progress.exit = Some(exit),
        });
    }
    reap(&process).await;
    let Progress { worker, exit, .. } = *progress.borrow();
    if let (Some(worker), None) = (worker, exit) {
        tracing::warn!(worker, "the guard was killed; its worker's process group is ended");
        end_group(worker).await;
        progress.send_modify(|progress| progress.exit = Some(Guard::LOST));
    }
    progress.send_modify(|progress| progress.ended = true);
}

/// The guard's next message, or `None` when it has closed its end of the socket, which it does by ending.
async fn next_report(socket: &UnixStream) -> Option<Report> {
    let mut datagram = [0; MAX_DATAGRAM];
    loop {
        socket.readable().await.ok()?;
        match socket.try_read(&mut datagram) {
            Ok(length) => return Report::decode(&datagram[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The guard ended before it read a command. Linux tells that once, ahead of the reports still in the queue.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(_) => return None,
        }
    }
}

async fn reap(process: &AsyncFd<OwnedFd>) {
    if let Err(error) = process.readable().await {
        tracing::error!(%error, "cannot wait for a guard");
    }
    // ECHILD when the host ignores SIGCHLD or its runtime reaps every child: gone is gone.
    let _ = rustix::process::waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
}

/// Ends the process group of a worker that is nobody's any more, and waits until the worker is gone.
async fn end_group(worker: u32) {
    let Some(group) = i32::try_from(worker).ok().and_then(Pid::from_raw) else {
        return;
    };
    // If it is gone already and its number is somebody else's, the wait is in vain; hence a limit.
    const PATIENCE: Duration = Duration::from_secs(1);
    let process = rustix::process::pidfd_open(group, PidfdFlags::empty());
    let _ = rustix::process::kill_process_group(group, Signal::KILL);
    if let Ok(Ok(process)) = process.map(watch) {
        let _ = tokio::time::timeout(PATIENCE, process.readable()).await;
    }
}

/// A pidfd that the runtime tells the process's end of.
pub(super) fn watch(pidfd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the AsyncFd owns the descriptor, which is open and the same until it is dropped.
    Ok(unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }?)
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketFlags, SocketType};

    use super::*;

    /// Also in the order that makes Linux report a reset: the guard ends before it has read all commands.
    #[tokio::test]
    async fn the_last_reports_of_a_guard_are_read() {
        let pair = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::NONBLOCK, None);
        let (engine, guard) = pair.unwrap();
        let report = Report::Exited(Exit::Code(3));
        rustix::net::send(&guard, &report.encode(), SendFlags::empty()).unwrap();
        rustix::net::send(&engine, &Command::Signal(2, Scope::Worker).encode(), SendFlags::empty()).unwrap();
        drop(guard);
        let engine = UnixStream::from_std(engine.into()).unwrap();
        assert_eq!(next_report(&engine).await, Some(report));
        assert_eq!(next_report(&engine).await, None);
    }
}
