//! The reader and the writer are each other's inverse.

use proptest::prelude::*;
use psjob::clixml::{
    Body, DateTime, DateTimeKind, Decimal, Limits, ListKind, Object, ProgressRecord, Property, Secret, Text, TimeSpan,
    TypeNames, Value, Version, read_all, read_one, write, write_document,
};
use uuid::Uuid;

/// Any code units; escapes, their look-alikes and what they are made of are frequent.
fn text() -> impl Strategy<Value = Text> {
    let utf16 = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let escapes = ["_x0041_", "_X0041_", "_xd83d_", "_x0001F600_", "_xD800", "x0041_", "_x005F_"].map(utf16);
    let piece = prop_oneof![
        2 => any::<u16>().prop_map(|unit| vec![unit]),
        4 => prop::sample::select(utf16("_xX01<>&\"'\r\n\t é\u{FFFE}")).prop_map(|unit| vec![unit]),
        1 => (0xD800..0xE000u16).prop_map(|unit| vec![unit]),
        2 => prop::sample::select(escapes.to_vec()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| Text::from_utf16(&pieces.concat()))
}

fn date_time() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        Just(DateTimeKind::Unspecified),
        Just(DateTimeKind::Utc),
        (-14 * 60..=14 * 60i16).prop_map(DateTimeKind::Local),
    ];
    (0..=3_155_378_975_999_999_999i64, kind).prop_map(|(ticks, kind)| Value::DateTime(DateTime { ticks, kind }))
}

fn version() -> impl Strategy<Value = Value> {
    let part = || 0..=i32::MAX;
    let tail = prop::option::of((part(), prop::option::of(part())));
    (part(), part(), tail).prop_map(|(major, minor, tail)| {
        let (build, revision) = tail.map_or((None, None), |(build, revision)| (Some(build), revision));
        Value::Version(Version { major, minor, build, revision })
    })
}

fn progress() -> impl Strategy<Value = Value> {
    (text(), any::<i32>(), prop::option::of(text()), any::<i32>(), any::<i32>(), text(), any::<i32>(), text()).prop_map(
        |(
            activity,
            activity_id,
            current_operation,
            parent_activity_id,
            percent_complete,
            kind,
            seconds_remaining,
            status_description,
        )| {
            Value::Progress(Box::new(ProgressRecord {
                activity,
                activity_id,
                current_operation,
                parent_activity_id,
                percent_complete,
                kind,
                seconds_remaining,
                status_description,
            }))
        },
    )
}

fn primitive() -> impl Strategy<Value = Value> {
    let numbers = prop_oneof![
        any::<i8>().prop_map(Value::SByte),
        any::<u8>().prop_map(Value::Byte),
        any::<i16>().prop_map(Value::Int16),
        any::<u16>().prop_map(Value::UInt16),
        any::<i32>().prop_map(Value::Int32),
        any::<u32>().prop_map(Value::UInt32),
        any::<i64>().prop_map(Value::Int64),
        any::<u64>().prop_map(Value::UInt64),
        // NaN, the only number unlike itself, is not among these.
        (prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO | prop::num::f32::INFINITE)
            .prop_map(Value::Single),
        (prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO | prop::num::f64::INFINITE)
            .prop_map(Value::Double),
        (any::<bool>(), 0..1u128 << 96, 0..=Decimal::MAX_SCALE)
            .prop_map(|(negative, digits, scale)| Value::Decimal(Decimal::new(negative, digits, scale).unwrap())),
    ];
    let texts = prop_oneof![
        text().prop_map(Value::String),
        text().prop_map(Value::Uri),
        text().prop_map(Value::Xml),
        text().prop_map(Value::ScriptBlock),
        "[A-Za-z0-9+/]{0,8}={0,2}".prop_map(|text| Value::SecureString(Secret(text))),
    ];
    let others = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<u16>().prop_map(Value::Char),
        date_time(),
        any::<i64>().prop_map(|ticks| Value::TimeSpan(TimeSpan { ticks })),
        any::<u128>().prop_map(|id| Value::Guid(Uuid::from_u128(id))),
        version(),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        progress(),
    ];
    prop_oneof![numbers, texts, others]
}

fn list_kind() -> impl Strategy<Value = ListKind> {
    prop::sample::select(vec![ListKind::List, ListKind::Stack, ListKind::Queue, ListKind::Enumerable])
}

fn properties(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<Property>> {
    let property = (text(), value).prop_map(|(name, value)| Property { name, value });
    prop::collection::vec(property, 0..3)
}

/// A few lists of type names, so that some objects share theirs.
fn type_names() -> impl Strategy<Value = Option<TypeNames>> {
    let names = prop::sample::select(vec![vec![], vec!["A"], vec!["Deserialized.A", "B", "_x0041_<"]]);
    prop::option::of(names.prop_map(|names| names.into_iter().map(Text::from).collect()))
}

fn object(inner: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    let list = (list_kind(), prop::collection::vec(inner.clone(), 0..4));
    let body = prop_oneof![
        Just(Body::None),
        inner.clone().prop_map(Body::Value),
        list.prop_map(|(kind, items)| Body::List(kind, items)),
        prop::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(Body::Dictionary),
    ];
    let member = prop_oneof![4 => inner.clone(), 1 => properties(inner.clone()).prop_map(Value::MemberSet)];
    let parts = (type_names(), prop::option::of(text()), body, properties(inner), properties(member));
    parts.prop_map(|(type_names, to_string, body, adapted, extended)| {
        Value::from(Object { id: None, type_names, to_string, body, adapted, extended })
    })
}

/// Objects numbered as the writer numbers them, and some of the nulls made references to those before or around them.
fn numbered(mut value: Value) -> Value {
    struct Numbering {
        next: u64,
        nulls: u64,
    }
    impl Numbering {
        fn value(&mut self, value: &mut Value) {
            match value {
                Value::Null => {
                    self.nulls += 1;
                    if self.next > 0 && self.nulls.is_multiple_of(2) {
                        *value = Value::Reference(self.nulls % self.next);
                    }
                }
                Value::MemberSet(members) => self.properties(members),
                Value::Object(object) => self.object(object),
                _ => {}
            }
        }

        fn object(&mut self, object: &mut Object) {
            object.id = Some(self.next);
            self.next += 1;
            match &mut object.body {
                Body::None => {}
                Body::Value(value) => self.value(value),
                Body::List(_, items) => items.iter_mut().for_each(|item| self.value(item)),
                Body::Dictionary(entries) => entries.iter_mut().for_each(|(key, value)| {
                    self.value(key);
                    self.value(value);
                }),
            }
            self.properties(&mut object.adapted);
            self.properties(&mut object.extended);
        }

        fn properties(&mut self, properties: &mut [Property]) {
            properties.iter_mut().for_each(|property| self.value(&mut property.value));
        }
    }
    Numbering { next: 0, nulls: 0 }.value(&mut value);
    value
}

fn value() -> impl Strategy<Value = Value> {
    primitive().prop_recursive(5, 40, 4, |inner| object(inner.boxed())).prop_map(numbered)
}

fn written(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in value()) {
        let bytes = written(&value);
        let back = read_one(&bytes, &Limits::default());
        prop_assert_eq!(back, Ok(value), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_document_of_many_reads_back(values in prop::collection::vec(primitive(), 0..5)) {
        let mut bytes = Vec::new();
        write_document(&values, &mut bytes).unwrap();
        prop_assert_eq!(read_all(&bytes, &Limits::default()), Ok(values));
    }

    /// Documents with numbers of their own join into one: each keeps its references.
    #[test]
    fn values_of_several_documents_join(values in prop::collection::vec(value(), 1..4)) {
        let joined = written(&Value::list(values.clone()));
        let read = read_one(&joined, &Limits::default()).unwrap();
        let again: Vec<_> = read.items().unwrap().iter().map(written).collect();
        prop_assert_eq!(again, values.iter().map(written).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_all(&bytes, &Limits::default());
    }

    #[test]
    fn any_tags_are_read_or_refused(tags in prop::collection::vec(tag(), 0..30)) {
        let text = tags.concat();
        if let Ok(values) = read_all(text.as_bytes(), &Limits::default()) {
            let mut bytes = Vec::new();
            write_document(&values, &mut bytes).unwrap();
            prop_assert_eq!(read_all(&bytes, &Limits::default()).map(|values| values.len()), Ok(values.len()));
        }
    }
}

/// What CLIXML is made of, in no order.
fn tag() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "<Obj>",
        "<Obj RefId=\"0\">",
        "</Obj>",
        "<MS>",
        "</MS>",
        "<Props>",
        "</Props>",
        "<LST>",
        "</LST>",
        "<DCT>",
        "</DCT>",
        "<En>",
        "</En>",
        "<S N=\"Key\">",
        "<S N=\"Value\">",
        "<S>",
        "</S>",
        "<I32>1</I32>",
        "<I32 N=\"a\">1</I32>",
        "<Nil />",
        "<Ref RefId=\"0\" />",
        "<TN RefId=\"0\">",
        "</TN>",
        "<T>t</T>",
        "<TNRef RefId=\"0\" />",
        "<ToString>",
        "</ToString>",
        "<PR>",
        "</PR>",
        "<AV>a</AV>",
        "<AI>1</AI>",
        "text",
        "&lt;",
        "&no;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<Objs>",
        "</Objs>",
        " ",
        "<",
        ">",
        "\"",
        "=",
    ])
}
