//! Jobs on a real worker, from the engine's side: `$PSJOB_TEST_WORKER`, else the bundled host that `make host` builds,
//! with the everyday cmdlets that `make support` builds.

mod engine_support;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine_support::real::{Shop, play, play_within};
use engine_support::{DEADLINE, Outcome, parent, signal, text};
use psjob::clixml::Value;
use psjob::engine::{ErrorKind, Event, Job, JobSpec, JobState, Record, RecordStream, Timeouts};
use rustix::process::Signal;

const DIED: &str = "2101,PSSessionStateBroken";
const NOT_PREPARED: &str = "2100,PSSessionStateBroken";

fn worker_pid(job: &Job) -> i32 {
    job.worker_pid(0).unwrap().expect("a worker that was started").cast_signed()
}

fn streams(records: &[Arc<Record>]) -> Vec<RecordStream> {
    records.iter().map(|record| record.stream).collect()
}

// Records.

#[test]
fn all_streams_share_one_order_and_nothing_is_shown_twice() {
    const SCRIPT: &str = r#"
        $VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
        Write-Output 'one'
        Write-Error 'two'
        Write-Warning 'three'
        Write-Verbose 'four'
        Write-Debug 'five'
        Write-Information 'six'
        Write-Progress 'seven' -Status 'status'
        Write-Host 'eight'
        Write-Host 'nine' -NoNewline -ForegroundColor Red
        $Host.UI.WriteLine('ten')
        Write-Output 'eleven'"#;
    play(|shop| {
        let job = shop.start(SCRIPT);
        assert_eq!(job.wait(Some(DEADLINE)), JobState::Completed, "{:?}", job.reason(0));
        let records = job.take(0, usize::MAX).unwrap();
        use RecordStream::{Debug, Error, HostCall, Information, Output, Progress, Verbose, Warning};
        // Write-Information shows its text by a call only: its record does not say that it was to be shown.
        let expected = [
            Output,
            Error,
            Warning,
            Verbose,
            Debug,
            Information,
            HostCall,
            Progress,
            Information,
            Information,
            HostCall,
            Output,
        ];
        assert_eq!(streams(&records), expected);
        let words = ["one", "two", "three", "four", "five", "six", "six", "seven", "eight", "nine", "ten", "eleven"];
        for (record, word) in records.iter().zip(words) {
            assert!(String::from_utf8_lossy(&record.clixml).contains(word), "{word} is not in {record:?}");
        }
        assert!(records.is_sorted_by_key(|record| (record.sequence, record.time)));
    });
}

#[test]
fn long_and_many_records_arrive_whole() {
    play(|shop| {
        let jobs = [shop.start("'x' * 3MB"), shop.start("1..20000")];
        let long = Outcome::of(&jobs[0]);
        long.assert_completed();
        assert_eq!(long.output, ["x".repeat(3 << 20)]);
        let many = Outcome::of(&jobs[1]);
        many.assert_completed();
        assert!(many.output.iter().map(|text| text.parse::<u32>().unwrap()).eq(1..=20_000));
    });
}

#[test]
fn input_arrives_whole_and_in_order() {
    const COUNT: i32 = 2_000;
    play(|shop| {
        let job = shop.engine.start(JobSpec { takes_input: true, ..shop.spec("$input") }).unwrap();
        (1..=COUNT).for_each(|number| job.send_input(&Value::Int32(number)).unwrap());
        job.close_input();
        let outcome = Outcome::of(&job);
        outcome.assert_completed();
        assert!(outcome.output.iter().map(|text| text.parse::<i32>().unwrap()).eq(1..=COUNT));
    });
}

#[test]
fn what_native_processes_write_to_the_workers_stdout_does_no_harm() {
    const SCRIPT: &str = r#"
        'before'
        [Diagnostics.Process]::Start('/bin/sh', '-c "echo raw bytes; printf \"half a line\""').WaitForExit()
        'between'
        [Diagnostics.Process]::Start('/bin/sh', '-c "echo; head -c 300000 /dev/zero"').WaitForExit()
        [Console]::WriteLine('swallowed')
        & sh -c 'echo piped'
        'after'"#;
    play(|shop| {
        let outcome = Outcome::of(&shop.start(SCRIPT));
        outcome.assert_completed();
        outcome.assert_output(&["before", "between", "piped", "after"]);
    });
}

// Questions.

fn asked(job: &Job) -> u64 {
    assert_eq!(job.wait(Some(DEADLINE)), JobState::Blocked, "{:?}", job.reason(0));
    job.question(0).unwrap().expect("an open question")
}

#[test]
fn a_question_blocks_the_job_until_it_is_answered_refused_or_stopped() {
    const SCRIPT: &str = "'before'; try { $Host.UI.ReadLine() } catch { $_.Exception.Message }; 'after'";
    play(|shop| {
        let jobs = [(); 3].map(|()| shop.start(SCRIPT));
        let [answered, refused, stopped] = &jobs;
        answered.answer(0, asked(answered), Ok(Value::from("Ada"))).unwrap();
        refused.answer(0, asked(refused), Err("nobody is here".to_owned())).unwrap();
        asked(stopped);
        stopped.stop();

        let outcome = Outcome::of(answered);
        outcome.assert_completed();
        outcome.assert_output(&["before", "Ada", "after"]);
        let outcome = Outcome::of(refused);
        outcome.assert_completed();
        assert!(outcome.output[1].contains("nobody is here"), "{outcome:?}");
        let outcome = Outcome::of(stopped);
        // PowerShell releases the call before it stops the script, which may get some steps further.
        assert_eq!((outcome.state, outcome.output[0].as_str()), (JobState::Stopped, "before"));
    });
}

#[test]
fn an_answer_that_the_question_cannot_take_is_refused_and_the_question_stays() {
    // A worker never comes back from an answer of the wrong kind.
    const SCRIPT: &str = "$Host.UI.ReadLine(); $Host.UI.PromptForChoice('title', 'text', @('&yes', '&no'), 0); 'after'";
    play(|shop| {
        let job = shop.start(SCRIPT);
        let line = asked(&job);
        assert_eq!(job.answer(0, line, Ok(Value::Int32(1))).unwrap_err().kind, ErrorKind::BadValue);
        assert_eq!(asked(&job), line);
        job.answer(0, line, Ok(Value::from("Ada"))).unwrap();
        let choice = asked(&job);
        assert_eq!(job.answer(0, choice, Ok(Value::from("yes"))).unwrap_err().kind, ErrorKind::BadValue);
        job.answer(0, choice, Ok(Value::Int32(1))).unwrap();
        let outcome = Outcome::of(&job);
        outcome.assert_completed();
        outcome.assert_output(&["Ada", "1", "after"]);
    });
}

// Stop.

#[test]
fn an_endless_loop_is_stopped_by_powershell_itself() {
    play(|shop| {
        let job = shop.start("'before'; while ($true) {}");
        shop.await_records(&job, 1);
        let started = Instant::now();
        job.stop();
        let outcome = Outcome::of(&job);
        assert_eq!(outcome.state, JobState::Stopped);
        outcome.assert_output(&["before"]);
        // Long before SIGINT.
        assert!(started.elapsed() < Timeouts::default().stop / 2, "{:?}", started.elapsed());
    });
}

#[test]
fn a_blocking_call_does_not_delay_a_stop_and_native_processes_go_with_the_job() {
    const SCRIPT: &str = "[Diagnostics.Process]::Start('sleep', '300').Id; [Threading.Thread]::Sleep(15000)";
    let timeouts = Timeouts { stop: Duration::from_secs(5), ..Timeouts::default() };
    play_within(timeouts, |shop| {
        let job = shop.start(SCRIPT);
        shop.await_records(&job, 1);
        let native: i32 = text(&job.read(0, 0, 1).unwrap()[0].clixml).parse().unwrap();
        let started = Instant::now();
        job.stop();
        assert_eq!(job.wait(Some(DEADLINE)), JobState::Stopped);
        assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
        assert_eq!(parent(native), None, "the native process still runs");
    });
}

// Ends.

#[test]
fn a_killed_worker_is_noticed_at_once_and_what_came_before_is_kept() {
    play(|shop| {
        let job = shop.start("'one'; 'two'; while ($true) { [Threading.Thread]::Sleep(100) }");
        shop.await_records(&job, 2);
        let started = Instant::now();
        signal(worker_pid(&job), Signal::KILL);
        let outcome = Outcome::of(&job);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        outcome.assert_output(&["one", "two"]);
        assert_eq!(outcome.assert_failed(ErrorKind::WorkerDied, DIED).signal, Some(9));
    });
}

#[test]
fn a_worker_that_ends_itself_is_told_with_how_and_why() {
    play(|shop| {
        let failing = shop.start("'before'; [Environment]::FailFast('this is why')");
        let exiting = shop.start("'before'; [Environment]::Exit(5)");

        let outcome = Outcome::of(&failing);
        outcome.assert_output(&["before"]);
        let reason = outcome.assert_failed(ErrorKind::WorkerDied, DIED);
        assert_eq!(reason.signal, Some(libc::SIGABRT));
        assert!(reason.message.contains("this is why"), "{reason}");

        let outcome = Outcome::of(&exiting);
        outcome.assert_output(&["before"]);
        assert_eq!(outcome.assert_failed(ErrorKind::WorkerDied, DIED).exit_code, Some(5));
    });
}

#[test]
fn an_exit_ends_the_script_wherever_it_stands() {
    play(|shop| {
        let scripts = [
            ("'before'; exit 7; 'after'", 7),
            ("function leave { exit 3 } 'before'; leave; 'after'", 3),
            ("'before'; & { & { exit } }; 'after'", 0),
            ("'before'; try { exit 4 } finally { 'finally' }; 'after'", 4),
        ];
        let jobs = scripts.map(|(script, code)| (shop.start(script), script, code));
        for (job, script, code) in &jobs {
            let outcome = Outcome::of(job);
            assert_eq!((outcome.state, outcome.exit_code), (JobState::Exited, Some(*code)), "{script}: {outcome:?}");
            assert_eq!(outcome.output[0], "before");
            assert!(!outcome.output.iter().any(|text| text == "after"), "{script}: {outcome:?}");
        }
    });
}

#[test]
fn a_terminating_error_fails_the_job_with_the_scripts_own_record() {
    play(|shop| {
        let outcome = Outcome::of(&shop.start("'before'; throw 'no'; 'after'"));
        outcome.assert_output(&["before"]);
        let reason = outcome.assert_failed(ErrorKind::ScriptFailed, "no");
        assert_eq!(reason.message, "no");
        assert!(reason.record.is_some());
    });
}

#[test]
fn a_native_process_outlives_the_job_that_completed() {
    play(|shop| {
        let outcome = Outcome::of(&shop.start("[Diagnostics.Process]::Start('sleep', '300').Id"));
        outcome.assert_completed();
        let native: i32 = outcome.output[0].parse().unwrap();
        assert!(shop.engine.shutdown(DEADLINE));
        assert_eq!(shop.ground.processes(), [native]);
        signal(native, Signal::KILL);
        shop.ground.wait_for_quiet();
    });
}

#[test]
fn an_engine_that_is_dropped_ends_its_workers_and_what_they_started() {
    play(|shop| {
        let engine = shop.another_engine();
        let script = "[Diagnostics.Process]::Start('sleep', '300').Id; [Threading.Thread]::Sleep(300000)";
        let jobs = [(); 2].map(|()| engine.start(shop.spec(script)).unwrap());
        jobs.iter().for_each(|job| engine_support::await_records(&engine, job, 1));
        drop(engine);
        for job in &jobs {
            assert_eq!(job.wait(Some(DEADLINE)), JobState::Stopped);
        }
        shop.ground.wait_for_quiet();
    });
}

// What runs before the job.

fn prepared_by(shop: &Shop, initialization: &str, script: &str) -> JobSpec {
    JobSpec { initialization_script: Some(initialization.to_owned()), ..shop.spec(script) }
}

#[test]
fn an_initialization_script_runs_first_and_speaks_to_the_host() {
    play(|shop| {
        let spec = prepared_by(shop, "function double($n) { 2 * $n } 'hello host'", "double 21");
        let job = shop.engine.start(spec).unwrap();
        let outcome = Outcome::of(&job);
        outcome.assert_completed();
        outcome.assert_output(&["42"]);
        let shown = std::iter::from_fn(|| shop.engine.next_event()).filter_map(|event| match event {
            Event::Preparation { clixml, .. } => Some(String::from_utf8_lossy(&clixml).into_owned()),
            _ => None,
        });
        assert!(shown.collect::<String>().contains("hello host"));
    });
}

#[test]
fn an_initialization_script_that_goes_wrong_fails_the_job() {
    play(|shop| {
        let scripts = ["throw 'no'", "Write-Error 'no'", "1 +", "no-such-command", "Read-Host 'name'"];
        let jobs = scripts.map(|script| shop.engine.start(prepared_by(shop, script, "'ran'")).unwrap());
        for (job, script) in jobs.iter().zip(scripts) {
            let outcome = Outcome::of(job);
            let reason = outcome.assert_failed(ErrorKind::Preparation, NOT_PREPARED);
            assert!(!reason.message.is_empty(), "{script}");
            outcome.assert_output(&[]);
        }
    });
}

#[test]
fn an_exit_in_an_initialization_script_ends_the_job() {
    play(|shop| {
        let outcome = Outcome::of(&shop.engine.start(prepared_by(shop, "exit 9", "'ran'")).unwrap());
        assert_eq!((outcome.state, outcome.exit_code), (JobState::Exited, Some(9)));
        outcome.assert_output(&[]);
    });
}

#[test]
fn a_job_starts_in_the_location_that_was_asked_for_whatever_its_name() {
    const NAMES: [&str; 7] =
        ["plain", "[a-z]*?", "back`tick", "quotes ' \" \u{2019}", "line\nfeed", "$(exit)", "-LiteralPath"];
    play(|shop| {
        let folder = tempfile::tempdir().unwrap();
        let locations: Vec<String> = NAMES
            .map(|name| folder.path().join(name).to_str().unwrap().to_owned())
            .into_iter()
            .inspect(|location| fs::create_dir(location).unwrap())
            .chain(["Env:".to_owned()])
            .collect();
        let start = |location: &String| {
            let working_directory = Some(location.clone());
            shop.engine.start(JobSpec { working_directory, ..shop.spec("$PWD.Path") }).unwrap()
        };
        let jobs: Vec<_> = locations.iter().map(start).collect();
        for (job, location) in jobs.iter().zip(&locations) {
            let outcome = Outcome::of(job);
            outcome.assert_completed();
            assert_eq!(outcome.output[0].trim_end_matches('/'), location.as_str());
        }
    });
}

#[test]
fn a_location_that_does_not_exist_fails_the_job_and_is_named() {
    play(|shop| {
        let working_directory = Some("/no/such [folder]".to_owned());
        let job = shop.engine.start(JobSpec { working_directory, ..shop.spec("'ran'") }).unwrap();
        let outcome = Outcome::of(&job);
        let reason = outcome.assert_failed(ErrorKind::Preparation, NOT_PREPARED);
        assert!(reason.message.contains("/no/such [folder]"), "{reason}");
    });
}

// Many.

#[test]
fn twenty_jobs_at_once_have_a_worker_each() {
    play(|shop| {
        let jobs: Vec<_> = (0..20).map(|number| shop.start(&format!("{number}; $PID"))).collect();
        let mut workers: Vec<String> = jobs
            .iter()
            .enumerate()
            .map(|(number, job)| {
                let outcome = Outcome::of(job);
                outcome.assert_completed();
                assert_eq!(outcome.output[0], number.to_string());
                outcome.output[1].clone()
            })
            .collect();
        workers.sort_unstable();
        workers.dedup();
        assert_eq!(workers.len(), 20);
    });
}
