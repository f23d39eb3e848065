using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Reflection;

namespace PSJob.Jobs;

/// <summary>
/// The only place that uses reflection on PowerShell's internals: two members, bound once. Where one is missing, its user
/// falls back to what the public surface can do.
/// </summary>
internal static class EngineInternals
{
    /// <summary>
    /// Rebuilds an error record from the properties that remoting sends, with everything that no public constructor takes
    /// (script stack trace, serialized exception and invocation); null when the engine has no such method.
    /// </summary>
    /// <remarks>ErrorPackage.cs, FromPSObjectForRemoting: what the built-in jobs use.</remarks>
    internal static Func<PSObject, ErrorRecord>? ErrorRecordFromRemote { get; } =
        typeof(ErrorRecord).GetMethod("FromPSObjectForRemoting", BindingFlags.Static | BindingFlags.NonPublic, [typeof(PSObject)])
            is { } method && method.ReturnType == typeof(ErrorRecord)
                ? method.CreateDelegate<Func<PSObject, ErrorRecord>>()
                : null;

    private static ConstructorInfo? CommonParametersConstructor { get; } =
        typeof(CommonParameters).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic)
            .FirstOrDefault(constructor => constructor.GetParameters() is [{ ParameterType.FullName: "System.Management.Automation.MshCommandRuntime" }]);

    /// <summary>The common parameters of a running cmdlet, to be set as if the user had; null when they cannot be reached.</summary>
    internal static CommonParameters? CommonParametersOf(Cmdlet cmdlet) =>
        CommonParametersConstructor is { } constructor && constructor.GetParameters()[0].ParameterType.IsInstanceOfType(cmdlet.CommandRuntime)
            ? (CommonParameters)constructor.Invoke([cmdlet.CommandRuntime])
            : null;
}
