namespace PSJob.Host.Tests;

/// <summary>The engine's built-in jobs inside the host: they start `$PSHOME/pwsh -s`, which is the host again.</summary>
public sealed class JobTests
{
    [Theory]
    [InlineData("Start-Job { 1+1 } | Receive-Job -Wait", "2")]
    [InlineData("$job = 1+1 &; Receive-Job $job -Wait", "2")]
    [InlineData("Start-Job { $Host.Name; $PROFILE.Length } | Receive-Job -Wait", "ServerRemoteHost\n0")]
    [InlineData("Start-Job { $PWD.Path } -WorkingDirectory / | Receive-Job -Wait", "/")]
    [InlineData("Start-Job { Get-It } -InitializationScript { param($Name = 'it') function Get-It { $Name } } | Receive-Job -Wait", "it")]
    [InlineData("1, 2 | Start-Job { $input | ForEach-Object { $_ * 2 } } | Receive-Job -Wait", "2\n4")]
    [InlineData("Start-Job { $env:PATH.StartsWith($PSHOME); $env:PSModulePath.Contains(\"$PSHOME/Modules\") } | Receive-Job -Wait", "True\nTrue")]
    public void Built_in_jobs_work(string command, string expected)
    {
        Result result = HostProcess.Start(HostProcess.Pwsh, ["-NoProfile", "-Command", command]);

        Assert.Equal(expected + "\n", result.Output);
        Assert.Empty(result.Error);
    }

    [Fact]
    public void A_job_reports_a_location_that_is_gone()
    {
        using var folder = new TemporaryFolder();
        string command = $"$null = $ExecutionContext.SessionState.Path.SetLocation('{folder.Path}'); [IO.Directory]::Delete('{folder.Path}')\n"
            + "Start-Job { 1 } | Receive-Job -Wait";

        Result result = HostProcess.Run("-Command", command);
        Directory.CreateDirectory(folder.Path);

        Assert.Empty(result.Output);
        Assert.Contains(folder.Path, result.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }
}
