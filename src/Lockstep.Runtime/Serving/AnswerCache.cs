using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Serving;

// Rows of answers as they were written, for requests that come again while nothing has changed.
// An entry says under which stamp of the store its cells were read, and for which instants t the same rows answer: from the newest of
// their event timestamps until the first ttl ends or the first row that is still ahead comes. It is used only under the very same
// stamp and within these instants, so that it is what reading would give, bit for bit (S5, S7, S20); any write ends all of them (S21).
// The stamp is taken before the cells are read: what was written in between is in a state with another stamp, under which the entry
// is never asked for. Entries are immutable, slots are single references: no lock. A row is taken in when it is asked for the second
// time under one stamp, so that a store that is written to all the time costs a comparison here and no memory.

/// <summary>Answered rows by (plan, key fields), bounded in bytes. One for each catalog in service.</summary>
public sealed class AnswerCache(long maxBytes = AnswerCache.DefaultBytes)
{
    public const long DefaultBytes = 64 << 20;
    const int Slots = 1 << 15;
    const int Overhead = 160;

    readonly Entry?[] _entries = new Entry?[Slots];
    readonly ulong[] _seen = new ulong[Slots]; // what missed last there; torn or lost writes cost a miss
    long _bytes;
    int _hand; // whatever stands here goes first when there are too many bytes

    /// <summary>Bytes held now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    internal byte[]? Find(ServingPlan plan, ReadOnlySpan<byte> key, ulong hash, StoreStamp stamp, long asOf)
    {
        // Two places for each row: what shares the first with another finds room in the second.
        for (var way = 0UL; way < 2; way++)
            if (Volatile.Read(ref _entries[(hash ^ way) % Slots]) is { } entry && entry.Hash == hash && entry.Stamp == stamp && ReferenceEquals(entry.Plan, plan)
                && entry.From <= asOf && asOf <= entry.Until && key.SequenceEqual(entry.Key)) return entry.Text;
        return null;
    }

    internal void Offer(ServingPlan plan, ReadOnlySpan<byte> key, ulong hash, StoreStamp stamp, long from, long until, ReadOnlySpan<byte> text)
    {
        var mark = (hash ^ stamp.High ^ stamp.Low * 0x9E3779B97F4A7C15) | 1;
        ref var seen = ref _seen[hash % Slots];
        if (seen != mark) { seen = mark; return; }
        ref var first = ref _entries[hash % Slots];
        ref var second = ref _entries[(hash ^ 1) % Slots];
        // Over what the same row left, over what no stamp answers for any more, or over nothing; else over the second.
        ref var slot = ref (first is null || first.Stamp != stamp || first.Hash == hash ? ref first : ref second);
        Entry entry = new(plan, key.ToArray(), hash, stamp, from, until, text.ToArray());
        var bytes = Interlocked.Add(ref _bytes, entry.Size) - (Interlocked.Exchange(ref slot, entry) is { } old ? Drop(old) : 0);
        for (var tried = 0; bytes > maxBytes && tried < Slots; tried++)
            if (Interlocked.Exchange(ref _entries[Interlocked.Increment(ref _hand) & (Slots - 1)], null) is { } victim) bytes -= Drop(victim);
    }

    int Drop(Entry entry)
    {
        Interlocked.Add(ref _bytes, -entry.Size);
        return entry.Size;
    }

    sealed record Entry(ServingPlan Plan, byte[] Key, ulong Hash, StoreStamp Stamp, long From, long Until, byte[] Text)
    {
        public int Size => Overhead + Key.Length + Text.Length;
    }
}
