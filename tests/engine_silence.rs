//! Every wait has an end: what a worker leaves unsaid costs its job the deadline that the engine's options give.

mod engine_support;
mod fake_worker;

use std::time::{Duration, Instant};

use engine_support::Outcome;
use fake_worker::peer::RECORDS;
use fake_worker::{Stage, Step, play, play_within, timeouts};
use psjob::clixml::Value;
use psjob::engine::{ErrorKind, JobSpec, JobState, Timeouts, WorkerCommand};

const BROKE_THE_PROTOCOL: &str = "2102,PSSessionStateBroken";

/// Short enough to wait for, long enough for a worker that is well.
fn impatient() -> Timeouts {
    Timeouts { open: Duration::from_secs(6), answer: Duration::from_secs(3), ..timeouts() }
}

#[test]
fn silence_ends_the_job_where_an_answer_is_due_and_only_there() {
    play_within(
        impatient(),
        |peer| peer.serve_job_until_its_step(|peer| peer.hang()),
        |stage| {
            let started = Instant::now();
            stage.at_each_step(|step, job| {
                // A script may take as long as it likes.
                let runs = matches!(step, Step::Acknowledged | Step::Half | Step::Written);
                if runs {
                    stage.await_records(job, step.output().len());
                    job.stop();
                }
                let outcome = Outcome::of(job);
                outcome.assert_output(step.output());
                match step {
                    _ if runs => assert_eq!(outcome.state, JobState::Stopped, "{step:?}"),
                    Step::Ended => outcome.assert_completed(),
                    _ => drop(outcome.assert_failed(ErrorKind::WorkerSilent, BROKE_THE_PROTOCOL)),
                }
            });
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        },
    );
}

#[test]
fn a_closed_output_ends_the_job_though_the_worker_lives_on() {
    play(
        |peer| {
            peer.serve_job_until_its_step(|peer| {
                // SAFETY: nothing in this process uses the descriptor any more.
                unsafe { libc::close(1) };
                peer.hang()
            });
        },
        |stage| {
            stage.at_each_step(|step, job| {
                let outcome = Outcome::of(job);
                outcome.assert_output(step.output());
                match step {
                    Step::Ended => outcome.assert_completed(),
                    _ => drop(outcome.assert_failed(ErrorKind::WorkerProtocol, BROKE_THE_PROTOCOL)),
                }
            });
        },
    );
}

#[test]
fn a_closed_input_ends_the_job_though_the_worker_lives_on() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            // SAFETY: nothing in this process uses the descriptor any more.
            unsafe { libc::close(0) };
            peer.write(&["closed"]);
            peer.hang();
        },
        |stage| {
            let job = stage.engine.start(JobSpec { takes_input: true, ..stage.spec("") }).unwrap();
            stage.await_records(&job, 3);
            job.send_input(&Value::Null).unwrap();
            let outcome = Outcome::of(&job);
            outcome.assert_failed(ErrorKind::WorkerProtocol, BROKE_THE_PROTOCOL);
            outcome.assert_output(&["one", "two", "closed"]);
        },
    );
}

#[test]
fn input_that_is_never_acknowledged_ends_the_job() {
    play_within(
        impatient(),
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..1]);
            peer.hang();
        },
        |stage| {
            let job = stage.engine.start(JobSpec { takes_input: true, ..stage.spec("") }).unwrap();
            stage.await_records(&job, 1);
            job.send_input(&Value::Null).unwrap();
            let outcome = Outcome::of(&job);
            outcome.assert_failed(ErrorKind::WorkerSilent, BROKE_THE_PROTOCOL);
            outcome.assert_output(&RECORDS[..1]);
        },
    );
}

#[test]
fn a_program_that_is_no_worker_is_given_up() {
    play_within(
        impatient(),
        |_| unreachable!("other programs play this"),
        |stage| {
            // The switches of a worker behind "--" are words to one and files to the other, which reads them last.
            let programs: [(&str, &[&str]); 2] = [("/usr/bin/yes", &["--"]), ("/bin/cat", &["/dev/stdin", "--"])];
            let jobs = programs.map(|(program, arguments)| {
                let arguments = arguments.iter().map(Into::into).collect();
                let worker = Some(WorkerCommand { program: program.into(), arguments });
                stage.engine.start(JobSpec { worker, ..stage.spec("") }).unwrap()
            });
            for job in &jobs {
                Outcome::of(job).assert_failed(ErrorKind::WorkerSilent, BROKE_THE_PROTOCOL);
            }
        },
    );
}

#[test]
fn a_job_does_not_wait_for_acknowledgements_that_it_does_not_need() {
    play(
        |peer| {
            peer.acknowledges = false;
            peer.serve_job(|_, _| {});
        },
        Stage::completes_a_job,
    );
}

#[test]
fn an_endless_flood_holds_up_neither_its_own_stop_nor_other_jobs() {
    play(
        |peer| match peer.variant.as_str() {
            "records" => {
                peer.begin();
                loop {
                    peer.write(&["more"]);
                }
            }
            "stray" => {
                peer.begin();
                loop {
                    peer.raw(b"more of what is no message\n");
                }
            }
            "errors" => {
                peer.begin();
                loop {
                    eprintln!("more");
                }
            }
            _ => peer.serve_job(|_, _| {}),
        },
        |stage| {
            let floods = ["records", "stray", "errors"].map(|variant| stage.start(variant));
            floods.iter().for_each(|job| stage.await_records(job, 0));
            stage.completes_a_job();
            let started = Instant::now();
            for job in &floods {
                job.stop();
                assert_eq!(job.wait(Some(engine_support::DEADLINE)), JobState::Stopped);
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        },
    );
}
