using System.ComponentModel;
using System.Management.Automation;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>
/// One worker's part of a job: mirrors the engine's child, and is where the records are. A Job2, because only that can
/// carry the reason of a failure.
/// </summary>
/// <remarks>
/// All transitions are made on the pump thread, in the engine's order. Records are read on any thread.
/// </remarks>
internal sealed class PSJobChild : Job2
{
    private const string ComputerName = "localhost";
    private const string TypeName = "System.Management.Automation.PSRemotingChildJob";

    private static readonly TimeSpan s_answerDeadline = TimeSpan.FromSeconds(10);

    private readonly ChildStreams _streams;
    private JobHandle? _handle;
    private uint _index;
    private RecordFactory? _factory;
    private bool _ending;
    private int _receiving;

    internal PSJobChild(string command)
        : base(command)
    {
        PSTypeNames.Replace(this, TypeName);
        _streams = new ChildStreams(this, ReadLog);
        StateChanged += OnStateChanged;
    }

    /// <summary>Records have arrived, or child and parent have a new state. Raised on the pump thread: return quickly.</summary>
    internal event Action? Changed;

    /// <summary>Empty at all times, as in the built-in job.</summary>
    public override string StatusMessage => "";

    /// <summary>True until the job has ended and every record was received. Loads no stream.</summary>
    public override bool HasMoreData => !this.IsFinished() || _handle.Ask(job => job.HasMoreData(_index), otherwise: false);

    public override string Location => ComputerName;

    /// <summary>The error record that Receive-Job writes last for a failed child.</summary>
    internal ErrorRecord? FailureRecord { get; private set; }

    /// <summary>Origin of the child's records; from the start on.</summary>
    internal RecordFactory Records => _factory ??= new RecordFactory(ComputerName, _handle.Ask(job => job.SessionId(_index), Guid.Empty));

    /// <summary>Ties the object to the engine's child. Before any event of it is dispatched.</summary>
    internal void Attach(JobHandle handle, uint index)
    {
        _handle = handle;
        _index = index;
    }

    /// <summary>The engine could not take the job.</summary>
    internal void Fail(EngineError error) => End(EngineState.Failed, error);

    /// <summary>The engine's child has entered a state. On the pump thread.</summary>
    internal void OnEngineState(EngineState state)
    {
        if (state.IsEnd())
        {
            End(state, reason: null);
        }
        else if (!_ending && state.ToJobState() != JobStateInfo.State)
        {
            SetJobState(state.ToJobState());
            Changed?.Invoke();
        }
    }

    /// <summary>The engine's log has new records. On the pump thread.</summary>
    internal void OnRecords()
    {
        _streams.CatchUp();
        Changed?.Invoke();
    }

    /// <summary>
    /// Claims the receive cursor. A second receiver (another runspace, or one further down the same pipeline) gets nothing
    /// meanwhile, just as the built-in's would, whose first one has taken all there was.
    /// </summary>
    internal bool TryBeginReceive() => Interlocked.CompareExchange(ref _receiving, 1, 0) == 0;

    internal void EndReceive() => Volatile.Write(ref _receiving, 0);

    /// <summary>Looks at waiting records; nothing once the job is removed.</summary>
    /// <param name="from">First sequence number wanted; 0 is the oldest that nobody has received.</param>
    /// <param name="limit">At most so many.</param>
    internal RawRecord[] Peek(ulong from, int limit) => _handle.Ask(job => job.Peek(_index, from, limit), otherwise: []);

    /// <summary>Moves the receive cursor past a record.</summary>
    internal void Consume(ulong through) => _handle.Tell(job => job.Consume(_index, through));

    /// <summary>Whether a record of the child is a question that still waits for its answer.</summary>
    internal bool IsOpenQuestion(ulong sequence) => _handle.Ask(job => job.OpenQuestion(_index), otherwise: 0UL) == sequence;

    /// <summary>Answers a question with a value (CLIXML).</summary>
    internal void Answer(ulong question, string clixml) => Unblock(job => job.Answer(_index, question, clixml));

    /// <summary>Refuses a question: the script's call throws an exception with the message.</summary>
    internal void Refuse(ulong question, string message) => Unblock(job => job.Refuse(_index, question, message));

    /// <summary>Blocks until the child has ended.</summary>
    internal void AwaitEnd()
    {
        if (!JobEngine.OnPumpThread)
        {
            try
            {
                Finished.WaitOne();
            }
            catch (ObjectDisposedException)
            {
                // Removed on another thread meanwhile, and so ended.
            }
        }
        else if (!_ending)
        {
            // An event handler stops a job: the events go on from in here.
            JobEngine.Instance.PumpUntil(this.IsFinished);
        }
    }

    public override void StopJob()
    {
        if (!this.IsFinished())
        {
            _handle.Tell(job => job.StopChild(_index));
            AwaitEnd();
        }
    }

    public override void StopJob(bool force, string reason) => StopJob();

    public override void StopJobAsync() => ThreadPool.QueueUserWorkItem(_ => OnStopJobCompleted(new AsyncCompletedEventArgs(Attempt(StopJob), false, null)));

    public override void StopJobAsync(bool force, string reason) => StopJobAsync();

    // A job of this kind is started by Start-Job alone, and nothing in PowerShell 7 suspends jobs.
    public override void StartJob() => throw NotSupported();

    public override void StartJobAsync() => throw NotSupported();

    public override void SuspendJob() => throw NotSupported();

    public override void SuspendJob(bool force, string reason) => throw NotSupported();

    public override void SuspendJobAsync() => throw NotSupported();

    public override void SuspendJobAsync(bool force, string reason) => throw NotSupported();

    public override void ResumeJob() => throw NotSupported();

    public override void ResumeJobAsync() => throw NotSupported();

    public override void UnblockJob() => throw NotSupported();

    public override void UnblockJobAsync() => throw NotSupported();

    /// <summary>What the built-in's type inherits from Object.</summary>
    public override string ToString() => TypeName;

    protected override void DoLoadJobStreams() => _streams.Load();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _streams.Dispose();
        }

        base.Dispose(disposing);
    }

    private static PSNotSupportedException NotSupported() => new("A background job can be stopped, but not started again, suspended or resumed.");

    private static Exception? Attempt(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    /// <summary>
    /// Tells the engine what ends the Blocked state, and waits until that shows: a Wait-Job right behind Receive-Job shall
    /// not find the job blocked.
    /// </summary>
    private void Unblock(Action<JobHandle> answer)
    {
        // Not disposed: the pump may be on its way into Check when this returns.
        ManualResetEventSlim unblocked = new();
        void Check()
        {
            if (JobStateInfo.State != JobState.Blocked)
            {
                unblocked.Set();
            }
        }

        Changed += Check;
        try
        {
            _handle.Tell(answer);
            if (!JobEngine.OnPumpThread)
            {
                unblocked.Wait(s_answerDeadline);
            }
        }
        finally
        {
            Changed -= Check;
        }
    }

    /// <summary>Makes the last transition, once: all records first, then the state.</summary>
    private void End(EngineState state, EngineError? reason)
    {
        if (_ending)
        {
            return;
        }

        _ending = true;
        _streams.CatchUp();
        JobFailure? failure = state == EngineState.Failed ? DescribeFailure(reason) : null;
        FailureRecord = failure?.Record;
        SetJobState(state.ToJobState(), failure?.Reason);
        Changed?.Invoke();
    }

    private JobFailure DescribeFailure(EngineError? reason) => JobFailure.From(
        reason ?? _handle.Ask(job => job.Reason(_index), null) ?? new EngineError(NativeMethods.PSJOB_STATUS_OK, "The job failed without a reason."), Records);

    private JobRecord[] ReadLog(ulong from, int limit)
    {
        RawRecord[] batch = _handle.Ask(job => job.Read(_index, from, limit), otherwise: []);
        return batch.Length > 0 ? Records.Create(batch) : [];
    }

    private void OnStateChanged(object? sender, JobStateEventArgs change)
    {
        if (change.JobStateInfo.State.IsFinished())
        {
            _streams.Complete();
        }
    }
}
