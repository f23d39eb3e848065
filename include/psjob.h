/*
 * psjob: run PowerShell jobs from any language.
 *
 * Conventions
 * - Objects are opaque. `_new` and `_start` give an object that the caller owns and ends with its `_free`; `_get_` borrows. NULL in a `_free` is a no-op.
 * - Every fallible function returns a psjob_status (0 is success) and takes a last `psjob_error **out_error`, which may be NULL.
 *   A status of 100 or more comes with an error object, where there is a place for it; the caller ends it with psjob_error_free.
 * - Outputs are written only on success. Every pointer is checked before any use.
 * - Text goes in as pointer and length, UTF-8 (or UTF-16 where the name says so), and need not end in NUL. A length of 0 allows NULL.
 * - `const` objects may be used from many threads at once. Only functions that end in `_wait`, and psjob_engine_shutdown, block.
 */

#ifndef PSJOB_H
#define PSJOB_H

/* Generated from src/ffi by `make header`; do not edit. */

#include <stddef.h>
#include <stdint.h>

/**
 * The version of the ABI that this header describes. A caller compares it with `psjob_abi_version()` when it loads
 * the library at run time.
 */
#define PSJOB_ABI_VERSION 1

/**
 * What failed and was not expected to.
 */
#define PSJOB_LOG_ERROR 1

/**
 * What went wrong and was dealt with.
 */
#define PSJOB_LOG_WARN 2

/**
 * Starts and ends.
 */
#define PSJOB_LOG_INFO 3

/**
 * Details.
 */
#define PSJOB_LOG_DEBUG 4

/**
 * A job reached a state.
 */
#define PSJOB_EVENT_JOB_STATE 1

/**
 * A child reached a state.
 */
#define PSJOB_EVENT_CHILD_STATE 2

/**
 * Records wait in a child's log. One such event per child is in the queue at most.
 */
#define PSJOB_EVENT_DATA_READY 3

/**
 * What runs before the job (its initialization script) wrote something, to be shown at once.
 */
#define PSJOB_EVENT_PREPARATION 4

/**
 * The worker is being started, or runs what comes before the job (children only).
 */
#define PSJOB_STATE_NOT_STARTED 0

/**
 * The script runs; of a job: not every child has finished.
 */
#define PSJOB_STATE_RUNNING 1

/**
 * The script ran to its end.
 */
#define PSJOB_STATE_COMPLETED 2

/**
 * The script ended in a terminating error, or its worker could not start, died or broke the protocol.
 */
#define PSJOB_STATE_FAILED 3

/**
 * The job was stopped.
 */
#define PSJOB_STATE_STOPPED 4

/**
 * The script waits for its host: for the answer to a question (`psjob_job_get_question`).
 */
#define PSJOB_STATE_BLOCKED 5

/**
 * The script called `exit`.
 */
#define PSJOB_STATE_EXITED 11

/**
 * Objects of the pipeline.
 */
#define PSJOB_STREAM_OUTPUT 1

/**
 * Error records.
 */
#define PSJOB_STREAM_ERROR 2

/**
 * Warning records.
 */
#define PSJOB_STREAM_WARNING 3

/**
 * Verbose records.
 */
#define PSJOB_STREAM_VERBOSE 4

/**
 * Debug records.
 */
#define PSJOB_STREAM_DEBUG 5

/**
 * Progress records.
 */
#define PSJOB_STREAM_PROGRESS 6

/**
 * Information records.
 */
#define PSJOB_STREAM_INFORMATION 7

/**
 * Calls of the job's host that have no record of their own, for example `$Host.UI.WriteLine(…)`: an object with `ci`,
 * `mi` (the method's number, MS-PSRP 2.2.3.17) and `mp` (its parameters).
 */
#define PSJOB_STREAM_HOST_CALL 8

/**
 * Some records of one child, in order. Opaque; immutable; independent of the job that it came from.
 */
typedef struct psjob_batch psjob_batch;

/**
 * An engine: one thread that runs jobs on workers. Usually one per process. Opaque.
 */
typedef struct psjob_engine psjob_engine;

/**
 * Why a call failed, or why a job did. Opaque; immutable.
 */
typedef struct psjob_error psjob_error;

/**
 * Something that happened in an engine. Opaque; immutable.
 */
typedef struct psjob_event psjob_event;

/**
 * A started job. Opaque.
 *
 * A job has one child per worker, numbered from 0; today there is always exactly one. Where a function takes a
 * `child`, a number that the job does not have gives BAD_VALUE.
 */
typedef struct psjob_job psjob_job;

/**
 * What a job is made from: script, arguments, surroundings. Opaque. One spec may start many jobs.
 */
typedef struct psjob_spec psjob_spec;

/**
 * What a function says of its outcome: 0 is success, 1 to 99 are outcomes without an error object, 100 and more are
 * failures. Numbers are never reused.
 */
typedef int32_t psjob_status;

/**
 * Borrowed bytes: UTF-8 text unless the function that gives them says otherwise. Not NUL-terminated.
 *
 * `data` may be NULL when `len` is 0. Who gives a slice says how long it lives.
 */
typedef struct {
  /**
   * The first byte.
   */
  const uint8_t *data;
  /**
   * How many bytes.
   */
  size_t len;
} psjob_str;

/**
 * The log sink. Called on the engine's thread only, one line at a time, until `psjob_engine_shutdown` has given OK or
 * the engine's thread has ended by itself; it should be quick and must not call back into psjob.
 *
 * `line` is UTF-8, not NUL-terminated, and lives during the call. It names jobs, workers and what befell them; never
 * scripts, arguments, records or secrets.
 */
typedef void (*psjob_log_callback)(void *userdata, uint32_t level, const uint8_t *line, size_t line_len);

/**
 * How an engine is made. Zero everything, set `struct_size`, then what is wanted.
 */
typedef struct {
  /**
   * `sizeof(psjob_engine_options)` of the caller's header.
   */
  uint32_t struct_size;
  /**
   * How long a worker may take to open its session, in milliseconds; 0: two minutes.
   */
  uint32_t open_timeout_ms;
  /**
   * The worker executable; empty: `$PSJOB_PWSH`, then `pwsh` on PATH, then the host that is installed beside the library.
   */
  psjob_str worker_path;
  /**
   * Arguments of the worker before the server switches, separated by NUL.
   */
  psjob_str worker_arguments;
  /**
   * The psjob-guard executable; empty: the one that is installed beside the library.
   */
  psjob_str guard_path;
  /**
   * Gets log lines of `log_level` and more severe ones; NULL: no log.
   */
  psjob_log_callback log_callback;
  /**
   * Passed to `log_callback` as it is.
   */
  void *log_userdata;
  /**
   * One of `PSJOB_LOG_…`; only read when there is a `log_callback`.
   */
  uint32_t log_level;
  /**
   * How long a worker may take to acknowledge what it was sent, in milliseconds; 0: two minutes.
   */
  uint32_t answer_timeout_ms;
  /**
   * How long a stop may take until nothing of the job runs any more, in milliseconds; 0: 10 seconds.
   */
  uint32_t stop_timeout_ms;
  /**
   * How long a worker that is not needed any more may take to close its session, in milliseconds; 0: 5 seconds.
   */
  uint32_t close_timeout_ms;
} psjob_engine_options;

/**
 * One record. Set `struct_size` before the call that fills it.
 */
typedef struct {
  /**
   * `sizeof(psjob_record)` of the caller's header.
   */
  uint32_t struct_size;
  /**
   * One of `PSJOB_STREAM_…`; values that a caller does not know are to be ignored.
   */
  uint32_t stream;
  /**
   * The record's place in its child's log, from 1, without gaps.
   */
  uint64_t sequence;
  /**
   * When the engine read it: nanoseconds since the Unix epoch.
   */
  int64_t time;
  /**
   * The record: one CLIXML element, UTF-8, without the `Objs` root. Borrowed from the batch.
   */
  psjob_str clixml;
} psjob_record;

/**
 * Success.
 */
#define PSJOB_STATUS_OK 0

/**
 * The time was up before what was waited for happened.
 */
#define PSJOB_STATUS_TIMEOUT 1

/**
 * The engine was shut down while something was waited for.
 */
#define PSJOB_STATUS_SHUT_DOWN 2

/**
 * The job is Blocked: it waits for its host, and would wait for ever if the host only waits for it.
 */
#define PSJOB_STATUS_BLOCKED 3

/**
 * A required pointer is NULL.
 */
#define PSJOB_STATUS_NULL_ARGUMENT 100

/**
 * Text is not valid UTF-8 or UTF-16, or holds a NUL where none may be.
 */
#define PSJOB_STATUS_BAD_TEXT 101

/**
 * A number, an index or an option is out of range.
 */
#define PSJOB_STATUS_BAD_VALUE 102

/**
 * CLIXML does not parse, or exceeds a limit.
 */
#define PSJOB_STATUS_BAD_CLIXML 103

/**
 * A `struct_size` is none that this library knows.
 */
#define PSJOB_STATUS_BAD_STRUCT_SIZE 104

/**
 * The engine was shut down.
 */
#define PSJOB_STATUS_ENGINE_SHUT_DOWN 200

/**
 * The engine could not be started.
 */
#define PSJOB_STATUS_ENGINE_START 201

/**
 * The spec names no script.
 */
#define PSJOB_STATUS_SPEC_INCOMPLETE 300

/**
 * The job takes no input (any more).
 */
#define PSJOB_STATUS_INPUT_CLOSED 301

/**
 * The job has no such question open.
 */
#define PSJOB_STATUS_NO_QUESTION 302

/**
 * Reason of a job: the script ended in a terminating error.
 */
#define PSJOB_STATUS_SCRIPT_FAILED 400

/**
 * There is no worker executable.
 */
#define PSJOB_STATUS_WORKER_NOT_FOUND 401

/**
 * The worker executable could not be started.
 */
#define PSJOB_STATUS_WORKER_START 402

/**
 * Reason of a job: the worker ended in the middle of the job.
 */
#define PSJOB_STATUS_WORKER_DIED 403

/**
 * Reason of a job: the worker does not speak the protocol.
 */
#define PSJOB_STATUS_WORKER_PROTOCOL 404

/**
 * Reason of a job: the worker did not answer in time.
 */
#define PSJOB_STATUS_WORKER_SILENT 405

/**
 * Reason of a job: what runs before it (location, initialization script) failed.
 */
#define PSJOB_STATUS_PREPARATION 406

/**
 * A defect of psjob, caught; the call had no effect that can be relied on.
 */
#define PSJOB_STATUS_PANIC 900

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The ABI version of the loaded library; it must equal `PSJOB_ABI_VERSION`.
 *
 * Ownership: nothing.
 * Threads: any.
 * Errors: none.
 */
uint32_t psjob_abi_version(void);

/**
 * The version of the loaded library, for example "0.1.0"; NUL-terminated ASCII.
 *
 * Ownership: static, never freed.
 * Threads: any.
 * Errors: none.
 */
const char *psjob_version(void);

/**
 * The error's status, 100 or more; `PSJOB_STATUS_OK` for NULL.
 *
 * Ownership: `error` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
psjob_status psjob_error_get_status(const psjob_error *error);

/**
 * What happened and what to do about it, in English; empty for NULL.
 *
 * Ownership: the text is borrowed from `error` and lives until `psjob_error_free`.
 * Threads: any, also at the same time.
 * Errors: none.
 */
psjob_str psjob_error_get_message(const psjob_error *error);

/**
 * PowerShell's FullyQualifiedErrorId, for example "2101,PSSessionStateBroken"; empty where there is none.
 *
 * Ownership: the text is borrowed from `error` and lives until `psjob_error_free`.
 * Threads: any, also at the same time.
 * Errors: none.
 */
psjob_str psjob_error_get_id(const psjob_error *error);

/**
 * The remote ErrorRecord as CLIXML (one element, UTF-8); empty where there is none.
 *
 * Ownership: the bytes are borrowed from `error` and live until `psjob_error_free`.
 * Threads: any, also at the same time.
 * Errors: none.
 */
psjob_str psjob_error_get_record(const psjob_error *error);

/**
 * The exit code of a worker that exited by itself; -1 where there is none.
 *
 * Ownership: `error` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
int32_t psjob_error_get_exit_code(const psjob_error *error);

/**
 * The number of the signal that ended a worker; -1 where none did.
 *
 * Ownership: `error` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
int32_t psjob_error_get_signal(const psjob_error *error);

/**
 * Ends an error; NULL is a no-op.
 *
 * Ownership: `error` is taken.
 * Threads: any; nobody else uses `error` at the same time or later.
 * Errors: none.
 */
void psjob_error_free(psjob_error *error);

/**
 * Starts an engine. `options` may be NULL.
 *
 * Ownership: the caller owns `*out_engine` and ends it with `psjob_engine_free`.
 * Threads: any.
 * Errors: NULL_ARGUMENT, BAD_STRUCT_SIZE, BAD_TEXT, BAD_VALUE (`log_level`), ENGINE_START (no thread or no descriptor was to
 * be had).
 */
psjob_status psjob_engine_new(const psjob_engine_options *options,
                              psjob_engine **out_engine,
                              psjob_error **out_error);

/**
 * Stops every job, ends every worker and wakes every waiter. A second call does nothing. Unfinished jobs end as
 * Stopped; their records can still be received.
 *
 * Gives TIMEOUT when workers were still ending after `timeout_ms`; the guards end them all the same.
 *
 * Ownership: `engine` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_engine_shutdown(const psjob_engine *engine,
                                   uint32_t timeout_ms,
                                   psjob_error **out_error);

/**
 * Ends an engine's handle; NULL is a no-op. An engine that was not shut down shuts down on its own thread.
 * Job handles stay valid.
 *
 * Ownership: `engine` is taken.
 * Threads: any; nobody else uses `engine` at the same time or later.
 * Errors: none.
 */
void psjob_engine_free(psjob_engine *engine);

/**
 * A descriptor that is readable while the event queue holds an event, and for good after shutdown; for poll and epoll.
 *
 * Ownership: the descriptor belongs to the engine: do not read, write or close it; it ends with `psjob_engine_free`.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_engine_get_event_fd(const psjob_engine *engine,
                                       int32_t *out_fd,
                                       psjob_error **out_error);

/**
 * Waits until the event queue holds an event (OK), the time is up (TIMEOUT), or the engine was shut down and the queue
 * is empty (SHUT_DOWN). A negative `timeout_ms` waits without limit.
 *
 * Ownership: `engine` is borrowed.
 * Threads: any, also at the same time; of several waiters, one takes the event.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_engine_wait(const psjob_engine *engine,
                               int32_t timeout_ms,
                               psjob_error **out_error);

/**
 * Takes the next event; `*out_event` is NULL when the queue is empty.
 *
 * Ownership: the caller owns `*out_event` and ends it with `psjob_event_free`.
 * Threads: any, also at the same time; each event is given once.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_engine_next_event(const psjob_engine *engine,
                                     psjob_event **out_event,
                                     psjob_error **out_error);

/**
 * What happened: one of `PSJOB_EVENT_…`; 0 for NULL. Kinds that a caller does not know are to be ignored.
 *
 * Ownership: `event` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint32_t psjob_event_get_kind(const psjob_event *event);

/**
 * The id of the job that the event is about; 0 for NULL.
 *
 * Ownership: `event` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint64_t psjob_event_get_job(const psjob_event *event);

/**
 * The index of the child that the event is about; 0 for an event about the job itself and for NULL.
 *
 * Ownership: `event` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint32_t psjob_event_get_child(const psjob_event *event);

/**
 * The new state of a state event, one of `PSJOB_STATE_…`; 0 for other kinds and for NULL.
 *
 * Ownership: `event` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint32_t psjob_event_get_state(const psjob_event *event);

/**
 * The stream of a `PSJOB_EVENT_PREPARATION`, one of `PSJOB_STREAM_…`; 0 for other kinds and for NULL.
 *
 * Ownership: `event` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint32_t psjob_event_get_stream(const psjob_event *event);

/**
 * What a `PSJOB_EVENT_PREPARATION` wrote, as in `psjob_record`; empty for other kinds and for NULL.
 *
 * Ownership: the bytes are borrowed from `event` and live until `psjob_event_free`.
 * Threads: any, also at the same time.
 * Errors: none.
 */
psjob_str psjob_event_get_clixml(const psjob_event *event);

/**
 * Ends an event; NULL is a no-op.
 *
 * Ownership: `event` is taken.
 * Threads: any; nobody else uses `event` at the same time or later.
 * Errors: none.
 */
void psjob_event_free(psjob_event *event);

/**
 * Makes an empty spec. Only a script is required.
 *
 * Ownership: the caller owns `*out_spec` and ends it with `psjob_spec_free`.
 * Threads: any.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_spec_new(psjob_spec **out_spec, psjob_error **out_error);

/**
 * Ends a spec; NULL is a no-op. Jobs that were started from it go on.
 *
 * Ownership: `spec` is taken.
 * Threads: any; nobody else uses `spec` at the same time or later.
 * Errors: none.
 */
void psjob_spec_free(psjob_spec *spec);

/**
 * Sets the script's text (UTF-8), without the braces of a script block.
 *
 * Ownership: `text` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT.
 */
psjob_status psjob_spec_set_script(psjob_spec *spec,
                                   const uint8_t *text,
                                   size_t text_len,
                                   psjob_error **out_error);

/**
 * As `psjob_spec_set_script`, for UTF-16 in native byte order; `text_len` counts 16-bit units.
 *
 * Ownership: `text` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT.
 */
psjob_status psjob_spec_set_script_utf16(psjob_spec *spec,
                                         const uint16_t *text,
                                         size_t text_len,
                                         psjob_error **out_error);

/**
 * Adds a positional argument: one CLIXML element, with or without an `Objs` root (UTF-8).
 *
 * Ownership: `clixml` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_CLIXML.
 */
psjob_status psjob_spec_add_argument_clixml(psjob_spec *spec,
                                            const uint8_t *clixml,
                                            size_t clixml_len,
                                            psjob_error **out_error);

/**
 * Adds a named argument, its value as in `psjob_spec_add_argument_clixml`. The name has no dash; the values of
 * `$using:` expressions travel as the dictionary named `--%`.
 *
 * Ownership: `name` and `clixml` are copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT, BAD_VALUE (the name is empty), BAD_CLIXML.
 */
psjob_status psjob_spec_add_parameter_clixml(psjob_spec *spec,
                                             const uint8_t *name,
                                             size_t name_len,
                                             const uint8_t *clixml,
                                             size_t clixml_len,
                                             psjob_error **out_error);

/**
 * Says whether input will be sent to the job (1), or its input is empty and ends at once (0, the default).
 *
 * Ownership: nothing.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_VALUE (neither 0 nor 1).
 */
psjob_status psjob_spec_set_takes_input(psjob_spec *spec, uint32_t takes_input, psjob_error **out_error);

/**
 * Sets a script that runs before the job in the global scope of its session; empty text removes it. Its output goes to
 * the event queue (`PSJOB_EVENT_PREPARATION`); any error record of it fails the job.
 *
 * Ownership: `text` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT.
 */
psjob_status psjob_spec_set_initialization_script(psjob_spec *spec,
                                                  const uint8_t *text,
                                                  size_t text_len,
                                                  psjob_error **out_error);

/**
 * Sets the PowerShell location that the job starts in, taken literally; empty: the current directory of this process.
 *
 * Ownership: `path` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT. A location that does not exist fails the job.
 */
psjob_status psjob_spec_set_working_directory(psjob_spec *spec,
                                              const uint8_t *path,
                                              size_t path_len,
                                              psjob_error **out_error);

/**
 * Sets the worker's whole environment: `NAME=VALUE` entries, each ended by NUL. Without this call the worker has this
 * process's environment.
 *
 * Ownership: `block` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_VALUE (an entry without a name or without `=`).
 */
psjob_status psjob_spec_set_environment(psjob_spec *spec,
                                        const uint8_t *block,
                                        size_t block_len,
                                        psjob_error **out_error);

/**
 * Sets the job's name; empty: "Job" and its id.
 *
 * Ownership: `name` is copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT.
 */
psjob_status psjob_spec_set_name(psjob_spec *spec,
                                 const uint8_t *name,
                                 size_t name_len,
                                 psjob_error **out_error);

/**
 * Sets the worker executable and its arguments (separated by NUL) before the server switches; an empty path: the engine's.
 *
 * Ownership: `path` and `arguments` are copied.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_TEXT. An executable that cannot be started fails the job.
 */
psjob_status psjob_spec_set_worker(psjob_spec *spec,
                                   const uint8_t *path,
                                   size_t path_len,
                                   const uint8_t *arguments,
                                   size_t arguments_len,
                                   psjob_error **out_error);

/**
 * Sets the size of the console that the job sees, in characters (default 120 × 50).
 *
 * Ownership: nothing.
 * Threads: one at a time per spec.
 * Errors: NULL_ARGUMENT, BAD_VALUE (0).
 */
psjob_status psjob_spec_set_host_size(psjob_spec *spec,
                                      uint16_t columns,
                                      uint16_t rows,
                                      psjob_error **out_error);

/**
 * Starts a job and returns without waiting for its worker. What goes wrong from here on fails the job
 * (`psjob_job_get_reason`), not this call.
 *
 * Ownership: the caller owns `*out_job` and ends it with `psjob_job_free`; `engine` and `spec` are borrowed.
 * Threads: any, also at the same time; nobody changes `spec` meanwhile.
 * Errors: NULL_ARGUMENT, SPEC_INCOMPLETE, WORKER_NOT_FOUND (no worker is configured and none was found), ENGINE_SHUT_DOWN.
 */
psjob_status psjob_job_start(const psjob_engine *engine,
                             const psjob_spec *spec,
                             psjob_job **out_job,
                             psjob_error **out_error);

/**
 * Ends a job's handle; NULL is a no-op. A job that still runs is stopped.
 *
 * Ownership: `job` is taken.
 * Threads: any; nobody else uses `job` at the same time or later.
 * Errors: none.
 */
void psjob_job_free(psjob_job *job);

/**
 * The job's id, unique in its engine, from 1; 0 for NULL.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint64_t psjob_job_get_id(const psjob_job *job);

/**
 * The job's name; empty for NULL.
 *
 * Ownership: the text is borrowed from `job` and lives until `psjob_job_free`.
 * Threads: any, also at the same time.
 * Errors: none.
 */
psjob_str psjob_job_get_name(const psjob_job *job);

/**
 * The job's state, one of `PSJOB_STATE_…`.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_job_get_state(const psjob_job *job, uint32_t *out_state, psjob_error **out_error);

/**
 * How many children the job has; 0 for NULL.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
uint32_t psjob_job_get_child_count(const psjob_job *job);

/**
 * A child's state, one of `PSJOB_STATE_…`.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_child_state(const psjob_job *job,
                                       uint32_t child,
                                       uint32_t *out_state,
                                       psjob_error **out_error);

/**
 * Why a child failed; `*out_reason` is NULL unless it did.
 *
 * Ownership: the caller owns `*out_reason` and ends it with `psjob_error_free`.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_reason(const psjob_job *job,
                                  uint32_t child,
                                  psjob_error **out_reason,
                                  psjob_error **out_error);

/**
 * The code that an Exited child's script gave to `exit`; -1 for a child that did not.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_exit_code(const psjob_job *job,
                                     uint32_t child,
                                     int32_t *out_code,
                                     psjob_error **out_error);

/**
 * Writes the 16 bytes of the id of a child's session (PowerShell's RunspaceId), in RFC 4122 order.
 *
 * Ownership: `job` is borrowed; `out_id` points to 16 bytes of the caller's.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_session_id(const psjob_job *job,
                                      uint32_t child,
                                      uint8_t *out_id,
                                      psjob_error **out_error);

/**
 * The process id of a child's worker; 0 before the worker was started. The process may have ended.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_worker_pid(const psjob_job *job,
                                      uint32_t child,
                                      uint32_t *out_pid,
                                      psjob_error **out_error);

/**
 * Writes 1 while a child's records may still come or wait to be received, else 0.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_has_more_data(const psjob_job *job,
                                         uint32_t child,
                                         uint32_t *out_has_more_data,
                                         psjob_error **out_error);

/**
 * Waits until the job has finished (OK), is blocked (BLOCKED) or the time is up (TIMEOUT), and writes its state in every
 * case. A negative `timeout_ms` waits without limit; shutting the engine down ends every job, and so the wait.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_job_wait(const psjob_job *job,
                            int32_t timeout_ms,
                            uint32_t *out_state,
                            psjob_error **out_error);

/**
 * Asks the job to stop and returns at once; `psjob_job_wait` waits for the end, which has a deadline. A finished job
 * is left as it is.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_job_stop(const psjob_job *job,
                            psjob_error **out_error);

/**
 * As `psjob_job_stop` for one child; the job itself does not count as stopped by it.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_stop_child(const psjob_job *job, uint32_t child, psjob_error **out_error);

/**
 * Sends one input object to the job: one CLIXML element, with or without an `Objs` root (UTF-8).
 *
 * Ownership: `clixml` is copied.
 * Threads: any, also at the same time; the order of simultaneous calls is not defined.
 * Errors: NULL_ARGUMENT, BAD_CLIXML, INPUT_CLOSED (the spec declared no input, it was closed, or the job has ended).
 */
psjob_status psjob_job_send_input_clixml(const psjob_job *job,
                                         const uint8_t *clixml,
                                         size_t clixml_len,
                                         psjob_error **out_error);

/**
 * Ends the job's input; a second call does nothing.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT.
 */
psjob_status psjob_job_close_input(const psjob_job *job, psjob_error **out_error);

/**
 * Writes the sequence number of the record by which a child asks a question, while it does; 0 while it asks none.
 *
 * The record is a call of the host (`PSJOB_STREAM_HOST_CALL`) like others, in its place among the records; the script waits
 * until it is answered or the job is stopped. A record that asks, but is not the one given here, was answered before.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_get_question(const psjob_job *job,
                                    uint32_t child,
                                    uint64_t *out_sequence,
                                    psjob_error **out_error);

/**
 * Answers a child's question with a value: one CLIXML element, with or without an `Objs` root (UTF-8).
 *
 * Ownership: `clixml` is copied.
 * Threads: any, also at the same time; of several answers the first counts.
 * Errors: NULL_ARGUMENT, BAD_VALUE, BAD_CLIXML, NO_QUESTION (not open, or not any more).
 */
psjob_status psjob_job_answer_clixml(const psjob_job *job,
                                     uint32_t child,
                                     uint64_t sequence,
                                     const uint8_t *clixml,
                                     size_t clixml_len,
                                     psjob_error **out_error);

/**
 * Refuses a child's question: the script's call throws an exception with `message` (UTF-8).
 *
 * Ownership: `message` is copied.
 * Threads: any, also at the same time; of several answers the first counts.
 * Errors: NULL_ARGUMENT, BAD_TEXT, BAD_VALUE, NO_QUESTION (not open, or not any more).
 */
psjob_status psjob_job_answer_error(const psjob_job *job,
                                    uint32_t child,
                                    uint64_t sequence,
                                    const uint8_t *message,
                                    size_t message_len,
                                    psjob_error **out_error);

/**
 * Receives: gives up to `max_records` records of a child and moves its receive cursor past them. Does not wait.
 *
 * Ownership: the caller owns `*out_batch` and ends it with `psjob_batch_free`.
 * Threads: any, also at the same time; each record is given once.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_receive(const psjob_job *job,
                               uint32_t child,
                               size_t max_records,
                               psjob_batch **out_batch,
                               psjob_error **out_error);

/**
 * Looks: gives up to `max_records` unreceived records of a child from sequence number `from` on (0: from the receive
 * cursor), and leaves the cursor where it is.
 *
 * Ownership: the caller owns `*out_batch` and ends it with `psjob_batch_free`.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_peek(const psjob_job *job,
                            uint32_t child,
                            uint64_t from,
                            size_t max_records,
                            psjob_batch **out_batch,
                            psjob_error **out_error);

/**
 * Moves a child's receive cursor past the record with sequence number `through`. A cursor never moves back, and never
 * past the last record there is.
 *
 * Ownership: `job` is borrowed.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_consume(const psjob_job *job,
                               uint32_t child,
                               uint64_t through,
                               psjob_error **out_error);

/**
 * Reads: gives up to `max_records` records of a child from sequence number `from` on (0: from the first), whether they
 * were received or not.
 *
 * Ownership: the caller owns `*out_batch` and ends it with `psjob_batch_free`.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_VALUE.
 */
psjob_status psjob_job_read(const psjob_job *job,
                            uint32_t child,
                            uint64_t from,
                            size_t max_records,
                            psjob_batch **out_batch,
                            psjob_error **out_error);

/**
 * How many records a batch holds; 0 for NULL.
 *
 * Ownership: `batch` is borrowed.
 * Threads: any, also at the same time.
 * Errors: none.
 */
size_t psjob_batch_get_count(const psjob_batch *batch);

/**
 * Fills `*out_record` with the record at `index`, from 0.
 *
 * Ownership: the slices in `*out_record` are borrowed from `batch` and live until `psjob_batch_free`.
 * Threads: any, also at the same time.
 * Errors: NULL_ARGUMENT, BAD_STRUCT_SIZE, BAD_VALUE (there is no such index).
 */
psjob_status psjob_batch_get_record(const psjob_batch *batch,
                                    size_t index,
                                    psjob_record *out_record,
                                    psjob_error **out_error);

/**
 * Ends a batch; NULL is a no-op.
 *
 * Ownership: `batch` is taken.
 * Threads: any; nobody else uses `batch` at the same time or later.
 * Errors: none.
 */
void psjob_batch_free(psjob_batch *batch);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PSJOB_H */
