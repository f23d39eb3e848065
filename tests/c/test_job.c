/* Runs real jobs through the C ABI. Usage: test_job WORKER GUARD */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

/* Far above what any step needs; a test that gets here has failed. */
enum { DEADLINE_MS = 60000 };

static const char *worker;
static const char *guard;

static psjob_str text(const char *literal)
{
    return (psjob_str){(const uint8_t *)literal, strlen(literal)};
}

/* An engine on `program`, or on the worker of the command line. */
static psjob_engine *new_engine_on(const char *program, uint32_t open_timeout_ms)
{
    psjob_engine_options options = {0};
    options.struct_size = sizeof options;
    options.open_timeout_ms = open_timeout_ms;
    options.worker_path = text(program);
    options.guard_path = text(guard);
    psjob_engine *engine = NULL;
    CHECK(psjob_engine_new(&options, &engine, NULL) == PSJOB_STATUS_OK);
    return engine;
}

static psjob_engine *new_engine(void)
{
    return new_engine_on(worker, 0);
}

static psjob_spec *new_spec(const char *script)
{
    psjob_spec *spec = NULL;
    CHECK(psjob_spec_new(&spec, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_spec_set_script(spec, (const uint8_t *)script, strlen(script), NULL) == PSJOB_STATUS_OK);
    return spec;
}

/* Starts a job; the spec is used up. */
static psjob_job *start(psjob_engine *engine, psjob_spec *spec)
{
    psjob_job *job = NULL;
    psjob_error *error = NULL;
    if (psjob_job_start(engine, spec, &job, &error) != PSJOB_STATUS_OK) {
        psjob_str message = psjob_error_get_message(error);
        printf("%.*s\n", (int)message.len, (const char *)message.data);
    }
    CHECK(job != NULL);
    psjob_error_free(error);
    psjob_spec_free(spec);
    return job;
}

static psjob_job *start_script(psjob_engine *engine, const char *script)
{
    return start(engine, new_spec(script));
}

static uint32_t wait_for(psjob_job *job)
{
    uint32_t state = 99;
    CHECK(psjob_job_wait(job, DEADLINE_MS, &state, NULL) == PSJOB_STATUS_OK);
    return state;
}

static psjob_batch *receive(psjob_job *job)
{
    psjob_batch *batch = NULL;
    CHECK(psjob_job_receive(job, 0, 1000, &batch, NULL) == PSJOB_STATUS_OK);
    return batch;
}

static psjob_record record_at(psjob_batch *batch, size_t index)
{
    psjob_record record = {0};
    record.struct_size = sizeof record;
    CHECK(psjob_batch_get_record(batch, index, &record, NULL) == PSJOB_STATUS_OK);
    return record;
}

/* Waits for a job to fail and gives its reason, which the caller frees. */
static psjob_error *reason_of_failure(psjob_job *job)
{
    CHECK(wait_for(job) == PSJOB_STATE_FAILED);
    psjob_error *reason = NULL;
    CHECK(psjob_job_get_reason(job, 0, &reason, NULL) == PSJOB_STATUS_OK);
    CHECK(reason != NULL);
    return reason;
}

static void a_job_runs_to_its_end_and_its_records_come_once_in_order(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "1+1; 'caf\xc3\xa9'; $Host.UI.WriteLine('shown'); $null");
    CHECK(wait_for(job) == PSJOB_STATE_COMPLETED);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 4);
    psjob_record first = record_at(batch, 0);
    CHECK(first.stream == PSJOB_STREAM_OUTPUT && first.sequence == 1 && first.time > 0);
    CHECK(contains(first.clixml, "<I32>2</I32>"));
    CHECK(contains(record_at(batch, 1).clixml, "<S>caf\xc3\xa9</S>"));
    CHECK(record_at(batch, 2).stream == PSJOB_STREAM_HOST_CALL);
    CHECK(contains(record_at(batch, 3).clixml, "<Nil />"));
    psjob_batch_free(batch);

    batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 0);
    psjob_batch_free(batch);
    uint32_t has_more_data = 9;
    CHECK(psjob_job_get_has_more_data(job, 0, &has_more_data, NULL) == PSJOB_STATUS_OK);
    CHECK(has_more_data == 0);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void looking_leaves_the_cursor_and_consuming_moves_it(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "1; 2; 3");
    CHECK(wait_for(job) == PSJOB_STATE_COMPLETED);
    psjob_batch *batch = NULL;
    CHECK(psjob_job_peek(job, 0, 0, 2, &batch, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_batch_get_count(batch) == 2);
    psjob_batch_free(batch);
    CHECK(psjob_job_consume(job, 0, 2, NULL) == PSJOB_STATUS_OK);
    batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 1 && record_at(batch, 0).sequence == 3);
    psjob_batch_free(batch);
    CHECK(psjob_job_read(job, 0, 0, 10, &batch, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_batch_get_count(batch) == 3);
    psjob_batch_free(batch);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void a_terminating_error_fails_the_job_and_earlier_output_is_kept(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "'before'; throw 'boom'");
    psjob_error *reason = reason_of_failure(job);
    CHECK(psjob_error_get_status(reason) == PSJOB_STATUS_SCRIPT_FAILED);
    CHECK(contains(psjob_error_get_message(reason), "boom"));
    CHECK(contains(psjob_error_get_id(reason), "boom"));
    CHECK(psjob_error_get_record(reason).len > 0);
    psjob_error_free(reason);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 1);
    psjob_batch_free(batch);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void exit_is_a_state_with_a_code(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "'before'; exit 3");
    CHECK(wait_for(job) == PSJOB_STATE_EXITED);
    int32_t code = 0;
    CHECK(psjob_job_get_exit_code(job, 0, &code, NULL) == PSJOB_STATUS_OK);
    CHECK(code == 3);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void a_stopped_job_keeps_what_it_wrote(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "'before'; while ($true) { [System.Threading.Thread]::Sleep(10) }");
    psjob_batch *batch = receive(job);
    while (psjob_batch_get_count(batch) == 0) {
        CHECK(psjob_engine_wait(engine, DEADLINE_MS, NULL) == PSJOB_STATUS_OK);
        psjob_event *event = NULL;
        CHECK(psjob_engine_next_event(engine, &event, NULL) == PSJOB_STATUS_OK);
        psjob_event_free(event);
        psjob_batch_free(batch);
        batch = receive(job);
    }
    CHECK(psjob_batch_get_count(batch) == 1);
    psjob_batch_free(batch);
    CHECK(psjob_job_stop(job, NULL) == PSJOB_STATUS_OK);
    CHECK(wait_for(job) == PSJOB_STATE_STOPPED);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void a_job_can_be_stopped_while_its_worker_starts(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "1");
    CHECK(psjob_job_stop(job, NULL) == PSJOB_STATUS_OK);
    CHECK(wait_for(job) == PSJOB_STATE_STOPPED);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

/* Starts a job that asks, and waits until it does. */
static psjob_job *start_asking(psjob_engine *engine, uint64_t *question)
{
    psjob_job *job = start_script(engine, "'<' + $Host.UI.ReadLine() + '>'");
    uint32_t state = 99;
    CHECK(psjob_job_wait(job, DEADLINE_MS, &state, NULL) == PSJOB_STATUS_BLOCKED);
    CHECK(state == PSJOB_STATE_BLOCKED);
    CHECK(psjob_job_get_question(job, 0, question, NULL) == PSJOB_STATUS_OK);
    CHECK(*question == 1);
    return job;
}

static void a_question_blocks_the_job_until_it_is_answered(void)
{
    psjob_engine *engine = new_engine();
    uint64_t question = 0;
    psjob_job *job = start_asking(engine, &question);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 1 && record_at(batch, 0).stream == PSJOB_STREAM_HOST_CALL);
    psjob_batch_free(batch);
    const char *answer = "<S>yes</S>";
    CHECK(psjob_job_answer_clixml(job, 0, question + 1, (const uint8_t *)answer, strlen(answer), NULL)
          == PSJOB_STATUS_NO_QUESTION);
    CHECK(psjob_job_answer_clixml(job, 0, question, (const uint8_t *)answer, strlen(answer), NULL) == PSJOB_STATUS_OK);
    CHECK(wait_for(job) == PSJOB_STATE_COMPLETED);
    CHECK(psjob_job_answer_clixml(job, 0, question, (const uint8_t *)answer, strlen(answer), NULL)
          == PSJOB_STATUS_NO_QUESTION);
    batch = receive(job);
    CHECK(contains(record_at(batch, 0).clixml, "&lt;yes&gt;"));
    psjob_batch_free(batch);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void a_refused_question_is_an_error_of_the_script(void)
{
    psjob_engine *engine = new_engine();
    uint64_t question = 0;
    psjob_job *job = start_asking(engine, &question);
    CHECK(psjob_job_answer_error(job, 0, question, (const uint8_t *)"nobody home", 11, NULL) == PSJOB_STATUS_OK);
    /* A method that throws ends its statement, not the script. */
    CHECK(wait_for(job) == PSJOB_STATE_COMPLETED);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 2 && record_at(batch, 1).stream == PSJOB_STREAM_ERROR);
    CHECK(contains(record_at(batch, 1).clixml, "nobody home"));
    psjob_batch_free(batch);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void a_stop_releases_a_question(void)
{
    psjob_engine *engine = new_engine();
    uint64_t question = 0;
    psjob_job *job = start_asking(engine, &question);
    CHECK(psjob_job_stop(job, NULL) == PSJOB_STATUS_OK);
    CHECK(wait_for(job) == PSJOB_STATE_STOPPED);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void arguments_and_input_arrive(void)
{
    psjob_engine *engine = new_engine();
    psjob_spec *spec = new_spec("param($a, $b) \"$a-$b\"; foreach ($i in $input) { $i * 2 }");
    const char *argument = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">"
                           "<S>x</S></Objs>";
    CHECK(psjob_spec_add_argument_clixml(spec, (const uint8_t *)argument, strlen(argument), NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_spec_add_parameter_clixml(spec, (const uint8_t *)"b", 1, (const uint8_t *)"<I32>7</I32>", 12, NULL)
          == PSJOB_STATUS_OK);
    CHECK(psjob_spec_set_takes_input(spec, 1, NULL) == PSJOB_STATUS_OK);
    psjob_job *job = start(engine, spec);
    CHECK(psjob_job_send_input_clixml(job, (const uint8_t *)"<I32>20</I32>", 13, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_job_send_input_clixml(job, (const uint8_t *)"<I32>21</I32>", 13, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_job_close_input(job, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_job_send_input_clixml(job, (const uint8_t *)"<I32>1</I32>", 12, NULL) == PSJOB_STATUS_INPUT_CLOSED);
    CHECK(wait_for(job) == PSJOB_STATE_COMPLETED);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 3);
    CHECK(contains(record_at(batch, 0).clixml, "x-7"));
    CHECK(contains(record_at(batch, 1).clixml, "<I32>40</I32>"));
    CHECK(contains(record_at(batch, 2).clixml, "<I32>42</I32>"));
    psjob_batch_free(batch);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void surroundings_are_as_the_spec_says(void)
{
    psjob_engine *engine = new_engine();
    psjob_spec *spec = new_spec("$pwd.Path; $env:PSJOB_TEST; $fromInit");
    const char *init = "$fromInit = 'prepared'; $Host.UI.WriteLine('init')";
    CHECK(psjob_spec_set_initialization_script(spec, (const uint8_t *)init, strlen(init), NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_spec_set_working_directory(spec, (const uint8_t *)"/usr", 4, NULL) == PSJOB_STATUS_OK);
    char block[4096];
    int length = snprintf(block, sizeof block, "PATH=%s%cHOME=%s%cPSJOB_TEST=a=b%c", getenv("PATH"), 0,
                          getenv("HOME"), 0, 0);
    CHECK(psjob_spec_set_environment(spec, (const uint8_t *)block, (size_t)length, NULL) == PSJOB_STATUS_OK);
    psjob_job *job = start(engine, spec);
    CHECK(wait_for(job) == PSJOB_STATE_COMPLETED);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 3);
    CHECK(contains(record_at(batch, 0).clixml, "<S>/usr</S>"));
    CHECK(contains(record_at(batch, 1).clixml, "<S>a=b</S>"));
    CHECK(contains(record_at(batch, 2).clixml, "prepared"));
    psjob_batch_free(batch);

    int preparations = 0;
    psjob_event *event = NULL;
    while (psjob_engine_next_event(engine, &event, NULL) == PSJOB_STATUS_OK && event != NULL) {
        if (psjob_event_get_kind(event) == PSJOB_EVENT_PREPARATION) {
            preparations++;
            CHECK(psjob_event_get_job(event) == psjob_job_get_id(job));
            CHECK(contains(psjob_event_get_clixml(event), "init"));
        }
        psjob_event_free(event);
    }
    CHECK(preparations == 1);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void what_fails_before_the_job_fails_the_job(void)
{
    psjob_engine *engine = new_engine();
    psjob_spec *nowhere = new_spec("1");
    CHECK(psjob_spec_set_working_directory(nowhere, (const uint8_t *)"/no/such", 8, NULL) == PSJOB_STATUS_OK);
    psjob_job *job = start(engine, nowhere);
    psjob_error *reason = reason_of_failure(job);
    CHECK(psjob_error_get_status(reason) == PSJOB_STATUS_PREPARATION);
    CHECK(contains(psjob_error_get_id(reason), "2100,PSSessionStateBroken"));
    CHECK(contains(psjob_error_get_message(reason), "/no/such"));
    psjob_error_free(reason);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void check_bad_worker(const char *program, psjob_status status, const char *id)
{
    psjob_engine *engine = new_engine_on(program, 500);
    psjob_job *job = start_script(engine, "1");
    psjob_error *reason = reason_of_failure(job);
    CHECK(psjob_error_get_status(reason) == status);
    CHECK(contains(psjob_error_get_id(reason), id));
    CHECK(psjob_error_get_message(reason).len > 20);
    psjob_error_free(reason);
    psjob_job_free(job);
    CHECK(psjob_engine_shutdown(engine, DEADLINE_MS, NULL) == PSJOB_STATUS_OK);
    psjob_engine_free(engine);
}

static void a_worker_that_is_none_fails_the_job_with_a_reason(void)
{
    check_bad_worker("/no/such/pwsh", PSJOB_STATUS_WORKER_NOT_FOUND, "-2147467259,PSSessionStateBroken");
    check_bad_worker("/etc/passwd", PSJOB_STATUS_WORKER_START, "-2147467259,PSSessionStateBroken");
    check_bad_worker("/bin/false", PSJOB_STATUS_WORKER_DIED, "2101,PSSessionStateBroken");
    check_bad_worker("/bin/echo", PSJOB_STATUS_WORKER_DIED, "2101,PSSessionStateBroken");
}

static void a_worker_that_dies_fails_the_job_at_once_and_its_output_is_kept(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "'before'; [Environment]::Exit(7)");
    psjob_error *reason = reason_of_failure(job);
    CHECK(psjob_error_get_status(reason) == PSJOB_STATUS_WORKER_DIED);
    CHECK(psjob_error_get_exit_code(reason) == 7);
    CHECK(psjob_error_get_signal(reason) == -1);
    psjob_error_free(reason);
    psjob_batch *batch = receive(job);
    CHECK(psjob_batch_get_count(batch) == 1);
    psjob_batch_free(batch);
    psjob_job_free(job);
    psjob_engine_free(engine);
}

static void shutdown_ends_jobs_and_wakes_waiters_and_handles_may_be_freed_in_any_order(void)
{
    psjob_engine *engine = new_engine();
    psjob_job *job = start_script(engine, "[System.Threading.Thread]::Sleep(-1)");
    int32_t descriptor = -1;
    CHECK(psjob_engine_get_event_fd(engine, &descriptor, NULL) == PSJOB_STATUS_OK);
    uint32_t state = PSJOB_STATE_NOT_STARTED;
    while (state == PSJOB_STATE_NOT_STARTED) {
        struct pollfd readable = {descriptor, POLLIN, 0};
        CHECK(poll(&readable, 1, DEADLINE_MS) == 1);
        psjob_event *event = NULL;
        CHECK(psjob_engine_next_event(engine, &event, NULL) == PSJOB_STATUS_OK);
        psjob_event_free(event);
        CHECK(psjob_job_get_child_state(job, 0, &state, NULL) == PSJOB_STATUS_OK);
    }
    CHECK(state == PSJOB_STATE_RUNNING);
    CHECK(psjob_job_wait(job, 0, &state, NULL) == PSJOB_STATUS_TIMEOUT);
    CHECK(psjob_engine_shutdown(engine, DEADLINE_MS, NULL) == PSJOB_STATUS_OK);
    CHECK(wait_for(job) == PSJOB_STATE_STOPPED);
    psjob_spec *spec = new_spec("1");
    psjob_job *late = NULL;
    CHECK(psjob_job_start(engine, spec, &late, NULL) == PSJOB_STATUS_ENGINE_SHUT_DOWN);
    psjob_spec_free(spec);
    psjob_engine_free(engine);
    CHECK(psjob_job_get_id(job) == 1);
    psjob_job_free(job);
}

static void count_line(void *userdata, uint32_t level, const uint8_t *line, size_t line_len)
{
    CHECK(level >= PSJOB_LOG_ERROR && level <= PSJOB_LOG_INFO);
    CHECK(!contains((psjob_str){line, line_len}, "secret"));
    ++*(int *)userdata;
}

static void the_log_sink_gets_lines_that_hold_no_script(void)
{
    int lines = 0;
    psjob_engine_options options = {0};
    options.struct_size = sizeof options;
    options.worker_path = text(worker);
    options.guard_path = text(guard);
    options.log_callback = count_line;
    options.log_userdata = &lines;
    options.log_level = 9;
    psjob_engine *engine = NULL;
    CHECK(psjob_engine_new(&options, &engine, NULL) == PSJOB_STATUS_BAD_VALUE);
    options.log_level = PSJOB_LOG_INFO;
    CHECK(psjob_engine_new(&options, &engine, NULL) == PSJOB_STATUS_OK);
    psjob_job *job = start_script(engine, "throw 'secret'");
    CHECK(wait_for(job) == PSJOB_STATE_FAILED);
    psjob_job_free(job);
    CHECK(psjob_engine_shutdown(engine, DEADLINE_MS, NULL) == PSJOB_STATUS_OK);
    CHECK(lines >= 3);
    psjob_engine_free(engine);
}

static void misuse_is_a_status(void)
{
    psjob_error *error = NULL;
    CHECK(psjob_engine_new(NULL, NULL, &error) == PSJOB_STATUS_NULL_ARGUMENT);
    CHECK(contains(psjob_error_get_message(error), "out_engine"));
    psjob_error_free(error);
    psjob_engine_options options = {0};
    psjob_engine *engine = NULL;
    CHECK(psjob_engine_new(&options, &engine, NULL) == PSJOB_STATUS_BAD_STRUCT_SIZE);
    psjob_spec *spec = NULL;
    CHECK(psjob_spec_new(&spec, NULL) == PSJOB_STATUS_OK);
    CHECK(psjob_spec_set_script(spec, NULL, 3, NULL) == PSJOB_STATUS_NULL_ARGUMENT);
    CHECK(psjob_spec_set_script(spec, (const uint8_t *)"\xff", 1, NULL) == PSJOB_STATUS_BAD_TEXT);
    const uint16_t lone_surrogate[] = {0xd800};
    CHECK(psjob_spec_set_script_utf16(spec, lone_surrogate, 1, NULL) == PSJOB_STATUS_BAD_TEXT);
    CHECK(psjob_spec_add_argument_clixml(spec, (const uint8_t *)"<I32>x</I32>", 12, NULL) == PSJOB_STATUS_BAD_CLIXML);
    CHECK(psjob_spec_set_takes_input(spec, 2, NULL) == PSJOB_STATUS_BAD_VALUE);
    engine = new_engine();
    psjob_job *job = NULL;
    CHECK(psjob_job_start(engine, spec, &job, NULL) == PSJOB_STATUS_SPEC_INCOMPLETE);
    CHECK(psjob_job_start(NULL, spec, &job, NULL) == PSJOB_STATUS_NULL_ARGUMENT);
    CHECK(job == NULL);
    psjob_spec_free(spec);
    psjob_engine_free(engine);
    psjob_engine_free(NULL);
    psjob_job_free(NULL);
    psjob_spec_free(NULL);
    psjob_batch_free(NULL);
    psjob_event_free(NULL);
    psjob_error_free(NULL);
    CHECK(psjob_error_get_status(NULL) == PSJOB_STATUS_OK);
}

static void the_library_is_the_one_of_this_header(void)
{
    CHECK(psjob_abi_version() == PSJOB_ABI_VERSION);
    CHECK(strcmp(psjob_version(), PSJOB_EXPECTED_VERSION) == 0);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s WORKER GUARD\n", argv[0]);
        return 2;
    }
    worker = argv[1];
    guard = argv[2];
    RUN(the_library_is_the_one_of_this_header);
    RUN(misuse_is_a_status);
    RUN(a_job_runs_to_its_end_and_its_records_come_once_in_order);
    RUN(looking_leaves_the_cursor_and_consuming_moves_it);
    RUN(a_terminating_error_fails_the_job_and_earlier_output_is_kept);
    RUN(exit_is_a_state_with_a_code);
    RUN(a_stopped_job_keeps_what_it_wrote);
    RUN(a_job_can_be_stopped_while_its_worker_starts);
    RUN(a_question_blocks_the_job_until_it_is_answered);
    RUN(a_refused_question_is_an_error_of_the_script);
    RUN(a_stop_releases_a_question);
    RUN(arguments_and_input_arrive);
    RUN(surroundings_are_as_the_spec_says);
    RUN(what_fails_before_the_job_fails_the_job);
    RUN(a_worker_that_is_none_fails_the_job_with_a_reason);
    RUN(a_worker_that_dies_fails_the_job_at_once_and_its_output_is_kept);
    RUN(the_log_sink_gets_lines_that_hold_no_script);
    RUN(shutdown_ends_jobs_and_wakes_waiters_and_handles_may_be_freed_in_any_order);
    return finish();
}
