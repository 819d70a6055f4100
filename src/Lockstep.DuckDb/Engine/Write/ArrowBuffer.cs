using System.Numerics;
using System.Runtime.InteropServices;

namespace Lockstep.DuckDb.Engine.Write;

/// <summary>Memory outside the garbage collector's, which grows and whose address DuckDB may keep until the array over it is released.</summary>
internal unsafe struct ArrowBuffer
{
    public byte* Data;
    public long Length;
    long _capacity;

    /// <summary>Room for so many more bytes; the caller fills them.</summary>
    public byte* Grow(long bytes)
    {
        if (Length + bytes > _capacity)
        {
            _capacity = Math.Max(Length + bytes, Math.Max(4096, _capacity * 2));
            Data = (byte*)NativeMemory.Realloc(Data, (nuint)_capacity);
        }
        var start = Data + Length;
        Length += bytes;
        return start;
    }

    public void Append<T>(ReadOnlySpan<T> values) where T : unmanaged
        => values.CopyTo(new Span<T>(Grow((long)values.Length * sizeof(T)), values.Length));

    /// <summary>Hands the memory over, as the block that <see cref="NativeMemory.Free"/> takes.</summary>
    public byte* Take()
    {
        var data = Data;
        this = default;
        return data;
    }

    public void Free()
    {
        NativeMemory.Free(Data);
        this = default;
    }
}

/// <summary>Bits, appended in runs: bit <c>i &amp; 7</c> of byte <c>i >> 3</c>, as Arrow and our columns have them.</summary>
internal unsafe struct ArrowBits
{
    ArrowBuffer _buffer;
    long _count;

    /// <summary>Bits that are clear.</summary>
    public long Clear { get; private set; }

    /// <summary>Appends bits from a bitmap; an empty one means all set.</summary>
    public void Append(ReadOnlySpan<ulong> bits, int first, int count)
    {
        for (var done = 0; done < count;)
        {
            var take = Math.Min(64 - (int)(_count & 63), Math.Min(64 - (first + done & 63), count - done));
            var mask = take == 64 ? ulong.MaxValue : (1UL << take) - 1;
            var word = bits.IsEmpty ? mask : bits[first + done >> 6] >> (first + done & 63) & mask;
            Put(word, take);
            Clear += take - BitOperations.PopCount(word);
            done += take;
        }
    }

    /// <summary>Appends a bit for each byte that is 0 or 1.</summary>
    public void AppendBytes(ReadOnlySpan<byte> flags)
    {
        for (var i = 0; i < flags.Length;)
        {
            var take = Math.Min(64 - (int)(_count & 63), flags.Length - i);
            ulong word = 0;
            for (var bit = 0; bit < take; bit++) word |= (ulong)(flags[i + bit] & 1) << bit;
            Put(word, take);
            i += take;
        }
    }

    // At most up to the end of the current word of 64 bits.
    void Put(ulong word, int count)
    {
        if ((_count & 63) == 0) *(ulong*)_buffer.Grow(8) = 0;
        ((ulong*)_buffer.Data)[_count >> 6] |= word << (int)(_count & 63);
        _count += count;
    }

    public byte* Take()
    {
        var data = _buffer.Take();
        this = default;
        return data;
    }

    public void Free() => _buffer.Free();
}
