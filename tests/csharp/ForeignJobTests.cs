using System.Management.Automation;

namespace PSJob.Tests;

/// <summary>Jobs of other kinds through our Receive-Job.</summary>
public sealed class ForeignJobTests : IDisposable
{
    private readonly Session _session = new();

    [Fact]
    public void They_are_received_as_by_the_built_in_alone_or_mixed_with_ours()
    {
        using ForeignJob foreign = new();
        _session.Runspace.SessionStateProxy.SetVariable("foreign", foreign);

        List<PSObject> output = _session.Run("$ours = Start-Job { 'ours' }; $null = Wait-Job $ours; Receive-Job -Job $foreign, $ours -Keep; Receive-Job $foreign; Receive-Job $foreign; $foreign, $ours | Receive-Job", out List<ErrorRecord> errors);

        Assert.Equal(["ours", "foreign", "foreign", "ours"], output.Select(value => value.ToString()));
        Assert.Equal(["Foreign", "Foreign"], errors.Select(error => error.FullyQualifiedErrorId));
    }

    [Fact]
    public void Wait_waits_for_them()
    {
        using ForeignJob foreign = new();
        _session.Runspace.SessionStateProxy.SetVariable("foreign", foreign);
        using Timer end = new(_ => foreign.End(), null, TimeSpan.FromMilliseconds(200), Timeout.InfiniteTimeSpan);

        List<PSObject> output = _session.Run("Receive-Job $foreign -Wait; $foreign.State", out _);

        Assert.Equal(["foreign", "Completed"], output.Select(value => value.ToString()));
    }

    public void Dispose() => _session.Dispose();

    private sealed class ForeignJob : Job
    {
        public ForeignJob()
            : base("command", "foreign")
        {
            SetJobState(JobState.Running);
            Output.Add("foreign");
            Error.Add(new ErrorRecord(new InvalidDataException("foreign"), "Foreign", ErrorCategory.InvalidData, null));
        }

        public override string StatusMessage => "";

        public override bool HasMoreData => true;

        public override string Location => "elsewhere";

        public void End() => SetJobState(JobState.Completed);

        public override void StopJob() => SetJobState(JobState.Stopped);
    }
}
