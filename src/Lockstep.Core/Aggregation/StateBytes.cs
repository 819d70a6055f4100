using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>Integers in states: little-endian, without the leading bytes that only repeat the sign. One number has one encoding.</summary>
internal static class StateBytes
{
    /// <summary>Bytes that a number from 0 on takes: 0 for 0.</summary>
    public static int LengthOf(ulong value) => (71 - BitOperations.LeadingZeroCount(value)) >> 3;

    /// <summary>Bytes that a signed number takes: 0 for 0.</summary>
    public static int LengthOf(in Int192 value)
    {
        var sign = (ulong)((long)value.High >> 63);
        var (low, middle, high) = (value.Low ^ sign, value.Middle ^ sign, value.High ^ sign);
        var bits = high != 0 ? 192 - BitOperations.LeadingZeroCount(high) : middle != 0 ? 128 - BitOperations.LeadingZeroCount(middle) : 64 - BitOperations.LeadingZeroCount(low);
        return sign == 0 && bits == 0 ? 0 : (bits + 8) >> 3; // a bit for the sign
    }

    /// <summary>Bytes that a number from 0 on takes.</summary>
    public static int LengthOf(in Int320 value)
        => value.E != 0 ? 32 + LengthOf(value.E) : value.D != 0 ? 24 + LengthOf(value.D) : value.C != 0 ? 16 + LengthOf(value.C) : value.B != 0 ? 8 + LengthOf(value.B) : LengthOf(value.A);

    /// <summary>Bytes that a signed number takes: 0 for 0.</summary>
    public static int LengthOfSigned(in Int320 value)
    {
        if ((long)value.E >= 0) return LengthOf(value) is var length && length > 0 && TopBit(value, length) ? length + 1 : length;
        Int320 size = new() { A = ~value.A, B = ~value.B, C = ~value.C, D = ~value.D, E = ~value.E };
        var bytes = LengthOf(size);
        return bytes == 0 || TopBit(size, bytes) ? bytes + 1 : bytes;
    }

    static bool TopBit(in Int320 value, int length)
    {
        var word = ((length - 1) / 8) switch { 0 => value.A, 1 => value.B, 2 => value.C, 3 => value.D, _ => value.E };
        return (word >> ((length - 1) % 8 * 8 + 7) & 1) != 0;
    }

    public static int Write(Span<byte> to, ulong value, int length)
    {
        for (var i = 0; i < length; i++) to[i] = (byte)(value >> (8 * i));
        return length;
    }

    public static int Write(Span<byte> to, in Int192 value, int length)
    {
        Span<byte> whole = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(whole, value.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(whole[8..], value.Middle);
        BinaryPrimitives.WriteUInt64LittleEndian(whole[16..], value.High);
        whole[..length].CopyTo(to);
        return length;
    }

    public static int Write(Span<byte> to, in Int320 value, int length)
    {
        Span<byte> whole = stackalloc byte[40];
        BinaryPrimitives.WriteUInt64LittleEndian(whole, value.A);
        BinaryPrimitives.WriteUInt64LittleEndian(whole[8..], value.B);
        BinaryPrimitives.WriteUInt64LittleEndian(whole[16..], value.C);
        BinaryPrimitives.WriteUInt64LittleEndian(whole[24..], value.D);
        BinaryPrimitives.WriteUInt64LittleEndian(whole[32..], value.E);
        whole[..length].CopyTo(to);
        return length;
    }

    /// <summary>A number from 0 on of at most 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReadUnsigned(ReadOnlySpan<byte> from, int length)
    {
        if (length == 0) return 0;
        if (from.Length >= 8) return BinaryPrimitives.ReadUInt64LittleEndian(from) & ulong.MaxValue >> (64 - 8 * length);
        ulong value = 0;
        for (var i = 0; i < length; i++) value |= (ulong)from[i] << (8 * i);
        return value;
    }

    /// <summary>A signed number of at most 24 bytes.</summary>
    public static Int192 ReadSigned(ReadOnlySpan<byte> from, int length)
    {
        if (length == 0) return default;
        Span<byte> whole = stackalloc byte[24];
        whole.Fill((byte)((sbyte)from[length - 1] >> 7));
        from[..length].CopyTo(whole);
        return new() { Low = BinaryPrimitives.ReadUInt64LittleEndian(whole), Middle = BinaryPrimitives.ReadUInt64LittleEndian(whole[8..]), High = BinaryPrimitives.ReadUInt64LittleEndian(whole[16..]) };
    }

    /// <summary>A number of at most 40 bytes, from 0 on or signed.</summary>
    public static Int320 ReadLong(ReadOnlySpan<byte> from, int length, bool signed = false)
    {
        Span<byte> whole = stackalloc byte[40];
        whole.Fill(signed && length > 0 ? (byte)((sbyte)from[length - 1] >> 7) : (byte)0);
        from[..length].CopyTo(whole);
        return new()
        {
            A = BinaryPrimitives.ReadUInt64LittleEndian(whole),
            B = BinaryPrimitives.ReadUInt64LittleEndian(whole[8..]),
            C = BinaryPrimitives.ReadUInt64LittleEndian(whole[16..]),
            D = BinaryPrimitives.ReadUInt64LittleEndian(whole[24..]),
            E = BinaryPrimitives.ReadUInt64LittleEndian(whole[32..]),
        };
    }

    /// <summary>LEB128.</summary>
    public static void WriteVarint(IBufferWriter<byte> to, ulong value)
    {
        var span = to.GetSpan(10);
        var at = 0;
        for (; value >= 0x80; value >>= 7) span[at++] = (byte)(value | 0x80);
        span[at++] = (byte)value;
        to.Advance(at);
    }

    public static ulong ReadVarint(ReadOnlySpan<byte> from, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (at >= from.Length) throw Short(from.Length);
            var b = from[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw new RowFormatException("A number of more than ten bytes in an aggregate's state.");
    }

    public static int ReadCount(ReadOnlySpan<byte> from, ref int at)
    {
        var count = ReadVarint(from, ref at);
        return count <= int.MaxValue ? (int)count : throw new RowFormatException($"A length of {count} in an aggregate's state.");
    }

    public static RowFormatException Short(int length) => new($"An aggregate's state ends too early, after {length} bytes.");

    public static RowFormatException Header(string state, int header) => new($"The state '{state}' cannot begin with the byte {header}.");
}
