//! The reader and the writer agree with PowerShell's own `PSSerializer`, in both directions.
#![allow(dead_code, reason = "the worker's support serves other tests too")]

mod worker_support;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use psjob::clixml::{
    DateTime, DateTimeKind, Decimal, Limits, Object, Text, TimeSpan, Value, Version, read_all, read_one, write_document,
};
use psjob::psrp::{Command, HostInfo, Stream};
use uuid::Uuid;
use worker_support::{Session, pipeline};

/// One line per case; each is an expression of PowerShell.
const CORPUS: &str = r#"
$null
$true; $false
'plain'; ''; '   '; "tab`tline`r`nend"
-join [char[]](0..0x100)
'_x0041_ _X0041_ _x _xyz_ __x0041_ _x00410000_'
"<&>`"'"
[string]::new([char[]](0xD83D, 0xDE00, 0x61, 0xD800, 0x62, 0xDC00))
"$([char]0xFFFD)$([char]0xFEFF)$([char]0x85)$([char]0x2028)"
[char]'a'; [char]0; [char]0xD800
[sbyte]-128; [byte]255; [int16]-1; [uint16]65535; -2147483648; [uint32]4294967295; [long]::MinValue; [ulong]::MaxValue
0.0; -0.0; 0.1; 1e15; 1e14; 123456789012345680; 1.5e-7; 0.0001; 0.00001; [double]::MaxValue; [double]::Epsilon
[double]::NaN; [double]::PositiveInfinity; [double]::NegativeInfinity; [Math]::PI; 1e22; 1e21; 5e-324
[float]0.1; [float]1e7; [float]123456.7; [float]::MaxValue; [float]::NaN; [float]::Epsilon; [float]16777216
[decimal]'0'; [decimal]'-1.50'; [decimal]::MaxValue; [decimal]'0.0000000000000000000000000001'
[datetime]::MinValue; [datetime]::MaxValue
[datetime]::new(2024, 2, 29, 1, 2, 3, [DateTimeKind]'Utc'); [datetime]::new(638448000000000001, 'Unspecified')
[datetime]::new(2024, 7, 1, 1, 2, 3, [DateTimeKind]'Local')
[timespan]::Zero; [timespan]::MinValue; [timespan]::MaxValue; [timespan]::new(1, 2, 3, 4, 5); [timespan]::new(-1)
[guid]'00112233-4455-6677-8899-aabbccddeeff'
[uri]'http://host/a b?c=<d>&e'; [uri]::new('relative/path', [UriKind]'Relative')
[version]'1.2'; [version]'1.2.3'; [version]'1.2.3.4'
, [byte[]](0..255); , [byte[]]@()
[xml]'<a b="c">text<d /></a>'
{ param($a) "$a`n" }
[System.Management.Automation.ProgressRecord]::new(1, "act`n", 'status')
[System.DayOfWeek]::Friday; [System.IO.FileAttributes]'ReadOnly, Hidden'
, @(); , @(1, 'two', $null, @(3, 4)); , @($null)
[System.Collections.ArrayList]@(1, 2); [System.Collections.Generic.List[int]]@(1, 2)
[System.Collections.Stack]@(1, 2, 3); [System.Collections.Queue]@(1, 2, 3)
@{}; @{ a = 1; 'b c' = @{ d = $null } }; [ordered]@{ z = 1; a = 2; 3 = 'three' }
[System.Collections.Generic.Dictionary[string, int]]::new()
[pscustomobject]@{ Name = 'n'; Value = 1; Nested = [pscustomobject]@{ Deep = @(1, 2) } }
[pscustomobject]@{ "new`nline <&`"'_x0041_" = 1; ([string][char]0xD800) = 2 }
Add-Note 'text' Note 5
Add-Note 7 Note 'on a number'
Add-Note @(1, 2) Note 'on a list'
$loop = @{}; $loop.self = $loop; $loop
$shared = [pscustomobject]@{ a = 1 }; , @($shared, $shared, @{ again = $shared })
[System.IO.DirectoryInfo]'/usr'; [System.Globalization.CultureInfo]'de-DE'; [System.Text.Encoding]::UTF8
[exception]::new('message', [exception]::new('inner'))
[System.Management.Automation.ErrorRecord]::new([exception]::new('e'), 'Id', 'InvalidData', 5)
1..40
New-Secret 'secret'
"#;

/// Serializes the value of each expression at several depths.
const SERIALIZE: &str = r"
param($corpus)
function Add-Note($object, $name, $value) {
    $wrapped = [psobject]::AsPSObject($object)
    $wrapped.PSObject.Properties.Add([System.Management.Automation.PSNoteProperty]::new($name, $value))
    , $wrapped
}
function New-Secret($text) {
    $secret = [securestring]::new()
    foreach ($character in $text.ToCharArray()) { $secret.AppendChar($character) }
    $secret
}
foreach ($line in $corpus -split '\n') {
    foreach ($value in . ([scriptblock]::Create($line))) {
        foreach ($depth in 1, 3) { [System.Management.Automation.PSSerializer]::Serialize($value, $depth) }
    }
}";

/// Takes documents apart and puts them together again.
const AGAIN: &str = "
foreach ($text in $input) {
    $values = [System.Management.Automation.PSSerializer]::DeserializeAsList($text)
    [System.Management.Automation.PSSerializer]::Serialize($values, 10)
}";

/// PowerShell's layout without its indentation.
fn compact(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(line.trim_start_matches(' '));
    }
    out
}

fn document(values: &[Value]) -> String {
    let mut bytes = Vec::new();
    write_document(values, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_powershell_writes_is_read_and_written_the_same() {
    let mut session = Session::open(HostInfo::None);
    let run = session.run(pipeline(vec![Command::script(SERIALIZE).argument(CORPUS.trim())]));
    let texts = run.texts();
    let errors: Vec<_> =
        run.of(Stream::Error).iter().map(|error| error.as_object().unwrap().to_string.clone()).collect();
    assert_eq!(errors, []);
    assert!(texts.len() > 250, "{}", texts.len());
    for text in texts {
        let values = read_all(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(document(&values), compact(&text));
    }
}

/// What PowerShell gives back as it was: primitives, lists, dictionaries and bags of them.
fn faithful() -> impl Strategy<Value = Value> {
    let units = prop::collection::vec(
        prop_oneof![any::<u16>(), prop::sample::select("_xX01<&\n".encode_utf16().collect::<Vec<_>>())],
        0..12,
    );
    let ticks = 0..=3_155_378_975_999_999_999i64;
    let primitive = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<u16>().prop_map(Value::Char),
        units.prop_map(|units| Value::String(Text::from_utf16(&units))),
        any::<i8>().prop_map(Value::SByte),
        any::<u64>().prop_map(Value::UInt64),
        any::<i64>().prop_map(Value::Int64),
        (prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL).prop_map(Value::Double),
        (prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL).prop_map(Value::Single),
        (any::<bool>(), 1..1u128 << 96, 0..=28u8)
            .prop_map(|(negative, digits, scale)| Value::Decimal(Decimal::new(negative, digits, scale).unwrap())),
        (ticks, prop::bool::ANY).prop_map(|(ticks, utc)| {
            let kind = if utc { DateTimeKind::Utc } else { DateTimeKind::Unspecified };
            Value::DateTime(DateTime { ticks, kind })
        }),
        any::<i64>().prop_map(|ticks| Value::TimeSpan(TimeSpan { ticks })),
        any::<u128>().prop_map(|id| Value::Guid(Uuid::from_u128(id))),
        (0..=i32::MAX, 0..=i32::MAX).prop_map(|(major, minor)| Value::Version(Version::new(major, minor))),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    primitive.prop_recursive(3, 20, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list);
        let bag = prop::collection::vec(inner, 1..4).prop_map(|values| {
            let bag = values.into_iter().enumerate();
            bag.fold(Object::new(), |bag, (index, value)| bag.with(&format!("p{index}\n_x"), value)).into()
        });
        prop_oneof![list, bag]
    })
}

/// The value without what PowerShell adds to it: type names, and what a bag says it is.
fn bare(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let mut object = object.clone();
    object.id = None;
    object.type_names = None;
    object.to_string = None;
    object.adapted.clear();
    if let psjob::clixml::Body::List(_, items) = &mut object.body {
        items.iter_mut().for_each(|item| *item = bare(item));
    }
    object.extended.iter_mut().for_each(|property| property.value = bare(&property.value));
    Value::Object(object)
}

#[test]
fn what_is_written_powershell_reads() {
    let mut session = Session::open(HostInfo::None);
    let mut runner = TestRunner::deterministic();
    let values: Vec<Value> = (0..300).map(|_| faithful().new_tree(&mut runner).unwrap().current()).collect();
    let id = session.create(AGAIN);
    for value in &values {
        let text = document(std::slice::from_ref(&Value::list(vec![value.clone()])));
        session.client.send_input(id, &text.as_str().into()).unwrap();
    }
    session.client.end_input(id).unwrap();
    let run = session.finish(id, |_, _| panic!("unexpected question"));
    let texts = run.texts();
    assert_eq!(texts.len(), values.len());
    for (text, value) in texts.iter().zip(&values) {
        let back = read_one(text.as_bytes(), &Limits::default()).unwrap();
        let back = &back.items().unwrap()[0].items().unwrap()[0];
        assert_eq!(bare(back), bare(value), "{text}");
    }
}
