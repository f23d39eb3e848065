namespace PSJob.Native;

/// <summary>The stream of a record; the numbers are the C header's.</summary>
internal enum RecordStream : uint
{
    Output = 1,
    Error = 2,
    Warning = 3,
    Verbose = 4,
    Debug = 5,
    Progress = 6,
    Information = 7,

    /// <summary>A call of the script on <c>$Host.UI</c> that has no record of its own.</summary>
    HostCall = 8,
}

/// <summary>A record as the engine's log holds it.</summary>
/// <param name="Sequence">Place in the job's log, from 1.</param>
/// <param name="Stream">Where the script wrote it.</param>
/// <param name="Time">When it arrived.</param>
/// <param name="Clixml">One element, without the document's root.</param>
internal readonly record struct RawRecord(ulong Sequence, RecordStream Stream, DateTimeOffset Time, string Clixml);
