//! The client against a double of a worker: order, pace, states, and whatever a worker may do wrong.

mod psrp_support;

use proptest::prelude::*;
use psjob::clixml::{self, Secret, Value};
use psjob::psrp::fragment::{FragmentError, FragmentLimits};
use psjob::psrp::message::{Message, MessageType};
use psjob::psrp::{
    Client, ClientError, Command, Config, Event, HostCall, HostError, HostInfo, HostMethod, Limits, Packet, PacketKind,
    Pipeline, PipelineEnd, PoolState, ProtocolError, Statement, Stream, StreamTag,
};
use psrp_support::{CAPABILITY, Double, body, state, state_with_reason};
use uuid::Uuid;

const POOL: Uuid = Uuid::from_u128(0x0102030405060708090A0B0C0D0E0F10);
const A: Uuid = Uuid::from_u128(0xA);
const B: Uuid = Uuid::from_u128(0xB);
const NIL: Uuid = Uuid::nil();

fn client() -> Client {
    Client::new(Config { pool_id: POOL, host: HostInfo::Interface, limits: Limits::default() })
}

/// A client and a double whose pool is open, nothing on the way.
fn opened() -> (Client, Double) {
    let (mut client, mut double) = (client(), Double::new(POOL));
    client.open().unwrap();
    exchange(&mut client, &mut double);
    say_all(&mut client, double.say_opened());
    assert!(events(&mut client).contains(&Event::Opened));
    (client, double)
}

/// The same with a pipeline that runs.
fn running(id: Uuid) -> (Client, Double) {
    let (mut client, mut double) = opened();
    client.create_pipeline(&Pipeline::script(id, "1")).unwrap();
    exchange(&mut client, &mut double);
    (client, double)
}

/// Takes all lines and gives all acknowledgements, until nobody has more to say.
fn exchange(client: &mut Client, double: &mut Double) {
    loop {
        let quiet = take_lines(client, double) == 0;
        match double.next_acknowledgement() {
            Some(packet) => client.receive(packet).unwrap(),
            None if quiet => return,
            None => {}
        }
    }
}

/// Takes the lines that need no acknowledgement; gives their number.
fn take_lines(client: &mut Client, double: &mut Double) -> usize {
    let lines: Vec<_> = std::iter::from_fn(|| client.next_line()).collect();
    let count = lines.len();
    lines.into_iter().for_each(|line| double.take(line));
    count
}

fn say_all(client: &mut Client, packets: impl IntoIterator<Item = Packet>) {
    packets.into_iter().for_each(|packet| client.receive(packet).unwrap());
}

fn events(client: &mut Client) -> Vec<Event> {
    std::iter::from_fn(|| client.next_event()).collect()
}

fn kinds(double: &Double) -> Vec<MessageType> {
    double.messages.iter().map(|message| message.kind).collect()
}

fn ended(pipeline: Uuid, state: PipelineEnd) -> Event {
    Event::PipelineState { pipeline, state, reason: None }
}

#[test]
fn the_opening_is_one_packet_with_every_field() {
    let mut client = client();
    assert_eq!(client.next_line(), None);
    client.open().unwrap();
    let line = client.next_line().unwrap();
    assert!(matches!(line[..], [Packet { target: NIL, kind: PacketKind::Data(StreamTag::Default, _) }]));
    let mut double = Double::new(POOL);
    double.take(line);
    assert_eq!(kinds(&double), [MessageType::SESSION_CAPABILITY, MessageType::INIT_RUNSPACEPOOL]);
    let capability = body(&double.messages[0]);
    assert_eq!(capability.property("protocolversion"), Some(&Value::Version(clixml::Version::new(2, 4))));
    let init = body(&double.messages[1]);
    for field in
        ["MinRunspaces", "MaxRunspaces", "PSThreadOptions", "ApartmentState", "HostInfo", "ApplicationArguments"]
    {
        assert!(init.property(field).is_some(), "{field}");
    }
    assert_eq!(client.next_line(), None);
}

#[test]
fn the_worker_opens_and_says_what_it_is() {
    let (client, _) = opened();
    assert_eq!(client.state(), PoolState::Opened);
    assert_eq!(client.server_version(), Some(clixml::Version::new(2, 4)));
    assert_eq!(client.ignored(), 0);
}

#[test]
fn the_first_pipeline_shares_the_opening_line() {
    let mut client = client();
    client.open().unwrap();
    client.create_pipeline(&Pipeline::script(A, "1")).unwrap();
    client.create_pipeline(&Pipeline::script(B, "2")).unwrap();
    let line = client.next_line().unwrap();
    let targets: Vec<_> = line.iter().map(|packet| packet.target).collect();
    assert_eq!(targets, [NIL, A, A]);
    let mut double = Double::new(POOL);
    double.take(line);
    exchange(&mut client, &mut double);
    assert_eq!(double.running(), [A], "the second one waits for the pool");
    say_all(&mut client, double.say_opened());
    exchange(&mut client, &mut double);
    assert_eq!(double.running(), [A, B]);
}

/// "ab" in UTF-16LE, as a shim's document has it and as it goes to a worker of 2.4.
const SECRET: (&str, &str) = ("61006200", "YQBiAA==");

fn secret(text: &str) -> Value {
    Value::SecureString(Secret(text.to_owned()))
}

fn secret_pipeline(id: Uuid) -> Pipeline {
    let script = Command::script("1").argument(Value::list(vec![secret(SECRET.0)]));
    Pipeline::new(id, vec![Statement { commands: vec![script] }])
}

/// The secret in the only argument of a CREATE_PIPELINE.
fn sent_secret(create: &Message) -> String {
    let shell = body(create).property("PowerShell").unwrap().clone();
    let command = shell.property("Cmds").unwrap().items().unwrap()[0].clone();
    let argument = command.property("Args").unwrap().items().unwrap()[0].property("V").unwrap().clone();
    match &argument.items().unwrap()[0] {
        Value::SecureString(secret) => secret.0.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pipeline_with_a_secret_waits_for_the_workers_version() {
    let (mut client, mut double) = (client(), Double::new(POOL));
    client.open().unwrap();
    client.create_pipeline(&secret_pipeline(A)).unwrap();
    client.send_input(A, &1.into()).unwrap();
    client.create_pipeline(&Pipeline::script(B, "2")).unwrap();
    let line = client.next_line().unwrap();
    assert_eq!(line.iter().map(|packet| packet.target).collect::<Vec<_>>(), [NIL, B, B]);
    double.take(line);
    exchange(&mut client, &mut double);
    say_all(&mut client, double.say_opened());
    exchange(&mut client, &mut double);
    assert_eq!(kinds(&double)[3..], [MessageType::CREATE_PIPELINE, MessageType::PIPELINE_INPUT]);
    assert_eq!(sent_secret(&double.messages[3]), SECRET.1);
    let output = format!("<Obj><LST><SS>{}</SS></LST></Obj>", SECRET.1);
    client.receive(double.say(A, MessageType::PIPELINE_OUTPUT, &output)).unwrap();
    let clixml = format!("<Obj><LST><SS>{}</SS></LST></Obj>", SECRET.0).into_bytes();
    assert_eq!(events(&mut client).last(), Some(&Event::Record { pipeline: A, stream: Stream::Output, clixml }));
}

#[test]
fn a_pipeline_that_waits_with_its_secret_can_be_stopped() {
    let mut client = client();
    client.open().unwrap();
    client.create_pipeline(&secret_pipeline(A)).unwrap();
    client.stop_pipeline(A).unwrap();
    client.close_pipeline(A).unwrap();
    assert_eq!(events(&mut client), [ended(A, PipelineEnd::Stopped), Event::CommandClosed { pipeline: A }]);
}

/// The key that an old worker makes, and the ENCRYPTED_SESSION_KEY that answers a PUBLIC_KEY (PowerShell's CryptoUtils.cs).
const SESSION_KEY: [u8; 32] = [0x5A; 32];

fn session_key_for(public_key: &Message) -> String {
    use rsa::{BigUint, Pkcs1v15Encrypt, RsaPublicKey, rand_core::OsRng};
    let blob = body(public_key).property("PublicKey").unwrap().as_text().unwrap().to_string();
    let blob = base64_simd::STANDARD.decode_to_vec(blob).unwrap();
    assert_eq!(blob[..16], *b"\x06\x02\0\0\0\xA4\0\0RSA1\0\x08\0\0");
    let number = |bytes| BigUint::from_bytes_le(bytes);
    let key = RsaPublicKey::new(number(&blob[20..]), number(&blob[16..20])).unwrap();
    let mut encrypted = key.encrypt(&mut OsRng, Pkcs1v15Encrypt, &SESSION_KEY).unwrap();
    encrypted.reverse();
    let blob = [&b"\x01\x02\0\0\x10\x66\0\0\0\xA4\0\0"[..], &encrypted].concat();
    let blob = base64_simd::STANDARD.encode_to_string(blob);
    format!("<Obj RefId=\"0\"><MS><S N=\"EncryptedSessionKey\">{blob}</S></MS></Obj>")
}

fn encrypted(clear: &[u8]) -> String {
    use cbc::cipher::{BlockEncryptMut, KeyIvInit, block_padding::Pkcs7};
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&SESSION_KEY.into(), &[0; 16].into());
    base64_simd::STANDARD.encode_to_string(cipher.encrypt_padded_vec_mut::<Pkcs7>(clear))
}

#[test]
fn an_old_worker_gets_secrets_under_its_session_key() {
    let (mut client, mut double) = (client(), Double::new(POOL));
    client.open().unwrap();
    client.create_pipeline(&secret_pipeline(A)).unwrap();
    exchange(&mut client, &mut double);
    let mut opening = double.say_opened();
    opening[0] = double.say(NIL, MessageType::SESSION_CAPABILITY, &CAPABILITY.replace("2.4", "2.3"));
    say_all(&mut client, opening);
    exchange(&mut client, &mut double);
    assert_eq!(kinds(&double)[2..], [MessageType::PUBLIC_KEY], "the pipeline waits for the key");

    let key = session_key_for(&double.messages[2]);
    client.receive(double.say(NIL, MessageType::PUBLIC_KEY_REQUEST, "<S></S>")).unwrap();
    client.receive(double.say(NIL, MessageType::ENCRYPTED_SESSION_KEY, &key)).unwrap();
    exchange(&mut client, &mut double);
    assert_eq!(kinds(&double)[3..], [MessageType::CREATE_PIPELINE], "the key is asked for once");
    assert_eq!(sent_secret(&double.messages[3]), encrypted(b"a\0b\0"));

    let output = format!("<SS>{}</SS>", encrypted(b"a\0b\0"));
    client.receive(double.say(A, MessageType::PIPELINE_OUTPUT, &output)).unwrap();
    let clixml = format!("<SS>{}</SS>", SECRET.0).into_bytes();
    assert_eq!(events(&mut client).last(), Some(&Event::Record { pipeline: A, stream: Stream::Output, clixml }));
}

#[test]
fn an_old_worker_may_ask_for_the_key_itself() {
    let (mut client, mut double) = (client(), Double::new(POOL));
    client.open().unwrap();
    exchange(&mut client, &mut double);
    let mut opening = double.say_opened();
    opening[0] = double.say(NIL, MessageType::SESSION_CAPABILITY, &CAPABILITY.replace("2.4", "2.2"));
    say_all(&mut client, opening);
    client.receive(double.say(NIL, MessageType::PUBLIC_KEY_REQUEST, "<S></S>")).unwrap();
    exchange(&mut client, &mut double);
    assert_eq!(kinds(&double)[2..], [MessageType::PUBLIC_KEY]);
    let broken = double.say(
        NIL,
        MessageType::ENCRYPTED_SESSION_KEY,
        "<Obj><MS><S N=\"EncryptedSessionKey\">AA==</S></MS></Obj>",
    );
    assert!(matches!(client.receive(broken), Err(ProtocolError::SessionKey(_))));
}

#[test]
fn input_waits_for_the_creation_and_then_shares_a_packet() {
    let (mut client, mut double) = opened();
    client.create_pipeline(&Pipeline::script(A, "1")).unwrap();
    for item in 0..100 {
        client.send_input(A, &item.into()).unwrap();
    }
    client.end_input(A).unwrap();
    assert_eq!(take_lines(&mut client, &mut double), 1);
    client.receive(double.next_acknowledgement().unwrap()).unwrap();
    assert_eq!(take_lines(&mut client, &mut double), 0, "the Command's acknowledgement is not that of the creation");
    client.receive(double.next_acknowledgement().unwrap()).unwrap();
    assert_eq!(take_lines(&mut client, &mut double), 1);
    assert_eq!(kinds(&double)[3..103], [MessageType::PIPELINE_INPUT; 100]);
    assert_eq!(kinds(&double)[103..], [MessageType::END_OF_PIPELINE_INPUT]);
    assert_eq!(client.send_input(A, &1.into()), Err(ClientError::InputEnded));
}

#[test]
fn it_is_known_whether_the_worker_owes_an_acknowledgement() {
    let (mut client, mut double) = running(A);
    assert!(!client.awaits_answer());
    client.send_input(A, &1.into()).unwrap();
    assert!(!client.awaits_answer(), "nothing is sent yet");
    take_lines(&mut client, &mut double);
    assert!(client.awaits_answer());
    exchange(&mut client, &mut double);
    client.stop_pipeline(A).unwrap();
    take_lines(&mut client, &mut double);
    assert!(!client.awaits_answer(), "a stop may take as long as the script lets it");
}

#[test]
fn null_input_has_no_body() {
    let (mut client, mut double) = running(A);
    client.send_input(A, &Value::Null).unwrap();
    exchange(&mut client, &mut double);
    assert_eq!(double.messages.last().unwrap().body, b"");
}

#[test]
fn a_large_pipeline_and_its_input_take_many_lines() {
    let (mut client, mut double) = opened();
    let long = "x".repeat(1 << 20);
    client.create_pipeline(&Pipeline::script(A, long.as_str())).unwrap();
    client.send_input(A, &long.as_str().into()).unwrap();
    assert!(client.unsent_input(A) > 1 << 20);
    exchange(&mut client, &mut double);
    assert_eq!(client.unsent_input(A), 0);
    let [.., create, input] = &double.messages[..] else { panic!() };
    assert_eq!(input.body.len(), long.len() + "<S></S>".len());
    assert!(create.body.len() > long.len());
}

#[test]
fn a_pipeline_that_takes_no_input_gets_none() {
    let (mut client, mut double) = opened();
    client.create_pipeline(&Pipeline { no_input: true, ..Pipeline::script(A, "1") }).unwrap();
    assert_eq!(client.send_input(A, &1.into()), Err(ClientError::InputEnded));
    exchange(&mut client, &mut double);
    assert_eq!(body(double.messages.last().unwrap()).property("NoInput"), Some(&true.into()));
}

#[test]
fn records_carry_what_the_worker_wrote() {
    let (mut client, mut double) = running(A);
    let records = [
        (MessageType::PIPELINE_OUTPUT, Stream::Output),
        (MessageType::ERROR_RECORD, Stream::Error),
        (MessageType::WARNING_RECORD, Stream::Warning),
        (MessageType::VERBOSE_RECORD, Stream::Verbose),
        (MessageType::DEBUG_RECORD, Stream::Debug),
        (MessageType::PROGRESS_RECORD, Stream::Progress),
        (MessageType::INFORMATION_RECORD, Stream::Information),
    ];
    for (kind, stream) in records {
        let packet = double.say(A, kind, "<anything is=handed on");
        client.receive(packet).unwrap();
        let record = Event::Record { pipeline: A, stream, clixml: b"<anything is=handed on".to_vec() };
        assert_eq!(events(&mut client), [record]);
    }
    client.receive(double.say(A, MessageType::PIPELINE_OUTPUT, "")).unwrap();
    let null = Event::Record { pipeline: A, stream: Stream::Output, clixml: b"<Nil />".to_vec() };
    assert_eq!(events(&mut client), [null]);
}

#[test]
fn a_pipeline_ends_once() {
    for (number, end) in [(3, PipelineEnd::Stopped), (4, PipelineEnd::Completed), (5, PipelineEnd::Failed)] {
        let (mut client, mut double) = running(A);
        for number in [0, 1, 2, number, 4, 5] {
            client.receive(double.say_ended(A, number)).unwrap();
        }
        assert_eq!(events(&mut client), [ended(A, end)]);
        assert_eq!(client.ignored(), 2);
        client.close_pipeline(A).unwrap();
        exchange(&mut client, &mut double);
        assert_eq!(events(&mut client), [Event::CommandClosed { pipeline: A }]);
        assert_eq!(client.close_pipeline(A), Err(ClientError::UnknownPipeline(A)));
    }
}

#[test]
fn a_failure_has_its_record() {
    let (mut client, mut double) = running(A);
    let failed = state_with_reason("PipelineState", 5, "boom");
    client.receive(double.say(A, MessageType::PIPELINE_STATE, &failed)).unwrap();
    let [Event::PipelineState { reason: Some(record), .. }] = &events(&mut client)[..] else { panic!() };
    assert_eq!((record.message().as_str(), record.fully_qualified_id().as_str()), ("boom", "TheId"));
    let clixml = String::from_utf8(record.to_clixml()).unwrap();
    assert!(clixml.starts_with("<Obj RefId=\"0\"><MS><Obj N=\"Exception\" RefId=\"1\">"), "{clixml}");
}

#[test]
fn a_signal_waits_for_the_creation_but_not_for_input() {
    let (mut client, mut double) = opened();
    client.create_pipeline(&Pipeline::script(A, "1")).unwrap();
    take_lines(&mut client, &mut double);
    client.stop_pipeline(A).unwrap();
    assert_eq!(take_lines(&mut client, &mut double), 0);

    let (mut client, mut double) = running(A);
    client.send_input(A, &1.into()).unwrap();
    take_lines(&mut client, &mut double);
    client.send_input(A, &2.into()).unwrap();
    client.stop_pipeline(A).unwrap();
    client.stop_pipeline(A).unwrap();
    let line = client.next_line().unwrap();
    assert_eq!(line, [Packet::new(A, PacketKind::Signal)]);
    double.take(line);
    client.receive(double.say_ended(A, 3)).unwrap();
    client.close_pipeline(A).unwrap();
    exchange(&mut client, &mut double);
    assert_eq!(events(&mut client), [ended(A, PipelineEnd::Stopped), Event::CommandClosed { pipeline: A }]);
    assert_eq!(kinds(&double)[3..], [MessageType::PIPELINE_INPUT], "what was not yet sent goes nowhere");
}

#[test]
fn a_worker_that_takes_a_signal_without_a_word_has_stopped() {
    let (mut client, mut double) = running(A);
    client.stop_pipeline(A).unwrap();
    exchange(&mut client, &mut double);
    assert_eq!(events(&mut client), [ended(A, PipelineEnd::Stopped)]);
    client.receive(double.say_ended(A, 4)).unwrap();
    assert_eq!(events(&mut client), []);
}

#[test]
fn a_pipeline_that_was_never_sent_stops_and_closes_without_a_word() {
    let (mut client, mut double) = opened();
    client.create_pipeline(&Pipeline::script(A, "1")).unwrap();
    client.create_pipeline(&Pipeline::script(B, "1")).unwrap();
    client.stop_pipeline(A).unwrap();
    client.close_pipeline(B).unwrap();
    client.close_pipeline(A).unwrap();
    assert_eq!(take_lines(&mut client, &mut double), 0);
    let stopped = |pipeline| ended(pipeline, PipelineEnd::Stopped);
    let closed = |pipeline| Event::CommandClosed { pipeline };
    assert_eq!(events(&mut client), [stopped(A), stopped(B), closed(B), closed(A)]);
}

#[test]
fn the_session_closes_after_its_commands() {
    let (mut client, mut double) = running(A);
    client.create_pipeline(&Pipeline::script(B, "1")).unwrap();
    exchange(&mut client, &mut double);
    client.receive(double.say_ended(B, 4)).unwrap();
    client.close().unwrap();
    assert_eq!(client.create_pipeline(&Pipeline::script(A, "1")), Err(ClientError::State(PoolState::Closing)));
    // The double sees to it that the session's Close is the last.
    exchange(&mut client, &mut double);
    say_all(&mut client, [double.say(NIL, MessageType::RUNSPACEPOOL_STATE, &state("RunspaceState", 3))]);
    let closed = |pipeline| Event::CommandClosed { pipeline };
    let stopped = ended(A, PipelineEnd::Stopped);
    assert_eq!(
        events(&mut client)[..],
        [ended(B, PipelineEnd::Completed), stopped, closed(A), closed(B), Event::PoolClosed]
    );
    assert_eq!(client.state(), PoolState::Closed);
}

#[test]
fn closed_and_broken_are_for_ever() {
    let (mut client, mut double) = opened();
    client.close().unwrap();
    exchange(&mut client, &mut double);
    events(&mut client);
    say_all(&mut client, double.say_opened());
    assert_eq!((client.state(), events(&mut client)), (PoolState::Closed, vec![]));
    assert_eq!(client.open(), Err(ClientError::State(PoolState::Closed)));
    assert_eq!(client.next_line(), None);

    for number in [3, 5] {
        let (mut client, mut double) = running(A);
        let broken = state_with_reason("RunspaceState", number, "gone");
        client.receive(double.say(NIL, MessageType::RUNSPACEPOOL_STATE, &broken)).unwrap();
        say_all(&mut client, double.say_opened());
        let [Event::PoolBroken { reason: Some(record) }] = &events(&mut client)[..] else { panic!() };
        assert_eq!(record.message(), "gone");
        assert_eq!(client.state(), PoolState::Broken);
        client.stop_pipeline(A).unwrap();
        assert_eq!(client.next_line(), None);
    }
}

#[test]
fn nothing_counts_behind_the_end_of_the_pool_not_even_in_its_packet() {
    let (mut client, mut double) = opened();
    let event = "<Obj><MS><I32 N=\"PSEventArgs.EventIdentifier\">3</I32></MS></Obj>";
    let broken = double.say(NIL, MessageType::RUNSPACEPOOL_STATE, &state("RunspaceState", 5));
    let late = double.say(NIL, MessageType::USER_EVENT, event);
    let bytes = [broken, late].map(data_of).concat();
    client.receive(Packet::new(NIL, PacketKind::Data(StreamTag::Default, bytes))).unwrap();
    assert_eq!(events(&mut client), [Event::PoolBroken { reason: None }]);
}

fn data_of(packet: Packet) -> Vec<u8> {
    match packet.kind {
        PacketKind::Data(_, bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

fn call(ci: i64, mi: i32, parameters: &str) -> String {
    format!(
        "<Obj RefId=\"0\"><MS><I64 N=\"ci\">{ci}</I64><Obj N=\"mi\" RefId=\"1\"><I32>{mi}</I32></Obj>\
         <Obj N=\"mp\" RefId=\"2\"><LST>{parameters}</LST></Obj></MS></Obj>"
    )
}

fn host_call(client: &mut Client) -> HostCall {
    match &mut events(client)[..] {
        [Event::HostCall(call)] => call.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn questions_of_pipelines_and_of_the_session_are_answered() {
    let (mut client, mut double) = running(A);
    client.receive(double.say(A, MessageType::PIPELINE_HOST_CALL, &call(7, 11, ""))).unwrap();
    let asked = host_call(&mut client);
    assert_eq!((asked.call.pipeline, asked.call.id, asked.call.method), (Some(A), 7, HostMethod::READ_LINE));
    client.answer(&asked.call, Ok("typed".into())).unwrap();
    exchange(&mut client, &mut double);
    let answer = double.messages.last().unwrap().clone();
    assert_eq!((answer.kind, answer.pipeline), (MessageType::PIPELINE_HOST_RESPONSE, A));
    let answer = body(&answer);
    assert_eq!(answer.property("mr"), Some(&"typed".into()));
    assert_eq!((answer.property("ci"), answer.property("mi")), (Some(&Value::Int64(7)), Some(&Value::Int32(11))));

    client.receive(double.say(NIL, MessageType::RUNSPACEPOOL_HOST_CALL, &call(8, 1, ""))).unwrap();
    let asked = host_call(&mut client);
    assert_eq!(asked.call.pipeline, None);
    let refusal = HostError { message: "no".into(), fully_qualified_id: "NoId".into() };
    client.answer(&asked.call, Err(refusal)).unwrap();
    exchange(&mut client, &mut double);
    let answer = double.messages.last().unwrap();
    assert_eq!(answer.kind, MessageType::RUNSPACEPOOL_HOST_RESPONSE);
    let error = body(answer).property("me").unwrap().clone();
    assert_eq!(error.property("FullyQualifiedErrorId"), Some(&"NoId".into()));
    assert_eq!(error.property("Exception").unwrap().property("Message"), Some(&"no".into()));
}

#[test]
fn answers_go_before_input() {
    let (mut client, mut double) = running(A);
    client.send_input(A, &"x".repeat(600 << 10).as_str().into()).unwrap();
    take_lines(&mut client, &mut double);
    client.receive(double.say(A, MessageType::PIPELINE_HOST_CALL, &call(7, 11, ""))).unwrap();
    let asked = host_call(&mut client);
    client.answer(&asked.call, Ok(Value::Null)).unwrap();
    exchange(&mut client, &mut double);
    let [.., answer, input] = &double.messages[..] else { panic!() };
    assert_eq!((answer.kind, input.kind), (MessageType::PIPELINE_HOST_RESPONSE, MessageType::PIPELINE_INPUT));
    assert_eq!(body(answer).property("mr"), None);
    client.close_pipeline(A).unwrap();
    exchange(&mut client, &mut double);
    assert_eq!(client.answer(&asked.call, Ok(Value::Null)), Ok(()), "too late: it goes nowhere");
}

#[test]
fn a_forwarded_event_is_told() {
    let (mut client, mut double) = opened();
    let event = "<Obj RefId=\"0\"><MS><I32 N=\"PSEventArgs.EventIdentifier\">3</I32>\
        <S N=\"PSEventArgs.SourceIdentifier\">my.source</S><Nil N=\"PSEventArgs.Sender\" />\
        <Obj N=\"PSEventArgs.SourceArgs\" RefId=\"1\"><LST><I32>1</I32></LST></Obj>\
        <S N=\"PSEventArgs.MessageData\">data</S></MS></Obj>";
    client.receive(double.say(NIL, MessageType::USER_EVENT, event)).unwrap();
    let [Event::UserEvent(event)] = &events(&mut client)[..] else { panic!() };
    assert_eq!((event.id, &event.source_identifier), (3, &"my.source".into()));
    assert_eq!((&event.arguments[..], &event.message_data), (&[Value::Int32(1)][..], &"data".into()));
}

#[test]
fn what_is_foreign_late_or_double_is_passed_over() {
    let (mut client, mut double) = running(A);
    let output = |pool, pipeline| Message { kind: MessageType::PIPELINE_OUTPUT, pool, pipeline, body: vec![] };
    let unknown = Message { kind: MessageType(0x0004_7777), ..output(POOL, A) };
    let foreign = [
        double.say(B, MessageType::PIPELINE_OUTPUT, ""),
        double.say_as(A, output(B, A)),
        double.say_as(A, output(POOL, B)),
        double.say_as(NIL, output(POOL, NIL)),
        double.say_as(A, unknown),
        Packet::new(A, PacketKind::DataAck),
        Packet::new(A, PacketKind::CommandAck),
        Packet::new(A, PacketKind::SignalAck),
        Packet::new(A, PacketKind::CloseAck),
        Packet::new(NIL, PacketKind::CloseAck),
        Packet::new(B, PacketKind::CloseAck),
    ];
    let count = foreign.len() as u64;
    say_all(&mut client, foreign);
    say_all(&mut client, double.say_opened().into_iter().skip(2));
    assert_eq!((events(&mut client), client.ignored()), (vec![], count));
    client.receive(double.say_ended(A, 4)).unwrap();
    assert_eq!(events(&mut client), [ended(A, PipelineEnd::Completed)]);
}

#[test]
fn a_worker_that_breaks_the_protocol_is_given_up() {
    let say = |kind, body: &str| Double::new(POOL).say(NIL, kind, body);
    let data = |bytes: &[u8]| Packet::new(NIL, PacketKind::Data(StreamTag::Default, bytes.to_vec()));
    let lacks = |message, part| ProtocolError::Lacks { message, part };
    let old = CAPABILITY.replace("2.4", "1.0");
    let mut flags = vec![0; 21];
    flags[16] = 0x80;
    let cases = [
        (
            say(MessageType::RUNSPACEPOOL_STATE, &state("RunspaceState", 2)),
            ProtocolError::Order(MessageType::RUNSPACEPOOL_STATE),
        ),
        (say(MessageType::SESSION_CAPABILITY, &old), ProtocolError::Version(clixml::Version::new(1, 0))),
        (say(MessageType::SESSION_CAPABILITY, "<Obj />"), lacks(MessageType::SESSION_CAPABILITY, "protocolversion")),
        (say(MessageType::RUNSPACEPOOL_STATE, "<Obj />"), lacks(MessageType::RUNSPACEPOOL_STATE, "RunspaceState")),
        (data(&flags), ProtocolError::Fragment(FragmentError::Flags(0x80))),
        (Packet::new(NIL, PacketKind::Close), ProtocolError::Packet(PacketKind::Close)),
        (Packet::new(A, PacketKind::Command), ProtocolError::Packet(PacketKind::Command)),
    ];
    for (packet, error) in cases {
        let mut client = client();
        client.open().unwrap();
        client.next_line();
        assert_eq!(client.receive(packet), Err(error));
        assert_eq!((client.state(), client.next_line()), (PoolState::Broken, None));
        assert_eq!(client.receive(Packet::new(NIL, PacketKind::Close)), Ok(()), "the first error is the reason");
    }
    for body in ["", "text", "<Obj>", "<!DOCTYPE a>"] {
        let (mut client, mut double) = running(A);
        let unreadable = double.say(A, MessageType::PIPELINE_STATE, body);
        assert!(matches!(client.receive(unreadable), Err(ProtocolError::Body { .. })));
    }
}

#[test]
fn a_worker_cannot_make_the_client_hold_more_than_the_limits() {
    let limits = Limits { fragments: FragmentLimits { bytes: 1000, open_objects: 2 }, ..Limits::default() };
    let mut client = Client::new(Config { pool_id: POOL, host: HostInfo::None, limits });
    client.open().unwrap();
    let mut double = Double::new(POOL);
    exchange(&mut client, &mut double);
    let long = double.say(NIL, MessageType::USER_EVENT, &"x".repeat(1000));
    assert_eq!(client.receive(long), Err(ProtocolError::Fragment(FragmentError::TooLarge)));
}

/// A session that a worker plays, as one stream of bytes per lane and the events that it means.
fn scenario() -> (Vec<Packet>, Vec<Event>) {
    let mut double = Double::new(POOL);
    let record = |stream, text: &str| Event::Record { pipeline: A, stream, clixml: text.as_bytes().to_vec() };
    let long = format!("<S>{}</S>", "x".repeat(70_000));
    let packets = vec![
        double.say(A, MessageType::PIPELINE_OUTPUT, "<I32>1</I32>"),
        double.say(A, MessageType::PIPELINE_OUTPUT, &long),
        double.say(A, MessageType::WARNING_RECORD, "<S>w</S>"),
        double.say_ended(A, 4),
    ];
    let expected = vec![
        record(Stream::Output, "<I32>1</I32>"),
        record(Stream::Output, &long),
        record(Stream::Warning, "<S>w</S>"),
        ended(A, PipelineEnd::Completed),
    ];
    (packets, expected)
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(sizes in prop::collection::vec(1usize..40_000, 1..12)) {
        let (packets, expected) = scenario();
        let bytes: Vec<u8> = packets.into_iter().flat_map(data_of).collect();
        let (mut client, _) = running(A);
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            let (chunk, after) = rest.split_at((*size).min(rest.len()));
            client.receive(Packet::new(A, PacketKind::Data(StreamTag::Default, chunk.to_vec()))).unwrap();
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(events(&mut client), expected);
    }

    #[test]
    fn any_packets_are_taken_or_refused(packets in prop::collection::vec(packet(), 0..20)) {
        let (mut client, _) = running(A);
        for packet in packets {
            let _ = client.receive(packet);
            let _ = (client.next_line(), client.next_event());
        }
    }

    /// Whatever is asked in whatever order, and however late the worker is: the rules hold (the double checks them),
    /// every pipeline ends once and is closed once, and the session closes.
    #[test]
    fn any_schedule_keeps_the_rules(steps in prop::collection::vec(step(), 0..80)) {
        let (mut client, mut double) = (client(), Double::new(POOL));
        client.open().unwrap();
        let (mut created, mut told) = (Vec::new(), false);
        for step in steps {
            match step {
                Step::Create(number) => {
                    let id = Uuid::from_u128(number + 1);
                    if !created.contains(&id) {
                        client.create_pipeline(&Pipeline::script(id, "1")).unwrap();
                        created.push(id);
                    }
                }
                Step::Input(number, size) => {
                    let _ = client.send_input(Uuid::from_u128(number + 1), &"x".repeat(size).as_str().into());
                }
                Step::EndInput(number) => drop(client.end_input(Uuid::from_u128(number + 1))),
                Step::Stop(number) => drop(client.stop_pipeline(Uuid::from_u128(number + 1))),
                Step::Close(number) => drop(client.close_pipeline(Uuid::from_u128(number + 1))),
                Step::Line => client.next_line().into_iter().for_each(|line| double.take(line)),
                Step::Acknowledge => {
                    double.next_acknowledgement().into_iter().for_each(|packet| client.receive(packet).unwrap());
                }
                Step::Open => {
                    if !std::mem::replace(&mut told, true) {
                        say_all(&mut client, double.say_opened());
                    }
                }
                Step::End(state) => {
                    for id in double.running() {
                        client.receive(double.say_ended(id, state)).unwrap();
                    }
                }
            }
        }
        if !told {
            take_lines(&mut client, &mut double);
            say_all(&mut client, double.say_opened());
        }
        exchange(&mut client, &mut double);
        client.close().unwrap();
        exchange(&mut client, &mut double);
        let events = events(&mut client);
        prop_assert_eq!(events.last(), Some(&Event::PoolClosed));
        for id in created {
            let about: Vec<_> = events.iter().filter_map(|event| match event {
                Event::PipelineState { pipeline, .. } if *pipeline == id => Some("ended"),
                Event::CommandClosed { pipeline } if *pipeline == id => Some("closed"),
                _ => None,
            }).collect();
            prop_assert_eq!(about, ["ended", "closed"]);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Create(u128),
    Input(u128, usize),
    EndInput(u128),
    Stop(u128),
    Close(u128),
    Line,
    Acknowledge,
    Open,
    End(i32),
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0..3u128;
    prop_oneof![
        2 => id().prop_map(Step::Create),
        2 => (id(), prop_oneof![1..100usize, 200_000..600_000usize]).prop_map(|(id, size)| Step::Input(id, size)),
        1 => id().prop_map(Step::EndInput),
        1 => id().prop_map(Step::Stop),
        1 => id().prop_map(Step::Close),
        6 => Just(Step::Line),
        6 => Just(Step::Acknowledge),
        1 => Just(Step::Open),
        1 => (3..6i32).prop_map(Step::End),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    let target = prop::sample::select(vec![NIL, A, B]);
    let message = (
        prop::sample::select(vec![
            0x0001_0002,
            0x0002_1005,
            0x0002_1008,
            0x0002_1100,
            0x0004_1004,
            0x0004_1006,
            0x0004_1100,
        ]),
        "[<>/a-zA-Z0-9 =\"]{0,40}",
    )
        .prop_map(|(kind, body)| Message {
            kind: MessageType(kind),
            pool: POOL,
            pipeline: A,
            body: body.into_bytes(),
        });
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        message.prop_map(|message| data_of(Double::new(POOL).say_as(A, message))),
    ];
    let kind = prop_oneof![
        8 => data.prop_map(|bytes| PacketKind::Data(StreamTag::Default, bytes)),
        1 => prop::sample::select(vec![
            PacketKind::DataAck, PacketKind::CommandAck, PacketKind::SignalAck, PacketKind::CloseAck, PacketKind::Close,
        ]),
    ];
    (target, kind).prop_map(|(target, kind)| Packet::new(target, kind))
}
