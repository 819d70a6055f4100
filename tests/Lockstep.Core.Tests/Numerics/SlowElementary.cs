using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lockstep.Core.Tests.Numerics;

/// <summary>
/// The twin of <see cref="Core.Numerics.Elementary"/>: the same functions as a sum of two doubles, right to some 65 bits, by Taylor's series
/// and double-double arithmetic. For finite arguments within the domain whose result is normal.
/// </summary>
static class SlowElementary
{
    const double Ln2By128High = 0.00541521234663808345794677734375; // ln 2 / 128 with 32 bits: times an integer below 2^20 it is exact
    static readonly DoubleDouble s_ln2By128Low = new DoubleDouble(ExactTables.Ln2.Hi / 128, ExactTables.Ln2.Lo / 128) + -Ln2By128High;
    static readonly double s_128ByLn2 = ExactTables.Log2E.Hi * 128;
    static readonly double s_ln2By128LowHi = s_ln2By128Low.Hi;
    static readonly DoubleDouble[] s_powers = ExactTables.PowersOfTwo;
    static readonly double[] s_reciprocals = ExactTables.Reciprocals;
    static readonly DoubleDouble[] s_logarithms = ExactTables.Logarithms;

    // ---- exponentials

    public static DoubleDouble Exp(double x) => Scaled(ExpParts(new(x, 0)));

    static DoubleDouble Scaled((DoubleDouble Mantissa, int Exponent) parts)
        => new(Math.ScaleB(parts.Mantissa.Hi, parts.Exponent), Math.ScaleB(parts.Mantissa.Lo, parts.Exponent));

    // e^(x.Hi + x.Lo) with some 65 good bits and its power of two apart; |x| < 745.
    static (DoubleDouble Mantissa, int Exponent) ExpParts(DoubleDouble x)
    {
        var k = Math.Round(x.Hi * s_128ByLn2);
        var n = (int)k;
        var high = Math.FusedMultiplyAdd(-k, Ln2By128High, x.Hi); // exact
        var r = DoubleDouble.Sum(high, x.Lo) + (s_ln2By128Low * -k);
        var cube = r.Hi * r.Hi * r.Hi;
        var tail = cube * (1.0 / 6 + r.Hi * (1.0 / 24 + r.Hi * (1.0 / 120 + r.Hi * (1.0 / 720 + r.Hi * (1.0 / 5040)))));
        var square = r * r;
        var series = (new DoubleDouble(square.Hi * 0.5, square.Lo * 0.5) + r) + tail;
        var table = s_powers[n & 127];
        return (table * series + table, n >> 7);
    }

    public static DoubleDouble Expm1(double x) => x > 40 ? Exp(x) : Expm1Parts(x);

    static DoubleDouble Expm1Parts(double x)
    {
        if (Math.Abs(x) < 1.0 / 64)
        {
            // x + x²/2 in double-double, the rest below it.
            var square = DoubleDouble.Product(x, x);
            var rest = x * x * x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720 + x * (1.0 / 5040 + x * (1.0 / 40320 + x * (1.0 / 362880)))))));
            return DoubleDouble.OrderedSum(x, square.Hi * 0.5) + new DoubleDouble(square.Lo * 0.5, 0) + rest;
        }
        var (mantissa, exponent) = ExpParts(new(x, 0));
        var scale = Math.ScaleB(1, Math.Min(exponent, 1000));
        return new DoubleDouble(mantissa.Hi * scale, mantissa.Lo * scale) + -1;
    }

    public static DoubleDouble Tanh(double x)
    {
        if (Math.Abs(x) > 22) return new(x < 0 ? -1 : 1, 0);
        if (Math.Abs(x) < 1e-9) return new(x, -x * x * x / 3);
        var e = Expm1Parts(2 * x);
        return e / (e + 2);
    }

    public static DoubleDouble Sigmoid(double x)
    {
        if (x < -700) return Exp(x);
        return x > 40 ? new(1, 0) : new DoubleDouble(1, 0) / (Scaled(ExpParts(new(-x, 0))) + 1);
    }

    // ---- logarithms

    public static DoubleDouble Log(double x) => LogParts(x);

    const double Ln2High = 0.69314718055989033018704503774642944335937500; // 42 bits: times an exponent it is exact
    static readonly double s_ln2Low = (ExactTables.Ln2 + -Ln2High).Hi;
    static readonly double s_ln2Lower = ((ExactTables.Ln2 + -Ln2High) + -s_ln2Low).Hi;

    /// <summary>x = m 2^exponent with m in [½√2, √2), and the bin of m: from 1 in steps of 1/128 upwards, of 1/256 downwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Split(long bits, out double m, out int exponent, out int bin)
    {
        const long RootHalf = 0x3FE6A09E667F3BCD;
        exponent = (int)((bits - RootHalf) >> 52);
        var mantissa = bits - ((long)exponent << 52);
        m = BitConverter.Int64BitsToDouble(mantissa);
        bin = m >= 1 - 1.0 / 512 ? (int)((m - 1) * 128 + 0.5) : 63 + (int)((1 - m) * 256 + 0.5);
    }

    // ln(x) with some 68 good bits; x positive and normal.
    static DoubleDouble LogParts(double x, int extra = 0)
    {
        if (x < 2.2250738585072014E-308) return LogParts(x * 18014398509481984, extra - 54);
        Split(BitConverter.DoubleToInt64Bits(x), out var m, out var exponent, out var bin);
        var reciprocal = s_reciprocals[bin];
        var product = DoubleDouble.Product(m, reciprocal);
        var r = DoubleDouble.Sum(product.Hi - 1, product.Lo);
        double k = exponent + extra;
        var cube = r.Hi * r.Hi * r.Hi;
        var h = r.Hi;
        var tail = h * (-1.0 / 4 + h * (1.0 / 5 + h * (-1.0 / 6 + h * (1.0 / 7 + h * (-1.0 / 8 + h * (1.0 / 9 + h * (-1.0 / 10)))))));
        var square = r * r;
        var third = square * r * s_third;
        var series = r + new DoubleDouble(square.Hi * -0.5, square.Lo * -0.5) + (third + cube * tail);
        var large = DoubleDouble.Sum(k * Ln2High, k * s_ln2Low) + k * s_ln2Lower + s_logarithms[bin];
        return large + series;
    }

    static readonly DoubleDouble s_third = new DoubleDouble(1, 0) / new DoubleDouble(3, 0);

    public static DoubleDouble Log2(double x) => LogParts(x) * ExactTables.Log2E;
    public static DoubleDouble Log10(double x) => LogParts(x) * ExactTables.Log10E;

    public static DoubleDouble Log1p(double x)
    {
        if (Math.Abs(x) < 1.0 / 256)
        {
            var square = DoubleDouble.Product(x, x);
            var rest = x * x * x * (1.0 / 3 + x * (-1.0 / 4 + x * (1.0 / 5 + x * (-1.0 / 6 + x * (1.0 / 7 + x * (-1.0 / 8 + x * (1.0 / 9)))))));
            return DoubleDouble.OrderedSum(x, square.Hi * -0.5) + new DoubleDouble(square.Lo * -0.5, 0) + rest;
        }
        var sum = DoubleDouble.Sum(1, x);
        return LogParts(sum.Hi) + sum.Lo / sum.Hi;
    }

    // ---- powers

    public static DoubleDouble Pow(double x, double y) => Scaled(ExpParts(LogParts(x) * y));

    public static DoubleDouble Cbrt(double x)
    {
        var root = new DoubleDouble(Math.Cbrt(x), 0);
        for (var i = 0; i < 2; i++) root += -((root * root * root + -x) / (root * root * 3));
        return root;
    }

    // ---- trigonometry

    public static DoubleDouble Sin(double x) => Turned(Reduce(x, out var r), r);
    public static DoubleDouble Cos(double x) => Turned(Reduce(x, out var r) + 1, r);

    static DoubleDouble Turned(int quadrant, DoubleDouble r)
    {
        var value = (quadrant & 1) == 0 ? SinOf(r) : CosOf(r);
        return (quadrant & 2) == 0 ? value : -value;
    }

    public static DoubleDouble Tan(double x)
    {
        var quadrant = Reduce(x, out var r);
        var (sine, cosine) = (SinOf(r), CosOf(r));
        return (quadrant & 1) == 0 ? sine / cosine : -(cosine / sine);
    }

    // x = n π/2 + r, |r| <= π/4 and a little; gives n modulo 4.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Reduce(double x, out DoubleDouble r)
    {
        if (Math.Abs(x) <= 0.7853981633974483)
        {
            r = new(x, 0);
            return 0;
        }
        if (Math.Abs(x) < 1000)
        {
            // π/2 in three parts of 33 bits and a rest: n times each of the first is exact.
            var n = Math.Round(x * 0.63661977236758134);
            var a = Math.FusedMultiplyAdd(-n, 1.57079632673412561417, x); // exact
            var b = DoubleDouble.Sum(a, -n * 6.07710050630396597660e-11);
            var c = DoubleDouble.Sum(b.Hi, -n * 2.02226624871116645580e-21);
            r = DoubleDouble.Sum(c.Hi, c.Lo + b.Lo - n * 8.47842766036889956997e-32);
            return (int)n & 3;
        }
        return ReduceLarge(x, out r);
    }

    // Payne and Hanek: the fraction of x · 2/π, from as many bits of 2/π as x has zeros behind it.
    static int ReduceLarge(double x, out DoubleDouble r)
    {
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(x));
        var exponent = (int)(bits >> 52) - 1075;
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
        var quarters = mantissa * ExactTables.TwoOverPi; // scaled by 2^(TwoOverPiBits - exponent)
        var point = ExactTables.TwoOverPiBits - exponent;
        var whole = quarters >> point;
        var fraction = quarters - (whole << point);
        if (fraction >> (point - 1) != 0) // nearer to the next quarter
        {
            fraction -= BigInteger.One << point;
            whole += 1;
        }
        var top = fraction >> (point - 120); // 120 bits behind the point
        var hi = (double)top;
        var turn = new DoubleDouble(hi, (double)(top - new BigInteger(hi)));
        var scale = Math.ScaleB(1, -120);
        var halfPi = new DoubleDouble(ExactTables.Pi.Hi / 2, ExactTables.Pi.Lo / 2);
        r = new DoubleDouble(turn.Hi * scale, turn.Lo * scale) * halfPi;
        var n = (int)(whole & 3);
        if (x > 0) return n;
        r = -r;
        return -n & 3;
    }

    static DoubleDouble SinOf(DoubleDouble r) => Series(r, r, 1);
    static DoubleDouble CosOf(DoubleDouble r) => Series(r, new(1, 0), 0);

    // term − term r²/((n+1)(n+2)) + …, all in double-double.
    static DoubleDouble Series(DoubleDouble r, DoubleDouble term, int n)
    {
        var (square, sum) = (r * r, term);
        for (; n < 26; n += 2)
        {
            term = -(term * square / new DoubleDouble((n + 1) * (n + 2), 0));
            sum += term;
        }
        return sum;
    }

    // ---- inverse trigonometry

    public static DoubleDouble Atan(double x)
    {
        if (Math.Abs(x) < 1e-9) return new(x, -x * x * x / 3);
        var angle = Angle(new(Math.Abs(x), 0), new(1, 0));
        return x < 0 ? -angle : angle;
    }

    /// <summary>For sides and quotients within 1e±200.</summary>
    public static DoubleDouble Atan2(double y, double x)
    {
        var angle = Angle(new(Math.Abs(y), 0), new(Math.Abs(x), 0));
        if (x < 0) angle = ExactTables.Pi + -angle;
        return y < 0 ? -angle : angle;
    }

    static DoubleDouble Half(DoubleDouble x) => new(x.Hi / 2, x.Lo / 2);

    // atan(y / x) for positive y and x: near a table entry c, atan q = atan c + atan((y − c x)/(x + c y)).
    static DoubleDouble Angle(DoubleDouble y, DoubleDouble x)
    {
        var steep = y.Hi > x.Hi;
        if (steep) (y, x) = (x, y);
        var entry = (int)(y.Hi / x.Hi * 64 + 0.5);
        var c = entry / 64.0;
        var t = entry == 0 ? y / x : (y + x * -c) / (x + y * c);
        var z = t.Hi * t.Hi;
        var tail = t.Hi * z * (-1.0 / 3 + z * (1.0 / 5 + z * (-1.0 / 7 + z * (1.0 / 9 + z * (-1.0 / 11)))));
        var angle = ExactTables.ArcTangents[entry] + (t + tail);
        return steep ? Half(ExactTables.Pi) + -angle : angle;
    }

    public static DoubleDouble Asin(double x)
    {
        if (Math.Abs(x) < 1e-9) return new(x, x * x * x / 6);
        var angle = Math.Abs(x) == 1 ? Half(ExactTables.Pi) : Angle(new(Math.Abs(x), 0), CosineOfAsin(x));
        return x < 0 ? -angle : angle;
    }

    public static DoubleDouble Acos(double x)
    {
        if (x == 1) return default;
        if (x == -1) return ExactTables.Pi;
        var angle = x == 0 ? Half(ExactTables.Pi) : Angle(CosineOfAsin(x), new(Math.Abs(x), 0));
        return x < 0 ? ExactTables.Pi + -angle : angle;
    }

    // √(1 − x²) = √((1 − x)(1 + x))
    static DoubleDouble CosineOfAsin(double x) => DoubleDouble.Sqrt(DoubleDouble.Sum(1, -x) * DoubleDouble.Sum(1, x));
}
