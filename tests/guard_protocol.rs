//! What the guard makes of messages that psjob itself would not send: a host and a guard may be of different builds.

mod guard_support;

use std::fs::File;
use std::io::{IoSlice, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use guard_support::DEADLINE;
use psjob::transport::message::{self, Exit, HELLO, HELLO_DESCRIPTORS, MAX_DATAGRAM, Report, Request, Scope, Step};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

/// A guard that was started and sent one message.
struct Guard {
    process: Child,
    socket: OwnedFd,
}

impl Guard {
    fn start(hello: &[u8], request: &[u8], descriptors: usize) -> Self {
        let pair = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (socket, guard_socket) = pair.unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(request).unwrap();
        file.rewind().unwrap();
        let null = File::options().read(true).write(true).open("/dev/null").unwrap();
        let attached = [file.as_fd(), null.as_fd(), null.as_fd(), null.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HELLO_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if descriptors > 0 {
            assert!(control.push(SendAncillaryMessage::ScmRights(&attached[..descriptors])));
        }
        rustix::net::sendmsg(&socket, &[IoSlice::new(hello)], &mut control, SendFlags::empty()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_psjob-guard"));
        let process = command.stdin(guard_socket).stderr(Stdio::null()).spawn().unwrap();
        Self { process, socket }
    }

    fn start_worker(host: u32) -> Self {
        Self::start(HELLO, &request(host), HELLO_DESCRIPTORS)
    }

    fn send(&self, datagram: &[u8]) {
        rustix::net::send(&self.socket, datagram, SendFlags::empty()).unwrap();
    }

    /// The next report; `None` at the end.
    fn report(&self) -> Option<Report> {
        let mut source = [PollFd::new(&self.socket, PollFlags::IN)];
        let deadline = Timespec::try_from(DEADLINE).unwrap();
        assert_eq!(rustix::event::poll(&mut source, Some(&deadline)), Ok(1), "a report in time");
        let mut datagram = [0; MAX_DATAGRAM];
        let (length, _) = rustix::net::recv(&self.socket, &mut datagram, RecvFlags::empty()).unwrap();
        Report::decode(&datagram[..length])
    }
}

fn request(host: u32) -> Vec<u8> {
    let request = Request {
        host,
        grace: DEADLINE,
        program: "/bin/cat".into(),
        arguments: Vec::new(),
        environment: Vec::new(),
        directory: None,
    };
    request.encode()
}

#[test]
fn a_greeting_or_request_that_it_does_not_understand_is_declined() {
    let next_version = [&HELLO[..HELLO.len() - 1], b"2"].concat();
    let with_more = [HELLO, b" and more"].concat();
    let good = &*request(std::process::id());
    for (hello, request, descriptors) in [
        (&*next_version, good, HELLO_DESCRIPTORS),
        (&*with_more, good, HELLO_DESCRIPTORS),
        (HELLO, b"no request", HELLO_DESCRIPTORS),
        (HELLO, good, 0),
        (HELLO, good, HELLO_DESCRIPTORS - 1),
    ] {
        let mut guard = Guard::start(hello, request, descriptors);
        assert_eq!(guard.report(), None);
        assert_eq!(guard.process.wait().unwrap().code(), Some(2));
    }
}

#[test]
fn a_host_that_is_not_the_parent_gets_no_worker() {
    let mut guard = Guard::start_worker(1);
    assert_eq!(guard.report(), Some(Report::Failed(Step::Guard, libc::ESRCH)));
    assert_eq!(guard.process.wait().unwrap().code(), Some(1));
}

#[test]
fn commands_that_it_does_not_understand_are_passed_over() {
    let mut guard = Guard::start_worker(std::process::id());
    assert!(matches!(guard.report(), Some(Report::Started(_))));
    assert_eq!(guard.report(), Some(Report::Exited(Exit::Code(0))), "cat reads /dev/null");
    for datagram in
        [&[0xff; MAX_DATAGRAM * 10][..], b"x", &[1; 10], &message::Command::Signal(999, Scope::Worker).encode()]
    {
        guard.send(datagram);
    }
    guard.send(&message::Command::End(Scope::Worker, Duration::ZERO).encode());
    assert_eq!(guard.report(), None);
    assert_eq!(guard.process.wait().unwrap().code(), Some(0));
}
