using Lockstep.Core;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Apply;

// Applies one partition of a log to one view, at its own pace: from the writer's memory where it keeps up, from the log's files where it
// has fallen behind or begins. A failure of the store is tried again, later and later: events wait in the log meanwhile, and nothing is
// passed over. Events are applied when reads see them; the store may have them later (WriteBehindStore), so the place that is recorded is
// that of the last one which the store has for good.
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
    readonly PlaceSignal _written = new(-2);
    volatile Task _writing = Task.CompletedTask;
    string? _problem;
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

    /// <summary>The last place that the store has for good.</summary>
    public long Written => _written.Place;

    /// <summary>When the last event that is online was logged, microseconds.</summary>
    public long AppliedUpTo { get; private set; } = long.MinValue;

    public ApplyCounts Counts => _counts;

    /// <summary>Events applied.</summary>
    public long Rows { get; private set; }

    /// <summary>Why the last try failed; null: it did not.</summary>
    public string? Problem => _problem ?? _store.WriteProblem(View);

    /// <summary>Completes when everything up to a place is online.</summary>
    public Task WaitAsync(long place, CancellationToken token) => _applied.WaitAsync(place, token);

    /// <summary>Completes when the store has everything that is online.</summary>
    public async ValueTask FlushAsync(CancellationToken token)
    {
        var writing = _writing;
        await _store.FlushAsync(View, token);
        await writing.WaitAsync(token);
    }

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
            _written.Advance(place);
            _applied.Advance(place);
            List<LogBatch> batches = [];
            while (true)
            {
                batches.Clear();
                if (!_writer.Tail.TryTake(place, RowsPerWrite, batches)) place = await CatchUpAsync(place);
                else if (batches.Count > 0) place = await ApplyAsync(batches);
                else
                {
                    await SaveAsync(place);
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
            _problem = e.Message;
            _applied.End(e);
            throw;
        }
    }

    /// <summary>What has left the memory of the writer is in the log.</summary>
    ValueTask<long> CatchUpAsync(long place) => TryAsync(async () =>
    {
        var look = _writer.Log.Look(_stop.Token, Partition);
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
        var applied = await TryAsync(() => _applier.ApplyAsync(batches, _stop.Token));
        _counts += applied.Counts;
        foreach (var batch in batches) Rows += batch.Rows.Count;
        AppliedUpTo = batches[^1].IngestedAt;
        var last = batches[^1].Last;
        _writing = WrittenAsync(_writing, applied.Written, last);
        _applied.Advance(last);
        await SaveAsync(last);
        return last;
    }

    /// <summary>In order, and no further than the first that was lost.</summary>
    async Task WrittenAsync(Task before, Task written, long place)
    {
        await before;
        await written;
        _written.Advance(place);
    }

    /// <summary>Records how far the store has come; <paramref name="applied"/> where it has everything, behind which places may be empty.</summary>
    async ValueTask SaveAsync(long applied)
    {
        var place = Written == Place ? applied : Written;
        if (place <= _saved || _savedAt != 0 && _clock.GetElapsedTime(_savedAt) < SaveEvery) return;
        await TryAsync(async () =>
        {
            await AppliedPlace.WriteAsync(_store, View, new(Partition, place), _stop.Token);
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
                _problem = null;
                return result;
            }
            catch (Exception e) when (e is LockstepException or IOException && !_stop.IsCancellationRequested)
            {
                _problem = e.Message;
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
            await FlushAsync(CancellationToken.None);
            if (Written > _saved) await AppliedPlace.WriteAsync(_store, View, new(Partition, Written), CancellationToken.None);
        }
        catch (Exception)
        {
            // The store fails: an older place does no harm: what follows it is applied again, and changes nothing.
        }
        _stop.Dispose();
    }
}
