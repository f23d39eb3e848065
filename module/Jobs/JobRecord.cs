using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>A record as PowerShell knows it.</summary>
/// <param name="Sequence">Place in the job's log, from 1.</param>
/// <param name="Stream">The stream that it belongs to; decides the type of <paramref name="Value"/>.</param>
/// <param name="Value">
/// PSObject or null (output), ErrorRecord, WarningRecord, VerboseRecord, DebugRecord, ProgressRecord, InformationRecord,
/// or <see cref="HostCall"/>; null for streams that this module does not know.
/// </param>
internal readonly record struct JobRecord(ulong Sequence, RecordStream Stream, object? Value);
