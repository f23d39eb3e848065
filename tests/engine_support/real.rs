//! Real workers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use psjob::engine::{Engine, EngineOptions, Job, JobHandle, JobSpec, Timeouts, WorkerCommand};

use super::{Ground, await_records};

/// An engine of real workers.
pub struct Shop {
    pub engine: Engine,
    pub ground: Ground,
    options: EngineOptions,
}

/// Runs `host` with the engine's usual deadlines, then asserts that nothing is left.
pub fn play(host: impl FnOnce(&Shop)) {
    play_within(Timeouts::default(), host);
}

pub fn play_within(timeouts: Timeouts, host: impl FnOnce(&Shop)) {
    let worker = Some(WorkerCommand { program: program(), arguments: Vec::new() });
    let options = EngineOptions { worker, timeouts, ..EngineOptions::default() };
    let ground = Ground::new();
    let shop = Shop { engine: Ground::engine(options.clone()), ground, options };
    let shut_down = super::ShutDown(&shop.engine);
    host(&shop);
    drop(shut_down);
    drop(shop.engine);
    shop.ground.assert_clean();
}

impl Shop {
    /// A spec whose worker finds the everyday cmdlets.
    pub fn spec(&self, script: &str) -> JobSpec {
        let mut spec = self.ground.spec(script);
        let mut modules = std::env::var_os("PSModulePath").unwrap_or_default();
        modules.push(OsString::from(":"));
        modules.push(in_project("out/test-modules"));
        spec.environment.get_or_insert_default().push(("PSModulePath".into(), modules));
        spec
    }

    pub fn start(&self, script: &str) -> JobHandle {
        self.engine.start(self.spec(script)).unwrap()
    }

    pub fn another_engine(&self) -> Engine {
        Ground::engine(self.options.clone())
    }

    pub fn await_records(&self, job: &Job, count: usize) {
        await_records(&self.engine, job, count);
    }
}

fn program() -> PathBuf {
    let program =
        std::env::var_os("PSJOB_TEST_WORKER").map_or_else(|| in_project("out/host/psjob-host"), PathBuf::from);
    assert!(program.is_file(), "no worker at {}: `make host support` builds it", program.display());
    program
}

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
