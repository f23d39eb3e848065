//! The engine: one thread with a current-thread runtime, on which a driver runs for every child.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use super::child::{Child, ChildCommand};
use super::driver::Driver;
use super::error::{Error, ErrorKind};
use super::event::{Event, EventQueue, WaitOutcome};
use super::job::{Job, JobHandle};
use super::locate;
use super::spec::{JobSpec, WorkerCommand};
use super::timeouts::Timeouts;
use super::trace::LogSink;
use crate::transport;

/// What an engine is made with.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// The worker of specs that name none; `None`: `$PSJOB_PWSH`, `pwsh` on PATH, the host beside the library.
    pub worker: Option<WorkerCommand>,
    /// The psjob-guard executable; `None`: the one beside the library.
    pub guard: Option<PathBuf>,
    /// The deadlines of its waits.
    pub timeouts: Timeouts,
    /// Where log lines go; `None`: nowhere.
    pub log: Option<LogSink>,
}

/// Runs jobs on workers. All methods may be called from any thread.
///
/// Dropping it shuts it down without waiting; jobs that were started from it end as Stopped and stay readable.
pub struct Engine {
    options: EngineOptions,
    events: Arc<EventQueue>,
    commands: UnboundedSender<Command>,
    last_job: AtomicU64,
    ended: Arc<Latch>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Command {
    Drive(Box<Driver>),
    Shutdown,
}

impl Engine {
    /// Starts the engine's thread.
    ///
    /// Fails with [`ErrorKind::EngineStart`] when the system gives no thread or no descriptor.
    pub fn new(options: EngineOptions) -> Result<Self, Error> {
        let failed =
            |error: std::io::Error| Error::new(ErrorKind::EngineStart, format!("the engine cannot start: {error}"));
        let events = Arc::new(EventQueue::new().map_err(failed)?);
        let ended = Arc::new(Latch::default());
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(failed)?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let open_on_exit = OpenOnDrop { latch: Arc::clone(&ended), events: Arc::clone(&events) };
        let log = options.log.clone();
        let thread = thread::Builder::new()
            .name("psjob-engine".to_owned())
            .spawn(move || {
                let _open_on_exit = open_on_exit;
                // Of this thread only: the host's own subscriber stays as it is.
                let _log = log.map(|log| tracing::subscriber::set_default(log.into_subscriber()));
                // A host that is not Rust may die of SIGPIPE when we write to a worker that has just ended.
                if let Err(error) = transport::block_sigpipe() {
                    tracing::warn!(%error, "SIGPIPE stays as the host has it");
                }
                LocalSet::new().block_on(&runtime, run(receiver));
            })
            .map_err(failed)?;
        Ok(Self { options, events, commands, last_job: AtomicU64::new(0), ended, thread: Mutex::new(Some(thread)) })
    }

    /// Starts a job and returns without waiting for its worker. What goes wrong from here on fails the job.
    ///
    /// Fails with [`ErrorKind::SpecIncomplete`], [`ErrorKind::WorkerNotFound`] or [`ErrorKind::EngineShutDown`].
    pub fn start(&self, spec: JobSpec) -> Result<JobHandle, Error> {
        if spec.script.is_none() {
            return Err(Error::new(ErrorKind::SpecIncomplete, "the spec has no script"));
        }
        let worker = match spec.worker.as_ref().or(self.options.worker.as_ref()) {
            Some(worker) => worker.clone(),
            None => locate::default_worker()?,
        };
        let guard = self.options.guard.clone().unwrap_or_else(locate::guard);
        let id = self.last_job.fetch_add(1, Ordering::Relaxed) + 1;
        let name = spec.name.clone().unwrap_or_else(|| format!("Job{id}"));
        let (sender, receiver) = mpsc::unbounded_channel::<ChildCommand>();
        let child = Arc::new(Child::new(id, 0, spec.takes_input, Arc::clone(&self.events), sender));
        let job = Arc::new(Job::new(id, name, vec![Arc::clone(&child)], Arc::clone(&self.events)));
        let driver = Driver::new(Arc::clone(&job), child, receiver, spec, worker, guard, self.options.timeouts);
        self.commands.send(Command::Drive(Box::new(driver))).map_err(|_| shut_down())?;
        Ok(JobHandle::new(job))
    }

    /// The next event, if there is one.
    pub fn next_event(&self) -> Option<Event> {
        self.events.pop()
    }

    /// Waits for an event; `None` waits without limit. Shutdown ends the wait.
    pub fn wait_for_event(&self, timeout: Option<Duration>) -> WaitOutcome {
        self.events.wait(timeout)
    }

    /// A descriptor that is readable while an event waits, and for good after shutdown.
    pub fn event_descriptor(&self) -> BorrowedFd<'_> {
        self.events.descriptor()
    }

    /// Stops every job, ends every worker and wakes every waiter; true when all workers had ended within `timeout`.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        // The thread may have ended already.
        let _ = self.commands.send(Command::Shutdown);
        let ended = self.ended.wait(timeout);
        if ended && let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // What is left of it takes no time; then nothing of the engine runs or is open any more.
            let _ = thread.join();
        }
        ended
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Shutdown);
    }
}

fn shut_down() -> Error {
    Error::new(ErrorKind::EngineShutDown, "the engine was shut down: it starts no more jobs")
}

/// The engine's thread: drives children until shutdown, then ends them all.
async fn run(mut commands: UnboundedReceiver<Command>) {
    let (shutdown, on_shutdown) = watch::channel(false);
    let mut drivers = JoinSet::new();
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Drive(driver)) => {
                    drivers.spawn_local(driver.drive(on_shutdown.clone()));
                }
                Some(Command::Shutdown) | None => break,
            },
            Some(_) = drivers.join_next() => {}
        }
    }
    // From here on a start fails; one that won the race is driven, and ends at once.
    commands.close();
    shutdown.send_replace(true);
    while let Some(command) = commands.recv().await {
        if let Command::Drive(driver) = command {
            drivers.spawn_local(driver.drive(on_shutdown.clone()));
        }
    }
    while drivers.join_next().await.is_some() {}
}

/// Closed until the engine's thread has done its work.
#[derive(Default)]
struct Latch {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Latch {
    fn wait(&self, timeout: Duration) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (open, _) =
            self.opened.wait_timeout_while(open, timeout, |open| !*open).unwrap_or_else(PoisonError::into_inner);
        *open
    }
}

/// Opens the latch and closes the event queue when the thread ends, in whatever way.
struct OpenOnDrop {
    latch: Arc<Latch>,
    events: Arc<EventQueue>,
}

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        *self.latch.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.latch.opened.notify_all();
        self.events.close();
    }
}
