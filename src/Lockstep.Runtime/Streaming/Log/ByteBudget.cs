namespace Lockstep.Runtime.Streaming.Log;

/// <summary>Bytes that may be under way at once. Who wants more waits; one that is larger than all of it waits until it is alone.</summary>
sealed class ByteBudget(long total)
{
    readonly Lock _gate = new();
    readonly Queue<(long Bytes, TaskCompletionSource Turn)> _waiting = new();
    long _taken;

    public ValueTask TakeAsync(long bytes, CancellationToken token)
    {
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _taken += bytes;
                return ValueTask.CompletedTask;
            }
            _waiting.Enqueue((bytes, turn = new(TaskCreationOptions.RunContinuationsAsynchronously)));
        }
        return WaitAsync(turn, token);
    }

    static async ValueTask WaitAsync(TaskCompletionSource turn, CancellationToken token)
    {
        await using var cancel = token.Register(static state => ((TaskCompletionSource)state!).TrySetCanceled(), turn);
        await turn.Task;
    }

    public void Return(long bytes)
    {
        lock (_gate)
        {
            _taken -= bytes;
            while (_waiting.TryPeek(out var next) && (Fits(next.Bytes) || next.Turn.Task.IsCanceled))
            {
                _waiting.Dequeue();
                if (next.Turn.TrySetResult()) _taken += next.Bytes;
            }
        }
    }

    bool Fits(long bytes) => _taken == 0 || _taken + bytes <= total;
}
