using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace PSJob.Jobs;

/// <summary>A call of the script on its host that expects no answer, to be made on another host.</summary>
/// <remarks>MS-PSRP 2.2.3.17 has the method numbers, 2.2.3.15 and on the encoding of parameters.</remarks>
internal sealed record HostCall(int Method, IReadOnlyList<object?> Parameters)
{
    /// <summary>Reads the message body of PIPELINE_HOST_CALL or RUNSPACEPOOL_HOST_CALL.</summary>
    internal static HostCall From(PSObject message)
    {
        int method = LanguagePrimitives.ConvertTo<int>(message.Properties["mi"]?.Value);
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
            case 13:
                ui.Write(Text(0));
                break;
            case 14:
                ui.Write(Color(0), Color(1), Text(2));
                break;
            case 15:
                ui.WriteLine();
                break;
            case 16:
                ui.WriteLine(Text(0));
                break;
            case 17:
                ui.WriteLine(Color(0), Color(1), Text(2));
                break;
            case 18:
                ui.WriteErrorLine(Text(0));
                break;
            case 19:
                ui.WriteDebugLine(Text(0));
                break;
            case 20 when Parameters is [_, not null]:
                ui.WriteProgress(LanguagePrimitives.ConvertTo<long>(Parameters[0]), RecordFactory.Progress(PSObject.AsPSObject(Parameters[1])));
                break;
            case 21:
                ui.WriteVerboseLine(Text(0));
                break;
            case 22:
                ui.WriteWarningLine(Text(0));
                break;
            case 28 when ui.RawUI is not null:
                ui.RawUI.ForegroundColor = Color(0);
                break;
            case 30 when ui.RawUI is not null:
                ui.RawUI.BackgroundColor = Color(0);
                break;
            case 42 when ui.RawUI is not null:
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
