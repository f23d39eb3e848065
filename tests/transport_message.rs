//! The messages between engine and guard: encoding and decoding are inverse, and no bytes are too strange to decode.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use psjob::transport::message::{Command, Exit, MAX_DATAGRAM, Report, Request, Scope, Step};

fn text() -> impl Strategy<Value = OsString> {
    vec(any::<u8>(), 0..20).prop_map(OsString::from_vec)
}

fn request() -> impl Strategy<Value = Request> {
    let settings = (any::<u32>(), any::<u32>(), option::of(text()));
    let contents = (text(), vec(text(), 0..5), vec((text(), text()), 0..5));
    (settings, contents).prop_map(|((host, grace, directory), (program, arguments, environment))| Request {
        host,
        grace: Duration::from_millis(grace.into()),
        program,
        arguments,
        environment,
        directory: directory.map(Into::into),
    })
}

proptest! {
    #[test]
    fn a_request_survives_the_way_and_no_part_of_it_passes_for_one(request in request(), cut in any::<prop::sample::Index>()) {
        let mut bytes = request.encode();
        prop_assert_eq!(Request::decode(&bytes), Some(request));
        prop_assert_eq!(Request::decode(&bytes[..cut.index(bytes.len())]), None);
        bytes.push(0);
        prop_assert_eq!(Request::decode(&bytes), None);
    }

    #[test]
    fn commands_and_reports_survive_the_way(number in any::<i32>(), pid in any::<u32>(), grace in any::<u32>(), flag in any::<bool>()) {
        let scope = if flag { Scope::Worker } else { Scope::Group };
        let grace = Duration::from_millis(grace.into());
        for command in [Command::Signal(number, scope), Command::End(scope, grace)] {
            prop_assert_eq!(Command::decode(&command.encode()), Some(command));
        }
        for report in [
            Report::Started(pid),
            Report::Failed(Step::Guard, number),
            Report::Failed(Step::Directory, number),
            Report::Failed(Step::Program, number),
            Report::Exited(Exit::Code(number)),
            Report::Exited(Exit::Signal { signal: number, core_dumped: flag }),
        ] {
            prop_assert!(report.encode().len() <= MAX_DATAGRAM);
            prop_assert_eq!(Report::decode(&report.encode()), Some(report));
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in vec(any::<u8>(), 0..100)) {
        let _ = (Request::decode(&bytes), Command::decode(&bytes), Report::decode(&bytes));
    }
}

#[test]
fn a_grace_beyond_counting_is_the_longest_there_is() {
    let decoded = Command::decode(&Command::End(Scope::Group, Duration::MAX).encode());
    assert_eq!(decoded, Some(Command::End(Scope::Group, Duration::from_millis(u64::MAX))));
}

#[test]
fn a_count_beyond_the_bytes_is_refused_at_once() {
    let request = Request {
        host: 1,
        grace: Duration::ZERO,
        program: OsString::new(),
        arguments: Vec::new(),
        environment: Vec::new(),
        directory: None,
    };
    let mut bytes = request.encode();
    bytes[12..20].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(Request::decode(&bytes), None);
}
