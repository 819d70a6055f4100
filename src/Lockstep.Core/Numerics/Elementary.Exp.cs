using System.Runtime.CompilerServices;

namespace Lockstep.Core.Numerics;

// Exponentials and powers. After P. T. P. Tang, "Table-driven implementation of the exponential function in IEEE floating-point
// arithmetic" (1989), as ARM's optimized-routines have it (math/exp.c, math/pow.c):
//
//   x = (128 e + i) ln 2 / 128 + r, |r| < 0.0028;   e^x = 2^e 2^(i/128) (1 + r + r² q(r))
static partial class Elementary
{
    const double StepsByLn2 = 184.6649652337873; // 128 / ln 2
    const double StepUpper = 0.005415212348452769, StepRest = -3.2819649005320973e-13; // ln 2 / 128, the first in multiples of 2^-40

    public static double Exp(double x)
    {
        if (!(Math.Abs(x) < 700)) return ExpOfEdge(x, 0);
        var upper = ExpSum(x, out var rest);
        return upper + rest;
    }

    /// <summary>e^x for |x| below 700 as a sum of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double ExpSum(double x, out double rest)
    {
        var n = ExpParts(x, 0, out var power, out var tail);
        var upper = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(power) + ((long)(n >> 7) << 52));
        rest = upper * tail;
        return upper;
    }

    // e^(x + low) = 2^(n / 128, rounded down) power (1 + tail); `low` is far below x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int ExpParts(double x, double low, out double power, out double tail)
    {
        var shifted = x * StepsByLn2 + Shift;
        var k = shifted - Shift;
        var n = (int)BitConverter.DoubleToInt64Bits(shifted);
        var r = x - k * StepUpper - k * StepRest + low; // the first product and difference are exact
        var row = ElementaryTables.Powers.Slice((n & 127) * 2, 2);
        var square = r * r;
        power = row[0];
        tail = row[1] + (r + (square * (0.4999999999999907 + r * 0.16666666666666533) + square * square * (0.041666676850831016 + r * 0.008333334788213917)));
        return n;
    }

    static double ExpOfEdge(double x, double low)
    {
        if (double.IsNaN(x)) return x;
        if (x > 709.8) return double.PositiveInfinity;
        if (x < -745.2) return 0;
        var n = ExpParts(x, low, out var power, out var tail) >> 7;
        if (n >= -1000) return (power + power * tail) * PowerOfTwo(n - 1) * 2; // may be infinite
        // Perhaps subnormal: the sum is rounded where a subnormal's last bit stands, against 1, and only once.
        var upper = power * PowerOfTwo(n + 1022);
        var rest = upper * tail;
        var sum = upper + rest;
        if (sum < 1)
        {
            var below = upper - sum + rest;
            var anchored = 1 + sum;
            below += 1 - anchored + sum;
            sum = anchored + below - 1;
        }
        return sum * PowerOfTwo(-1022);
    }

    /// <summary>e^x - 1.</summary>
    public static double Expm1(double x)
    {
        if (Math.Abs(x) < 0.25)
        {
            // x + x²/2 + x³ q(x), with the square of x's head exact
            var head = Head(x);
            var half = head * head * 0.5;
            var start = x + half;
            var square = x * x;
            var q = (0.16666666666666666 + x * 0.04166666666666555) + square * (0.008333333333333246 + x * 0.0013888888891279828)
                + square * square * ((0.00019841269843108843 + x * 2.4801573530729414e-05)
                + square * ((2.755730863197483e-06 + x * 2.758669229104366e-07) + square * 2.507470150047575e-08));
            return start + (x - start + half + ((x - head) * (x + head) * 0.5 + square * x * q));
        }
        if (!(x > -40 && x < 700)) return x <= -40 ? -1 : ExpOfEdge(x, 0);
        var upper = ExpSum(x, out var rest);
        var less = upper - 1;
        var part = less - upper;
        return less + (upper - (less - part) - (1 + part) + rest);
    }

    public static double Tanh(double x)
    {
        var size = Math.Abs(x);
        if (size < 0.25)
        {
            var z = x * x;
            var z2 = z * z;
            var q = (-0.3333333333333333 + z * 0.1333333333333302) + z2 * (-0.053968253967195144 + z * 0.021869488400359696)
                + z2 * z2 * ((-0.008863226966122328 + z * 0.0035918341340072982) + z2 * (-0.0014502234715960424 + z * 0.0005336803027405916));
            return x + x * z * q;
        }
        if (!(size < 22)) return double.IsNaN(x) ? x : WithSignOf(1, x);
        // (1 - e) / (1 + e) with e = e^(-2|x|)
        var e = ExpSum(-2 * size, out var rest);
        var (less, more) = (1 - e, 1 + e);
        var upper = Quotient(less, 1 - less - e - rest, more, 1 - more + e + rest, out rest);
        return WithSignOf(upper + rest, x);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x)
    {
        if (!(Math.Abs(x) < 700)) return x > 0 ? 1 : ExpOfEdge(x, 0); // far below zero 1 + e^x is 1
        var e = ExpSum(-x, out var rest);
        var sum = 1 + e;
        var part = sum - 1;
        var upper = Quotient(1, 0, sum, 1 - (sum - part) + (e - part) + rest, out rest);
        return upper + rest;
    }

    public static double Pow(double x, double y)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        if ((ulong)(bits - LeastNormal) < Infinity - LeastNormal && Math.Abs(y) < 1e300) return PowOf(bits, y);
        return PowOfEdge(x, y);
    }

    // What is not a positive normal number to a power of common size.
    static double PowOfEdge(double x, double y)
    {
        if (y == 0 || x == 1) return 1;
        if (double.IsNaN(x) || double.IsNaN(y)) return double.NaN;
        if (Math.Abs(y) >= 1e300) // so even, and so large that no x but ±1 stays in range
            return Math.Abs(x) == 1 ? 1 : Math.Abs(x) > 1 == y > 0 ? double.PositiveInfinity : 0;
        var negative = false;
        if (x < 0)
        {
            if (Math.Floor(y) != y) return double.NaN;
            negative = Math.Abs(y) < 9007199254740992 && ((long)y & 1) != 0;
            x = -x;
        }
        if (x == 0) return y > 0 ? 0 : double.PositiveInfinity;
        double power;
        if (double.IsInfinity(x)) power = y < 0 ? 0 : x;
        else power = PowOf(x < 2.2250738585072014E-308 ? BitConverter.DoubleToInt64Bits(x * 4503599627370496) - (52L << 52) : BitConverter.DoubleToInt64Bits(x), y);
        return negative ? -power : power;
    }

    // e^(y ln x), with ln x to 68 bits.
    static double PowOf(long bits, double y)
    {
        var log = LogPair(bits, out var logRest);
        var (head, yHead) = (Head(log), Head(y));
        var product = yHead * head; // exact
        var productRest = (y - yHead) * head + y * (log - head + logRest);
        if (!(Math.Abs(product) < 700)) return ExpOfEdge(product, productRest);
        var n = ExpParts(product, productRest, out var power, out var tail);
        var upper = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(power) + ((long)(n >> 7) << 52));
        return upper + upper * tail;
    }

    // As LogSum, in a sum of two that do not overlap, to some 68 bits: the half square is exact too, and the series has a term more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double LogPair(long bits, out double rest)
    {
        var offset = bits - FirstBin;
        var exponent = offset >> 52;
        var mantissa = bits - (exponent << 52);
        var m = BitConverter.Int64BitsToDouble(mantissa);
        var row = ElementaryTables.Logarithms.Slice((int)(offset >> 45 & 127) * 3, 3);
        var inverse = row[0];

        var mUpper = BitConverter.Int64BitsToDouble(mantissa + 0x80000000L & -0x100000000L);
        var rUpper = mUpper * inverse - 1; // exact, in 23 bits
        var rLower = (m - mUpper) * inverse; // exact
        var r = rUpper + rLower;

        double k = exponent;
        var whole = k * Ln2Upper + row[1]; // exact
        var line = whole + r;
        var half = -0.5 * rUpper * rUpper; // exact
        var upper = line + half;
        var square = r * r;
        var q = (0.3333333333333333 + r * -0.25000000000000033)
            + square * ((0.1999999999995235 + r * -0.1666666665924136) + square * ((0.14285718191792546 + r * -0.12500494555691982) + square * 0.11031211044816697));
        var lower = whole - line + r + (rUpper - r + rLower) + (k * Ln2Rest + row[2])
            + (line - upper + half) - 0.5 * rLower * (r + rUpper) + square * r * q;
        var sum = upper + lower;
        rest = upper - sum + lower;
        return sum;
    }
}
