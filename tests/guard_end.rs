//! How a worker ends under its guard: in order, by force, with and without what it started.

mod guard_support;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use guard_support::{DEADLINE, Seen, guard_of, lines, run, shell, stat_fields};
use psjob::transport::guard::{Exit, Guard, Scope};
use rustix::process::Signal;
use tokio::io::{BufReader, Lines};
use tokio::net::unix::pipe;

const AT_ONCE: Duration = Duration::ZERO;
const KILLED: Exit = Exit::Signal { signal: libc::SIGKILL, core_dumped: false };
const TERMINATED: Exit = Exit::Signal { signal: libc::SIGTERM, core_dumped: false };
/// For a worker that ignores SIGTERM, as do the processes that it starts.
const STUBBORN: &str = "trap '' TERM";
const WAITS: &str = "while :; do wait; done";
const EXITS_AFTER_INPUT: &str = "read line; exit 3";

/// A worker that has started a child in its group, a child in a session of its own, and an orphan in another.
struct Family {
    guard: Guard,
    guard_process: Seen,
    stdin: Option<pipe::Sender>,
    lines: Lines<BufReader<pipe::Receiver>>,
    members: [Seen; 3],
}

/// A shell command that starts a process, which writes a name and its id once it is where it belongs and has no more of
/// its parent's signal handling.
fn member(name: &str, prefix: &str) -> String {
    format!("{prefix} sh -c 'echo {name} $$; exec sleep 1000' &")
}

impl Family {
    /// The worker runs `first`, starts its processes and runs `then`.
    async fn start(first: &str, then: &str) -> Self {
        Self::start_with_grace(first, then, DEADLINE).await
    }

    async fn start_with_grace(first: &str, then: &str, grace: Duration) -> Self {
        let children = format!("{} {} ({})", member("0", ""), member("1", "setsid"), member("2", "setsid"));
        let mut launch = shell(&format!("{first}\n{children}\n{then}"), &[]);
        launch.grace = grace;
        let worker = launch.spawn().await.unwrap();
        let guard_process = Seen::new(guard_of(&worker));
        let mut lines = lines(worker.stdout);
        let mut said = BTreeSet::new();
        while said.len() < 3 {
            said.insert(lines.next_line().await.unwrap().unwrap());
        }
        let mut members = said.iter().map(|line| Seen::new(&line[2..]));
        let members = std::array::from_fn(|_| members.next().unwrap());
        Self { guard: worker.guard, guard_process, stdin: Some(worker.stdin), lines, members }
    }

    fn assert_all_end(&self) {
        self.members.iter().for_each(Seen::assert_ends);
        self.guard_process.assert_ends();
    }

    fn assert_members_live(&self) {
        self.members.iter().for_each(Seen::assert_lives);
    }
}

#[test]
fn ending_the_group_ends_every_descendant() {
    run(async {
        let family = Family::start("", WAITS).await;
        family.guard.end(Scope::Group, DEADLINE);
        assert_eq!(family.guard.exited().await, TERMINATED);
        family.guard.ended().await;
        family.assert_all_end();
    });
}

#[test]
fn what_ignores_sigterm_is_killed_after_the_grace() {
    run(async {
        let family = Family::start(STUBBORN, WAITS).await;
        family.guard.end(Scope::Group, Duration::from_millis(50));
        assert_eq!(family.guard.exited().await, KILLED);
        family.guard.ended().await;
        family.assert_all_end();
    });
}

#[test]
fn within_the_grace_a_worker_may_end_in_its_own_way() {
    run(async {
        let family = Family::start("trap 'exit 5' TERM", WAITS).await;
        family.guard.end(Scope::Group, DEADLINE);
        assert_eq!(family.guard.exited().await, Exit::Code(5));
        family.guard.ended().await;
        family.assert_all_end();
    });
}

#[test]
fn what_is_started_while_ending_ends_too() {
    run(async {
        let mut family =
            Family::start(&format!("late() {{ {} read line; exit; }}; trap late TERM", member("3", "setsid")), WAITS)
                .await;
        family.guard.end(Scope::Group, DEADLINE);
        let late = Seen::new(&family.lines.next_line().await.unwrap().unwrap()[2..]);
        drop(family.stdin.take());
        family.guard.ended().await;
        late.assert_ends();
    });
}

#[test]
fn ending_the_worker_spares_what_it_started() {
    run(async {
        for (first, exit) in [("", TERMINATED), (STUBBORN, KILLED)] {
            let family = Family::start(first, WAITS).await;
            family.guard.end(Scope::Worker, if exit == KILLED { AT_ONCE } else { DEADLINE });
            assert_eq!(family.guard.exited().await, exit);
            family.guard.ended().await;
            family.guard_process.assert_ends();
            family.assert_members_live();
        }
    });
}

#[test]
fn survivors_of_a_worker_that_ended_by_itself_are_the_callers_choice() {
    run(async {
        for scope in [Scope::Worker, Scope::Group] {
            let mut family = Family::start("", EXITS_AFTER_INPUT).await;
            drop(family.stdin.take());
            assert_eq!(family.guard.exited().await, Exit::Code(3));
            family.assert_members_live();
            family.guard.end(scope, DEADLINE);
            family.guard.ended().await;
            match scope {
                Scope::Worker => family.assert_members_live(),
                Scope::Group => family.assert_all_end(),
            }
        }
    });
}

#[test]
fn dropping_the_guard_ends_everything() {
    run(async {
        for (first, grace) in [("", DEADLINE), (STUBBORN, AT_ONCE)] {
            let Family { guard, guard_process, members, .. } = Family::start_with_grace(first, WAITS, grace).await;
            drop(guard);
            members.iter().for_each(Seen::assert_ends);
            guard_process.assert_ends();
        }
    });
}

#[test]
fn dropping_the_guard_of_a_worker_that_ended_by_itself_ends_what_is_left() {
    run(async {
        let Family { guard, guard_process, stdin, members, .. } = Family::start("", EXITS_AFTER_INPUT).await;
        drop(stdin);
        guard.exited().await;
        drop(guard);
        members.iter().for_each(Seen::assert_ends);
        guard_process.assert_ends();
    });
}

#[test]
fn dropping_the_guard_after_an_end_does_not_change_that_end() {
    run(async {
        let Family { guard, guard_process, members, .. } = Family::start_with_grace("", WAITS, AT_ONCE).await;
        guard.end(Scope::Worker, DEADLINE);
        drop(guard);
        guard_process.assert_ends();
        members.iter().for_each(Seen::assert_lives);
    });
}

#[test]
fn a_second_end_widens_the_scope_and_shortens_the_grace() {
    run(async {
        let family = Family::start(STUBBORN, WAITS).await;
        family.guard.end(Scope::Worker, DEADLINE);
        family.guard.end(Scope::Group, DEADLINE);
        family.guard.end(Scope::Worker, AT_ONCE);
        family.guard.ended().await;
        family.assert_all_end();
    });
}

#[test]
fn a_stopped_worker_ends_within_the_grace() {
    run(async {
        let family = Family::start("", WAITS).await;
        family.guard.signal(Signal::STOP, Scope::Worker).unwrap();
        // Only its parent, the guard, could wait for the stop.
        while stat_fields(family.guard.worker_pid())[0] != "T" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        family.guard.end(Scope::Group, DEADLINE);
        assert_eq!(family.guard.exited().await, TERMINATED);
        family.guard.ended().await;
        family.assert_all_end();
    });
}

#[test]
fn signals_reach_the_worker_or_its_group() {
    run(async {
        let mut family = Family::start("trap 'echo got it' USR1", WAITS).await;
        family.guard.signal(Signal::USR1, Scope::Worker).unwrap();
        assert_eq!(family.lines.next_line().await.unwrap().unwrap(), "got it");
        family.assert_members_live();
        family.guard.signal(Signal::USR1, Scope::Group).unwrap();
        assert_eq!(family.lines.next_line().await.unwrap().unwrap(), "got it");
        let [in_group, own_session, orphan] = &family.members;
        in_group.assert_ends();
        own_session.assert_lives();
        orphan.assert_lives();
    });
}

#[test]
fn a_guard_that_has_ended_takes_no_signal_and_may_be_ended_again() {
    run(async {
        let worker = shell("exit", &[]).spawn().await.unwrap();
        worker.guard.end(Scope::Group, DEADLINE);
        worker.guard.ended().await;
        let refused = worker.guard.signal(Signal::INT, Scope::Worker).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
        worker.guard.end(Scope::Group, DEADLINE);
    });
}

#[test]
fn killing_the_guard_kills_the_worker_and_its_group() {
    run(async {
        let family = Family::start(STUBBORN, WAITS).await;
        family.guard_process.kill();
        assert_eq!(family.guard.exited().await, KILLED);
        family.guard.ended().await;
        family.members[0].assert_ends();
    });
}

#[test]
fn a_signal_to_the_guard_ends_the_worker_in_order() {
    run(async {
        let worker = shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done", &[]).spawn().await.unwrap();
        let guard = guard_of(&worker).parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
        lines(worker.stdout).next_line().await.unwrap();
        rustix::process::kill_process(guard, Signal::HUP).unwrap();
        assert_eq!(worker.guard.exited().await, Exit::Code(5));
        worker.guard.ended().await;
    });
}

#[test]
fn a_guard_waits_without_using_the_processor() {
    run(async {
        let family = Family::start("trap 'echo asked' TERM", WAITS).await;
        let Family { guard, mut lines, .. } = family;
        let pid = stat_fields(guard.worker_pid())[1].clone();
        drop(guard);
        // From here on the guard's socket is at its end, and the worker does not obey.
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "asked");
        let processor_ticks =
            || stat_fields(&pid)[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>();
        let before = processor_ticks();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(processor_ticks() - before <= 3, "a busy guard");
    });
}

#[test]
fn the_litter_of_a_killed_worker_is_swept_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        cd "$TMPDIR"
        touch dotnet-diagnostic-$$-12-socket clr-debug-pipe-$$-12-in clr-debug-pipe-$$-12-out
        touch CoreFxPipe_PSHost.1DBA54E1.$$.None.pwsh
        touch kept-$$ dotnet-diagnostic-1$$-12-socket dotnet-diagnostic-12-$$-socket dotnet-diagnostic-$$
        touch CoreFxPipe_PSHost.$$.12.None.pwsh CoreFxPipe_PSHost.12.${$}1.None.pwsh CoreFxPipe_Other.12.$$.None.pwsh
        kill -KILL $$
    "#;
    let mut launch = shell(script, &[]);
    launch.environment.push(("TMPDIR".into(), folder.path().into()));
    let pid = run(async {
        let worker = launch.spawn().await.unwrap();
        assert_eq!(worker.guard.exited().await, KILLED);
        worker.guard.worker_pid()
    });
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let mut expected = [
        format!("CoreFxPipe_Other.12.{pid}.None.pwsh"),
        format!("CoreFxPipe_PSHost.12.{pid}1.None.pwsh"),
        format!("CoreFxPipe_PSHost.{pid}.12.None.pwsh"),
        format!("dotnet-diagnostic-12-{pid}-socket"),
        format!("dotnet-diagnostic-1{pid}-12-socket"),
        format!("dotnet-diagnostic-{pid}"),
        format!("kept-{pid}"),
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}
