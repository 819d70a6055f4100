using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lockstep.Core.PointInTime;

/// <summary>Numbers distinct 64-bit values 0, 1, 2 … in the order in which they came. Open addressing, at most half full.</summary>
internal sealed class LongTable
{
    /// <summary>Keys whose places memory is asked for ahead of: about what is done while they come.</summary>
    const int Ahead = 16;

    struct Entry
    {
        public long Key;
        public int Number; // from 1; 0: free
    }

    Entry[] _entries = new Entry[16];
    int _shift = 64 - 4;

    public int Count { get; private set; }

    public int Intern(long key)
    {
        if (Count >= _entries.Length / 2) Grow();
        var at = Slot(key);
        ref var entry = ref _entries[at];
        if (entry.Number == 0)
        {
            entry.Key = key;
            entry.Number = ++Count;
        }
        return entry.Number - 1;
    }

    /// <returns>The number, or -1.</returns>
    public int Find(long key) => _entries[Slot(key)].Number - 1;

    /// <summary>The number of each key, or -1; many at a time, since the table seldom fits into a core's cache.</summary>
    public void Find(ReadOnlySpan<long> keys, Span<int> numbers)
    {
        var entries = _entries;
        for (var row = 0; row < keys.Length; row++)
        {
            if (row + Ahead < keys.Length) Prefetch.Hint(in entries[Home(keys[row + Ahead])]);
            numbers[row] = Find(keys[row]);
        }
    }

    /// <summary>Where the key stands, or the free entry where it would.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int Slot(long key)
    {
        var entries = _entries;
        for (var at = Home(key); ; at = at + 1 & (entries.Length - 1))
            if (entries[at].Number == 0 || entries[at].Key == key) return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int Home(long key)
    {
        var folded = (ulong)key ^ ((ulong)key >> 32); // high halves count too
        return (int)(folded * 0x9E3779B97F4A7C15 >> _shift);
    }

    void Grow()
    {
        var old = _entries;
        _entries = new Entry[old.Length * 2];
        _shift = 64 - BitOperations.Log2((uint)_entries.Length);
        foreach (var entry in old)
            if (entry.Number != 0) _entries[Slot(entry.Key)] = entry;
    }
}
