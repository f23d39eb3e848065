//! A worker's start through the guard: what the worker finds, and what an attempt that fails says.

mod guard_support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use guard_support::{guard_of, launch, output, read_all, run, shell, stat_fields};
use psjob::transport::guard::{Exit, Scope};
use psjob::transport::launch::{Launch, LaunchError};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

#[test]
fn the_worker_has_the_three_pipes() {
    run(async {
        let mut worker = shell("cat; echo to stderr >&2; exit 7", &[]).spawn().await.unwrap();
        worker.stdin.write_all(b"through cat").await.unwrap();
        drop(worker.stdin);
        assert_eq!(read_all(worker.stdout).await, "through cat");
        assert_eq!(read_all(worker.stderr).await, "to stderr\n");
        assert_eq!(worker.guard.exited().await, Exit::Code(7));
        assert_eq!(worker.guard.exit(), Some(Exit::Code(7)));
    });
}

#[test]
fn a_death_by_signal_is_reported_as_one() {
    run(async {
        let worker = shell("kill -KILL $$", &[]).spawn().await.unwrap();
        let killed = Exit::Signal { signal: libc::SIGKILL, core_dumped: false };
        assert_eq!(worker.guard.exited().await, killed);
    });
}

#[test]
fn the_worker_gets_arguments_and_directory_as_given() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let mut launch = shell("pwd; printf '%s|' \"$@\"", &["a b", "", "c'\n\"d"]);
    launch.directory = Some(folder.clone());
    assert_eq!(run(output(launch)), format!("{}\na b||c'\n\"d|", folder.display()));
}

#[test]
fn the_worker_has_the_given_environment_and_no_other() {
    let mut launch = launch("/bin/cat", &["/proc/self/environ"]);
    launch.environment =
        [("B", "old"), ("A", "1\n2"), ("B", "=x")].map(|(name, value)| (name.into(), value.into())).into();
    let text = run(output(launch));
    let mut variables: Vec<_> = text.split_terminator('\0').collect();
    variables.sort_unstable();
    assert_eq!(variables, ["A=1\n2", "B==x"]);
}

#[test]
fn an_environment_of_more_than_a_megabyte_arrives() {
    let mut launch = launch("/bin/cat", &["/proc/self/environ"]);
    let value = "x".repeat(100_000);
    launch.environment = (0..12).map(|i| (format!("V{i}").into(), value.clone().into())).collect();
    let text = run(output(launch));
    assert_eq!(text.len(), 12 * (100_000 + "V=\0".len()) + "0123456789".len() + "1011".len());
}

#[test]
fn the_worker_has_descriptors_0_to_2_only_and_the_guard_none_of_its_pipes() {
    // A careless host: a descriptor that every child inherits.
    let leak = rustix::io::dup(fs::File::open("/dev/zero").unwrap()).unwrap();
    run(async {
        // `ls` has the folder itself open.
        let worker = launch("/bin/ls", &["/proc/self/fd"]).spawn().await.unwrap();
        assert_eq!(read_all(worker.stdout).await, "0\n1\n2\n3\n");

        let worker = shell("read line", &[]).spawn().await.unwrap();
        let guard = guard_of(&worker);
        let links = fs::read_dir(format!("/proc/{guard}/fd")).unwrap();
        let links: Vec<_> = links.map(|link| fs::read_link(link.unwrap().path()).unwrap()).collect();
        let own = |link: &Path| {
            let link = link.to_str().unwrap();
            link == "/dev/null" || link.starts_with("socket:") || link.starts_with("anon_inode:")
        };
        assert!(links.iter().all(|link| own(link)), "{links:?}");
    });
    drop(leak);
}

#[test]
fn the_guard_keeps_no_folder_in_use() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let mut launch = shell("read line", &[]);
        launch.directory = Some(folder.path().into());
        let worker = launch.spawn().await.unwrap();
        let current = fs::read_link(format!("/proc/{}/cwd", guard_of(&worker))).unwrap();
        assert_eq!(current, Path::new("/"));
    });
}

#[test]
fn the_worker_leads_a_session_without_a_terminal() {
    run(async {
        let worker = shell("read line", &[]).spawn().await.unwrap();
        let pid = worker.guard.worker_pid();
        let fields = stat_fields(pid);
        let [_state, _parent, group, session, terminal] = &fields[..5] else { panic!("{fields:?}") };
        assert_eq!([group, session], [&pid.to_string(); 2]);
        assert_eq!(terminal, "0");
    });
}

#[test]
fn signal_handling_is_the_default_and_the_umask_the_hosts() {
    // SAFETY: SIGUSR1 means nothing to this process; the mask is this thread's.
    unsafe {
        libc::signal(libc::SIGUSR1, libc::SIG_IGN);
        let mut set = std::mem::zeroed();
        libc::sigfillset(&mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
    }
    let status = run(output(launch("/bin/cat", &["/proc/self/status"])));
    let field = |status: &str, name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.unwrap().trim().to_owned()
    };
    // glibc's posix_spawn leaves its internal signals 32 and 33 ignored, in whatever it starts.
    let internal = 0b11 << (32 - 1);
    for name in ["SigBlk:", "SigIgn:", "SigCgt:"] {
        let signals = u64::from_str_radix(&field(&status, name), 16).unwrap();
        assert_eq!(signals & !internal, 0, "{name}");
    }
    let host = fs::read_to_string("/proc/self/status").unwrap();
    assert_eq!(field(&status, "Umask:"), field(&host, "Umask:"));
}

#[test]
fn nothing_of_a_launch_is_on_the_guards_command_line_or_in_its_environment() {
    run(async {
        let mut launch = shell("read line", &["secret argument"]);
        launch.environment.push(("SECRET".into(), "value".into()));
        let worker = launch.spawn().await.unwrap();
        let guard = guard_of(&worker);
        let line = fs::read_to_string(format!("/proc/{guard}/cmdline")).unwrap();
        assert_eq!(line.trim_end_matches('\0'), env!("CARGO_BIN_EXE_psjob-guard"));
        assert_eq!(fs::read_to_string(format!("/proc/{guard}/environ")).unwrap(), "");
    });
}

#[test]
fn programs_are_found_by_path_by_relative_path_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("own program");
    fs::write(&script, "#!/bin/sh\necho found\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();

    let mut by_name = launch("own program", &[]);
    by_name.environment = vec![("PATH".into(), folder.path().into())];
    assert_eq!(run(output(by_name)), "found\n");

    // A relative path means the host's directory, not the worker's.
    let host = std::env::current_dir().unwrap();
    let up = host.components().skip(1).map(|_| "..").collect::<Vec<_>>().join("/");
    let mut relative = launch(&format!("{up}{}", script.display()), &[]);
    relative.directory = Some("/".into());
    assert_eq!(run(output(relative)), "found\n");
}

#[test]
fn many_workers_start_at_once_and_leave_no_zombie() {
    run(async {
        let mut workers = JoinSet::new();
        for index in 0..40 {
            workers.spawn(async move {
                let worker = shell("echo $1; exit $1", &[&index.to_string()]).spawn().await.unwrap();
                let guard = stat_fields(worker.guard.worker_pid()).get(1).cloned();
                assert_eq!(read_all(worker.stdout).await, format!("{index}\n"));
                assert_eq!(worker.guard.exited().await, Exit::Code(index));
                worker.guard.end(Scope::Worker, guard_support::DEADLINE);
                worker.guard.ended().await;
                guard
            });
        }
        while let Some(guard) = workers.join_next().await {
            if let Some(guard) = guard.unwrap() {
                assert!(!Path::new(&format!("/proc/{guard}")).exists(), "guard {guard} is still there");
            }
        }
    });
}

fn failure(launch: &Launch) -> LaunchError {
    run(launch.spawn()).expect_err("a failure")
}

#[test]
fn a_missing_program_is_named() {
    let text = failure(&launch("/no/such/program", &[])).to_string();
    assert_eq!(text, "cannot find the worker program '/no/such/program'");
    let text = failure(&launch("no-such-program", &[])).to_string();
    assert_eq!(text, "cannot find the worker program 'no-such-program'");
}

#[test]
fn a_program_that_cannot_be_executed_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "#!/no/interpreter\n").unwrap();
    let path = file.to_str().unwrap();

    let text = failure(&launch(path, &[])).to_string();
    assert_eq!(text, format!("cannot execute the worker program '{path}': Permission denied (os error 13)"));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let text = failure(&launch(path, &[])).to_string();
    assert_eq!(text, format!("cannot execute the worker program '{path}': its interpreter or loader is missing"));
}

#[test]
fn a_missing_directory_is_told_from_a_missing_program() {
    let mut launch = shell("true", &[]);
    launch.directory = Some("/no/such/folder".into());
    let text = failure(&launch).to_string();
    let expected = "cannot start a worker in the directory '/no/such/folder': No such file or directory (os error 2)";
    assert_eq!(text, expected);
}

#[test]
fn too_long_an_environment_is_refused() {
    let mut launch = shell("true", &[]);
    launch.environment.push(("LONG".into(), "x".repeat(200_000).into()));
    let text = failure(&launch).to_string();
    assert_eq!(text, "cannot execute the worker program '/bin/sh': Argument list too long (os error 7)");
}

#[test]
fn a_zero_character_is_refused() {
    let text = failure(&shell("true", &["a\0b"])).to_string();
    assert_eq!(text, "the argument list of a worker contains a zero character");
    let mut launch = shell("true", &[]);
    launch.environment.push((OsString::from("A\0"), OsString::new()));
    assert_eq!(failure(&launch).to_string(), "the environment of a worker contains a zero character");
}

#[test]
fn a_missing_or_foreign_guard_is_named() {
    let mut launch = shell("true", &[]);
    launch.guard = "/no/such/guard".into();
    let text = failure(&launch).to_string();
    let expected = "cannot start the guard /no/such/guard: No such file or directory (os error 2); \
                    psjob-guard is part of psjob and belongs beside its library";
    assert_eq!(text, expected);
    launch.guard = "/bin/true".into();
    let text = failure(&launch).to_string();
    assert_eq!(text, "/bin/true is not the psjob-guard of this version of psjob, or was killed");
}

#[test]
fn the_guard_started_by_hand_says_what_it_is() {
    let by_hand = Command::new(env!("CARGO_BIN_EXE_psjob-guard")).output().unwrap();
    assert_eq!(by_hand.status.code(), Some(2));
    assert!(String::from_utf8(by_hand.stderr).unwrap().contains("psjob starts this program"));
}
