namespace Lockstep.Runtime.Streaming.Readers;

/// <summary>Keeps a reader running: after a failure it is called again, later and later.</summary>
sealed class ReaderRun : IAsyncDisposable
{
    static readonly TimeSpan MinWait = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    readonly IStreamReader _reader;
    readonly TimeProvider _clock;
    readonly CancellationTokenSource _stop = new();
    readonly Task _running;

    public ReaderRun(IStreamReader reader, ReaderStatus status, TimeProvider clock)
    {
        (_reader, _clock, Status) = (reader, clock, status);
        _running = Task.Run(RunAsync);
    }

    public ReaderStatus Status { get; }

    async Task RunAsync()
    {
        for (var wait = MinWait; !_stop.IsCancellationRequested; wait = wait * 2 < MaxWait ? wait * 2 : MaxWait)
        {
            var begun = _clock.GetTimestamp();
            try
            {
                await _reader.RunAsync(Status, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (ReaderStoppedException e)
            {
                Status.Stopped(e.Message);
                wait = MaxWait;
            }
            catch (Exception e) // whatever it is: what is logged is safe, the other sources go on, and the next try may succeed
            {
                Status.Waiting(e.Message);
                if (_clock.GetElapsedTime(begun) > MaxWait) wait = MinWait;
            }
            await Task.Delay(wait, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
