//! A child: one worker's part of a job, as its readers see it. The driver on the engine's thread writes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use super::error::{Error, ErrorKind};
use super::event::{Event, EventQueue};
use super::log::{Record, RecordLog, RecordStream};
use super::state::JobState;
use crate::clixml::Value;
use crate::psrp::CallId;

/// What a host asks of the driver of a child.
pub(super) enum ChildCommand {
    Input(Value),
    EndInput,
    Answer(CallId, Answer),
    /// With the question that was open.
    Stop(Option<CallId>),
}

/// What a host says to a question: a value, or the message of an exception.
pub(super) type Answer = Result<Value, String>;

/// What a driver reports when a child has ended.
#[derive(Debug)]
pub(super) enum Ending {
    Completed,
    Stopped,
    Exited(i32),
    Failed(Error),
}

impl Ending {
    /// For the log: without the reason, which may hold what the script said.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Exited(_) => "exited",
            Self::Failed(_) => "failed",
        }
    }
}

/// The shared half of a child. All methods are short and may be called from any thread.
pub(super) struct Child {
    job: u64,
    index: u32,
    session: Uuid,
    events: Arc<EventQueue>,
    commands: UnboundedSender<ChildCommand>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: JobState,
    log: RecordLog,
    takes_input: bool,
    worker_pid: Option<u32>,
    exit_code: Option<i32>,
    reason: Option<Error>,
    /// The call that waits for an answer, and its record's sequence number. A script asks one at a time.
    question: Option<(u64, CallId)>,
    stop_requested: bool,
}

impl Child {
    pub(super) fn new(
        job: u64,
        index: u32,
        takes_input: bool,
        events: Arc<EventQueue>,
        commands: UnboundedSender<ChildCommand>,
    ) -> Self {
        let inner = Inner {
            state: JobState::NotStarted,
            log: RecordLog::new(),
            takes_input,
            worker_pid: None,
            exit_code: None,
            reason: None,
            question: None,
            stop_requested: false,
        };
        Self { job, index, session: Uuid::new_v4(), events, commands, inner: Mutex::new(inner) }
    }

    /// The id of the child's PSRP session: what PowerShell shows as RunspaceId.
    pub(super) fn session(&self) -> Uuid {
        self.session
    }

    pub(super) fn state(&self) -> JobState {
        self.lock().state
    }

    pub(super) fn reason(&self) -> Option<Error> {
        self.lock().reason.clone()
    }

    pub(super) fn exit_code(&self) -> Option<i32> {
        self.lock().exit_code
    }

    pub(super) fn worker_pid(&self) -> Option<u32> {
        self.lock().worker_pid
    }

    pub(super) fn has_more_data(&self) -> bool {
        self.lock().log.has_more_data()
    }

    pub(super) fn peek(&self, from: u64, max: usize) -> Vec<Arc<Record>> {
        self.lock().log.peek(from, max)
    }

    pub(super) fn read(&self, from: u64, max: usize) -> Vec<Arc<Record>> {
        self.lock().log.read(from, max)
    }

    pub(super) fn consume(&self, through: u64) {
        self.lock().log.consume(through);
    }

    /// Peek and consume in one step: two concurrent takers never get the same record.
    pub(super) fn take(&self, max: usize) -> Vec<Arc<Record>> {
        let mut inner = self.lock();
        let records = inner.log.peek(0, max);
        if let Some(last) = records.last() {
            inner.log.consume(last.sequence);
        }
        records
    }

    pub(super) fn send_input(&self, value: Value) -> Result<(), Error> {
        let inner = self.lock();
        if !inner.takes_input || inner.state.is_finished() {
            return Err(Error::new(
                ErrorKind::InputClosed,
                "the job takes no input: its input was not declared in the spec, is closed, or the job has ended",
            ));
        }
        // Sent under the lock, so that nothing follows the end of the input.
        let _ = self.commands.send(ChildCommand::Input(value));
        Ok(())
    }

    pub(super) fn close_input(&self) {
        let mut inner = self.lock();
        if std::mem::take(&mut inner.takes_input) {
            let _ = self.commands.send(ChildCommand::EndInput);
        }
    }

    /// The sequence number of the record that asks, while its question is open.
    pub(super) fn question(&self) -> Option<u64> {
        self.lock().question.map(|(sequence, _)| sequence)
    }

    /// Answers the question of the record `sequence`; the script goes on.
    pub(super) fn answer(&self, sequence: u64, answer: Answer) -> Result<(), Error> {
        let mut inner = self.lock();
        let Some((_, call)) = inner.question.filter(|(asked, _)| *asked == sequence) else {
            return Err(Error::new(
                ErrorKind::NoQuestion,
                "the job does not ask that (any more): the question was answered, or the job was stopped",
            ));
        };
        if answer.as_ref().is_ok_and(|value| !call.method.returns(value)) {
            let message = format!("the value is of a kind that the question cannot take: it is {:?}", call.method);
            return Err(Error::new(ErrorKind::BadValue, message));
        }
        inner.question = None;
        inner.state = JobState::Running;
        self.push_state(JobState::Running);
        // A driver that has ended needs no answer.
        let _ = self.commands.send(ChildCommand::Answer(call, answer));
        Ok(())
    }

    /// Asks the child to stop. Its open question is withdrawn: the script will not wait for the answer.
    pub(super) fn stop(&self) {
        let mut inner = self.lock();
        if inner.state.is_finished() {
            return;
        }
        inner.stop_requested = true;
        let question = inner.question.take().map(|(_, call)| call);
        if question.is_some() {
            inner.state = JobState::Running;
            self.push_state(JobState::Running);
        }
        // A driver that has ended needs no stop.
        let _ = self.commands.send(ChildCommand::Stop(question));
    }

    // What follows is the driver's.

    pub(super) fn set_worker_pid(&self, pid: u32) {
        self.lock().worker_pid = Some(pid);
    }

    pub(super) fn set_running(&self) {
        self.lock().state = JobState::Running;
        self.push_state(JobState::Running);
    }

    /// Appends the record of a call that waits for an answer; the child is Blocked until it comes. False when the child
    /// is to stop, so that nobody will answer.
    pub(super) fn ask(&self, call: CallId, clixml: Box<[u8]>) -> bool {
        let mut inner = self.lock();
        if inner.stop_requested {
            return false;
        }
        let sequence = inner.log.append(RecordStream::HostCall, now(), clixml);
        inner.question = Some((sequence, call));
        inner.state = JobState::Blocked;
        self.events.push_data_ready(self.job, self.index);
        self.push_state(JobState::Blocked);
        true
    }

    pub(super) fn append(&self, stream: RecordStream, clixml: Box<[u8]>) {
        self.lock().log.append(stream, now(), clixml);
        self.events.push_data_ready(self.job, self.index);
    }

    pub(super) fn push_preparation(&self, stream: RecordStream, clixml: &[u8]) {
        self.events.push(Event::Preparation { job: self.job, child: self.index, stream, clixml: clixml.into() });
    }

    /// Gives the child its end state. The first ending counts; later ones change nothing.
    pub(super) fn finish(&self, ending: Ending) {
        let mut inner = self.lock();
        if inner.state.is_finished() {
            return;
        }
        inner.state = match ending {
            Ending::Completed => JobState::Completed,
            Ending::Stopped => JobState::Stopped,
            Ending::Exited(code) => {
                inner.exit_code = Some(code);
                JobState::Exited
            }
            Ending::Failed(reason) => {
                inner.reason = Some(reason);
                JobState::Failed
            }
        };
        inner.log.close();
        inner.takes_input = false;
        inner.question = None;
        let state = inner.state;
        drop(inner);
        self.push_state(state);
    }

    fn push_state(&self, state: JobState) {
        self.events.push(Event::ChildState { job: self.job, child: self.index, state });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)
}
