using System.Collections.Concurrent;
using System.Management.Automation;

namespace PSJob.Tests;

/// <summary>Event handlers in C#, for the scripts of tests: they run on the thread that raises the event.</summary>
public static class StateRecorder
{
    public static ConcurrentQueue<string> Watch(Job job)
    {
        ConcurrentQueue<string> seen = new();
        job.StateChanged += (_, change) => seen.Enqueue($"parent {change.JobStateInfo.State}");
        job.ChildJobs[0].StateChanged += (_, change) => seen.Enqueue($"child {change.JobStateInfo.State}");
        return seen;
    }

    /// <summary>Waits for a state.</summary>
    public static bool Until(Job job, JobState state)
    {
        using ManualResetEventSlim reached = new();
        void Check(object? sender, JobStateEventArgs change)
        {
            if (change.JobStateInfo.State == state)
            {
                reached.Set();
            }
        }

        job.StateChanged += Check;
        try
        {
            return job.JobStateInfo.State == state || reached.Wait(TimeSpan.FromSeconds(30));
        }
        finally
        {
            job.StateChanged -= Check;
        }
    }

    public static void StopWhenFinished(Job first, Job other)
    {
        first.ChildJobs[0].StateChanged += (_, change) =>
        {
            if (change.JobStateInfo.State == JobState.Completed)
            {
                other.StopJob();
            }
        };
    }
}
