using System.Management.Automation;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>The executable that becomes the worker of a job, and what it is told.</summary>
internal sealed record WorkerChoice(string Path, IReadOnlyList<string> Arguments)
{
    private static readonly string[] s_serverArguments = ["-s", "-NoLogo", "-NoProfile"];

    /// <summary>The folder of the running PowerShell engine: $PSHOME, or a hosting application's own folder.</summary>
    internal static string EngineFolder { get; } =
        System.IO.Path.GetDirectoryName(typeof(PSObject).Assembly.Location) is { Length: > 0 } folder ? folder : AppContext.BaseDirectory;

    /// <summary>The host that the module brings, for applications that host PowerShell and have no pwsh.</summary>
    internal static string BundledHost { get; } =
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(typeof(WorkerChoice).Assembly.Location)!, "host", "psjob-host");

    /// <summary>Chooses for this process.</summary>
    internal static WorkerChoice Choose() =>
        Choose(Environment.GetEnvironmentVariable("PSJOB_PWSH"), EngineFolder, BundledHost, File.Exists);

    /// <summary>
    /// PSJOB_PWSH, then pwsh beside the engine, then the bundled host on the engine's own assemblies. A PSJOB_PWSH that names
    /// nothing is an error, not a reason to run something else.
    /// </summary>
    /// <exception cref="FileNotFoundException">Nothing there; FileName is what was looked for first.</exception>
    internal static WorkerChoice Choose(string? wanted, string engineFolder, string bundledHost, Func<string, bool> exists)
    {
        string pwsh = System.IO.Path.Combine(engineFolder, "pwsh");
        if (!string.IsNullOrEmpty(wanted))
        {
            return exists(wanted) ? new WorkerChoice(wanted, s_serverArguments) : throw NotFound($"PSJOB_PWSH names '{wanted}', which does not exist.", wanted);
        }

        if (exists(pwsh))
        {
            return new WorkerChoice(pwsh, s_serverArguments);
        }

        return exists(bundledHost)
            ? new WorkerChoice(bundledHost, [.. s_serverArguments, "-AssemblyFolder", engineFolder])
            : throw NotFound($"There is no PowerShell to run jobs in: neither '{pwsh}' nor '{bundledHost}' exists. Set PSJOB_PWSH to a pwsh 7.6 or later.", pwsh);
    }

    private static FileNotFoundException NotFound(string message, string path) => new(message, path);
}
