//! A lane: all that goes to one GUID (the session's nil or a command's), in order and paced by the worker's
//! acknowledgements.
//!
//! The worker hands every line to a thread of its pool, so two lines of one GUID may be processed in any order, or at
//! once. A lane therefore has one line on the way at most, with one exception: a Signal need not wait for the
//! acknowledgement of input, only for that of the command's creation.

use super::message::MessageType;
use super::packet::{Packet, PacketKind, StreamTag};
use crate::clixml::Value;
use std::collections::VecDeque;
use uuid::Uuid;

/// Fragments in packets of a size that a worker reads as one line at ease.
#[derive(Debug, Default)]
struct Outbox {
    packets: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Outbox {
    /// Bytes of fragments in one packet; the line is a third longer.
    const PACKET: usize = 256 << 10;

    fn push(&mut self, fragments: Vec<Vec<u8>>) {
        for fragment in fragments {
            self.bytes += fragment.len();
            match self.packets.back_mut() {
                Some(packet) if packet.len() + fragment.len() <= Self::PACKET => packet.extend_from_slice(&fragment),
                _ => self.packets.push_back(fragment),
            }
        }
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        let packet = self.packets.pop_front()?;
        self.bytes -= packet.len();
        Some(packet)
    }

    fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }
}

/// A Signal or Close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    No,
    Wanted,
    Sent,
    Done,
}

impl Step {
    /// Whether the acknowledgement was awaited.
    fn finish(&mut self) -> bool {
        let awaited = *self == Self::Sent;
        if awaited {
            *self = Self::Done;
        }
        awaited
    }
}

/// What kind of message: the order among those of a kind is kept, and each kind has its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// The messages that create the command or open the session.
    Creation,
    /// Those that follow.
    Input,
    /// Answers to host calls: before input, and on a stream of their own.
    Answers,
}

/// A message without its header.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) queue: Queue,
    pub(super) kind: MessageType,
    /// `None` where the message has no body.
    pub(super) body: Option<Value>,
}

impl Letter {
    pub(super) fn is_secret(&self) -> bool {
        self.body.as_ref().is_some_and(Value::holds_secret)
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    target: Uuid,
    held: Vec<Letter>,
    creation: Outbox,
    /// Whether the first packet of the creation was sent.
    announced: bool,
    /// Whether the worker has processed the creation.
    created: bool,
    input: Outbox,
    answers: Outbox,
    signal: Step,
    close: Step,
    /// Acknowledgements on the way.
    command_acks: u32,
    data_acks: u32,
}

impl Lane {
    pub(super) fn new(target: Uuid) -> Self {
        Self {
            target,
            held: Vec::new(),
            creation: Outbox::default(),
            announced: false,
            created: false,
            input: Outbox::default(),
            answers: Outbox::default(),
            signal: Step::No,
            close: Step::No,
            command_acks: 0,
            data_acks: 0,
        }
    }

    pub(super) fn is_announced(&self) -> bool {
        self.announced
    }

    pub(super) fn target(&self) -> Uuid {
        self.target
    }

    pub(super) fn push(&mut self, queue: Queue, fragments: Vec<Vec<u8>>) {
        match queue {
            Queue::Creation => self.creation.push(fragments),
            Queue::Input => self.input.push(fragments),
            Queue::Answers => self.answers.push(fragments),
        }
    }

    /// Keeps a letter whose secrets cannot be encoded yet; those behind it must then wait as well.
    pub(super) fn hold(&mut self, letter: Letter) {
        self.held.push(letter);
    }

    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives the letters that were held, in order.
    pub(super) fn release(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.held)
    }

    /// Bytes of input that are not yet sent.
    pub(super) fn unsent_input(&self) -> usize {
        self.input.bytes
    }

    /// Input that the worker has no more use for.
    pub(super) fn drop_input(&mut self) {
        self.held.retain(|held| held.queue != Queue::Input);
        self.input = Outbox::default();
    }

    pub(super) fn want_signal(&mut self) {
        if self.signal == Step::No && self.close == Step::No {
            self.signal = Step::Wanted;
        }
    }

    pub(super) fn want_close(&mut self) {
        if self.close == Step::No {
            self.close = Step::Wanted;
        }
        if self.signal == Step::Wanted {
            self.signal = Step::No;
        }
        self.drop_input();
        self.answers = Outbox::default();
    }

    /// The packets of the next line; empty if there is nothing to say now.
    pub(super) fn next_line(&mut self) -> Vec<Packet> {
        if self.signal == Step::Wanted && self.created {
            self.signal = Step::Sent;
            return vec![self.packet(PacketKind::Signal)];
        }
        if self.awaits() {
            return Vec::new();
        }
        if !self.created {
            return self.creation_line();
        }
        if let Some(bytes) = self.answers.pop() {
            return vec![self.data(StreamTag::PromptResponse, bytes)];
        }
        if let Some(bytes) = self.input.pop() {
            return vec![self.data(StreamTag::Default, bytes)];
        }
        if self.close == Step::Wanted {
            self.close = Step::Sent;
            return vec![self.packet(PacketKind::Close)];
        }
        Vec::new()
    }

    fn creation_line(&mut self) -> Vec<Packet> {
        let mut line = Vec::new();
        if self.creation.is_empty() {
            return line;
        }
        if !self.announced && !self.target.is_nil() {
            self.command_acks += 1;
            line.push(self.packet(PacketKind::Command));
        }
        self.announced = true;
        if let Some(bytes) = self.creation.pop() {
            line.push(self.data(StreamTag::Default, bytes));
        }
        line
    }

    /// Whether a Command or Data is not acknowledged.
    pub(super) fn awaits_answer(&self) -> bool {
        self.command_acks > 0 || self.data_acks > 0
    }

    fn awaits(&self) -> bool {
        let step = |step| step == Step::Sent;
        self.awaits_answer() || step(self.signal) || step(self.close)
    }

    fn data(&mut self, stream: StreamTag, bytes: Vec<u8>) -> Packet {
        self.data_acks += 1;
        self.packet(PacketKind::Data(stream, bytes))
    }

    fn packet(&self, kind: PacketKind) -> Packet {
        Packet::new(self.target, kind)
    }

    // Each gives whether the acknowledgement was awaited; one that was not changes nothing.

    pub(super) fn on_command_ack(&mut self) -> bool {
        let awaited = take_one(&mut self.command_acks);
        self.note_creation();
        awaited
    }

    pub(super) fn on_data_ack(&mut self) -> bool {
        let awaited = take_one(&mut self.data_acks);
        self.note_creation();
        awaited
    }

    fn note_creation(&mut self) {
        self.created |= self.announced && self.creation.is_empty() && self.command_acks == 0 && self.data_acks == 0;
    }

    pub(super) fn on_signal_ack(&mut self) -> bool {
        self.signal.finish()
    }

    pub(super) fn on_close_ack(&mut self) -> bool {
        self.close.finish()
    }
}

fn take_one(count: &mut u32) -> bool {
    let any = *count > 0;
    *count -= u32::from(any);
    any
}
