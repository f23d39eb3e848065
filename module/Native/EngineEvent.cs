namespace PSJob.Native;

/// <summary>What an event reports; the numbers are the C header's.</summary>
internal enum EventKind : uint
{
    JobState = NativeMethods.PSJOB_EVENT_JOB_STATE,
    ChildState = NativeMethods.PSJOB_EVENT_CHILD_STATE,
    DataReady = NativeMethods.PSJOB_EVENT_DATA_READY,

    /// <summary>A record or host call of the steps before the job (location, initialization script): for the shell's host, at once.</summary>
    Preparation = NativeMethods.PSJOB_EVENT_PREPARATION,
}

/// <summary>The engine's states of jobs and children; the numbers are the C header's.</summary>
internal enum EngineState : uint
{
    NotStarted = NativeMethods.PSJOB_STATE_NOT_STARTED,
    Running = NativeMethods.PSJOB_STATE_RUNNING,
    Completed = NativeMethods.PSJOB_STATE_COMPLETED,
    Failed = NativeMethods.PSJOB_STATE_FAILED,
    Stopped = NativeMethods.PSJOB_STATE_STOPPED,

    /// <summary>The script waits for the answer to a question.</summary>
    Blocked = NativeMethods.PSJOB_STATE_BLOCKED,

    /// <summary>The script called <c>exit</c>.</summary>
    Exited = NativeMethods.PSJOB_STATE_EXITED,
}

/// <summary>One event of the engine's queue: a <c>psjob_event</c>, copied.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Job">The engine's number of the job.</param>
/// <param name="Child">Index of the child in the job.</param>
/// <param name="State">The state entered, for the two state events.</param>
/// <param name="Record">What was written, for <see cref="EventKind.Preparation"/>.</param>
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
                kind == EventKind.Preparation ? ReadRecord(source) : default);
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
        EngineError.Text(NativeMethods.psjob_event_get_clixml(source)));
}
