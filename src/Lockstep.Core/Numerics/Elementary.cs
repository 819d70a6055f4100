using System.Runtime.CompilerServices;

namespace Lockstep.Core.Numerics;

// The transcendental functions of S17: additions, multiplications, divisions and square roots of IEEE doubles and operations on their
// bits, nothing else, so that every machine agrees in every bit. No fused multiply-add: not every processor has one. Errors are below one
// unit in the last place, most below 0.53: docs/design/numerics.md says which, and a test holds them to it. Out of their domain they
// give NaN, which the language reads as null.
//
// Most functions end in one addition of an exact or nearly exact `upper` and a small `rest`, so that the last rounding is the one that
// counts. Series are Chebyshev's fits, made with the tables by tables.py.
static partial class Elementary
{
    const double Shift = 6755399441055744.0; // 1.5 · 2^52: added to a small number, it leaves the nearest integer in the last bits
    const double PiUpper = 3.141592653589793, PiRest = 1.2246467991473532e-16;
    const double HalfPiUpper = 1.5707963267948966, HalfPiRest = 6.123233995736766e-17;

    /// <summary>x cut to 26 bits: the product of two such numbers is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double Head(double x) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(x) & -0x8000000L);

    /// <summary>2^exponent, for -1022 to 1023.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double PowerOfTwo(long exponent) => BitConverter.Int64BitsToDouble(exponent + 1023 << 52);

    /// <summary>Without a branch, which random arguments would make the processor mispredict: a where the mask is -1, b where it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double Select(long mask, double a, double b)
        => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & mask | BitConverter.DoubleToInt64Bits(b) & ~mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double WithSignOf(double size, double x)
        => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(size) | BitConverter.DoubleToInt64Bits(x) & long.MinValue);

    /// <summary>(n + nRest) / (d + dRest) as upper + rest to some 70 bits: a first quotient of 26 bits, and what it leaves over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double Quotient(double n, double nRest, double d, double dRest, out double rest)
    {
        var divisor = d + dRest;
        var divisorRest = d - divisor + dRest;
        var inverse = 1 / divisor;
        var divisorHead = Head(divisor);
        var quotient = Head(n * inverse);
        rest = (n - quotient * divisorHead - quotient * (divisor - divisorHead + divisorRest) + nRest) * inverse;
        return quotient;
    }

    /// <summary>
    /// The cube root: a guess from the exponent, a polynomial to 23 bits (both of FreeBSD's s_cbrt.c, S. K. Kargl and B. D. Evans), and one
    /// step of Halley's with the exact rest x - t³.
    /// </summary>
    public static double Cbrt(double x)
    {
        if (x == 0 || !double.IsFinite(x)) return x;
        var size = Math.Abs(x);
        double scale = 1;
        if (size < 1e-280) (size, scale) = (size * 18014398509481984, 1.0 / 262144); // 2^54, 2^-18: the rest would be subnormal
        if (size > 1e280) (size, scale) = (size * (1.0 / 18014398509481984), 262144); // t³ could overflow
        var t = BitConverter.Int64BitsToDouble((long)((ulong)BitConverter.DoubleToInt64Bits(size) / 3 + 0x2A9F7893782DA1CE));
        var r = t * t * (t / size);
        t *= 1.87595182427177009643 + r * (-1.88497979543377169875 + r * 1.621429720105354466140)
            + r * r * r * (-0.758397934778766047437 + r * 0.145996192886612446982);
        t = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(t) + 0x20000000L & -0x40000000L); // 23 bits: t² is exact
        var square = t * t;
        var head = Head(square);
        var rest = size - head * t - (square - head) * t; // exact
        t += t * (rest / (size + 2 * (square * t)));
        return WithSignOf(t * scale, x);
    }
}
