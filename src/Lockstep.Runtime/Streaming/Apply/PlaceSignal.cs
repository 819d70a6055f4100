namespace Lockstep.Runtime.Streaming.Apply;

/// <summary>A place that moves on, and those who wait for it to come to somewhere.</summary>
sealed class PlaceSignal(long place)
{
    readonly Lock _gate = new();
    readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    long _place = place;
    Exception? _ended;

    public long Place => Volatile.Read(ref _place);

    public void Advance(long place)
    {
        List<TaskCompletionSource> reached = [];
        lock (_gate)
        {
            Volatile.Write(ref _place, Math.Max(_place, place));
            while (_waiting.TryPeek(out var waiter, out var wanted) && wanted <= _place)
            {
                _waiting.Dequeue();
                reached.Add(waiter);
            }
        }
        foreach (var waiter in reached) waiter.TrySetResult();
    }

    /// <summary>It moves no further: who waits, and who will, is told why.</summary>
    public void End(Exception why)
    {
        List<TaskCompletionSource> left = [];
        lock (_gate)
        {
            _ended = why;
            while (_waiting.TryDequeue(out var waiter, out _)) left.Add(waiter);
        }
        foreach (var waiter in left) waiter.TrySetException(why);
    }

    public Task WaitAsync(long place, CancellationToken token)
    {
        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_place >= place) return Task.CompletedTask;
            if (_ended is not null) return Task.FromException(_ended);
            waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(waiter, place);
        }
        return waiter.Task.WaitAsync(token);
    }
}
