using PSJob.Jobs;

namespace PSJob.Tests;

/// <summary>Calls of a job on its host, made on another.</summary>
public class HostCallTests
{
    private readonly RecordingHost _host = new();

    [Fact]
    public void Text_is_shown_as_the_script_asked()
    {
        new HostCall(NeedsAnswer: false, HostMethod.Write1, ["a"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteLine2, ["b"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteLine1, []).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.Write2, [10, 0, "c"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteLine3, [12, 0, "d"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteErrorLine, ["e"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteDebugLine, ["f"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteVerboseLine, ["g"]).Run(_host);
        new HostCall(NeedsAnswer: false, HostMethod.WriteWarningLine, ["h"]).Run(_host);

        Assert.Equal(["a", "b\n", "\n", "Green:c", "Red:d\n", "error:e", "debug:f", "verbose:g", "warning:h"], _host.Shown);
    }

    [Theory]
    [InlineData(6)] // SetShouldExit: a job's exit is not the shell's
    [InlineData(28)] // SetForegroundColor, on a host without a screen
    [InlineData(49)] // SetBufferContents
    [InlineData(4711)]
    public void What_is_not_the_script_s_to_do_here_is_not_done(int method)
    {
        new HostCall(NeedsAnswer: false, (HostMethod)method, [1]).Run(_host);

        Assert.Empty(_host.Shown);
    }
}
