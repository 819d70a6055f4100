using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

// Numbers distinct byte strings 0, 1, 2 … in the order in which they came. Open addressing, at most half full.
// A key of at most 16 bytes, as most are, is two overlapping words and its length: an entry holds these, and so the whole key, so that
// finding touches one place in memory. Of a longer key it holds two hashes, and the bytes are compared with a copy.
internal sealed class BytesTable
{
    struct Entry
    {
        public Words Words;
        public int Length;
        public int Number; // from 1; 0: free
    }

    record struct Words(ulong First, ulong Last);

    const int Short = 16;

    Entry[] _entries = new Entry[16];
    int[] _starts = new int[16]; // of long keys, by number; others have none
    byte[] _long = [];
    int _longUsed;

    public int Count { get; private set; }

    public int Intern(ReadOnlySpan<byte> key)
    {
        if (Count >= _entries.Length / 2) Grow();
        var words = WordsOf(key);
        ref var entry = ref _entries[Slot(key, words)];
        if (entry.Number == 0)
        {
            if (Count == _starts.Length) Array.Resize(ref _starts, Count * 2);
            if (key.Length > Short) _starts[Count] = Keep(key);
            entry = new() { Words = words, Length = key.Length, Number = ++Count };
        }
        return entry.Number - 1;
    }

    /// <returns>The number, or -1.</returns>
    public int Find(ReadOnlySpan<byte> key) => _entries[Slot(key, WordsOf(key))].Number - 1;

    int Slot(ReadOnlySpan<byte> key, Words words)
    {
        var entries = _entries;
        var mask = entries.Length - 1;
        for (var at = (int)Hash(words, key.Length) & mask; ; at = at + 1 & mask)
        {
            ref readonly var entry = ref entries[at];
            if (entry.Number == 0) return at;
            if (entry.Words == words && entry.Length == key.Length && (key.Length <= Short || key.SequenceEqual(_long.AsSpan(_starts[entry.Number - 1], key.Length)))) return at;
        }
    }

    int Keep(ReadOnlySpan<byte> key)
    {
        var (start, end) = (_longUsed, checked(_longUsed + key.Length));
        if (end > _long.Length) Array.Resize(ref _long, (int)Math.Min(Array.MaxLength, Math.Max(end, _long.Length * 2L)));
        key.CopyTo(_long.AsSpan(start));
        _longUsed = end;
        return start;
    }

    void Grow()
    {
        var old = _entries;
        _entries = new Entry[old.Length * 2];
        var mask = _entries.Length - 1;
        foreach (ref readonly var entry in old.AsSpan())
        {
            if (entry.Number == 0) continue;
            var at = (int)Hash(entry.Words, entry.Length) & mask;
            while (_entries[at].Number != 0) at = at + 1 & mask;
            _entries[at] = entry;
        }
    }

    static Words WordsOf(ReadOnlySpan<byte> key)
    {
        ref var first = ref MemoryMarshal.GetReference(key);
        var n = key.Length;
        if (n > Short) return new(XxHash64.Hash(key), Read<ulong>(ref first, n - 8));
        if (n >= 8) return new(Read<ulong>(ref first, 0), Read<ulong>(ref first, n - 8));
        if (n >= 4) return new(Read<uint>(ref first, 0), Read<uint>(ref first, n - 4));
        return n == 0 ? default : new((ulong)key[0] | (ulong)key[n >> 1] << 8 | (ulong)key[n - 1] << 16, 0);
    }

    // In memory only and never compared with another process, so it may be quicker than xxHash64: one product of 128 bits, folded.
    static ulong Hash(Words words, int length)
    {
        var high = Math.BigMul(words.First ^ 0x9E3779B185EBCA87 ^ (ulong)length, words.Last ^ 0xC2B2AE3D27D4EB4F, out var low);
        return high ^ low ^ BitOperations.RotateLeft(high ^ low, 31);
    }

    static T Read<T>(ref byte first, int at) where T : unmanaged => Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref first, at));
}
