using System.Management.Automation;

namespace PSJob.Tests;

/// <summary>Warning, verbose, debug, progress and information records: each shown once, each capturable.</summary>
public sealed class StreamTests : IDisposable
{
    private const string NoisyJob =
        """
        $job = Start-Job {
            function Write-All {
                [CmdletBinding()] param()
                $VerbosePreference = $DebugPreference = 'Continue'
                $PSCmdlet.WriteWarning('w'); $PSCmdlet.WriteVerbose('v'); $PSCmdlet.WriteDebug('d')
                $PSCmdlet.WriteProgress([Management.Automation.ProgressRecord]::new(1, 'p', 's'))
                $PSCmdlet.WriteInformation([Management.Automation.HostInformationMessage]@{ Message = 'h'; ForegroundColor = 'Green'; BackgroundColor = 'Black' }, @('PSHOST'))
                $PSCmdlet.WriteInformation('silent', @())
                & { [CmdletBinding()] param() $InformationPreference = 'Continue'; $PSCmdlet.WriteInformation('told', @()) }
            }
            Write-All
        }
        $null = Wait-Job $job

        """;

    private readonly Session _session = new();

    [Fact]
    public void Each_is_shown_once_in_order_whatever_the_receiver_s_preferences()
    {
        _session.Run(NoisyJob + "$WarningPreference = $VerbosePreference = $DebugPreference = $ProgressPreference = 'SilentlyContinue'; $InformationPreference = 'Ignore'; Receive-Job $job");

        Assert.Equal(["warning:w", "verbose:v", "debug:d", "progress:p", "Green:h\n", "told\n"], Shown());
    }

    [Fact]
    public void No_preference_makes_the_receiver_ask()
    {
        _session.Run(NoisyJob + "$WarningPreference = $VerbosePreference = $DebugPreference = $ProgressPreference = 'Inquire'; Receive-Job $job");

        Assert.Equal(["warning:w", "verbose:v", "debug:d", "progress:p", "Green:h\n", "told\n"], Shown());
    }

    [Fact]
    public void What_the_caller_says_explicitly_counts()
    {
        _session.Run(NoisyJob + "Receive-Job $job -WarningAction SilentlyContinue -Verbose:$false -Debug:$false -ProgressAction Ignore -InformationAction Ignore");

        Assert.Empty(Shown());
    }

    [Fact]
    public void Redirected_records_are_captured_and_not_shown()
    {
        List<PSObject> output = _session.Run(NoisyJob + "Receive-Job $job 3>&1 4>&1 5>&1 6>&1");

        Assert.Equal(
            ["WarningRecord:w", "VerboseRecord:v", "DebugRecord:d", "InformationRecord:h", "InformationRecord:silent", "InformationRecord:told"],
            output.Select(record => $"{record.BaseObject.GetType().Name}:{record}"));
        Assert.Equal(["progress:p"], Shown());
    }

    [Fact]
    public void Variables_get_each_record_once()
    {
        List<PSObject> output = _session.Run(NoisyJob + "Receive-Job $job -WarningVariable w -InformationVariable i 3>$null 6>$null; $w.Count; $i.Count");

        Assert.Equal([1, 3], output.Select(count => count.BaseObject));
    }

    [Fact]
    public void A_caller_who_wants_information_sees_all_of_it_once()
    {
        _session.Run(NoisyJob + "Receive-Job $job -InformationAction Continue -WarningAction Ignore -Verbose:$false -Debug:$false -ProgressAction Ignore");

        Assert.Equal(["Green:h\n", "silent\n", "told\n"], Shown());
    }

    [Fact]
    public void An_error_that_stops_the_receiver_loses_nothing()
    {
        const string Job = "$job = Start-Job { function e { [CmdletBinding()] param() $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new([Exception]::new('e'), 'Id', 'InvalidData', 5)) }; 1; e; 2; 3 }; $null = Wait-Job $job";
        _session.Run(Job);

        ErrorRecord error = _session.Fail("$null = Receive-Job $job -ErrorAction Stop");

        Assert.Equal("Id,e", error.FullyQualifiedErrorId);
        Assert.Equal([2, 3], _session.Run("Receive-Job $job").Select(value => value.BaseObject));
    }

    [Fact]
    public void A_receiver_inside_the_pipeline_of_another_gets_nothing_twice()
    {
        List<PSObject> output = _session.Run("$job = Start-Job { 1..3 }; $null = Wait-Job $job; Receive-Job $job | & { process { $_; Receive-Job $job } }");

        Assert.Equal([1, 2, 3], output.Select(value => value.BaseObject));
    }

    [Fact]
    public void Live_records_come_while_the_job_runs_and_name_their_child()
    {
        List<PSObject> output = _session.Run(
            """
            $job = Start-Job { 'early'; while (-not [IO.File]::Exists($args[0])) { [Threading.Thread]::Sleep(20) }; 'late' } -ArgumentList ($gate = [IO.Path]::GetTempFileName() + '.gate')
            try {
                Receive-Job $job -Wait | & { process { if ("$_" -eq 'early') { [IO.File]::WriteAllText($gate, '') }; $_ } }
                $job.ChildJobs[0].InstanceId
            } finally { [IO.File]::Delete($gate) }
            """);

        Assert.Equal(["early", "late"], output.Take(2).Select(value => value.ToString()));
        Assert.Equal(output[2].BaseObject, output[1].Properties["PSSourceJobInstanceId"].Value);
        Assert.Equal("localhost", output[1].Properties["PSComputerName"].Value);
    }

    [Fact]
    public void Three_hundred_thousand_bytes_and_a_thousand_records_arrive_in_order()
    {
        List<PSObject> output = _session.Run("Start-Job { 1..1000; 'x' * 300000 } | Receive-Job -Wait -AutoRemoveJob");

        Assert.Equal(Enumerable.Range(1, 1000), output.Take(1000).Select(value => (int)value.BaseObject));
        Assert.Equal(300000, ((string)output[1000].BaseObject).Length);
    }

    public void Dispose() => _session.Dispose();

    private IEnumerable<string> Shown() => _session.Host.Shown;
}
