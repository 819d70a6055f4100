using System.Diagnostics.CodeAnalysis;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Materialization;

/// <summary>Keys whose answers are computed afresh.</summary>
internal sealed class KeySet
{
    readonly HashSet<byte[]> _keys = new(ByBytes.Instance);
    readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    public KeySet() => _lookup = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();

    public int Count => _keys.Count;

    /// <summary>Memory held, about.</summary>
    public long Bytes { get; private set; }

    public void Add(ReadOnlySpan<byte> key)
    {
        if (_lookup.Add(key)) Bytes += key.Length + 80;
    }

    public bool Contains(ReadOnlySpan<byte> key) => _lookup.Contains(key);

    public List<byte[]> Sorted()
    {
        List<byte[]> keys = [.. _keys];
        keys.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        return keys;
    }

    sealed class ByBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly ByBytes Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);
        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);
        public int GetHashCode([DisallowNull] byte[] key) => GetHashCode(key.AsSpan());
        public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)XxHash64.Hash(alternate);
        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
