using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace PSJob.Jobs;

/// <summary>The host's methods that only show something (MS-PSRP 2.2.3.17).</summary>
internal enum HostMethod
{
    Write1 = 13,
    Write2 = 14,
    WriteLine1 = 15,
    WriteLine2 = 16,
    WriteLine3 = 17,
    WriteErrorLine = 18,
    WriteDebugLine = 19,
    WriteProgress = 20,
    WriteVerboseLine = 21,
    WriteWarningLine = 22,
    SetForegroundColor = 28,
    SetBackgroundColor = 30,
    SetWindowTitle = 42,
}

/// <summary>A call of the script on its host that expects no answer, to be made on another host.</summary>
/// <param name="Method">The method; may be one that the enumeration does not name.</param>
/// <param name="Parameters">In order.</param>
internal sealed record HostCall(HostMethod Method, IReadOnlyList<object?> Parameters)
{
    /// <summary>Reads the message body of PIPELINE_HOST_CALL or RUNSPACEPOOL_HOST_CALL.</summary>
    internal static HostCall From(PSObject message)
    {
        HostMethod method = (HostMethod)LanguagePrimitives.ConvertTo<int>(message.Properties["mi"]?.Value);
        object? parameters = message.Properties["mp"]?.Value;
        return new HostCall(method, Unwrap(parameters) is IList list ? [.. list.Cast<object?>().Select(Unwrap)] : []);
    }

    /// <summary>Makes the call. Screen geometry, buffers and <c>exit</c> are not the script's to change here: nothing happens.</summary>
    internal void Run(PSHost host)
    {
        PSHostUserInterface? ui = host.UI;
        if (ui is null)
        {
            return;
        }

        switch (Method)
        {
            case HostMethod.Write1:
                ui.Write(Text(0));
                break;
            case HostMethod.Write2:
                ui.Write(Color(0), Color(1), Text(2));
                break;
            case HostMethod.WriteLine1:
                ui.WriteLine();
                break;
            case HostMethod.WriteLine2:
                ui.WriteLine(Text(0));
                break;
            case HostMethod.WriteLine3:
                ui.WriteLine(Color(0), Color(1), Text(2));
                break;
            case HostMethod.WriteErrorLine:
                ui.WriteErrorLine(Text(0));
                break;
            case HostMethod.WriteDebugLine:
                ui.WriteDebugLine(Text(0));
                break;
            case HostMethod.WriteProgress when Parameters is [_, not null]:
                ui.WriteProgress(LanguagePrimitives.ConvertTo<long>(Parameters[0]), RecordFactory.Progress(PSObject.AsPSObject(Parameters[1])));
                break;
            case HostMethod.WriteVerboseLine:
                ui.WriteVerboseLine(Text(0));
                break;
            case HostMethod.WriteWarningLine:
                ui.WriteWarningLine(Text(0));
                break;
            case HostMethod.SetForegroundColor when ui.RawUI is not null:
                ui.RawUI.ForegroundColor = Color(0);
                break;
            case HostMethod.SetBackgroundColor when ui.RawUI is not null:
                ui.RawUI.BackgroundColor = Color(0);
                break;
            case HostMethod.SetWindowTitle when ui.RawUI is not null:
                ui.RawUI.WindowTitle = Text(0);
                break;
        }
    }

    private string Text(int index) => index < Parameters.Count ? LanguagePrimitives.ConvertTo<string>(Parameters[index]) : "";

    private ConsoleColor Color(int index) =>
        index < Parameters.Count ? LanguagePrimitives.ConvertTo<ConsoleColor>(Parameters[index]) : default;

    /// <summary>Takes off the wrapper of values that are not property bags.</summary>
    private static object? Unwrap(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
}
