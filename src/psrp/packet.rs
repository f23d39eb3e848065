//! The unit that the transport carries: one element of the out-of-process framing, free of its text form.

use uuid::Uuid;

/// One element between client and worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The session (nil) or the command that the packet belongs to.
    pub target: Uuid,
    /// What it says.
    pub kind: PacketKind,
}

/// What a [`Packet`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// PSRP fragments, whole or in part, in order.
    Data(StreamTag, Vec<u8>),
    /// The worker processed a `Data`.
    DataAck,
    /// Creates the command that later packets name.
    Command,
    /// The worker created the command.
    CommandAck,
    /// Stops the command.
    Signal,
    /// The worker took the stop.
    SignalAck,
    /// Ends the command or the session.
    Close,
    /// The worker ended the command or the session.
    CloseAck,
}

/// The `Stream` attribute of a `Data` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamTag {
    /// Everything but answers to host calls.
    Default,
    /// Answers to host calls.
    PromptResponse,
}

impl Packet {
    /// A packet for `target`; nil means the session.
    pub fn new(target: Uuid, kind: PacketKind) -> Self {
        Self { target, kind }
    }
}
