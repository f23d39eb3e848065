//! A worker's half of the protocol, sans-IO: it checks that the client keeps the rules that a real worker punishes with
//! silence or death, acknowledges when told to, and says what it is told to say.

use psjob::clixml::{self, Value};
use psjob::psrp::fragment::{FragmentLimits, Fragmenter, Reassembler};
use psjob::psrp::message::{Message, MessageType};
use psjob::psrp::{Packet, PacketKind, StreamTag};
use std::collections::{HashMap, VecDeque};
use uuid::Uuid;

const LIMITS: FragmentLimits = FragmentLimits { bytes: 64 << 20, open_objects: 4 };

/// The double. Every method that takes from the client panics when a rule is broken.
pub struct Double {
    /// The pool id that the double answers with.
    pub pool: Uuid,
    /// The client's messages in order.
    pub messages: Vec<Message>,
    fragmenter: Fragmenter,
    targets: HashMap<Uuid, Target>,
    acknowledgements: VecDeque<Packet>,
}

/// What the double knows of the session or a command.
struct Target {
    incoming: Reassembler,
    /// Elements of the client that are not yet acknowledged, Signals apart.
    outstanding: u32,
    /// Whether its creation came in full and is acknowledged.
    created: bool,
    creation_came: bool,
    close_came: bool,
    closed: bool,
}

impl Target {
    fn new() -> Self {
        Self {
            incoming: Reassembler::new(LIMITS),
            outstanding: 0,
            created: false,
            creation_came: false,
            close_came: false,
            closed: false,
        }
    }
}

impl Double {
    pub fn new(pool: Uuid) -> Self {
        Self {
            pool,
            messages: Vec::new(),
            fragmenter: Fragmenter::default(),
            targets: HashMap::from([(Uuid::nil(), Target::new())]),
            acknowledgements: VecDeque::new(),
        }
    }

    /// Takes a line from the client.
    pub fn take(&mut self, line: Vec<Packet>) {
        let lined_up = |target: &Uuid| self.targets.get(target).map_or(0, |known| known.outstanding);
        let signal_only = matches!(line[..], [Packet { kind: PacketKind::Signal, .. }]);
        for packet in &line {
            assert!(signal_only || lined_up(&packet.target) == 0, "a second line for {}", packet.target);
        }
        for packet in line {
            self.take_packet(packet);
        }
    }

    fn take_packet(&mut self, packet: Packet) {
        let id = packet.target;
        match packet.kind {
            PacketKind::Data(stream, bytes) => self.take_data(id, stream, &bytes),
            PacketKind::Command => {
                assert!(!id.is_nil());
                assert!(self.targets.insert(id, Target::new()).is_none(), "a second Command for {id}");
                self.acknowledge(id, PacketKind::CommandAck);
            }
            PacketKind::Signal => {
                assert!(!id.is_nil() && self.target(id).created && !self.target(id).close_came);
                self.acknowledgements.push_back(Packet::new(id, PacketKind::SignalAck));
            }
            PacketKind::Close => {
                let others_closed = self.targets.iter().all(|(other, target)| *other == id || target.closed);
                assert!(!id.is_nil() || others_closed, "the session is closed over an open command");
                assert!(!std::mem::replace(&mut self.target(id).close_came, true), "a second Close for {id}");
                self.acknowledge(id, PacketKind::CloseAck);
            }
            other => panic!("a client never sends {other:?}"),
        }
    }

    fn take_data(&mut self, id: Uuid, stream: StreamTag, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        let target = self.target(id);
        assert!(!target.close_came, "data after Close");
        let created = target.created;
        let mut whole = Vec::new();
        target.incoming.feed(bytes, &mut whole).unwrap();
        for bytes in whole {
            let message = Message::decode(&bytes).unwrap();
            assert_eq!((message.pool, message.pipeline), (self.pool, id));
            let answer = [MessageType::PIPELINE_HOST_RESPONSE, MessageType::RUNSPACEPOOL_HOST_RESPONSE];
            assert_eq!(stream == StreamTag::PromptResponse, answer.contains(&message.kind), "{:?}", message.kind);
            match message.kind {
                MessageType::CREATE_PIPELINE | MessageType::INIT_RUNSPACEPOOL => self.target(id).creation_came = true,
                MessageType::SESSION_CAPABILITY => {}
                kind => assert!(created, "{kind:?} before the creation is acknowledged: a deadlock"),
            }
            self.messages.push(message);
        }
        self.acknowledge(id, PacketKind::DataAck);
    }

    fn acknowledge(&mut self, id: Uuid, kind: PacketKind) {
        self.target(id).outstanding += 1;
        self.acknowledgements.push_back(Packet::new(id, kind));
    }

    #[track_caller]
    fn target(&mut self, id: Uuid) -> &mut Target {
        self.targets.get_mut(&id).unwrap_or_else(|| panic!("no Command for {id}"))
    }

    /// The next acknowledgement that is due.
    pub fn next_acknowledgement(&mut self) -> Option<Packet> {
        let packet = self.acknowledgements.pop_front()?;
        let target = self.target(packet.target);
        match packet.kind {
            PacketKind::SignalAck => {}
            PacketKind::CloseAck => {
                target.outstanding -= 1;
                target.closed = true;
            }
            _ => {
                target.outstanding -= 1;
                target.created |= target.creation_came && target.outstanding == 0;
            }
        }
        Some(packet)
    }

    /// The ids of commands whose creation is acknowledged and whose Close has not come.
    pub fn running(&self) -> Vec<Uuid> {
        let running =
            |(id, target): (&Uuid, &Target)| (!id.is_nil() && target.created && !target.close_came).then_some(*id);
        let mut ids: Vec<_> = self.targets.iter().filter_map(running).collect();
        ids.sort();
        ids
    }

    /// A message to the client, in one packet on the lane of `target`.
    pub fn say(&mut self, target: Uuid, kind: MessageType, body: &str) -> Packet {
        let pool = if kind == MessageType::SESSION_CAPABILITY { Uuid::nil() } else { self.pool };
        self.say_as(target, Message { kind, pool, pipeline: target, body: with_mark(body) })
    }

    /// Any message, in one packet on the lane of `target`.
    pub fn say_as(&mut self, target: Uuid, message: Message) -> Packet {
        let fragments = self.fragmenter.cut(&message.to_client()).collect::<Vec<_>>().concat();
        Packet::new(target, PacketKind::Data(StreamTag::Default, fragments))
    }

    /// What a worker says when it opens its pool.
    pub fn say_opened(&mut self) -> Vec<Packet> {
        let nil = Uuid::nil();
        vec![
            self.say(nil, MessageType::SESSION_CAPABILITY, CAPABILITY),
            self.say(nil, MessageType::APPLICATION_PRIVATE_DATA, PRIVATE_DATA),
            self.say(nil, MessageType::RUNSPACEPOOL_STATE, &state("RunspaceState", 2)),
        ]
    }

    /// The end of a pipeline: 3 stopped, 4 completed, 5 failed.
    pub fn say_ended(&mut self, pipeline: Uuid, number: i32) -> Packet {
        self.say(pipeline, MessageType::PIPELINE_STATE, &state("PipelineState", number))
    }
}

/// A worker's SESSION_CAPABILITY, of PowerShell 7.6.
pub const CAPABILITY: &str = "<Obj RefId=\"0\"><MS><Version N=\"protocolversion\">2.4</Version>\
    <Version N=\"PSVersion\">2.0</Version><Version N=\"SerializationVersion\">1.1.0.1</Version></MS></Obj>";

const PRIVATE_DATA: &str =
    "<Obj RefId=\"0\"><MS><Obj N=\"ApplicationPrivateData\" RefId=\"1\"><DCT /></Obj></MS></Obj>";

/// A state message's body without a reason.
pub fn state(name: &str, number: i32) -> String {
    format!("<Obj RefId=\"0\"><MS><I32 N=\"{name}\">{number}</I32></MS></Obj>")
}

/// A state message's body with a reason.
pub fn state_with_reason(name: &str, number: i32, message: &str) -> String {
    format!(
        "<Obj RefId=\"0\"><MS><I32 N=\"{name}\">{number}</I32><Obj N=\"ExceptionAsErrorRecord\" RefId=\"1\"><MS>\
         <Obj N=\"Exception\" RefId=\"2\"><Props><S N=\"Message\">{message}</S></Props></Obj>\
         <S N=\"FullyQualifiedErrorId\">TheId</S></MS></Obj></MS></Obj>"
    )
}

fn with_mark(body: &str) -> Vec<u8> {
    if body.is_empty() { Vec::new() } else { ["\u{FEFF}", body].concat().into_bytes() }
}

/// The body of a client's message.
pub fn body(message: &Message) -> Value {
    clixml::read_one(&message.body, &clixml::Limits::default()).unwrap()
}
