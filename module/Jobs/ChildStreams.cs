using System.Management.Automation;
using PSJob.Native;

namespace PSJob.Jobs;

/// <summary>
/// The stream collections of a child. They stay empty until somebody reads one of them; from then on they hold every record
/// of the log, received or not.
/// </summary>
/// <remarks>
/// The collections are ours, not the base class's: that one completes its own when the job ends, and a completed
/// collection could not be filled at a later first read.
/// </remarks>
internal sealed class ChildStreams : IDisposable
{
    private const int BatchSize = 256;

    private readonly Lock _gate = new();
    private readonly PSDataCollection<PSObject> _output = [];
    private readonly PSDataCollection<ErrorRecord> _error = [];
    private readonly PSDataCollection<WarningRecord> _warning = [];
    private readonly PSDataCollection<VerboseRecord> _verbose = [];
    private readonly PSDataCollection<DebugRecord> _debug = [];
    private readonly PSDataCollection<ProgressRecord> _progress = [];
    private readonly PSDataCollection<InformationRecord> _information = [];
    private readonly Func<ulong, int, JobRecord[]> _readLog;

    private ulong _next = 1;
    private bool _wanted;
    private bool _ended;
    private bool _completed;

    /// <param name="job">Gets the collections as its own; must not run yet.</param>
    /// <param name="readLog">Reads the log from a sequence number on, at most so many records.</param>
    internal ChildStreams(Job job, Func<ulong, int, JobRecord[]> readLog)
    {
        _readLog = readLog;
        job.Output = _output;
        job.Error = _error;
        job.Warning = _warning;
        job.Verbose = _verbose;
        job.Debug = _debug;
        job.Progress = _progress;
        job.Information = _information;

        // The setters count as a first read; only the next one shall.
        job.UnloadJobStreams();
    }

    /// <summary>Somebody reads a collection for the first time.</summary>
    internal void Load()
    {
        lock (_gate)
        {
            _wanted = true;
            Fill();
            CompleteIfDone();
        }
    }

    /// <summary>Adds what has arrived, if anybody wants it.</summary>
    internal void CatchUp()
    {
        lock (_gate)
        {
            if (_wanted && !_completed)
            {
                Fill();
            }
        }
    }

    /// <summary>Nothing comes after this.</summary>
    internal void Complete()
    {
        lock (_gate)
        {
            _ended = true;
            CompleteIfDone();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _wanted = _ended = true;
            CompleteIfDone();
            _output.Dispose();
            _error.Dispose();
            _warning.Dispose();
            _verbose.Dispose();
            _debug.Dispose();
            _progress.Dispose();
            _information.Dispose();
        }
    }

    private void Fill()
    {
        for (JobRecord[] batch = _readLog(_next, BatchSize); batch.Length > 0; batch = _readLog(_next, BatchSize))
        {
            foreach (JobRecord record in batch)
            {
                try
                {
                    Add(record);
                }
                catch (Exception)
                {
                    // From a handler of DataAdded: its errors are not the job's (Job.cs treats StateChanged handlers so).
                }
            }

            _next = batch[^1].Sequence + 1;
        }
    }

    private void Add(JobRecord record)
    {
        switch (record.Stream)
        {
            case RecordStream.Output:
                _output.Add((PSObject)record.Value!);
                break;
            case RecordStream.Error:
                _error.Add((ErrorRecord)record.Value!);
                break;
            case RecordStream.Warning:
                _warning.Add((WarningRecord)record.Value!);
                break;
            case RecordStream.Verbose:
                _verbose.Add((VerboseRecord)record.Value!);
                break;
            case RecordStream.Debug:
                _debug.Add((DebugRecord)record.Value!);
                break;
            case RecordStream.Progress:
                _progress.Add((ProgressRecord)record.Value!);
                break;
            case RecordStream.Information:
                _information.Add((InformationRecord)record.Value!);
                break;
        }
    }

    private void CompleteIfDone()
    {
        if (_completed || !_wanted || !_ended)
        {
            return;
        }

        _completed = true;
        _output.Complete();
        _error.Complete();
        _warning.Complete();
        _verbose.Complete();
        _debug.Complete();
        _progress.Complete();
        _information.Complete();
    }
}
