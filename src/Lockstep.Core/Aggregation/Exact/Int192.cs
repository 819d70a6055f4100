using System.Runtime.CompilerServices;

namespace Lockstep.Core.Aggregation.Exact;

/// <summary>A signed integer of 192 bits, two's complement, low word first: whole sums of 2^63 values of 128 bits (S13).</summary>
internal struct Int192 : IEquatable<Int192>
{
    public ulong Low, Middle, High;

    public Int192(Int128 value) => (Low, Middle, High) = ((ulong)value, (ulong)(value >> 64), (ulong)(value >> 127));

    public readonly bool IsNegative => (long)High < 0;
    public readonly bool IsZero => (Low | Middle | High) == 0;

    /// <summary>Whether it is its low 128 bits with their sign.</summary>
    public readonly bool FitsInt128 => High == (ulong)((long)Middle >> 63);

    /// <summary>The low 128 bits.</summary>
    public readonly Int128 ToInt128() => new(Middle, Low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong low, ulong middle, ulong high)
    {
        var a = Low + low;
        var carry = a < low ? 1UL : 0;
        var b = Middle + middle;
        var carryB = b < middle ? 1UL : 0;
        var c = b + carry;
        if (c < carry) carryB = 1;
        (Low, Middle, High) = (a, c, High + high + carryB);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Subtract(ulong low, ulong middle, ulong high)
    {
        var borrow = Low < low ? 1UL : 0;
        var borrowB = Middle < middle ? 1UL : 0;
        var b = Middle - middle;
        if (b < borrow) borrowB = 1;
        (Low, Middle, High) = (Low - low, b - borrow, High - high - borrowB);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Words128 value) => Add(value.Low, value.High, (ulong)((long)value.High >> 63));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Subtract(Words128 value) => Subtract(value.Low, value.High, (ulong)((long)value.High >> 63));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in Int192 other) => Add(other.Low, other.Middle, other.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Subtract(in Int192 other) => Subtract(other.Low, other.Middle, other.High);

    /// <summary>The size without the sign.</summary>
    public readonly void Magnitude(out ulong low, out ulong middle, out ulong high)
    {
        var sign = (ulong)((long)High >> 63);
        Int192 value = default;
        value.Subtract(Low, Middle, High);
        (low, middle, high) = sign == 0 ? (Low, Middle, High) : (value.Low, value.Middle, value.High);
    }

    public readonly bool Equals(Int192 other) => Low == other.Low && Middle == other.Middle && High == other.High;
    public override readonly bool Equals(object? obj) => obj is Int192 other && Equals(other);
    public override readonly int GetHashCode() => HashCode.Combine(Low, Middle, High);
}
