using System.Text;

namespace PSJob.Native;

/// <summary>A job of the engine. Any thread; freeing it stops a job that still runs.</summary>
internal sealed unsafe class JobHandle : NativeHandle
{
    internal JobHandle(psjob_job* job)
        : base((nint)job) => Id = NativeMethods.psjob_job_get_id(job);

    private delegate int GetNumber(psjob_job* job, uint child, uint* number, psjob_error** error);

    private delegate int SendAnswer(psjob_job* job, uint child, ulong question, byte* data, nuint length, psjob_error** error);

    private delegate int GetBatch(psjob_job* job, uint child, ulong from, nuint limit, psjob_batch** batch, psjob_error** error);

    /// <summary>The engine's number of the job, as events carry it.</summary>
    internal ulong Id { get; }

    /// <summary>Whether a child's records may still come or wait to be received.</summary>
    internal bool HasMoreData(uint child) => Get(NativeMethods.psjob_job_get_has_more_data, child) != 0;

    /// <summary>The id of the child's PSRP session.</summary>
    internal Guid SessionId(uint child)
    {
        using Lease self = Borrow();
        byte* id = stackalloc byte[16];
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_get_session_id((psjob_job*)self.Pointer, child, id, &error), error);
        return new Guid(new ReadOnlySpan<byte>(id, 16), bigEndian: true);
    }

    /// <summary>Why the child failed, or null.</summary>
    internal EngineError? Reason(uint child)
    {
        using Lease self = Borrow();
        psjob_error* reason = null;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_get_reason((psjob_job*)self.Pointer, child, &reason, &error), error);
        return reason == null ? null : EngineError.Take(reason);
    }

    /// <summary>Asks for the job's end; returns at once.</summary>
    internal void Stop()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_stop((psjob_job*)self.Pointer, &error), error);
    }

    /// <summary>Asks for the end of one child; the job does not count as stopped.</summary>
    internal void StopChild(uint child)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_stop_child((psjob_job*)self.Pointer, child, &error), error);
    }

    /// <summary>Gives one item to the script's input.</summary>
    /// <returns>False when the job takes no input any more.</returns>
    internal bool TrySendInput(string clixml)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(clixml);
        fixed (byte* data = bytes)
        {
            int status = NativeMethods.psjob_job_send_input_clixml((psjob_job*)self.Pointer, data, (nuint)bytes.Length, &error);
            if (status == NativeMethods.PSJOB_STATUS_INPUT_CLOSED)
            {
                NativeMethods.psjob_error_free(error);
                return false;
            }

            EngineError.ThrowIfError(status, error);
            return true;
        }
    }

    internal void CloseInput()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_close_input((psjob_job*)self.Pointer, &error), error);
    }

    /// <summary>The record by which a child asks a question, while it does; else 0.</summary>
    internal ulong OpenQuestion(uint child)
    {
        using Lease self = Borrow();
        ulong sequence;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_get_question((psjob_job*)self.Pointer, child, &sequence, &error), error);
        return sequence;
    }

    /// <summary>Answers a question with a value; nothing happens if it is not open any more.</summary>
    internal void Answer(uint child, ulong question, string clixml) => Answer(NativeMethods.psjob_job_answer_clixml, child, question, clixml);

    /// <summary>Refuses a question: the script's call throws; nothing happens if it is not open any more.</summary>
    internal void Refuse(uint child, ulong question, string message) => Answer(NativeMethods.psjob_job_answer_error, child, question, message);

    /// <summary>Looks at a child's waiting records without receiving them.</summary>
    /// <param name="child">Index of the child.</param>
    /// <param name="from">First sequence number wanted; 0 is the oldest record that nobody has received.</param>
    /// <param name="limit">At most so many.</param>
    internal RawRecord[] Peek(uint child, ulong from, int limit) => Get(NativeMethods.psjob_job_peek, child, from, limit);

    /// <summary>Reads a child's log from any place, received records included.</summary>
    /// <param name="child">Index of the child.</param>
    /// <param name="from">First sequence number wanted.</param>
    /// <param name="limit">At most so many.</param>
    internal RawRecord[] Read(uint child, ulong from, int limit) => Get(NativeMethods.psjob_job_read, child, from, limit);

    /// <summary>Marks a child's records up to this one as received.</summary>
    internal void Consume(uint child, ulong through)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_job_consume((psjob_job*)self.Pointer, child, through, &error), error);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.psjob_job_free((psjob_job*)handle);
        return true;
    }

    private void Answer(SendAnswer send, uint child, ulong question, string text)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* data = bytes)
        {
            int status = send((psjob_job*)self.Pointer, child, question, data, (nuint)bytes.Length, &error);
            if (status == NativeMethods.PSJOB_STATUS_NO_QUESTION)
            {
                NativeMethods.psjob_error_free(error);
                return;
            }

            EngineError.ThrowIfError(status, error);
        }
    }

    private uint Get(GetNumber get, uint child)
    {
        using Lease self = Borrow();
        uint number;
        psjob_error* error = null;
        EngineError.ThrowIfError(get((psjob_job*)self.Pointer, child, &number, &error), error);
        return number;
    }

    private RawRecord[] Get(GetBatch get, uint child, ulong from, int limit)
    {
        using Lease self = Borrow();
        psjob_batch* batch;
        psjob_error* error = null;
        EngineError.ThrowIfError(get((psjob_job*)self.Pointer, child, from, (nuint)limit, &batch, &error), error);
        return RawRecord.TakeBatch(batch);
    }
}
