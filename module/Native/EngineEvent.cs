namespace PSJob.Native;

/// <summary>What an event reports; the numbers are the C header's.</summary>
internal enum EventKind : uint
{
    JobState = 1,
    ChildState = 2,
    DataReady = 3,

    /// <summary>A record or host call of the steps before the job (location, initialization script): for the shell's host, at once.</summary>
    HostCall = 4,
}

/// <summary>The engine's states of jobs and children; the numbers are the C header's.</summary>
internal enum EngineState : uint
{
    NotStarted = 0,
    Running = 1,
    Completed = 2,
    Failed = 3,
    Stopped = 4,
    Blocked = 5,

    /// <summary>The script called <c>exit</c>.</summary>
    Exited = 11,
}

/// <summary>One event of the engine's queue: a <c>psjob_event</c>, copied.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Job">The engine's number of the job.</param>
/// <param name="Child">Index of the child in the job.</param>
/// <param name="State">The state entered, for the two state events.</param>
/// <param name="Record">The record, for <see cref="EventKind.HostCall"/>.</param>
internal sealed record EngineEvent(EventKind Kind, ulong Job, uint Child, EngineState State, RawRecord Record)
{
    /// <summary>Copies and frees a native event.</summary>
    internal static unsafe EngineEvent Take(psjob_event* source)
    {
        try
        {
            EventKind kind = (EventKind)NativeMethods.psjob_event_get_kind(source);
            return new EngineEvent(
                kind,
                NativeMethods.psjob_event_get_job(source),
                NativeMethods.psjob_event_get_child(source),
                (EngineState)NativeMethods.psjob_event_get_state(source),
                kind == EventKind.HostCall ? ReadRecord(source) : default);
        }
        finally
        {
            NativeMethods.psjob_event_free(source);
        }
    }

    private static unsafe RawRecord ReadRecord(psjob_event* source) => new(
        Sequence: 0,
        (RecordStream)NativeMethods.psjob_event_get_stream(source),
        DateTimeOffset.UtcNow,
        Utf8.Text(NativeMethods.psjob_event_get_clixml(source)));
}
