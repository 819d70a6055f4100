using System.Buffers;
using System.Runtime.CompilerServices;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

/// <summary>An online store of the plainest kind: one lock, sorted dictionaries. For tests of what stands on a store; it passes the same suite.</summary>
public sealed class MemoryOnlineStore(MemoryOnlineStore.Data data, TimeProvider clock) : IOnlineStore
{
    public MemoryOnlineStore(TimeProvider clock) : this(new Data(), clock) { }

    /// <summary>What several stores share that are opened on the same place.</summary>
    public sealed class Data
    {
        internal Lock Gate { get; } = new();
        internal Dictionary<string, SortedDictionary<byte[], byte[]>> Tables { get; } = new(StringComparer.Ordinal);
        internal Dictionary<string, (Lease Lease, DateTimeOffset Until)> Leases { get; } = new(StringComparer.Ordinal);
        internal long LastLease { get; set; }
        internal ulong Writes { get; set; }
    }

    /// <summary>Called after each renewal of a lease that was asked for.</summary>
    public Action? Renewing { get; set; }

    static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    public bool TryGetStamp(out StoreStamp stamp)
    {
        lock (data.Gate) stamp = new(0, data.Writes);
        return true;
    }

    public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(batch);
        token.ThrowIfCancellationRequested();
        lock (data.Gate)
            for (var i = 0; i < batch.Count; i++)
                if (data.Tables.TryGetValue(batch.Table(i), out var table) && table.TryGetValue(batch.Key(i).ToArray(), out var cell)) batch.SetCell(i, cell);
        return default;
    }

    public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(updates);
        ArgumentNullException.ThrowIfNull(merge);
        token.ThrowIfCancellationRequested();
        lock (data.Gate)
        {
            if (!fence.IsNone && (!data.Leases.TryGetValue(table, out var held) || held.Lease.Number != fence.LeaseNumber)) return new(false);
            data.Writes++;
            List<(byte[] Key, byte[] Cell)> changes = [];
            var merged = new ArrayBufferWriter<byte>();
            var cells = data.Tables.GetValueOrDefault(table);
            for (var i = 0; i < updates.Count; i++)
            {
                token.ThrowIfCancellationRequested();
                var key = updates.Key(i).ToArray();
                merged.Clear();
                if (merge.Merge(cells?.GetValueOrDefault(key), updates.Update(i), merged)) changes.Add((key, merged.WrittenSpan.ToArray()));
            }
            if (updates.Count > 0 && cells is null) data.Tables.Add(table, cells = new(ByBytes));
            foreach (var (key, cell) in changes)
                if (cell.Length == 0) cells!.Remove(key);
                else cells![key] = cell;
            return new(true);
        }
    }

    public async IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, [EnumeratorCancellation] CancellationToken token)
    {
        byte[][] keys;
        lock (data.Gate) keys = data.Tables.TryGetValue(table, out var cells) ? [.. cells.Keys] : [];
        await Task.CompletedTask;
        token.ThrowIfCancellationRequested();
        foreach (var key in keys)
        {
            byte[]? cell;
            lock (data.Gate) cell = data.Tables.GetValueOrDefault(table)?.GetValueOrDefault(key);
            if (cell is not null) yield return (key, cell);
        }
    }

    public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (data.Gate)
        {
            if (data.Leases.TryGetValue(table, out var held) && held.Until > clock.GetUtcNow()) return default;
            var lease = new Lease(table, owner, ++data.LastLease);
            data.Leases[table] = (lease, clock.GetUtcNow() + duration);
            return new(lease);
        }
    }

    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (data.Gate)
        {
            if (!data.Leases.TryGetValue(lease.Table, out var held) || held.Lease.Number != lease.Number || held.Until == DateTimeOffset.MinValue) return new(false);
            data.Leases[lease.Table] = (held.Lease, clock.GetUtcNow() + duration);
        }
        Renewing?.Invoke();
        return new(true);
    }

    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token)
    {
        lock (data.Gate)
            if (data.Leases.TryGetValue(lease.Table, out var held) && held.Lease.Number == lease.Number) data.Leases[lease.Table] = (held.Lease, DateTimeOffset.MinValue);
        return default;
    }

    public ValueTask DropAsync(string table, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (data.Gate)
        {
            data.Writes++;
            data.Tables.Remove(table);
            data.Leases.Remove(table);
        }
        return default;
    }

    public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token)
    {
        lock (data.Gate) return new([.. data.Tables.Select(t => new OnlineTable(t.Key, t.Value.Count, t.Value.Sum(c => (long)c.Key.Length + c.Value.Length)))]);
    }

    public ValueTask DisposeAsync() => default;
}
