using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving;

/// <summary>Bytes by value, looked up by spans. Seeded: they come from callers.</summary>
public sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    readonly ulong _seed = (ulong)Random.Shared.NextInt64();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);
    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());
    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);
    public int GetHashCode(ReadOnlySpan<byte> alternate) => XxHash64.Hash(alternate, _seed).GetHashCode();
    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
