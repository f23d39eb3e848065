// Provisional: written by hand from the list of the C ABI until the generated bindings are in the tree.
using System.Runtime.InteropServices;

namespace PSJob.Native;

#pragma warning disable CA1707, IDE1006 // the names are the C header's

internal static unsafe partial class NativeMethods
{
    private const string __DllName = "psjob";

    [DllImport(__DllName)] internal static extern uint psjob_abi_version();

    [DllImport(__DllName)] internal static extern int psjob_error_get_status(psjob_error* error);
    [DllImport(__DllName)] internal static extern psjob_str psjob_error_get_message(psjob_error* error);
    [DllImport(__DllName)] internal static extern psjob_str psjob_error_get_id(psjob_error* error);
    [DllImport(__DllName)] internal static extern psjob_str psjob_error_get_record(psjob_error* error);
    [DllImport(__DllName)] internal static extern int psjob_error_get_exit_code(psjob_error* error);
    [DllImport(__DllName)] internal static extern int psjob_error_get_signal(psjob_error* error);
    [DllImport(__DllName)] internal static extern void psjob_error_free(psjob_error* error);

    [DllImport(__DllName)] internal static extern int psjob_engine_new(psjob_engine_options* options, psjob_engine** engine, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_engine_shutdown(psjob_engine* engine, int timeout_ms, psjob_error** error);
    [DllImport(__DllName)] internal static extern void psjob_engine_free(psjob_engine* engine);
    [DllImport(__DllName)] internal static extern int psjob_engine_wait(psjob_engine* engine, int timeout_ms, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_engine_next_event(psjob_engine* engine, psjob_event** @event, psjob_error** error);

    [DllImport(__DllName)] internal static extern uint psjob_event_get_kind(psjob_event* @event);
    [DllImport(__DllName)] internal static extern ulong psjob_event_get_job(psjob_event* @event);
    [DllImport(__DllName)] internal static extern uint psjob_event_get_child(psjob_event* @event);
    [DllImport(__DllName)] internal static extern uint psjob_event_get_state(psjob_event* @event);
    [DllImport(__DllName)] internal static extern uint psjob_event_get_stream(psjob_event* @event);
    [DllImport(__DllName)] internal static extern psjob_str psjob_event_get_clixml(psjob_event* @event);
    [DllImport(__DllName)] internal static extern void psjob_event_free(psjob_event* @event);

    [DllImport(__DllName)] internal static extern int psjob_spec_new(psjob_spec** spec, psjob_error** error);
    [DllImport(__DllName)] internal static extern void psjob_spec_free(psjob_spec* spec);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_script_utf16(psjob_spec* spec, ushort* text, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_add_argument_clixml(psjob_spec* spec, byte* data, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_add_parameter_clixml(psjob_spec* spec, byte* name, nuint name_length, byte* data, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_initialization_script_utf16(psjob_spec* spec, ushort* text, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_working_directory(psjob_spec* spec, byte* text, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_environment_block(psjob_spec* spec, byte* block, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_name(psjob_spec* spec, byte* text, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_worker(psjob_spec* spec, byte* path, nuint path_length, byte* arguments, nuint arguments_length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_host_size(psjob_spec* spec, uint columns, uint rows, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_spec_set_input_open(psjob_spec* spec, uint open, psjob_error** error);

    [DllImport(__DllName)] internal static extern int psjob_job_start(psjob_engine* engine, psjob_spec* spec, psjob_job** job, psjob_error** error);
    [DllImport(__DllName)] internal static extern ulong psjob_job_get_id(psjob_job* job);
    [DllImport(__DllName)] internal static extern int psjob_job_get_state(psjob_job* job, uint* state, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_get_child_state(psjob_job* job, uint child, uint* state, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_get_session_id(psjob_job* job, uint child, byte* id, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_wait(psjob_job* job, int timeout_ms, uint* state, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_stop(psjob_job* job, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_send_input_clixml(psjob_job* job, byte* data, nuint length, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_close_input(psjob_job* job, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_get_reason(psjob_job* job, psjob_error** reason, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_get_has_more_data(psjob_job* job, uint* more, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_peek(psjob_job* job, ulong from_sequence, nuint max_records, psjob_batch** batch, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_consume(psjob_job* job, ulong through_sequence, psjob_error** error);
    [DllImport(__DllName)] internal static extern int psjob_job_read(psjob_job* job, ulong from_sequence, nuint max_records, psjob_batch** batch, psjob_error** error);
    [DllImport(__DllName)] internal static extern void psjob_job_free(psjob_job* job);

    [DllImport(__DllName)] internal static extern nuint psjob_batch_get_count(psjob_batch* batch);
    [DllImport(__DllName)] internal static extern int psjob_batch_get_record(psjob_batch* batch, nuint index, psjob_record* record, psjob_error** error);
    [DllImport(__DllName)] internal static extern void psjob_batch_free(psjob_batch* batch);
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct psjob_str
{
    public byte* data;
    public nuint len;
}

[StructLayout(LayoutKind.Sequential)]
internal struct psjob_engine_options
{
    public uint struct_size;
    public psjob_str worker_path;
    public psjob_str worker_arguments;
    public psjob_str guard_path;
}

[StructLayout(LayoutKind.Sequential)]
internal struct psjob_record
{
    public uint struct_size;
    public uint child;
    public uint stream;
    public ulong sequence;
    public long time;
    public psjob_str clixml;
}

internal struct psjob_error { }

internal struct psjob_engine { }

internal struct psjob_event { }

internal struct psjob_spec { }

internal struct psjob_job { }

internal struct psjob_batch { }
