using System.Management.Automation;

namespace PSJob.Tests;

/// <summary>Bad input: each a clear error with the built-in's id, no hang.</summary>
public sealed class FaultTests : IDisposable
{
    private const string StartJob = ",Microsoft.PowerShell.Commands.StartJobCommand";
    private const string ReceiveJob = ",Microsoft.PowerShell.Commands.ReceiveJobCommand";

    private readonly Session _session = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("psjob tests [x]").FullName;

    [Theory]
    [InlineData("Start-Job -FilePath x*.ps1", "System.ArgumentException", ErrorCategory.NotSpecified)]
    [InlineData("Start-Job -FilePath x.txt", "System.ArgumentException", ErrorCategory.NotSpecified)]
    [InlineData("Start-Job -FilePath nowhere.ps1", "PathNotFound", ErrorCategory.ObjectNotFound)]
    [InlineData("Start-Job -LiteralPath nodrive:/x.ps1", "DriveNotFound", ErrorCategory.ObjectNotFound)]
    [InlineData("Start-Job -FilePath ''", "ParameterArgumentValidationErrorEmptyStringNotAllowed", ErrorCategory.InvalidData)]
    [InlineData("Start-Job $null", "ParameterArgumentValidationErrorNullNotAllowed", ErrorCategory.InvalidData)]
    [InlineData("Start-Job { 1 } -WorkingDirectory /nowhere", "DirectoryNotFoundException", ErrorCategory.InvalidOperation)]
    [InlineData("Start-Job { 1 } -WorkingDirectory ' '", "ParameterArgumentValidationError", ErrorCategory.InvalidData)]
    [InlineData("Start-Job { $using:undefined }", "UsingVariableIsUndefined", ErrorCategory.InvalidOperation)]
    [InlineData("$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; Start-Job { 1 }", "CannotStartJobInconsistentLanguageMode", ErrorCategory.PermissionDenied)]
    public void Start_Job_refuses(string script, string id, ErrorCategory category)
    {
        ErrorRecord error = _session.Fail(script);

        Assert.Equal(id + StartJob, error.FullyQualifiedErrorId);
        Assert.Equal(category, error.CategoryInfo.Category);
    }

    [Theory]
    [InlineData("Receive-Job -Id 1 -Wait -Keep", "ParameterBindingFailed", ErrorCategory.WriteError)]
    [InlineData("Receive-Job -Id 1 -Keep -Wait", "ParameterBindingFailed", ErrorCategory.WriteError)]
    [InlineData("Receive-Job -Id 1 -AutoRemoveJob", "InvalidOperation", ErrorCategory.InvalidOperation)]
    [InlineData("Receive-Job $null", "ParameterArgumentValidationErrorNullNotAllowed", ErrorCategory.InvalidData)]
    [InlineData("Receive-Job -Job @()", "ParameterArgumentValidationErrorEmptyArrayNotAllowed", ErrorCategory.InvalidData)]
    public void Receive_Job_refuses(string script, string id, ErrorCategory category)
    {
        ErrorRecord error = _session.Fail(script);

        Assert.Equal(id + ReceiveJob, error.FullyQualifiedErrorId);
        Assert.Equal(category, error.CategoryInfo.Category);
    }

    [Theory]
    [InlineData("Receive-Job -Id 99999", "JobWithSpecifiedSessionNotFound")]
    [InlineData("Receive-Job -Name nobody", "JobWithSpecifiedNameNotFound")]
    public void A_job_that_is_not_there_is_a_non_terminating_error(string script, string id)
    {
        List<PSObject> output = _session.Run(script + "; 'on'", out List<ErrorRecord> errors);

        Assert.Equal("on", Assert.Single(output).ToString());
        Assert.Equal(id + ReceiveJob, Assert.Single(errors).FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, errors[0].CategoryInfo.Category);
    }

    [Fact]
    public void A_wildcard_without_a_match_is_no_error() => Assert.Empty(_session.Run("Receive-Job -Name nobody*"));

    [Fact]
    public void A_script_file_that_does_not_parse_is_the_parser_s_error()
    {
        File.WriteAllText(Path.Combine(_folder, "bad.ps1"), "(1");

        ErrorRecord error = _session.Fail($"Start-Job -LiteralPath '{_folder}/bad.ps1'");

        Assert.Equal("MissingEndParenthesisInExpression" + StartJob, error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ParserError, error.CategoryInfo.Category);
    }

    [Fact]
    public void A_literal_path_may_hold_brackets_and_blanks()
    {
        File.WriteAllText(Path.Combine(_folder, "good.ps1"), "param($first) \"$first and $args\"");

        PSObject output = Assert.Single(_session.Run($"Start-Job -LiteralPath '{_folder}/good.ps1' -ArgumentList 1, 2, 3 | Receive-Job -Wait -AutoRemoveJob"));

        Assert.Equal("1 and 2 3", output.ToString());
    }

    [Fact]
    public void Without_a_worker_no_job_is_made()
    {
        using PwshVariable _ = new("/nowhere/pwsh");

        ErrorRecord error = _session.Fail("Start-Job { 1 }");

        Assert.Equal("IPCPwshExecutableNotFound" + StartJob, error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.NotInstalled, error.CategoryInfo.Category);
        Assert.Equal("/nowhere/pwsh", error.TargetObject);
        Assert.Empty(_session.Run("Get-Job"));
    }

    [Theory]
    [InlineData("/bin/true")]
    [InlineData("/bin/cat")]
    [InlineData("/etc/hostname")]
    public void A_worker_that_is_not_PowerShell_fails_the_job(string path)
    {
        using PwshVariable _ = new(path);

        _session.Run("$job = Start-Job { 1 }; $null = Wait-Job $job; Receive-Job $job", out List<ErrorRecord> errors);

        ErrorRecord error = Assert.Single(errors);
        Assert.EndsWith("PSSessionStateBroken", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.StartsWith("[localhost] ", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Equal("Failed", _session.Run("$job.State")[0].ToString());
    }

    [Fact]
    public void A_child_job_cannot_be_removed_by_AutoRemoveJob_but_is_received()
    {
        List<PSObject> output = _session.Run("$job = Start-Job { 'x' }; Receive-Job -Id $job.ChildJobs[0].Id -Wait -AutoRemoveJob; (Get-Job).Count", out List<ErrorRecord> errors);

        Assert.Equal(["x", "1"], output.Select(value => value.ToString()));
        Assert.Equal("ReceiveJobAutoRemovalError", Assert.Single(errors).FullyQualifiedErrorId);
    }

    public void Dispose()
    {
        _session.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Sets PSJOB_PWSH for one test.</summary>
    private sealed class PwshVariable : IDisposable
    {
        public PwshVariable(string value) => Environment.SetEnvironmentVariable("PSJOB_PWSH", value);

        public void Dispose() => Environment.SetEnvironmentVariable("PSJOB_PWSH", null);
    }
}
