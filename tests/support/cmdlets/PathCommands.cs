using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Join, "Path")]
[OutputType(typeof(string))]
public sealed class JoinPathCommand : ProviderCommand
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    public string[] Path { get; set; } = [];

    [Parameter(Position = 1, Mandatory = true)]
    [AllowEmptyString]
    public string ChildPath { get; set; } = "";

    [Parameter(Position = 2, ValueFromRemainingArguments = true)]
    public string[] AdditionalChildPath { get; set; } = [];

    [Parameter]
    public SwitchParameter Resolve { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        string tail = AdditionalChildPath.Aggregate(ChildPath, SessionState.Path.Combine);
        foreach (string path in Path)
        {
            string joined = SessionState.Path.Combine(path, tail);
            if (Resolve)
            {
                WriteObject(SessionState.Path.GetResolvedPSPathFromPSPath(joined).Select(p => p.Path), true);
            }
            else
            {
                WriteObject(joined);
            }
        }
    });
}

[Cmdlet(VerbsCommon.Split, "Path", DefaultParameterSetName = "Parent")]
[OutputType(typeof(string), typeof(bool))]
public sealed class SplitPathCommand : ProviderCommand
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LiteralPath")]
    public string[] Path { get; set; } = [];

    [Parameter(ParameterSetName = "Parent")]
    public SwitchParameter Parent { get; set; }

    [Parameter(ParameterSetName = "Leaf", Mandatory = true)]
    public SwitchParameter Leaf { get; set; }

    [Parameter(ParameterSetName = "LeafBase", Mandatory = true)]
    public SwitchParameter LeafBase { get; set; }

    [Parameter(ParameterSetName = "Extension", Mandatory = true)]
    public SwitchParameter Extension { get; set; }

    [Parameter(ParameterSetName = "IsAbsolute", Mandatory = true)]
    public SwitchParameter IsAbsolute { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (string path in Path)
        {
            WriteObject(ParameterSetName switch
            {
                "Leaf" => SessionState.Path.ParseChildName(path),
                "LeafBase" => System.IO.Path.GetFileNameWithoutExtension(path),
                "Extension" => System.IO.Path.GetExtension(path),
                "IsAbsolute" => SessionState.Path.IsPSAbsolute(path, out _) || System.IO.Path.IsPathRooted(path),
                _ => SessionState.Path.ParseParent(path, ""),
            });
        }
    });
}

[Cmdlet(VerbsDiagnostic.Resolve, "Path", DefaultParameterSetName = "Path")]
[OutputType(typeof(PathInfo))]
public sealed class ResolvePathCommand : ExistingItemCommand
{
    protected override void ProcessRecord()
    {
        foreach (string name in Names)
        {
            string pattern = IsLiteral ? WildcardPattern.Escape(name) : name;
            Guard(() => WriteObject(SessionState.Path.GetResolvedPSPathFromPSPath(pattern), enumerateCollection: true));
        }
    }
}

[Cmdlet(VerbsData.Convert, "Path", DefaultParameterSetName = "Path")]
[OutputType(typeof(string))]
public sealed class ConvertPathCommand : ExistingItemCommand
{
    protected override void ProcessRecord() => Guard(() => WriteObject(ResolveFiles(), enumerateCollection: true));
}
