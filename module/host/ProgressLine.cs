using System.Management.Automation;

namespace PSJob.Host;

/// <summary>Progress as one line on stderr that other output replaces; silent unless stderr is a terminal.</summary>
/// <remarks>Not synchronized: the user interface calls it under its own lock.</remarks>
internal sealed class ProgressLine
{
    private const string ClearLine = "\r\e[K";

    private readonly bool _enabled = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
    private bool _visible;

    /// <param name="record">The news; a completed record only takes the line away.</param>
    /// <param name="width">Columns of the terminal: a longer line would wrap and could not be cleared.</param>
    public void Show(ProgressRecord record, int width)
    {
        Hide();
        if (!_enabled || record.RecordType == ProgressRecordType.Completed)
        {
            return;
        }

        string percent = record.PercentComplete >= 0 ? $" {record.PercentComplete}%" : "";
        string line = $"{record.Activity}: {record.StatusDescription}{percent} {record.CurrentOperation}".TrimEnd().ReplaceLineEndings(" ");
        Console.Error.Write(line.Length < width ? line : line[..(width - 1)]);
        _visible = true;
    }

    public void Hide()
    {
        if (_visible)
        {
            Console.Error.Write(ClearLine);
            _visible = false;
        }
    }
}
