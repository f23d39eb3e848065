//! Fragments (MS-PSRP 2.2.4): how messages are cut, mixed and put together again.

use std::collections::HashMap;
use thiserror::Error;

/// Object id (8 bytes), fragment id (8), flags (1), length (4); numbers big-endian.
const HEADER: usize = 21;
const START: u8 = 1;
const END: u8 = 2;

/// The size of a whole fragment at which PowerShell cuts.
const FRAGMENT: usize = 32 << 10;

/// Cuts messages into fragments; counts their object ids.
#[derive(Debug, Default)]
pub struct Fragmenter {
    last_object: u64,
}

impl Fragmenter {
    /// The fragments of `message`, which is not empty, ready to send, in order.
    pub fn cut<'m>(&mut self, message: &'m [u8]) -> impl Iterator<Item = Vec<u8>> + use<'m> {
        self.last_object += 1;
        let object = self.last_object;
        let pieces = message.chunks(FRAGMENT - HEADER);
        let last = pieces.len().saturating_sub(1);
        pieces.enumerate().map(move |(index, piece)| {
            let flags = if index == 0 { START } else { 0 } | if index == last { END } else { 0 };
            let mut fragment = Vec::with_capacity(HEADER + piece.len());
            fragment.extend_from_slice(&object.to_be_bytes());
            fragment.extend_from_slice(&(index as u64).to_be_bytes());
            fragment.push(flags);
            fragment.extend_from_slice(&(piece.len() as u32).to_be_bytes());
            fragment.extend_from_slice(piece);
            fragment
        })
    }
}

/// Bounds on what a peer can make a [`Reassembler`] hold.
#[derive(Clone, Copy, Debug)]
pub struct FragmentLimits {
    /// Bytes of all messages that are not yet complete, and so of any one message.
    pub bytes: usize,
    /// Messages that are not yet complete.
    pub open_objects: usize,
}

/// Bytes that are no sequence of fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FragmentError {
    /// More bytes of unfinished messages than the limit.
    #[error("unfinished messages exceed the limit of bytes")]
    TooLarge,
    /// More unfinished messages than the limit.
    #[error("too many unfinished messages")]
    TooManyObjects,
    /// A fragment that is not the next one of its object.
    #[error("fragment {fragment} of object {object} is out of order")]
    OutOfOrder {
        /// The object id.
        object: u64,
        /// The fragment id.
        fragment: u64,
    },
    /// Flags that mean nothing.
    #[error("unknown fragment flags {0:#04x}")]
    Flags(u8),
}

/// Puts the fragments of one stream of bytes together; those of several messages may alternate.
#[derive(Debug)]
pub struct Reassembler {
    limits: FragmentLimits,
    /// The beginning of a fragment whose rest has not come.
    partial: Vec<u8>,
    open: HashMap<u64, Open>,
    held: usize,
}

#[derive(Debug)]
struct Open {
    next_fragment: u64,
    bytes: Vec<u8>,
}

struct Fragment<'a> {
    object: u64,
    id: u64,
    flags: u8,
    payload: &'a [u8],
}

impl Reassembler {
    /// A reassembler that holds nothing yet.
    pub fn new(limits: FragmentLimits) -> Self {
        Self { limits, partial: Vec::new(), open: HashMap::new(), held: 0 }
    }

    /// Takes the next bytes, cut anywhere, and appends the messages that they complete.
    pub fn feed(&mut self, bytes: &[u8], messages: &mut Vec<Vec<u8>>) -> Result<(), FragmentError> {
        if self.partial.is_empty() {
            let rest = self.take_fragments(bytes, messages)?;
            self.partial.extend_from_slice(rest);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let rest = self.take_fragments(&joined, messages)?.len();
        joined.drain(..joined.len() - rest);
        self.partial = joined;
        Ok(())
    }

    /// Takes all whole fragments and returns what is left.
    fn take_fragments<'a>(
        &mut self,
        mut bytes: &'a [u8],
        messages: &mut Vec<Vec<u8>>,
    ) -> Result<&'a [u8], FragmentError> {
        while let Some((fragment, rest)) = self.split(bytes)? {
            messages.extend(self.take(&fragment)?);
            bytes = rest;
        }
        Ok(bytes)
    }

    fn split<'a>(&self, bytes: &'a [u8]) -> Result<Option<(Fragment<'a>, &'a [u8])>, FragmentError> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let (object, header) = split_number::<8>(header);
        let (id, header) = split_number::<8>(header);
        let (length, _) = split_number::<4>(&header[1..]);
        let flags = header[0];
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.limits.bytes - self.held.min(self.limits.bytes) {
            return Err(FragmentError::TooLarge);
        }
        Ok(rest.split_at_checked(length).map(|(payload, rest)| {
            let fragment = Fragment { object, id, flags, payload };
            (fragment, rest)
        }))
    }

    /// Takes one fragment; gives the message if this was its last.
    fn take(&mut self, fragment: &Fragment) -> Result<Option<Vec<u8>>, FragmentError> {
        let &Fragment { object, id, flags, payload } = fragment;
        let out_of_order = FragmentError::OutOfOrder { object, fragment: id };
        if flags & !(START | END) != 0 {
            return Err(FragmentError::Flags(flags));
        }
        if flags & START != 0 {
            if id != 0 || self.open.contains_key(&object) {
                return Err(out_of_order);
            }
            if flags & END != 0 {
                return Ok(Some(payload.to_vec()));
            }
            if self.open.len() >= self.limits.open_objects {
                return Err(FragmentError::TooManyObjects);
            }
            self.open.insert(object, Open { next_fragment: 0, bytes: Vec::new() });
        }
        let open = self.open.get_mut(&object).ok_or(out_of_order)?;
        if open.next_fragment != id {
            return Err(out_of_order);
        }
        open.next_fragment += 1;
        open.bytes.extend_from_slice(payload);
        self.held += payload.len();
        if flags & END == 0 {
            return Ok(None);
        }
        let message = self.open.remove(&object).map(|open| open.bytes);
        self.held -= message.as_ref().map_or(0, Vec::len);
        Ok(message)
    }
}

/// A big-endian number of `N` bytes, at most 8, and what follows it.
fn split_number<const N: usize>(bytes: &[u8]) -> (u64, &[u8]) {
    let (number, rest) = bytes.split_at(N);
    let number = number.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    (number, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FragmentLimits = FragmentLimits { bytes: 1 << 20, open_objects: 2 };

    fn fragment(object: u64, id: u64, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(object.to_be_bytes());
        bytes.extend(id.to_be_bytes());
        bytes.push(flags);
        bytes.extend((payload.len() as u32).to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    fn feed_all(bytes: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, FragmentError> {
        let mut reassembler = Reassembler::new(LIMITS);
        let mut messages = Vec::new();
        for bytes in bytes {
            reassembler.feed(bytes, &mut messages)?;
        }
        Ok(messages)
    }

    #[test]
    fn messages_of_every_size_come_back() {
        for size in [1, FRAGMENT - HEADER, FRAGMENT - HEADER + 1, 3 * FRAGMENT] {
            let message: Vec<u8> = (0..size).map(|i| i as u8).collect();
            let fragments: Vec<_> = Fragmenter::default().cut(&message).collect();
            assert_eq!(feed_all(&fragments), Ok(vec![message]));
        }
    }

    #[test]
    fn fragments_of_several_messages_may_alternate() {
        let fragments = [
            fragment(7, 0, START, b"a"),
            fragment(5, 0, START, b"x"),
            fragment(9, 0, START | END, b"whole"),
            fragment(7, 1, 0, b"b"),
            fragment(5, 1, END, b"y"),
            fragment(7, 2, END, b""),
        ];
        let expected: [&[u8]; 3] = [b"whole", b"xy", b"ab"];
        assert_eq!(feed_all(&fragments).unwrap(), expected);
    }

    #[test]
    fn a_cut_anywhere_does_not_matter() {
        let bytes =
            [fragment(1, 0, START, b"ab"), fragment(1, 1, END, b"cd"), fragment(2, 0, START | END, b"e")].concat();
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            let expected: [&[u8]; 2] = [b"abcd", b"e"];
            assert_eq!(feed_all(&[head.to_vec(), tail.to_vec()]).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_fragment_is_an_error() {
        let out_of_order = |object, fragment| Err(FragmentError::OutOfOrder { object, fragment });
        let start = || fragment(1, 0, START, b"a");
        assert_eq!(feed_all(&[start(), fragment(1, 2, END, b"c")]), out_of_order(1, 2));
        assert_eq!(feed_all(&[start(), start()]), out_of_order(1, 0));
        assert_eq!(feed_all(&[fragment(1, 1, START, b"a")]), out_of_order(1, 1));
        assert_eq!(feed_all(&[fragment(4, 1, END, b"a")]), out_of_order(4, 1));
        assert_eq!(feed_all(&[fragment(1, 0, 7, b"a")]), Err(FragmentError::Flags(7)));
    }

    #[test]
    fn a_peer_cannot_make_it_hold_more_than_the_limits() {
        let mut huge = fragment(1, 0, START, b"");
        huge[17..21].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(feed_all(&[huge]), Err(FragmentError::TooLarge));

        let half = vec![0; LIMITS.bytes / 2 + 1];
        let two_halves = [fragment(1, 0, START, &half), fragment(2, 0, START, &half)];
        assert_eq!(feed_all(&two_halves), Err(FragmentError::TooLarge));

        let three: Vec<_> = (0..3).map(|object| fragment(object, 0, START, b"")).collect();
        assert_eq!(feed_all(&three), Err(FragmentError::TooManyObjects));
    }
}
