namespace PSJob.Native;

/// <summary>The stream of a record; the numbers are the C header's.</summary>
internal enum RecordStream : uint
{
    Output = NativeMethods.PSJOB_STREAM_OUTPUT,
    Error = NativeMethods.PSJOB_STREAM_ERROR,
    Warning = NativeMethods.PSJOB_STREAM_WARNING,
    Verbose = NativeMethods.PSJOB_STREAM_VERBOSE,
    Debug = NativeMethods.PSJOB_STREAM_DEBUG,
    Progress = NativeMethods.PSJOB_STREAM_PROGRESS,
    Information = NativeMethods.PSJOB_STREAM_INFORMATION,

    /// <summary>A call of the script on <c>$Host.UI</c> that has no record of its own.</summary>
    HostCall = NativeMethods.PSJOB_STREAM_HOST_CALL,
}

/// <summary>A record as the engine's log holds it.</summary>
/// <param name="Sequence">Place in the child's log, from 1.</param>
/// <param name="Stream">Where the script wrote it.</param>
/// <param name="Time">When it arrived.</param>
/// <param name="Clixml">One element, without the document's root.</param>
internal readonly record struct RawRecord(ulong Sequence, RecordStream Stream, DateTimeOffset Time, string Clixml)
{
    private const long NanosecondsPerTick = 100;

    /// <summary>Copies and frees a native batch.</summary>
    internal static unsafe RawRecord[] TakeBatch(psjob_batch* batch)
    {
        try
        {
            RawRecord[] records = new RawRecord[NativeMethods.psjob_batch_get_count(batch)];
            for (int index = 0; index < records.Length; index++)
            {
                records[index] = Copy(batch, index);
            }

            return records;
        }
        finally
        {
            NativeMethods.psjob_batch_free(batch);
        }
    }

    private static unsafe RawRecord Copy(psjob_batch* batch, int index)
    {
        psjob_record record = new() { struct_size = (uint)sizeof(psjob_record) };
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_batch_get_record(batch, (nuint)index, &record, &error), error);
        return new RawRecord(
            record.sequence,
            (RecordStream)record.stream,
            DateTimeOffset.UnixEpoch.AddTicks(record.time / NanosecondsPerTick),
            EngineError.Text(record.clixml));
    }
}
