using System.Management.Automation;
using PSJob.Jobs;
using PSJob.Native;

namespace PSJob.Cmdlets;

/// <summary>Moves a child's waiting records into the pipeline of one Receive-Job. On the pipeline thread.</summary>
/// <param name="cmdlet">Writes the records.</param>
/// <param name="preferences">Of the cmdlet.</param>
/// <param name="keep">Leaves the receive cursor where it is.</param>
internal sealed class JobReceiver(PSCmdlet cmdlet, StreamPreferences preferences, bool keep)
{
    private const int BatchSize = 256;

    /// <summary>Writes what has arrived up to now, and no more: a job that writes without end does not hold the caller.</summary>
    internal void ReceiveStored(PSJobChild child)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Receive(child, live: false, record => record.Time <= now, passes: int.MaxValue);
    }

    /// <summary>Writes what is there for a caller who waits for more.</summary>
    /// <returns>False when a batch was left, so that other jobs have their turn.</returns>
    internal bool ReceiveLive(PSJobChild child) => Receive(child, live: true, _ => true, passes: 1);

    private bool Receive(PSJobChild child, bool live, Func<RawRecord, bool> wanted, int passes)
    {
        if (!child.TryBeginReceive())
        {
            return true;
        }

        try
        {
            ulong next = 0;
            for (int pass = 0; pass < passes; pass++)
            {
                RawRecord[] waiting = child.Peek(next, BatchSize);
                RawRecord[] batch = [.. waiting.TakeWhile(wanted)];
                if (batch.Length > 0)
                {
                    next = Deliver(child, batch, live);
                }

                if (batch.Length < BatchSize)
                {
                    return true;
                }
            }

            return false;
        }
        finally
        {
            child.EndReceive();
        }
    }

    /// <summary>Writes a batch and moves the cursor past what the pipeline took of it, however it ended.</summary>
    /// <returns>Where to go on.</returns>
    private ulong Deliver(PSJobChild child, RawRecord[] batch, bool live)
    {
        RecordWriter writer = new(cmdlet, preferences, child, live);
        try
        {
            writer.Write(child.Records.Create(batch));
        }
        finally
        {
            if (!keep && writer.Taken > 0)
            {
                child.Consume(writer.Taken);
            }
        }

        return keep ? batch[^1].Sequence + 1 : 0;
    }
}
