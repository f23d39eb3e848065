//! Writes values as CLIXML, in the order of elements that PowerShell's own serializer keeps.

use super::escape::{Place, encode, encode_str};
use super::scalar::{format_double, format_single};
use super::text::Text;
use super::value::{Body, ListKind, Object, ProgressRecord, Property, TypeNames, Value};
use std::collections::HashMap;
use std::fmt::Display;
use std::io::Write as _;
use thiserror::Error;

/// The version that documents name (MS-PSRP 2.2.5 and PowerShell's `InternalSerializer.DefaultVersion`).
const VERSION: &str = "1.1.0.1";
const NAMESPACE: &str = "http://schemas.microsoft.com/powershell/2004/04";

/// Why values cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// A [`Value::Reference`] without its object before it.
    #[error("a reference to object {0}, which does not stand before it")]
    DanglingReference(u64),
}

/// Appends `value` as one bare element, the form of PSRP's message bodies.
pub fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), WriteError> {
    Writer::new(out).value(value, None)
}

/// Appends `values` below an `Objs` root, the form of files and of `PSSerializer`.
pub fn write_document<'a>(values: impl IntoIterator<Item = &'a Value>, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let mut writer = Writer::new(out);
    writer.raw(&format!("<Objs Version=\"{VERSION}\" xmlns=\"{NAMESPACE}\">"));
    for value in values {
        writer.value(value, None)?;
    }
    writer.raw("</Objs>");
    Ok(())
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// From the numbers in the values to those in the output.
    objects: HashMap<u64, u64>,
    next_object: u64,
    type_names: HashMap<TypeNames, usize>,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, objects: HashMap::new(), next_object: 0, type_names: HashMap::new() }
    }

    fn value(&mut self, value: &Value, name: Option<&Text>) -> Result<(), WriteError> {
        match value {
            Value::Null => self.empty("Nil", name),
            Value::Boolean(value) => self.plain("B", name, value),
            Value::Char(value) => self.plain("C", name, value),
            Value::String(text) => self.text("S", name, text),
            Value::SByte(value) => self.plain("SB", name, value),
            Value::Byte(value) => self.plain("By", name, value),
            Value::Int16(value) => self.plain("I16", name, value),
            Value::UInt16(value) => self.plain("U16", name, value),
            Value::Int32(value) => self.plain("I32", name, value),
            Value::UInt32(value) => self.plain("U32", name, value),
            Value::Int64(value) => self.plain("I64", name, value),
            Value::UInt64(value) => self.plain("U64", name, value),
            Value::Single(value) => self.plain("Sg", name, format_single(*value)),
            Value::Double(value) => self.plain("Db", name, format_double(*value)),
            Value::Decimal(value) => self.plain("D", name, value),
            Value::DateTime(value) => self.plain("DT", name, value),
            Value::TimeSpan(value) => self.plain("TS", name, value),
            Value::Guid(value) => self.plain("G", name, value),
            Value::Uri(text) => self.text("URI", name, text),
            Value::Version(value) => self.plain("Version", name, value),
            Value::Bytes(bytes) => self.bytes(name, bytes),
            Value::Xml(text) => self.text("XD", name, text),
            Value::ScriptBlock(text) => self.text("SBK", name, text),
            Value::SecureString(secret) => self.escaped("SS", name, &secret.0),
            Value::Progress(record) => self.progress(name, record)?,
            Value::Object(object) => self.object(name, object)?,
            Value::Reference(id) => self.reference(name, *id)?,
            Value::MemberSet(members) => {
                self.start("MS", name);
                self.properties(members)?;
                self.end("MS");
            }
        }
        Ok(())
    }

    fn object(&mut self, name: Option<&Text>, object: &Object) -> Result<(), WriteError> {
        let number = self.next_object;
        self.next_object += 1;
        if let Some(id) = object.id {
            self.objects.insert(id, number);
        }
        self.open("Obj", name);
        self.raw(&format!(" RefId=\"{number}\">"));
        if let Some(type_names) = &object.type_names {
            self.type_names(type_names);
        }
        if let Some(text) = &object.to_string {
            self.text("ToString", None, text);
        }
        self.body(&object.body)?;
        if !object.adapted.is_empty() {
            self.raw("<Props>");
            self.properties(&object.adapted)?;
            self.raw("</Props>");
        }
        if !object.extended.is_empty() {
            self.raw("<MS>");
            self.properties(&object.extended)?;
            self.raw("</MS>");
        }
        self.end("Obj");
        Ok(())
    }

    fn type_names(&mut self, type_names: &TypeNames) {
        if let Some(number) = self.type_names.get(type_names) {
            let element = format!("<TNRef RefId=\"{number}\" />");
            return self.raw(&element);
        }
        let number = self.type_names.len();
        self.type_names.insert(type_names.clone(), number);
        self.raw(&format!("<TN RefId=\"{number}\">"));
        for type_name in type_names.iter() {
            self.text("T", None, type_name);
        }
        self.raw("</TN>");
    }

    fn body(&mut self, body: &Body) -> Result<(), WriteError> {
        match body {
            Body::None => Ok(()),
            Body::Value(value) => self.value(value, None),
            Body::List(kind, items) if items.is_empty() => {
                self.empty(list_tag(*kind), None);
                Ok(())
            }
            Body::Dictionary(entries) if entries.is_empty() => {
                self.empty("DCT", None);
                Ok(())
            }
            Body::List(kind, items) => {
                self.start(list_tag(*kind), None);
                for item in items {
                    self.value(item, None)?;
                }
                self.end(list_tag(*kind));
                Ok(())
            }
            Body::Dictionary(entries) => {
                let (key_name, value_name) = (Text::from("Key"), Text::from("Value"));
                self.raw("<DCT>");
                for (key, value) in entries {
                    self.raw("<En>");
                    self.value(key, Some(&key_name))?;
                    self.value(value, Some(&value_name))?;
                    self.raw("</En>");
                }
                self.raw("</DCT>");
                Ok(())
            }
        }
    }

    fn properties(&mut self, properties: &[Property]) -> Result<(), WriteError> {
        properties.iter().try_for_each(|property| self.value(&property.value, Some(&property.name)))
    }

    fn reference(&mut self, name: Option<&Text>, id: u64) -> Result<(), WriteError> {
        let number = *self.objects.get(&id).ok_or(WriteError::DanglingReference(id))?;
        self.open("Ref", name);
        self.raw(&format!(" RefId=\"{number}\" />"));
        Ok(())
    }

    fn progress(&mut self, name: Option<&Text>, record: &ProgressRecord) -> Result<(), WriteError> {
        self.start("PR", name);
        self.text("AV", None, &record.activity);
        self.plain("AI", None, record.activity_id);
        match &record.current_operation {
            Some(text) => self.text("S", None, text),
            None => self.empty("Nil", None),
        }
        self.plain("PI", None, record.parent_activity_id);
        self.plain("PC", None, record.percent_complete);
        self.text("T", None, &record.kind);
        self.plain("SR", None, record.seconds_remaining);
        self.text("SD", None, &record.status_description);
        self.end("PR");
        Ok(())
    }

    fn bytes(&mut self, name: Option<&Text>, bytes: &[u8]) {
        if bytes.is_empty() {
            return self.empty("BA", name);
        }
        self.start("BA", name);
        base64_simd::STANDARD.encode_append(bytes, self.out);
        self.end("BA");
    }

    /// A primitive whose text needs no escape.
    fn plain(&mut self, tag: &str, name: Option<&Text>, value: impl Display) {
        self.start(tag, name);
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "{value}");
        self.end(tag);
    }

    fn text(&mut self, tag: &str, name: Option<&Text>, text: &Text) {
        self.start(tag, name);
        encode(text, Place::Content, self.out);
        self.end(tag);
    }

    fn escaped(&mut self, tag: &str, name: Option<&Text>, text: &str) {
        self.start(tag, name);
        encode_str(text, Place::Content, self.out);
        self.end(tag);
    }

    fn empty(&mut self, tag: &str, name: Option<&Text>) {
        self.open(tag, name);
        self.raw(" />");
    }

    fn start(&mut self, tag: &str, name: Option<&Text>) {
        self.open(tag, name);
        self.raw(">");
    }

    /// The start tag up to where its `RefId` or its end would follow.
    fn open(&mut self, tag: &str, name: Option<&Text>) {
        self.raw("<");
        self.raw(tag);
        if let Some(name) = name {
            self.raw(" N=\"");
            encode(name, Place::Attribute, self.out);
            self.raw("\"");
        }
    }

    fn end(&mut self, tag: &str) {
        self.raw("</");
        self.raw(tag);
        self.raw(">");
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

fn list_tag(kind: ListKind) -> &'static str {
    match kind {
        ListKind::List => "LST",
        ListKind::Stack => "STK",
        ListKind::Queue => "QUE",
        ListKind::Enumerable => "IE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: impl Into<Value>) -> String {
        let mut out = Vec::new();
        write(&value.into(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn objects_are_numbered_and_type_names_shared() {
        let typed =
            || Object { type_names: Some([Text::from("T")].into()), to_string: Some("s".into()), ..Object::new() };
        let list = Value::list(vec![typed().into(), typed().into()]);
        assert_eq!(
            written(list),
            "<Obj RefId=\"0\"><LST>\
             <Obj RefId=\"1\"><TN RefId=\"0\"><T>T</T></TN><ToString>s</ToString></Obj>\
             <Obj RefId=\"2\"><TNRef RefId=\"0\" /><ToString>s</ToString></Obj></LST></Obj>"
        );
    }

    #[test]
    fn a_reference_means_the_object_of_its_number_that_stands_last_before_it() {
        let document =
            || Value::Object(Box::new(Object { id: Some(7), ..Object::new().with("self", Value::Reference(7)) }));
        assert_eq!(
            written(Value::list(vec![document(), document()])),
            "<Obj RefId=\"0\"><LST>\
             <Obj RefId=\"1\"><MS><Ref N=\"self\" RefId=\"1\" /></MS></Obj>\
             <Obj RefId=\"2\"><MS><Ref N=\"self\" RefId=\"2\" /></MS></Obj></LST></Obj>"
        );
    }

    #[test]
    fn a_dangling_reference_is_an_error() {
        let result = write(&Value::Reference(3), &mut Vec::new());
        assert_eq!(result, Err(WriteError::DanglingReference(3)));
    }

    #[test]
    fn names_are_escaped_as_attributes() {
        let object = Object::new().with("a\"b\n<_x", Value::Null);
        assert_eq!(written(object), "<Obj RefId=\"0\"><MS><Nil N=\"a&quot;b_x000A_&lt;_x005F_x\" /></MS></Obj>");
    }

    #[test]
    fn a_document_has_a_root() {
        let mut out = Vec::new();
        write_document([&Value::Int32(1), &Value::Null], &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><I32>1</I32><Nil /></Objs>"
        );
    }
}
