using System.Buffers.Binary;
using System.Numerics;

namespace Lockstep.Core.Rows;

/// <summary>xxHash64, from its specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): the hash of S13 and of <c>hash64</c>.</summary>
public static class XxHash64
{
    const ulong P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9, P4 = 0x85EBCA77C2B2AE63, P5 = 0x27D4EB2F165667C5;

    public static ulong Hash(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        ulong hash;
        var length = (ulong)data.Length;
        if (data.Length >= 32)
        {
            var (a, b, c, d) = (seed + P1 + P2, seed + P2, seed, seed - P1);
            while (data.Length >= 32)
            {
                a = Round(a, Read64(data));
                b = Round(b, Read64(data[8..]));
                c = Round(c, Read64(data[16..]));
                d = Round(d, Read64(data[24..]));
                data = data[32..];
            }
            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
            hash = MergeRound(MergeRound(MergeRound(MergeRound(hash, a), b), c), d);
        }
        else hash = seed + P5;
        hash += length;
        for (; data.Length >= 8; data = data[8..])
            hash = BitOperations.RotateLeft(hash ^ Round(0, Read64(data)), 27) * P1 + P4;
        if (data.Length >= 4)
        {
            hash = BitOperations.RotateLeft(hash ^ BinaryPrimitives.ReadUInt32LittleEndian(data) * P1, 23) * P2 + P3;
            data = data[4..];
        }
        foreach (var b in data) hash = BitOperations.RotateLeft(hash ^ b * P5, 11) * P1;
        return Avalanche(hash);
    }

    /// <summary>The hash of the eight bytes, little-endian, of a number.</summary>
    public static ulong Hash(ulong value, ulong seed = 0)
        => Avalanche(BitOperations.RotateLeft((seed + P5 + 8) ^ Round(0, value), 27) * P1 + P4);

    static ulong Read64(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt64LittleEndian(data);
    static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + input * P2, 31) * P1;
    static ulong MergeRound(ulong hash, ulong lane) => (hash ^ Round(0, lane)) * P1 + P4;

    static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * P2;
        hash = (hash ^ (hash >> 29)) * P3;
        return hash ^ (hash >> 32);
    }
}
