using System.Buffers;
using System.Runtime.CompilerServices;

namespace Lockstep.Runtime.Serving;

/// <summary>Bytes that grow and are reused.</summary>
public sealed class Utf8Buffer(int capacity = 256) : IBufferWriter<byte>
{
    byte[] _bytes = new byte[capacity];

    public int Count { get; private set; }
    public int Capacity => _bytes.Length;
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);
    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Count);

    public void Clear() => Count = 0;

    /// <summary>Takes back what was written after <paramref name="count"/>.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)Count);
        Count = count;
    }

    /// <summary>Room for at least <paramref name="size"/> bytes; <see cref="Advance"/> says how many were used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Room(int size)
    {
        if (_bytes.Length - Count < size) Grow(size);
        return _bytes.AsSpan(Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int count) => Count += count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Count += bytes.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(byte value)
    {
        Room(1)[0] = value;
        Count++;
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => Room(Math.Max(sizeHint, 1));

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        Room(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Count);
    }

    void Grow(int size) => Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max((long)Count + size, _bytes.Length * 2L)));
}
