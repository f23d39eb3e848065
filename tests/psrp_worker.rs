//! The client against a real worker: `$PSJOB_TEST_WORKER`, else the bundled host that `make host` builds.

mod worker_support;

use psjob::clixml::{Object, Property, Secret, Text, Value};
use psjob::psrp::{
    Client, Command, Console, Event, HostError, HostInfo, HostMethod, Pipeline, PipelineEnd, RedirectTo, Statement,
    Stream,
};
use psjob::transport::framing::encode_line;
use std::io::Write;
use uuid::Uuid;
use worker_support::{Session, config, pipeline, read};

fn text<'a>(value: &'a Value, path: &[&str]) -> &'a Text {
    let value = path.iter().try_fold(value, |value, name| value.property(name));
    value.and_then(Value::as_text).unwrap_or_else(|| panic!("no {path:?}"))
}

#[test]
fn a_script_runs_and_the_session_closes() {
    let mut session = Session::open(HostInfo::None);
    assert_eq!(session.client.server_version().unwrap().major, 2);
    let run = session.run_script("1+1");
    assert_eq!(run.output(), [&Value::Int32(2)]);
    session.close();
    assert_eq!(session.client.ignored(), 0);
}

#[test]
fn the_first_pipeline_travels_with_the_opening() {
    let mut session = Session::start(HostInfo::None);
    session.client.open().unwrap();
    let id = session.create("'early'");
    assert_eq!(
        session.client.next_line().map(|line| {
            let mut bytes = Vec::new();
            encode_line(&line, &mut bytes);
            session.stdin.write_all(&bytes).unwrap();
            line.len()
        }),
        Some(3)
    );
    session.wait_for(|event| *event == Event::Opened);
    assert_eq!(session.finish(id, |_, _| {}).texts(), ["early"]);
    session.close();
}

#[test]
fn a_closed_session_makes_room_for_a_clean_one() {
    let mut session = Session::open(HostInfo::None);
    session.run_script("$global:left = 'behind'");
    session.close();
    session.client = Client::new(config(HostInfo::None));
    session.client.open().unwrap();
    session.wait_for(|event| *event == Event::Opened);
    assert_eq!(session.run_script("\"[$global:left]\"").texts(), ["[]"]);
    session.close();
}

#[test]
fn arguments_arrive_by_position_and_by_name() {
    let mut session = Session::open(HostInfo::None);
    let lone_surrogate = Text::from_utf16(&[0x61, 0xD800, 0x5F, 0x78, 0x0A]);
    let using = Value::dictionary(vec![("JAB1AHMAaQBuAGcAOgB4AA==".into(), "used".into())]);
    let script = Command::script("param($a, $b, $named) $a; $b.Count; [int[]][char[]]$named -join ' '; $using:x");
    let script = script.argument("first").argument(Value::list(vec![1.into(), Value::Null]));
    let script = script.parameter("named", lone_surrogate).parameter("--%", using);
    let run = session.run(pipeline(vec![script]));
    let numbers = "97 55296 95 120 10";
    assert_eq!(run.output(), [&"first".into(), &Value::Int32(2), &numbers.into(), &"used".into()]);
}

#[test]
fn every_character_crosses_both_ways() {
    let mut session = Session::open(HostInfo::None);
    let all = Text::from_utf16(&(0..=u16::MAX).collect::<Vec<_>>());
    let script = "param($all) $all; $all -ceq (-join [char[]](0..0xFFFF)); $all.Length";
    let run = session.run(pipeline(vec![Command::script(script).argument(all.clone())]));
    assert_eq!(run.output(), [&Value::String(all), &true.into(), &Value::Int32(0x10000)]);
}

#[test]
fn secrets_cross_both_ways() {
    let mut session = Session::start(HostInfo::None);
    session.client.open().unwrap();
    // "pä" in UTF-16LE.
    let secret = || Value::SecureString(Secret("7000e400".into()));
    let credential = Object {
        type_names: Some(["System.Management.Automation.PSCredential", "System.Object"].map(Text::from).into()),
        adapted: vec![
            Property { name: "UserName".into(), value: "me".into() },
            Property { name: "Password".into(), value: secret() },
        ],
        ..Object::new()
    };
    let script = "param($s, $c) [System.Net.NetworkCredential]::new('', $s).Password
        $c.GetType().Name; $c.UserName; $c.GetNetworkCredential().Password; $s";
    let script = Command::script(script).argument(secret()).argument(credential);
    let run = session.run(pipeline(vec![script]));
    let [password, type_name, user, again, back] = run.output()[..] else { panic!("{run:?}") };
    let texts = [password, type_name, user, again].map(|value| value.as_text().unwrap().to_string());
    assert_eq!(texts, ["pä", "PSCredential", "me", "pä"]);
    assert_eq!(*back, secret());
}

#[test]
fn input_streams_until_its_end() {
    let mut session = Session::open(HostInfo::None);
    let id = session.create("begin { 'ready' } process { \"got $_\" } end { 'done' }");
    session.wait_for(|event| matches!(event, Event::Record { .. }));
    session.client.send_input(id, &1.into()).unwrap();
    let one = session.wait_for(|event| matches!(event, Event::Record { .. }));
    assert!(matches!(one, Event::Record { clixml, .. } if read(&clixml) == "got 1".into()));
    session.client.send_input(id, &2.into()).unwrap();
    session.client.send_input(id, &Value::Null).unwrap();
    session.client.end_input(id).unwrap();
    assert_eq!(session.finish(id, |_, _| {}).texts(), ["got 2", "got ", "done"]);
}

#[test]
fn megabytes_of_arguments_and_input_cross_in_many_lines() {
    let mut session = Session::open(HostInfo::None);
    let long = "x".repeat(3 << 20);
    let script = Command::script("param($a) $a.Length; foreach ($i in $input) { $i.Length }");
    let script = script.argument(long.as_str());
    let pipeline = Pipeline::new(Uuid::new_v4(), vec![Statement { commands: vec![script] }]);
    session.client.create_pipeline(&pipeline).unwrap();
    session.client.send_input(pipeline.id, &long.as_str().into()).unwrap();
    session.client.end_input(pipeline.id).unwrap();
    assert!(session.client.unsent_input(pipeline.id) > 3 << 20);
    let run = session.finish(pipeline.id, |_, _| {});
    assert_eq!(run.output(), [&Value::Int32(3 << 20); 2]);
    assert_eq!(session.client.unsent_input(pipeline.id), 0);
}

#[test]
fn statements_run_one_after_another_and_commands_pipe() {
    let mut session = Session::open(HostInfo::None);
    let lengths = Command::named("ForEach-Object").parameter("MemberName", "Length");
    let piped = vec![Command::script("'a', 'bc'"), lengths];
    let last = vec![Command::script("'last'")];
    let statements = [piped, last].map(|commands| Statement { commands });
    let run = session.run(Pipeline::new(Uuid::new_v4(), statements.into()));
    assert_eq!(run.output(), [&Value::Int32(1), &Value::Int32(2), &"last".into()]);
}

#[test]
fn a_statement_that_fails_lets_the_next_one_run() {
    let mut session = Session::open(HostInfo::None);
    let statements = [Command::named("no-such-command"), Command::script("'next'")];
    let statements = statements.map(|command| Statement { commands: vec![command] });
    let run = session.run(Pipeline::new(Uuid::new_v4(), statements.into()));
    assert_eq!(run.texts(), ["next"]);
    assert_eq!(text(run.of(Stream::Error)[0], &["FullyQualifiedErrorId"]), "CommandNotFoundException");
}

#[test]
fn every_stream_arrives() {
    let mut session = Session::open(HostInfo::Interface);
    let run = session.run_script(
        "function f { [CmdletBinding()] param()
            $PSCmdlet.WriteObject('output')
            $e = [System.Management.Automation.ErrorRecord]::new([Exception]::new('error'), 'Id', 'InvalidData', 7)
            $PSCmdlet.WriteError($e)
            $PSCmdlet.WriteWarning('warning')
            $PSCmdlet.WriteVerbose('verbose')
            $PSCmdlet.WriteDebug('debug')
            $PSCmdlet.WriteProgress([System.Management.Automation.ProgressRecord]::new(1, 'progress', 'status'))
            $PSCmdlet.WriteInformation('information', @('tag'))
        }
        $VerbosePreference = $DebugPreference = 'Continue'; f",
    );
    let message = |stream| run.of(stream)[0].clone();
    assert_eq!(message(Stream::Output), "output".into());
    assert_eq!(text(&message(Stream::Error), &["Exception", "Message"]), "error");
    for (stream, expected) in [(Stream::Warning, "warning"), (Stream::Verbose, "verbose"), (Stream::Debug, "debug")] {
        assert_eq!(text(&message(stream), &["InformationalRecord_Message"]), expected);
    }
    assert_eq!(text(&message(Stream::Progress), &["Activity"]), "progress");
    assert_eq!(text(&message(Stream::Information), &["MessageData"]), "information");
    assert_eq!(run.state, PipelineEnd::Completed);
}

#[test]
fn a_merged_stream_becomes_output() {
    let mut session = Session::open(HostInfo::None);
    let mut script = Command::script("no-such-command");
    script.redirect.error = Some(RedirectTo::Output);
    let ids = Command::named("ForEach-Object").parameter("MemberName", "FullyQualifiedErrorId");
    assert_eq!(session.run(pipeline(vec![script, ids])).texts(), ["CommandNotFoundException"]);
}

#[test]
fn null_is_a_record() {
    let mut session = Session::open(HostInfo::None);
    assert_eq!(session.run_script("$null, 1, $null").output(), [&Value::Null, &Value::Int32(1), &Value::Null]);
}

#[test]
fn a_throw_fails_the_pipeline_with_its_record() {
    let mut session = Session::open(HostInfo::None);
    let run = session.run_script("'before'; throw 'boom'");
    assert_eq!(run.state, PipelineEnd::Failed);
    assert_eq!(run.of(Stream::Output), [&"before".into()]);
    let error = run.reason.unwrap();
    assert_eq!(text(&error, &["FullyQualifiedErrorId"]), "boom");
    assert_eq!(text(&error, &["Exception", "Message"]), "boom");
    assert_eq!(session.run_script("'alive'").texts(), ["alive"]);
}

#[test]
fn a_stop_ends_a_pipeline_that_runs_or_waits_for_input() {
    let mut session = Session::open(HostInfo::None);
    for script in
        ["'ready'; while ($true) { [System.Threading.Thread]::Sleep(10) }", "'ready'; $input | ForEach-Object { $_ }"]
    {
        let id = session.create(script);
        session.wait_for(|event| matches!(event, Event::Record { .. }));
        session.client.stop_pipeline(id).unwrap();
        assert_eq!(session.finish(id, |_, _| {}).state, PipelineEnd::Stopped);
    }
    assert_eq!(session.run_script("'alive'").texts(), ["alive"]);
    session.close();
}

/// The worker may report the stop and run the script all the same, for ever: a signal that comes within moments of the
/// creation races with its start. So nothing more is asked of this worker.
#[test]
fn a_stop_right_after_the_creation_is_a_stop() {
    let mut session = Session::open(HostInfo::None);
    let id = session.create("while ($true) { }");
    session.send();
    session.client.stop_pipeline(id).unwrap();
    assert_eq!(session.finish(id, |_, _| {}).state, PipelineEnd::Stopped);
}

#[test]
fn a_session_closes_over_running_pipelines() {
    let mut session = Session::open(HostInfo::None);
    let id = session.create("'ready'; while ($true) { [System.Threading.Thread]::Sleep(10) }");
    session.wait_for(|event| matches!(event, Event::Record { .. }));
    session.client.close().unwrap();
    session.wait_for(|event| *event == Event::CommandClosed { pipeline: id });
    session.wait_for(|event| *event == Event::PoolClosed);
}

#[test]
fn questions_are_answered_with_values_or_errors() {
    let mut session = Session::open(HostInfo::Console(Console { columns: 100, ..Console::default() }));
    let id = session.create(
        "$Host.UI.ReadLine()
         $Host.UI.RawUI.WindowSize.Width
         $Host.UI.PromptForChoice('caption', 'message', @('&Yes', '&No'), 1)
         try { $Host.UI.ReadLine() } catch { $_.Exception.InnerException.Message }",
    );
    session.client.end_input(id).unwrap();
    let mut answers = vec![
        Err(HostError { message: "nobody there".into(), fully_qualified_id: "Nobody".into() }),
        Ok(0.into()),
        Ok("typed".into()),
    ];
    let run = session.finish(id, |client, call| client.answer(&call.call, answers.pop().unwrap()).unwrap());
    assert_eq!(run.output(), [&"typed".into(), &Value::Int32(100), &Value::Int32(0), &"nobody there".into()]);
    let methods: Vec<_> = run.calls.iter().map(|call| call.call.method).collect();
    assert_eq!(methods, [HostMethod::READ_LINE, HostMethod::PROMPT_FOR_CHOICE, HostMethod::READ_LINE]);
    let choices = run.calls[1].parameters[2].items().unwrap();
    assert_eq!(text(&choices[0], &["label"]), "&Yes");
}

#[test]
fn writes_to_the_host_and_exit_are_calls_without_an_answer() {
    let mut session = Session::open(HostInfo::Interface);
    let run = session.run_script("$Host.UI.WriteLine('shown'); exit 3");
    assert_eq!(run.state, PipelineEnd::Completed);
    let methods: Vec<_> = run.calls.iter().map(|call| call.call.method).collect();
    assert_eq!(methods, [HostMethod::WRITE_LINE_2, HostMethod::SET_SHOULD_EXIT]);
    assert_eq!(run.calls[0].parameters, ["shown".into()]);
    assert_eq!(run.calls[1].parameters, [Value::Int32(3)]);
    assert!(run.calls.iter().all(|call| !call.call.expects_answer()));
}

#[test]
fn without_a_host_a_question_is_an_error_of_the_script() {
    let mut session = Session::open(HostInfo::None);
    let run = session.run_script("$Host.UI.WriteLine('dropped'); try { $Host.UI.ReadLine() } catch { 'refused' }");
    assert_eq!(run.texts(), ["refused"]);
    assert_eq!(run.calls, []);
}

#[test]
fn several_pipelines_do_not_mix() {
    let mut session = Session::open(HostInfo::None);
    let first = session.create("foreach ($i in $input) { \"first $i\" }");
    for item in 0..100 {
        session.client.send_input(first, &item.into()).unwrap();
    }
    session.client.end_input(first).unwrap();
    let run = session.finish(first, |_, _| {});
    let second = session.run_script("'second'");
    assert_eq!(run.texts().len(), 100);
    assert_eq!(second.texts(), ["second"]);
}

#[test]
fn objects_survive_the_way_there_and_back() {
    let mut session = Session::open(HostInfo::None);
    let object = Object {
        type_names: Some([Text::from("My.Type")].into()),
        to_string: Some("shown".into()),
        ..Object::new().with("a", 1).with("b", Value::list(vec!["x".into(), Value::Bytes(vec![0, 255])]))
    };
    let script = Command::script("param($o) $o.a; $o.pstypenames[0]; \"$o\"; $o.b[1].Length; $o");
    let script = script.argument(object);
    let run = session.run(pipeline(vec![script]));
    let [a, type_name, shown, length, back] = run.output()[..] else { panic!("{run:?}") };
    assert_eq!([a, length], [&Value::Int32(1), &Value::Int32(2)]);
    assert_eq!(type_name, &"Deserialized.My.Type".into());
    assert_eq!(shown, &"shown".into());
    assert_eq!(back.property("a"), Some(&Value::Int32(1)));
}

#[test]
fn a_forwarded_event_arrives() {
    let mut session = Session::open(HostInfo::None);
    let id = session.create(
        "$events = $ExecutionContext.Events
         $null = $events.SubscribeEvent($null, $null, 'my.source', $null, [scriptblock]$null, $true, $true)
         $null = $events.GenerateEvent('my.source', 'sender', @(1, 'two'), 'data')",
    );
    // The pipeline may end before or after.
    let (mut forwarded, mut state) = (None, None);
    while forwarded.is_none() || state.is_none() {
        match session.next() {
            Event::UserEvent(event) => forwarded = Some(event),
            Event::PipelineState { pipeline, state: end, .. } if pipeline == id => state = Some(end),
            other => panic!("{other:?}"),
        }
    }
    let event = forwarded.unwrap();
    assert_eq!(event.source_identifier, "my.source");
    assert_eq!(event.arguments, [1.into(), "two".into()]);
    assert_eq!((event.sender, event.message_data), ("sender".into(), "data".into()));
    assert_eq!(state, Some(PipelineEnd::Completed));
}
