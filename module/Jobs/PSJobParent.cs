using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>
/// What Start-Job returns. A plain Job in the repository, so that the built-in cmdlets number, find, wait for, stop and remove
/// it like their own; everything it shows comes from its children.
/// </summary>
internal sealed class PSJobParent : Job
{
    private const string TypeName = "System.Management.Automation.PSRemotingJob";

    private readonly PSHost _host;
    private JobHandle? _handle;
    private bool _everythingReceived;
    private bool _disposed;
    private volatile bool _stopRequested;

    /// <param name="command">Text of the script.</param>
    /// <param name="name">Null or empty for the default, "Job" and the id.</param>
    /// <param name="owner">The runspace that started the job; the job ends with it.</param>
    /// <param name="host">Shows what the initialization script writes.</param>
    internal PSJobParent(string command, string? name, Runspace? owner, PSHost host)
        : base(command, name)
    {
        PSTypeNames.Replace(this, TypeName);
        PSJobTypeName = "BackgroundJob";
        Owner = owner;
        _host = host;
        AddChild(new PSJobChild(command));
        CloseStreams();
        SetJobState(JobState.Running);
    }

    internal Runspace? Owner { get; }

    /// <summary>The engine's number of the job; null when the engine refused it.</summary>
    internal ulong? EngineId => _handle?.Id;

    internal IEnumerable<PSJobChild> Children => ChildJobs.Cast<PSJobChild>();

    /// <summary>True until the job has ended and every child's records were received; then false for good.</summary>
    public override bool HasMoreData
    {
        get
        {
            if (!_everythingReceived && this.IsFinished())
            {
                _everythingReceived = !ChildJobs.Any(child => child.HasMoreData);
            }

            return !_everythingReceived;
        }
    }

    /// <summary>Null at all times, as in the built-in job.</summary>
    public override string StatusMessage => null!;

    public override string Location => string.Join(',', ChildJobs.Select(child => child.Location));

    /// <summary>Ties the object to the engine's job. Before any event of it is dispatched.</summary>
    internal void Attach(JobHandle handle)
    {
        _handle = handle;
        uint index = 0;
        foreach (PSJobChild child in Children)
        {
            child.Attach(handle, index++);
        }
    }

    /// <summary>The engine could not take the job.</summary>
    internal void Fail(EngineError error)
    {
        foreach (PSJobChild child in Children)
        {
            child.Fail(error);
        }
    }

    /// <summary>Takes an event of the engine. On the pump thread.</summary>
    internal void Dispatch(EngineEvent happened)
    {
        if (_disposed || happened.Child >= ChildJobs.Count)
        {
            return;
        }

        PSJobChild child = (PSJobChild)ChildJobs[(int)happened.Child];
        switch (happened.Kind)
        {
            case EventKind.ChildState:
                child.OnEngineState(happened.State);
                break;
            case EventKind.DataReady:
                child.OnRecords();
                break;
            case EventKind.Preparation:
                HostWriter.Write(_host, child.Records.Create([happened.Record])[0]);
                break;
        }
    }

    /// <summary>Gives one item to the script's input; dropped when the job has ended.</summary>
    internal void SendInput(string clixml) => _handle.Tell(job => job.TrySendInput(clixml));

    internal void CloseInput() => _handle.Tell(job => job.CloseInput());

    /// <summary>Asks the engine to stop the job; returns at once.</summary>
    internal void RequestStop()
    {
        if (_disposed || this.IsFinished())
        {
            return;
        }

        _stopRequested = true;
        _handle.Tell(job => job.Stop());
    }

    /// <summary>Stops the job and waits for its end.</summary>
    public override void StopJob()
    {
        if (_disposed || this.IsFinished())
        {
            return;
        }

        RequestStop();
        foreach (PSJobChild child in Children)
        {
            child.AwaitEnd();
        }
    }

    /// <summary>What the built-in's type inherits from Object.</summary>
    public override string ToString() => TypeName;

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            StopJob();
            _disposed = true;
            foreach (Job child in ChildJobs)
            {
                child.Dispose();
            }

            _handle?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void AddChild(PSJobChild child)
    {
        child.StateChanged += OnChildStateChanged;
        ChildJobs.Add(child);
    }

    /// <summary>A parent has no records of its own.</summary>
    private void CloseStreams()
    {
        Output.Complete();
        Error.Complete();
        Warning.Complete();
        Verbose.Complete();
        Debug.Complete();
        Progress.Complete();
        Information.Complete();
    }

    private void OnChildStateChanged(object? sender, JobStateEventArgs change)
    {
        JobState state = DeriveState();
        if (state != JobStateInfo.State && !this.IsFinished())
        {
            SetJobState(state);
        }
    }

    /// <summary>The parent's state follows from its children's; Stopped only if the stop was asked of the parent.</summary>
    private JobState DeriveState()
    {
        List<JobState> states = [.. ChildJobs.Select(child => child.JobStateInfo.State)];
        if (states.All(JobStates.IsFinished))
        {
            return states.Contains(JobState.Failed) ? JobState.Failed : _stopRequested ? JobState.Stopped : JobState.Completed;
        }

        return states.Contains(JobState.Blocked) ? JobState.Blocked : JobState.Running;
    }
}
