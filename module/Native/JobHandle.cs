using System.Text;

namespace PSJob.Native;

/// <summary>A job of the engine. Any thread; freeing it ends a job that still runs.</summary>
internal sealed unsafe class JobHandle : NativeHandle
{
    internal JobHandle(psjob_job* job)
        : base((nint)job) => Id = NativeMethods.psjob_job_get_id(job);

    /// <summary>The engine's number of the job, as events carry it.</summary>
    internal ulong Id { get; }

    internal EngineState ChildState(uint child)
    {
        using Lease self = Borrow();
        uint state;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_get_child_state((psjob_job*)self.Pointer, child, &state, &error), error);
        return (EngineState)state;
    }

    /// <summary>The id of the child's PSRP session.</summary>
    internal Guid SessionId(uint child)
    {
        using Lease self = Borrow();
        byte* id = stackalloc byte[16];
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_get_session_id((psjob_job*)self.Pointer, child, id, &error), error);
        return new Guid(new ReadOnlySpan<byte>(id, 16), bigEndian: true);
    }

    /// <summary>Whether records wait that nobody has received.</summary>
    internal bool HasMoreData
    {
        get
        {
            using Lease self = Borrow();
            uint more;
            psjob_error* error = null;
            EngineError.ThrowIfError(NativeMethods.psjob_job_get_has_more_data((psjob_job*)self.Pointer, &more, &error), error);
            return more != 0;
        }
    }

    /// <summary>Why the job failed, or null.</summary>
    internal EngineError? Reason
    {
        get
        {
            using Lease self = Borrow();
            psjob_error* reason = null;
            psjob_error* error = null;
            EngineError.ThrowIfError(NativeMethods.psjob_job_get_reason((psjob_job*)self.Pointer, &reason, &error), error);
            return reason == null ? null : EngineError.Take(reason);
        }
    }

    /// <summary>Blocks until the job has ended. The engine's own deadlines bound it once a stop was asked for.</summary>
    internal void WaitForEnd()
    {
        using Lease self = Borrow();
        uint state;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_wait((psjob_job*)self.Pointer, -1, &state, &error), error);
    }

    /// <summary>Asks for the end; returns at once.</summary>
    internal void Stop()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_stop((psjob_job*)self.Pointer, &error), error);
    }

    internal void SendInput(string clixml)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(clixml);
        fixed (byte* data = bytes)
        {
            EngineError.ThrowIfError(
                NativeMethods.psjob_job_send_input_clixml((psjob_job*)self.Pointer, data, (nuint)bytes.Length, &error), error);
        }
    }

    internal void CloseInput()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_close_input((psjob_job*)self.Pointer, &error), error);
    }

    /// <summary>Looks at waiting records without receiving them.</summary>
    /// <param name="from">First sequence number wanted; 0 is the oldest record that nobody has received.</param>
    /// <param name="limit">At most so many.</param>
    internal RawRecord[] Peek(ulong from, int limit)
    {
        using Lease self = Borrow();
        psjob_batch* batch;
        psjob_error* error = null;
        EngineError.ThrowIfError(
            NativeMethods.psjob_job_peek((psjob_job*)self.Pointer, from, (nuint)limit, &batch, &error), error);
        return TakeBatch(batch);
    }

    /// <summary>Reads the log from any place, received records included.</summary>
    internal RawRecord[] Read(ulong from, int limit)
    {
        using Lease self = Borrow();
        psjob_batch* batch;
        psjob_error* error = null;
        EngineError.ThrowIfError(
            NativeMethods.psjob_job_read((psjob_job*)self.Pointer, from, (nuint)limit, &batch, &error), error);
        return TakeBatch(batch);
    }

    /// <summary>Marks all records up to this one as received.</summary>
    internal void Consume(ulong through)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_consume((psjob_job*)self.Pointer, through, &error), error);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.psjob_job_free((psjob_job*)handle);
        return true;
    }

    private static RawRecord[] TakeBatch(psjob_batch* batch)
    {
        try
        {
            RawRecord[] records = new RawRecord[NativeMethods.psjob_batch_get_count(batch)];
            for (int index = 0; index < records.Length; index++)
            {
                records[index] = ReadRecord(batch, index);
            }

            return records;
        }
        finally
        {
            NativeMethods.psjob_batch_free(batch);
        }
    }

    private static RawRecord ReadRecord(psjob_batch* batch, int index)
    {
        psjob_record record = new() { struct_size = (uint)sizeof(psjob_record) };
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_batch_get_record(batch, (nuint)index, &record, &error), error);
        return new RawRecord(
            record.sequence,
            (RecordStream)record.stream,
            DateTimeOffset.UnixEpoch.AddTicks(record.time / 100),
            Utf8.Text(record.clixml));
    }
}
