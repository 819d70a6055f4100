using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Verification;

/// <summary>
/// Keeps, of all keys that are offered, those with the smallest hashes: a sample that does not depend on their order, on duplicates, or
/// on which of several places a key was found in. Memory is bounded by the size. Two keys of one hash count as one.
/// </summary>
internal sealed class KeySample(int size, ulong seed)
{
    readonly PriorityQueue<byte[], ulong> _kept = new(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a))); // the greatest hash first
    readonly HashSet<ulong> _hashes = [];

    public void Offer(ReadOnlySpan<byte> key)
    {
        var hash = XxHash64.Hash(key, seed);
        if (_kept.Count == size && _kept.TryPeek(out _, out var greatest) && hash >= greatest) return;
        if (!_hashes.Add(hash)) return;
        _kept.Enqueue(key.ToArray(), hash);
        if (_kept.Count > size && _kept.TryDequeue(out _, out var gone)) _hashes.Remove(gone);
    }

    /// <summary>The keys in the order of their bytes.</summary>
    public IReadOnlyList<byte[]> Keys => [.. _kept.UnorderedItems.Select(i => i.Element).Order(Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)))];
}
