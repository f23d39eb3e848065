//! A worker whose every word a test decides.
//!
//! [`play`] runs one test twice: in the test's own process it is the host with a real engine, and that engine starts the
//! test's executable once more, for the same test, as its worker. So both sides of a fault stand side by side in one
//! test, and what is played goes over real pipes, under a real guard, in a process that can really die.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod peer;

use std::any::type_name;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use psjob::engine::{Engine, EngineOptions, Job, JobHandle, JobSpec, Timeouts, WorkerCommand};

use self::peer::RECORDS;
pub use self::peer::{Peer, Step};
use crate::engine_support::{Ground, Outcome, ShutDown, await_records, poll};

/// In the environment of a worker: which of a test's variants it plays.
const VARIANT: &str = "PSJOB_FAKE_WORKER";

/// For tests that do not wait for any of them: a stop and a close that are short, the rest as the engine has it.
pub fn timeouts() -> Timeouts {
    Timeouts { stop: Duration::from_secs(2), close: Duration::from_secs(2), ..Timeouts::default() }
}

/// The host's side.
pub struct Stage {
    pub engine: Engine,
    pub ground: Ground,
    options: EngineOptions,
}

impl Stage {
    /// A spec whose worker plays `variant`.
    pub fn spec(&self, variant: &str) -> JobSpec {
        let mut spec = self.ground.spec(peer::SCRIPT);
        spec.environment.get_or_insert_default().push((VARIANT.into(), variant.into()));
        spec
    }

    pub fn start(&self, variant: &str) -> JobHandle {
        self.engine.start(self.spec(variant)).unwrap()
    }

    /// Starts a job for each step, all at once and each with its name as the variant, then looks at each end.
    pub fn at_each_step(&self, check: impl Fn(Step, &JobHandle)) {
        let jobs = Step::ALL.map(|step| (step, self.start(&step.name())));
        jobs.iter().for_each(|(step, job)| check(*step, job));
    }

    /// For workers that may do something odd and are well all the same.
    #[track_caller]
    pub fn completes_a_job(&self) {
        let outcome = Outcome::of(&self.start(""));
        outcome.assert_completed();
        outcome.assert_output(&RECORDS);
    }

    /// Waits until the worker of `variant` has come to [`Peer::reach_and_hang`].
    pub fn await_reached(&self, variant: &str) {
        poll(|| fs::remove_file(self.ground.temporary().join(variant)).is_ok());
    }

    /// An engine like the stage's own.
    pub fn another_engine(&self) -> Engine {
        Ground::engine(self.options.clone())
    }

    /// Waits until this many records are in the log of a job that runs.
    pub fn await_records(&self, job: &Job, count: usize) {
        await_records(&self.engine, job, count);
    }
}

/// Plays with [`timeouts`].
pub fn play<W: FnOnce(&mut Peer)>(worker: W, host: impl FnOnce(&Stage)) {
    play_within(timeouts(), worker, host);
}

/// Runs `host`, in whose engine `worker` is the worker, then asserts that nothing is left of it. `worker` is to be a
/// closure in the test itself: by its name the worker's process finds the test again.
pub fn play_within<W: FnOnce(&mut Peer)>(timeouts: Timeouts, worker: W, host: impl FnOnce(&Stage)) {
    if let Ok(variant) = std::env::var(VARIANT) {
        serve(worker, variant);
    }
    let test = type_name::<W>().strip_suffix("::{{closure}}").expect("a closure");
    let (_crate, test) = test.split_once("::").unwrap();
    // The engine appends the switches of a PowerShell worker; behind "--" they are test names that match nothing.
    let arguments = ["--exact", test, "--nocapture", "--"].map(Into::into).to_vec();
    let worker = WorkerCommand { program: std::env::current_exe().unwrap(), arguments };

    let ground = Ground::new();
    let options = EngineOptions { worker: Some(worker), timeouts, ..EngineOptions::default() };
    let stage = Stage { engine: Ground::engine(options.clone()), ground, options };
    let shut_down = ShutDown(&stage.engine);
    host(&stage);
    drop(shut_down);
    drop(stage.engine);
    stage.ground.assert_clean();
}

/// The whole life of a worker's process.
fn serve(worker: impl FnOnce(&mut Peer), variant: String) -> ! {
    let mut peer = Peer::new(variant);
    let served = catch_unwind(AssertUnwindSafe(|| {
        worker(&mut peer);
        peer.serve_to_the_end();
    }));
    // The message of a panic is on stderr, whose tail is in the reason of the job.
    peer::exit(if served.is_ok() { 0 } else { 101 });
}
