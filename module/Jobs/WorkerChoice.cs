using System.Management.Automation;

namespace PSJob.Jobs;

/// <summary>The executable that becomes the worker of a job, and its arguments before the server switches.</summary>
internal sealed record WorkerChoice(string Path, IReadOnlyList<string> Arguments)
{
    /// <summary>The folder of the running PowerShell engine: $PSHOME, or a hosting application's own folder.</summary>
    internal static string EngineFolder { get; } =
        System.IO.Path.GetDirectoryName(typeof(PSObject).Assembly.Location) is { Length: > 0 } folder ? folder : AppContext.BaseDirectory;

    /// <summary>
    /// Where the bundled host finds the engine and what it depends on: the application's folder, if the engine lies anywhere
    /// below it (a portable application has it under runtimes/); else the engine's own.
    /// </summary>
    internal static string ApplicationFolder { get; } =
        EngineFolder.StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal) ? AppContext.BaseDirectory : EngineFolder;

    /// <summary>The host that the module brings, for applications that host PowerShell and have no pwsh.</summary>
    internal static string BundledHost { get; } =
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(typeof(WorkerChoice).Assembly.Location)!, "host", "psjob-host");

    /// <summary>Chooses for this process.</summary>
    internal static WorkerChoice Choose() =>
        Choose(Environment.GetEnvironmentVariable("PSJOB_PWSH"), EngineFolder, BundledHost, ApplicationFolder, File.Exists);

    /// <summary>
    /// PSJOB_PWSH, then pwsh beside the engine, then the bundled host on the engine that runs here. A PSJOB_PWSH that names
    /// nothing is an error, not a reason to run something else.
    /// </summary>
    /// <exception cref="FileNotFoundException">Nothing there; FileName is what was looked for first.</exception>
    internal static WorkerChoice Choose(string? wanted, string engineFolder, string bundledHost, string applicationFolder, Func<string, bool> exists)
    {
        string pwsh = System.IO.Path.Combine(engineFolder, "pwsh");
        if (!string.IsNullOrEmpty(wanted))
        {
            return exists(wanted) ? new WorkerChoice(System.IO.Path.GetFullPath(wanted), []) : throw NotFound($"PSJOB_PWSH names '{wanted}', which does not exist.", wanted);
        }

        if (exists(pwsh))
        {
            return new WorkerChoice(pwsh, []);
        }

        return exists(bundledHost)
            ? new WorkerChoice(bundledHost, ["-AssemblyFolder", applicationFolder])
            : throw NotFound($"There is no PowerShell to run jobs in: neither '{pwsh}' nor '{bundledHost}' exists. Set PSJOB_PWSH to a pwsh 7.6 or later.", pwsh);
    }

    private static FileNotFoundException NotFound(string message, string path) => new(message, path);
}
