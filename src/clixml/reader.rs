//! Reads CLIXML into values, within limits.

use super::escape::decode;
use super::scalar::{Malformed, parse_boolean, parse_float};
use super::text::Text;
use super::value::{Body, ListKind, Object, ProgressRecord, Property, Secret, TypeNames, Value};
use super::xml::{Start, Xml, is_space};
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
    /// Values and type names in all, each worth up to some 100 bytes of memory besides its text.
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
    pub at: usize,
    /// What is wrong there.
    pub kind: ReadErrorKind,
}

/// What is wrong with a text that is not CLIXML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadErrorKind {
    /// Not XML at all.
    #[error("{0}")]
    Xml(&'static str),
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
        .map_err(|error| ReadError { at: error.valid_up_to(), kind: ReadErrorKind::Encoding })?;
    let mut reader = Reader::new(text.strip_prefix('\u{FEFF}').unwrap_or(text), limits);
    reader.document().map_err(|kind| ReadError { at: reader.xml.position(), kind })
}

pub(super) type Outcome<T> = Result<T, ReadErrorKind>;

struct Reader<'a> {
    xml: Xml<'a>,
    depth_left: usize,
    nodes_left: usize,
    objects: HashSet<u64>,
    type_names: HashMap<u64, TypeNames>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &Limits) -> Self {
        Self {
            xml: Xml::new(text),
            depth_left: limits.depth.min(Limits::MAX_DEPTH),
            nodes_left: limits.nodes,
            objects: HashSet::new(),
            type_names: HashMap::new(),
        }
    }

    fn document(&mut self) -> Outcome<Vec<Value>> {
        let mut values = Vec::new();
        while let Some(start) = self.xml.child()? {
            if start.tag() == "Objs" {
                while let Some(start) = self.xml.child()? {
                    values.push(self.value(&start)?);
                }
            } else {
                values.push(self.value(&start)?);
            }
        }
        Ok(values)
    }

    fn value(&mut self, start: &Start) -> Outcome<Value> {
        self.count()?;
        match start.tag() {
            "Nil" => self.xml.empty().map(|()| Value::Null),
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
            "SS" => Ok(Value::SecureString(Secret(self.xml.content()?.into_owned()))),
            "PR" => self.progress().map(|record| Value::Progress(Box::new(record))),
            "Obj" => self.object(start).map(|object| Value::Object(Box::new(object))),
            "Ref" => self.reference(start),
            _ => Err(start.unexpected()),
        }
    }

    fn object(&mut self, start: &Start) -> Outcome<Object> {
        self.descend()?;
        let id = start.ref_id()?;
        self.objects.extend(id);
        let mut object = Object { id, ..Object::default() };
        while let Some(start) = self.xml.child()? {
            self.object_part(&start, &mut object)?;
        }
        self.depth_left += 1;
        Ok(object)
    }

    fn object_part(&mut self, start: &Start, object: &mut Object) -> Outcome<()> {
        match start.tag() {
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

    fn type_names(&mut self, start: &Start) -> Outcome<TypeNames> {
        let mut names = Vec::new();
        while let Some(item) = self.xml.child()? {
            item.expect("T")?;
            self.count()?;
            names.push(self.text()?);
        }
        let names = TypeNames::from(names);
        if let Some(id) = start.ref_id()? {
            self.type_names.insert(id, names.clone());
        }
        Ok(names)
    }

    fn type_names_reference(&mut self, start: &Start) -> Outcome<TypeNames> {
        self.xml.empty()?;
        let id = start.ref_id()?.ok_or(ReadErrorKind::Missing("RefId"))?;
        self.type_names.get(&id).cloned().ok_or_else(|| ReadErrorKind::Reference(id.to_string()))
    }

    fn properties(&mut self, properties: &mut Vec<Property>) -> Outcome<()> {
        while let Some(start) = self.xml.child()? {
            let name = start.name()?;
            let value = if start.tag() == "MS" { self.member_set()? } else { self.value(&start)? };
            properties.push(Property { name, value });
        }
        Ok(())
    }

    fn member_set(&mut self) -> Outcome<Value> {
        self.count()?;
        self.descend()?;
        let mut members = Vec::new();
        self.properties(&mut members)?;
        self.depth_left += 1;
        Ok(Value::MemberSet(members))
    }

    fn list(&mut self, kind: ListKind) -> Outcome<Body> {
        let mut items = Vec::new();
        while let Some(start) = self.xml.child()? {
            items.push(self.value(&start)?);
        }
        Ok(Body::List(kind, items))
    }

    fn dictionary(&mut self) -> Outcome<Body> {
        let mut entries = Vec::new();
        while let Some(entry) = self.xml.child()? {
            entry.expect("En")?;
            let key = self.entry_part("Key")?;
            let value = self.entry_part("Value")?;
            self.xml.empty()?;
            entries.push((key, value));
        }
        Ok(Body::Dictionary(entries))
    }

    fn entry_part(&mut self, part: &'static str) -> Outcome<Value> {
        let start = self.xml.child()?.ok_or(ReadErrorKind::Missing(part))?;
        if !start.name()?.eq_ignore_ascii_case(part) {
            return Err(ReadErrorKind::Missing(part));
        }
        self.value(&start)
    }

    fn reference(&mut self, start: &Start) -> Outcome<Value> {
        self.xml.empty()?;
        let id = start.ref_id()?.ok_or(ReadErrorKind::Missing("RefId"))?;
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
        self.xml.empty()?;
        Ok(record)
    }

    fn part(&mut self, tag: &str) -> Outcome<Text> {
        let start = self.xml.child()?.ok_or(ReadErrorKind::Missing("a part of PR"))?;
        start.expect(tag)?;
        self.text()
    }

    fn number_part(&mut self, tag: &str) -> Outcome<i32> {
        let start = self.xml.child()?.ok_or(ReadErrorKind::Missing("a part of PR"))?;
        start.expect(tag)?;
        self.number(&start)
    }

    fn current_operation(&mut self) -> Outcome<Option<Text>> {
        let start = self.xml.child()?.ok_or(ReadErrorKind::Missing("a part of PR"))?;
        match start.tag() {
            "Nil" => self.xml.empty().map(|()| None),
            "S" => self.text().map(Some),
            _ => Err(start.unexpected()),
        }
    }

    fn bytes(&mut self, start: &Start) -> Outcome<Vec<u8>> {
        self.parse(start, |text| {
            // Long values are wrapped by some writers.
            let mut packed = text.as_bytes().to_vec();
            packed.retain(|byte| !byte.is_ascii_whitespace());
            base64_simd::STANDARD.decode_to_vec(&packed).map_err(|_| Malformed)
        })
    }

    fn number<T: FromStr>(&mut self, start: &Start) -> Outcome<T> {
        self.parse(start, |text| text.parse().map_err(|_| Malformed))
    }

    fn parse<T>(&mut self, start: &Start, parse: impl FnOnce(&str) -> Result<T, Malformed>) -> Outcome<T> {
        let text = self.xml.content()?;
        parse(text.trim_matches(is_space)).map_err(|Malformed| ReadErrorKind::Primitive(start.short_tag()))
    }

    fn text(&mut self) -> Outcome<Text> {
        self.xml.content().map(decode)
    }

    fn count(&mut self) -> Outcome<()> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(ReadErrorKind::Limit("nodes"))?;
        Ok(())
    }

    fn descend(&mut self) -> Outcome<()> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(ReadErrorKind::Limit("depth"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scalar::{DateTime, Decimal, TimeSpan, Version};
    use super::*;
    use uuid::Uuid;

    fn read(text: &str) -> Result<Value, ReadErrorKind> {
        read_one(text.as_bytes(), &Limits::default()).map_err(|error| error.kind)
    }

    fn parsed<T: FromStr>(text: &str) -> T
    where
        T::Err: std::fmt::Debug,
    {
        text.parse().unwrap()
    }

    #[test]
    fn every_primitive_is_read() {
        let cases = [
            ("<Nil />", Value::Null),
            ("<B>true</B>", Value::Boolean(true)),
            ("<C>55296</C>", Value::Char(0xD800)),
            ("<S>a_x000A_b</S>", "a\nb".into()),
            ("<SB>-128</SB>", Value::SByte(-128)),
            ("<By>255</By>", Value::Byte(255)),
            ("<I16>-1</I16>", Value::Int16(-1)),
            ("<U16>1</U16>", Value::UInt16(1)),
            ("<I32>-2147483648</I32>", Value::Int32(i32::MIN)),
            ("<U32>4294967295</U32>", Value::UInt32(u32::MAX)),
            ("<I64>-9223372036854775808</I64>", Value::Int64(i64::MIN)),
            ("<U64>18446744073709551615</U64>", Value::UInt64(u64::MAX)),
            ("<Sg>-INF</Sg>", Value::Single(f32::NEG_INFINITY)),
            ("<Db>1E-05</Db>", Value::Double(1e-5)),
            ("<D>-1.50</D>", Value::Decimal(Decimal::new(true, 150, 2).unwrap())),
            (
                "<DT>2024-02-29T01:02:03.4+02:00</DT>",
                Value::DateTime(parsed::<DateTime>("2024-02-29T01:02:03.4+02:00")),
            ),
            ("<TS>PT9.0269026S</TS>", Value::TimeSpan(TimeSpan { ticks: 90_269_026 })),
            (
                "<G>792e5b37-4505-47ef-b7d2-8711bb7affa8</G>",
                Uuid::from_u128(0x792e5b37_4505_47ef_b7d2_8711bb7affa8).into(),
            ),
            ("<URI>http://a/?b&amp;c</URI>", Value::Uri("http://a/?b&c".into())),
            ("<Version>6.2.1.3</Version>", Value::Version(parsed::<Version>("6.2.1.3"))),
            ("<BA>AQID\n BA==</BA>", Value::Bytes(vec![1, 2, 3, 4])),
            ("<XD>&lt;a /&gt;</XD>", Value::Xml("<a />".into())),
            ("<SBK>1 + 1</SBK>", Value::ScriptBlock("1 + 1".into())),
            ("<SS>AbC=</SS>", Value::SecureString(Secret("AbC=".into()))),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn an_object_has_all_its_parts_in_any_layout() {
        let text = "\u{FEFF}<?xml version=\"1.0\"?>
            <Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">
              <!-- a comment -->
              <Obj RefId=\"7\">
                <TN RefId=\"0\"><T>Deserialized.A</T><T>B</T></TN>
                <ToString>shown</ToString>
                <DCT><En><S N=\"Key\">k</S><Obj N=\"Value\" RefId=\"8\"><TNRef RefId=\"0\" /><QUE><Ref RefId=\"7\" /></QUE></Obj></En></DCT>
                <Props><I32 N=\"a_x0009_&quot;\">1</I32></Props>
                <MS><MS N=\"set\"><S N=\"inner\"></S></MS></MS>
              </Obj>
            </Objs>";
        let type_names: TypeNames = ["Deserialized.A", "B"].map(Text::from).into();
        let inner = Object {
            id: Some(8),
            type_names: Some(type_names.clone()),
            ..Object::with_body(Body::List(ListKind::Queue, vec![Value::Reference(7)]))
        };
        let property = |name: &str, value| Property { name: name.into(), value };
        let expected = Object {
            id: Some(7),
            type_names: Some(type_names),
            to_string: Some("shown".into()),
            body: Body::Dictionary(vec![("k".into(), inner.into())]),
            adapted: vec![property("a\t\"", Value::Int32(1))],
            extended: vec![property("set", Value::MemberSet(vec![property("inner", "".into())]))],
        };
        assert_eq!(read(text), Ok(expected.into()));
    }

    #[test]
    fn a_progress_record_is_read_in_its_fixed_order() {
        let text = "<PR N=\"Record\"><AV>act</AV><AI>1</AI><S>op</S><PI>-1</PI><PC>50</PC><T>Processing</T><SR>-1</SR><SD>st</SD></PR>";
        let record = ProgressRecord {
            activity: "act".into(),
            activity_id: 1,
            current_operation: Some("op".into()),
            parent_activity_id: -1,
            percent_complete: 50,
            kind: "Processing".into(),
            seconds_remaining: -1,
            status_description: "st".into(),
        };
        assert_eq!(read(text), Ok(Value::Progress(Box::new(record))));
        assert!(read(&text.replace("<AI>1</AI>", "")).is_err());
    }

    #[test]
    fn text_is_what_xml_says_it_is() {
        for (text, value) in [
            ("<S>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</S>", "<>&\"'AB"),
            ("<S><![CDATA[<&_x0041_]]>b</S>", "<&Ab"),
            ("<S>a<!-- no -->b</S>", "ab"),
            ("<S>a\r\nb</S>", "a\nb"),
            ("<S>  kept  </S>", "  kept  "),
            ("<S/>", ""),
        ] {
            assert_eq!(read(text), Ok(value.into()), "{text}");
        }
        assert_eq!(read("<I32> 7\n</I32>"), Ok(Value::Int32(7)));
    }

    #[test]
    fn a_document_may_hold_any_number_of_values() {
        let all = |text: &str| read_all(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(all(""), []);
        assert_eq!(all("<Objs />"), []);
        assert_eq!(all("<Objs><I32>1</I32><Nil /></Objs>"), [Value::Int32(1), Value::Null]);
        assert_eq!(all("<I32>1</I32>\n<I32>2</I32>"), [Value::Int32(1), Value::Int32(2)]);
        assert_eq!(read(""), Err(ReadErrorKind::Missing("a value")));
        assert!(read("<Nil /><Nil />").is_err());
    }

    #[test]
    fn what_is_not_clixml_is_an_error() {
        let element = |name: &str| ReadErrorKind::Element(name.to_owned());
        let primitive = |name: &str| ReadErrorKind::Primitive(name.to_owned());
        for (text, kind) in [
            ("<X />", element("X")),
            ("<I32>x</I32>", primitive("I32")),
            ("<By>256</By>", primitive("By")),
            ("<B>True</B>", primitive("B")),
            ("<BA>!</BA>", primitive("BA")),
            ("<I32><I32>1</I32></I32>", element("I32")),
            ("<Nil>text</Nil>", ReadErrorKind::Text),
            ("text", ReadErrorKind::Text),
            ("<Obj>text</Obj>", ReadErrorKind::Text),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><S>&b;</S>", ReadErrorKind::DocType),
            ("<Obj><MS><I32>1</I32></MS></Obj>", ReadErrorKind::Missing("N")),
            ("<Obj><DCT><En><I32 N=\"Key\">1</I32></En></DCT></Obj>", ReadErrorKind::Missing("Value")),
            ("<Obj><DCT><I32>1</I32></DCT></Obj>", element("I32")),
            ("<Ref />", ReadErrorKind::Missing("RefId")),
            ("<Ref RefId=\"1\" />", ReadErrorKind::Reference("1".into())),
            ("<Obj RefId=\"a\" />", ReadErrorKind::Reference("a".into())),
            ("<Obj><TNRef RefId=\"0\" /></Obj>", ReadErrorKind::Reference("0".into())),
            ("<S>a", ReadErrorKind::Missing("an end tag")),
        ] {
            assert_eq!(read(text), Err(kind), "{text}");
        }
        for text in ["<S>&b;</S>", "<S>a</T>", "<S", "</S>", "<S>&#xD800;</S>", "<S>&#0;</S>"] {
            assert!(matches!(read(text), Err(ReadErrorKind::Xml(_))), "{text}: {:?}", read(text));
        }
        let error = read_one(b"<S>\xFF</S>", &Limits::default()).unwrap_err();
        assert_eq!(error, ReadError { at: 3, kind: ReadErrorKind::Encoding });
        assert_eq!(error.to_string(), "at byte 3: not UTF-8");
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { bytes: 80, depth: 2, nodes: 3 };
        let read = |text: &str| read_one(text.as_bytes(), &limits).map_err(|error| error.kind);
        assert!(read("<Obj><LST><Obj><LST><Nil /></LST></Obj></LST></Obj>").is_ok());
        let deep = "<Obj><LST><Obj><LST><Obj /></LST></Obj></LST></Obj>";
        assert_eq!(read(deep), Err(ReadErrorKind::Limit("depth")));
        let sets = "<Obj><MS><MS N=\"a\"><MS N=\"b\" /></MS></MS></Obj>";
        assert_eq!(read(sets), Err(ReadErrorKind::Limit("depth")));
        for many in ["<Obj><LST><Nil /><Nil /><Nil /></LST></Obj>", "<Obj><TN><T /><T /><T /></TN></Obj>"] {
            assert_eq!(read(many), Err(ReadErrorKind::Limit("nodes")));
        }
        assert_eq!(read(&" ".repeat(81)), Err(ReadErrorKind::Limit("bytes")));
    }
}
