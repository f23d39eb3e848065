using PSJob.Jobs;

namespace PSJob.Cmdlets;

/// <summary>The jobs that one Receive-Job -Wait waits for, and the event that wakes it.</summary>
internal sealed class JobWaiter : IDisposable
{
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly List<OwnJob> _open = [];
    private readonly List<OwnJob> _watched = [];
    private volatile bool _stopped;

    /// <summary>Adds a job, before its records are looked at for the first time. Twice is once.</summary>
    internal void Add(OwnJob own)
    {
        if (_watched.Any(known => known.Job == own.Job))
        {
            return;
        }

        _open.Add(own);
        _watched.Add(own);
        foreach (PSJobChild child in own.Children)
        {
            child.Changed += Wake;
        }
    }

    /// <summary>Receives from all jobs in turn as records come.</summary>
    /// <returns>Each job, when it has ended and its last record is written.</returns>
    internal IEnumerable<OwnJob> ReceiveUntilEnd(JobReceiver receiver)
    {
        while (_open.Count > 0 && !_stopped)
        {
            bool drained = true;
            foreach (OwnJob own in _open.ToList())
            {
                // Asked before receiving: what a finished job has then is all there will ever be.
                bool finished = own.IsFinished;
                bool empty = own.Children.Aggregate(true, (all, child) => receiver.ReceiveLive(child) && all);
                drained &= empty;
                if (finished && empty)
                {
                    _open.Remove(own);
                    yield return own;
                }
            }

            if (drained && _open.Count > 0)
            {
                _wake.WaitOne();
            }
        }
    }

    /// <summary>Wakes the waiting thread for good.</summary>
    internal void Stop()
    {
        _stopped = true;
        Wake();
    }

    public void Dispose()
    {
        foreach (PSJobChild child in _watched.SelectMany(own => own.Children))
        {
            child.Changed -= Wake;
        }

        _watched.Clear();
    }

    // Not disposed with the waiter: a pump thread may be on its way in here.
    private void Wake() => _wake.Set();
}
