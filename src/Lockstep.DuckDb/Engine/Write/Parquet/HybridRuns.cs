using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

// Parquet's hybrid of runs and packed bits: which rows have a value, and the numbers of entries of a dictionary.
internal static class HybridRuns
{
    /// <summary>Fewer equal numbers one after the other are packed with their neighbours.</summary>
    const int LongRun = 16;

    /// <summary>1 for each row with a value, with the length before it; an empty bitmap: all have one.</summary>
    public static void WriteValidity(PageBuffer to, ReadOnlySpan<ulong> validity, int rows)
    {
        var start = to.Length;
        to.Skip(4);
        if (validity.IsEmpty)
        {
            to.Varint((ulong)rows << 1);
            to.Byte(1);
        }
        else
        {
            var bytes = (rows + 7) / 8;
            to.Varint((ulong)bytes << 1 | 1);
            if (BitConverter.IsLittleEndian) to.Append(MemoryMarshal.AsBytes(validity)[..bytes]);
            else
                for (var i = 0; i < bytes; i++) to.Byte((byte)(validity[i >> 3] >> (i & 7) * 8));
            if ((rows & 7) != 0) to.Written[^1] &= (byte)((1 << (rows & 7)) - 1); // bits past the last row mean nothing
        }
        BinaryPrimitives.WriteInt32LittleEndian(to.Written[start..], to.Length - start - 4);
    }

    /// <summary>Numbers below <paramref name="count"/>, the width of one before them.</summary>
    public static void WriteNumbers(PageBuffer to, ReadOnlySpan<int> numbers, int count)
    {
        var width = Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)(count - 1)));
        to.Byte((byte)width);
        for (var at = 0; at < numbers.Length;)
        {
            var same = Same(numbers[at..]);
            if (same >= LongRun)
            {
                to.Varint((ulong)same << 1);
                for (var shift = 0; shift < width; shift += 8) to.Byte((byte)(numbers[at] >> shift));
                at += same;
                continue;
            }
            var start = at;
            do at += 8;
            while (at < numbers.Length && !IsLongRun(numbers[at..]));
            at = Math.Min(at, numbers.Length);
            Pack(to, numbers[start..at], width);
        }
    }

    static void Pack(PageBuffer to, ReadOnlySpan<int> numbers, int width)
    {
        var groups = (numbers.Length + 7) / 8;
        to.Varint((ulong)groups << 1 | 1);
        var end = to.Length + groups * width;
        var (bits, count) = (0UL, 0);
        foreach (var number in numbers)
        {
            bits |= (ulong)(uint)number << count;
            for (count += width; count >= 8; count -= 8, bits >>= 8) to.Byte((byte)bits);
        }
        if (count > 0) to.Byte((byte)bits);
        while (to.Length < end) to.Byte(0);
    }

    static bool IsLongRun(ReadOnlySpan<int> numbers) => numbers.Length >= LongRun && numbers[..LongRun].IndexOfAnyExcept(numbers[0]) < 0;

    static int Same(ReadOnlySpan<int> numbers) => numbers.IndexOfAnyExcept(numbers[0]) is >= 0 and var other ? other : numbers.Length;
}

/// <summary>Bytes of a page; its memory is kept for the next one.</summary>
internal sealed class PageBuffer
{
    byte[] _bytes = new byte[4096];

    public int Length { get; private set; }
    public Span<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Room for so many bytes more, which count as written.</summary>
    public Span<byte> Skip(int count)
    {
        var end = checked(Length + count);
        if (end > _bytes.Length) Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(end, 2L * _bytes.Length)));
        var room = _bytes.AsSpan(Length, count);
        Length = end;
        return room;
    }

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Skip(bytes.Length));

    public void Byte(byte value)
    {
        if (Length == _bytes.Length) Skip(1)[0] = value;
        else _bytes[Length++] = value;
    }

    public void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    /// <summary>Forgets what was written beyond.</summary>
    public void Cut(int length) => Length = length;
}
