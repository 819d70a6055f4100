using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

// Snappy's raw format, the compressing half: the length as a varint, then literals and copies. Each fragment of 64 KB is looked through
// once with a table of where four bytes were seen last; the longer nothing is found, the larger the steps, so that what does not compress
// costs little more than a copy. https://github.com/google/snappy/blob/main/format_description.txt
internal sealed class Snappy
{
    const int Fragment = 1 << 16, TableBits = 14, Margin = 15;

    readonly ushort[] _table = new ushort[1 << TableBits];

    public static int MaxLength(int length) => 32 + length + length / 6;

    /// <summary>The number of bytes written; <paramref name="to"/> has room for <see cref="MaxLength"/>.</summary>
    public int Compress(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var at = 0;
        var rest = (uint)from.Length;
        for (; rest >= 0x80; rest >>= 7) to[at++] = (byte)(rest | 0x80);
        to[at++] = (byte)rest;
        for (var start = 0; start < from.Length; start += Fragment)
            at = CompressFragment(from.Slice(start, Math.Min(Fragment, from.Length - start)), to, at);
        return at;
    }

    int CompressFragment(ReadOnlySpan<byte> from, Span<byte> to, int at)
    {
        if (from.Length <= Margin) return Literal(from, to, at);
        var table = _table;
        Array.Clear(table);
        ref var first = ref MemoryMarshal.GetReference(from);
        var (literal, end) = (0, from.Length - Margin);
        var next = 1;
        while (true)
        {
            // Until four bytes are found that were there before.
            int here, before, skip = 32;
            while (true)
            {
                here = next;
                next = here + (skip++ >> 5);
                if (next > end) return Literal(from[literal..], to, at);
                var slot = Hash(Four(ref first, here));
                before = table[slot];
                table[slot] = (ushort)here;
                if (Four(ref first, here) == Four(ref first, before)) break;
            }
            at = Literal(from[literal..here], to, at);
            do
            {
                var length = 4 + Same(ref first, here + 4, before + 4, from.Length);
                at = Copy(to, at, here - before, length);
                here += length;
                literal = here;
                if (here >= end) return Literal(from[literal..], to, at);
                table[Hash(Four(ref first, here - 1))] = (ushort)(here - 1);
                var slot = Hash(Four(ref first, here));
                before = table[slot];
                table[slot] = (ushort)here;
            }
            while (Four(ref first, here) == Four(ref first, before));
            next = here + 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Four(ref byte first, int at) => Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Hash(uint four) => (int)(four * 0x1E35A7BD >> 32 - TableBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Same(ref byte first, int here, int before, int length)
    {
        var start = here;
        for (; here <= length - 8; here += 8, before += 8)
        {
            var different = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, here)) ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, before));
            if (different != 0) return here - start + (BitOperations.TrailingZeroCount(BitConverter.IsLittleEndian ? different : BinaryPrimitives.ReverseEndianness(different)) >> 3);
        }
        for (; here < length && Unsafe.Add(ref first, here) == Unsafe.Add(ref first, before); here++) before++;
        return here - start;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Literal(ReadOnlySpan<byte> literal, Span<byte> to, int at)
    {
        if (literal.IsEmpty) return at;
        var length = literal.Length - 1; // below 64 KB
        if (length < 60) to[at++] = (byte)(length << 2);
        else if (length < 256) (to[at], to[at + 1], at) = (60 << 2, (byte)length, at + 2);
        else (to[at], to[at + 1], to[at + 2], at) = (61 << 2, (byte)length, (byte)(length >> 8), at + 3);
        literal.CopyTo(to[at..]);
        return at + literal.Length;
    }

    static int Copy(Span<byte> to, int at, int offset, int length)
    {
        while (length > 0)
        {
            if (length is >= 4 and < 12 && offset < 2048)
            {
                to[at++] = (byte)(1 | length - 4 << 2 | offset >> 8 << 5);
                to[at++] = (byte)offset;
                return at;
            }
            var some = length > 64 ? length < 68 ? 60 : 64 : length; // at least four stay for the last
            to[at++] = (byte)(2 | some - 1 << 2);
            to[at++] = (byte)offset;
            to[at++] = (byte)(offset >> 8);
            length -= some;
        }
        return at;
    }
}
