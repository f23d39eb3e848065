using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Item", DefaultParameterSetName = "Path")]
public sealed class GetItemCommand : ExistingItemCommand
{
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() =>
        WriteObject(InvokeProvider.Item.Get(Names, Force, IsLiteral), enumerateCollection: true));
}

[Cmdlet(VerbsCommon.Get, "ChildItem", DefaultParameterSetName = "Path")]
public sealed class GetChildItemCommand : ProviderCommand
{
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = ["."];

    [Parameter(ParameterSetName = "LiteralPath", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    [Parameter(Position = 1)]
    public string Filter { get; set; } = "*";

    [Parameter]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter Name { get; set; }

    [Parameter]
    public SwitchParameter File { get; set; }

    [Parameter]
    public SwitchParameter Directory { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        bool literal = ParameterSetName == "LiteralPath";
        var filter = WildcardPattern.Get(Filter, WildcardOptions.IgnoreCase);
        foreach (PSObject item in InvokeProvider.ChildItem.Get(literal ? LiteralPath : Path, Recurse, Force, literal))
        {
            string name = item.Properties["PSChildName"]?.Value?.ToString() ?? "";
            bool container = item.Properties["PSIsContainer"]?.Value is true;
            if (filter.IsMatch(name) && !(File && container) && !(Directory && !container))
            {
                WriteObject(Name ? name : item);
            }
        }
    });
}

[Cmdlet(VerbsCommon.New, "Item")]
public sealed class NewItemCommand : ProviderCommand
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = [];

    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Name { get; set; }

    [Parameter]
    [Alias("Type")]
    public string? ItemType { get; set; }

    [Parameter(ValueFromPipeline = true)]
    [Alias("Target")]
    public object? Value { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() =>
        WriteObject(InvokeProvider.Item.New(Path, Name, ItemType, Value, Force), enumerateCollection: true));
}

[Cmdlet(VerbsCommon.Set, "Item", DefaultParameterSetName = "Path")]
public sealed class SetItemCommand : ExistingItemCommand
{
    [Parameter(Position = 1)]
    public object? Value { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() => InvokeProvider.Item.Set(Names, Value, Force, IsLiteral));
}

[Cmdlet(VerbsCommon.Remove, "Item", DefaultParameterSetName = "Path")]
public sealed class RemoveItemCommand : ExistingItemCommand
{
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() => InvokeProvider.Item.Remove(Names, Recurse, Force, IsLiteral));
}

[Cmdlet(VerbsCommon.Copy, "Item", DefaultParameterSetName = "Path")]
public sealed class CopyItemCommand : ExistingItemCommand
{
    [Parameter(Position = 1, Mandatory = true)]
    public string Destination { get; set; } = "";

    [Parameter]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => Guard(() => InvokeProvider.Item.Copy(
        Names, Destination, Recurse, CopyContainers.CopyTargetContainer, Force, IsLiteral));
}

/// <summary>What <c>Test-Path -PathType</c> looks for.</summary>
public enum TestPathType
{
    Any,
    Container,
    Leaf,
}

[Cmdlet(VerbsDiagnostic.Test, "Path", DefaultParameterSetName = "Path")]
[OutputType(typeof(bool))]
public sealed class TestPathCommand : ProviderCommand
{
    [Parameter(Position = 0, ParameterSetName = "Path", Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public string[] Path { get; set; } = [];

    [Parameter(ParameterSetName = "LiteralPath", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    [Parameter]
    [Alias("Type")]
    public TestPathType PathType { get; set; }

    protected override void ProcessRecord()
    {
        bool literal = ParameterSetName == "LiteralPath";
        foreach (string path in literal ? LiteralPath : Path)
        {
            WriteObject(Test(path, literal));
        }
    }

    private bool Test(string path, bool literal)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            return false;
        }

        try
        {
            bool Container() => InvokeProvider.Item.IsContainer(literal ? WildcardPattern.Escape(path) : path);
            return InvokeProvider.Item.Exists(path, force: true, literal) && PathType switch
            {
                TestPathType.Container => Container(),
                TestPathType.Leaf => !Container(),
                _ => true,
            };
        }
        catch (SessionStateException)
        {
            return false;
        }
    }
}
