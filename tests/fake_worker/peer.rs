//! The worker's side of the protocol: enough of PSRP's server to run one job, and to do any of it wrongly.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use psjob::psrp::fragment::{FragmentLimits, Fragmenter, Reassembler};
use psjob::psrp::message::{Message, MessageType};
use psjob::psrp::{Packet, PacketKind, StreamTag};
use psjob::transport::framing::{Decoder, Item, encode_line};
use rustix::process::Signal;
use rustix::stdio::{stdin, stdout};
use uuid::Uuid;

/// The job's script, by which its pipeline is told from those that prepare the session.
pub const SCRIPT: &str = "the job";

pub const CAPABILITY: &str = "<Obj RefId='0'><MS><Version N='protocolversion'>2.4</Version><Version N='PSVersion'>2.0\
     </Version><Version N='SerializationVersion'>1.1.0.1</Version></MS></Obj>";
pub const OPENED: &str = "<Obj RefId='0'><MS><I32 N='RunspaceState'>2</I32></MS></Obj>";
pub const STOPPED: &str = "<Obj RefId='0'><MS><I32 N='PipelineState'>3</I32></MS></Obj>";
pub const COMPLETED: &str = "<Obj RefId='0'><MS><I32 N='PipelineState'>4</I32></MS></Obj>";

/// What has just been done, in the order of a job's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The process runs and has said nothing.
    Started,
    /// The version was negotiated.
    Negotiated,
    /// The session was said to be open, and that acknowledged.
    Opened,
    /// The job's pipeline has come, after those that prepare for it; nothing of it was acknowledged.
    Asked,
    /// Its Command was acknowledged, not what it is to run.
    Created,
    /// That as well.
    Acknowledged,
    /// The first two of its four records were written.
    Half,
    /// All were.
    Written,
    /// The pipeline's end was told.
    Ended,
}

impl Step {
    pub const ALL: [Self; 9] = [
        Self::Started,
        Self::Negotiated,
        Self::Opened,
        Self::Asked,
        Self::Created,
        Self::Acknowledged,
        Self::Half,
        Self::Written,
        Self::Ended,
    ];

    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// What a job has written by then.
    pub fn output(self) -> &'static [&'static str] {
        match self {
            Self::Half => &RECORDS[..2],
            Self::Written | Self::Ended => &RECORDS,
            _ => &[],
        }
    }
}

/// What [`Peer::serve_job`] writes.
pub const RECORDS: [&str; 4] = ["one", "two", "three", "four"];

/// The worker.
pub struct Peer {
    pub variant: String,
    /// The id of the session's runspace pool, once INIT_RUNSPACEPOOL has come.
    pub pool: Uuid,
    /// The id of the job's pipeline, once it has come.
    pub pipeline: Uuid,
    /// Whether what comes is acknowledged.
    pub acknowledges: bool,
    /// Whether every byte is written by itself.
    pub drips: bool,
    /// Whether a Close gets its acknowledgement.
    pub obeys_close: bool,
    /// Whether a Signal stops the pipeline.
    pub obeys_stop: bool,
    fragmenter: Fragmenter,
    decoder: Decoder,
    packets: VecDeque<Packet>,
    reassemblers: HashMap<Uuid, Reassembler>,
    messages: VecDeque<Message>,
}

impl Peer {
    pub(super) fn new(variant: String) -> Self {
        Self {
            variant,
            pool: Uuid::nil(),
            pipeline: Uuid::nil(),
            acknowledges: true,
            drips: false,
            obeys_close: true,
            obeys_stop: true,
            fragmenter: Fragmenter::default(),
            decoder: Decoder::default(),
            packets: VecDeque::new(),
            reassemblers: HashMap::new(),
            messages: VecDeque::new(),
        }
    }

    /// A whole job as it should be; `interfere` is called after each step.
    pub fn serve_job(&mut self, mut interfere: impl FnMut(&mut Self, Step)) {
        self.begin_with(&mut interfere);
        self.write(&RECORDS[..2]);
        interfere(self, Step::Half);
        self.write(&RECORDS[2..]);
        interfere(self, Step::Written);
        self.end(COMPLETED);
        interfere(self, Step::Ended);
    }

    /// The same, but for `fault` at the step that the variant names.
    pub fn serve_job_until_its_step(&mut self, mut fault: impl FnMut(&mut Self)) {
        let variant = self.variant.clone();
        self.serve_job(|peer, step| {
            if step.name() == variant {
                fault(peer);
            }
        });
    }

    /// The part of a job before its first record.
    pub fn begin(&mut self) {
        self.begin_with(&mut |_, _| {});
    }

    fn begin_with(&mut self, interfere: &mut dyn FnMut(&mut Self, Step)) {
        interfere(self, Step::Started);
        self.pool = self.expect(MessageType::INIT_RUNSPACEPOOL).pool;
        self.send(Uuid::nil(), MessageType::SESSION_CAPABILITY, CAPABILITY);
        interfere(self, Step::Negotiated);
        self.send(Uuid::nil(), MessageType::RUNSPACEPOOL_STATE, OPENED);
        self.acknowledge(Uuid::nil(), PacketKind::DataAck);
        interfere(self, Step::Opened);
        self.await_job();
        interfere(self, Step::Asked);
        self.acknowledge(self.pipeline, PacketKind::CommandAck);
        interfere(self, Step::Created);
        self.acknowledge(self.pipeline, PacketKind::DataAck);
        interfere(self, Step::Acknowledged);
    }

    fn await_job(&mut self) {
        while !self.next_creation_is_the_job() {
            self.acknowledge_creation();
            self.end(COMPLETED);
        }
    }

    /// Waits for the next pipeline; false if it is one of those that prepare for the job.
    pub fn next_creation_is_the_job(&mut self) -> bool {
        let creation = self.expect(MessageType::CREATE_PIPELINE);
        self.pipeline = creation.pipeline;
        memchr::memmem::find(&creation.body, SCRIPT.as_bytes()).is_some()
    }

    pub fn acknowledge_creation(&mut self) {
        self.acknowledge(self.pipeline, PacketKind::CommandAck);
        self.acknowledge(self.pipeline, PacketKind::DataAck);
    }

    fn acknowledge(&mut self, target: Uuid, kind: PacketKind) {
        if self.acknowledges {
            self.packet(target, kind);
        }
    }

    /// The next object of the pipeline's input, as CLIXML; `None` at its end.
    pub fn next_input(&mut self) -> Option<String> {
        loop {
            while let Some(message) = self.messages.pop_front() {
                match message.kind {
                    MessageType::PIPELINE_INPUT => return Some(String::from_utf8(message.body).unwrap()),
                    MessageType::END_OF_PIPELINE_INPUT => return None,
                    _ => {}
                }
            }
            let packet = self.next_packet();
            let is_input = matches!(packet.kind, PacketKind::Data(..));
            self.obey(packet);
            if is_input {
                self.acknowledge(self.pipeline, PacketKind::DataAck);
            }
        }
    }

    /// Writes strings to the pipeline's output.
    pub fn write(&mut self, texts: &[&str]) {
        for text in texts {
            self.send(self.pipeline, MessageType::PIPELINE_OUTPUT, &format!("<S>{text}</S>"));
        }
    }

    /// Tells the end of the pipeline.
    pub fn end(&mut self, state: &str) {
        self.send(self.pipeline, MessageType::PIPELINE_STATE, state);
    }

    /// Answers what comes until the engine ends this process.
    pub fn serve_to_the_end(&mut self) -> ! {
        loop {
            let packet = self.next_packet();
            self.obey(packet);
        }
    }

    /// Answers what comes until a message of this type does, which is left to the caller.
    pub fn expect(&mut self, kind: MessageType) -> Message {
        loop {
            while let Some(message) = self.messages.pop_front() {
                if message.kind == kind {
                    return message;
                }
            }
            let packet = self.next_packet();
            self.obey(packet);
        }
    }

    /// The next packet from the engine. At the end of its stdin this process ends, as a real worker does.
    pub fn next_packet(&mut self) -> Packet {
        let mut bytes = [0; 4096];
        loop {
            if let Some(packet) = self.packets.pop_front() {
                return packet;
            }
            match rustix::io::read(stdin(), &mut bytes) {
                Ok(count @ 1..) => self.decoder.feed(&bytes[..count]),
                _ => exit(160),
            }
            while let Some(item) = self.decoder.next_item() {
                match item {
                    Item::Packet(packet) => self.packets.push_back(packet),
                    other => panic!("the engine wrote {other:?}"),
                }
            }
        }
    }

    /// What a worker does about a packet, but for what the steps of a job do themselves.
    pub fn obey(&mut self, packet: Packet) {
        let target = packet.target;
        match packet.kind {
            PacketKind::Data(_, bytes) => self.take_data(target, &bytes),
            PacketKind::Close if self.obeys_close => self.packet(target, PacketKind::CloseAck),
            PacketKind::Signal if self.obeys_stop => {
                self.send(target, MessageType::PIPELINE_STATE, STOPPED);
                self.packet(target, PacketKind::SignalAck);
            }
            _ => {}
        }
    }

    fn take_data(&mut self, target: Uuid, bytes: &[u8]) {
        let limits = FragmentLimits { bytes: 64 << 20, open_objects: 16 };
        let reassembler = self.reassemblers.entry(target).or_insert_with(|| Reassembler::new(limits));
        let mut messages = Vec::new();
        reassembler.feed(bytes, &mut messages).expect("the engine sends whole fragments in order");
        self.messages.extend(messages.iter().map(|message| Message::decode(message).unwrap()));
    }

    /// Sends a message, cut as PowerShell cuts it: a line for each fragment.
    pub fn send(&mut self, target: Uuid, kind: MessageType, body: &str) {
        for line in self.lines(target, kind, body) {
            self.raw(&line);
        }
    }

    /// The lines of a message.
    pub fn lines(&mut self, target: Uuid, kind: MessageType, body: &str) -> Vec<Vec<u8>> {
        let fragments = self.fragments(target, kind, body);
        fragments.into_iter().map(|fragment| data(target, fragment)).collect()
    }

    /// The fragments of a message.
    pub fn fragments(&mut self, target: Uuid, kind: MessageType, body: &str) -> Vec<Vec<u8>> {
        let message = Message { kind, pool: self.pool, pipeline: target, body: body.as_bytes().to_vec() };
        self.fragmenter.cut(&message.to_client()).collect()
    }

    pub fn packet(&mut self, target: Uuid, kind: PacketKind) {
        self.raw(&line(Packet::new(target, kind)));
    }

    /// Writes to the engine just so.
    pub fn raw(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let chunk = if self.drips { &bytes[..1] } else { bytes };
            match rustix::io::write(stdout(), chunk) {
                Ok(count) => bytes = &bytes[count..],
                Err(_) => exit(1),
            }
        }
    }

    /// Does and says nothing any more.
    pub fn hang(&self) -> ! {
        loop {
            std::thread::park_timeout(Duration::MAX);
        }
    }

    /// Lets the host know that this is the point, and does nothing any more.
    pub fn reach_and_hang(&mut self) {
        let folder = std::env::var_os("TMPDIR").unwrap();
        std::fs::write(std::path::Path::new(&folder).join(&self.variant), "").unwrap();
        self.hang()
    }

    /// Dies of this signal.
    pub fn die(&self, signal: Signal) -> ! {
        rustix::process::kill_process(rustix::process::getpid(), signal).unwrap();
        self.hang()
    }

    /// Starts a process that inherits all three pipes and is left to itself; gives its id.
    pub fn leave_behind(&self, program: &str, arguments: &[&str]) -> u32 {
        std::process::Command::new(program).args(arguments).spawn().unwrap().id()
    }

    /// Has no mind to end when asked.
    pub fn ignore(&self, signals: &[Signal]) {
        for signal in signals {
            // SAFETY: no handler is set.
            unsafe { libc::signal(signal.as_raw(), libc::SIG_IGN) };
        }
    }
}

/// Ends this process without a word from the test runner.
pub fn exit(code: i32) -> ! {
    // SAFETY: ends the process; nothing of it is needed any more.
    unsafe { libc::_exit(code) }
}

/// A line that carries these bytes.
pub fn data(target: Uuid, bytes: Vec<u8>) -> Vec<u8> {
    line(Packet::new(target, PacketKind::Data(StreamTag::Default, bytes)))
}

fn line(packet: Packet) -> Vec<u8> {
    let mut line = Vec::new();
    encode_line(&[packet], &mut line);
    line
}
