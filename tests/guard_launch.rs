//! A worker's start through the guard: what the worker finds, and what an attempt that fails says.

mod guard_support;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use guard_support::{Seen, launch, lines, output, read_all, run, shell};
use psjob::transport::guard::{Exit, Scope};
use psjob::transport::launch::LaunchError;
use tokio::io::AsyncWriteExt;

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
        assert_eq!(worker.guard.exited().await, Exit::Signal { signal: libc::SIGKILL, core_dumped: false });
    });
}

#[test]
fn the_worker_gets_arguments_environment_and_directory_as_given() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let mut launch = shell("pwd; printf '%s|' \"$@\" \"$A\"; env | sort", &["a b", "", "c'\n\"d"]);
    launch.directory = Some(folder.clone());
    launch.environment = vec![("A".into(), "1".into()), ("A".into(), "two words".into())];
    // The shell itself adds PWD and, some, `_`.
    let text = run(output(launch));
    let expected = format!("{}\na b||c'\n\"d|two words|A=two words\n", folder.display());
    assert!(text.starts_with(&expected), "{text}");
}
