using System.Text;

namespace PSJob.Native;

/// <summary>The job engine of this process.</summary>
internal sealed unsafe class EngineHandle : NativeHandle
{
    private EngineHandle(psjob_engine* engine)
        : base((nint)engine)
    {
    }

    /// <summary>Starts an engine whose workers are kept by the given guard.</summary>
    internal static EngineHandle Create(string guardPath)
    {
        NativeMethods.CheckAbi();
        byte[] guard = Encoding.UTF8.GetBytes(guardPath);
        fixed (byte* guardData = guard)
        {
            psjob_engine_options options = new()
            {
                struct_size = (uint)sizeof(psjob_engine_options),
                guard_path = new psjob_str { data = guardData, len = (nuint)guard.Length },
            };
            psjob_engine* engine;
            psjob_error* error = null;
            EngineError.ThrowIfError(NativeMethods.psjob_engine_new(&options, &engine, &error), error);
            return new EngineHandle(engine);
        }
    }

    /// <summary>Waits for the next event, as long as it takes.</summary>
    /// <returns>False when the engine is shut down.</returns>
    internal bool WaitForEvent()
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        int status = NativeMethods.psjob_engine_wait((psjob_engine*)self.Pointer, -1, &error);
        if (status != NativeMethods.PSJOB_STATUS_SHUT_DOWN)
        {
            EngineError.ThrowIfError(status, error);
        }

        return status == NativeMethods.PSJOB_STATUS_OK;
    }

    /// <summary>Takes the oldest event, or null when there is none.</summary>
    internal EngineEvent? NextEvent()
    {
        using Lease self = Borrow();
        psjob_event* next = null;
        psjob_error* error = null;
        EngineError.ThrowIfError(NativeMethods.psjob_engine_next_event((psjob_engine*)self.Pointer, &next, &error), error);
        return next == null ? null : EngineEvent.Take(next);
    }

    /// <summary>Starts a job. The spec is only read.</summary>
    internal JobHandle Start(SpecHandle spec)
    {
        using Lease self = Borrow();
        using Lease what = spec.Read();
        psjob_job* job;
        psjob_error* error = null;
        EngineError.ThrowIfError(
            NativeMethods.psjob_job_start((psjob_engine*)self.Pointer, (psjob_spec*)what.Pointer, &job, &error), error);
        return new JobHandle(job);
    }

    /// <summary>
    /// Ends all jobs and workers and wakes all waiters; may be called again. Workers that outlive the deadline are ended by
    /// their guards.
    /// </summary>
    internal void Shutdown(TimeSpan deadline)
    {
        using Lease self = Borrow();
        psjob_error* error = null;
        int status = NativeMethods.psjob_engine_shutdown((psjob_engine*)self.Pointer, (uint)deadline.TotalMilliseconds, &error);
        if (status != NativeMethods.PSJOB_STATUS_TIMEOUT)
        {
            EngineError.ThrowIfError(status, error);
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.psjob_engine_free((psjob_engine*)handle);
        return true;
    }
}
