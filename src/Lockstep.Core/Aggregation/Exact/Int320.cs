using System.Runtime.CompilerServices;

namespace Lockstep.Core.Aggregation.Exact;

/// <summary>An integer of 320 bits, two's complement, low word first: whole sums of 2^63 squares of 128-bit values (S13).</summary>
internal struct Int320 : IEquatable<Int320>
{
    public ulong A, B, C, D, E;

    public readonly bool IsZero => (A | B | C | D | E) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSquare(Words128 value)
    {
        Square(value, out var a, out var b, out var c, out var d);
        Add(a, b, c, d, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SubtractSquare(Words128 value)
    {
        Square(value, out var a, out var b, out var c, out var d);
        Subtract(a, b, c, d, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong a, ulong b, ulong c, ulong d, ulong e)
    {
        var carry = 0UL;
        A = Sum(A, a, ref carry);
        B = Sum(B, b, ref carry);
        C = Sum(C, c, ref carry);
        D = Sum(D, d, ref carry);
        E = E + e + carry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Subtract(ulong a, ulong b, ulong c, ulong d, ulong e)
    {
        var borrow = 0UL;
        A = Difference(A, a, ref borrow);
        B = Difference(B, b, ref borrow);
        C = Difference(C, c, ref borrow);
        D = Difference(D, d, ref borrow);
        E = E - e - borrow;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in Int320 other) => Add(other.A, other.B, other.C, other.D, other.E);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Subtract(in Int320 other) => Subtract(other.A, other.B, other.C, other.D, other.E);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Square(Words128 value, out ulong a, out ulong b, out ulong c, out ulong d)
    {
        var sign = (ulong)((long)value.High >> 63);
        var low = (value.Low ^ sign) - sign;
        var high = (value.High ^ sign) + (low == 0 ? sign & 1 : 0);
        Square(low, high, out a, out b, out c, out d);
    }

    /// <summary>Of a number from 0 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Square(ulong low, ulong high, out ulong a, out ulong b, out ulong c, out ulong d)
    {
        b = Math.BigMul(low, low, out a);
        if (high == 0)
        {
            (c, d) = (0, 0);
            return;
        }
        var crossHigh = Math.BigMul(low, high, out var crossLow);
        var topHigh = Math.BigMul(high, high, out c);
        // Twice the cross product, one word up.
        var carry = 0UL;
        b = Sum(b, crossLow << 1, ref carry);
        c = Sum(c, crossHigh << 1 | crossLow >> 63, ref carry);
        d = topHigh + (crossHigh >> 63) + carry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Sum(ulong x, ulong y, ref ulong carry)
    {
        var sum = x + y;
        var over = sum < x ? 1UL : 0;
        var total = sum + carry;
        carry = over | (total < sum ? 1UL : 0);
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Difference(ulong x, ulong y, ref ulong borrow)
    {
        var difference = x - y;
        var under = x < y ? 1UL : 0;
        var total = difference - borrow;
        borrow = under | (difference < borrow ? 1UL : 0);
        return total;
    }

    public readonly bool Equals(Int320 other) => A == other.A && B == other.B && C == other.C && D == other.D && E == other.E;
    public override readonly bool Equals(object? obj) => obj is Int320 other && Equals(other);
    public override readonly int GetHashCode() => HashCode.Combine(A, B, C, D, E);
}
