using System.Management.Automation;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>Questions about states that PowerShell answers only inside its own assembly.</summary>
internal static class JobStates
{
    internal static bool IsFinished(this JobState state) => state is JobState.Completed or JobState.Failed or JobState.Stopped;

    internal static bool IsFinished(this Job job) => job.JobStateInfo.State.IsFinished();

    internal static bool IsEnd(this EngineState state) =>
        state is EngineState.Completed or EngineState.Failed or EngineState.Stopped or EngineState.Exited;

    /// <summary>The engine's state as a child shows it; <c>exit</c> looks like a stop, as in the built-in job.</summary>
    internal static JobState ToJobState(this EngineState state) => state switch
    {
        EngineState.NotStarted => JobState.NotStarted,
        EngineState.Running => JobState.Running,
        EngineState.Completed => JobState.Completed,
        EngineState.Failed => JobState.Failed,
        EngineState.Stopped or EngineState.Exited => JobState.Stopped,
        EngineState.Blocked => JobState.Blocked,

        // A state that a later engine may add: whatever it is, the job has not ended.
        _ => JobState.Running,
    };
}
