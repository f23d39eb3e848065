//! Reads CLIXML into values, within limits.

use super::escape::decode;
use super::scalar::{Malformed, parse_boolean, parse_float};
use super::text::Text;
use super::value::{Body, ListKind, Object, ProgressRecord, Property, Secret, TypeNames, Value};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use thiserror::Error;

/// The most that one document may cost. Reading fails at the first limit it meets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Length of the text in bytes.
    pub bytes: usize,
    /// Objects within objects; more than [`Limits::MAX_DEPTH`] counts as that. PowerShell itself stops at 50.
    pub depth: usize,
    /// Values in all, each worth some 60 bytes of memory besides its text.
    pub nodes: usize,
}

impl Limits {
    /// The reader recurses once per level: what a thread's stack surely holds.
    pub const MAX_DEPTH: usize = 200;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 20, depth: 64, nodes: 4 << 20 }
    }
}

/// Why text is not CLIXML, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at byte {at}: {kind}")]
pub struct ReadError {
    /// Offset in the text, in bytes.
    pub at: u64,
    /// What is wrong there.
    pub kind: ReadErrorKind,
}

/// What is wrong with a text that is not CLIXML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadErrorKind {
    /// Not XML at all.
    #[error("{0}")]
    Xml(String),
    /// Not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// A document type declaration: PowerShell prohibits it, and no entity can be defined without it.
    #[error("a document type declaration")]
    DocType,
    /// An element where none of that name may be.
    #[error("unexpected element {0:?}")]
    Element(String),
    /// Text between elements.
    #[error("unexpected text")]
    Text,
    /// An end where something is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A primitive whose text is not one.
    #[error("the text of {0:?} is malformed")]
    Primitive(String),
    /// A reference to an object or a list of type names that does not stand before it.
    #[error("a reference to {0:?}, which does not stand before it")]
    Reference(String),
    /// More than [`Limits`] allow of this.
    #[error("more than the limit of {0}")]
    Limit(&'static str),
}

/// Reads a document of exactly one value, with or without an `Objs` root.
pub fn read_one(bytes: &[u8], limits: &Limits) -> Result<Value, ReadError> {
    let mut values = read_all(bytes, limits)?;
    match (values.pop(), values.is_empty()) {
        (Some(value), true) => Ok(value),
        (None, _) => Err(ReadError { at: 0, kind: ReadErrorKind::Missing("a value") }),
        (Some(_), false) => Err(ReadError { at: 0, kind: ReadErrorKind::Element("a second value".to_owned()) }),
    }
}

/// Reads all values of a document, with or without an `Objs` root. A byte order mark is skipped.
pub fn read_all(bytes: &[u8], limits: &Limits) -> Result<Vec<Value>, ReadError> {
    let at_start = |kind| ReadError { at: 0, kind };
    if bytes.len() > limits.bytes {
        return Err(at_start(ReadErrorKind::Limit("bytes")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReadError { at: error.valid_up_to() as u64, kind: ReadErrorKind::Encoding })?;
    let mut reader = Reader::new(text.trim_start_matches('\u{FEFF}'), limits);
    reader.document().map_err(|kind| ReadError { at: reader.xml.buffer_position(), kind })
}

type Outcome<T> = Result<T, ReadErrorKind>;

struct Reader<'a> {
    xml: quick_xml::Reader<&'a [u8]>,
    depth_left: usize,
    nodes_left: usize,
    objects: HashSet<u64>,
    type_names: HashMap<u64, TypeNames>,
}

/// What comes next between elements.
enum Tag<'a> {
    Start(BytesStart<'a>),
    End,
    Eof,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &Limits) -> Self {
        let mut xml = quick_xml::Reader::from_str(text);
        xml.config_mut().expand_empty_elements = true;
        Self {
            xml,
            depth_left: limits.depth.min(Limits::MAX_DEPTH),
            nodes_left: limits.nodes,
            objects: HashSet::new(),
            type_names: HashMap::new(),
        }
    }

    fn document(&mut self) -> Outcome<Vec<Value>> {
        let mut values = Vec::new();
        while let Some(start) = self.root()? {
            if start.local_name().as_ref() == "Objs" {
                while let Some(start) = self.child()? {
                    values.push(self.value(&start)?);
                }
            } else {
                values.push(self.value(&start)?);
            }
        }
        Ok(values)
    }

    /// The next element of the document itself.
    fn root(&mut self) -> Outcome<Option<BytesStart<'a>>> {
        match self.tag()? {
            Tag::Start(start) => Ok(Some(start)),
            Tag::Eof => Ok(None),
            Tag::End => Err(ReadErrorKind::Xml("an end tag without its start".to_owned())),
        }
    }

    /// The next element within the current one; `None` at its end.
    fn child(&mut self) -> Outcome<Option<BytesStart<'a>>> {
        match self.tag()? {
            Tag::Start(start) => Ok(Some(start)),
            Tag::End => Ok(None),
            Tag::Eof => Err(ReadErrorKind::Missing("an end tag")),
        }
    }

    fn tag(&mut self) -> Outcome<Tag<'a>> {
        loop {
            match self.event()? {
                Event::Start(start) => return Ok(Tag::Start(start)),
                Event::End(_) => return Ok(Tag::End),
                Event::Eof => return Ok(Tag::Eof),
                Event::Text(text) if is_blank(&text) => {}
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::DocType(_) => return Err(ReadErrorKind::DocType),
                _ => return Err(ReadErrorKind::Text),
            }
        }
    }

    fn event(&mut self) -> Outcome<Event<'a>> {
        self.xml.read_event().map_err(|error| ReadErrorKind::Xml(error.to_string()))
    }

    fn value(&mut self, start: &BytesStart<'a>) -> Outcome<Value> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(ReadErrorKind::Limit("nodes"))?;
        match start.local_name().as_ref() {
            "Nil" => self.empty().map(|()| Value::Null),
            "B" => self.parse(start, parse_boolean).map(Value::Boolean),
            "C" => self.number(start).map(Value::Char),
            "S" => self.text().map(Value::String),
            "SB" => self.number(start).map(Value::SByte),
            "By" => self.number(start).map(Value::Byte),
            "I16" => self.number(start).map(Value::Int16),
            "U16" => self.number(start).map(Value::UInt16),
            "I32" => self.number(start).map(Value::Int32),
            "U32" => self.number(start).map(Value::UInt32),
            "I64" => self.number(start).map(Value::Int64),
            "U64" => self.number(start).map(Value::UInt64),
            "Sg" => self.parse(start, parse_float).map(Value::Single),
            "Db" => self.parse(start, parse_float).map(Value::Double),
            "D" => self.number(start).map(Value::Decimal),
            "DT" => self.number(start).map(Value::DateTime),
            "TS" => self.number(start).map(Value::TimeSpan),
            "G" => self.number(start).map(Value::Guid),
            "URI" => self.text().map(Value::Uri),
            "Version" => self.number(start).map(Value::Version),
            "BA" => self.bytes(start).map(Value::Bytes),
            "XD" => self.text().map(Value::Xml),
            "SBK" => self.text().map(Value::ScriptBlock),
            "SS" => Ok(Value::SecureString(Secret(self.content()?.into_owned()))),
            "PR" => self.progress().map(|record| Value::Progress(Box::new(record))),
            "Obj" => self.object(start).map(|object| Value::Object(Box::new(object))),
            "Ref" => self.reference(start),
            _ => Err(unexpected(start)),
        }
    }

    fn object(&mut self, start: &BytesStart<'a>) -> Outcome<Object> {
        self.descend()?;
        let id = ref_id(start)?;
        self.objects.extend(id);
        let mut object = Object { id, ..Object::default() };
        while let Some(start) = self.child()? {
            self.object_part(&start, &mut object)?;
        }
        self.depth_left += 1;
        Ok(object)
    }

    fn object_part(&mut self, start: &BytesStart<'a>, object: &mut Object) -> Outcome<()> {
        match start.local_name().as_ref() {
            "TN" => object.type_names = Some(self.type_names(start)?),
            "TNRef" => object.type_names = Some(self.type_names_reference(start)?),
            "ToString" => object.to_string = Some(self.text()?),
            "Props" => self.properties(&mut object.adapted)?,
            "MS" => self.properties(&mut object.extended)?,
            "LST" => object.body = self.list(ListKind::List)?,
            "STK" => object.body = self.list(ListKind::Stack)?,
            "QUE" => object.body = self.list(ListKind::Queue)?,
            "IE" => object.body = self.list(ListKind::Enumerable)?,
            "DCT" => object.body = self.dictionary()?,
            _ => object.body = Body::Value(self.value(start)?),
        }
        Ok(())
    }

    fn type_names(&mut self, start: &BytesStart<'a>) -> Outcome<TypeNames> {
        let mut names = Vec::new();
        while let Some(item) = self.child()? {
            expect(&item, "T")?;
            names.push(self.text()?);
        }
        let names = TypeNames::from(names);
        if let Some(id) = ref_id(start)? {
            self.type_names.insert(id, names.clone());
        }
        Ok(names)
    }

    fn type_names_reference(&mut self, start: &BytesStart<'a>) -> Outcome<TypeNames> {
        self.empty()?;
        let id = ref_id(start)?.ok_or(ReadErrorKind::Missing("RefId"))?;
        self.type_names.get(&id).cloned().ok_or_else(|| ReadErrorKind::Reference(id.to_string()))
    }

    fn properties(&mut self, properties: &mut Vec<Property>) -> Outcome<()> {
        while let Some(start) = self.child()? {
            let name = name(&start)?;
            let value = if start.local_name().as_ref() == "MS" { self.member_set()? } else { self.value(&start)? };
            properties.push(Property { name, value });
        }
        Ok(())
    }

    fn member_set(&mut self) -> Outcome<Value> {
        self.descend()?;
        let mut members = Vec::new();
        self.properties(&mut members)?;
        self.depth_left += 1;
        Ok(Value::MemberSet(members))
    }

    fn list(&mut self, kind: ListKind) -> Outcome<Body> {
        let mut items = Vec::new();
        while let Some(start) = self.child()? {
            items.push(self.value(&start)?);
        }
        Ok(Body::List(kind, items))
    }

    fn dictionary(&mut self) -> Outcome<Body> {
        let mut entries = Vec::new();
        while let Some(entry) = self.child()? {
            expect(&entry, "En")?;
            let key = self.entry_part("Key")?;
            let value = self.entry_part("Value")?;
            self.empty()?;
            entries.push((key, value));
        }
        Ok(Body::Dictionary(entries))
    }

    fn entry_part(&mut self, part: &'static str) -> Outcome<Value> {
        let start = self.child()?.ok_or(ReadErrorKind::Missing(part))?;
        if !name(&start)?.eq_ignore_ascii_case(part) {
            return Err(ReadErrorKind::Missing(part));
        }
        self.value(&start)
    }

    fn reference(&mut self, start: &BytesStart<'a>) -> Outcome<Value> {
        self.empty()?;
        let id = ref_id(start)?.ok_or(ReadErrorKind::Missing("RefId"))?;
        if !self.objects.contains(&id) {
            return Err(ReadErrorKind::Reference(id.to_string()));
        }
        Ok(Value::Reference(id))
    }

    /// The order of the parts is fixed (PowerShell's `DeserializeProgressRecord`).
    fn progress(&mut self) -> Outcome<ProgressRecord> {
        let record = ProgressRecord {
            activity: self.part("AV")?,
            activity_id: self.number_part("AI")?,
            current_operation: self.current_operation()?,
            parent_activity_id: self.number_part("PI")?,
            percent_complete: self.number_part("PC")?,
            kind: self.part("T")?,
            seconds_remaining: self.number_part("SR")?,
            status_description: self.part("SD")?,
        };
        self.empty()?;
        Ok(record)
    }

    fn part(&mut self, tag: &str) -> Outcome<Text> {
        let start = self.child()?.ok_or(ReadErrorKind::Missing("a part of PR"))?;
        expect(&start, tag)?;
        self.text()
    }

    fn number_part(&mut self, tag: &str) -> Outcome<i32> {
        let start = self.child()?.ok_or(ReadErrorKind::Missing("a part of PR"))?;
        expect(&start, tag)?;
        self.number(&start)
    }

    fn current_operation(&mut self) -> Outcome<Option<Text>> {
        let start = self.child()?.ok_or(ReadErrorKind::Missing("a part of PR"))?;
        match self.value(&start)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(unexpected(&start)),
        }
    }

    fn bytes(&mut self, start: &BytesStart<'a>) -> Outcome<Vec<u8>> {
        self.parse(start, |text| {
            // Long values are wrapped by some writers.
            let mut packed = text.as_bytes().to_vec();
            packed.retain(|byte| !byte.is_ascii_whitespace());
            base64_simd::STANDARD.decode_to_vec(&packed).map_err(|_| Malformed)
        })
    }

    fn number<T: FromStr>(&mut self, start: &BytesStart<'a>) -> Outcome<T> {
        self.parse(start, |text| text.parse().map_err(|_| Malformed))
    }

    fn parse<T>(&mut self, start: &BytesStart<'a>, parse: impl FnOnce(&str) -> Result<T, Malformed>) -> Outcome<T> {
        let text = self.content()?;
        parse(text.trim_matches(is_space)).map_err(|Malformed| ReadErrorKind::Primitive(tag_name(start)))
    }

    fn text(&mut self) -> Outcome<Text> {
        self.content().map(decode)
    }

    /// The text up to the end of the current element, XML's escapes undone.
    fn content(&mut self) -> Outcome<Cow<'a, str>> {
        let mut content = Cow::Borrowed("");
        loop {
            match self.event()? {
                Event::Text(text) => append(&mut content, text.xml10_content()),
                Event::CData(text) => append(&mut content, text.xml10_content()),
                Event::GeneralRef(entity) => content.to_mut().push(resolve(&entity)?),
                Event::End(_) => return Ok(content),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Start(start) => return Err(unexpected(&start)),
                _ => return Err(ReadErrorKind::Missing("an end tag")),
            }
        }
    }

    /// The end of an element that holds nothing more.
    fn empty(&mut self) -> Outcome<()> {
        match self.child()? {
            None => Ok(()),
            Some(start) => Err(unexpected(&start)),
        }
    }

    fn descend(&mut self) -> Outcome<()> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(ReadErrorKind::Limit("depth"))?;
        Ok(())
    }
}

fn append<'a>(content: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if content.is_empty() {
        *content = more;
    } else {
        content.to_mut().push_str(&more);
    }
}

fn resolve(entity: &BytesRef) -> Outcome<char> {
    let unknown = || ReadErrorKind::Xml("an unknown entity".to_owned());
    match entity.resolve_char_ref() {
        Ok(Some(character)) => Ok(character),
        Err(error) => Err(ReadErrorKind::Xml(error.to_string())),
        Ok(None) => match &**entity {
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "amp" => Ok('&'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(unknown()),
        },
    }
}

fn attribute<'s>(start: &'s BytesStart, name: &str) -> Outcome<Option<Cow<'s, str>>> {
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| ReadErrorKind::Xml(error.to_string()))?;
        if attribute.key.as_ref() == name {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            return value.map(Some).map_err(|error| ReadErrorKind::Xml(error.to_string()));
        }
    }
    Ok(None)
}

fn name(start: &BytesStart) -> Outcome<Text> {
    attribute(start, "N")?.map(decode).ok_or(ReadErrorKind::Missing("N"))
}

fn ref_id(start: &BytesStart) -> Outcome<Option<u64>> {
    match attribute(start, "RefId")? {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ReadErrorKind::Reference(text.into_owned())),
    }
}

fn expect(start: &BytesStart, tag: &str) -> Outcome<()> {
    if start.local_name().as_ref() == tag { Ok(()) } else { Err(unexpected(start)) }
}

fn unexpected(start: &BytesStart) -> ReadErrorKind {
    ReadErrorKind::Element(tag_name(start))
}

/// For errors only: cut short, for it may be hostile.
fn tag_name(start: &BytesStart) -> String {
    start.local_name().as_ref().chars().take(32).collect()
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}
