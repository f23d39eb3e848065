using System.Collections;
using System.Management.Automation;
using System.Text;

namespace Microsoft.PowerShell.Commands;

/// <summary>Files only; always read and written as UTF-8.</summary>
[Cmdlet(VerbsCommon.Get, "Content", DefaultParameterSetName = "Path")]
[OutputType(typeof(string))]
public sealed class GetContentCommand : ExistingItemCommand
{
    [Parameter]
    public SwitchParameter Raw { get; set; }

    [Parameter]
    [Alias("First", "Head")]
    public int TotalCount { get; set; } = int.MaxValue;

    [Parameter]
    [Alias("Last")]
    public int Tail { get; set; } = int.MaxValue;

    [Parameter]
    public string? Encoding { get; set; }

    protected override void ProcessRecord() => Guard(() =>
    {
        foreach (string file in ResolveFiles())
        {
            if (Raw)
            {
                WriteObject(File.ReadAllText(file));
            }
            else
            {
                IEnumerable<string> lines = File.ReadLines(file).Take(TotalCount);
                WriteObject(Tail == int.MaxValue ? lines : lines.TakeLast(Tail), enumerateCollection: true);
            }
        }
    });
}

/// <summary>The commands that put values into files as lines of text.</summary>
public abstract class WriteContentCommand : ProviderCommand
{
    [Parameter(Position = 0, ParameterSetName = "Path", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = [];

    [Parameter(ParameterSetName = "LiteralPath", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    [Parameter(Position = 1, Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object?[]? Value { get; set; }

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public string? Encoding { get; set; }

    private readonly StringBuilder _text = new();

    private protected abstract bool Append { get; }

    protected override void ProcessRecord()
    {
        foreach (object? value in Value ?? [])
        {
            _text.Append(LanguagePrimitives.ConvertTo<string>(value)).Append(NoNewline ? "" : "\n");
        }
    }

    protected override void EndProcessing() => Guard(() =>
    {
        foreach (string path in ParameterSetName == "LiteralPath" ? LiteralPath : Path)
        {
            string file = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
            if (Append)
            {
                File.AppendAllText(file, _text.ToString());
            }
            else
            {
                File.WriteAllText(file, _text.ToString());
            }
        }
    });
}

[Cmdlet(VerbsCommon.Set, "Content", DefaultParameterSetName = "Path")]
public sealed class SetContentCommand : WriteContentCommand
{
    private protected override bool Append => false;
}

[Cmdlet(VerbsCommon.Add, "Content", DefaultParameterSetName = "Path")]
public sealed class AddContentCommand : WriteContentCommand
{
    private protected override bool Append => true;
}

/// <summary>Keeps what flows by in a variable or a file.</summary>
[Cmdlet("Tee", "Object", DefaultParameterSetName = "File")]
public sealed class TeeObjectCommand : ProviderCommand
{
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0, ParameterSetName = "File", Mandatory = true)]
    public string FilePath { get; set; } = "";

    [Parameter(ParameterSetName = "Variable", Mandatory = true)]
    public string Variable { get; set; } = "";

    private readonly ArrayList _seen = [];

    protected override void ProcessRecord()
    {
        _seen.Add(InputObject);
        WriteObject(InputObject);
    }

    protected override void EndProcessing() => Guard(() =>
    {
        if (ParameterSetName == "Variable")
        {
            SessionState.PSVariable.Set(Variable, _seen.Count == 1 ? _seen[0] : _seen.ToArray());
        }
        else
        {
            string file = SessionState.Path.GetUnresolvedProviderPathFromPSPath(FilePath);
            File.WriteAllLines(file, _seen.Cast<object?>().Select(LanguagePrimitives.ConvertTo<string>));
        }
    });
}
