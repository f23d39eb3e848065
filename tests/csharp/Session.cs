using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace PSJob.Tests;

/// <summary>A runspace in this process with the module imported and everyday cmdlets at hand, and a host that remembers what it shows.</summary>
internal sealed class Session : IDisposable
{
    public Session()
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([Path.Combine(AppContext.BaseDirectory, "PSJob.psd1")]);
        Runspace = RunspaceFactory.CreateRunspace(Host, state);
        Runspace.Open();
    }

    public RecordingHost Host { get; } = new();

    public Runspace Runspace { get; }

    /// <summary>Runs a script and gives its output; its errors are in <paramref name="errors"/>.</summary>
    public List<PSObject> Run(string script, out List<ErrorRecord> errors)
    {
        using PowerShell shell = PowerShell.Create(Runspace).AddScript(script);
        List<PSObject> output = [.. shell.Invoke()];
        errors = [.. shell.Streams.Error];
        return output;
    }

    /// <summary>Runs a script that shall write no error.</summary>
    public List<PSObject> Run(string script)
    {
        List<PSObject> output = Run(script, out List<ErrorRecord> errors);
        Assert.Empty(errors.Select(error => error.ToString()));
        return output;
    }

    /// <summary>Runs a script whose terminating error is expected, and gives it.</summary>
    public ErrorRecord Fail(string script) => Assert.IsAssignableFrom<ErrorRecord>(Assert.Single(Run($"try {{ {script} }} catch {{ $_ }}")).BaseObject);

    public void Dispose() => Runspace.Dispose();
}
