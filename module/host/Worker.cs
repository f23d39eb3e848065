using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSJob.Host;

/// <summary>`psjob-host -s`: a PowerShell remoting server over stdin and stdout, the same loop as `pwsh -s`.</summary>
internal static class Worker
{
    /// <summary>Serves until stdin ends; the loop then ends the process with the exit code of pwsh.</summary>
    public static int Run(CommandLine options)
    {
        try
        {
            EngineInternals.RunServerLoop(InitialCommand(options));
            return ExitCode.Success;
        }
        catch (MissingMethodException)
        {
            Console.Error.WriteLine($"psjob-host: PowerShell {PSVersionInfo.PSVersion} has no server loop that psjob-host knows.");
            return ExitCode.Initialization;
        }
    }

    /// <summary>
    /// The location is set here rather than by the loop, which calls Set-Location: hosting applications need not have
    /// that cmdlet. The command stays a script of its own, because it may begin with `param` or `using`.
    /// </summary>
    private static string? InitialCommand(CommandLine options)
    {
        if (string.IsNullOrWhiteSpace(options.WorkingDirectory))
        {
            return options.Command;
        }

        string path = CodeGeneration.EscapeSingleQuotedStringContent(WildcardPattern.Escape(options.WorkingDirectory));
        string command = CodeGeneration.EscapeSingleQuotedStringContent(options.Command ?? "");
        return $"$null = $ExecutionContext.SessionState.Path.SetLocation('{path}'); . ([scriptblock]::Create('{command}'))";
    }
}
