using System.Numerics;

namespace Lockstep.Core.Tests.Numerics;

/// <summary>
/// The tables of <see cref="SlowElementary"/>, and the judge of those of the program: computed from integers of 256 bits, so that every
/// entry is the nearest double-double of its true value.
/// </summary>
static class ExactTables
{
    const int Bits = 256;
    static readonly BigInteger s_one = BigInteger.One << Bits;

    /// <summary>2^(i/128) for i = 0 … 127.</summary>
    public static readonly DoubleDouble[] PowersOfTwo;

    /// <summary>For m in [0.70, 1.42): a short reciprocal of the middle of m's bin, and −ln of it. Bins by the top bits of m.</summary>
    public static readonly double[] Reciprocals = new double[LogBins];
    public static readonly DoubleDouble[] Logarithms = new DoubleDouble[LogBins];
    public const int LogBins = 140;

    /// <summary>atan(i/64) for i = 0 … 64.</summary>
    public static readonly DoubleDouble[] ArcTangents = new DoubleDouble[65];

    public static readonly DoubleDouble Ln2;
    public static readonly DoubleDouble Log2E;
    public static readonly DoubleDouble Log10E;
    public static readonly DoubleDouble Log10Of2;
    public static readonly DoubleDouble Pi;

    /// <summary>2/π scaled by 2^<see cref="TwoOverPiBits"/>: enough for the largest double.</summary>
    public static readonly BigInteger TwoOverPi;
    public const int TwoOverPiBits = 1280;

    static ExactTables()
    {
        var ln2 = Ln(2 * s_one);
        Ln2 = ToDoubleDouble(ln2);
        Log2E = ToDoubleDouble((s_one << Bits) / ln2);
        var ln10 = Ln(10 * s_one);
        Log10E = ToDoubleDouble((s_one << Bits) / ln10);
        Log10Of2 = ToDoubleDouble((ln2 << Bits) / ln10);
        PowersOfTwo = [.. Enumerable.Range(0, 128).Select(i => ToDoubleDouble(Exp(ln2 * i / 128)))];
        for (var i = 0; i < LogBins; i++)
        {
            // Bins of m in steps of 1/128 below √2 and 1/256 above ½√2: see Elementary.LogParts.
            var middle = BinMiddle(i);
            var reciprocal = i == OneBin ? 1 : Math.Round(512 / middle) / 512; // ten bits: m times it is nearly exact
            Reciprocals[i] = reciprocal;
            Logarithms[i] = ToDoubleDouble(-Ln(new BigInteger(reciprocal * 512) * s_one / 512));
        }
        for (var i = 0; i <= 64; i++) ArcTangents[i] = ToDoubleDouble(ArcTan(i * s_one / 64));
        var pi = 4 * (4 * ArcTan(s_one / 5) - ArcTan(s_one / 239)); // Machin
        Pi = ToDoubleDouble(pi);
        TwoOverPi = (BigInteger.One << (TwoOverPiBits + 1)) * (BigInteger.One << PiBits) / PiExact();
    }

    public const int OneBin = 0;

    public static DoubleDouble LogOfPart(int numerator, int denominator) => ToDoubleDouble(Ln(numerator * s_one / denominator));
    public static DoubleDouble ArcTangent(int numerator, int denominator) => ToDoubleDouble(ArcTan(numerator * s_one / denominator));

    /// <summary>The sine of i parts of a whole turn of n, by its series after bringing it into the first half of the first quadrant.</summary>
    public static DoubleDouble SineOfPart(int i, int n)
    {
        i = (i % n + n) % n;
        if (2 * i >= n) return -SineOfPart(i - n / 2, n);
        if (4 * i > n) return SineOfPart(n / 2 - i, n);
        BigInteger angle = 8 * (4 * ArcTan(s_one / 5) - ArcTan(s_one / 239)) * i / n, square = angle * angle >> Bits, term = angle, sum = 0;
        for (var k = 1; !term.IsZero && term != -1; k += 2)
        {
            sum += term;
            term = -(term * square >> Bits) / ((k + 1) * (k + 2));
        }
        return ToDoubleDouble(sum);
    }

    /// <summary>m in [1, √2) in bins of 1/128, m in [½√2, 1) in bins of 1/256, counted from 1 upwards and downwards.</summary>
    static double BinMiddle(int bin) => bin < 64 ? 1 + bin / 128d : 1 - (bin - 63) / 256d;

    const int PiBits = 1400;

    static BigInteger PiExact()
    {
        var one = BigInteger.One << (PiBits + 32);
        return (4 * (4 * ArcTanOfInverse(5) - ArcTanOfInverse(239))) >> 32;

        BigInteger ArcTanOfInverse(int n)
        {
            BigInteger sum = 0, term = one / n;
            for (var k = 1; !term.IsZero; k += 2, term = -term / (n * n)) sum += term / k;
            return sum;
        }
    }

    static BigInteger Exp(BigInteger x)
    {
        BigInteger sum = s_one, term = s_one;
        for (var n = 1; !term.IsZero; n++)
        {
            term = (term * x >> Bits) / n;
            sum += term;
        }
        return sum;
    }

    // ln x = 2 artanh((x-1)/(x+1)), after taking out powers of two close to 1.
    static BigInteger Ln(BigInteger x)
    {
        var halvings = 0;
        while (x > s_one * 3 / 2) { x >>= 1; halvings++; }
        var sum = ArTanh(x);
        return halvings == 0 ? sum : sum + halvings * ArTanhOfTwo();

        static BigInteger ArTanhOfTwo() => Series((s_one << Bits) / (3 * s_one));
        static BigInteger ArTanh(BigInteger x) => Series(((x - s_one) << Bits) / (x + s_one));

        static BigInteger Series(BigInteger t)
        {
            BigInteger square = t * t >> Bits, power = t, sum = 0;
            for (var k = 1; !power.IsZero && power != -1; k += 2)
            {
                sum += power / k;
                power = power * square >> Bits;
            }
            return 2 * sum;
        }
    }

    // Halves the angle until the series is quick: atan x = 2 atan(x / (1 + √(1 + x²))).
    static BigInteger ArcTan(BigInteger x)
    {
        var doublings = 0;
        for (; x > s_one >> 4; doublings++) x = (x << Bits) / (s_one + Sqrt((s_one << Bits) + x * x));
        BigInteger square = x * x >> Bits, power = x, sum = 0;
        for (var k = 1; !power.IsZero && power != -1; k += 2)
        {
            sum += power / k;
            power = -(power * square >> Bits);
        }
        return sum << doublings;
    }

    static BigInteger Sqrt(BigInteger x)
    {
        var root = BigInteger.One << (int)((x.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + x / root) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }

    static DoubleDouble ToDoubleDouble(BigInteger fixedPoint)
    {
        var hi = Nearest(fixedPoint);
        return new(hi, Nearest(fixedPoint - FromDouble(hi)));
    }

    static double Nearest(BigInteger fixedPoint)
    {
        var size = (int)BigInteger.Abs(fixedPoint).GetBitLength();
        if (size <= 53) return Math.ScaleB((double)(long)fixedPoint, -Bits);
        var shift = size - 54; // one bit more than a double holds, then round to nearest, ties to even
        var top = (long)(BigInteger.Abs(fixedPoint) >> shift);
        var exactHalf = (BigInteger.Abs(fixedPoint) & ((BigInteger.One << shift) - 1)).IsZero;
        var rounded = (top & 1) == 0 ? top >> 1 : exactHalf && (top >> 1 & 1) == 0 ? top >> 1 : (top >> 1) + 1;
        return Math.ScaleB((double)(fixedPoint.Sign * rounded), shift + 1 - Bits);
    }

    static BigInteger FromDouble(double value)
    {
        if (value == 0) return 0;
        var exponent = Math.ILogB(value) - 52;
        return (BigInteger)(long)Math.ScaleB(value, -exponent) << (exponent + Bits);
    }
}
