using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Remoting.Internal;
using System.Management.Automation.Runspaces;
using PSJob.Jobs;
using PSJob.Native;

namespace PSJob.Cmdlets;

/// <summary>
/// Writes a child's records through a cmdlet, each to its own stream, and knows at any moment which was the last that the
/// pipeline took: a stop or a downstream <c>Select-Object -First</c> may end it between any two.
/// </summary>
/// <param name="cmdlet">Whose streams and host.</param>
/// <param name="preferences">Of the cmdlet.</param>
/// <param name="child">Whose records.</param>
/// <param name="live">Whether the caller waits for the job; objects then name the child that they come from.</param>
internal sealed class RecordWriter(PSCmdlet cmdlet, StreamPreferences preferences, PSJobChild child, bool live)
{
    private const string SourceNote = "PSSourceJobInstanceId";

    /// <summary>Sequence number of the last record that the pipeline took; 0 before the first.</summary>
    internal ulong Taken { get; private set; }

    private OriginInfo Origin => new(child.Records.Origin.PSComputerName, child.Records.Origin.RunspaceID, child.InstanceId);

    /// <summary>Writes an error that keeps its own id and invocation.</summary>
    internal static void WriteError(PSCmdlet cmdlet, ErrorRecord error) => Put(cmdlet, PSStreamObjectType.Error, error);

    /// <summary>Writes a batch in the order of the log.</summary>
    internal void Write(JobRecord[] records)
    {
        for (int index = 0; index < records.Length; index++)
        {
            JobRecord record = records[index];
            if (cmdlet.Stopping)
            {
                throw new PipelineStoppedException();
            }

            if (record.Value is HostCall { NeedsAnswer: true } question)
            {
                // Stopped while it is asked, it is asked again next time.
                Ask(question, record.Sequence);
                Taken = record.Sequence;
            }
            else if (index + 1 < records.Length && IsShownBy(record, records[index + 1]) && preferences.TryShow(() => Take(record)))
            {
                Taken = records[++index].Sequence;
            }
            else
            {
                Take(record);
            }
        }
    }

    /// <summary>
    /// Write-Information of a job whose preference is to show it sends the record and then the call that shows it. Joined
    /// again they can be redirected; a call that comes in a later batch is made as it is.
    /// </summary>
    private static bool IsShownBy(JobRecord record, JobRecord next) =>
        record.Value is InformationRecord information
        && next.Value is HostCall { Method: HostMethod.WriteLine2 } call
        && call.Text(0) == information.ToString();

    private void Take(JobRecord record)
    {
        // From here on it counts as taken: an exception comes from downstream, which has got the record, or is the record
        // (-ErrorAction Stop).
        Taken = record.Sequence;
        if (record.Stream == RecordStream.Output)
        {
            PutOutput((PSObject?)record.Value);
        }
        else
        {
            Put(record.Value);
        }
    }

    private void PutOutput(PSObject? value)
    {
        if (live && value is not null)
        {
            value.Properties.Remove(SourceNote);
            value.Properties.Add(new PSNoteProperty(SourceNote, child.InstanceId));
        }

        cmdlet.WriteObject(value);
    }

    private void Put(object? value)
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
                Put(PSStreamObjectType.Progress, live ? new RemotingProgressRecord(progress, Origin) : progress);
                break;
            case InformationRecord information:
                Put(PSStreamObjectType.Information, live ? new RemotingInformationRecord(information, Origin) : information);
                break;
            case HostCall call:
                Run(call);
                break;
        }
    }

    private void Put(PSStreamObjectType type, object value) => Put(cmdlet, type, value);

    /// <summary>PowerShell's own way to write what another pipeline wrote: errors keep their ids, and nothing asks the user.</summary>
    private static void Put(PSCmdlet cmdlet, PSStreamObjectType type, object value) =>
        new PSStreamObject(type, value).WriteStreamObject(cmdlet, overrideInquire: true);

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

    /// <summary>Puts a question to the user; one that was answered before is not asked again. A host that cannot ask fails the script's call.</summary>
    private void Ask(HostCall question, ulong sequence)
    {
        if (!child.IsOpenQuestion(sequence))
        {
            return;
        }

        try
        {
            child.Answer(sequence, PSSerializer.Serialize(HostQuestion.Ask(question, cmdlet.Host)));
        }
        catch (Exception failure) when (failure is not PipelineStoppedException)
        {
            child.Refuse(sequence, failure.Message);
        }
    }
}
