using System.Buffers;
using System.Runtime.CompilerServices;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance;

/// <summary>An online store without a file: for tests of what stands on one.</summary>
public sealed class MemoryOnlineStore(TimeProvider? clock = null) : IOnlineStore
{
    readonly TimeProvider _clock = clock ?? TimeProvider.System;
    readonly Lock _gate = new();
    readonly Dictionary<string, SortedDictionary<byte[], byte[]>> _tables = new(StringComparer.Ordinal);
    readonly Dictionary<string, (Lease Lease, DateTimeOffset Until)> _leases = new(StringComparer.Ordinal);
    long _lease;
    ulong _writes;

    /// <summary>Keys that reads have asked for.</summary>
    public long KeysRead { get; private set; }

    public bool TryGetStamp(out StoreStamp stamp)
    {
        lock (_gate) stamp = new(_writes, 0);
        return true;
    }

    public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (_gate)
        {
            KeysRead += batch.Count;
            for (var i = 0; i < batch.Count; i++)
                batch.SetCell(i, _tables.TryGetValue(batch.Table(i), out var cells) && cells.TryGetValue(batch.Key(i).ToArray(), out var cell) ? cell : default);
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Puts a cell as it is.</summary>
    public void Put(string table, ReadOnlySpan<byte> key, ReadOnlySpan<byte> cell)
    {
        lock (_gate)
        {
            _writes++;
            Cells(table)[key.ToArray()] = cell.ToArray();
        }
    }

    public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
    {
        lock (_gate)
        {
            if (!fence.IsNone && (!_leases.TryGetValue(table, out var held) || held.Lease.Number != fence.LeaseNumber)) return new(false);
            _writes++;
            var cells = Cells(table);
            ArrayBufferWriter<byte> merged = new();
            for (var i = 0; i < updates.Count; i++)
            {
                merged.ResetWrittenCount();
                var key = updates.Key(i).ToArray();
                if (!merge.Merge(cells.GetValueOrDefault(key), updates.Update(i), merged)) continue;
                if (merged.WrittenCount == 0) cells.Remove(key);
                else cells[key] = merged.WrittenSpan.ToArray();
            }
        }
        return new(true);
    }

    public async IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, [EnumeratorCancellation] CancellationToken token)
    {
        await Task.CompletedTask;
        (byte[] Key, byte[] Cell)[] all;
        lock (_gate) all = [.. Cells(table).Select(c => (c.Key, c.Value))];
        foreach (var item in all) yield return item;
    }

    public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token)
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            if (_leases.TryGetValue(table, out var held) && held.Until > now) return new((Lease?)null);
            Lease lease = new(table, owner, ++_lease);
            _leases[table] = (lease, now + duration);
            return new(lease);
        }
    }

    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token)
    {
        lock (_gate)
        {
            if (!_leases.TryGetValue(lease.Table, out var held) || held.Lease.Number != lease.Number) return new(false);
            _leases[lease.Table] = (lease, _clock.GetUtcNow() + duration);
            return new(true);
        }
    }

    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token)
    {
        lock (_gate)
            if (_leases.TryGetValue(lease.Table, out var held) && held.Lease.Number == lease.Number) _leases[lease.Table] = (lease, DateTimeOffset.MinValue);
        return ValueTask.CompletedTask;
    }

    public ValueTask DropAsync(string table, CancellationToken token)
    {
        lock (_gate)
        {
            _writes++;
            _tables.Remove(table);
            _leases.Remove(table);
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token)
    {
        lock (_gate) return new([.. _tables.Select(t => new OnlineTable(t.Key, t.Value.Count, t.Value.Sum(c => (long)c.Value.Length)))]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    SortedDictionary<byte[], byte[]> Cells(string table)
    {
        if (!_tables.TryGetValue(table, out var cells)) _tables[table] = cells = new(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        return cells;
    }
}
