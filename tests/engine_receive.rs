//! Nothing is lost and nothing comes twice, whatever the order in which records arrive, are taken, looked at and left:
//! what was taken, joined, is what was written.

mod engine_support;
mod fake_worker;

use std::ops::Range;
use std::sync::Arc;

use engine_support::{DEADLINE, signal, text};
use fake_worker::{Peer, Stage, play};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use psjob::clixml::Value;
use psjob::engine::{Job, JobHandle, JobSpec, JobState, Record};
use rustix::process::Signal;

/// What a host does next.
#[derive(Clone, Debug)]
enum Act {
    /// Lets the worker write this many records.
    Emit(u64),
    /// Waits until this part of what is to come has arrived, in per cent.
    Await(u64),
    /// `Receive-Job`, of at most so many.
    Take(usize),
    /// `Receive-Job -Keep`.
    Keep(usize),
    /// `Receive-Job | Select-Object -First`: a batch is looked at, and what the pipeline took of it is consumed.
    TakeFirst { looked_at: usize, taken: usize },
    /// Declares consumed what was consumed long ago.
    ConsumeAgain,
    /// A stream collection reads, received or not, so far behind the cursor.
    ReadBehind(u64),
}

/// How the job ends.
#[derive(Clone, Debug)]
enum End {
    Completes,
    IsStopped,
    IsKilled,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..60u64).prop_map(Act::Emit),
        (0..=100u64).prop_map(Act::Await),
        (0..40usize).prop_map(Act::Take),
        (0..40usize).prop_map(Act::Keep),
        (0..40usize, 0..40usize).prop_map(|(looked_at, taken)| Act::TakeFirst { looked_at, taken }),
        Just(Act::ConsumeAgain),
        (0..20u64).prop_map(Act::ReadBehind),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![2 => Just(End::Completes), 1 => Just(End::IsStopped), 1 => Just(End::IsKilled)]
}

/// The worker: writes as many numbered records as each input object says.
fn emit(peer: &mut Peer) {
    peer.begin();
    let mut written = 0..0;
    while let Some(count) = peer.next_input() {
        let count: u64 = text(count.as_bytes()).parse().unwrap();
        written = written.end..written.end + count;
        for number in written.clone() {
            peer.write(&[&numbered(number)]);
        }
    }
    peer.end(fake_worker::peer::COMPLETED);
}

/// The text of a record, of a length of its own: up to some pages, so that reads cut it anywhere.
fn numbered(number: u64) -> String {
    format!("{number} {}", "x".repeat(usize::try_from(number * 7919 % 9001).unwrap()))
}

fn start(stage: &Stage) -> JobHandle {
    stage.engine.start(JobSpec { takes_input: true, ..stage.spec("") }).unwrap()
}

/// One host and its account of what it did.
struct Host<'a> {
    stage: &'a Stage,
    job: &'a Job,
    emitted: u64,
    taken: u64,
}

impl Host<'_> {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Emit(count) => {
                self.job.send_input(&Value::Int64(count.cast_signed())).unwrap();
                self.emitted += count;
            }
            Act::Await(percent) => {
                let count = self.taken + (self.emitted - self.taken) * percent / 100;
                self.stage.await_records(self.job, usize::try_from(count).unwrap());
            }
            Act::Take(max) => {
                let records = self.job.take(0, max).unwrap();
                self.account(&records, max);
            }
            Act::Keep(max) => {
                let records = self.job.peek(0, 0, max).unwrap();
                assert_are(&records, self.taken, max);
            }
            Act::TakeFirst { looked_at, taken } => {
                let records = self.job.peek(0, 0, looked_at).unwrap();
                assert_are(&records, self.taken, looked_at);
                let records = &records[..taken.min(records.len())];
                if let Some(last) = records.last() {
                    self.job.consume(0, last.sequence).unwrap();
                }
                self.account(records, taken);
            }
            Act::ConsumeAgain => self.job.consume(0, self.taken / 2).unwrap(),
            Act::ReadBehind(distance) => {
                let from = self.taken.saturating_sub(distance);
                let records = self.job.read(0, from + 1, 50).unwrap();
                assert_are(&records, from, 50);
            }
        }
    }

    /// Notes what was taken, which must follow what was taken before.
    fn account(&mut self, records: &[Arc<Record>], max: usize) {
        assert_are(records, self.taken, max);
        self.taken += records.len() as u64;
    }

    fn take_the_rest(&mut self) {
        while self.job.has_more_data(0).unwrap() {
            self.act(&Act::Take(7));
        }
        assert!(self.job.peek(0, 0, 1).unwrap().is_empty());
    }
}

/// Asserts that these are at most `max` records, the first of them the one with the number `first`, right to the byte.
fn assert_are(records: &[Arc<Record>], first: u64, max: usize) {
    assert!(records.len() <= max);
    for (number, record) in (first..).zip(records) {
        assert_eq!(record.sequence, number + 1);
        assert_eq!(*record.clixml, *format!("<S>{}</S>", numbered(number)).as_bytes());
    }
}

fn play_schedule(stage: &Stage, acts: &[Act], end: &End) {
    let job = start(stage);
    let mut host = Host { stage, job: &job, emitted: 0, taken: 0 };
    acts.iter().for_each(|act| host.act(act));
    let arrived = job.read(0, 0, usize::MAX).unwrap().len() as u64;
    let expected = match end {
        End::Completes => {
            job.close_input();
            JobState::Completed
        }
        End::IsStopped => {
            job.stop();
            JobState::Stopped
        }
        End::IsKilled => {
            stage.await_records(&job, 0);
            signal(job.worker_pid(0).unwrap().unwrap().cast_signed(), Signal::KILL);
            JobState::Failed
        }
    };
    assert_eq!(job.wait(Some(DEADLINE)), expected);
    host.take_the_rest();
    let expected: Range<u64> =
        if matches!(end, End::Completes) { host.emitted..host.emitted + 1 } else { arrived..host.emitted + 1 };
    assert!(expected.contains(&host.taken), "{} were taken of {}, {arrived} had arrived", host.taken, host.emitted);
}

#[test]
fn what_was_taken_joined_is_what_was_written() {
    let worker = |peer: &mut Peer| {
        emit(peer);
    };
    play(worker, |stage| {
        let config = Config { cases: 64, failure_persistence: None, max_shrink_time: 20_000, ..Config::default() };
        let schedules = (vec(act(), 0..40), end());
        let played = TestRunner::new(config).run(&schedules, |(acts, end)| {
            play_schedule(stage, &acts, &end);
            Ok(())
        });
        played.unwrap_or_else(|failure| panic!("{failure}"));
    });
}

#[test]
fn hosts_that_take_at_the_same_time_share_what_was_written() {
    const COUNT: u64 = 3_000;
    let worker = |peer: &mut Peer| {
        emit(peer);
    };
    play(worker, |stage| {
        let job = start(stage);
        job.send_input(&Value::Int64(COUNT.cast_signed())).unwrap();
        job.close_input();
        // As eagerly as can be: they shall get in each other's way.
        let take_all = |max: usize| {
            let mut taken = Vec::new();
            while job.has_more_data(0).unwrap() {
                taken.extend(job.take(0, max).unwrap().iter().map(|record| record.sequence));
                std::thread::yield_now();
            }
            assert!(taken.is_sorted());
            taken
        };
        let mut taken = std::thread::scope(|scope| {
            let hosts = [1, 2, 7].map(|max| scope.spawn(move || take_all(max)));
            hosts.map(|host| host.join().unwrap()).concat()
        });
        taken.sort_unstable();
        assert!(taken.into_iter().eq(1..=COUNT));
        assert_eq!(job.wait(Some(DEADLINE)), JobState::Completed);
    });
}
