//! The line framing: encoding and decoding are inverse under any chunking, and nothing a stream holds is fatal or lost.

use proptest::collection::vec;
use proptest::prelude::*;
use psjob::psrp::packet::{Packet, PacketKind, StreamTag};
use psjob::transport::framing::{DEFAULT_MAX_ELEMENT, Decoder, Item, encode_line};
use uuid::Uuid;

const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn id() -> Uuid {
    ID.parse().unwrap()
}

fn data(bytes: &[u8]) -> Packet {
    Packet::new(id(), PacketKind::Data(StreamTag::Default, bytes.to_vec()))
}

fn text(packet: &Packet) -> String {
    let mut line = Vec::new();
    encode_line(std::slice::from_ref(packet), &mut line);
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

/// Feeds `chunks`, then the end; neighbouring stray items are joined, since where they part depends on the chunks.
fn decode_chunks<'a>(mut decoder: Decoder, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Item> {
    let mut items = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk);
        while let Some(item) = decoder.next_item() {
            items = join(items, item);
        }
    }
    decoder.finish();
    while let Some(item) = decoder.next_item() {
        items = join(items, item);
    }
    items
}

fn join(mut items: Vec<Item>, item: Item) -> Vec<Item> {
    use Item::{Packet, Stray, Torn};
    let joined = match (items.pop(), item) {
        (Some(Stray(mut bytes)), Stray(more)) => {
            bytes.extend(more);
            vec![Stray(bytes)]
        }
        (Some(Stray(mut bytes) | Torn(mut bytes)), Stray(more) | Torn(more)) => {
            bytes.extend(more);
            vec![Torn(bytes)]
        }
        (last, item @ (Packet(_) | Stray(_) | Torn(_))) => last.into_iter().chain([item]).collect(),
    };
    items.extend(joined);
    items
}

fn decode(text: impl AsRef<[u8]>) -> Vec<Item> {
    decode_chunks(Decoder::default(), std::iter::once(text.as_ref()))
}

fn stray(text: &str) -> Item {
    Item::Stray(text.into())
}

fn torn(text: &str) -> Item {
    Item::Torn(text.into())
}

#[test]
fn elements_are_written_as_powershell_writes_them() {
    let session = Packet::new(Uuid::nil(), PacketKind::Close);
    let answer = Packet::new(id(), PacketKind::Data(StreamTag::PromptResponse, vec![0xfb, 0xff]));
    let mut line = Vec::new();
    encode_line(&[data(b"hi"), session, answer], &mut line);
    let expected = format!(
        "<Data Stream='Default' PSGuid='{ID}'>aGk=</Data>\
         <Close PSGuid='00000000-0000-0000-0000-000000000000' />\
         <Data Stream='PromptResponse' PSGuid='{ID}'>+/8=</Data>\n"
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
}

#[test]
fn no_packet_makes_no_blank_line() {
    let mut line = b"before".to_vec();
    encode_line(&[], &mut line);
    assert_eq!(line, b"before");
}

#[test]
fn xml_freedoms_are_accepted() {
    for text in [
        format!("<Data PSGuid=\"{ID}\" Stream='Default'>aGk=</Data>"),
        format!("<Data\tStream = \"Default\"  PSGuid= '{}' >aGk=</Data>\r\n", ID.to_uppercase()),
    ] {
        assert_eq!(decode(&text), [Item::Packet(data(b"hi"))], "{text}");
    }
    assert_eq!(decode(format!("<DataAck PSGuid='{ID}'/>\n")), [Item::Packet(Packet::new(id(), PacketKind::DataAck))]);
}

#[test]
fn foreign_bytes_around_elements_come_back_unchanged() {
    let (hi, ack) = (text(&data(b"hi")), format!("<CommandAck PSGuid='{ID}' />"));
    let acked = || Item::Packet(Packet::new(id(), PacketKind::CommandAck));
    let stream = format!("a\n\nb{hi}c < d{ack}\n<b>{hi}\r\ne\r\n\u{feff}{ack}e\u{1b}[0m");
    assert_eq!(
        decode(stream),
        [
            stray("a\n\nb"),
            Item::Packet(data(b"hi")),
            stray("c < d"),
            acked(),
            stray("<b>"),
            Item::Packet(data(b"hi")),
            stray("e\r\n\u{feff}"),
            acked(),
            stray("e\u{1b}[0m"),
        ]
    );
}

#[test]
fn what_is_no_valid_element_is_torn_and_does_not_hide_the_next() {
    let good = text(&data(b"hi"));
    for bad in [
        format!("<Data Stream='Default' PSGuid='{ID}'>aGk"),
        format!("<Data Stream='Default' PSGuid='{ID}'>aGk=oops</Data>"),
        format!("<Data Stream='Default' PSGuid='{ID}'>a Gk=</Data>"),
        format!("<Data Stream='Default' PSGuid='{ID}'>aGk=</Dat>"),
        format!("<Data Stream='Default' PSGuid='{ID}' PSGuid='{ID}'>aGk=</Data>"),
        format!("<Data Stream='Default' PSGuid='{}'>aGk=</Data>", ID.replace('-', "")),
        format!("<Data Stream='Default' PSGuid='{{{ID}}}'>aGk=</Data>"),
        format!("<Data Stream='Other' PSGuid='{ID}'>aGk=</Data>"),
        format!("<Data Stream='Default' PSGuid='{ID}' Extra='1'>aGk=</Data>"),
        format!("<Data PSGuid='{ID}'>aGk=</Data>"),
        format!("<Data Stream='Default'PSGuid='{ID}'>aGk=</Data>"),
        format!("<Data Stream='Default' PSGuid='{ID}' />"),
        format!("<DataAck PSGuid='{ID}'>"),
        format!("<DataAck PSGuid='{ID}"),
        format!("<DataAck Stream='Default' PSGuid='{ID}' />"),
        format!("<dataack PSGuid='{ID}' />"),
        format!("<Unknown PSGuid='{ID}' />"),
        "aGk=</Data>".to_owned(),
    ] {
        assert_eq!(decode(format!("{bad}{good}\n")), [torn(&bad), Item::Packet(data(b"hi"))]);
        assert_eq!(decode(format!("{bad}\n{good}\n")), [torn(&format!("{bad}\n")), Item::Packet(data(b"hi"))]);
    }
}

#[test]
fn the_end_of_the_stream_ends_the_last_line() {
    let hi = text(&data(b"hi"));
    assert_eq!(decode(&hi), [Item::Packet(data(b"hi"))]);
    assert_eq!(decode(&hi[..hi.len() - 1]), [torn(&hi[..hi.len() - 1])]);
}

#[test]
fn an_endless_line_costs_bounded_memory_and_loses_nothing() {
    let limit = 1000;
    let hi = text(&data(b"hi"));
    let mut decoder = Decoder::new(limit);
    let mut strays = 0;
    for _ in 0..1000 {
        decoder.feed(&[b'x'; 100]);
        while let Some(item) = decoder.next_item() {
            let Item::Stray(bytes) = item else { panic!("{item:?}") };
            assert!(bytes.len() <= limit + 100);
            strays += bytes.len();
        }
    }
    assert!(100_000 - strays <= limit);
    // The element that the line ends with was begun before the decoder knew where.
    let tail: Vec<_> = hi.as_bytes().chunks(7).chain([b"\n".as_slice()]).collect();
    let items = decode_chunks(decoder, tail.into_iter());
    assert!(matches!(&items[..], [Item::Stray(_), Item::Packet(packet)] if *packet == data(b"hi")), "{items:?}");
}

#[test]
fn an_element_beyond_the_limit_is_torn_however_it_arrives() {
    let (big, small) = (text(&data(&[7; 3000])), text(&data(b"hi")));
    let stream = format!("{small}{big}\n{small}\n");
    for chunk in [1, 10, 999, 1_000_000] {
        let items = decode_chunks(Decoder::new(big.len() - 1), stream.as_bytes().chunks(chunk));
        let hi = || Item::Packet(data(b"hi"));
        assert_eq!(items, [hi(), torn(&format!("{big}\n")), hi()], "chunks of {chunk}");
        let items = decode_chunks(Decoder::new(big.len()), stream.as_bytes().chunks(chunk));
        assert_eq!(items, [hi(), Item::Packet(data(&[7; 3000])), hi()], "chunks of {chunk}");
    }
}

#[test]
fn beginnings_without_end_take_linear_time() {
    // Quadratic work on this much would take hours.
    let opening = format!("<Data Stream='Default' PSGuid='{ID}'>");
    for piece in ["<", "<Data ", "<Data Stream='", &opening, "</Data>"] {
        let hostile = piece.repeat(DEFAULT_MAX_ELEMENT / piece.len());
        let items = decode_chunks(Decoder::default(), hostile.as_bytes().chunks(64 << 10));
        assert_eq!(items.len(), 1);
    }
}

fn packets() -> impl Strategy<Value = Packet> {
    use PacketKind::*;
    let tags = prop_oneof![Just(StreamTag::Default), Just(StreamTag::PromptResponse)];
    let kinds = prop_oneof![
        4 => (tags, vec(any::<u8>(), 0..200)).prop_map(|(tag, bytes)| Data(tag, bytes)),
        1 => proptest::sample::select(vec![DataAck, Command, CommandAck, Signal, SignalAck, Close, CloseAck]),
    ];
    (any::<u128>(), kinds).prop_map(|(target, kind)| Packet::new(Uuid::from_u128(target), kind))
}

/// Text that no element can be made of, but that looks like it.
fn junk() -> impl Strategy<Value = String> {
    prop_oneof!["[^<\n]{0,20}", "(<D|<Data |<DataAck |</Data>|<|'|>|PSGuid='|\r| ){0,5}"]
}

fn chunked(bytes: &[u8], sizes: Vec<usize>) -> Vec<&[u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    for size in sizes {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

proptest! {
    #[test]
    fn decoding_undoes_encoding_under_any_chunking(
        lines in vec(vec(packets(), 0..4), 0..8),
        sizes in vec(0usize..300, 0..40),
    ) {
        let mut stream = Vec::new();
        lines.iter().for_each(|line| encode_line(line, &mut stream));
        let items = decode_chunks(Decoder::default(), chunked(&stream, sizes).into_iter());
        let expected: Vec<_> = lines.into_iter().flatten().map(Item::Packet).collect();
        prop_assert_eq!(items, expected);
    }

    #[test]
    fn junk_between_elements_hides_none_and_comes_back(
        parts in vec((junk(), any::<bool>(), packets()), 0..8),
        limit in 0usize..600,
        sizes in vec(0usize..300, 0..40),
    ) {
        let mut stream = Vec::new();
        for (junk, line_end, packet) in &parts {
            stream.extend_from_slice(junk.as_bytes());
            stream.extend_from_slice(if *line_end { b"\n" } else { b"" });
            encode_line(std::slice::from_ref(packet), &mut stream);
        }
        let items = decode_chunks(Decoder::new(limit), chunked(&stream, sizes).into_iter());
        // The same however it is cut.
        prop_assert_eq!(&items, &decode_chunks(Decoder::new(limit), std::iter::once(stream.as_slice())));
        // Every element within the limit is found, in order.
        let expected: Vec<_> = parts.iter().map(|part| &part.2).filter(|packet| text(packet).len() <= limit).collect();
        let found: Vec<_> = items.iter().filter_map(|item| if let Item::Packet(packet) = item { Some(packet) } else { None }).collect();
        prop_assert_eq!(found, expected);
        // Junk, elements and stray bytes make up the stream again, but for line ends after elements.
        let mut rebuilt = String::new();
        for item in &items {
            match item {
                Item::Packet(packet) => rebuilt += &text(packet),
                Item::Stray(bytes) | Item::Torn(bytes) => rebuilt += str::from_utf8(bytes).unwrap(),
            }
        }
        let without_ends = |text: &str| text.replace(['\r', '\n'], "");
        prop_assert_eq!(without_ends(&rebuilt), without_ends(str::from_utf8(&stream).unwrap()));
    }

    #[test]
    fn arbitrary_bytes_are_never_fatal(bytes in vec(any::<u8>(), 0..2000), limit in 0usize..100) {
        decode_chunks(Decoder::new(limit), bytes.chunks(13));
    }
}
