//! Whatever a worker says or fails to say costs at most its own job, which ends in the right state, in time, with what
//! was written before. How workers end is in engine_ends.rs.

mod engine_support;
mod fake_worker;

use engine_support::Outcome;
use fake_worker::peer::{CAPABILITY, COMPLETED, OPENED, RECORDS, STOPPED, data};
use fake_worker::{Stage, Step, play};
use psjob::engine::{ErrorKind, JobState, RecordStream};
use psjob::psrp::PacketKind;
use psjob::psrp::message::MessageType;
use uuid::Uuid;

const BROKE_THE_PROTOCOL: &str = "2102,PSSessionStateBroken";
const SESSION: Uuid = Uuid::nil();
const BROKEN: &str = "<Obj RefId='0'><MS><I32 N='RunspaceState'>5</I32><Obj N='ExceptionAsErrorRecord' RefId='1'>\
     <MS><Obj N='Exception' RefId='2'><MS><S N='Message'>no more</S></MS></Obj></MS></Obj></MS></Obj>";

/// For workers that write two records and then break the protocol.
fn fails_with_what_came_before(stage: &Stage) {
    fails_with(stage, ErrorKind::WorkerProtocol, &RECORDS[..2]);
}

fn fails_with(stage: &Stage, kind: ErrorKind, output: &[&str]) {
    let outcome = Outcome::of(&stage.start(""));
    outcome.assert_failed(kind, BROKE_THE_PROTOCOL);
    outcome.assert_output(output);
}

#[test]
fn a_worker_that_does_everything_right_completes_its_job() {
    play(|peer| peer.serve_job(|_, _| {}), Stage::completes_a_job);
}

// Stray bytes.

#[test]
fn stray_bytes_between_lines_are_harmless_at_every_step() {
    play(
        |peer| {
            peer.serve_job(|peer, _| {
                peer.raw(b"hello from a native program\r\n");
                peer.raw(b"\xEF\xBB\xBF\x00\xFF\xFE not UTF-8 \x1B[31m\n\n\n");
                peer.raw(b"<html><Data></html><Datum PS='1'/>&bomb;<!DOCTYPE x>\n");
            });
        },
        Stage::completes_a_job,
    );
}

#[test]
fn stray_bytes_that_share_a_line_with_messages_are_harmless() {
    play(
        |peer| {
            peer.begin();
            peer.raw(b"no line end before ");
            peer.write(&RECORDS);
            let end = peer.lines(peer.pipeline, MessageType::PIPELINE_STATE, COMPLETED).concat();
            peer.raw(end.trim_ascii_end());
            peer.raw(b" nor behind\n");
        },
        Stage::completes_a_job,
    );
}

#[test]
fn a_long_line_that_is_no_message_is_harmless() {
    play(
        |peer| {
            peer.begin();
            let megabyte = vec![b'x'; 1 << 20];
            (0..12).for_each(|_| peer.raw(&megabyte));
            peer.raw(b"\n");
            peer.write(&RECORDS);
            peer.end(COMPLETED);
        },
        Stage::completes_a_job,
    );
}

#[test]
fn a_message_that_other_output_tore_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let torn = peer.lines(peer.pipeline, MessageType::PIPELINE_OUTPUT, "<S>lost</S>").concat();
            let (head, tail) = torn.split_at(torn.len() / 2);
            peer.raw(&[head, b"hello\n", tail].concat());
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn half_a_line_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let line = peer.lines(peer.pipeline, MessageType::PIPELINE_STATE, COMPLETED).concat();
            peer.raw(&line[..line.len() / 2]);
            peer.raw(b"\n");
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn a_message_that_is_too_long_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            peer.raw(&data(peer.pipeline, vec![0; 8 << 20]));
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn a_slow_drip_is_understood() {
    play(
        |peer| {
            peer.drips = true;
            peer.serve_job(|_, _| {});
        },
        Stage::completes_a_job,
    );
}

#[test]
fn everything_on_one_line_is_understood() {
    play(
        |peer| {
            peer.begin();
            let mut all = b"<CommandAck PSGuid=\"00000000-0000-0000-0000-000000000001\"/>".to_vec();
            for text in RECORDS {
                let lines = peer.lines(peer.pipeline, MessageType::PIPELINE_OUTPUT, &format!("<S>{text}</S>"));
                all.extend_from_slice(lines.concat().trim_ascii_end());
            }
            all.extend(peer.lines(peer.pipeline, MessageType::PIPELINE_STATE, COMPLETED).concat());
            peer.raw(&all);
        },
        Stage::completes_a_job,
    );
}

// Fragments and messages.

#[test]
fn fragments_out_of_order_fail_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let long = format!("<S>{}</S>", "x".repeat(100_000));
            let lines = peer.lines(peer.pipeline, MessageType::PIPELINE_OUTPUT, &long);
            for at in [0, 2, 1, 3] {
                peer.raw(&lines[at]);
            }
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn fragments_of_two_messages_may_alternate() {
    play(
        |peer| {
            peer.begin();
            let long = |letter: &str| format!("<S>{}</S>", letter.repeat(100_000));
            let first = peer.lines(peer.pipeline, MessageType::PIPELINE_OUTPUT, &long("a"));
            let second = peer.lines(peer.pipeline, MessageType::PIPELINE_OUTPUT, &long("b"));
            for (first, second) in first.iter().zip(&second) {
                peer.raw(second);
                peer.raw(first);
            }
            peer.end(COMPLETED);
        },
        |stage| {
            let outcome = Outcome::of(&stage.start(""));
            outcome.assert_completed();
            outcome.assert_output(&["b", "a"].map(|letter| letter.repeat(100_000)).each_ref().map(String::as_str));
        },
    );
}

#[test]
fn a_fragment_that_claims_four_gigabytes_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let mut fragment = peer.fragments(peer.pipeline, MessageType::PIPELINE_OUTPUT, "<S>lost</S>").remove(0);
            fragment[17..21].copy_from_slice(&u32::MAX.to_be_bytes());
            peer.raw(&data(peer.pipeline, fragment));
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn a_message_without_a_whole_header_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let mut fragment = peer.fragments(peer.pipeline, MessageType::PIPELINE_OUTPUT, "").remove(0);
            fragment.truncate(21 + 39);
            fragment[17..21].copy_from_slice(&39u32.to_be_bytes());
            peer.raw(&data(peer.pipeline, fragment));
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn a_state_that_cannot_be_read_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            let body = peer.variant.clone();
            peer.end(&body);
            peer.hang();
        },
        |stage| {
            let nested = "<Obj><LST>".repeat(10_000);
            for body in ["", "not XML", "<Obj RefId='0'><MS></MS></Obj>", "<Obj RefId='0'><MS>", &nested] {
                let outcome = Outcome::of(&stage.start(body));
                outcome.assert_failed(ErrorKind::WorkerProtocol, BROKE_THE_PROTOCOL);
                outcome.assert_output(&RECORDS[..2]);
            }
        },
    );
}

#[test]
fn a_host_call_that_cannot_be_read_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            peer.send(peer.pipeline, MessageType::PIPELINE_HOST_CALL, "<Obj RefId='0'><MS></MS></Obj>");
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn what_only_a_client_says_fails_the_job() {
    play(
        |peer| {
            peer.begin();
            peer.write(&RECORDS[..2]);
            peer.packet(peer.pipeline, PacketKind::Signal);
            peer.hang();
        },
        fails_with_what_came_before,
    );
}

#[test]
fn messages_of_unknown_types_are_passed_over() {
    play(
        |peer| {
            peer.begin();
            for kind in [0, 0x0002_1004, 0x0002_100B, 0x0004_1002, 0xFFFF_FFFF] {
                peer.send(peer.pipeline, MessageType(kind), "<S>unknown</S>");
                peer.send(SESSION, MessageType(kind), "not XML");
            }
            peer.write(&RECORDS);
            peer.end(COMPLETED);
        },
        Stage::completes_a_job,
    );
}

#[test]
fn another_version_of_the_protocol_fails_the_job() {
    play(
        |peer| {
            peer.pool = peer.expect(MessageType::INIT_RUNSPACEPOOL).pool;
            let capability = CAPABILITY.replace("2.4", &peer.variant);
            peer.send(SESSION, MessageType::SESSION_CAPABILITY, &capability);
            peer.send(SESSION, MessageType::RUNSPACEPOOL_STATE, OPENED);
        },
        |stage| {
            for version in ["1.0", "3.0", "two"] {
                Outcome::of(&stage.start(version)).assert_failed(ErrorKind::WorkerProtocol, BROKE_THE_PROTOCOL);
            }
        },
    );
}

#[test]
fn a_session_that_opens_without_a_version_fails_the_job() {
    play(
        |peer| {
            peer.pool = peer.expect(MessageType::INIT_RUNSPACEPOOL).pool;
            peer.send(SESSION, MessageType::RUNSPACEPOOL_STATE, OPENED);
        },
        |stage| fails_with(stage, ErrorKind::WorkerProtocol, &[]),
    );
}

#[test]
fn a_session_that_the_worker_gives_up_fails_the_job_with_the_workers_reason() {
    play(
        |peer| {
            peer.serve_job_until_its_step(|peer| {
                peer.send(SESSION, MessageType::RUNSPACEPOOL_STATE, BROKEN);
                peer.hang();
            });
        },
        |stage| {
            stage.at_each_step(|step, job| {
                let outcome = Outcome::of(job);
                match step {
                    Step::Ended => outcome.assert_completed(),
                    _ => {
                        let reason = outcome.assert_failed(ErrorKind::WorkerProtocol, BROKE_THE_PROTOCOL);
                        assert!(reason.message.contains("no more"), "{reason}");
                    }
                }
                outcome.assert_output(step.output());
            });
        },
    );
}

// Ids.

#[test]
fn what_comes_twice_counts_once() {
    play(
        |peer| {
            peer.serve_job(|peer, step| match step {
                Step::Opened => {
                    peer.send(SESSION, MessageType::SESSION_CAPABILITY, CAPABILITY);
                    peer.send(SESSION, MessageType::RUNSPACEPOOL_STATE, OPENED);
                    peer.packet(SESSION, PacketKind::DataAck);
                }
                Step::Acknowledged => {
                    for kind in
                        [PacketKind::CommandAck, PacketKind::DataAck, PacketKind::SignalAck, PacketKind::CloseAck]
                    {
                        peer.packet(peer.pipeline, kind.clone());
                        peer.packet(SESSION, kind);
                    }
                }
                Step::Ended => {
                    peer.end(STOPPED);
                    peer.write(&["after the end"]);
                    peer.end(COMPLETED);
                }
                _ => {}
            });
        },
        Stage::completes_a_job,
    );
}

#[test]
fn messages_for_others_are_passed_over() {
    play(
        |peer| {
            peer.begin();
            let (pool, pipeline, stranger) = (peer.pool, peer.pipeline, Uuid::from_u128(0xBAD));
            for (pool, pipeline) in [(pool, stranger), (stranger, pipeline)] {
                (peer.pool, peer.pipeline) = (pool, pipeline);
                peer.write(&["foreign"]);
                peer.end(STOPPED);
            }
            peer.send(SESSION, MessageType::RUNSPACEPOOL_STATE, BROKEN);
            (peer.pool, peer.pipeline) = (pool, pipeline);
            for kind in [PacketKind::CommandAck, PacketKind::DataAck, PacketKind::SignalAck, PacketKind::CloseAck] {
                peer.packet(stranger, kind);
            }
            // A message whose packet and whose header name different pipelines.
            for fragment in peer.fragments(stranger, MessageType::PIPELINE_OUTPUT, "<S>foreign</S>") {
                peer.raw(&data(pipeline, fragment));
            }
            peer.write(&RECORDS);
            peer.end(COMPLETED);
        },
        Stage::completes_a_job,
    );
}

#[test]
fn records_of_what_ran_before_the_job_are_not_the_jobs() {
    play(
        |peer| {
            peer.obeys_close = false;
            let mut preparation = SESSION;
            peer.pool = peer.expect(MessageType::INIT_RUNSPACEPOOL).pool;
            peer.send(SESSION, MessageType::SESSION_CAPABILITY, CAPABILITY);
            peer.send(SESSION, MessageType::RUNSPACEPOOL_STATE, OPENED);
            peer.packet(SESSION, PacketKind::DataAck);
            while !peer.next_creation_is_the_job() {
                preparation = peer.pipeline;
                peer.acknowledge_creation();
                peer.end(COMPLETED);
            }
            peer.acknowledge_creation();
            let job = std::mem::replace(&mut peer.pipeline, preparation);
            peer.write(&["late"]);
            peer.send(preparation, MessageType::PIPELINE_HOST_CALL, SHOULD_EXIT);
            peer.pipeline = job;
            peer.write(&RECORDS);
            peer.end(COMPLETED);
        },
        Stage::completes_a_job,
    );
}

const SHOULD_EXIT: &str = "<Obj RefId='0'><MS><I64 N='ci'>-100</I64><I32 N='mi'>6</I32><Obj N='mp' RefId='1'><LST><I32>3\
     </I32></LST></Obj></MS></Obj>";

// Records.

#[test]
fn records_are_kept_as_they_are_whatever_they_hold() {
    const BODIES: [&str; 4] = ["<S />", "<S>unfinished", "<Obj><LST>", "plain text"];
    play(
        |peer| {
            peer.begin();
            for body in BODIES {
                peer.send(peer.pipeline, MessageType::PIPELINE_OUTPUT, body);
                peer.send(peer.pipeline, MessageType::INFORMATION_RECORD, body);
                peer.send(peer.pipeline, MessageType::PIPELINE_HOST_CALL, WRITE_LINE);
            }
            peer.end(COMPLETED);
        },
        |stage| {
            let job = stage.start("");
            assert_eq!(job.wait(Some(engine_support::DEADLINE)), JobState::Completed);
            let records = job.take(0, usize::MAX).unwrap();
            let bodies = |stream| {
                let of_stream = records.iter().filter(move |record| record.stream == stream);
                of_stream.map(|record| String::from_utf8_lossy(&record.clixml).into_owned()).collect::<Vec<_>>()
            };
            assert_eq!(bodies(RecordStream::Output), BODIES);
            assert_eq!(bodies(RecordStream::Information), BODIES);
            assert_eq!(bodies(RecordStream::HostCall).len(), BODIES.len());
        },
    );
}

const WRITE_LINE: &str = "<Obj RefId='0'><MS><I64 N='ci'>-100</I64><I32 N='mi'>16</I32><Obj N='mp' RefId='1'><LST><S>text\
     </S></LST></Obj></MS></Obj>";

#[test]
fn a_flood_arrives_whole_and_in_order() {
    const COUNT: usize = 20_000;
    play(
        |peer| {
            peer.begin();
            (0..COUNT).for_each(|number| peer.write(&[&number.to_string()]));
            peer.end(COMPLETED);
        },
        |stage| {
            let outcome = Outcome::of(&stage.start(""));
            outcome.assert_completed();
            assert!(outcome.output.iter().map(|text| text.parse::<usize>().unwrap()).eq(0..COUNT));
        },
    );
}
