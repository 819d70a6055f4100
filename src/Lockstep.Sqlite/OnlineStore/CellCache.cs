using System.Numerics;
using System.Security.Cryptography;
using Lockstep.Core.Rows;

namespace Lockstep.Sqlite.OnlineStore;

// Cells by (table, key), in shards. Reads take no lock: they follow a bucket's chain of entries that never change. Writers hold the
// shard's lock. A cell enters only if nothing of its shard was written between the moment before it was read from the file
// (Version) and now: an old cell can never come to stand over a newer one. Writes: Begin before the commit takes the keys out and
// closes their shards (odd version), End after it puts in what the write left and opens them again.
// What is least used leaves first (CLOCK). Absent keys are cached as well: an empty cell.
/// <summary>A bounded cache of cells.</summary>
internal sealed class CellCache
{
    const int ShardCount = 64;
    const int Overhead = 160; // an entry, its two arrays, its places in bucket and ring

    readonly Shard[] _shards;
    readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)); // keys come from outside: nobody may choose a bucket

    public CellCache(long bytes)
    {
        _shards = new Shard[ShardCount];
        for (var i = 0; i < ShardCount; i++) _shards[i] = new(bytes / ShardCount);
    }

    public ulong Hash(long table, ReadOnlySpan<byte> key) => XxHash64.Hash(key, _seed + (ulong)table * 0x9E3779B97F4A7C15);

    public bool TryGet(long table, ReadOnlySpan<byte> key, ulong hash, out ReadOnlyMemory<byte> cell)
    {
        if (ShardOf(hash).Find(table, key, hash) is { } entry)
        {
            if (!entry.Used) entry.Used = true;
            cell = entry.Cell;
            return true;
        }
        cell = default;
        return false;
    }

    public bool Contains(long table, ReadOnlySpan<byte> key, ulong hash) => ShardOf(hash).Find(table, key, hash) is not null;

    /// <summary>To be taken before the cell is read from the file.</summary>
    public long Version(ulong hash) => Volatile.Read(ref ShardOf(hash).Version);

    /// <summary>Takes a cell in, unless its shard was written to since <paramref name="version"/>.</summary>
    public void Add(long table, ReadOnlySpan<byte> key, ulong hash, byte[] cell, long version)
    {
        var shard = ShardOf(hash);
        if ((version & 1) != 0 || shard.Limit < Overhead + key.Length + cell.Length) return;
        lock (shard)
            if (shard.Version == version) shard.Add(new(hash, table, key.ToArray(), cell));
    }

    /// <summary>Before the commit that changes the key; <paramref name="closed"/> collects the shards.</summary>
    public void Begin(long table, ReadOnlySpan<byte> key, ulong hash, ref ulong closed)
    {
        var shard = ShardOf(hash);
        lock (shard)
        {
            var bit = 1UL << (int)(hash >> 58);
            if ((closed & bit) == 0) shard.Version++;
            closed |= bit;
            shard.Remove(table, key, hash);
        }
    }

    /// <summary>After the commit, while the shards are still closed: what the write left of a key that had been cached.</summary>
    public void Put(long table, ReadOnlySpan<byte> key, ulong hash, byte[] cell)
    {
        var shard = ShardOf(hash);
        if (shard.Limit < Overhead + key.Length + cell.Length) return;
        lock (shard) shard.Add(new(hash, table, key.ToArray(), cell));
    }

    /// <summary>Opens the shards again.</summary>
    public void End(ulong closed)
    {
        for (; closed != 0; closed &= closed - 1)
        {
            var shard = _shards[BitOperations.TrailingZeroCount(closed)];
            lock (shard) shard.Version++;
        }
    }

    /// <summary>Somebody else has written: nothing that is here or on its way may stay.</summary>
    public void Clear()
    {
        foreach (var shard in _shards)
            lock (shard)
            {
                shard.Version += 2; // closed shards stay closed
                shard.Clear();
            }
    }

    /// <summary>Bytes held now.</summary>
    public long Bytes => _shards.Sum(s => Volatile.Read(ref s.Bytes));

    Shard ShardOf(ulong hash) => _shards[hash >> 58];

    sealed class Entry(ulong hash, long table, byte[] key, byte[] cell)
    {
        public readonly ulong Hash = hash;
        public readonly long Table = table;
        public readonly byte[] Key = key;
        public readonly byte[] Cell = cell;
        public Entry? Next;
        public int Ring;
        public bool Used;
        public int Size => Overhead + Key.Length + Cell.Length;
    }

    sealed class Shard(long limit)
    {
        readonly List<Entry> _ring = [];
        Entry?[] _buckets = new Entry?[16];
        int _hand;

        public readonly long Limit = limit;
        public long Version;
        public long Bytes;

        public Entry? Find(long table, ReadOnlySpan<byte> key, ulong hash)
        {
            var buckets = Volatile.Read(ref _buckets);
            for (var entry = Volatile.Read(ref buckets[(int)hash & (buckets.Length - 1)]); entry is not null; entry = Volatile.Read(ref entry.Next))
                if (entry.Hash == hash && entry.Table == table && key.SequenceEqual(entry.Key)) return entry;
            return null;
        }

        public void Add(Entry entry)
        {
            Remove(entry.Table, entry.Key, entry.Hash);
            while (Bytes + entry.Size > Limit && _ring.Count > 0) EvictOne();
            if (_ring.Count >= _buckets.Length) Grow();
            ref var bucket = ref _buckets[(int)entry.Hash & (_buckets.Length - 1)];
            entry.Next = bucket;
            entry.Ring = _ring.Count;
            _ring.Add(entry);
            Bytes += entry.Size;
            Volatile.Write(ref bucket, entry); // complete before it can be seen
        }

        public void Remove(long table, ReadOnlySpan<byte> key, ulong hash)
        {
            if (Find(table, key, hash) is { } entry) Remove(entry);
        }

        void Remove(Entry entry)
        {
            ref var link = ref _buckets[(int)entry.Hash & (_buckets.Length - 1)];
            while (!ReferenceEquals(link, entry)) link = ref link!.Next;
            Volatile.Write(ref link, entry.Next); // a reader on the entry still finds its way from it
            var last = _ring[^1];
            _ring[entry.Ring] = last;
            last.Ring = entry.Ring;
            _ring.RemoveAt(_ring.Count - 1);
            Bytes -= entry.Size;
        }

        void EvictOne()
        {
            while (true)
            {
                if (_hand >= _ring.Count) _hand = 0;
                var entry = _ring[_hand];
                if (!entry.Used)
                {
                    Remove(entry);
                    return;
                }
                entry.Used = false;
                _hand++;
            }
        }

        // A reader in the middle of a chain may miss an entry while chains are joined anew: it then reads the file.
        void Grow()
        {
            var buckets = new Entry?[_buckets.Length * 2];
            foreach (var entry in _ring)
            {
                ref var bucket = ref buckets[(int)entry.Hash & (buckets.Length - 1)];
                entry.Next = bucket;
                bucket = entry;
            }
            Volatile.Write(ref _buckets, buckets);
        }

        public void Clear()
        {
            _ring.Clear();
            Bytes = 0;
            Volatile.Write(ref _buckets, new Entry?[16]);
        }
    }
}
