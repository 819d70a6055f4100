using System.Collections.Concurrent;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>An update that is not in the store yet, and those of its key before it.</summary>
sealed record PendingUpdate(ReadOnlyMemory<byte> Bytes, PendingUpdate? Before)
{
    public int Depth { get; } = Before is null ? 1 : Before.Depth + 1;

    /// <summary>Adds them to a list, oldest first.</summary>
    public void AddTo(List<ReadOnlyMemory<byte>> all)
    {
        var first = all.Count;
        for (var update = this; update is not null; update = update.Before) all.Add(update.Bytes);
        all.Reverse(first, all.Count - first);
    }
}

/// <summary>Updates of one table that are written to the store together. One thread adds at a time; any number look up, and take no lock.</summary>
sealed class PendingCells
{
    const int Overhead = 160; // an entry, its update, its place in a bucket
    const int ChunkBytes = 32 * 1024;

    readonly ConcurrentDictionary<ReadOnlyMemory<byte>, PendingUpdate> _byKey = new(1, 1024, new KeyComparer());
    readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Memory<byte> _chunk;

    public bool IsEmpty => Bytes == 0;
    public long Bytes { get; private set; }

    /// <summary>Updates of the key that has most.</summary>
    public int Depth { get; private set; }

    /// <summary>Ends when they are in the store.</summary>
    public Task Written => _written.Task;

    public static long SizeOf(CellUpdates updates) => updates.Bytes + (long)updates.Count * Overhead;

    public void Add(CellUpdates updates)
    {
        Bytes += SizeOf(updates);
        var known = _byKey.GetAlternateLookup<ReadOnlySpan<byte>>();
        for (var i = 0; i < updates.Count; i++)
        {
            var before = known.TryGetValue(updates.Key(i), out var key, out var found) ? found : null;
            PendingUpdate update = new(Copy(updates.Update(i)), before);
            Depth = Math.Max(Depth, update.Depth);
            _byKey[before is null ? Copy(updates.Key(i)) : key] = update;
        }
    }

    /// <summary>The last update of a key.</summary>
    public PendingUpdate? Find(ReadOnlySpan<byte> key) => _byKey.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var found) ? found : null;

    /// <summary>In the order of the keys' bytes: what a store with an ordered index writes fastest.</summary>
    public KeyValuePair<ReadOnlyMemory<byte>, PendingUpdate>[] Sorted()
    {
        var all = _byKey.ToArray();
        all.AsSpan().Sort(static (a, b) => a.Key.Span.SequenceCompareTo(b.Key.Span));
        return all;
    }

    public void End(Exception? why = null)
    {
        if (why is null) _written.TrySetResult();
        else _written.TrySetException(why);
    }

    // In pieces that move with the other young objects, not in arrays that only a full collection frees.
    ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _chunk.Length)
        {
            if (bytes.Length > ChunkBytes / 4) return bytes.ToArray();
            _chunk = GC.AllocateUninitializedArray<byte>(ChunkBytes);
        }
        var copy = _chunk[..bytes.Length];
        _chunk = _chunk[bytes.Length..];
        bytes.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>Seeded: keys come from outside.</summary>
    sealed class KeyComparer : IEqualityComparer<ReadOnlyMemory<byte>>, IAlternateEqualityComparer<ReadOnlySpan<byte>, ReadOnlyMemory<byte>>
    {
        readonly ulong _seed = (ulong)Random.Shared.NextInt64();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);
        public int GetHashCode(ReadOnlyMemory<byte> obj) => GetHashCode(obj.Span);
        public bool Equals(ReadOnlySpan<byte> alternate, ReadOnlyMemory<byte> other) => alternate.SequenceEqual(other.Span);
        public int GetHashCode(ReadOnlySpan<byte> alternate) => XxHash64.Hash(alternate, _seed).GetHashCode();
        public ReadOnlyMemory<byte> Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
