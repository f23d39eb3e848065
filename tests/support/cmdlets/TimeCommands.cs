using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsLifecycle.Start, "Sleep", DefaultParameterSetName = "Seconds")]
public sealed class StartSleepCommand : PSCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "Seconds", Mandatory = true, ValueFromPipeline = true)]
    [ValidateRange(0.0, int.MaxValue / 1000.0)]
    public double Seconds { get; set; }

    [Parameter(ParameterSetName = "Milliseconds", Mandatory = true)]
    [Alias("ms")]
    [ValidateRange(0, int.MaxValue)]
    public int Milliseconds { get; set; }

    [Parameter(ParameterSetName = "Duration", Mandatory = true)]
    public TimeSpan Duration { get; set; }

    protected override void ProcessRecord()
    {
        TimeSpan time = ParameterSetName switch
        {
            "Seconds" => TimeSpan.FromSeconds(Seconds),
            "Milliseconds" => TimeSpan.FromMilliseconds(Milliseconds),
            _ => Duration,
        };
        PipelineStopToken.WaitHandle.WaitOne(time);
    }
}

[Cmdlet(VerbsCommon.Get, "Date")]
[OutputType(typeof(DateTime), typeof(string))]
public sealed class GetDateCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true)]
    public DateTime? Date { get; set; }

    [Parameter]
    public string? Format { get; set; }

    [Parameter]
    public SwitchParameter AsUTC { get; set; }

    protected override void ProcessRecord()
    {
        DateTime date = Date ?? DateTime.Now;
        if (AsUTC)
        {
            date = date.ToUniversalTime();
        }

        WriteObject(Format is null ? date : date.ToString(Format, CultureInfo.CurrentCulture));
    }
}

[Cmdlet(VerbsCommon.New, "TimeSpan", DefaultParameterSetName = "Time")]
[OutputType(typeof(TimeSpan))]
public sealed class NewTimeSpanCommand : PSCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "Date", ValueFromPipeline = true)]
    public DateTime? Start { get; set; }

    [Parameter(Position = 1, ParameterSetName = "Date")]
    public DateTime? End { get; set; }

    [Parameter(ParameterSetName = "Time")]
    public int Days { get; set; }

    [Parameter(ParameterSetName = "Time")]
    public int Hours { get; set; }

    [Parameter(ParameterSetName = "Time")]
    public int Minutes { get; set; }

    [Parameter(ParameterSetName = "Time")]
    public int Seconds { get; set; }

    [Parameter(ParameterSetName = "Time")]
    public int Milliseconds { get; set; }

    protected override void ProcessRecord()
    {
        DateTime now = DateTime.Now;
        WriteObject(ParameterSetName == "Date"
            ? (End ?? now) - (Start ?? now)
            : new TimeSpan(Days, Hours, Minutes, Seconds, Milliseconds));
    }
}

[Cmdlet(VerbsDiagnostic.Measure, "Command")]
[OutputType(typeof(TimeSpan))]
public sealed class MeasureCommandCommand : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; } = AutomationNull.Value;

    [Parameter(Position = 0, Mandatory = true)]
    public ScriptBlock Expression { get; set; } = null!;

    private readonly Stopwatch _watch = new();

    protected override void ProcessRecord()
    {
        object[] input = InputObject == AutomationNull.Value ? [] : [InputObject!];
        _watch.Start();
        InvokeCommand.InvokeScript(useLocalScope: false, Expression, input);
        _watch.Stop();
    }

    protected override void EndProcessing() => WriteObject(_watch.Elapsed);
}
