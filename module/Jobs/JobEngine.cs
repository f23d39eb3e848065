using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>
/// The engine of this process and the one thread that hands its events to the jobs. Made by the first Start-Job; never unloaded.
/// </summary>
internal sealed class JobEngine
{
    private static readonly TimeSpan s_exitDeadline = TimeSpan.FromSeconds(5);
    private static readonly Lazy<JobEngine> s_instance = new(() => new JobEngine());

    [ThreadStatic]
    private static bool s_onPumpThread;

    private readonly EngineHandle _engine = EngineHandle.Create(NativeMethods.GuardPath);
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, PSJobParent> _active = [];
    private readonly ConditionalWeakTable<Runspace, object> _watched = [];

    private JobEngine()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _engine.Shutdown(s_exitDeadline);
        new Thread(Pump) { Name = "PSJob pump", IsBackground = true }.Start();
    }

    internal static JobEngine Instance => s_instance.Value;

    /// <summary>Whether the caller is an event handler that the pump called: it must not wait for another event.</summary>
    internal static bool OnPumpThread => s_onPumpThread;

    /// <summary>Starts a job; one that the engine refuses is Failed with the reason, as one whose process cannot start.</summary>
    internal void Start(SpecHandle spec, PSJobParent job)
    {
        EndWith(job.Owner);
        job.StateChanged += Forget;
        try
        {
            // The pump looks jobs up under the same lock: no event of the job can come before the job is known.
            lock (_gate)
            {
                JobHandle handle = _engine.Start(spec);
                job.Attach(handle);
                _active.Add(handle.Id, job);
            }
        }
        catch (EngineException refused)
        {
            job.Fail(refused.Error);
        }
    }

    /// <summary>Stops all jobs that a runspace started, and waits for their end.</summary>
    internal static void EndJobsOf(Runspace? owner)
    {
        if (s_instance.IsValueCreated)
        {
            s_instance.Value.End(owner);
        }
    }

    /// <summary>Goes on handing out events until something has happened. On the pump thread.</summary>
    internal void PumpUntil(Func<bool> happened)
    {
        while (!happened() && _engine.WaitForEvent())
        {
            while (!happened() && _engine.NextEvent() is { } next)
            {
                Dispatch(next);
            }
        }
    }

    private void End(Runspace? owner)
    {
        List<PSJobParent> jobs;
        lock (_gate)
        {
            jobs = [.. _active.Values.Where(job => job.Owner == owner)];
        }

        jobs.ForEach(job => job.RequestStop());
        jobs.ForEach(job => job.StopJob());
    }

    /// <summary>Ties the runspace's jobs to its life. PowerShell does this for its own job type only (LocalConnection.cs, StopOrDisconnectAllJobs).</summary>
    private void EndWith(Runspace? owner)
    {
        if (owner is not null && _watched.TryAdd(owner, this))
        {
            owner.StateChanged += (_, change) =>
            {
                if (change.RunspaceStateInfo.State is RunspaceState.Closing or RunspaceState.Closed or RunspaceState.Broken)
                {
                    End(owner);
                }
            };
        }
    }

    private void Pump()
    {
        s_onPumpThread = true;
        PumpUntil(() => false);
    }

    private void Dispatch(EngineEvent happened)
    {
        PSJobParent? job;
        lock (_gate)
        {
            _active.TryGetValue(happened.Job, out job);
        }

        try
        {
            job?.Dispatch(happened);
        }
        catch (ObjectDisposedException)
        {
            // Removed on another thread between the look-up and here.
        }
        catch (Exception defect)
        {
            // An exception that leaves this thread ends the shell; a job without its events would never end.
            job!.Fail(new EngineError(NativeMethods.PSJOB_STATUS_OK, $"PSJob cannot handle an event of the job: {defect}"));
        }
    }

    private void Forget(object? sender, JobStateEventArgs change)
    {
        if (change.JobStateInfo.State.IsFinished() && sender is PSJobParent { EngineId: { } id })
        {
            lock (_gate)
            {
                _active.Remove(id);
            }
        }
    }
}
