using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;
using System.Management.Automation.Runspaces;
using System.Management.Automation.Security;
using PSJob.Cmdlets;
using PSJob.Jobs;
using PSJob.Native;

// The error ids of a cmdlet end in the full name of its class: to be the built-in's to the letter, the name must be, too.
namespace Microsoft.PowerShell.Commands;

/// <summary>Starts a script in a PowerShell process of its own and returns the job at once.</summary>
[Cmdlet(VerbsLifecycle.Start, "Job", DefaultParameterSetName = ScriptBlockSet)]
[OutputType("System.Management.Automation.PSRemotingJob")]
public sealed class StartJobCommand : PSCmdlet, IDisposable
{
    // The built-in's names of the parameter sets; Get-Command shows them.
    private const string ScriptBlockSet = "ComputerName";
    private const string FilePathSet = "FilePathComputerName";
    private const string LiteralPathSet = "LiteralFilePathComputerName";

    private SpecHandle? _spec;
    private PSJobParent? _job;
    private string? _name;

    /// <summary>What runs.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = ScriptBlockSet)]
    [ValidateTrustedData]
    [Alias("Command")]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>A local script file whose text runs.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = FilePathSet)]
    [ValidateTrustedData]
    public string? FilePath { get; set; }

    /// <summary>Like <see cref="FilePath"/>, with wildcard characters as they are.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet)]
    [ValidateTrustedData]
    [Alias("PSPath", "LP")]
    public string? LiteralPath { get; set; }

    /// <summary>Runs before the script, in the same session.</summary>
    [Parameter(Position = 1, ParameterSetName = ScriptBlockSet)]
    [Parameter(Position = 1, ParameterSetName = FilePathSet)]
    [Parameter(Position = 1, ParameterSetName = LiteralPathSet)]
    [ValidateTrustedData]
    public ScriptBlock? InitializationScript { get; set; }

    /// <summary>A name for the job; empty ones are ignored, and among piped ones the first counts.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = ScriptBlockSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = FilePathSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    public string? Name
    {
        get => _name;
        set => _name = string.IsNullOrEmpty(value) ? _name : value;
    }

    /// <summary>Where the script starts; the caller's location if not given.</summary>
    [Parameter]
    [ValidateNotNullOrWhiteSpace]
    public string? WorkingDirectory { get; set; }

    /// <summary>Items for the script's <c>$input</c>.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = ScriptBlockSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = FilePathSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = LiteralPathSet)]
    [ValidateTrustedData]
    public PSObject? InputObject { get; set; } = AutomationNull.Value;

    /// <summary>Positional arguments of the script.</summary>
    [Parameter(ParameterSetName = ScriptBlockSet)]
    [Parameter(ParameterSetName = FilePathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateTrustedData]
    [Alias("Args")]
    public object?[]? ArgumentList { get; set; }

    /// <summary>Ends the job's input also when the pipeline was stopped; the job runs on.</summary>
    public void Dispose()
    {
        _job?.CloseInput();
        _spec?.Dispose();
    }

    /// <summary>Everything that can be wrong is found here, before any input and before there is a job.</summary>
    protected override void BeginProcessing()
    {
        WorkerChoice worker = ChooseWorker();
        string? directory = ResolveDirectory();
        if ((FilePath ?? LiteralPath) is { } path)
        {
            ScriptBlock = ScriptFile.Read(this, path, isLiteral: LiteralPath is not null);
        }

        CheckLanguageMode();
        _spec = SpecHandle.Create();
        Describe(_spec, ScriptBlock!, worker, directory);
    }

    /// <summary>The first call starts the job; an empty pipeline starts none.</summary>
    protected override void ProcessRecord()
    {
        if (_job is null)
        {
            _job = new PSJobParent(ScriptBlock!.ToString(), Name, Runspace.DefaultRunspace, Host);
            _spec!.SetName(_job.Name);
            JobEngine.Instance.Start(_spec, _job);
            JobRepository.Add(_job);
            WriteObject(_job);
        }

        if (InputObject != AutomationNull.Value)
        {
            _job.SendInput(PSSerializer.Serialize(InputObject));
        }
    }

    /// <summary>No more input will come.</summary>
    protected override void EndProcessing() => _job?.CloseInput();

    private WorkerChoice ChooseWorker()
    {
        try
        {
            return WorkerChoice.Choose();
        }
        catch (FileNotFoundException missing)
        {
            ThrowTerminatingError(new ErrorRecord(
                new PSNotSupportedException(missing.Message), "IPCPwshExecutableNotFound", ErrorCategory.NotInstalled, missing.FileName));
            throw;
        }
    }

    /// <summary>The worker's location: an absolute path, since the worker starts elsewhere; null if there is none.</summary>
    private string? ResolveDirectory()
    {
        if (WorkingDirectory is null)
        {
            return CurrentDirectory();
        }

        if (!InvokeProvider.Item.IsContainer(WorkingDirectory))
        {
            ThrowTerminatingError(new ErrorRecord(
                new DirectoryNotFoundException($"The working directory '{WorkingDirectory}' does not exist or is not a directory."),
                "DirectoryNotFoundException",
                ErrorCategory.InvalidOperation,
                targetObject: null));
        }

        string path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(WorkingDirectory, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem" ? path : WorkingDirectory;
    }

    private string? CurrentDirectory()
    {
        try
        {
            PathInfo location = SessionState.Path.CurrentLocation;
            return location.Provider.Name == "FileSystem" ? location.ProviderPath : location.Path;
        }
        catch (PSInvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A constrained session may not get an unconstrained one by starting a job.</summary>
    private void CheckLanguageMode()
    {
        PSLanguageMode mode = SessionState.LanguageMode;
        if (mode == PSLanguageMode.ConstrainedLanguage && SystemPolicy.GetSystemLockdownPolicy() != SystemEnforcementMode.Enforce)
        {
            ThrowTerminatingError(new ErrorRecord(
                new PSNotSupportedException("Cannot start a job: this session is in ConstrainedLanguage mode, but the system is not locked down, so the job would not be constrained."),
                "CannotStartJobInconsistentLanguageMode",
                ErrorCategory.PermissionDenied,
                mode));
        }
    }

    private void Describe(SpecHandle spec, ScriptBlock script, WorkerChoice worker, string? directory)
    {
        spec.SetScript(script.ToString());
        spec.SetWorker(worker.Path, worker.Arguments);
        spec.SetEnvironment(EnvironmentVariables());
        foreach (object? argument in ArgumentList ?? [])
        {
            spec.AddArgument(PSSerializer.Serialize(argument));
        }

        Hashtable usingValues = UsingValues.Collect(script, SessionState.LanguageMode);
        if (usingValues.Count > 0)
        {
            spec.AddParameter(UsingValues.ParameterName, PSSerializer.Serialize(usingValues));
        }

        if (InitializationScript?.ToString() is { Length: > 0 } initialization)
        {
            spec.SetInitializationScript(initialization);
        }

        if (directory is not null)
        {
            spec.SetWorkingDirectory(directory);
        }

        if (ScreenSize() is { } screen)
        {
            spec.SetHostSize((ushort)screen.Width, (ushort)screen.Height);
        }

        if (MyInvocation.ExpectingInput || InputObject != AutomationNull.Value)
        {
            spec.TakeInput();
        }
    }

    /// <summary>.NET's view: what a script sets with <c>$env:</c> is not in the C library's.</summary>
    private static IEnumerable<KeyValuePair<string, string>> EnvironmentVariables() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? ""));

    private Size? ScreenSize()
    {
        try
        {
            return Host.UI?.RawUI?.BufferSize is { Width: > 0 and <= ushort.MaxValue, Height: > 0 and <= ushort.MaxValue } size ? size : null;
        }
        catch (Exception noScreen) when (noScreen is HostException or NotImplementedException or IOException)
        {
            return null;
        }
    }
}
