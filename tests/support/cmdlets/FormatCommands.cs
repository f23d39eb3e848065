using System.Globalization;
using System.Management.Automation;
using System.Text;
using Microsoft.PowerShell.Commands.Internal.Format;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Format, "Table")]
public sealed class FormatTableCommand : OuterFormatTableBase
{
    public FormatTableCommand() => EngineInternals.UseFormatShape(this, "Table");
}

[Cmdlet(VerbsCommon.Format, "List")]
public sealed class FormatListCommand : OuterFormatTableAndListBase
{
    public FormatListCommand() => EngineInternals.UseFormatShape(this, "List");
}

/// <summary>The commands that turn what a host would show into text.</summary>
public abstract class OutTextCommand : FrontEndCommandBase
{
    [Parameter]
    [ValidateRange(2, int.MaxValue)]
    public int Width { get; set; } = int.MaxValue;

    private protected abstract void OnLine(string line);

    protected override void BeginProcessing()
    {
        EngineInternals.UseTextOutput(this, new LineWriter(OnLine), Width);
        base.BeginProcessing();
    }

    private sealed class LineWriter(Action<string> onLine) : TextWriter(CultureInfo.CurrentCulture)
    {
        private readonly StringBuilder _line = new();

        public override Encoding Encoding => Encoding.Unicode;

        public override void Write(char value) => _line.Append(value);

        public override void Write(string? value) => _line.Append(value);

        public override void WriteLine(string? value)
        {
            onLine(_line.Append(value).ToString());
            _line.Clear();
        }

        public override void WriteLine() => WriteLine("");
    }
}

[Cmdlet(VerbsData.Out, "String")]
[OutputType(typeof(string))]
public sealed class OutStringCommand : OutTextCommand
{
    [Parameter]
    public SwitchParameter Stream { get; set; }

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    private readonly StringBuilder _text = new();

    private protected override void OnLine(string line)
    {
        if (Stream)
        {
            WriteObject(line);
        }
        else
        {
            _text.Append(line).Append(NoNewline ? "" : Environment.NewLine);
        }
    }

    protected override void EndProcessing()
    {
        base.EndProcessing();
        if (!Stream)
        {
            WriteObject(_text.ToString());
        }
    }
}

/// <summary>Also what the operators <c>&gt;</c> and <c>&gt;&gt;</c> run.</summary>
[Cmdlet(VerbsData.Out, "File")]
public sealed class OutFileCommand : OutTextCommand
{
    [Parameter(Position = 0, Mandatory = true)]
    [Alias("Path", "LiteralPath", "PSPath", "LP")]
    public string FilePath { get; set; } = "";

    [Parameter(Position = 1)]
    public string? Encoding { get; set; }

    [Parameter]
    public SwitchParameter Append { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    private StreamWriter? _file;

    protected override void BeginProcessing()
    {
        _file = new StreamWriter(SessionState.Path.GetUnresolvedProviderPathFromPSPath(FilePath), Append);
        base.BeginProcessing();
    }

    private protected override void OnLine(string line) => _file!.Write(NoNewline ? line : line + "\n");

    protected override void InternalDispose()
    {
        _file?.Dispose();
        base.InternalDispose();
    }
}
