using System.Buffers;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.OnlineStore;

// When: the first publication after a quiet time at once. From then on the pause is four times as long as the last round took, so that
// other processes are behind by moments under little load, and at most `MaxPause`: then rounds are large, and cost less an update. Without
// a pause where the memory is half full, or a key has so many updates that reading it becomes dear.
public sealed partial class WriteBehindStore
{
    const int DeepKey = 64;

    static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(5);

    readonly ByteBudget _room;
    readonly SemaphoreSlim _flush = new(1, 1);
    readonly CancellationTokenSource _stop = new();
    readonly Channel<bool> _published = Signal();
    readonly Channel<bool> _hurry = Signal();
    readonly Task _running;
    readonly CellUpdates _updates = new(); // under _flush, as what follows
    readonly ArrayBufferWriter<byte> _combined = new(1 << 12);
    readonly List<ReadOnlyMemory<byte>> _ofKey = [];

    static Channel<bool> Signal() => Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    void Hurry() => _hurry.Writer.TryWrite(true);

    void Wake(PendingCells changed)
    {
        if (changed.Depth > DeepKey || PendingBytes > _options.MaxBytes / 2) Hurry();
        _published.Writer.TryWrite(true);
    }

    void Release(long bytes)
    {
        Interlocked.Add(ref _bytes, -bytes);
        _room.Return(bytes);
    }

    async Task RunAsync()
    {
        var retry = TimeSpan.Zero;
        var (ended, took) = (0L, TimeSpan.Zero);
        try
        {
            while (await _published.Reader.WaitToReadAsync(_stop.Token))
            {
                if (ended != 0) await PauseAsync(PauseAfter(took) - _clock.GetElapsedTime(ended), hurry: true);
                await PauseAsync(retry, hurry: false);
                _published.Reader.TryRead(out _);
                _hurry.Reader.TryRead(out _);
                var begun = _clock.GetTimestamp();
                var done = true;
                foreach (var table in _tables.Values) done &= await TryFlushAsync(table);
                ended = _clock.GetTimestamp();
                took = _clock.GetElapsedTime(begun, ended);
                retry = done ? TimeSpan.Zero : Shorter(retry < FirstRetry ? FirstRetry : retry * 2, LastRetry);
                if (!done) _published.Writer.TryWrite(true);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // DisposeAsync writes what is left.
        }
    }

    TimeSpan PauseAfter(TimeSpan took) => took * 4 < _options.MinPause ? _options.MinPause : Shorter(took * 4, _options.MaxPause);

    static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    async ValueTask PauseAsync(TimeSpan time, bool hurry)
    {
        if (time <= TimeSpan.Zero) return;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var pause = Task.Delay(time, _clock, over.Token);
        await (hurry ? Task.WhenAny(pause, _hurry.Reader.WaitToReadAsync(over.Token).AsTask()) : Task.WhenAny(pause));
        await over.CancelAsync();
        _stop.Token.ThrowIfCancellationRequested();
    }

    async ValueTask<bool> TryFlushAsync(Table table)
    {
        if (table.Failed is not null) return true;
        try
        {
            await FlushAsync(table, _stop.Token);
            return true;
        }
        catch (Exception e) when (e is LockstepException or IOException)
        {
            return false;
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            // Trying again would not help. What is pending stays readable here, and is in the log.
            lock (table.Gate) table.Failed = ExceptionDispatchInfo.Capture(e);
            table.State.Writing?.End(e);
            table.State.Next.End(e);
            return true;
        }
    }

    /// <summary>Completes when what has been published of a table is in the store.</summary>
    public async ValueTask FlushAsync(string table, CancellationToken token)
    {
        if (_tables.TryGetValue(table, out var pending)) await FlushAsync(pending, token);
    }

    async ValueTask FlushAsync(Table table, CancellationToken token)
    {
        if (table.State is { Writing: null, Next.IsEmpty: true }) return;
        await _flush.WaitAsync(token);
        try
        {
            // What an attempt that failed has left, then what came meanwhile.
            if (table.State.Writing is not null) await WriteAsync(table, token);
            lock (table.Gate)
            {
                if (table.State.Next.IsEmpty) return;
                table.State = new(table.State.Next, new());
            }
            await WriteAsync(table, token);
        }
        catch (Exception e) when (!token.IsCancellationRequested)
        {
            table.Problem = e.Message;
            throw;
        }
        finally
        {
            _flush.Release();
        }
    }

    async ValueTask WriteAsync(Table table, CancellationToken token)
    {
        table.Failed?.Throw();
        var (cells, how) = (table.State.Writing!, table.Updates!);
        var sorted = cells.Sorted();
        for (var first = 0; first < sorted.Length; first += _options.KeysPerWrite)
        {
            var now = Instant.Now(_clock);
            _updates.Clear();
            foreach (var (key, last) in sorted.AsSpan(first, Math.Min(_options.KeysPerWrite, sorted.Length - first)))
            {
                if (last.Before is null)
                {
                    _updates.Add(key.Span, last.Bytes.Span);
                    continue;
                }
                _ofKey.Clear();
                _combined.ResetWrittenCount();
                last.AddTo(_ofKey);
                how.Combine(now, _ofKey, _combined);
                _updates.Add(key.Span, _combined.WrittenSpan);
            }
            await _inner.WriteAsync(table.Name, _updates, how.Merge(now), Fence.None, token);
        }
        lock (table.Gate) table.State = table.State with { Writing = null };
        table.Problem = null;
        Release(cells.Bytes);
        cells.End();
    }

    public string? WriteProblem(string table) => _tables.TryGetValue(table, out var pending) ? pending.Problem : null;

    /// <summary>What is pending for the table goes with it.</summary>
    public async ValueTask DropAsync(string table, CancellationToken token)
    {
        await _flush.WaitAsync(token);
        try
        {
            if (_tables.TryGetValue(table, out var pending)) Discard(pending);
            await _inner.DropAsync(table, token);
        }
        finally
        {
            _flush.Release();
        }
    }

    void Discard(Table table)
    {
        State gone;
        Interlocked.Increment(ref _begun);
        lock (table.Gate) (gone, table.State, table.Problem, table.Failed) = (table.State, new(null, new()), null, null);
        Interlocked.Increment(ref _ended);
        foreach (var cells in new[] { gone.Writing, gone.Next })
        {
            if (cells is null) continue;
            Release(cells.Bytes);
            cells.End(new LockstepException(ErrorKind.Conflict, $"'{table.Name}' was dropped from the online store."));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var table in _tables.Values)
        {
            try
            {
                await FlushAsync(table, CancellationToken.None);
            }
            catch (Exception e) when (e is LockstepException or IOException || table.Failed is not null)
            {
                // It is in the log, and applied from there when a process begins.
            }
        }
        await _inner.DisposeAsync();
    }
}
