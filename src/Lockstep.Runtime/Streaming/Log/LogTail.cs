namespace Lockstep.Runtime.Streaming.Log;

/// <summary>The newest batches of one partition in memory, for those who apply them at their own pace.</summary>
public sealed class LogTail(long last, long maxBytes)
{
    readonly Lock _gate = new();
    readonly Queue<LogBatch> _batches = new();
    long _bytes;
    long _floor = last; // places up to here are not here
    long _last = last;
    TaskCompletionSource _more = New();

    /// <summary>The last place that was logged.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>For the one who logs.</summary>
    public void Add(LogBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        TaskCompletionSource wake;
        lock (_gate)
        {
            _batches.Enqueue(batch);
            _bytes += batch.Bytes;
            while (_bytes > maxBytes && _batches.Count > 1)
            {
                var oldest = _batches.Dequeue();
                _bytes -= oldest.Bytes;
                _floor = oldest.Last;
            }
            Volatile.Write(ref _last, batch.Last);
            (wake, _more) = (_more, New());
        }
        wake.SetResult();
    }

    /// <summary>Batches behind a place, oldest first, up to about so many rows; false: what follows it has left the memory.</summary>
    public bool TryTake(long after, int rows, List<LogBatch> to)
    {
        ArgumentNullException.ThrowIfNull(to);
        lock (_gate)
        {
            if (after < _floor) return false;
            foreach (var batch in _batches)
            {
                if (batch.Last <= after) continue;
                to.Add(batch.After(after));
                if ((rows -= batch.Rows.Count) <= 0) break;
            }
            return true;
        }
    }

    /// <summary>Waits until there is something behind a place.</summary>
    public async ValueTask WaitAsync(long after, CancellationToken token)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_last > after) return;
                more = _more.Task;
            }
            await more.WaitAsync(token);
        }
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
