using Lockstep.Core;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Apply;

// Applies one partition of a log to one view, at its own pace: from the writer's memory where it keeps up, from the log's files where it
// has fallen behind or begins. A failure of the store is tried again, later and later: events wait in the log meanwhile, and nothing is
// passed over.
/// <summary>Brings a view up to the end of a partition and keeps it there.</summary>
sealed class Follower : IAsyncDisposable
{
    /// <summary>Events of one write: as many as came meanwhile, up to here. A store that is busy gets large writes, in which events share keys, and keys pages.</summary>
    const int RowsPerWrite = 64 * 1024;

    static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(1);
    static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    readonly LogWriter _writer;
    readonly IEventApplier _applier;
    readonly AppliedMeaningCheck _meaning;
    readonly IOnlineStore _store;
    readonly TimeProvider _clock;
    readonly CancellationTokenSource _stop = new();
    readonly Task _running;
    readonly PlaceSignal _applied = new(-2);
    long _savedAt;
    long _saved = -1;
    ApplyCounts _counts;

    public Follower(LogWriter writer, IEventApplier applier, AppliedMeaningCheck meaning, IOnlineStore store, TimeProvider clock)
    {
        (_writer, _applier, _meaning, _store, _clock) = (writer, applier, meaning, store, clock);
        _running = Task.Run(RunAsync);
    }

    public string View => _applier.View;
    public uint Partition => _writer.Partition;

    /// <summary>The last place that is online; -2: it is not known yet.</summary>
    public long Place => _applied.Place;

    /// <summary>When the last event that is online was logged, microseconds.</summary>
    public long AppliedUpTo { get; private set; } = long.MinValue;

    public ApplyCounts Counts => _counts;

    /// <summary>Events applied.</summary>
    public long Rows { get; private set; }

    /// <summary>Why the last try failed; null: it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>Completes when everything up to a place is online.</summary>
    public Task WaitAsync(long place, CancellationToken token) => _applied.WaitAsync(place, token);

    async Task RunAsync()
    {
        try
        {
            var place = await TryAsync(async () =>
            {
                await _meaning.EnsureAsync(_stop.Token);
                return await AppliedPlace.ReadAsync(_store, View, Partition, _stop.Token);
            });
            _saved = place;
            _applied.Advance(place);
            List<LogBatch> batches = [];
            while (true)
            {
                batches.Clear();
                if (!_writer.Tail.TryTake(place, RowsPerWrite, batches)) place = await CatchUpAsync(place);
                else if (batches.Count > 0) place = await ApplyAsync(batches);
                else
                {
                    await SaveAsync(place, force: false);
                    await _writer.Tail.WaitAsync(place, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _applied.End(new LockstepException(ErrorKind.Conflict, $"View '{View}' is not brought up to date here any more. What was logged is applied by whoever takes over."));
        }
        catch (Exception e)
        {
            Problem = e.Message;
            _applied.End(e);
            throw;
        }
    }

    /// <summary>What has left the memory of the writer is in the log.</summary>
    ValueTask<long> CatchUpAsync(long place) => TryAsync(async () =>
    {
        var look = _writer.Log.Look(_stop.Token);
        List<LogBatch> some = [];
        var rows = 0;
        foreach (var batch in look.Read(Partition, place, RowsPerWrite, _stop.Token))
        {
            some.Add(batch);
            if ((rows += batch.Rows.Count) < RowsPerWrite) continue;
            place = await ApplyAsync(some);
            some.Clear();
            rows = 0;
        }
        if (some.Count > 0) place = await ApplyAsync(some);
        // Places that were given out and hold no event, of refused ones, say.
        return Math.Max(place, look.Places.FirstOrDefault(p => p.Partition == Partition, new(Partition, -1)).Place);
    });

    async ValueTask<long> ApplyAsync(List<LogBatch> batches)
    {
        _counts += await TryAsync(() => _applier.ApplyAsync(batches, _stop.Token));
        foreach (var batch in batches) Rows += batch.Rows.Count;
        AppliedUpTo = batches[^1].IngestedAt;
        _applied.Advance(batches[^1].Last);
        await SaveAsync(batches[^1].Last, force: false);
        return batches[^1].Last;
    }

    async ValueTask SaveAsync(long place, bool force)
    {
        if (place == _saved || !force && _savedAt != 0 && _clock.GetElapsedTime(_savedAt) < SaveEvery) return;
        await TryAsync(async () =>
        {
            await AppliedPlace.WriteAsync(_store, View, new(Partition, place), force ? CancellationToken.None : _stop.Token);
            return 0;
        });
        (_saved, _savedAt) = (place, _clock.GetTimestamp());
    }

    async ValueTask<T> TryAsync<T>(Func<ValueTask<T>> work)
    {
        for (var wait = TimeSpan.FromMilliseconds(20); ; wait = wait * 2 < MaxWait ? wait * 2 : MaxWait)
        {
            try
            {
                var result = await work();
                Problem = null;
                return result;
            }
            catch (Exception e) when (e is LockstepException or IOException && !_stop.IsCancellationRequested)
            {
                Problem = e.Message;
            }
            await Task.Delay(wait, _clock, _stop.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (Place > _saved) await AppliedPlace.WriteAsync(_store, View, new(Partition, Place), CancellationToken.None);
        }
        catch (Exception e) when (e is LockstepException or ObjectDisposedException)
        {
            // An older place does no harm: what follows it is applied again, and changes nothing.
        }
        _stop.Dispose();
    }
}
