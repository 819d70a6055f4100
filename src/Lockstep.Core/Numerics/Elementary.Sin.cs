using System.Runtime.CompilerServices;

namespace Lockstep.Core.Numerics;

// Sine, cosine and tangent by a table of 128 angles on the circle, so that the quadrants need no branch:
//
//   x = k π/64 + r, |r| <= π/128;   sin x = S + C r + S (cos r - 1) + C (sin r - r),   S and C the sine and cosine of k π/64
//
// r by W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980): π/64 in parts whose products with k are exact;
// of large arguments by M. Payne and R. Hanek, "Radian reduction for trigonometric functions" (1983). Tables for the whole circle after
// S. Gal and B. Bachelis, "An accurate elementary mathematical library for the IEEE floating point standard" (1991).
static partial class Elementary
{
    public static double Sin(double x)
    {
        var k = ReduceAngle(x, out var r, out var rest);
        var upper = SineAt(k, r, rest, out rest);
        return upper + rest;
    }

    public static double Cos(double x)
    {
        var k = ReduceAngle(x, out var r, out var rest);
        var upper = SineAt(k + 32, r, rest, out rest);
        return upper + rest;
    }

    public static double Tan(double x)
    {
        var k = ReduceAngle(x, out var r, out var rest);
        var sine = SineAt(k, r, rest, out var sineRest);
        var cosine = SineAt(k + 32, r, rest, out var cosineRest);
        var upper = Quotient(sine, sineRest, cosine, cosineRest, out rest);
        return upper + rest;
    }

    // Gives k modulo 128, and r + rest; r is NaN if x is not finite.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int ReduceAngle(double x, out double r, out double rest)
    {
        const double first = 0.049087385210441425, second = 1.8990939056788905e-12, third = 2.6042946620377746e-21; // π/64: 31, 27 and 53 bits
        if (Math.Abs(x) < 100_000)
        {
            var shifted = x * 20.371832715762604 + Shift;
            var k = shifted - Shift;
            var a = x - k * first; // exact
            var b = k * second; // exact
            var c = k * third;
            var difference = a - b;
            var part = difference - a;
            var below = a - (difference - part) - (b + part);
            r = difference - c;
            rest = difference - r - c + below;
            // So near a multiple of π/64 that the 111 bits of π are too few: it happens once in 2^25 times.
            if (Math.Abs(r) > 1e-9 || k == 0) return (int)BitConverter.DoubleToInt64Bits(shifted);
        }
        return ReduceLargeAngle(x, out r, out rest);
    }

    // The fraction of x / 2π, from those 192 bits of 1/2π that count: bits before them give whole turns, bits after them nothing.
    static int ReduceLargeAngle(double x, out double r, out double rest)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52 & 0x7FF);
        if (exponent == 0x7FF)
        {
            r = rest = double.NaN;
            return 0;
        }
        var mantissa = (ulong)(bits & 0xFFFFFFFFFFFFF | 0x10000000000000);
        var first = 64 + exponent - 1075;
        var (word, shift) = (first >> 6, first & 63);
        var table = ElementaryTables.InverseOfTurn;
        var (f0, f1, f2) = (Window(table, word, shift), Window(table, word + 1, shift), Window(table, word + 2, shift));
        var high2 = Math.BigMul(mantissa, f2, out var low);
        var high1 = Math.BigMul(mantissa, f1, out var middle);
        middle += high2;
        var high = mantissa * f0 + high1 + (middle < high2 ? 1UL : 0);

        // high, middle, low: the fraction of a turn. Its nearest 128th is k; what is left is signed.
        var k = (int)(high + (1UL << 56) >> 57);
        high -= (ulong)k << 57;
        var negative = (long)high < 0;
        if (negative)
        {
            low = ~low + 1;
            middle = ~middle + (low == 0 ? 1UL : 0);
            high = ~high + (low == 0 && middle == 0 ? 1UL : 0);
        }
        var scale = 1.0;
        while (high == 0 && scale > 1e-30)
        {
            (high, middle, low) = (middle, low, 0);
            scale *= 5.421010862427522e-20; // 2^-64
        }
        var zeros = System.Numerics.BitOperations.LeadingZeroCount(high);
        if (zeros > 0)
        {
            high = high << zeros | middle >> (64 - zeros);
            middle = middle << zeros | low >> (64 - zeros);
        }
        scale *= PowerOfTwo(-zeros);
        var upper = (high >> 11) * (1.0 / 9007199254740992); // 53 bits
        var lower = ((high & 0x7FF) << 42 | middle >> 22) * (1.0 / 9007199254740992 / 9007199254740992);

        const double turnHead = 6.283185243606567, turnRest = 6.357301909411278e-08; // 2π, the first in 26 bits
        var head = Head(upper);
        var product = head * turnHead;
        var productRest = head * turnRest + (upper - head + lower) * 6.283185307179586;
        if (negative != x < 0) scale = -scale;
        r = (product + productRest) * scale;
        rest = (product - (product + productRest) + productRest) * scale;
        return x < 0 ? -k : k;
    }

    static ulong Window(ReadOnlySpan<ulong> words, int word, int shift)
        => shift == 0 ? words[word] : words[word] << shift | words[word + 1] >> (64 - shift);

    // sin(k π/64 + r + rest) as a sum of two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double SineAt(int k, double r, double low, out double rest)
    {
        var row = ElementaryTables.Sines.Slice((k & 127) * 4, 4);
        var (sine, cosineHead) = (row[0], row[2]);
        var head = Head(r);
        var product = cosineHead * head; // exact
        var upper = sine + product; // |sine| is the greater, or 0
        var z = r * r;
        var sineTail = r * z * (-0.16666666666666666 + z * (0.008333333332768589 + z * -0.00019841020339571454)); // sin r - r
        var cosineTail = z * (-0.49999999999999983 + z * (0.04166666666158397 + z * -0.0013888664337668383)); // cos r - 1
        var tail = r - head + low + sineTail;
        rest = sine - upper + product + (row[1] + (cosineHead * tail + row[3] * (r + sineTail) + sine * cosineTail));
        return upper;
    }
}
