//! The line framing of PowerShell's out-of-process transport, sans-IO.
//!
//! A line holds one or more elements: `<Data Stream='Default' PSGuid='…'>BASE64</Data>` or, for everything else,
//! `<Name PSGuid='…' />`. Source: `OutOfProcessUtils` in PowerShell's `OutOfProcTransportManager.cs`.
//!
//! A worker's stdout is shared with whatever the job started that inherited descriptor 1. So the decoder takes every
//! element that it can find, wherever it stands on a line, and hands back all other bytes unchanged; no input is fatal.

use memchr::{memchr, memchr_iter, memmem};
use uuid::Uuid;

use crate::psrp::packet::{Packet, PacketKind, StreamTag};

/// The longest element, in bytes of text, that a [`Decoder`] accepts by default. A worker sends one fragment of at most
/// 32 KiB per element; the rest is room for peers with a larger fragment size.
pub const DEFAULT_MAX_ELEMENT: usize = 4 << 20;

/// A spare buffer of this size stays with an idle decoder; anything larger is given back.
const KEPT_CAPACITY: usize = 64 << 10;

/// The elements without a body.
const BARE_ELEMENTS: [(&[u8], PacketKind); 7] = [
    (b"DataAck", PacketKind::DataAck),
    (b"Command", PacketKind::Command),
    (b"CommandAck", PacketKind::CommandAck),
    (b"Signal", PacketKind::Signal),
    (b"SignalAck", PacketKind::SignalAck),
    (b"Close", PacketKind::Close),
    (b"CloseAck", PacketKind::CloseAck),
];
const STREAMS: [(&[u8], StreamTag); 2] =
    [(b"Default", StreamTag::Default), (b"PromptResponse", StreamTag::PromptResponse)];
const DATA: &[u8] = b"Data";
const DATA_CLOSING: &[u8] = b"</Data>";
/// How a PowerShell worker begins nearly every element.
const USUAL_OPENING: &[u8] = b"<Data Stream='Default' PSGuid='";
const GUID_LENGTH: usize = 36;

/// Appends `packets` to `line` as one line, in order. No packet makes no line: a blank one would end the worker.
///
/// The worker processes the elements of one line in order on one thread. A `Data` without bytes is encoded faithfully,
/// but ends a real worker.
pub fn encode_line(packets: &[Packet], line: &mut Vec<u8>) {
    for packet in packets {
        encode_element(packet, line);
    }
    if !packets.is_empty() {
        line.push(b'\n');
    }
}

fn encode_element(packet: &Packet, line: &mut Vec<u8>) {
    let mut text = Uuid::encode_buffer();
    let target = packet.target.hyphenated().encode_lower(&mut text).as_bytes();
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| line.extend_from_slice(part));
    if let PacketKind::Data(tag, bytes) = &packet.kind {
        let (stream, _) = STREAMS.iter().find(|(_, known)| known == tag).expect("every tag is listed");
        put(&[b"<Data Stream='", stream, b"' PSGuid='", target, b"'>"]);
        base64_simd::STANDARD.encode_append(bytes, line);
        line.extend_from_slice(DATA_CLOSING);
    } else {
        let (name, _) = BARE_ELEMENTS.iter().find(|(_, kind)| *kind == packet.kind).expect("every kind is listed");
        put(&[b"<", name, b" PSGuid='", target, b"' />"]);
    }
}

/// What a [`Decoder`] found, in the order of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A valid element.
    Packet(Packet),
    /// Bytes between elements that no element of the worker can be part of, line ends included.
    Stray(Vec<u8>),
    /// Stray bytes with the remains of an element among them: it was cut by foreign output, by the end of the stream,
    /// or by the size limit. What it carried is lost, so whoever waits for it may wait for ever.
    Torn(Vec<u8>),
}

/// Finds the elements in what a worker writes, in chunks of any size.
///
/// Holds at most one unfinished element (see [`Decoder::new`]) and the last chunk.
#[derive(Debug)]
pub struct Decoder {
    max_element: usize,
    buffer: Vec<u8>,
    /// Bytes of `buffer` before this were given out.
    start: usize,
    /// There is no line end in `start..scanned`.
    scanned: usize,
    /// The end of the current line, behind its line feed, once that has come.
    line_end: Option<usize>,
    /// The last thing given out was an element, so that a line end here only ends its line.
    after_element: bool,
    /// The element behind the stray bytes that were given out last.
    pending: Option<Packet>,
    finished: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_ELEMENT)
    }
}

impl Decoder {
    /// A decoder that takes elements of at most `max_element` bytes of text; a longer one comes back as [`Item::Torn`].
    pub fn new(max_element: usize) -> Self {
        Self {
            max_element,
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            line_end: None,
            after_element: false,
            pending: None,
            finished: false,
        }
    }

    /// Adds what was read. Take all items before the next call: what is not yet taken stays in memory.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// Declares the end of the stream, so that [`Self::next_item`] also gives out an unfinished line.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next item, or `None` until more is fed.
    pub fn next_item(&mut self) -> Option<Item> {
        if let Some(packet) = self.pending.take() {
            return Some(Item::Packet(packet));
        }
        while self.start < self.buffer.len() {
            let Some(end) = self.line_end.or_else(|| self.find_line_end()) else {
                return self.overflow();
            };
            let line = &self.buffer[self.start..end];
            if line.is_empty() || self.after_element && matches!(line, b"\n" | b"\r\n") {
                self.start = end;
                self.line_end = None;
                self.after_element = false;
            } else {
                return Some(match scan(line, self.max_element) {
                    Scan::Element { offset, length, packet } => self.take_element(offset, length, packet),
                    Scan::Open { .. } | Scan::Nothing => self.take_stray(end),
                });
            }
        }
        None
    }

    fn compact(&mut self) {
        self.buffer.drain(..self.start);
        self.scanned = self.scanned.saturating_sub(self.start);
        self.line_end = self.line_end.map(|end| end - self.start);
        self.start = 0;
        if self.buffer.len() < KEPT_CAPACITY {
            self.buffer.shrink_to(KEPT_CAPACITY);
        }
    }

    /// Looks for the end of the line that `start` is on, without looking at a byte twice.
    fn find_line_end(&mut self) -> Option<usize> {
        let from = self.scanned.max(self.start);
        let found = memchr(b'\n', &self.buffer[from..]).map(|at| from + at + 1);
        self.scanned = found.unwrap_or(self.buffer.len());
        self.line_end = found.or(self.finished.then_some(self.buffer.len()));
        self.line_end
    }

    /// Bounds a line without end: keeps no more than an element that may still become complete.
    fn overflow(&mut self) -> Option<Item> {
        let line = &self.buffer[self.start..];
        if line.len() <= self.max_element {
            return None;
        }
        Some(match scan(line, self.max_element) {
            Scan::Element { offset, length, packet } => self.take_element(offset, length, packet),
            Scan::Open { offset } if offset > 0 && line.len() - offset <= self.max_element => {
                self.take_stray(self.start + offset)
            }
            Scan::Open { .. } | Scan::Nothing => self.take_stray(self.buffer.len()),
        })
    }

    fn take_element(&mut self, offset: usize, length: usize, packet: Packet) -> Item {
        let item = if offset == 0 {
            Item::Packet(packet)
        } else {
            self.pending = Some(packet);
            self.take_stray(self.start + offset)
        };
        self.start += length;
        self.after_element = true;
        item
    }

    fn take_stray(&mut self, end: usize) -> Item {
        let bytes = self.buffer[self.start..end].to_vec();
        self.start = end;
        self.after_element = false;
        if is_torn(&bytes) { Item::Torn(bytes) } else { Item::Stray(bytes) }
    }
}

fn is_torn(stray: &[u8]) -> bool {
    memmem::find(stray, b"PSGuid=").is_some() || memmem::find(stray, DATA_CLOSING).is_some()
}

/// What [`scan`] found first.
enum Scan {
    Element {
        offset: usize,
        length: usize,
        packet: Packet,
    },
    /// An element begins at `offset` and would need more bytes.
    Open {
        offset: usize,
    },
    Nothing,
}

/// Looks for the first element in `text`.
///
/// No part of an element but the closing tag's first byte is a `<`, so the work is linear however often an element
/// seems to begin.
fn scan(text: &[u8], max_element: usize) -> Scan {
    for offset in memchr_iter(b'<', text) {
        match parse_element(&text[offset..]) {
            Ok((packet, length)) if length <= max_element => {
                return Scan::Element { offset, length, packet };
            }
            Err(Reject::Incomplete) => return Scan::Open { offset },
            Ok(_) | Err(Reject::Invalid) => {}
        }
    }
    Scan::Nothing
}

/// Why [`parse_element`] found no element.
enum Reject {
    /// The text ended within what may be an element.
    Incomplete,
    Invalid,
}

/// Parses the element at the start of `text`; also returns its length.
fn parse_element(text: &[u8]) -> Result<(Packet, usize), Reject> {
    if let Some((target, body)) = usual_opening(text) {
        return data_body(text, body, target, StreamTag::Default);
    }
    let mut cursor = Cursor { text, at: 1 };
    let element = cursor.element_name()?;
    let mut stream = None;
    let mut target = None;
    while let Some(Attribute { name, value }) = cursor.attribute()? {
        let unset = match name {
            b"Stream" => stream.replace(stream_tag(value)?).is_none(),
            b"PSGuid" => target.replace(guid(value)?).is_none(),
            _ => false,
        };
        unset.then_some(()).ok_or(Reject::Invalid)?;
    }
    let target = target.ok_or(Reject::Invalid)?;
    match (element == DATA, stream) {
        (true, Some(stream)) => {
            cursor.expect(b">")?;
            data_body(text, cursor.at, target, stream)
        }
        (false, None) => {
            cursor.expect(b"/>")?;
            let mut known = BARE_ELEMENTS.iter();
            let (_, kind) = known.find(|(name, _)| *name == element).ok_or(Reject::Invalid)?;
            Ok((Packet::new(target, kind.clone()), cursor.at))
        }
        _ => Err(Reject::Invalid),
    }
}

/// The target, and where the body begins, of an element that is written as PowerShell writes it.
fn usual_opening(text: &[u8]) -> Option<(Uuid, usize)> {
    let rest = text.strip_prefix(USUAL_OPENING)?;
    let target = guid(rest.get(..GUID_LENGTH)?).ok()?;
    rest[GUID_LENGTH..].starts_with(b"'>").then_some((target, USUAL_OPENING.len() + GUID_LENGTH + 2))
}

fn data_body(text: &[u8], body: usize, target: Uuid, stream: StreamTag) -> Result<(Packet, usize), Reject> {
    let end = body + memchr(b'<', &text[body..]).ok_or(Reject::Incomplete)?;
    let mut closing = Cursor { text, at: end };
    closing.expect(DATA_CLOSING)?;
    let bytes = base64_simd::STANDARD.decode_to_vec(&text[body..end]).map_err(|_| Reject::Invalid)?;
    Ok((Packet::new(target, PacketKind::Data(stream, bytes)), closing.at))
}

fn guid(text: &[u8]) -> Result<Uuid, Reject> {
    // The length leaves the hyphenated form only.
    if text.len() != GUID_LENGTH {
        return Err(Reject::Invalid);
    }
    Uuid::try_parse_ascii(text).map_err(|_| Reject::Invalid)
}

fn stream_tag(text: &[u8]) -> Result<StreamTag, Reject> {
    STREAMS.iter().find(|(name, _)| *name == text).map(|(_, tag)| *tag).ok_or(Reject::Invalid)
}

struct Attribute<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

/// Reads the little XML that an opening tag is made of.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn element_name(&mut self) -> Result<&'a [u8], Reject> {
        let name = self.letters();
        let known = || BARE_ELEMENTS.iter().map(|(known, _)| *known).chain([DATA]);
        if self.at == self.text.len() && known().any(|known| known.starts_with(name)) {
            return Err(Reject::Incomplete);
        }
        known().any(|known| known == name).then_some(name).ok_or(Reject::Invalid)
    }

    /// The next attribute and its value, or `None` at the end of the tag.
    fn attribute(&mut self) -> Result<Option<Attribute<'a>>, Reject> {
        let spaced = self.skip_spaces();
        if matches!(self.peek()?, b'>' | b'/') {
            return Ok(None);
        }
        let name = self.letters();
        self.skip_spaces();
        self.expect(b"=")?;
        self.skip_spaces();
        let quote = self.peek()?;
        if !spaced || !matches!(quote, b'\'' | b'"') {
            return Err(Reject::Invalid);
        }
        self.at += 1;
        let value = self.while_(|byte| byte != quote && byte != b'<');
        self.expect(&[quote])?;
        Ok(Some(Attribute { name, value }))
    }

    fn letters(&mut self) -> &'a [u8] {
        self.while_(|byte| byte.is_ascii_alphabetic())
    }

    fn skip_spaces(&mut self) -> bool {
        !self.while_(|byte| matches!(byte, b' ' | b'\t')).is_empty()
    }

    fn while_(&mut self, accepts: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| !accepts(*byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn peek(&self) -> Result<u8, Reject> {
        self.text.get(self.at).copied().ok_or(Reject::Incomplete)
    }

    fn expect(&mut self, wanted: &[u8]) -> Result<(), Reject> {
        let rest = &self.text[self.at..];
        if rest.starts_with(wanted) {
            self.at += wanted.len();
            Ok(())
        } else if wanted.starts_with(rest) {
            Err(Reject::Incomplete)
        } else {
            Err(Reject::Invalid)
        }
    }
}
