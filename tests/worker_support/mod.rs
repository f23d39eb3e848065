//! A real worker process and the client of its session, for tests.

use psjob::clixml::{self, Value};
use psjob::psrp::{
    Client, Command, Config, Event, HostCall, HostInfo, Limits, Pipeline, PipelineEnd, Statement, Stream,
};
use psjob::transport::framing::{Decoder, Item, encode_line};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use uuid::Uuid;

/// For each wait; a worker under load opens in seconds.
const DEADLINE: Duration = Duration::from_secs(60);

/// A worker process and the client of its session.
pub struct Session {
    pub client: Client,
    worker: Child,
    pub stdin: ChildStdin,
    stdout: Receiver<Vec<u8>>,
    decoder: Decoder,
}

/// What a pipeline gave.
#[derive(Debug)]
pub struct Run {
    pub records: Vec<(Stream, Value)>,
    pub calls: Vec<HostCall>,
    pub state: PipelineEnd,
    pub reason: Option<Value>,
}

impl Session {
    /// Starts a worker; its session is not yet open.
    pub fn start(host: HostInfo) -> Self {
        let program = std::env::var("PSJOB_TEST_WORKER")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/out/host/psjob-host").to_owned());
        let mut worker = std::process::Command::new(&program)
            .args(["-s", "-NoLogo", "-NoProfile"])
            .env("POWERSHELL_TELEMETRY_OPTOUT", "1")
            .env("DOTNET_EnableDiagnostics", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("no worker at {program} ({error}): `make host` builds it"));
        let stdin = worker.stdin.take().unwrap();
        let mut output = worker.stdout.take().unwrap();
        let (sender, stdout) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let client = Client::new(config(host));
        Self { client, worker, stdin, stdout, decoder: Decoder::default() }
    }

    pub fn open(host: HostInfo) -> Self {
        let mut session = Self::start(host);
        session.client.open().unwrap();
        session.wait_for(|event| *event == Event::Opened);
        session
    }

    /// Moves bytes until the next event.
    pub fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.client.next_event() {
                return event;
            }
            self.send();
            let bytes = self.stdout.recv_timeout(DEADLINE).expect("the worker fell silent");
            self.decoder.feed(&bytes);
            while let Some(item) = self.decoder.next_item() {
                match item {
                    Item::Packet(packet) => self.client.receive(packet).unwrap(),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    pub fn send(&mut self) {
        while let Some(packets) = self.client.next_line() {
            let mut line = Vec::new();
            encode_line(&packets, &mut line);
            self.stdin.write_all(&line).unwrap();
        }
    }

    pub fn wait_for(&mut self, mut wanted: impl FnMut(&Event) -> bool) -> Event {
        loop {
            let event = self.next();
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Creates a pipeline of one script with input.
    pub fn create(&mut self, script: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.client.create_pipeline(&Pipeline::script(id, script)).unwrap();
        id
    }

    pub fn run_script(&mut self, script: &str) -> Run {
        self.run(pipeline(vec![Command::script(script)]))
    }

    pub fn run(&mut self, pipeline: Pipeline) -> Run {
        self.client.create_pipeline(&pipeline).unwrap();
        self.finish(pipeline.id, |_, _| panic!("unexpected question"))
    }

    /// Waits for the pipeline's end and closes it; `answer` answers questions.
    pub fn finish(&mut self, id: Uuid, mut answer: impl FnMut(&mut Client, &HostCall)) -> Run {
        let (mut records, mut calls) = (Vec::new(), Vec::new());
        let (state, reason) = loop {
            match self.next() {
                Event::Record { pipeline, stream, clixml } if pipeline == id => records.push((stream, read(&clixml))),
                Event::Opened | Event::PrivateData(_) => {}
                Event::HostCall(call) => {
                    if call.call.expects_answer() {
                        answer(&mut self.client, &call);
                    }
                    calls.push(call);
                }
                Event::PipelineState { pipeline, state, reason } if pipeline == id => break (state, reason),
                other => panic!("{other:?}"),
            }
        };
        self.client.close_pipeline(id).unwrap();
        assert_eq!(self.next(), Event::CommandClosed { pipeline: id });
        let reason = reason.map(|reason| reason.value().clone());
        Run { records, calls, state, reason }
    }

    /// Closes the session; the process goes on.
    pub fn close(&mut self) {
        self.client.close().unwrap();
        self.wait_for(|event| *event == Event::PoolClosed);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.worker.kill();
        let _ = self.worker.wait();
    }
}

impl Run {
    pub fn of(&self, stream: Stream) -> Vec<&Value> {
        self.records.iter().filter(|record| record.0 == stream).map(|record| &record.1).collect()
    }

    pub fn output(&self) -> Vec<&Value> {
        assert_eq!(self.state, PipelineEnd::Completed, "{self:?}");
        self.of(Stream::Output)
    }

    pub fn texts(&self) -> Vec<String> {
        self.output().iter().map(|value| value.as_text().unwrap().to_string()).collect()
    }
}

pub fn config(host: HostInfo) -> Config {
    Config { pool_id: Uuid::new_v4(), host, limits: Limits::default() }
}

/// A pipeline of one statement without input.
pub fn pipeline(commands: Vec<Command>) -> Pipeline {
    Pipeline { no_input: true, ..Pipeline::new(Uuid::new_v4(), vec![Statement { commands }]) }
}

pub fn read(clixml: &[u8]) -> Value {
    clixml::read_one(clixml, &clixml::Limits::default()).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(clixml));
    })
}
