//! Jobs while somebody kills their workers: every accepted job ends, what completed is right to the byte, and nothing is
//! left over.
//!
//! `PSJOB_CHAOS_JOBS` sets the number of jobs (`make soak`: 1,000), `PSJOB_CHAOS_SEED` repeats what chance decided.

mod engine_support;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use engine_support::real::{Shop, play};
use engine_support::{DEADLINE, Outcome, parent};
use psjob::engine::{ErrorKind, JobHandle, JobState, WaitOutcome};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal};

const JOBS: usize = 100;
/// How many jobs run at a time. Each needs a worker's cold start, so more would only wait for each other.
const AT_A_TIME: usize = 6;
/// A share of the jobs that must have completed, and one that must have been killed, for the run to count.
const SHARE: usize = 5;
/// The bounds of the longest time between two kills. Between them it adapts, so that about every second job is killed
/// however fast the machine is.
const LONGEST_PAUSE: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(10)];

/// One job of the run: how much it writes follows from its number.
struct Trial {
    number: usize,
    job: JobHandle,
}

impl Trial {
    fn start(shop: &Shop, number: usize) -> Self {
        let lines = Self::lines(number);
        let script = format!(
            "foreach ($line in 1..{lines}) {{
                '{number} {{0}} {{1}}' -f $line, ('x' * ($line * 131 % 4001))
                if ($line % 20 -eq 0) {{ [Threading.Thread]::Sleep(10) }}
            }}"
        );
        Self { number, job: shop.start(&script) }
    }

    fn lines(number: usize) -> usize {
        50 + number * 37 % 400
    }

    /// What the job writes: so much of it as the outcome has, for a worker that was killed.
    fn assert_output(&self, outcome: &Outcome) {
        for (line, text) in (1..).zip(&outcome.output) {
            assert_eq!(*text, format!("{} {line} {}", self.number, "x".repeat(line * 131 % 4001)));
        }
        let count = outcome.output.len();
        match outcome.state {
            JobState::Completed => assert_eq!(count, Self::lines(self.number)),
            _ => assert!(count <= Self::lines(self.number)),
        }
    }

    /// Whether the job completed; otherwise its worker was killed.
    fn end(&self) -> bool {
        let outcome = Outcome::of(&self.job);
        self.assert_output(&outcome);
        if outcome.state == JobState::Completed {
            return true;
        }
        let reason = outcome.assert_failed(ErrorKind::WorkerDied, "2101,PSSessionStateBroken");
        assert_eq!(reason.signal, Some(Signal::KILL.as_raw()), "{reason}");
        false
    }

    /// Kills the worker, unless it was not started or has ended.
    fn kill(&self) {
        let Some(worker) = self.job.worker_pid(0).unwrap().map(u32::cast_signed) else {
            return;
        };
        // Its number may be somebody else's by now.
        if parent(worker).and_then(parent) == Some(std::process::id().cast_signed()) {
            let _ = rustix::process::kill_process(Pid::from_raw(worker).unwrap(), Signal::KILL);
        }
    }
}

/// Who kills, and when.
struct Killer<'a> {
    random: &'a mut StdRng,
    longest_pause: Duration,
    next: Instant,
}

impl Killer<'_> {
    fn strike_if_due(&mut self, running: &[Trial]) {
        if self.next <= Instant::now() {
            running.choose(self.random).expect("a job that runs").kill();
            self.next = Instant::now() + self.longest_pause.mul_f64(self.random.random());
        }
    }

    fn adapt(&mut self, completed: bool) {
        let factor = if completed { 0.8 } else { 1.25 };
        let [shortest, longest] = LONGEST_PAUSE;
        self.longest_pause = self.longest_pause.mul_f64(factor).clamp(shortest, longest);
    }
}

/// What a run came to.
#[derive(Debug, Default)]
struct Tally {
    completed: usize,
    killed: usize,
}

fn run(shop: &Shop, jobs: usize, random: &mut StdRng) -> Tally {
    let mut tally = Tally::default();
    let mut waiting: VecDeque<usize> = (0..jobs).collect();
    let mut running: Vec<Trial> = Vec::new();
    let mut killer = Killer { random, longest_pause: Duration::from_millis(500), next: Instant::now() };
    while !(waiting.is_empty() && running.is_empty()) {
        while running.len() < AT_A_TIME
            && let Some(number) = waiting.pop_front()
        {
            running.push(Trial::start(shop, number));
        }
        // A job's end is an event.
        let pause = killer.next.saturating_duration_since(Instant::now());
        if shop.engine.wait_for_event(Some(pause)) == WaitOutcome::Ready {
            shop.engine.next_event();
        }
        killer.strike_if_due(&running);
        for ended in running.extract_if(.., |trial| trial.job.state().is_finished()) {
            let completed = ended.end();
            killer.adapt(completed);
            *(if completed { &mut tally.completed } else { &mut tally.killed }) += 1;
        }
    }
    tally
}

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is {value}, which is no number")))
}

#[test]
fn whatever_is_killed_every_job_ends_rightly_and_nothing_is_left() {
    let jobs = setting("PSJOB_CHAOS_JOBS").unwrap_or(JOBS);
    let seed = setting("PSJOB_CHAOS_SEED").unwrap_or_else(|| rand::rng().random());
    println!("PSJOB_CHAOS_SEED={seed}");
    let started = Instant::now();
    play(|shop| {
        let tally = run(shop, jobs, &mut StdRng::seed_from_u64(seed));
        println!("of {jobs} jobs: {tally:?}, in {:?}", started.elapsed());
        assert_eq!(tally.completed + tally.killed, jobs);
        assert!(tally.completed * SHARE >= jobs, "too few completed: the run does not count");
        assert!(tally.killed * SHARE >= jobs, "too few were killed: the run does not count");
        assert!(shop.engine.shutdown(DEADLINE));
    });
}
