//! The guard under hosts of all kinds: killed, careless with children and descriptors, on a terminal.
//!
//! Each test starts this program again as such a host.

mod guard_support;

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Lines};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use guard_support::{DEADLINE, Seen, guard_of, lines, output, run, shell};
use psjob::transport::guard::{Exit, Guard, Scope};
use rustix::process::{WaitId, WaitIdOptions, WaitOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

const ROLE: &str = "PSJOB_TEST_HOST";
const MARK: &str = "host says: ";

/// Not a test by itself: the host that the others start.
#[test]
fn host_process() {
    match std::env::var(ROLE).as_deref() {
        Ok("waits") => run(async {
            let _worker = stubborn_worker().await;
            std::future::pending().await
        }),
        Ok("exits") => {
            let _worker = run(stubborn_worker());
            std::process::exit(0);
        }
        Ok("forks") => run(async {
            let _worker = stubborn_worker().await;
            say(fork_child());
            std::future::pending().await
        }),
        Ok("ignores SIGCHLD") => {
            // SAFETY: no handler is set.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            run(worker_life());
        }
        Ok("reaps every child") => {
            // One child that stays, so that there is always one to wait for.
            let mut stays = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
            let reaper =
                std::thread::spawn(|| while rustix::process::waitid(WaitId::All, WaitIdOptions::EXITED).is_ok() {});
            run(worker_life());
            drop(stays.stdin.take());
            reaper.join().unwrap();
            assert!(stays.wait().is_err(), "somebody else should have waited");
        }
        Ok("has SIGPIPE") => run(write_to_ended_worker()),
        Ok("gives up launches") => give_up_launches(),
        Ok("has a terminal") => run(worker_on_terminal()),
        Ok(role) => panic!("no such host: {role}"),
        Err(_) => {}
    }
}

fn say(what: impl std::fmt::Display) {
    // The harness may have begun the line.
    println!("\n{MARK}{what}");
}

/// A host process and what it says.
struct Host {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Host {
    fn start(role: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "host_process", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// What it says next. It ends by itself at the deadline, if not before.
    fn says(&mut self) -> String {
        let said = self.lines.find_map(|line| line.unwrap().strip_prefix(MARK).map(str::to_owned));
        said.expect("the host ended without a word")
    }

    /// The guard, the worker, its child, and its grandchild in a session of its own, which all ignore SIGTERM.
    fn worker_processes(&mut self) -> [Seen; 4] {
        std::array::from_fn(|_| Seen::new(self.says()))
    }

    fn assert_succeeds(mut self) {
        let rest: Vec<_> = self.lines.map(Result::unwrap).collect();
        assert!(self.process.wait().unwrap().success(), "{rest:#?}");
    }
}

/// A worker that, like what it starts, ignores SIGTERM.
async fn stubborn_worker() -> (Guard, pipe::Sender) {
    let script =
        "trap '' TERM; sleep 1000 & echo $!; (setsid sh -c 'echo $$; exec sleep 1000' &); while :; do wait; done";
    let mut launch = shell(script, &[]);
    launch.grace = Duration::from_millis(50);
    let worker = launch.spawn().await.unwrap();
    say(guard_of(&worker));
    say(worker.guard.worker_pid());
    let mut lines = lines(worker.stdout);
    for _ in 0..2 {
        say(lines.next_line().await.unwrap().unwrap());
    }
    (worker.guard, worker.stdin)
}

#[test]
fn a_host_killed_in_any_way_leaves_no_process() {
    let mut host = Host::start("waits");
    let processes = host.worker_processes();
    host.process.kill().unwrap();
    host.process.wait().unwrap();
    processes.iter().for_each(Seen::assert_ends);
}

#[test]
fn a_host_that_exits_without_a_word_leaves_no_process() {
    let mut host = Host::start("exits");
    // The guard may be through with them before they can be looked at; then they have ended.
    let pids: Vec<_> = (0..4).map(|_| host.says()).collect();
    host.process.wait().unwrap();
    pids.iter().filter_map(Seen::if_alive).for_each(|process| process.assert_ends());
}

#[test]
fn a_worker_dies_even_when_its_guard_is_killed_with_the_host() {
    let mut host = Host::start("waits");
    let [guard, worker, _child, _grandchild] = host.worker_processes();
    // A stopped guard cannot do anything about the host's end.
    guard.stop();
    host.process.kill().unwrap();
    host.process.wait().unwrap();
    worker.assert_lives();
    guard.kill();
    worker.assert_ends();
}

#[test]
fn a_child_that_the_host_forked_does_not_keep_workers_alive() {
    let mut host = Host::start("forks");
    let processes = host.worker_processes();
    let forked = Seen::new(host.says());
    host.process.kill().unwrap();
    host.process.wait().unwrap();
    processes.iter().for_each(Seen::assert_ends);
    forked.assert_lives();
}

/// A child that has every descriptor of this process, as after Python's `os.fork`.
fn fork_child() -> i32 {
    // SAFETY: the child only makes system calls.
    unsafe {
        match libc::fork() {
            0 => loop {
                libc::pause();
            },
            child => child,
        }
    }
}

#[test]
fn a_host_that_ignores_sigchld_sees_how_workers_end() {
    Host::start("ignores SIGCHLD").assert_succeeds();
}

#[test]
fn a_host_that_reaps_every_child_sees_how_workers_end() {
    Host::start("reaps every child").assert_succeeds();
}

async fn worker_life() {
    for code in 0..20 {
        let worker = shell("exit $1", &[&code.to_string()]).spawn().await.unwrap();
        assert_eq!(worker.guard.exited().await, Exit::Code(code));
        worker.guard.end(Scope::Group, DEADLINE);
        worker.guard.ended().await;
    }
}

#[test]
fn writing_to_a_worker_that_has_ended_does_not_end_the_host() {
    Host::start("has SIGPIPE").assert_succeeds();
}

async fn write_to_ended_worker() {
    // SAFETY: no handler is set.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    psjob::transport::block_sigpipe().unwrap();
    let mut worker = shell("exit", &[]).spawn().await.unwrap();
    worker.guard.exited().await;
    assert_eq!(worker.stdin.write_all(b"line\n").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    worker.guard.end(Scope::Group, DEADLINE);
    worker.guard.ended().await;
}

#[test]
fn a_launch_given_up_leaves_no_process() {
    Host::start("gives up launches").assert_succeeds();
}

fn give_up_launches() {
    // What a guard leaves would become a child of this process.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    run(async {
        for tenths in 0..40 {
            let launch = shell("sleep 1000 & sleep 1000", &[]);
            let patience = Duration::from_micros(tenths * 100);
            drop(tokio::time::timeout(patience, launch.spawn()).await);
        }
    });
    while rustix::process::wait(WaitOptions::empty()).is_ok() {}
}

#[test]
fn a_worker_has_no_part_in_the_hosts_terminal() {
    Host::start("has a terminal").assert_succeeds();
}

async fn worker_on_terminal() {
    let terminal = become_leader_of_a_terminal();
    let test = "if (: </dev/tty) 2>/dev/null; then echo terminal; else echo none; fi";
    let direct = Command::new("/bin/sh").args(["-c", test]).output().unwrap();
    assert_eq!(direct.stdout, b"terminal\n");
    assert_eq!(output(shell(test, &[])).await, "none\n");

    // Ctrl+C: the host, in the foreground, gets a signal that it ignores; a worker would end.
    let mut worker = shell("cat", &[]).spawn().await.unwrap();
    rustix::io::write(&terminal, b"\x03").unwrap();
    let mut echoed = [0; 5];
    worker.stdin.write_all(b"still").await.unwrap();
    worker.stdout.read_exact(&mut echoed).await.unwrap();
    assert_eq!(worker.guard.exit(), None);
}

/// Makes this process the leader of a session on a new terminal; returns the other end of that.
fn become_leader_of_a_terminal() -> OwnedFd {
    rustix::process::setsid().unwrap();
    // SAFETY: no handler is set; the calls get an open descriptor of ours and a buffer of the length they are told.
    let (master, slave) = unsafe {
        libc::signal(libc::SIGINT, libc::SIG_IGN);
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
        let master = OwnedFd::from_raw_fd(libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY));
        assert_eq!(libc::unlockpt(master.as_raw_fd()), 0);
        let mut name = [0; 64];
        assert_eq!(libc::ptsname_r(master.as_raw_fd(), name.as_mut_ptr(), name.len()), 0);
        (master, std::ffi::CStr::from_ptr(name.as_ptr()).to_str().unwrap().to_owned())
    };
    // The first terminal that a session leader opens becomes the session's own, as long as it is open.
    std::mem::forget(File::options().read(true).write(true).open(slave).unwrap());
    master
}
