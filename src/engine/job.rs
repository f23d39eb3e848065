//! A job: its children, and the state that follows from theirs.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::child::Child;
use super::error::{Error, ErrorKind};
use super::event::{Event, EventQueue};
use super::log::Record;
use super::state::JobState;
use crate::clixml::Value;

/// A started job. All methods may be called from any thread; only [`Job::wait`] blocks.
///
/// Methods that take a child's index fail with [`ErrorKind::BadValue`] when the job has no such child.
pub struct Job {
    id: u64,
    name: String,
    children: Vec<Arc<Child>>,
    events: Arc<EventQueue>,
    state: Mutex<JobState>,
    changed: Condvar,
    stop_requested: AtomicBool,
}

impl Job {
    pub(super) fn new(id: u64, name: String, children: Vec<Arc<Child>>, events: Arc<EventQueue>) -> Self {
        Self {
            id,
            name,
            children,
            events,
            state: Mutex::new(JobState::Running),
            changed: Condvar::new(),
            stop_requested: AtomicBool::new(false),
        }
    }

    /// The job's number, unique in its engine, from 1.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The job's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The job's state: Running until every child has finished.
    pub fn state(&self) -> JobState {
        *self.lock()
    }

    /// How many children the job has.
    pub fn child_count(&self) -> u32 {
        self.children.len() as u32
    }

    /// The state of a child.
    pub fn child_state(&self, child: u32) -> Result<JobState, Error> {
        Ok(self.child(child)?.state())
    }

    /// Why a child failed; `None` unless it did.
    pub fn reason(&self, child: u32) -> Result<Option<Error>, Error> {
        Ok(self.child(child)?.reason())
    }

    /// The code that a child's script gave to `exit`; `None` unless it did.
    pub fn exit_code(&self, child: u32) -> Result<Option<i32>, Error> {
        Ok(self.child(child)?.exit_code())
    }

    /// The id of a child's PSRP session (PowerShell's RunspaceId).
    pub fn session_id(&self, child: u32) -> Result<Uuid, Error> {
        Ok(self.child(child)?.session())
    }

    /// The process id of a child's worker; `None` before it was started.
    pub fn worker_pid(&self, child: u32) -> Result<Option<u32>, Error> {
        Ok(self.child(child)?.worker_pid())
    }

    /// True while a child's records may still come or wait for the receive cursor.
    pub fn has_more_data(&self, child: u32) -> Result<bool, Error> {
        Ok(self.child(child)?.has_more_data())
    }

    /// Moves up to `max` records past the receive cursor and gives them.
    pub fn take(&self, child: u32, max: usize) -> Result<Vec<Arc<Record>>, Error> {
        Ok(self.child(child)?.take(max))
    }

    /// Up to `max` unreceived records from sequence number `from` on (0: from the cursor), without consuming them.
    pub fn peek(&self, child: u32, from: u64, max: usize) -> Result<Vec<Arc<Record>>, Error> {
        Ok(self.child(child)?.peek(from, max))
    }

    /// Moves the receive cursor past the record `through`.
    pub fn consume(&self, child: u32, through: u64) -> Result<(), Error> {
        self.child(child)?.consume(through);
        Ok(())
    }

    /// Up to `max` records from sequence number `from` on (0: from the first), whether received or not.
    pub fn read(&self, child: u32, from: u64, max: usize) -> Result<Vec<Arc<Record>>, Error> {
        Ok(self.child(child)?.read(from, max))
    }

    /// Sends one input object to every child.
    ///
    /// Fails with [`ErrorKind::InputClosed`] when the spec declared no input, or it was closed, or the job has ended.
    pub fn send_input(&self, value: &Value) -> Result<(), Error> {
        self.children.iter().try_for_each(|child| child.send_input(value.clone()))
    }

    /// Ends the input of every child; a second call does nothing.
    pub fn close_input(&self) {
        self.children.iter().for_each(|child| child.close_input());
    }

    /// Asks the job to stop and returns at once; [`Job::wait`] waits for the end. A finished job is left as it is.
    pub fn stop(&self) {
        if !self.state().is_finished() {
            self.stop_requested.store(true, Ordering::Release);
            self.children.iter().for_each(|child| child.stop());
            self.child_changed();
        }
    }

    /// Asks one child to stop; the job itself does not count as stopped.
    pub fn stop_child(&self, child: u32) -> Result<(), Error> {
        self.child(child)?.stop();
        self.child_changed();
        Ok(())
    }

    /// The sequence number of the record by which a child asks a question; `None` while it asks none.
    pub fn question(&self, child: u32) -> Result<Option<u64>, Error> {
        Ok(self.child(child)?.question())
    }

    /// Answers a child's question, by its record's sequence number; `Err` lets the script's call fail with that message.
    ///
    /// Fails with [`ErrorKind::NoQuestion`] when that question is not open (any more).
    pub fn answer(&self, child: u32, sequence: u64, answer: Result<Value, String>) -> Result<(), Error> {
        self.child(child)?.answer(sequence, answer)?;
        self.child_changed();
        Ok(())
    }

    /// Waits until the job has finished or is blocked; `None` waits without limit. Gives the state at the end of the wait.
    ///
    /// Every job finishes at the latest when its engine is shut down. A blocked one waits for its host.
    pub fn wait(&self, timeout: Option<Duration>) -> JobState {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut state = self.lock();
        while !state.is_finished() && *state != JobState::Blocked {
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        *state
    }

    /// Called after a child's state has changed; the job's follows.
    pub(super) fn child_changed(&self) {
        let mut state = self.lock();
        // Read under the job's lock: of two changes at once, the later one sees both.
        let children: Vec<JobState> = self.children.iter().map(|child| child.state()).collect();
        let stop_requested = self.stop_requested.load(Ordering::Acquire);
        let combined = JobState::of_children(children.into_iter(), stop_requested);
        if !state.is_finished() && *state != combined {
            *state = combined;
            self.events.push(Event::JobState { job: self.id, state: combined });
            self.changed.notify_all();
        }
    }

    fn child(&self, index: u32) -> Result<&Child, Error> {
        self.children.get(index as usize).map(AsRef::as_ref).ok_or_else(|| {
            let count = self.children.len();
            Error::new(ErrorKind::BadValue, format!("job {} has {count} children; there is no child {index}", self.id))
        })
    }

    fn lock(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The owner's handle of a job: when it is dropped, nobody can receive any more, and the job is stopped if it runs.
pub struct JobHandle(Arc<Job>);

impl JobHandle {
    pub(super) fn new(job: Arc<Job>) -> Self {
        Self(job)
    }
}

impl Deref for JobHandle {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.0
    }
}

impl Drop for JobHandle {
    fn drop(&mut self) {
        self.0.stop();
    }
}
