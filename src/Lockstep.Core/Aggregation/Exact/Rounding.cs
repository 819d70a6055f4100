using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lockstep.Core.Aggregation.Exact;

// The one rounding at the end (S13): exact quotients to the nearest double, ties to even.
// The usual sizes are divided in machine words: the dividend is cut to its 128 leading bits, the quotient of 63 or 64 bits by a divisor
// of one word is the floor of the true one whatever follows, and what follows only matters as "something is left". All else goes
// through BigInteger by the same steps. No result is subnormal or infinite: quotients lie between 2^-400 and 2^400.
internal static class Rounding
{
    /// <summary>value × 2^exponent.</summary>
    public static double ToDouble(in Int192 value, int exponent)
    {
        value.Magnitude(out var low, out var middle, out var high);
        if (high != 0) return Round(value.IsNegative, high, middle, low != 0, exponent + 64);
        return Round(value.IsNegative, middle, low, false, exponent);
    }

    /// <summary>value / divisor × 2^exponent.</summary>
    public static double Divide(in Int192 value, ulong divisor, int exponent)
    {
        value.Magnitude(out var low, out var middle, out var high);
        if (high != 0) return Quotient(value.IsNegative, high, middle, low, 0, divisor, exponent - 64);
        return Quotient(value.IsNegative, middle, low, 0, 0, divisor, exponent - 128);
    }

    /// <summary>(n Q - S²) / divisor × 2^exponent: the variance, of sums of values and squares. The divisor is n² or n (n - 1).</summary>
    public static double Variance(long n, in Int192 sum, in Int320 squares, bool sample, int exponent, int decimalScale)
    {
        if (n < 1L << 31 && decimalScale == 0 && sum.FitsInt128 && (squares.D | squares.E) == 0)
        {
            sum.Magnitude(out var low, out var high, out _);
            Int320.Square(low, high, out var s0, out var s1, out var s2, out var s3);
            var count = (ulong)n;
            var carry = Math.BigMul(squares.A, count, out var n0);
            var next = Math.BigMul(squares.B, count, out var n1);
            n1 += carry;
            if (n1 < carry) next++;
            var top = Math.BigMul(squares.C, count, out var n2);
            n2 += next;
            if (n2 < next) top++;
            var borrow = 0UL;
            n0 = Int320.Difference(n0, s0, ref borrow);
            n1 = Int320.Difference(n1, s1, ref borrow);
            n2 = Int320.Difference(n2, s2, ref borrow);
            return Quotient(false, top - s3 - borrow, n2, n1, n0, count * (sample ? count - 1 : count), exponent);
        }
        var exact = ToBig(sum);
        var numerator = n * ToBig(squares) - exact * exact;
        var divisor = (BigInteger)n * (sample ? n - 1 : n) * BigInteger.Pow(100, decimalScale);
        return Quotient(numerator, divisor, exponent);
    }

    /// <summary>numerator / divisor × 2^exponent for any sizes; the divisor is positive.</summary>
    public static double Quotient(BigInteger numerator, BigInteger divisor, int exponent)
    {
        var negative = numerator.Sign < 0;
        numerator = BigInteger.Abs(numerator);
        if (numerator.IsZero) return 0;
        var shift = 127 - (int)(numerator.GetBitLength() - divisor.GetBitLength()); // the quotient has 127 or 128 bits
        if (shift >= 0) numerator <<= shift;
        else divisor <<= -shift;
        var quotient = (UInt128)BigInteger.DivRem(numerator, divisor, out var rest);
        return Round(negative, (ulong)(quotient >> 64), (ulong)quotient, !rest.IsZero, exponent - shift);
    }

    public static BigInteger ToBig(in Int192 value) => (BigInteger)(long)value.High << 128 | (BigInteger)value.Middle << 64 | value.Low;

    public static BigInteger ToSignedBig(in Int320 value) => ((long)value.E < 0 ? -(BigInteger.One << 320) : BigInteger.Zero) + ToBig(value);

    /// <summary>As a number from 0 on.</summary>
    public static BigInteger ToBig(in Int320 value)
        => (BigInteger)value.E << 256 | (BigInteger)value.D << 192 | (BigInteger)value.C << 128 | (BigInteger)value.B << 64 | value.A;

    /// <summary>A number of four words, high first, over one word, × 2^(exponent + …): see the top.</summary>
    static double Quotient(bool negative, ulong a, ulong b, ulong c, ulong d, ulong divisor, int exponent)
    {
        // exponent belongs to the four words taken as an integer; of fewer words the callers put zeros behind and count them in.
        var more = 128;
        while (a == 0)
        {
            if ((b | c | d) == 0) return 0;
            (a, b, c, d) = (b, c, d, 0);
            more -= 64;
        }
        var (zeros, zerosOfDivisor) = (BitOperations.LeadingZeroCount(a), BitOperations.LeadingZeroCount(divisor));
        var (high, low, rest) = zeros == 0 ? (a, b, c) : (a << zeros | b >> (64 - zeros), b << zeros | c >> (64 - zeros), c << zeros);
        divisor <<= zerosOfDivisor;
        var scale = exponent + more - zeros + zerosOfDivisor;
        // The high word must be below the divisor: half of the dividend always is.
        var left = (rest | d | low & 1) != 0;
        low = low >> 1 | high << 63;
        high >>= 1;
        var quotient = DivRem(high, low, divisor, out var remainder);
        return Round(negative, quotient, 0, left | remainder != 0, scale + 1 - 64);
    }

    /// <summary>(high, low) / divisor, whose leading bit is set and which is greater than high (Knuth D with digits of 32 bits).</summary>
    static ulong DivRem(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        var (d1, d0) = (divisor >> 32, divisor & 0xFFFFFFFF);
        var first = Digit(high, low >> 32, d1, d0, divisor, out var rest);
        var second = Digit(rest, low & 0xFFFFFFFF, d1, d0, divisor, out remainder);
        return first << 32 | second;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Digit(ulong high, ulong next, ulong d1, ulong d0, ulong divisor, out ulong rest)
    {
        var digit = high / d1;
        var left = high - digit * d1;
        while (digit >> 32 != 0 || digit * d0 > (left << 32 | next))
        {
            digit--;
            left += d1;
            if (left >> 32 != 0) break;
        }
        rest = (high << 32 | next) - digit * divisor;
        return digit;
    }

    /// <summary>(high, low and, where <paramref name="more"/>, something below) × 2^exponent, to the nearest, ties to even.</summary>
    static double Round(bool negative, ulong high, ulong low, bool more, int exponent)
    {
        if (high == 0)
        {
            if (low == 0) return 0; // more alone never comes: callers keep 62 bits and more
            (high, low) = (low, 0);
            exponent -= 64;
        }
        var zeros = BitOperations.LeadingZeroCount(high);
        if (zeros > 0) (high, low) = (high << zeros | low >> (64 - zeros), low << zeros);
        exponent += 64 - zeros;
        var mantissa = high >> 11;
        var cut = high & 0x7FF;
        const ulong half = 0x400;
        var below = low != 0 || more;
        if (cut > half || (cut == half && (below || (mantissa & 1) != 0))) mantissa++;
        // The 53 bits stand for mantissa × 2^(exponent + 11); 2^53 carries into the exponent by itself.
        var bits = mantissa + ((ulong)(exponent + 11 + 1074) << 52);
        return BitConverter.UInt64BitsToDouble(bits | (negative ? 1UL << 63 : 0));
    }
}
