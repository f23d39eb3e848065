using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Remoting.Internal;
using System.Management.Automation.Runspaces;
using PSJob.Jobs;
using PSJob.Native;

namespace PSJob.Cmdlets;

/// <summary>
/// Writes records through a cmdlet, each to its own stream, and knows at any moment which was the last that the pipeline took:
/// a stop or a downstream <c>Select-Object -First</c> may end it between any two.
/// </summary>
internal sealed class RecordWriter(PSCmdlet cmdlet)
{
    /// <summary>Sequence number of the last record that the pipeline took; 0 before the first.</summary>
    internal ulong Taken { get; private set; }

    /// <summary>Writes a batch in order.</summary>
    /// <param name="records">In the order of the log.</param>
    /// <param name="source">Named by the objects as their source job if they came while somebody waited; else null.</param>
    internal void Write(JobRecord[] records, PSJobChild? source)
    {
        foreach (JobRecord record in records)
        {
            if (cmdlet.Stopping)
            {
                throw new PipelineStoppedException();
            }

            // From here on it counts as taken: an exception comes from downstream, which has got the record, or is the
            // record (-ErrorAction Stop).
            Taken = record.Sequence;
            if (record.Stream == RecordStream.Output)
            {
                PutOutput((PSObject?)record.Value, source);
            }
            else
            {
                Put(record.Value, source);
            }
        }
    }

    /// <summary>Writes an error that keeps its own id and invocation.</summary>
    internal void WriteError(ErrorRecord error) => Put(PSStreamObjectType.Error, error);

    private void PutOutput(PSObject? value, PSJobChild? source)
    {
        if (source is not null && value is not null)
        {
            value.Properties.Remove("PSSourceJobInstanceId");
            value.Properties.Add(new PSNoteProperty("PSSourceJobInstanceId", source.InstanceId));
        }

        cmdlet.WriteObject(value);
    }

    private void Put(object? value, PSJobChild? source)
    {
        switch (value)
        {
            case ErrorRecord error:
                Put(PSStreamObjectType.Error, error);
                break;
            case WarningRecord warning:
                Put(PSStreamObjectType.Warning, warning.Message);
                break;
            case VerboseRecord verbose:
                Put(PSStreamObjectType.Verbose, verbose.Message);
                break;
            case DebugRecord debug:
                Put(PSStreamObjectType.Debug, debug.Message);
                break;
            case ProgressRecord progress:
                Put(PSStreamObjectType.Progress, source is null ? progress : new RemotingProgressRecord(progress, OriginOf(source)));
                break;
            case InformationRecord information:
                Put(PSStreamObjectType.Information, source is null ? information : new RemotingInformationRecord(information, OriginOf(source)));
                break;
            case HostCall call:
                Run(call);
                break;
        }
    }

    /// <summary>A host that cannot show something costs an error record, as with the built-in (ClientMethodExecutor.cs).</summary>
    private void Run(HostCall call)
    {
        try
        {
            call.Run(cmdlet.Host);
        }
        catch (Exception failure) when (failure is not PipelineStoppedException)
        {
            cmdlet.WriteError(new ErrorRecord(failure, "RemoteHostCallFailed", ErrorCategory.InvalidArgument, call.Method));
        }
    }

    /// <summary>PowerShell's own way to write what another pipeline wrote: errors keep their ids, and nothing asks the user.</summary>
    private void Put(PSStreamObjectType type, object value) => new PSStreamObject(type, value).WriteStreamObject(cmdlet, overrideInquire: true);

    private static OriginInfo OriginOf(PSJobChild source) =>
        new(source.Records.Origin.PSComputerName, source.Records.Origin.RunspaceID, source.InstanceId);
}
