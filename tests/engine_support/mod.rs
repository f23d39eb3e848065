//! What the engine's tests share: safe ground that shows what was left behind on it, and how a job ended.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod real;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use psjob::clixml;
use psjob::engine::{Engine, EngineOptions, Error, ErrorKind, Job, JobSpec, JobState, RecordStream, WaitOutcome};
use tempfile::TempDir;

/// Far longer than anything here takes, also on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// Descriptors and child processes are the whole process's, so one test at a time has them.
static TURN: Mutex<()> = Mutex::new(());

/// What a test runs on. It remembers how it was, and knows everything that was started from it.
pub struct Ground {
    descriptors: BTreeMap<String, PathBuf>,
    /// What a test that failed has left.
    children: Vec<i32>,
    /// The temporary folder of workers. Its name in their environment is the mark that they and their children bear.
    temporary: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Ground {
    pub fn new() -> Self {
        // A test that failed in its turn has said so.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let temporary = tempfile::tempdir().unwrap();
        Self { descriptors: descriptors(), children: children(), temporary, _turn: turn }
    }

    pub fn engine(options: EngineOptions) -> Engine {
        let guard = PathBuf::from(env!("CARGO_BIN_EXE_psjob-guard"));
        Engine::new(EngineOptions { guard: Some(guard), ..options }).unwrap()
    }

    /// A spec of `script` whose worker bears the mark.
    pub fn spec(&self, script: &str) -> JobSpec {
        let mut environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        environment.push(("TMPDIR".into(), self.temporary().into()));
        JobSpec { script: Some(script.to_owned()), environment: Some(environment), ..JobSpec::default() }
    }

    pub fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// The processes that bear the mark.
    pub fn processes(&self) -> Vec<i32> {
        let mark = self.temporary().to_str().unwrap().as_bytes();
        let bears_mark = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            memchr::memmem::find(&environment, mark).is_some()
        };
        all_processes().filter(bears_mark).collect()
    }

    /// Waits until no process bears the mark: for ends that nobody can wait for otherwise.
    pub fn wait_for_quiet(&self) {
        poll(|| self.processes().is_empty() && self.new_children().is_empty());
    }

    fn new_children(&self) -> Vec<i32> {
        children().into_iter().filter(|child| !self.children.contains(child)).collect()
    }

    /// Fails if anything is left that was not there before: a process, also a dead one that nobody reaped, a
    /// descriptor, a temporary file.
    pub fn assert_clean(self) {
        assert_eq!(describe(&self.processes()), [""; 0], "processes are left");
        assert_eq!(describe(&self.new_children()), [""; 0], "children are left");
        let left: Vec<_> = fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [""; 0], "temporary files are left");
        self.assert_descriptors();
    }

    pub fn assert_descriptors(&self) {
        assert_eq!(descriptors(), self.descriptors, "descriptors are left");
    }
}

/// Shuts the engine down also when the test fails: the next one shall find quiet ground.
pub struct ShutDown<'a>(pub &'a Engine);

impl Drop for ShutDown<'_> {
    fn drop(&mut self) {
        let ended = self.0.shutdown(DEADLINE);
        assert!(ended || std::thread::panicking(), "workers are still ending");
    }
}

/// For what a test can only look at again and again. Fails at the deadline.
pub fn poll(mut reached: impl FnMut() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(started.elapsed() < DEADLINE, "not reached in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until `job` runs and this many records are in its log, received or not.
pub fn await_records(engine: &Engine, job: &Job, count: usize) {
    await_event(engine, || {
        job.child_state(0).unwrap() != JobState::NotStarted && job.read(0, 0, count).unwrap().len() == count
    });
}

/// Waits, event by event, until `reached`. Nobody else may take the engine's events.
pub fn await_event(engine: &Engine, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !reached() {
        let left = deadline.saturating_duration_since(Instant::now());
        assert_eq!(engine.wait_for_event(Some(left)), WaitOutcome::Ready, "not reached in time");
        engine.next_event();
    }
}

/// How a job ended, and what it said.
#[derive(Debug)]
pub struct Outcome {
    pub state: JobState,
    pub reason: Option<Error>,
    pub exit_code: Option<i32>,
    /// The text of every output record.
    pub output: Vec<String>,
}

impl Outcome {
    /// Waits for the job's end and takes what is left in its log.
    pub fn of(job: &Job) -> Self {
        let state = job.wait(Some(DEADLINE));
        assert!(state.is_finished(), "job {} is {state:?} for ever", job.id());
        let (reason, exit_code) = (job.reason(0).unwrap(), job.exit_code(0).unwrap());
        let records = job.take(0, usize::MAX).unwrap();
        let output = records.iter().filter(|record| record.stream == RecordStream::Output);
        Self { state, reason, exit_code, output: output.map(|record| text(&record.clixml)).collect() }
    }

    #[track_caller]
    pub fn assert_completed(&self) {
        assert_eq!(self.state, JobState::Completed, "{self:?}");
        assert!(self.reason.is_none(), "{self:?}");
    }

    /// Asserts a failure of this kind under this FullyQualifiedErrorId; gives its reason.
    #[track_caller]
    pub fn assert_failed(&self, kind: ErrorKind, id: &str) -> &Error {
        assert_eq!(self.state, JobState::Failed, "{self:?}");
        let reason = self.reason.as_ref().expect("a failed job has a reason");
        assert_eq!((reason.kind, reason.id.as_deref()), (kind, Some(id)), "{reason:?}");
        reason
    }

    #[track_caller]
    pub fn assert_output(&self, expected: &[&str]) {
        assert_eq!(self.output, expected, "{self:?}");
    }
}

/// The text of a record that is a string or a number.
pub fn text(clixml: &[u8]) -> String {
    match clixml::read_one(clixml, &clixml::Limits::default()) {
        Ok(value) => match value.as_text() {
            Some(text) => text.to_string_lossy().into_owned(),
            None => value.as_i64().map_or_else(|| format!("{value:?}"), |number| number.to_string()),
        },
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(clixml)),
    }
}

/// The parent of a process that lives.
pub fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

pub fn signal(pid: i32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn all_processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn children() -> Vec<i32> {
    let own = std::process::id() as i32;
    all_processes().filter(|pid| parent(*pid) == Some(own)).collect()
}

fn describe(pids: &[i32]) -> Vec<String> {
    let stat = |pid| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    pids.iter().map(|pid| stat(pid).chars().take(60).collect()).collect()
}

fn descriptors() -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets =
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, fs::read_link(entry.path()).ok()?)));
    // The descriptor of the listing itself is not one to count.
    targets.filter(|(_, target)| !target.starts_with("/proc")).collect()
}
