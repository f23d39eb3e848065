using System.Management.Automation;

namespace PSJob.Tests;

/// <summary>
/// Start-Job and Receive-Job in a hosting application without pwsh: jobs run in the bundled host on the application's own
/// engine.
/// </summary>
public sealed class JobTests : IDisposable
{
    private readonly Session _session = new();

    [Fact]
    public void A_job_runs_in_a_process_of_its_own_and_gives_its_output()
    {
        List<PSObject> output = _session.Run("Start-Job { 1 + 1; $PID } | Receive-Job -Wait -AutoRemoveJob");

        Assert.Equal(2, output[0].BaseObject);
        Assert.NotEqual(Environment.ProcessId, output[1].BaseObject);
        Assert.NotEqual(Guid.Empty, output[0].Properties["RunspaceId"].Value);
        Assert.Empty(_session.Run("Get-Job"));
    }

    [Fact]
    public void The_job_looks_like_the_built_in_s()
    {
        PSObject job = Assert.Single(_session.Run("Start-Job -Name looks { 'x' }"));
        Job parent = (Job)job.BaseObject;
        Job child = Assert.Single(parent.ChildJobs);

        Assert.Equal(
            ["System.Management.Automation.PSRemotingJob", "System.Management.Automation.Job", "System.Object"],
            job.TypeNames);
        Assert.Equal("System.Management.Automation.PSRemotingChildJob", PSObject.AsPSObject(child).TypeNames[0]);
        Assert.Equal("looks", parent.Name);
        Assert.Equal("BackgroundJob", parent.PSJobTypeName);
        Assert.Equal("localhost", parent.Location);
        Assert.Equal(" 'x' ", parent.Command);
        Assert.Equal(job.TypeNames[0], parent.ToString());
        Assert.Null(parent.StatusMessage);
        Assert.True(parent.HasMoreData);
        Assert.NotNull(parent.PSBeginTime);
        Assert.Equal(parent.Id + 1, child.Id);
        Assert.Equal($"Job{child.Id}", child.Name);
        Assert.Equal("", child.PSJobTypeName);
        Assert.Equal("", child.StatusMessage);
        Assert.Equal(" 'x' ", child.Command);
        Assert.Empty(child.ChildJobs);
        Assert.All<System.Collections.ICollection>(
            [parent.Output, parent.Error, parent.Warning, parent.Verbose, parent.Debug, parent.Progress, parent.Information],
            Assert.Empty);
        Assert.False(parent.Output.IsOpen);
        Assert.Same(parent, Assert.Single(_session.Run("Get-Job looks")).BaseObject);
    }

    [Fact]
    public void The_parent_is_finished_before_others_hear_of_its_child()
    {
        List<PSObject> output = _session.Run(
            """
            $job = Start-Job { [Threading.Thread]::Sleep(500) }
            $seen = [PSJob.Tests.StateRecorder]::Watch($job)
            $null = Wait-Job $job
            $null = $job.ChildJobs[0].Finished.WaitOne()
            $seen.ToArray()
            """);

        Assert.Equal(["child Running", "parent Completed", "child Completed"], output.Select(state => state.ToString()));
    }

    [Fact]
    public void All_streams_arrive_in_order_and_on_their_own_stream()
    {
        List<PSObject> output = _session.Run(
            """
            $job = Start-Job {
                $VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
                'out'
                $Host.UI.WriteLine('host')
                & { [CmdletBinding()] param() $PSCmdlet.WriteWarning('w'); $PSCmdlet.WriteVerbose('v'); $PSCmdlet.WriteDebug('d') }
                & { [CmdletBinding()] param() $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new([Exception]::new('e'), 'Id', 'InvalidData', 5)) }
                & { [CmdletBinding()] param() $PSCmdlet.WriteInformation('i', @('tag')) }
            }
            Receive-Job $job -Wait *>&1
            """);

        Assert.Equal(["String", "WarningRecord", "VerboseRecord", "DebugRecord", "RemotingErrorRecord", "RemotingInformationRecord"],
            output.Where(o => o is not null).Select(o => o.BaseObject.GetType().Name));
        Assert.Contains("host\n", _session.Host.Shown);
    }

    [Fact]
    public void A_failed_job_says_why_each_time_and_last()
    {
        _session.Run("$job = Start-Job { 'first'; throw 'boom' }; $null = Wait-Job $job");

        for (int time = 0; time < 2; time++)
        {
            List<PSObject> output = _session.Run("Receive-Job $job", out List<ErrorRecord> errors);

            Assert.Equal(time == 0 ? ["first"] : [], output.Select(o => o.ToString()));
            Assert.Equal("boom", Assert.Single(errors).FullyQualifiedErrorId);
        }

        Job job = (Job)Assert.Single(_session.Run("$job")).BaseObject;
        Assert.Equal(JobState.Failed, job.JobStateInfo.State);
        Assert.Null(job.JobStateInfo.Reason);
        Assert.Equal(JobState.Failed, job.ChildJobs[0].JobStateInfo.State);
        Assert.IsType<RemoteException>(job.ChildJobs[0].JobStateInfo.Reason);
        Assert.Empty(job.ChildJobs[0].Error);
    }

    [Fact]
    public void Exit_leaves_the_child_stopped_and_the_parent_completed()
    {
        Job job = (Job)_session.Run("$job = Start-Job { 'kept'; exit 3 }; Wait-Job $job")[0].BaseObject;

        Assert.Equal(JobState.Completed, job.JobStateInfo.State);
        Assert.Equal(JobState.Stopped, job.ChildJobs[0].JobStateInfo.State);
        Assert.Null(job.ChildJobs[0].JobStateInfo.Reason);
        Assert.Equal("kept", Assert.Single(_session.Run("Receive-Job $job")).ToString());
        Assert.DoesNotContain("exit 3", _session.Host.Shown);
    }

    [Fact]
    public void Stop_Job_returns_when_the_job_has_stopped()
    {
        Job job = (Job)_session.Run("$job = Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }; Stop-Job $job; $job")[0].BaseObject;

        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        Assert.Equal(JobState.Stopped, job.ChildJobs[0].JobStateInfo.State);
        Assert.NotNull(job.PSEndTime);
    }

    [Fact]
    public void Stopping_only_the_child_completes_the_parent()
    {
        Job job = (Job)_session.Run(
            "$job = Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }; Stop-Job -Id $job.ChildJobs[0].Id; $null = Wait-Job $job; $job")[0].BaseObject;

        Assert.Equal(JobState.Completed, job.JobStateInfo.State);
        Assert.Equal(JobState.Stopped, job.ChildJobs[0].JobStateInfo.State);
    }

    [Fact]
    public void A_StateChanged_handler_may_stop_jobs()
    {
        List<PSObject> output = _session.Run(
            """
            $endless = Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }
            $short = Start-Job { 1 }
            [PSJob.Tests.StateRecorder]::StopWhenFinished($short, $endless)
            $null = Wait-Job $endless
            $endless.State
            """);

        Assert.Equal("Stopped", Assert.Single(output).ToString());
    }

    [Fact]
    public void Keep_leaves_everything_and_select_first_leaves_the_rest()
    {
        _session.Run("$job = Start-Job { 1..5 }; $null = Wait-Job $job");

        Assert.Equal([1, 2, 3, 4, 5], Ints("Receive-Job $job -Keep"));
        Assert.Equal([1], Ints("foreach ($once in 1) { Receive-Job $job | & { process { $_; break } } }"));
        Assert.Equal([2, 3, 4, 5], Ints("Receive-Job $job"));
        Assert.Empty(Ints("Receive-Job $job"));
        Assert.Equal(false, _session.Run("$job.HasMoreData")[0].BaseObject);
    }

    [Fact]
    public void Input_arguments_and_using_values_reach_the_script()
    {
        Assert.Equal([2, 4, 6], Ints("1, 2, 3 | Start-Job { process { $_ * 2 } } | Receive-Job -Wait -AutoRemoveJob"));
        Assert.Equal([7], Ints("Start-Job { param($a, $b) $a + $b } -ArgumentList 3, 4 | Receive-Job -Wait -AutoRemoveJob"));
        Assert.Equal([9], Ints("$nine = 9; Start-Job { & { $using:nine } } | Receive-Job -Wait -AutoRemoveJob"));
        Assert.Empty(_session.Run("@() | Start-Job { 1 }; Get-Job"));
    }

    [Fact]
    public void The_collections_hold_everything_whenever_they_are_read_first_and_take_nothing()
    {
        _session.Run("$job = Start-Job { 'a'; 'b' }; $null = Wait-Job $job; $child = $job.ChildJobs[0]");

        Assert.Equal(["a", "b"], _session.Run("$child.Output.ReadAll()").Select(o => o.ToString()));
        Assert.Equal(false, _session.Run("$child.Output.IsOpen")[0].BaseObject);
        Assert.Equal(["a", "b"], _session.Run("Receive-Job $job").Select(o => o.ToString()));
        Assert.Equal(["a", "b"], _session.Run("$late = Start-Job { 'a'; 'b' }; $null = Wait-Job $late; $null = Receive-Job $late; $late.ChildJobs[0].Output").Select(o => o.ToString()));
    }

    [Fact]
    public void The_built_in_Receive_Job_receives_our_jobs()
    {
        List<PSObject> output = _session.Run("$job = Start-Job { 'a'; [Threading.Thread]::Sleep(300); 'b' }; Microsoft.PowerShell.Core\\Receive-Job $job -Wait");

        Assert.Equal(["a", "b"], output.Select(o => o.ToString()));
    }

    [Fact]
    public void An_initialization_script_speaks_to_the_host_at_once_and_fails_the_job_on_any_error()
    {
        _session.Run("$job = Start-Job { f } -InitializationScript { function f { 'from f' }; 'shown' }; $null = Wait-Job $job");
        Assert.Contains("shown\n", _session.Host.Shown);
        Assert.Equal("from f", Assert.Single(_session.Run("Receive-Job $job")).ToString());

        _session.Run("$job = Start-Job { 1 } -InitializationScript { Get-Item /nowhere/at/all }; Receive-Job $job -Wait", out List<ErrorRecord> errors);
        Assert.Equal("2100,PSSessionStateBroken", Assert.Single(errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void A_worker_that_dies_fails_its_job_at_once()
    {
        _session.Run("$job = Start-Job { 'before'; [Diagnostics.Process]::GetCurrentProcess().Kill() }; Receive-Job $job -Wait", out List<ErrorRecord> errors);

        Assert.Equal("2101,PSSessionStateBroken", Assert.Single(errors).FullyQualifiedErrorId);
        Assert.Equal("OpenError", errors[0].CategoryInfo.Category.ToString());
        Assert.Equal("localhost", errors[0].TargetObject);
    }

    [Fact]
    public void Closing_the_runspace_ends_its_jobs()
    {
        Job job = (Job)_session.Run("Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }")[0].BaseObject;

        _session.Runspace.Close();

        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
    }

    [Fact]
    public void Runspaces_do_not_touch_each_other_s_jobs()
    {
        const string Endless = "Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }";
        using Session other = new();
        Job mine = (Job)_session.Run(Endless)[0].BaseObject;
        Job theirs = (Job)other.Run(Endless)[0].BaseObject;

        other.Run("Remove-Module PSJob");

        Assert.Equal(JobState.Stopped, theirs.JobStateInfo.State);
        Assert.Equal(JobState.Running, mine.JobStateInfo.State);
        Assert.Single(_session.Run("Get-Job"));
    }

    [Fact]
    public void Remove_Module_ends_the_jobs_and_brings_the_built_in_back()
    {
        Job job = (Job)_session.Run("Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }; Remove-Module PSJob")[0].BaseObject;

        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        Assert.Equal("Microsoft.PowerShell.Core", _session.Run("(Get-Command Start-Job).Source")[0].ToString());
    }

    [Fact]
    public void A_removed_job_can_still_be_read_and_gives_nothing()
    {
        List<PSObject> output = _session.Run(
            "$job = Start-Job { 1 }; $null = Wait-Job $job; Remove-Job $job; Receive-Job $job; $job.State; $job.Location; $job.HasMoreData; $job.Finished.WaitOne(0)");

        Assert.Equal(["Completed", "localhost", "False", "True"], output.Select(o => o.ToString()));
    }

    [Fact]
    public void Receive_Job_Wait_ends_when_its_pipeline_is_stopped_and_the_job_goes_on()
    {
        Job job = (Job)_session.Run("$job = Start-Job { while ($true) { [Threading.Thread]::Sleep(50) } }; $job")[0].BaseObject;
        using PowerShell shell = PowerShell.Create(_session.Runspace).AddScript("Receive-Job $job -Wait");
        IAsyncResult running = shell.BeginInvoke();

        shell.Stop();

        Assert.True(running.AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(10)));
        Assert.Equal(JobState.Running, job.JobStateInfo.State);
    }

    public void Dispose() => _session.Dispose();

    private List<int> Ints(string script) => [.. _session.Run(script).Select(value => (int)value.BaseObject)];
}
