using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace PSJob.Jobs;

/// <summary>The host's methods that a job may call (MS-PSRP 2.2.3.17).</summary>
internal enum HostMethod
{
    ReadLine = 11,
    ReadLineAsSecureString = 12,
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
    Prompt = 23,
    PromptForCredential1 = 24,
    PromptForCredential2 = 25,
    PromptForChoice = 26,
    SetForegroundColor = 28,
    SetBackgroundColor = 30,
    SetWindowTitle = 42,
    ReadKey = 46,
    PromptForChoiceMultipleSelection = 56,
}

/// <summary>A call of the script on its host, to be made on another host.</summary>
/// <param name="NeedsAnswer">Whether the script waits for a result: a question, see <see cref="HostQuestion"/>.</param>
/// <param name="Method">The method; may be one that the enumeration does not name.</param>
/// <param name="Parameters">In order.</param>
internal sealed record HostCall(bool NeedsAnswer, HostMethod Method, IReadOnlyList<object?> Parameters)
{
    /// <summary>What calls without a result carry as their id.</summary>
    private const long NoAnswer = -100;

    /// <summary>Reads the message body of PIPELINE_HOST_CALL or RUNSPACEPOOL_HOST_CALL.</summary>
    internal static HostCall From(PSObject message)
    {
        HostMethod method = (HostMethod)LanguagePrimitives.ConvertTo<int>(message.Properties["mi"]?.Value);
        bool needsAnswer = LanguagePrimitives.ConvertTo<long>(message.Properties["ci"]?.Value) != NoAnswer;
        object? parameters = message.Properties["mp"]?.Value;
        return new HostCall(needsAnswer, method, Unwrap(parameters) is IList list ? [.. list.Cast<object?>().Select(Unwrap)] : []);
    }

    /// <summary>A parameter as text; "" for one that is missing or null.</summary>
    internal string Text(int index) => LanguagePrimitives.ConvertTo<string>(Parameter(index));

    /// <summary>A parameter as a number; 0 for one that is missing or null.</summary>
    internal int Number(int index) => LanguagePrimitives.ConvertTo<int>(Parameter(index));

    /// <summary>A parameter that is a list or an array; the latter travels as its elements (mae) and lengths (mal).</summary>
    internal IEnumerable<object?> Items(int index)
    {
        object? value = Parameter(index);
        return Unwrap((value as PSObject)?.Properties["mae"]?.Value ?? value) is IList list ? list.Cast<object?>() : [];
    }

    /// <summary>Makes a call that needs no answer. Screen geometry, buffers and <c>exit</c> are not the script's to change here: nothing happens.</summary>
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

    private object? Parameter(int index) => index < Parameters.Count ? Parameters[index] : null;

    private ConsoleColor Color(int index) => LanguagePrimitives.ConvertTo<ConsoleColor>(Number(index));

    /// <summary>Takes off the wrapper of values that are not property bags.</summary>
    private static object? Unwrap(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
}
