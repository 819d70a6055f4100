using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OnlineStore;

// What streams bring is in the log, so the store may have it later: many small writes become few large ones, in which updates share keys,
// and keys pages. Until then an update is pending: every read of its key in this process gives what the stored cell and the pending
// updates make together.
//  * A reader takes the pending updates first and reads the store afterwards. A write of the same updates that is committed in between
//    does no harm: the cell holds their places, and merging them again changes nothing (S15).
//  * Pending updates leave the memory when the store has committed them, not before.
//  * To everybody else (runs, other processes, a process that begins after a kill) a pending update is one that its follower has not
//    come to yet; the place up to which a view was applied is recorded behind the commit.
/// <summary>An online store to which streams write behind. Everything else goes straight through.</summary>
public sealed partial class WriteBehindStore : IOnlineStore
{
    readonly IOnlineStore _inner;
    readonly TimeProvider _clock;
    readonly WriteBehindOptions _options;
    readonly ConcurrentDictionary<string, Table> _tables = new(StringComparer.Ordinal);
    long _bytes;            // of everything that is pending; counted before it can be seen
    long _begun, _ended;    // publications

    public WriteBehindStore(IOnlineStore inner, TimeProvider clock, WriteBehindOptions? options = null)
    {
        (_inner, _clock, _options) = (inner ?? throw new ArgumentNullException(nameof(inner)), clock ?? throw new ArgumentNullException(nameof(clock)), options ?? new());
        _room = new(_options.MaxBytes);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Bytes of updates that wait to be written.</summary>
    public long PendingBytes => Volatile.Read(ref _bytes);

    /// <summary>Updates of one table. Readers take <see cref="State"/> once: an update is in one of its two parts, or in the store.</summary>
    sealed class Table(string name)
    {
        public readonly Lock Gate = new();
        public volatile State State = new(null, new());
        public volatile IStreamUpdates? Updates;
        public volatile string? Problem;
        public volatile ExceptionDispatchInfo? Failed;

        public string Name => name;
    }

    /// <param name="Writing">On their way to the store.</param>
    /// <param name="Next">What comes meanwhile.</param>
    sealed record State(PendingCells? Writing, PendingCells Next);

    public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (Volatile.Read(ref _bytes) == 0 || Find(batch) is not { } found) return _inner.ReadAsync(batch, token);
        var read = _inner.ReadAsync(batch, token);
        if (!read.IsCompletedSuccessfully) return AwaitAsync(read);
        Merge(batch, found);
        return ValueTask.CompletedTask;

        async ValueTask AwaitAsync(ValueTask reading)
        {
            await reading;
            Merge(batch, found);
        }
    }

    readonly record struct Found(int Index, IStreamUpdates Updates, PendingUpdate? Earlier, PendingUpdate? Later);

    List<Found>? Find(OnlineReadBatch batch)
    {
        List<Found>? found = null;
        Table? table = null;
        State? state = null;
        string? name = null;
        for (var i = 0; i < batch.Count; i++)
        {
            if (!ReferenceEquals(batch.Table(i), name))
            {
                name = batch.Table(i);
                state = _tables.TryGetValue(name, out table) ? table.State : null;
            }
            if (state is null) continue;
            var (earlier, later) = (state.Writing?.Find(batch.Key(i)), state.Next.Find(batch.Key(i)));
            if (earlier is not null || later is not null) (found ??= []).Add(new(i, table!.Updates!, earlier, later));
        }
        return found;
    }

    void Merge(OnlineReadBatch batch, List<Found> found)
    {
        var now = Instant.Now(_clock);
        List<ReadOnlyMemory<byte>> updates = [];
        ArrayBufferWriter<byte> combined = new(), merged = new();
        foreach (var one in found)
        {
            updates.Clear();
            one.Earlier?.AddTo(updates);
            one.Later?.AddTo(updates);
            combined.ResetWrittenCount();
            merged.ResetWrittenCount();
            if (updates.Count > 1) one.Updates.Combine(now, updates, combined);
            var update = updates.Count > 1 ? combined.WrittenSpan : updates[0].Span;
            if (Merge(one.Updates.Merge(now), batch.Cell(one.Index).Span, update, merged)) batch.SetCell(one.Index, merged.WrittenSpan.ToArray());
        }
    }

    static bool Merge(ICellMerge merge, ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, ArrayBufferWriter<byte> merged)
    {
        if (merge is not IPartedMerge parted || cell.IsEmpty || parted.BodyOf(cell) is not (> 0 and var body) || !parted.TryMergeFront(cell[..^body], update, merged, out var changed))
            return merge.Merge(cell, update, merged);
        if (changed) merged.Write(cell[^body..]);
        return changed;
    }

    public async ValueTask<Task> PublishAsync(string table, CellUpdates updates, IStreamUpdates how, long now, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentNullException.ThrowIfNull(updates);
        ArgumentNullException.ThrowIfNull(how);
        ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
        if (updates.Count == 0) return Task.CompletedTask;
        var to = _tables.GetOrAdd(table, static name => new(name));
        var bytes = PendingCells.SizeOf(updates);
        var room = _room.TakeAsync(bytes, token);
        if (!room.IsCompleted) Hurry();
        await room;
        PendingCells next;
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Increment(ref _begun);
        try
        {
            lock (to.Gate)
            {
                to.Failed?.Throw();
                to.Updates = how;
                next = to.State.Next;
                next.Add(updates);
            }
        }
        catch
        {
            Release(bytes);
            throw;
        }
        finally
        {
            Interlocked.Increment(ref _ended);
        }
        Wake(next);
        return next.Written;
    }

    /// <summary>Publications change the stamp as writes do; while one is under way nobody may keep what was read.</summary>
    public bool TryGetStamp(out StoreStamp stamp)
    {
        var ended = Volatile.Read(ref _ended);
        var known = _inner.TryGetStamp(out stamp);
        stamp = stamp with { Published = ended };
        return known && Volatile.Read(ref _begun) == ended;
    }

    public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token) => _inner.WriteAsync(table, updates, merge, fence, token);

    /// <summary>Writes what is pending first.</summary>
    public async IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, [EnumeratorCancellation] CancellationToken token)
    {
        await FlushAsync(table, token);
        await foreach (var entry in _inner.ScanAsync(table, token)) yield return entry;
    }

    public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token) => _inner.TryAcquireLeaseAsync(table, owner, duration, token);
    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token) => _inner.RenewLeaseAsync(lease, duration, token);
    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token) => _inner.ReleaseLeaseAsync(lease, token);
    public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token) => _inner.ListAsync(token);
}
