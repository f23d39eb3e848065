using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>The commands on variables of the current or a named scope.</summary>
public abstract class VariableCommand : ProviderCommand
{
    [Parameter]
    public string? Scope { get; set; }

    private protected PSVariable? Find(string name) => Scope is null
        ? SessionState.PSVariable.Get(name)
        : EngineInternals.GetVariable(SessionState, name, Scope);

    private protected void NotFound(string name) => WriteError(new ErrorRecord(
        new ItemNotFoundException($"Cannot find a variable with the name '{name}'."),
        "VariableNotFound", ErrorCategory.ObjectNotFound, name));
}

[Cmdlet(VerbsCommon.Get, "Variable")]
[OutputType(typeof(PSVariable))]
public sealed class GetVariableCommand : VariableCommand
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Name { get; set; } = ["*"];

    [Parameter]
    public SwitchParameter ValueOnly { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (string name in Name)
        {
            foreach (PSVariable variable in Matches(name))
            {
                WriteObject(ValueOnly ? variable.Value : variable);
            }
        }
    });

    private IEnumerable<PSVariable> Matches(string name)
    {
        if (WildcardPattern.ContainsWildcardCharacters(name))
        {
            return InvokeProvider.Item.Get("Variable:" + name).Select(v => v.BaseObject).OfType<PSVariable>();
        }

        if (Find(name) is { } variable)
        {
            return [variable];
        }

        NotFound(name);
        return [];
    }
}

[Cmdlet(VerbsCommon.Set, "Variable")]
public sealed class SetVariableCommand : VariableCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    public string[] Name { get; set; } = [];

    [Parameter(Position = 1, ValueFromPipeline = true)]
    public object? Value { get; set; }

    [Parameter]
    public ScopedItemOptions Option { get; set; }

    private readonly List<object?> _values = [];

    protected override void ProcessRecord() => _values.Add(Value);

    protected override void EndProcessing() => Guard(() =>
    {
        object? value = _values.Count == 1 ? _values[0] : _values.ToArray();
        foreach (string name in Name)
        {
            EngineInternals.SetVariable(SessionState, new PSVariable(name, value, Option), Scope ?? "local");
        }
    });
}

[Cmdlet(VerbsCommon.New, "Variable")]
[OutputType(typeof(PSVariable))]
public sealed class NewVariableCommand : VariableCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    public string Name { get; set; } = "";

    [Parameter(Position = 1, ValueFromPipeline = true)]
    public object? Value { get; set; }

    [Parameter]
    public ScopedItemOptions Option { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        string scope = Scope ?? "local";
        if (!Force && EngineInternals.GetVariable(SessionState, Name, scope) is not null)
        {
            throw new SessionStateException($"A variable with the name '{Name}' already exists.");
        }

        var variable = new PSVariable(Name, Value, Option);
        EngineInternals.SetVariable(SessionState, variable, scope);
        if (PassThru)
        {
            WriteObject(variable);
        }
    });
}

[Cmdlet(VerbsCommon.Remove, "Variable")]
public sealed class RemoveVariableCommand : VariableCommand
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public string[] Name { get; set; } = [];

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (string name in Name)
        {
            if (Find(name) is null)
            {
                NotFound(name);
            }
            else
            {
                EngineInternals.RemoveVariable(SessionState, name, Scope ?? "local");
            }
        }
    });
}

/// <summary>The commands that name a command; always in the current scope.</summary>
public abstract class WriteAliasCommand : ProviderCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    public string Name { get; set; } = "";

    [Parameter(Position = 1, Mandatory = true)]
    public string Value { get; set; } = "";

    protected override void ProcessRecord() => Guard(() =>
        InvokeProvider.Item.Set("Alias:" + WildcardPattern.Escape(Name), Value));
}

[Cmdlet(VerbsCommon.Set, "Alias")]
public sealed class SetAliasCommand : WriteAliasCommand;

[Cmdlet(VerbsCommon.New, "Alias")]
public sealed class NewAliasCommand : WriteAliasCommand;

[Cmdlet(VerbsCommon.Get, "Alias")]
[OutputType(typeof(AliasInfo))]
public sealed class GetAliasCommand : ProviderCommand
{
    [Parameter(Position = 0)]
    public string[] Name { get; set; } = ["*"];

    protected override void ProcessRecord() => Guard(() => WriteObject(
        InvokeProvider.Item.Get([.. Name.Select(n => "Alias:" + n)], force: true, literalPath: false),
        enumerateCollection: true));
}
