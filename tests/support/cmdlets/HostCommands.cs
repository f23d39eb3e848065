using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using System.Security;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Host")]
[OutputType(typeof(PSHost))]
public sealed class GetHostCommand : PSCmdlet
{
    protected override void ProcessRecord() => WriteObject(Host);
}

[Cmdlet(VerbsCommon.Get, "Culture")]
[OutputType(typeof(CultureInfo))]
public sealed class GetCultureCommand : PSCmdlet
{
    protected override void ProcessRecord() => WriteObject(Host.CurrentCulture);
}

[Cmdlet(VerbsCommunications.Read, "Host")]
[OutputType(typeof(string), typeof(SecureString))]
public sealed class ReadHostCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromRemainingArguments = true)]
    public object? Prompt { get; set; }

    [Parameter]
    public SwitchParameter AsSecureString { get; set; }

    protected override void ProcessRecord()
    {
        if (Prompt is null)
        {
            WriteObject(AsSecureString ? Host.UI.ReadLineAsSecureString() : Host.UI.ReadLine());
            return;
        }

        var field = new FieldDescription(PromptText());
        field.SetParameterType(AsSecureString ? typeof(SecureString) : typeof(string));
        Dictionary<string, PSObject>? answers = Host.UI.Prompt("", "", new Collection<FieldDescription> { field });
        WriteObject(answers?.Values, enumerateCollection: true);
    }

    private string PromptText() => LanguagePrimitives.GetEnumerable(Prompt) is { } parts
        ? string.Join(' ', parts.Cast<object?>())
        : Prompt!.ToString()!;
}

[Cmdlet(VerbsLifecycle.Invoke, "Expression")]
public sealed class InvokeExpressionCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    public string Command { get; set; } = "";

    protected override void ProcessRecord() => InvokeCommand.InvokeScript(
        Command, useNewScope: false, PipelineResultTypes.Output | PipelineResultTypes.Error, input: null);
}

[Cmdlet(VerbsLifecycle.Wait, "Debugger")]
public sealed class WaitDebuggerCommand : PSCmdlet
{
    protected override void EndProcessing()
    {
        if (Runspace.DefaultRunspace?.Debugger is { } debugger)
        {
            EngineInternals.Break(debugger);
        }
    }
}

[Cmdlet(VerbsCommon.Get, "Random")]
public sealed class GetRandomCommand : PSCmdlet
{
    [Parameter(Position = 0)]
    public object? Maximum { get; set; }

    [Parameter]
    public object Minimum { get; set; } = 0;

    [Parameter(ValueFromPipeline = true)]
    public object[]? InputObject { get; set; }

    [Parameter]
    public int Count { get; set; } = 1;

    [Parameter]
    public SwitchParameter Shuffle { get; set; }

    private readonly ArrayList _choices = [];

    protected override void ProcessRecord() => _choices.AddRange(InputObject ?? []);

    protected override void EndProcessing()
    {
        if (InputObject is not null)
        {
            object?[] choices = _choices.ToArray();
            Random.Shared.Shuffle(choices);
            WriteObject(Shuffle ? choices : choices.Take(Count), enumerateCollection: true);
        }
        else if (Maximum is double or float)
        {
            double low = LanguagePrimitives.ConvertTo<double>(Minimum);
            WriteObject(low + (Random.Shared.NextDouble() * (LanguagePrimitives.ConvertTo<double>(Maximum) - low)));
        }
        else
        {
            int low = LanguagePrimitives.ConvertTo<int>(Minimum);
            WriteObject(Random.Shared.Next(low, Maximum is null ? int.MaxValue : LanguagePrimitives.ConvertTo<int>(Maximum)));
        }
    }
}

[Cmdlet(VerbsCommon.New, "Guid")]
[OutputType(typeof(Guid))]
public sealed class NewGuidCommand : PSCmdlet
{
    protected override void ProcessRecord() => WriteObject(Guid.NewGuid());
}
