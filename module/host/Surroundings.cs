using System.Management.Automation;
using System.Runtime.CompilerServices;
using Microsoft.PowerShell.Telemetry;

namespace PSJob.Host;

/// <summary>What pwsh arranges in its process before the engine starts, for worker and shell alike.</summary>
internal static class Surroundings
{
    public static void Prepare()
    {
        RefuseTelemetry();
        PutEngineFirstOnPath();
    }

    /// <summary>
    /// The engine reports module names to its vendor unless told otherwise when it starts. This program is not its
    /// product, so it always refuses; the user's own setting stays visible to scripts and child processes.
    /// </summary>
    private static void RefuseTelemetry()
    {
        const string Setting = "POWERSHELL_TELEMETRY_OPTOUT";
        string? users = Environment.GetEnvironmentVariable(Setting);
        Environment.SetEnvironmentVariable(Setting, "1");
        RuntimeHelpers.RunClassConstructor(typeof(ApplicationInsightsTelemetry).TypeHandle);
        Environment.SetEnvironmentVariable(Setting, users);
    }

    /// <summary>
    /// `pwsh` called from here must be this one (ConsoleHost.cs, Start). A hosting application's folder has no pwsh
    /// and stays off the path.
    /// </summary>
    private static void PutEngineFirstOnPath()
    {
        string home = Path.GetDirectoryName(typeof(PSObject).Assembly.Location)!;
        if (!File.Exists(Path.Combine(home, "pwsh")))
        {
            return;
        }

        string? path = Environment.GetEnvironmentVariable("PATH");
        string first = home + Path.PathSeparator;
        if (path?.StartsWith(first, StringComparison.Ordinal) != true)
        {
            Environment.SetEnvironmentVariable("PATH", first + path);
        }
    }
}
