//! [`Value`]: what one CLIXML element says (MS-PSRP 2.2.5).

use super::scalar::{DateTime, Decimal, TimeSpan, Version};
use super::text::Text;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroize;

/// One value. Each variant names its element; the comment gives it.
///
/// Objects refer to one another by the numbers that their document gave them ([`Object::id`],
/// [`Value::Reference`]): a reference means the object of that number that stands last before it, in the order of
/// the document. So values of several documents may be joined in one, and a cycle is no trouble.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `Nil`
    Null,
    /// `B`
    Boolean(bool),
    /// `C`: a UTF-16 code unit.
    Char(u16),
    /// `S`
    String(Text),
    /// `SB`
    SByte(i8),
    /// `By`
    Byte(u8),
    /// `I16`
    Int16(i16),
    /// `U16`
    UInt16(u16),
    /// `I32`
    Int32(i32),
    /// `U32`
    UInt32(u32),
    /// `I64`
    Int64(i64),
    /// `U64`
    UInt64(u64),
    /// `Sg`
    Single(f32),
    /// `Db`
    Double(f64),
    /// `D`
    Decimal(Decimal),
    /// `DT`
    DateTime(DateTime),
    /// `TS`
    TimeSpan(TimeSpan),
    /// `G`
    Guid(Uuid),
    /// `URI`
    Uri(Text),
    /// `Version`
    Version(Version),
    /// `BA`
    Bytes(Vec<u8>),
    /// `XD`: the text of an XML document.
    Xml(Text),
    /// `SBK`: the text of a script block.
    ScriptBlock(Text),
    /// `SS`
    SecureString(Secret),
    /// `PR`
    Progress(Box<ProgressRecord>),
    /// `Obj`
    Object(Box<Object>),
    /// `Ref`: an object that stands earlier in the document.
    Reference(u64),
    /// `MS` with a name: a set of members, only ever a property in [`Object::extended`].
    MemberSet(Vec<Property>),
}

/// The content of an `SS` element as it stands: how it is encoded depends on who wrote it. Never printed, and wiped when
/// it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The content of an `Obj` element (MS-PSRP 2.2.5.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The number by which a [`Value::Reference`] names the object; the writer renumbers.
    pub id: Option<u64>,
    /// The names of its type and the type's bases, most derived first; `None` says nothing of the type.
    pub type_names: Option<TypeNames>,
    /// What its `ToString` gave.
    pub to_string: Option<Text>,
    /// What it is, besides its properties.
    pub body: Body,
    /// `Props`: the properties of its type.
    pub adapted: Vec<Property>,
    /// `MS`: the properties added to it.
    pub extended: Vec<Property>,
}

/// Type names, shared among the objects of one type.
pub type TypeNames = Arc<[Text]>;

/// What an [`Object`] is, besides its properties.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// Nothing: a bag of properties.
    #[default]
    None,
    /// A value with properties or a type name of its own; an enumeration is one of an integer.
    Value(Value),
    /// A sequence.
    List(ListKind, Vec<Value>),
    /// `DCT`: keys and values in order.
    Dictionary(Vec<(Value, Value)>),
}

/// The element of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// `LST`: a list with an index.
    List,
    /// `STK`: a stack, its top first.
    Stack,
    /// `QUE`: a queue, its head first.
    Queue,
    /// `IE`: whatever can be enumerated.
    Enumerable,
}

/// A property of an [`Object`].
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: Value,
}

/// The content of a `PR` element, a progress record outside PSRP's own messages (MS-PSRP 2.2.5.1.25).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgressRecord {
    /// What is being done.
    pub activity: Text,
    /// Tells records of several activities apart.
    pub activity_id: i32,
    /// The step at hand.
    pub current_operation: Option<Text>,
    /// The activity that this one belongs to; negative for none.
    pub parent_activity_id: i32,
    /// 0 to 100; negative for unknown.
    pub percent_complete: i32,
    /// `Processing` or `Completed`.
    pub kind: Text,
    /// Negative for unknown.
    pub seconds_remaining: i32,
    /// How the activity stands.
    pub status_description: Text,
}

impl Value {
    /// A list without a type name.
    pub fn list(items: Vec<Value>) -> Self {
        Object::with_body(Body::List(ListKind::List, items)).into()
    }

    /// A dictionary, typed as PowerShell's hashtable.
    pub fn dictionary(entries: Vec<(Value, Value)>) -> Self {
        Object {
            type_names: Some(Arc::new([Text::from("System.Collections.Hashtable"), Text::from("System.Object")])),
            ..Object::with_body(Body::Dictionary(entries))
        }
        .into()
    }

    /// What lies below the properties and type names that an object may wrap around a primitive.
    pub fn base(&self) -> &Value {
        match self {
            Value::Object(object) => match &object.body {
                Body::Value(value) => value.base(),
                _ => self,
            },
            _ => self,
        }
    }

    /// The object, if the value is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The property `name` of an object, see [`Object::property`].
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.as_object()?.property(name)
    }

    /// The items of a list, stack, queue or enumerable.
    pub fn items(&self) -> Option<&[Value]> {
        match &self.as_object()?.body {
            Body::List(_, items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dictionary.
    pub fn entries(&self) -> Option<&[(Value, Value)]> {
        match &self.as_object()?.body {
            Body::Dictionary(entries) => Some(entries),
            _ => None,
        }
    }

    /// The text of a string, script block, URI or XML document.
    pub fn as_text(&self) -> Option<&Text> {
        match self.base() {
            Value::String(text) | Value::ScriptBlock(text) | Value::Uri(text) | Value::Xml(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.base() {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, of whatever width, or that of an enumeration.
    pub fn as_i64(&self) -> Option<i64> {
        match *self.base() {
            Value::SByte(value) => Some(value.into()),
            Value::Byte(value) => Some(value.into()),
            Value::Int16(value) => Some(value.into()),
            Value::UInt16(value) => Some(value.into()),
            Value::Int32(value) => Some(value.into()),
            Value::UInt32(value) => Some(value.into()),
            Value::Int64(value) => Some(value),
            Value::UInt64(value) => value.try_into().ok(),
            _ => None,
        }
    }

    /// The integer, if it has 32 bits.
    pub fn as_i32(&self) -> Option<i32> {
        self.as_i64()?.try_into().ok()
    }

    /// Whether this is `Nil`.
    pub fn is_null(&self) -> bool {
        matches!(self.base(), Value::Null)
    }

    /// Whether a [`Value::SecureString`] lies anywhere inside.
    pub fn holds_secret(&self) -> bool {
        let in_properties = |properties: &[Property]| properties.iter().any(|property| property.value.holds_secret());
        match self {
            Value::SecureString(_) => true,
            Value::MemberSet(members) => in_properties(members),
            Value::Object(object) => {
                object.body.holds_secret() || in_properties(&object.adapted) || in_properties(&object.extended)
            }
            _ => false,
        }
    }
}

impl Value {
    /// Visits every secret inside.
    pub fn visit_secrets(&mut self, visit: &mut impl FnMut(&mut Secret)) {
        match self {
            Value::SecureString(secret) => visit(secret),
            Value::MemberSet(members) => members.iter_mut().for_each(|member| member.value.visit_secrets(visit)),
            Value::Object(object) => object.visit_secrets(visit),
            _ => {}
        }
    }
}

impl Object {
    fn visit_secrets(&mut self, visit: &mut impl FnMut(&mut Secret)) {
        match &mut self.body {
            Body::None => {}
            Body::Value(value) => value.visit_secrets(visit),
            Body::List(_, items) => items.iter_mut().for_each(|item| item.visit_secrets(visit)),
            Body::Dictionary(entries) => {
                for (key, value) in entries {
                    key.visit_secrets(visit);
                    value.visit_secrets(visit);
                }
            }
        }
        let properties = self.adapted.iter_mut().chain(&mut self.extended);
        properties.for_each(|property| property.value.visit_secrets(visit));
    }
}

impl Body {
    fn holds_secret(&self) -> bool {
        match self {
            Body::None => false,
            Body::Value(value) => value.holds_secret(),
            Body::List(_, items) => items.iter().any(Value::holds_secret),
            Body::Dictionary(entries) => entries.iter().any(|(key, value)| key.holds_secret() || value.holds_secret()),
        }
    }
}

impl Object {
    /// A bag of properties with none in it, and no type.
    pub fn new() -> Self {
        Self::default()
    }

    /// An object of `body`, without properties.
    pub fn with_body(body: Body) -> Self {
        Self { body, ..Self::default() }
    }

    /// Adds an extended property; PSRP's own messages consist of such.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extended.push(Property { name: name.into(), value: value.into() });
        self
    }

    /// The property `name`, extended ones first; the case of ASCII letters does not count.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.extended
            .iter()
            .chain(&self.adapted)
            .find(|property| property.name.eq_ignore_ascii_case(name))
            .map(|property| &property.value)
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$variant(value.into())
            }
        }
    )*};
}

value_from! {
    bool => Boolean, &str => String, String => String, Text => String, i32 => Int32, i64 => Int64, u32 => UInt32,
    u64 => UInt64, f64 => Double, Uuid => Guid, Version => Version, Vec<u8> => Bytes, Object => Object,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
