//! A session: the PSRP client of one worker over the worker's pipes. Bytes in and out, events up; no job in sight.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::{Instant, sleep_until};

use super::error::{Error, ErrorKind};
use super::timeouts::Timeouts;
use crate::psrp::{self, Client, ClientError};
use crate::transport::framing::{self, Decoder, Item};
use crate::transport::guard::{Exit, Guard, Scope};
use crate::transport::launch::{Launch, LaunchError, Worker};

/// What a pipe holds by default: one read empties it.
const READ_SIZE: usize = 64 << 10;
/// What a guard gets beyond the grace of its worker. It needs milliseconds, unless something stopped it; but it waits up
/// to five seconds itself for processes that SIGKILL does not end at once.
pub(super) const GUARD_PATIENCE: Duration = Duration::from_secs(6);
/// How much of the worker's stderr is kept: a .NET process that crashes says why, and then pages of stack.
const STDERR_TAIL: usize = 64 << 10;
/// How much of that the reason of a death repeats.
const LAST_WORDS: usize = 4 << 10;

/// One worker and the protocol state of its session.
pub(super) struct Session {
    client: Client,
    worker: Worker,
    decoder: Decoder,
    outgoing: Vec<u8>,
    incoming: Box<[u8]>,
    stdout_open: bool,
    /// When a worker that has closed its stdin or stdout is given up.
    give_up: Option<Instant>,
    /// When what the worker was sent must be acknowledged; `None` while nothing is on the way.
    answer_due: Option<Instant>,
    stderr: Tail,
    /// Why nothing more will come; told when every event before it was taken.
    end: Option<Error>,
    timeouts: Timeouts,
}

impl Session {
    /// Starts a worker and queues the opening of its session.
    pub(super) async fn start(launch: &Launch, config: psrp::Config, timeouts: Timeouts) -> Result<Self, Error> {
        let worker = launch.spawn().await.map_err(launch_error)?;
        Ok(Self {
            client: Client::new(config),
            worker,
            decoder: Decoder::default(),
            outgoing: Vec::new(),
            incoming: vec![0; READ_SIZE].into(),
            stdout_open: true,
            give_up: None,
            answer_due: None,
            stderr: Tail::default(),
            end: None,
            timeouts,
        })
    }

    /// The protocol state, to queue what is to be sent; [`Session::next`] sends it.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Queues a pipeline. In a session that the worker has just given up it goes nowhere, and what comes next says why.
    pub(super) fn create_pipeline(&mut self, pipeline: &psrp::Pipeline) -> Result<(), Error> {
        match self.client.create_pipeline(pipeline) {
            Err(ClientError::State(state)) if state.is_terminal() => Ok(()),
            created => Ok(created?),
        }
    }

    /// The life of the worker's process.
    pub(super) fn guard(&self) -> &Guard {
        &self.worker.guard
    }

    /// Sends what is queued until an event comes. Dropping the future loses nothing.
    ///
    /// Fails, for good, when the worker has ended or does not speak the protocol; every event that it sent before comes
    /// first.
    pub(super) async fn next(&mut self) -> Result<psrp::Event, Error> {
        loop {
            if let Some(event) = self.client.next_event() {
                return Ok(event);
            }
            if let Some(end) = &self.end {
                return Err(end.clone());
            }
            self.queue_lines();
            self.exchange().await;
        }
    }

    fn queue_lines(&mut self) {
        if !self.client.awaits_answer() {
            self.answer_due = None;
        }
        while let Some(line) = self.client.next_line() {
            framing::encode_line(&line, &mut self.outgoing);
        }
        if self.client.awaits_answer() {
            self.answer_due.get_or_insert_with(|| Instant::now() + self.timeouts.answer);
        }
    }

    /// Moves bytes once, in whichever direction is ready.
    async fn exchange(&mut self) {
        let Worker { stdin, stdout, stderr, guard } = &mut self.worker;
        let (give_up, answer_due) = (self.give_up, self.answer_due);
        tokio::select! {
            read = stdout.read(&mut self.incoming), if self.stdout_open => self.on_stdout(read),
            written = stdin.write(&self.outgoing), if !self.outgoing.is_empty() => self.on_stdin(written),
            () = self.stderr.fill(stderr), if self.stderr.open => {}
            exit = guard.exited() => self.on_exit(exit),
            () = reached(give_up) => {
                self.fail(ErrorKind::WorkerProtocol, 2102, "the worker closed its stdin or stdout and lives on");
            }
            () = reached(answer_due) => {
                let seconds = self.timeouts.answer.as_secs_f32();
                let message = format!("the worker did not acknowledge within {seconds} seconds what it was sent");
                self.fail(ErrorKind::WorkerSilent, 2102, message);
            }
        }
    }

    fn on_stdout(&mut self, read: io::Result<usize>) {
        match read {
            Ok(count) if count > 0 => self.on_output(count),
            _ => {
                self.stdout_open = false;
                self.on_closed_pipe();
            }
        }
    }

    /// The worker is ending, as a rule; its exit tells why.
    fn on_closed_pipe(&mut self) {
        self.give_up.get_or_insert_with(|| Instant::now() + self.timeouts.close);
    }

    fn on_output(&mut self, count: usize) {
        self.decoder.feed(&self.incoming[..count]);
        self.decode();
    }

    fn decode(&mut self) {
        while let Some(item) = self.decoder.next_item() {
            match item {
                Item::Packet(packet) => {
                    if let Err(error) = self.client.receive(packet) {
                        let message = format!("the worker does not speak the PowerShell remoting protocol: {error}");
                        self.end.get_or_insert(Error::session_broken(ErrorKind::WorkerProtocol, 2102, message));
                        return;
                    }
                }
                // Stray bytes are the job's own doing, or a native program's that inherited the worker's stdout.
                Item::Stray(bytes) => tracing::debug!(count = bytes.len(), "stray bytes on a worker's stdout"),
                Item::Torn(_) => {
                    let message = "another process wrote into the middle of what the worker wrote to its stdout, and a part of it is lost";
                    return self.fail(ErrorKind::WorkerProtocol, 2102, message);
                }
            }
        }
    }

    fn on_stdin(&mut self, written: io::Result<usize>) {
        match written {
            Ok(count) => drop(self.outgoing.drain(..count)),
            Err(_) => {
                self.outgoing.clear();
                self.on_closed_pipe();
            }
        }
    }

    /// Takes what the worker wrote before its end: all of it is in the pipes by now.
    fn on_exit(&mut self, exit: Exit) {
        if self.stdout_open && self.end.is_none() {
            self.decoder.feed(&read_what_is_there(&self.worker.stdout));
            self.decode();
        }
        self.stderr.push(&read_what_is_there(&self.worker.stderr));
        self.end.get_or_insert(death(exit, &self.stderr.last_words()));
    }

    fn fail(&mut self, kind: ErrorKind, number: i32, message: impl Into<String>) {
        self.end.get_or_insert(Error::session_broken(kind, number, message));
    }

    /// Ends the session in good order, if the worker answers in time.
    pub(super) async fn close(&mut self) {
        if self.client.close().is_err() {
            return;
        }
        // A worker that does not answer is ended all the same.
        let _ = tokio::time::timeout(self.timeouts.close, self.closed()).await;
    }

    /// Ends the worker, alone or with all its descendants, and waits until it is gone: SIGTERM, and SIGKILL after `grace`.
    pub(super) async fn end(self, scope: Scope, grace: Duration) {
        let guard = &self.worker.guard;
        guard.end(scope, grace);
        if tokio::time::timeout(grace + GUARD_PATIENCE, guard.ended()).await.is_err() {
            tracing::warn!("the guard does not end the worker; ending the guard");
            guard.kill_and_reap().await;
        }
    }

    async fn closed(&mut self) {
        while let Ok(event) = self.next().await {
            if matches!(event, psrp::Event::PoolClosed) {
                return;
            }
        }
    }
}

/// Waits for a point in time; for ever when there is none.
async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// What a pipe holds at this moment, and no more: a process that the worker left behind may write on and on.
///
/// Asks the system itself. The runtime may not have heard yet that there is something to read.
fn read_what_is_there(pipe: &pipe::Receiver) -> Vec<u8> {
    let count = rustix::io::ioctl_fionread(pipe).unwrap_or_default();
    let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
    let mut filled = 0;
    while let Ok(count @ 1..) = rustix::io::read(pipe, &mut bytes[filled..]) {
        filled += count;
    }
    bytes.truncate(filled);
    bytes
}

fn launch_error(error: LaunchError) -> Error {
    let message = error.to_string();
    // E_FAIL is the HRESULT that .NET gives an executable that cannot be started (behaviour.md 2.4).
    const E_FAIL: i32 = -2_147_467_259;
    match error {
        LaunchError::ProgramNotFound { .. } => Error::session_broken(ErrorKind::WorkerNotFound, E_FAIL, message),
        LaunchError::Program { .. } | LaunchError::Directory { .. } => {
            Error::session_broken(ErrorKind::WorkerStart, E_FAIL, message)
        }
        _ => Error::session_broken(ErrorKind::WorkerStart, 2107, message),
    }
}

/// The reason of a job whose worker ended.
fn death(exit: Exit, stderr: &str) -> Error {
    let (how, exit_code, signal) = match exit {
        Exit::Code(code) => (format!("exited with code {code}"), Some(code), None),
        Exit::Signal { signal, core_dumped } => {
            let core = if core_dumped { " and dumped core" } else { "" };
            (format!("was ended by signal {signal}{core}"), None, Some(signal))
        }
    };
    let wrote = if stderr.is_empty() { String::new() } else { format!("; it last wrote to its stderr: {stderr}") };
    let message = format!("the worker {how} before the job was done{wrote}");
    Error { exit_code, signal, ..Error::session_broken(ErrorKind::WorkerDied, 2101, message) }
}

/// The last bytes of a stream.
struct Tail {
    bytes: Vec<u8>,
    open: bool,
}

impl Default for Tail {
    fn default() -> Self {
        Self { bytes: Vec::new(), open: true }
    }
}

impl Tail {
    /// Reads once. Dropping the future loses nothing.
    async fn fill(&mut self, source: &mut pipe::Receiver) {
        let mut chunk = [0; 1024];
        match source.read(&mut chunk).await {
            Ok(count) if count > 0 => self.push(&chunk[..count]),
            _ => self.open = false,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Not at every push, each of which would move all of it.
        if self.bytes.len() > 2 * STDERR_TAIL {
            self.bytes.drain(..self.bytes.len() - STDERR_TAIL);
        }
    }

    /// The last that was said, but for the frames of .NET stacks.
    fn last_words(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let said: Vec<&str> = text.lines().filter(|line| !line.starts_with("   at ")).collect();
        let said = said.join("\n");
        let start = said.ceil_char_boundary(said.len().saturating_sub(LAST_WORDS));
        said[start..].trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_end_without_the_stack() {
        let mut tail = Tail::default();
        for _ in 0..10 {
            tail.push(&[b'a'; STDERR_TAIL]);
        }
        assert!(tail.bytes.len() <= 2 * STDERR_TAIL);
        tail.push("\nÄrger\n".as_bytes());
        (0..1000).for_each(|_| tail.push(b"   at System.Environment.FailFast(System.String)\n"));
        tail.push(b"end\n");
        let words = tail.last_words();
        assert!(words.ends_with("a\nÄrger\nend"), "{words}");
        assert_eq!(words.len(), LAST_WORDS);
    }

    #[test]
    fn a_death_tells_how_and_what_was_said_last() {
        let exited = death(Exit::Code(3), "");
        assert_eq!((exited.exit_code, exited.signal), (Some(3), None));
        assert_eq!(exited.id.as_deref(), Some("2101,PSSessionStateBroken"));
        let killed = death(Exit::Signal { signal: 9, core_dumped: false }, "bye");
        assert_eq!((killed.exit_code, killed.signal), (None, Some(9)));
        assert!(killed.message.contains("signal 9") && killed.message.ends_with("bye"), "{killed}");
    }
}
