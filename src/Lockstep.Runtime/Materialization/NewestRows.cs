using System.Runtime.CompilerServices;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Materialization;

// For each key the rows that can still be an answer: the newest at or before `cut`, and all later ones, one an instant. A hash table
// of keys; the rows of a key are a list from the newest on. Keys and rows stand in blocks; the bytes of a row that was beaten are used
// again by the next of the key that fits. Cost of a row that loses: one probe and a comparison of times.
/// <summary>Reduces rows in any order to what a cell holds of them.</summary>
internal sealed class NewestRows(RowLayout layout, long cut)
{
    const int BlockBits = 20;
    const int BlockSize = 1 << BlockBits;
    const int None = -1;

    readonly List<byte[]> _blocks = [];
    int _used = BlockSize; // of the last block
    int[] _slots = NewSlots(1 << 10);
    KeyEntry[] _keys = new KeyEntry[1 << 9];
    RowEntry[] _rows = new RowEntry[1 << 9];
    int _rowCount;
    long _blockBytes;

    struct KeyEntry
    {
        public ulong Hash;
        public long At;
        public int Length;
        public int First; // newest row, or None
    }

    struct RowEntry
    {
        public long Time;
        public long Created;
        public long At;
        public int Length;
        public int Capacity;
        public int Next; // the next older row
        public bool HasCreated;
    }

    public int Count { get; private set; }

    /// <summary>Memory held.</summary>
    public long Bytes => _blockBytes + _slots.Length * (long)sizeof(int) + _keys.Length * (long)Unsafe.SizeOf<KeyEntry>() + _rows.Length * (long)Unsafe.SizeOf<RowEntry>();

    /// <summary>The number of a key, which is added where it is new.</summary>
    public int Key(ReadOnlySpan<byte> key)
    {
        var hash = XxHash64.Hash(key);
        var mask = _slots.Length - 1;
        var slot = (int)hash & mask;
        for (; _slots[slot] is var found && found != None; slot = (slot + 1) & mask)
            if (_keys[found].Hash == hash && KeyBytes(found).SequenceEqual(key)) return found;
        if (Count >= _slots.Length / 2)
        {
            GrowSlots();
            mask = _slots.Length - 1;
            for (slot = (int)hash & mask; _slots[slot] != None; slot = (slot + 1) & mask) { }
        }
        if (Count == _keys.Length) Array.Resize(ref _keys, Count * 2);
        _keys[Count] = new() { Hash = hash, At = Store(key), Length = key.Length, First = None };
        _slots[slot] = Count;
        return Count++;
    }

    /// <summary>False: a row of this time cannot be an answer beside those that are there.</summary>
    public bool CanMatter(int key, long time)
    {
        if (time > cut) return true;
        for (var row = _keys[key].First; row != None; row = _rows[row].Next)
            if (_rows[row].Time <= cut) return time >= _rows[row].Time;
        return true;
    }

    /// <summary>Takes a packed row in, unless it loses.</summary>
    public void Add(int key, long time, long? created, ReadOnlySpan<byte> packed)
    {
        var previous = None;
        var row = _keys[key].First;
        for (; row != None && _rows[row].Time > time; row = _rows[row].Next) previous = row;
        if (row != None && _rows[row].Time == time)
        {
            ref var same = ref _rows[row];
            if (ValueCellOrder.Compare(layout, same.HasCreated ? same.Created : null, Slice(same.At, same.Length), created, packed) < 0) Fill(ref same, time, created, packed);
            return;
        }
        if (previous != None && _rows[previous].Time <= cut) return; // older than the current one
        if (time <= cut && row != None)
        {
            Fill(ref _rows[row], time, created, packed); // the older one is never an answer again; nothing follows it
            return;
        }
        var added = TakeRow();
        Fill(ref _rows[added], time, created, packed);
        _rows[added].Next = row;
        if (previous == None) _keys[key].First = added;
        else _rows[previous].Next = added;
    }

    public ReadOnlySpan<byte> KeyBytes(int key) => Slice(_keys[key].At, _keys[key].Length);

    /// <summary>Adds the rows of a key to a cell that has begun.</summary>
    public void WriteTo(int key, ValueCellWriter cell)
    {
        for (var row = _keys[key].First; row != None; row = _rows[row].Next)
        {
            ref var entry = ref _rows[row];
            cell.AddRow(entry.Time, entry.HasCreated ? entry.Created : null, Slice(entry.At, entry.Length));
        }
    }

    /// <summary>Numbers of the keys that have rows, in the order of the keys' bytes.</summary>
    public int[] Sorted()
    {
        var order = new int[Count];
        var count = 0;
        for (var key = 0; key < Count; key++)
            if (_keys[key].First != None) order[count++] = key;
        Array.Resize(ref order, count);
        order.AsSpan().Sort(new ByBytes(this));
        return order;
    }

    public void Clear()
    {
        (Count, _rowCount, _used, _blockBytes) = (0, 0, BlockSize, 0);
        _blocks.Clear();
        (_slots, _keys, _rows) = (NewSlots(1 << 10), new KeyEntry[1 << 9], new RowEntry[1 << 9]);
    }

    readonly struct ByBytes(NewestRows rows) : IComparer<int>
    {
        public int Compare(int x, int y) => rows.KeyBytes(x).SequenceCompareTo(rows.KeyBytes(y));
    }

    void Fill(ref RowEntry row, long time, long? created, ReadOnlySpan<byte> packed)
    {
        (row.Time, row.Created, row.HasCreated) = (time, created ?? 0, created is not null);
        if (packed.Length > row.Capacity)
        {
            row.At = Store(packed);
            row.Capacity = packed.Length;
        }
        else packed.CopyTo(_blocks[(int)(row.At >> BlockBits)].AsSpan((int)(row.At & (BlockSize - 1))));
        row.Length = packed.Length;
    }

    int TakeRow()
    {
        if (_rowCount == _rows.Length) Array.Resize(ref _rows, _rowCount * 2);
        _rows[_rowCount] = default;
        return _rowCount++;
    }

    long Store(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BlockSize - _used || _blocks.Count == 0)
        {
            _blocks.Add(new byte[Math.Max(BlockSize, bytes.Length)]); // a longer one has a block of its own
            _blockBytes += _blocks[^1].Length;
            _used = 0;
        }
        var at = ((long)(_blocks.Count - 1) << BlockBits) + _used;
        bytes.CopyTo(_blocks[^1].AsSpan(_used));
        _used = Math.Min(BlockSize, _used + bytes.Length);
        return at;
    }

    ReadOnlySpan<byte> Slice(long at, int length)
        => _blocks[(int)(at >> BlockBits)].AsSpan((int)(at & (BlockSize - 1)), length);

    void GrowSlots()
    {
        var slots = NewSlots(_slots.Length * 2);
        for (var key = 0; key < Count; key++)
        {
            var slot = (int)_keys[key].Hash & (slots.Length - 1);
            while (slots[slot] != None) slot = (slot + 1) & (slots.Length - 1);
            slots[slot] = key;
        }
        _slots = slots;
    }

    static int[] NewSlots(int size)
    {
        var slots = new int[size];
        slots.AsSpan().Fill(None);
        return slots;
    }
}
