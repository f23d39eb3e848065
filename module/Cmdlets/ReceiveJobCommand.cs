using System.Management.Automation;
using PSJob.Cmdlets;
using PSJob.Jobs;

// The error ids of a cmdlet end in the full name of its class: to be the built-in's to the letter, the name must be, too.
namespace Microsoft.PowerShell.Commands;

/// <summary>Writes what jobs have written, in the order in which it arrived.</summary>
[Cmdlet(VerbsCommunications.Receive, "Job", DefaultParameterSetName = JobSet)]
public sealed class ReceiveJobCommand : PSCmdlet, IDisposable
{
    // The built-in's names of the parameter sets; Get-Command shows them.
    private const string JobSet = "Location";
    private const string NameSet = "NameParameterSet";
    private const string IdSet = "SessionIdParameterSet";

    private readonly List<Job> _foreign = [];
    private readonly List<ErrorRecord> _failures = [];
    private readonly JobWaiter _waiter = new();
    private JobReceiver? _receiver;
    private bool _keep;
    private bool _wait;

    /// <summary>The jobs.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = JobSet)]
    public Job[]? Job { get; set; }

    /// <summary>Names of jobs; wildcards are allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <summary>Ids of jobs.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = IdSet)]
    public int[]? Id { get; set; }

    /// <summary>Leaves the records to be received again.</summary>
    [Parameter]
    public SwitchParameter Keep
    {
        get => _keep;
        set
        {
            _keep = value;
            RefuseWaitWithKeep();
        }
    }

    /// <summary>Goes on until the jobs have ended.</summary>
    [Parameter]
    public SwitchParameter Wait
    {
        get => _wait;
        set
        {
            _wait = value;
            RefuseWaitWithKeep();
        }
    }

    /// <summary>Removes each named job when it has ended and is received.</summary>
    [Parameter]
    public SwitchParameter AutoRemoveJob { get; set; }

    /// <inheritdoc/>
    public void Dispose() => _waiter.Dispose();

    /// <summary>Checks what no single parameter can.</summary>
    protected override void BeginProcessing()
    {
        if (AutoRemoveJob && !_wait)
        {
            throw new PSInvalidOperationException("-AutoRemoveJob needs -Wait.");
        }

        _receiver = new JobReceiver(this, new StreamPreferences(this), _keep);
    }

    /// <summary>Writes what the jobs have so far.</summary>
    protected override void ProcessRecord()
    {
        foreach (Job job in SelectJobs())
        {
            if (OwnJob.Of(job) is { } own)
            {
                ReceiveStored(own);
            }
            else
            {
                _foreign.Add(job);
            }
        }
    }

    /// <summary>Waits for the rest if asked to, and ends with the reasons of failed jobs.</summary>
    protected override void EndProcessing()
    {
        foreach (OwnJob ended in _waiter.ReceiveUntilEnd(_receiver!))
        {
            Conclude(ended);
        }

        _failures.ForEach(error => RecordWriter.WriteError(this, error));
        if (_foreign.Count > 0)
        {
            ForeignJobs.Receive(this, _foreign, SwitchesGiven());
        }
    }

    /// <summary>Ends the waiting; the jobs run on. On the thread that stops the pipeline.</summary>
    protected override void StopProcessing() => _waiter.Stop();

    private IEnumerable<Job> SelectJobs() => ParameterSetName switch
    {
        NameSet => new JobLookup(this).ByName(Name!),
        IdSet => new JobLookup(this).ById(Id!),
        _ => Job!,
    };

    private void ReceiveStored(OwnJob own)
    {
        if (_wait)
        {
            _waiter.Add(own);
        }

        foreach (PSJobChild child in own.Children)
        {
            _receiver!.ReceiveStored(child);
        }

        if (!_wait)
        {
            _failures.AddRange(own.Failures());
        }
    }

    private void Conclude(OwnJob ended)
    {
        // First, so that -ErrorAction Stop on the reason does not keep the job.
        List<ErrorRecord> errors = [.. ended.Failures()];
        if (AutoRemoveJob && ended.Remove(JobRepository) is { } failure)
        {
            errors.Add(failure);
        }

        errors.ForEach(error => RecordWriter.WriteError(this, error));
    }

    private IEnumerable<string> SwitchesGiven()
    {
        if (_keep)
        {
            yield return nameof(Keep);
        }

        if (_wait)
        {
            yield return nameof(Wait);
        }

        if (AutoRemoveJob)
        {
            yield return nameof(AutoRemoveJob);
        }
    }

    private void RefuseWaitWithKeep()
    {
        if (_wait && _keep)
        {
            throw new PSInvalidOperationException("-Wait and -Keep cannot be used together.");
        }
    }
}
