//! The driver of a child: launch, open, prepare, run the script, end. One per child, on the engine's thread.

use std::collections::VecDeque;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc::UnboundedReceiver, watch};
use tracing::Instrument;
use uuid::Uuid;

use super::child::{Child, ChildCommand, Ending};
use super::error::{Error, ErrorKind};
use super::failure;
use super::job::Job;
use super::log::RecordStream;
use super::preparation;
use super::session::Session;
use super::spec::{JobSpec, WorkerCommand};
use super::stop::Ladder;
use super::timeouts::Timeouts;
use super::twin::TwinFilter;
use crate::clixml::Value;
use crate::psrp::{self, Event, HostCall, HostMethod, PipelineEnd};
use crate::transport::guard::Scope;
use crate::transport::launch::Launch;

/// How a worker is told to be one.
const SERVER_SWITCHES: [&str; 3] = ["-s", "-NoLogo", "-NoProfile"];
/// The console that a job sees when its host has none.
const HOST_SIZE: (u16, u16) = (120, 50);

/// Everything that one child needs.
pub(super) struct Driver {
    job: Arc<Job>,
    child: Arc<Child>,
    inbox: Inbox,
    spec: JobSpec,
    launch: Launch,
    timeouts: Timeouts,
}

impl Driver {
    pub(super) fn new(
        job: Arc<Job>,
        child: Arc<Child>,
        commands: UnboundedReceiver<ChildCommand>,
        spec: JobSpec,
        worker: WorkerCommand,
        guard: PathBuf,
        timeouts: Timeouts,
    ) -> Self {
        let launch = launch(&spec, worker, guard, timeouts.grace());
        Self { job, child, inbox: Inbox::new(commands), spec, launch, timeouts }
    }

    /// Runs the child from launch to end. Shutdown stops it at whatever point it has reached.
    pub(super) async fn drive(self: Box<Self>, mut shutdown: watch::Receiver<bool>) {
        let job = Arc::clone(&self.job);
        let span = tracing::info_span!("job", id = job.id());
        let mut driving = pin!(self.drive_from_launch_to_end(shutdown.clone()).instrument(span));
        tokio::select! {
            () = &mut driving => return,
            // The job, not only its child. The driver finds the stop in its inbox.
            _ = shutdown.wait_for(|shut_down| *shut_down) => job.stop(),
        }
        driving.await;
    }

    async fn drive_from_launch_to_end(mut self: Box<Self>, mut shutdown: watch::Receiver<bool>) {
        let mut session = match self.start_worker().await {
            Ok(session) => session,
            Err(error) => return self.finish(Ending::Failed(error)),
        };
        let ending = self.run(&mut session, &shutdown).await;
        if let Ending::Stopped = ending {
            // A job counts as stopped when nothing of it runs any more.
            session.end(Scope::Group, self.timeouts.grace()).await;
            return self.finish(ending);
        }
        let by_itself = ended_by_itself(&ending);
        self.finish(ending);
        if by_itself {
            tokio::select! {
                biased;
                _ = shutdown.wait_for(|shut_down| *shut_down) => {}
                () = session.close() => {}
            }
        }
        // As with the built-in, native processes that a job deliberately left behind outlive it.
        session.end(if by_itself { Scope::Worker } else { Scope::Group }, self.timeouts.grace()).await;
    }

    fn finish(&self, ending: Ending) {
        if !self.child.state().is_finished() {
            tracing::info!(ending = ending.name(), "the job has ended");
        }
        self.child.finish(ending);
        self.job.child_changed();
    }

    /// Not given up halfway by a stop: what has begun to run has to be seen to its end.
    async fn start_worker(&mut self) -> Result<Session, Error> {
        let (columns, rows) = self.spec.host_size.unwrap_or(HOST_SIZE);
        let console = psrp::Console { columns: columns.into(), rows: rows.into(), ..psrp::Console::default() };
        let host = psrp::HostInfo::Console(console);
        let config = psrp::Config { pool_id: self.child.session(), host, limits: psrp::Limits::default() };
        let session = Session::start(&self.launch, config, self.timeouts).await?;
        let worker = session.guard().worker_pid();
        tracing::info!(worker, "the worker has started");
        self.child.set_worker_pid(worker);
        Ok(session)
    }

    async fn run(&mut self, session: &mut Session, shutdown: &watch::Receiver<bool>) -> Ending {
        match self.prepare(session).await {
            Ok(()) => self.run_script(session, shutdown).await,
            Err(ending) => ending,
        }
    }

    async fn prepare(&mut self, session: &mut Session) -> Result<(), Ending> {
        let Self { child, inbox, spec, timeouts, .. } = self;
        unless_stopped(inbox, async { Ok(open(session, timeouts.open).await?) }).await?;
        unless_stopped(inbox, preparation::run(session, child, spec)).await
    }

    async fn run_script(&mut self, session: &mut Session, shutdown: &watch::Receiver<bool>) -> Ending {
        tracing::info!("the script starts");
        self.child.set_running();
        let mut run =
            match ScriptRun::start(session, &self.spec, &self.job, &self.child, Ladder::new(self.timeouts.stop)) {
                Ok(run) => run,
                Err(error) => return Ending::Failed(error),
            };
        loop {
            tokio::select! {
                event = session.next() => match event {
                    Err(_) if run.ladder.started() => return Ending::Stopped,
                    Err(error) => return Ending::Failed(error),
                    Ok(event) => {
                        if let Some(ending) = run.on_event(session, event) {
                            return ending;
                        }
                    }
                },
                command = self.inbox.next() => match command {
                    // Records are still taken until the worker has ended.
                    ChildCommand::Stop(_) if *shutdown.borrow() => run.ladder.hurry(session),
                    command => {
                        if let Err(error) = run.on_command(session, command) {
                            tracing::warn!(%error, "the session takes no more for its pipeline");
                        }
                    }
                },
                () = run.ladder.due() => run.ladder.climb(session),
            }
        }
    }
}

impl Drop for Driver {
    /// A driver that panicked must not leave its job running for ever.
    fn drop(&mut self) {
        self.finish(Ending::Failed(Error::new(
            ErrorKind::Panic,
            "psjob has a defect and lost this job; please report it",
        )));
    }
}

/// The script while it runs.
struct ScriptRun<'a> {
    job: &'a Job,
    child: &'a Child,
    pipeline: Uuid,
    ladder: Ladder,
    twins: TwinFilter,
    exit_code: Option<i32>,
}

impl<'a> ScriptRun<'a> {
    fn start(
        session: &mut Session,
        spec: &JobSpec,
        job: &'a Job,
        child: &'a Child,
        ladder: Ladder,
    ) -> Result<Self, Error> {
        let pipeline = Uuid::new_v4();
        session.create_pipeline(&script_pipeline(pipeline, spec))?;
        Ok(Self { job, child, pipeline, ladder, twins: TwinFilter::default(), exit_code: None })
    }

    fn on_command(&mut self, session: &mut Session, command: ChildCommand) -> Result<(), psrp::ClientError> {
        let client = session.client();
        match command {
            ChildCommand::Input(value) => client.send_input(self.pipeline, &value),
            ChildCommand::EndInput => client.end_input(self.pipeline),
            ChildCommand::Answer(call, answer) => client.answer(&call, answer.map_err(|message| host_error(&message))),
            ChildCommand::Stop(question) => {
                // A worker whose script waits for an answer does not stop before it has one.
                if let Some(call) = question {
                    client.answer(&call, Err(host_error(STOPPED)))?;
                }
                self.ladder.start(client, self.pipeline)
            }
        }
    }

    /// Acts on one event; gives the ending that it brings.
    fn on_event(&mut self, session: &mut Session, event: Event) -> Option<Ending> {
        match event {
            Event::Record { stream, clixml, .. } => {
                self.twins.on_record(stream, &clixml);
                self.child.append(stream.into(), record_body(clixml).into());
                None
            }
            Event::HostCall(call) => self.on_host_call(session, call).err().map(Ending::Failed),
            Event::PipelineState { state, reason, .. } => Some(self.ending(state, reason.as_ref())),
            Event::PoolBroken { reason } => Some(Ending::Failed(failure::pool_broken(reason.as_ref()))),
            _ => None,
        }
    }

    fn on_host_call(&mut self, session: &mut Session, call: HostCall) -> Result<(), Error> {
        if let Some(code) = exit_code_of(&call) {
            self.exit_code = Some(code);
        } else if call.call.expects_answer() {
            self.ask(session, call)?;
        } else if !self.twins.is_twin(&call) {
            self.child.append(RecordStream::HostCall, call.clixml.into());
        }
        Ok(())
    }

    fn ask(&self, session: &mut Session, call: HostCall) -> Result<(), Error> {
        if self.child.ask(call.call, call.clixml.into()) {
            self.job.child_changed();
        } else {
            session.client().answer(&call.call, Err(host_error(STOPPED)))?;
        }
        Ok(())
    }

    fn ending(&self, state: PipelineEnd, reason: Option<&psrp::ErrorRecord>) -> Ending {
        match (state, self.exit_code) {
            (_, Some(code)) if !self.ladder.started() => Ending::Exited(code),
            (PipelineEnd::Completed, _) => Ending::Completed,
            (PipelineEnd::Stopped, _) => Ending::Stopped,
            (PipelineEnd::Failed, _) => Ending::Failed(failure::script_failed(reason)),
        }
    }
}

/// Answers a question of what runs before the job: nobody receives from it yet, so nobody could answer.
pub(super) fn refuse(session: &mut Session, call: &HostCall) -> Result<(), Error> {
    let message = "What runs before a job cannot prompt. Ask before Start-Job and pass the value with -ArgumentList.";
    Ok(session.client().answer(&call.call, Err(host_error(message)))?)
}

const STOPPED: &str = "The job was stopped.";

/// The exception that the script's call throws.
fn host_error(message: &str) -> psrp::HostError {
    psrp::HostError { message: message.to_owned(), fully_qualified_id: "PSJobNotAnswered".to_owned() }
}

/// The code of an `exit`, which is a call of the host (protocol.md 19).
pub(super) fn exit_code_of(call: &HostCall) -> Option<i32> {
    (call.call.method == HostMethod::SET_SHOULD_EXIT).then(|| call.parameters.first().and_then(Value::as_i32))?
}

/// A null object comes as a message without a body; readers of the log get an element all the same.
fn record_body(clixml: Vec<u8>) -> Vec<u8> {
    if clixml.is_empty() { b"<Nil />".to_vec() } else { clixml }
}

async fn open(session: &mut Session, timeout: Duration) -> Result<(), Error> {
    let opened = async {
        session.client().open()?;
        loop {
            match session.next().await? {
                Event::Opened => return Ok(()),
                Event::PoolBroken { reason } => return Err(failure::pool_broken(reason.as_ref())),
                _ => {}
            }
        }
    };
    tokio::time::timeout(timeout, opened).await.unwrap_or_else(|_| {
        let message = format!("the worker did not open a session within {} seconds", timeout.as_secs_f32());
        Err(Error::session_broken(ErrorKind::WorkerSilent, 2102, message))
    })
}

fn script_pipeline(id: Uuid, spec: &JobSpec) -> psrp::Pipeline {
    let script = psrp::Command::script(spec.script.as_deref().unwrap_or_default());
    let script = spec.arguments.iter().cloned().fold(script, psrp::Command::argument);
    let named = spec.parameters.iter().cloned();
    let script = named.fold(script, |script, (name, value)| script.parameter(name, value));
    psrp::Pipeline {
        no_input: !spec.takes_input,
        ..psrp::Pipeline::new(id, vec![psrp::Statement { commands: vec![script] }])
    }
}

fn launch(spec: &JobSpec, worker: WorkerCommand, guard: PathBuf, grace: Duration) -> Launch {
    let environment = spec.environment.clone().unwrap_or_else(|| std::env::vars_os().collect());
    let arguments = worker.arguments.into_iter().chain(SERVER_SWITCHES.map(Into::into)).collect();
    Launch { guard, program: worker.program.into(), arguments, environment, directory: None, grace }
}

/// True when the worker is well and only the script has ended.
fn ended_by_itself(ending: &Ending) -> bool {
    match ending {
        Ending::Completed | Ending::Exited(_) => true,
        Ending::Failed(reason) => reason.kind == ErrorKind::ScriptFailed,
        Ending::Stopped => false,
    }
}

/// Does `work` unless a stop is asked for first.
async fn unless_stopped<T>(inbox: &mut Inbox, work: impl Future<Output = Result<T, Ending>>) -> Result<T, Ending> {
    tokio::select! {
        biased;
        () = inbox.stopped() => Err(Ending::Stopped),
        done = work => done,
    }
}

/// What hosts ask of the child; input that comes before the script runs is kept for it.
struct Inbox {
    commands: UnboundedReceiver<ChildCommand>,
    early: VecDeque<ChildCommand>,
}

impl Inbox {
    fn new(commands: UnboundedReceiver<ChildCommand>) -> Self {
        Self { commands, early: VecDeque::new() }
    }

    async fn next(&mut self) -> ChildCommand {
        match self.early.pop_front() {
            Some(command) => command,
            // The child holds a sender as long as the driver holds the child.
            None => self.commands.recv().await.unwrap_or(ChildCommand::Stop(None)),
        }
    }

    async fn stopped(&mut self) {
        loop {
            match self.commands.recv().await {
                Some(ChildCommand::Stop(_)) | None => return,
                Some(early) => self.early.push_back(early),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn input_that_comes_before_the_script_keeps_its_order() {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let mut inbox = Inbox::new(receiver);
        for command in [ChildCommand::Input(Value::Int32(1)), ChildCommand::EndInput, ChildCommand::Stop(None)] {
            assert!(sender.send(command).is_ok());
        }
        inbox.stopped().await;
        assert!(matches!(inbox.next().await, ChildCommand::Input(Value::Int32(1))));
        assert!(matches!(inbox.next().await, ChildCommand::EndInput));
    }
}
