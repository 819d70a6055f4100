using System.Runtime.CompilerServices;

namespace Lockstep.Core.Numerics;

// Logarithms. After P. T. P. Tang, "Table-driven implementation of the logarithm function in IEEE floating-point arithmetic" (1990),
// with the bins and the splitting without a fused multiply-add of ARM's optimized-routines (math/log.c, math/pow.c).
//
//   x = 2^k m, m in [0.6875, 1.375); c is near the middle of m's bin, r = m/c - 1, |r| < 2^-7
//   ln x = k ln 2 + ln c + r - r²/2 + r³ q(r)
//
// k ln 2 and ln c are stored in multiples of 2^-42, so that their sum is exact; m/c - 1 is computed exactly as two numbers, as 1/c has
// only 10 bits. In the two bins beside 1 c is 1: there ln x is r and a little, and keeps its relative error. What is rounded before the
// last addition is below 2^-7 of the result, so that errors stay below 0.51 units in the last place.
static partial class Elementary
{
    const double Ln2Upper = 0.6931471805598903, Ln2Rest = 5.497923018708371e-14; // the first in multiples of 2^-42
    const long FirstBin = 0x3FE6000000000000; // 0.6875
    const long LeastNormal = 0x0010000000000000, Infinity = 0x7FF0000000000000;

    public static double Log(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        if ((ulong)(bits - LeastNormal) >= Infinity - LeastNormal)
        {
            if (LogOfEdge(x, ref bits) is { } edge) return edge;
        }
        var upper = LogSum(bits, 0, out var rest);
        return upper + rest;
    }

    public static double Log2(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        if ((ulong)(bits - LeastNormal) >= Infinity - LeastNormal)
        {
            if (LogOfEdge(x, ref bits) is { } edge) return edge;
        }
        var upper = LogSum(bits, 0, out var rest);
        return Times(upper, rest, 1.4426950365304947, 4.3584687174185184e-09, 1.4426950408889634);
    }

    public static double Log10(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        if ((ulong)(bits - LeastNormal) >= Infinity - LeastNormal)
        {
            if (LogOfEdge(x, ref bits) is { } edge) return edge;
        }
        var upper = LogSum(bits, 0, out var rest);
        return Times(upper, rest, 0.4342944845557213, -2.6524694533078553e-09, 0.4342944819032518);
    }

    /// <summary>ln(1 + x): the logarithm of the rounded sum, with what was rounded off added to r.</summary>
    public static double Log1p(double x)
    {
        if (!(x > -1)) return x == -1 ? double.NegativeInfinity : double.NaN;
        if (Math.Abs(x) < 1e-17) return x; // keeps the smallest arguments out of the subnormal products below
        if (x > 1e300) return Log(x);
        var sum = 1 + x;
        var part = sum - 1;
        var below = (1 - (sum - part)) + (x - part); // sum + below = 1 + x exactly
        var bits = BitConverter.DoubleToInt64Bits(sum);
        var scale = BitConverter.Int64BitsToDouble(1023 - (bits - FirstBin >> 52) << 52); // 2^-k
        var upper = LogSum(bits, below * scale, out var rest);
        return upper + rest;
    }

    // Bits of x brought into the normal range and answered as such, or the answer where x is none of the positive finite numbers.
    static double? LogOfEdge(double x, ref long bits)
    {
        if (x == 0) return double.NegativeInfinity;
        if (!(x > 0)) return double.NaN;
        if (double.IsPositiveInfinity(x)) return x;
        bits = BitConverter.DoubleToInt64Bits(x * 4503599627370496) - (52L << 52); // subnormal: the exponent field goes below zero
        return null;
    }

    // The logarithm of 2^k (m + below) as a sum of two; `below` is less than half the last place of m.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double LogSum(long bits, double below, out double rest)
    {
        var offset = bits - FirstBin;
        var exponent = offset >> 52;
        var mantissa = bits - (exponent << 52);
        var m = BitConverter.Int64BitsToDouble(mantissa);
        var row = ElementaryTables.Logarithms.Slice((int)(offset >> 45 & 127) * 3, 3);
        var inverse = row[0];

        var mUpper = BitConverter.Int64BitsToDouble(mantissa + 0x80000000L & -0x100000000L);
        var rUpper = mUpper * inverse - 1; // exact
        var rLower = (m - mUpper + below) * inverse;
        var r = rUpper + rLower;

        double k = exponent;
        var whole = k * Ln2Upper + row[1]; // exact
        var upper = whole + r;
        var square = r * r;
        var q = (0.3333333333333335 + r * -0.2499999999997622)
            + square * ((0.19999999993376263 + r * -0.1666666971347807) + square * (0.14286229456623373 + r * -0.12423855683814825));
        rest = (whole - upper + r) + ((rUpper - r + rLower) + (k * Ln2Rest + row[2])) + square * (r * q - 0.5);
        return upper;
    }

    // (upper + rest) times a constant given in 27 bits and the rest, and whole.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double Times(double upper, double rest, double constantUpper, double constantRest, double constant)
    {
        var head = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(upper) & -0x8000000L); // 26 bits: head × constantUpper is exact
        return head * constantUpper + (head * constantRest + (upper - head + rest) * constant);
    }
}
