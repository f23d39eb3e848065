using System.Management.Automation;
using System.Reflection;

namespace Microsoft.PowerShell.Commands;

/// <summary>
/// The few engine members that the real cmdlets reach as friends of System.Management.Automation and that a stand-in
/// can reach by reflection only. Everything of that kind is here.
/// </summary>
internal static class EngineInternals
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    private static readonly Assembly s_engine = typeof(PSCmdlet).Assembly;

    /// <summary>The exception that ends the commands before <paramref name="requester"/> and nothing else.</summary>
    internal static Exception StopUpstream(Cmdlet requester) =>
        (Exception)New("System.Management.Automation.StopUpstreamCommandsException", requester);

    /// <summary>Makes an error point at the script that reported it instead of at Write-Error.</summary>
    internal static void SetOrigin(ErrorRecord record, InvocationInfo script)
    {
        Method(typeof(ErrorRecord), "SetInvocationInfo").Invoke(record, [script]);
        typeof(ErrorRecord).GetProperty("PreserveInvocationInfoOnce", Hidden)!.SetValue(record, true);
    }

    /// <summary>A validation error after which the binder tries the argument on parameters of other sets.</summary>
    internal static Exception TryAnotherParameter(string message) =>
        (Exception)New(typeof(ValidationMetadataException).FullName!, message, true);

    /// <summary>Enters the debugger at the current statement.</summary>
    internal static void Break(Debugger debugger) => Method(typeof(Debugger), "Break").Invoke(debugger, [null]);

    /// <summary>A variable of one scope only: a name such as <c>global</c> or a number of scopes to go up.</summary>
    internal static PSVariable? GetVariable(SessionState state, string name, string scope) =>
        (PSVariable?)Unwrap(() => Method(typeof(PSVariableIntrinsics), "GetAtScope", typeof(string), typeof(string))
            .Invoke(state.PSVariable, [name, scope]));

    /// <summary>Creates or replaces a variable of one scope.</summary>
    internal static void SetVariable(SessionState state, PSVariable variable, string scope)
    {
        object inner = typeof(SessionState).GetProperty("Internal", Hidden)!.GetValue(state)!;
        Type[] parameters = [typeof(PSVariable), typeof(string), typeof(bool), typeof(CommandOrigin)];
        Unwrap(() => Method(inner.GetType(), "SetVariableAtScope", parameters)
            .Invoke(inner, [variable, scope, false, CommandOrigin.Internal]));
    }

    /// <summary>Removes a variable of one scope.</summary>
    internal static void RemoveVariable(SessionState state, string name, string scope) =>
        Unwrap(() => Method(typeof(PSVariableIntrinsics), "RemoveAtScope", typeof(string), typeof(string))
            .Invoke(state.PSVariable, [name, scope]));

    /// <summary>Gives a formatting cmdlet the engine's own implementation of <c>Format-Table</c>, <c>Format-List</c>…</summary>
    internal static void UseFormatShape(Cmdlet command, string shape)
    {
        Type shapes = s_engine.GetType(FormatNamespace + "FormatShape", throwOnError: true)!;
        SetImplementation(command, New(FormatNamespace + "InnerFormatShapeCommand", Enum.Parse(shapes, shape)));
    }

    /// <summary>Sends a cmdlet's formatted input to <paramref name="writer"/>, one call of WriteLine per line.</summary>
    internal static void UseTextOutput(Cmdlet command, TextWriter writer, int columns)
    {
        object manager = New(FormatNamespace + "OutputManagerInner");
        object lines = New(FormatNamespace + "TextWriterLineOutput", writer, columns);
        manager.GetType().GetProperty("LineOutput", Hidden)!.SetValue(manager, lines);
        SetImplementation(command, manager);
    }

    private const string FormatNamespace = "Microsoft.PowerShell.Commands.Internal.Format.";

    private static void SetImplementation(Cmdlet command, object implementation) =>
        typeof(Internal.Format.FrontEndCommandBase).GetField("implementation", Hidden)!.SetValue(command, implementation);

    private static object New(string typeName, params object[] arguments)
    {
        Type type = s_engine.GetType(typeName, throwOnError: true)!;
        return Activator.CreateInstance(type, Hidden, binder: null, arguments, culture: null)!;
    }

    private static MethodInfo Method(Type type, string name, params Type[] parameters) =>
        (parameters.Length == 0 ? type.GetMethod(name, Hidden) : type.GetMethod(name, Hidden, parameters))
        ?? throw new MissingMethodException(type.FullName, name);

    private static object? Unwrap(Func<object?> call)
    {
        try
        {
            return call();
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }
    }
}
