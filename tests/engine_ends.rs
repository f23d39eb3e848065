//! However a job ends, by its worker's death, a stop or the engine's shutdown: it is told at once and rightly, what came
//! before is kept, and nothing is left. What workers say wrongly is in engine_faults.rs.

mod engine_support;
mod fake_worker;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use engine_support::{DEADLINE, Ground, Outcome, await_event, parent, poll, signal};
use fake_worker::peer::{COMPLETED, RECORDS, exit};
use fake_worker::{Peer, Step, play, play_within, timeouts};
use psjob::engine::{Engine, EngineOptions, ErrorKind, Job, JobSpec, JobState, Timeouts, WorkerCommand};
use rustix::process::Signal;

const DIED: &str = "2101,PSSessionStateBroken";
/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(10);

fn worker_pid(job: &Job) -> i32 {
    job.worker_pid(0).unwrap().expect("a worker that was started").try_into().unwrap()
}

/// Asserts that `job` ends as Stopped within `time`, give or take what a busy machine adds.
#[track_caller]
fn assert_stops_within(job: &Job, time: Duration) {
    let started = Instant::now();
    assert_eq!(job.wait(Some(DEADLINE)), JobState::Stopped);
    assert!(started.elapsed() < time + SLACK, "{:?}", started.elapsed());
}

// Death.

#[test]
fn an_exit_is_told_with_its_code_and_keeps_what_came_before() {
    play(
        |peer| peer.serve_job_until_its_step(|_| exit(7)),
        |stage| {
            stage.at_each_step(|step, job| {
                let outcome = Outcome::of(job);
                outcome.assert_output(step.output());
                if step == Step::Ended {
                    return outcome.assert_completed();
                }
                let reason = outcome.assert_failed(ErrorKind::WorkerDied, DIED);
                assert_eq!((reason.exit_code, reason.signal), (Some(7), None));
            });
        },
    );
}

#[test]
fn a_signal_is_told_with_its_number_and_keeps_what_came_before() {
    play(
        |peer| peer.serve_job_until_its_step(|peer| peer.die(Signal::KILL)),
        |stage| {
            stage.at_each_step(|step, job| {
                let outcome = Outcome::of(job);
                outcome.assert_output(step.output());
                if step == Step::Ended {
                    return outcome.assert_completed();
                }
                let reason = outcome.assert_failed(ErrorKind::WorkerDied, DIED);
                assert_eq!((reason.exit_code, reason.signal), (None, Some(9)));
            });
        },
    );
}

#[test]
fn last_words_are_told_however_soon_death_comes() {
    play(
        |_| {
            eprintln!("these are my last words");
            exit(3);
        },
        |stage| {
            let jobs: Vec<_> = (0..30).map(|_| stage.start("")).collect();
            for job in &jobs {
                let outcome = Outcome::of(job);
                let reason = outcome.assert_failed(ErrorKind::WorkerDied, DIED);
                assert!(reason.message.ends_with("these are my last words"), "{reason}");
            }
        },
    );
}

#[test]
fn a_death_is_noticed_while_a_descendant_holds_the_pipes_or_floods_them() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let program = peer.variant.clone();
            peer.leave_behind(&program, if program == "sleep" { &["1000"] } else { &[] });
            peer.die(Signal::KILL);
        },
        |stage| {
            for descendant in ["sleep", "yes"] {
                let outcome = Outcome::of(&stage.start(descendant));
                outcome.assert_output(&RECORDS[..2]);
                assert_eq!(outcome.assert_failed(ErrorKind::WorkerDied, DIED).signal, Some(9));
            }
        },
    );
}

#[test]
fn a_killed_guard_takes_its_worker_along_and_the_job_is_told() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            peer.hang();
        },
        |stage| {
            let job = stage.start("");
            stage.await_records(&job, 2);
            signal(parent(worker_pid(&job)).unwrap(), Signal::KILL);
            let outcome = Outcome::of(&job);
            outcome.assert_output(&RECORDS[..2]);
            assert_eq!(outcome.assert_failed(ErrorKind::WorkerDied, DIED).signal, Some(9));
        },
    );
}

#[test]
fn what_cannot_be_started_fails_the_job() {
    play(
        |_| unreachable!("nothing is started"),
        |stage| {
            let file = stage.ground.temporary().join("file");
            fs::write(&file, "#!/no/such/interpreter").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            let cases = [
                ("/no/such/program", ErrorKind::WorkerNotFound),
                ("no-such-program-on-the-path", ErrorKind::WorkerNotFound),
                ("/", ErrorKind::WorkerStart),
                ("/etc/passwd", ErrorKind::WorkerStart),
                (file.to_str().unwrap(), ErrorKind::WorkerStart),
            ];
            for (program, kind) in cases {
                let worker = Some(WorkerCommand { program: program.into(), arguments: Vec::new() });
                let job = stage.engine.start(JobSpec { worker, ..stage.spec("") }).unwrap();
                Outcome::of(&job).assert_failed(kind, "-2147467259,PSSessionStateBroken");
            }
            fs::remove_file(&file).unwrap();
        },
    );
}

#[test]
fn a_guard_that_is_none_fails_the_job() {
    for guard in ["/no/such/guard", "/etc/passwd", "/bin/true", "/bin/false", "/bin/ls"] {
        let ground = Ground::new();
        let engine = Engine::new(EngineOptions { guard: Some(guard.into()), ..EngineOptions::default() }).unwrap();
        let worker = Some(WorkerCommand { program: "/bin/true".into(), arguments: Vec::new() });
        let job = engine.start(JobSpec { worker, ..ground.spec("") }).unwrap();
        Outcome::of(&job).assert_failed(ErrorKind::WorkerStart, "2107,PSSessionStateBroken");
        drop(job);
        assert!(engine.shutdown(DEADLINE));
        drop(engine);
        ground.assert_clean();
    }
}

// What outlives a job, and what does not.

#[test]
fn a_process_left_behind_outlives_a_job_that_completed_but_not_one_that_was_stopped() {
    play(
        |peer| {
            peer.begin();
            let left_behind = peer.leave_behind("sleep", &["1000"]);
            peer.write(&[&left_behind.to_string()]);
            if peer.variant == "completes" {
                peer.end(COMPLETED);
            }
        },
        |stage| {
            let jobs = ["completes", "is stopped"].map(|variant| stage.start(variant));
            let left_behind = jobs.each_ref().map(|job| {
                stage.await_records(job, 1);
                engine_support::text(&job.read(0, 1, 1).unwrap()[0].clixml).parse::<i32>().unwrap()
            });
            jobs[1].stop();
            jobs.iter().for_each(|job| drop(Outcome::of(job)));
            poll(|| stage.ground.processes() == left_behind[..1]);
            assert!(stage.engine.shutdown(DEADLINE));
            assert_eq!(stage.ground.processes(), left_behind[..1]);
            signal(left_behind[0], Signal::KILL);
            stage.ground.wait_for_quiet();
        },
    );
}

#[test]
fn a_worker_that_does_not_close_costs_its_job_nothing() {
    play(
        |peer| {
            if peer.variant == "stubborn" {
                peer.ignore(&[Signal::INT, Signal::TERM]);
            }
            peer.obeys_close = false;
            peer.serve_job(|_, _| {});
        },
        |stage| {
            let started = Instant::now();
            let jobs = ["", "stubborn"].map(|variant| stage.start(variant));
            for job in &jobs {
                Outcome::of(job).assert_completed();
            }
            stage.ground.wait_for_quiet();
            assert!(started.elapsed() < timeouts().close + timeouts().stop + SLACK, "{:?}", started.elapsed());
        },
    );
}

// Stop.

#[test]
fn a_stop_that_is_obeyed_keeps_what_came_before() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
        },
        |stage| {
            let job = stage.start("");
            stage.await_records(&job, 2);
            job.stop();
            let outcome = Outcome::of(&job);
            assert_eq!(outcome.state, JobState::Stopped);
            outcome.assert_output(&RECORDS[..2]);
        },
    );
}

#[test]
fn a_stop_ends_in_time_whatever_the_worker_ignores() {
    play(
        |peer| {
            peer.obeys_stop = false;
            match peer.variant.as_str() {
                "the stop" => {}
                "the stop and SIGINT" => peer.ignore(&[Signal::INT]),
                _ => peer.ignore(&[Signal::INT, Signal::TERM]),
            }
            peer.begin();
            peer.write(&RECORDS[..2]);
        },
        |stage| {
            let ignored =
                ["the stop", "the stop and SIGINT", "all", "all, being stopped", "all, its guard being stopped"];
            let jobs = ignored.map(|variant| stage.start(variant));
            for job in &jobs {
                stage.await_records(job, 2);
            }
            signal(worker_pid(&jobs[3]), Signal::STOP);
            signal(parent(worker_pid(&jobs[4])).unwrap(), Signal::STOP);
            jobs.iter().for_each(|job| job.stop());
            for job in &jobs {
                assert_stops_within(job, timeouts().stop);
                Outcome::of(job).assert_output(&RECORDS[..2]);
            }
        },
    );
}

#[test]
fn a_job_that_completes_while_it_is_stopped_is_stopped_and_its_child_completed() {
    play(
        |peer| {
            peer.obeys_stop = false;
            peer.begin();
            peer.write(&RECORDS);
            while peer.next_packet().kind != psjob::psrp::PacketKind::Signal {}
            peer.end(COMPLETED);
        },
        |stage| {
            let job = stage.start("");
            stage.await_records(&job, 4);
            job.stop();
            assert_stops_within(&job, timeouts().stop);
            assert_eq!(job.child_state(0).unwrap(), JobState::Completed);
            Outcome::of(&job).assert_output(&RECORDS);
        },
    );
}

#[test]
fn a_stop_ends_the_job_at_every_step() {
    play(
        |peer| peer.serve_job_until_its_step(Peer::reach_and_hang),
        |stage| {
            stage.at_each_step(|step, job| {
                if step != Step::Ended {
                    stage.await_reached(&step.name());
                    job.stop();
                    assert_stops_within(job, timeouts().stop);
                }
                Outcome::of(job).assert_output(step.output());
            });
            stage.await_reached(&Step::Ended.name());
        },
    );
}

#[test]
fn a_stop_at_once_leaves_nothing() {
    play(
        |peer| peer.serve_job(|_, _| {}),
        |stage| {
            let jobs: Vec<_> = (0..20).map(|_| stage.start("")).collect();
            jobs.iter().for_each(|job| job.stop());
            jobs.iter().for_each(|job| assert_stops_within(job, timeouts().stop));
        },
    );
}

#[test]
fn a_dropped_handle_stops_its_job() {
    play(
        |peer| peer.begin(),
        |stage| {
            let job = stage.start("");
            stage.await_records(&job, 0);
            let worker = worker_pid(&job);
            drop(job);
            let stopped = |event| matches!(event, psjob::engine::Event::JobState { state: JobState::Stopped, .. });
            poll(|| stage.engine.next_event().is_some_and(stopped));
            assert_eq!(parent(worker), None, "the worker still runs");
        },
    );
}

// Shutdown.

#[test]
fn a_shutdown_stops_jobs_at_every_step() {
    play(
        |peer| peer.serve_job_until_its_step(Peer::reach_and_hang),
        |stage| {
            let jobs = Step::ALL.map(|step| (step, stage.start(&step.name())));
            jobs.iter().for_each(|(step, _)| stage.await_reached(&step.name()));
            assert!(stage.engine.shutdown(DEADLINE));
            for (step, job) in &jobs {
                let outcome = Outcome::of(job);
                let expected = if *step == Step::Ended { JobState::Completed } else { JobState::Stopped };
                assert_eq!(outcome.state, expected, "{step:?}");
                outcome.assert_output(step.output());
            }
        },
    );
}

#[test]
fn a_shutdown_while_workers_are_being_started_leaves_nothing() {
    play(
        |peer| peer.serve_job(|_, _| {}),
        |stage| {
            for jobs in 0..8 {
                let engine = stage.another_engine();
                let jobs: Vec<_> = (0..jobs).map(|_| engine.start(stage.spec("")).unwrap()).collect();
                assert!(engine.shutdown(DEADLINE));
                jobs.iter().for_each(|job| assert_eq!(job.wait(Some(DEADLINE)), JobState::Stopped));
                assert_eq!(stage.ground.processes(), []);
            }
        },
    );
}

#[test]
fn an_engine_that_is_dropped_leaves_nothing() {
    play(
        |peer| peer.begin(),
        |stage| {
            let engine = stage.another_engine();
            let jobs = [(); 4].map(|()| engine.start(stage.spec("")).unwrap());
            await_event(&engine, || jobs.iter().all(|job| job.child_state(0).unwrap() == JobState::Running));
            drop(engine);
            jobs.iter().for_each(|job| assert_stops_within(job, timeouts().stop));
            stage.ground.wait_for_quiet();
        },
    );
}

#[test]
fn an_engine_that_was_shut_down_holds_no_descriptor() {
    let ground = Ground::new();
    for _ in 0..200 {
        let engine = Ground::engine(EngineOptions::default());
        assert!(engine.shutdown(DEADLINE));
        drop(engine);
        ground.assert_descriptors();
    }
}

#[test]
fn a_stop_with_no_time_at_all_still_ends() {
    play_within(
        Timeouts { stop: Duration::ZERO, ..timeouts() },
        |peer| {
            peer.ignore(&[Signal::INT, Signal::TERM]);
            peer.obeys_stop = false;
            peer.begin();
        },
        |stage| {
            let job = stage.start("");
            stage.await_records(&job, 0);
            job.stop();
            assert_stops_within(&job, Duration::ZERO);
        },
    );
}
