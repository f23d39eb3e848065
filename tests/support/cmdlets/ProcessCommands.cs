using System.Collections;
using System.ComponentModel;
using System.Diagnostics;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>The commands on running processes.</summary>
public abstract class ProcessCommand : PSCmdlet
{
    [Parameter(ParameterSetName = "Id", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PID")]
    public int[] Id { get; set; } = [];

    [Parameter(ParameterSetName = "InputObject", Mandatory = true, ValueFromPipeline = true)]
    public Process[] InputObject { get; set; } = [];

    /// <summary>The processes of these names or ids; those that do not exist are errors.</summary>
    private protected IEnumerable<Process> Find(string[]? names)
    {
        foreach (int id in Id)
        {
            if (TryGet(id) is { } process)
            {
                yield return process;
            }
            else
            {
                NotFound("NoProcessFoundForGivenId", $"No process has the id {id}.", id);
            }
        }

        foreach (string name in names ?? [])
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            Process[] found = [.. Process.GetProcesses().Where(p => pattern.IsMatch(p.ProcessName))];
            if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                NotFound("NoProcessFoundForGivenName", $"No process has the name \"{name}\".", name);
            }

            foreach (Process process in found)
            {
                yield return process;
            }
        }

        foreach (Process process in InputObject)
        {
            yield return process;
        }
    }

    private static Process? TryGet(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private void NotFound(string id, string message, object target) =>
        WriteError(new ErrorRecord(new ProcessCommandException(message), id, ErrorCategory.ObjectNotFound, target));
}

/// <summary>A process that is not there or does not obey.</summary>
public sealed class ProcessCommandException(string message) : SystemException(message);

[Cmdlet(VerbsCommon.Get, "Process", DefaultParameterSetName = "Name")]
[OutputType(typeof(Process))]
public sealed class GetProcessCommand : ProcessCommand
{
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true)]
    [Alias("ProcessName")]
    public string[] Name { get; set; } = ["*"];

    protected override void ProcessRecord() =>
        WriteObject(Find(ParameterSetName == "Name" ? Name : null), enumerateCollection: true);
}

[Cmdlet(VerbsLifecycle.Stop, "Process", DefaultParameterSetName = "Id")]
public sealed class StopProcessCommand : ProcessCommand
{
    [Parameter(ParameterSetName = "Name", Mandatory = true)]
    public string[]? Name { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        foreach (Process process in Find(Name))
        {
            try
            {
                process.Kill();
                if (PassThru)
                {
                    WriteObject(process);
                }
            }
            catch (Exception e) when (e is Win32Exception or InvalidOperationException)
            {
                WriteError(new ErrorRecord(e, "CouldNotStopProcess", ErrorCategory.CloseError, process));
            }
        }
    }
}

[Cmdlet(VerbsLifecycle.Wait, "Process", DefaultParameterSetName = "Id")]
public sealed class WaitProcessCommand : ProcessCommand
{
    [Parameter(ParameterSetName = "Name", Mandatory = true)]
    public string[]? Name { get; set; }

    [Parameter]
    public int Timeout { get; set; } = int.MaxValue / 1000;

    protected override void ProcessRecord()
    {
        foreach (Process process in Find(Name))
        {
            if (!process.WaitForExit(TimeSpan.FromSeconds(Timeout)))
            {
                WriteError(new ErrorRecord(
                    new TimeoutException($"Process {process.Id} still runs after {Timeout} s."),
                    "ProcessNotTerminated", ErrorCategory.CloseError, process));
            }
        }
    }
}

[Cmdlet(VerbsLifecycle.Start, "Process")]
[OutputType(typeof(Process))]
public sealed class StartProcessCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    [Alias("PSPath", "Path")]
    public string FilePath { get; set; } = "";

    [Parameter(Position = 1)]
    [Alias("Args")]
    public string[] ArgumentList { get; set; } = [];

    [Parameter]
    public string? WorkingDirectory { get; set; }

    [Parameter]
    public string? RedirectStandardInput { get; set; }

    [Parameter]
    public string? RedirectStandardOutput { get; set; }

    [Parameter]
    public string? RedirectStandardError { get; set; }

    [Parameter]
    public Hashtable? Environment { get; set; }

    [Parameter]
    public SwitchParameter NoNewWindow { get; set; }

    [Parameter]
    public SwitchParameter Wait { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        Process process = Launch();
        Task copies = Task.WhenAll(
            Copy(RedirectStandardOutput, () => process.StandardOutput),
            Copy(RedirectStandardError, () => process.StandardError));
        if (RedirectStandardInput is not null)
        {
            process.StandardInput.Write(File.ReadAllText(Resolve(RedirectStandardInput)));
            process.StandardInput.Close();
        }

        if (Wait)
        {
            process.WaitForExitAsync(PipelineStopToken).Wait();
            copies.Wait(PipelineStopToken);
        }

        if (PassThru)
        {
            WriteObject(process);
        }
    }

    private Process Launch()
    {
        var start = new ProcessStartInfo(FilePath)
        {
            // Like the real cmdlet: the arguments are one command line, quoted by the caller.
            Arguments = string.Join(' ', ArgumentList),
            WorkingDirectory = Resolve(WorkingDirectory ?? "."),
            RedirectStandardInput = RedirectStandardInput is not null,
            RedirectStandardOutput = RedirectStandardOutput is not null,
            RedirectStandardError = RedirectStandardError is not null,
        };
        foreach (DictionaryEntry variable in Environment ?? [])
        {
            start.Environment[variable.Key.ToString()!] = variable.Value?.ToString();
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            var failure = new InvalidOperationException(e.Message, e);
            ThrowTerminatingError(new ErrorRecord(failure, "InvalidOperationException", ErrorCategory.InvalidOperation, FilePath));
            throw;
        }
    }

    private Task Copy(string? path, Func<StreamReader> source)
    {
        if (path is null)
        {
            return Task.CompletedTask;
        }

        FileStream target = File.Create(Resolve(path));
        return source().BaseStream.CopyToAsync(target).ContinueWith(_ => target.Dispose(), TaskScheduler.Default);
    }

    private string Resolve(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
}
