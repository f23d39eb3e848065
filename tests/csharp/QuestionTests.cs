using System.Management.Automation;

namespace PSJob.Tests;

/// <summary>Jobs that ask the user.</summary>
public sealed class QuestionTests : IDisposable
{
    private readonly Session _session = new();

    [Fact]
    public void A_job_that_asks_is_blocked_until_it_is_received()
    {
        _session.Host.Answers.Enqueue("blue");
        _session.Run("$job = Start-Job { 'before'; $Host.UI.ReadLine() }; $blocked = [PSJob.Tests.StateRecorder]::Until($job, 'Blocked')");
        Assert.Equal(["Blocked", "Blocked"], Texts("$job.State; $job.ChildJobs[0].State"));
        Assert.Equal("BlockedJobsDeadlockWithWaitJob,Microsoft.PowerShell.Commands.WaitJobCommand", _session.Fail("Wait-Job $job").FullyQualifiedErrorId);
        Assert.Empty(_session.Host.Shown);

        Assert.Equal(["before"], Texts("Receive-Job $job"));
        Assert.Equal(["blue"], Texts("Receive-Job $job -Wait"));
        Assert.Equal(["line"], _session.Host.Shown);
        Assert.Equal(["Completed"], Texts("$job.State"));
    }

    [Fact]
    public void Wait_answers_as_questions_come_and_keep_asks_none_twice()
    {
        _session.Host.Answers.Enqueue("one");
        _session.Host.Answers.Enqueue("two");

        Assert.Equal(["one and two"], Texts("$job = Start-Job { $a = $Host.UI.ReadLine(); \"$a and $($Host.UI.ReadLine())\" }; Receive-Job $job -Wait"));

        _session.Host.Answers.Enqueue("three");
        _session.Run("$job = Start-Job { $Host.UI.ReadLine() }; $blocked = [PSJob.Tests.StateRecorder]::Until($job, 'Blocked'); Receive-Job $job -Keep; $null = Wait-Job $job");
        Assert.Equal(["three"], Texts("Receive-Job $job -Keep"));
        Assert.Equal(["three"], Texts("Receive-Job $job"));
        Assert.Equal(["line", "line", "line"], _session.Host.Shown);
    }

    [Fact]
    public void Every_kind_of_question_keeps_its_text_and_gives_its_answer()
    {
        foreach (string answer in new[] { "1", "0,2", "Bob", "Alice", "42" })
        {
            _session.Host.Answers.Enqueue(answer);
        }

        List<string> output = Texts(
            """
            Start-Job {
                $choices = [Management.Automation.Host.ChoiceDescription[]] ('&Yes', '&No', '&Later' | ForEach-Object { [Management.Automation.Host.ChoiceDescription]::new($_, "help $_") })
                $Host.UI.PromptForChoice('caption', 'message', $choices, 1)
                ($Host.UI.PromptForChoice('caption', 'message', $choices, [int[]] (0, 1))) -join ','
                $Host.UI.PromptForCredential('caption', 'message', 'user', 'target').UserName
                $Host.UI.PromptForCredential('caption', 'message', 'user', 'target', 'Domain', 'None').UserName
                $field = [Management.Automation.Host.FieldDescription]::new('Count'); $field.SetParameterType([int]); $field.HelpMessage = 'how many'
                $Host.UI.Prompt('caption', 'message', $field).Count
            } | Receive-Job -Wait
            """);

        Assert.Equal(["1", "0,2", "Bob", "Alice", "42"], output);
        Assert.Equal(
            [
                "choice:caption|message|&Yes=help &Yes,&No=help &No,&Later=help &Later|1",
                "choices:caption|message|&Yes=help &Yes,&No=help &No,&Later=help &Later|0,1",
                "credential:caption|message|user|target|Default|ValidateUserNameSyntax",
                "credential:caption|message|user|target|Domain|None",
                "prompt:caption|message",
                "Count:Int32:how many",
            ],
            _session.Host.Shown);
    }

    [Fact]
    public void A_host_that_cannot_ask_fails_the_call_and_not_the_job()
    {
        List<PSObject> output = _session.Run("Start-Job { $Host.UI.ReadLine(); 'on' } | Receive-Job -Wait -AutoRemoveJob", out List<ErrorRecord> errors);

        Assert.Equal("on", Assert.Single(output).ToString());
        Assert.Contains("nobody is there", Assert.Single(errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_blocked_job_stops_at_once()
    {
        Assert.Equal(
            ["Stopped"],
            Texts("$job = Start-Job { $Host.UI.ReadLine() }; $blocked = [PSJob.Tests.StateRecorder]::Until($job, 'Blocked'); Stop-Job $job; Receive-Job $job; $job.State"));
        Assert.Empty(_session.Host.Shown);
    }

    public void Dispose() => _session.Dispose();

    private List<string> Texts(string script) => [.. _session.Run(script).Select(value => value.ToString())];
}
