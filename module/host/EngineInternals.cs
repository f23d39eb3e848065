using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace PSJob.Host;

/// <summary>
/// Every use of non-public members of the engine, by the names they have in PowerShell 7.6. Only the server loop is
/// indispensable: whatever else a later engine has renamed is left out.
/// </summary>
internal static class EngineInternals
{
    private const BindingFlags AnyMember = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Assembly s_engine = typeof(PSObject).Assembly;

    /// <summary>Starts the engine's own parallel initialization, as pwsh does first of all (InitialSessionState.cs, EarlyStartup).</summary>
    public static void WarmUp() =>
        s_engine.GetType("System.Management.Automation.Runspaces.EarlyStartup")?.GetMethod("Init", AnyMember)?.Invoke(null, null);

    /// <summary>
    /// The server loop of `pwsh -s` (OutOfProcServerMediator.cs, StdIOProcessMediator). It owns stdin, stdout and
    /// stderr from here on and ends the process itself when stdin ends.
    /// </summary>
    /// <param name="initialCommand">Script to run in each new runspace; null for none.</param>
    /// <exception cref="MissingMethodException">This engine has no such loop.</exception>
    public static void RunServerLoop(string? initialCommand)
    {
        MethodInfo run = s_engine.GetType("System.Management.Automation.Remoting.Server.StdIOProcessMediator")?.GetMethod("Run", AnyMember)
            ?? throw new MissingMethodException("StdIOProcessMediator", "Run");

        // The parameters differ from version to version: the one that matters is given by name, the others are off.
        object?[] arguments = [.. run.GetParameters().Select(parameter => parameter.Name switch
        {
            "initialCommand" => initialCommand,
            _ => parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : null,
        })];
        run.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }

    /// <summary>Makes `exit n` in a script file end the shell with n instead of only setting $LASTEXITCODE (ConsoleHost.cs, -File).</summary>
    public static void LetScriptFilesExit(Runspace runspace)
    {
        object? context = typeof(Runspace).GetProperty("ExecutionContext", AnyMember)?.GetValue(runspace);
        context?.GetType().GetProperty("ScriptCommandProcessorShouldRethrowExit", AnyMember)?.SetValue(context, true);
    }

    /// <summary>Says that closing this runspace ends the session, so that runspaces which scripts left open are closed with it.</summary>
    public static void MakePrimary(Runspace runspace) =>
        typeof(Runspace).GetProperty("PrimaryRunspace", AnyMember)?.SetValue(null, runspace);

    /// <summary>An object that Out-Default shows as an error, on the host's error stream, although it comes as input.</summary>
    public static PSObject AsErrorOutput(ErrorRecord record)
    {
        var output = new PSObject(record);
        PropertyInfo? stream = typeof(PSObject).GetProperty("WriteStream", AnyMember);
        if (stream is not null)
        {
            stream.SetValue(output, Enum.Parse(stream.PropertyType, "Error"));
        }

        return output;
    }
}
