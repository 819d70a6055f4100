using System.Numerics;

namespace Lockstep.Core.PointInTime;

/// <summary>Numbers distinct 64-bit values 0, 1, 2 … in the order in which they came. Open addressing, at most half full.</summary>
internal sealed class LongTable
{
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

    /// <summary>Where the key stands, or the free entry where it would.</summary>
    int Slot(long key)
    {
        var entries = _entries;
        var folded = (ulong)key ^ ((ulong)key >> 32); // high halves count too
        for (var at = (int)(folded * 0x9E3779B97F4A7C15 >> _shift); ; at = at + 1 & (entries.Length - 1))
            if (entries[at].Number == 0 || entries[at].Key == key) return at;
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
