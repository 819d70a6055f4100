using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Lockstep.Core.Rows;

// The shortest decimal that reads back to the same bits, nearest to the value among those, by Raffaello Giulietti's Schubfach
// ("The Schubfach way to render doubles", 2021): three multiplications by a power of ten held to 126 bits, no division by big numbers.
//  1. value = c 2^q; its rounding interval is [c - 1/2, c + 1/2] 2^q (the lower half is halved at powers of two), ends included for even c.
//  2. k is the greatest for which 10^k is at most the interval's length: one or two multiples of 10^k, and at most one of 10^(k+1), lie in it.
//  3. All three bounds are scaled by 4 * 10^-k and rounded to odd, which keeps every comparison right that follows.
// The layout is that of the runtime: plain digits, or scientific beyond 17 (float: 9) digits before the point and below 1E-04.
// About 20 ns where the runtime takes over 100. Not the runtime's own text because that is not always the value's: .NET 10 writes
// 2^-25 as 2.980232238769531E-08, which reads back as another double.

/// <summary>Writes floats as the shortest text that reads back to the same bits, laid out as <c>ToString("R")</c> has it.</summary>
public static class ShortestFloat
{
    const int FirstPower = -292, LastPower = 324;

    /// <summary>The most bytes a text takes.</summary>
    public const int MaxLength = 32;

    // 10^e scaled into [2^127, 2^128), rounded up.
    static readonly (ulong High, ulong Low)[] Powers = MakePowers();

    public static string Format(double value)
    {
        if (!double.IsFinite(value)) return value.ToString(CultureInfo.InvariantCulture);
        Span<byte> to = stackalloc byte[MaxLength];
        return Encoding.ASCII.GetString(to[..Write(to, value)]);
    }

    public static string Format(float value)
    {
        if (!float.IsFinite(value)) return value.ToString(CultureInfo.InvariantCulture);
        Span<byte> to = stackalloc byte[MaxLength];
        return Encoding.ASCII.GetString(to[..Write(to, value)]);
    }

    /// <summary>Writes a finite value and returns the length; <paramref name="to"/> has <see cref="MaxLength"/> bytes or more.</summary>
    public static int Write(Span<byte> to, double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var exponent = (int)(bits >> 52 & 0x7ff);
        return Write(to, (bits >> 63) != 0, bits & ((1UL << 52) - 1), exponent, 52, 1_075, 17);
    }

    public static int Write(Span<byte> to, float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var exponent = (int)(bits >> 23 & 0xff);
        return Write(to, (bits >> 31) != 0, bits & ((1UL << 23) - 1), exponent, 23, 150, 9);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Write(Span<byte> to, bool negative, ulong fraction, int exponent, int fractionBits, int bias, int plainDigits)
    {
        var at = 0;
        if (negative) to[at++] = (byte)'-';
        if (exponent == 0 && fraction == 0)
        {
            to[at] = (byte)'0';
            return at + 1;
        }
        var (c, q) = exponent == 0 ? (fraction, 1 - bias) : (fraction | 1UL << fractionBits, exponent - bias);
        ulong digits;
        int power;
        // Whole numbers that the fraction holds are their own shortest text.
        if (q <= 0 && q > -(fractionBits + 1) && (c & (1UL << -q) - 1) == 0) (digits, power) = (c >> -q, 0);
        else (digits, power) = Shortest(c, q, fraction == 0 && exponent > 1);
        while (digits >= 10)
        {
            var (tenth, rest) = Math.DivRem(digits, 10);
            if (rest != 0) break;
            (digits, power) = (tenth, power + 1);
        }
        return Layout(to, at, digits, power, plainDigits);
    }

    static (ulong Digits, int Power) Shortest(ulong c, int q, bool lowerIsCloser)
    {
        var odd = c & 1;
        var (left, middle, right) = (4 * c - 2 + (lowerIsCloser ? 1UL : 0), 4 * c, 4 * c + 2);
        var k = (int)((q * 1_262_611L - (lowerIsCloser ? 524_031 : 0)) >> 22); // floor(log10(2^q)), of 3/4 of it where the lower end is closer
        var h = q + (int)((-k * 1_741_647L) >> 19) + 1;
        var power = Powers[-k - FirstPower];
        var lower = RoundToOdd(power, left << h) + odd;
        var value = RoundToOdd(power, middle << h);
        var upper = RoundToOdd(power, right << h) - odd;
        var s = value / 4;
        if (s >= 10)
        {
            var tens = s / 10 * 40;
            var (below, above) = (lower <= tens, tens + 40 <= upper);
            if (below != above) return (s / 10 + (above ? 1UL : 0), k + 1);
        }
        var (down, up) = (lower <= 4 * s, 4 * s + 4 <= upper);
        if (down != up) return (s + (up ? 1UL : 0), k);
        var half = 4 * s + 2;
        return (s + (value > half || value == half && (s & 1) != 0 ? 1UL : 0), k);
    }

    // The product's upper 64 bits; the last bit is set if anything below them is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong RoundToOdd((ulong High, ulong Low) power, ulong value)
    {
        var carry = Math.BigMul(power.Low, value, out _);
        var high = Math.BigMul(power.High, value, out var low);
        low += carry;
        if (low < carry) high++;
        return high | (low > 1 ? 1UL : 0);
    }

    static int Layout(Span<byte> to, int at, ulong digits, int power, int plainDigits)
    {
        var count = CountDigits(digits);
        var point = count + power; // digits before the point
        if (point > Math.Max(count, plainDigits) || point < -3)
        {
            // d.dddE+xx
            Digits(to[(at + 1)..], digits, count);
            to[at] = to[at + 1];
            if (count > 1)
            {
                to[at + 1] = (byte)'.';
                at += count + 1;
            }
            else at++;
            var exponent = point - 1;
            to[at++] = (byte)'E';
            to[at++] = exponent < 0 ? (byte)'-' : (byte)'+';
            exponent = Math.Abs(exponent);
            if (exponent >= 100)
            {
                to[at++] = (byte)('0' + exponent / 100);
                exponent %= 100;
            }
            to[at++] = (byte)('0' + exponent / 10);
            to[at++] = (byte)('0' + exponent % 10);
            return at;
        }
        if (point <= 0)
        {
            "0."u8.CopyTo(to[at..]);
            at += 2;
            for (var i = point; i < 0; i++) to[at++] = (byte)'0';
            Digits(to[at..], digits, count);
            return at + count;
        }
        if (point >= count)
        {
            Digits(to[at..], digits, count);
            at += count;
            for (var i = count; i < point; i++) to[at++] = (byte)'0';
            return at;
        }
        Digits(to[(at + 1)..], digits, count);
        to.Slice(at + 1, point).CopyTo(to[at..]);
        to[at + point] = (byte)'.';
        return at + count + 1;
    }

    static void Digits(Span<byte> to, ulong digits, int count)
    {
        while (count >= 2)
        {
            var hundreds = digits / 100;
            var pair = (int)(digits - hundreds * 100) * 2;
            to[count - 1] = Pairs[pair + 1];
            to[count - 2] = Pairs[pair];
            (digits, count) = (hundreds, count - 2);
        }
        if (count > 0) to[0] = (byte)('0' + digits);
    }

    static ReadOnlySpan<byte> Pairs =>
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"u8;

    static ReadOnlySpan<ulong> Tens =>
    [
        10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000,
        10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
    ];

    static int CountDigits(ulong value)
    {
        var guess = (BitOperations.Log2(value | 1) + 1) * 1_233 >> 12; // log10(2) = 1233 / 4096
        return guess + (guess >= Tens.Length + 1 || guess > 0 && value < Tens[guess - 1] ? 0 : 1);
    }

    static (ulong High, ulong Low)[] MakePowers()
    {
        var powers = new (ulong, ulong)[LastPower - FirstPower + 1];
        for (var e = FirstPower; e <= LastPower; e++)
        {
            var power = BigInteger.Pow(10, Math.Abs(e));
            BigInteger scaled;
            if (e >= 0)
            {
                var shift = 128 - (int)power.GetBitLength();
                scaled = shift >= 0 ? power << shift : -(-power >> -shift); // rounded up
            }
            else
            {
                // 2^n / 10^-e with n so that the quotient has 128 bits
                var n = 127 + (int)power.GetBitLength();
                scaled = BigInteger.DivRem(BigInteger.One << n, power, out var rest) + (rest.IsZero ? 0 : 1);
                if (scaled.GetBitLength() > 128) throw new InvalidOperationException($"10^{e} is not scaled to 128 bits.");
            }
            powers[e - FirstPower] = ((ulong)(scaled >> 64), (ulong)(scaled & ulong.MaxValue));
        }
        return powers;
    }
}
