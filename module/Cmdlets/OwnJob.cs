using System.Management.Automation;
using PSJob.Jobs;

namespace PSJob.Cmdlets;

/// <summary>A job of this module as Receive-Job sees it: what was named, and the children that hold its records.</summary>
/// <param name="Job">A parent or a child, as the user named it.</param>
/// <param name="Children">In order.</param>
internal sealed record OwnJob(Job Job, IReadOnlyList<PSJobChild> Children)
{
    /// <summary>Null for jobs of other kinds.</summary>
    internal static OwnJob? Of(Job job) => job switch
    {
        PSJobParent parent => new OwnJob(parent, [.. parent.Children]),
        PSJobChild child => new OwnJob(child, [child]),
        _ => null,
    };

    internal bool IsFinished => Job.IsFinished();

    /// <summary>Why children failed; each time anew, so that a failed job says so at every Receive-Job.</summary>
    internal IEnumerable<ErrorRecord> Failures() =>
        Children.Where(child => child.JobStateInfo.State == JobState.Failed).Select(child => child.FailureRecord).OfType<ErrorRecord>();

    /// <summary>Takes the ended job out of the repository.</summary>
    /// <returns>The error if that is not possible, as for a child; else null.</returns>
    internal ErrorRecord? Remove(JobRepository repository)
    {
        try
        {
            repository.Remove(Job);
            Job.Dispose();
            return null;
        }
        catch (ArgumentException reason)
        {
            return new ErrorRecord(
                new ArgumentException($"The job '{Job.Name}' cannot be removed: only top-level jobs of this session can.", reason),
                "ReceiveJobAutoRemovalError",
                ErrorCategory.InvalidOperation,
                Job);
        }
    }
}
