using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lockstep.Core.Numerics;

// The transcendental functions of S17: computed from IEEE operations alone, so that every machine agrees in every bit, with errors
// below one unit in the last place (most below 0.52). Out of their domain they give NaN, which the language reads as null.
//
// Each function brings its argument near a table entry, where a short series is exact enough, and adds table and series in
// double-double, so that the one rounding that matters is the last. Series are Taylor's, cut where the next term is below 2^-70.
// tests/data/math holds correctly rounded values; bench/RESULTS.md the times beside .NET's own.
static partial class Elementary
{
    const double Ln2By128High = 0.00541521234663808345794677734375; // ln 2 / 128 with 32 bits: times an integer below 2^20 it is exact
    static readonly DoubleDouble s_ln2By128Low = new DoubleDouble(ExactTables.Ln2.Hi / 128, ExactTables.Ln2.Lo / 128) + -Ln2By128High;
    static readonly double s_128ByLn2 = ExactTables.Log2E.Hi * 128;
    static readonly double s_ln2By128LowHi = s_ln2By128Low.Hi;
    static readonly DoubleDouble[] s_powers = ExactTables.PowersOfTwo;
    static readonly double[] s_reciprocals = ExactTables.Reciprocals;
    static readonly DoubleDouble[] s_logarithms = ExactTables.Logarithms;

    // ---- exponentials

    public static double Exp(double x)
    {
        if (!(Math.Abs(x) < 745.2)) return double.IsNaN(x) ? x : x < 0 ? 0 : x > 709.8 ? double.PositiveInfinity : ExpOf(x, 0);
        return ExpOf(x, 0);
    }

    // e^(x + low), |low| far below x's last place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double ExpOf(double x, double low)
    {
        var k = Math.Round(x * s_128ByLn2);
        var n = (int)k;
        var r = Math.FusedMultiplyAdd(-k, Ln2By128High, x); // exact
        r = Math.FusedMultiplyAdd(-k, s_ln2By128LowHi, r) + low; // |r| < 0.0028
        var table = s_powers[n & 127];
        var square = r * r;
        var tail = r + square * (0.5 + r * (1.0 / 6) + square * (1.0 / 24 + r * (1.0 / 120)));
        return Scale(table.Hi, Math.FusedMultiplyAdd(table.Hi, tail, table.Lo), n >> 7);
    }

    /// <summary>(hi + lo) 2^n, rounded once also where the result is subnormal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double Scale(double hi, double lo, int n)
    {
        if (n is > -1000 and < 1000) return (hi + lo) * BitConverter.Int64BitsToDouble((long)(n + 1023) << 52);
        return ScaleSlowly(hi, lo, n);
    }

    static double ScaleSlowly(double hi, double lo, int n)
    {
        if (n > 0) return (hi + lo) * BitConverter.Int64BitsToDouble((long)(n - 512 + 1023) << 52) * Math.ScaleB(1, 512);
        var sum = DoubleDouble.OrderedSum(hi, lo);
        if (sum.Hi * Math.ScaleB(1, n + 1000) >= Math.ScaleB(1, -22)) return sum.Hi * Math.ScaleB(1, n + 1000) * Math.ScaleB(1, -1000);
        // Subnormal: what lies below the last bit is cut off against a number whose last bit stands there.
        var scaled = new DoubleDouble(Math.ScaleB(sum.Hi, n + 1000), Math.ScaleB(sum.Lo, n + 1000));
        var anchor = Math.ScaleB(1.5, 52 - 74);
        var rounded = DoubleDouble.Sum(anchor, scaled.Hi);
        var kept = rounded.Hi - anchor;
        var rest = rounded.Lo + scaled.Lo;
        var half = Math.ScaleB(0.5, -74);
        if (rest > half) kept += 2 * half;
        else if (rest < -half) kept -= 2 * half;
        return kept * Math.ScaleB(1, -1000);
    }

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

    public static double Expm1(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x > 709.8) return double.PositiveInfinity;
        if (x < -40) return -1;
        var sum = Expm1Parts(x);
        return x > 700 ? Exp(x) : sum.Hi + sum.Lo;
    }

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

    public static double Tanh(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) > 22) return x < 0 ? -1 : 1;
        if (Math.Abs(x) < 1e-9) return x;
        var e = Expm1Parts(2 * x);
        var quotient = e / (e + 2);
        return quotient.Hi + quotient.Lo;
    }

    public static double Sigmoid(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x < -709) return Exp(x);
        if (x > 40) return 1;
        var (mantissa, exponent) = ExpParts(new(-x, 0));
        var scale = Math.ScaleB(1, exponent);
        if (exponent > 1000) return Exp(x);
        var quotient = new DoubleDouble(1, 0) / (new DoubleDouble(mantissa.Hi * scale, mantissa.Lo * scale) + 1);
        return quotient.Hi + quotient.Lo;
    }

    // ---- logarithms

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

    // ---- powers

    public static double Pow(double x, double y)
    {
        if (y == 0 || x == 1) return 1;
        if (double.IsNaN(x) || double.IsNaN(y)) return double.NaN;
        if (double.IsInfinity(y)) return Math.Abs(x) == 1 ? 1 : Math.Abs(x) > 1 == y > 0 ? double.PositiveInfinity : 0;
        var negative = false;
        if (x < 0)
        {
            if (Math.Floor(y) != y) return double.NaN;
            negative = Math.Abs(y) < 9007199254740992 && ((long)y & 1) != 0;
            x = -x;
        }
        if (x == 0) return y > 0 ? 0 : double.PositiveInfinity;
        if (double.IsInfinity(x)) return y < 0 ? 0 : negative ? double.NegativeInfinity : x;
        if (y == 1) return negative ? -x : x;
        if (y == 2) return x * x;
        var power = PowPositive(x, y);
        return negative ? -power : power;
    }

    static double PowPositive(double x, double y)
    {
        if (x == 1) return 1;
        if (Math.Abs(y) > 1e300) return Math.Abs(x) > 1 == y > 0 ? double.PositiveInfinity : 0;
        var exponent = LogParts(x) * y;
        if (exponent.Hi > 709.79) return double.PositiveInfinity;
        if (exponent.Hi < -745.2) return 0;
        if (Math.Abs(exponent.Hi) < 1e-20) return 1 + exponent.Hi;
        var (mantissa, scale) = ExpParts(exponent);
        return Scale(mantissa.Hi, mantissa.Lo, scale);
    }

    public static double Cbrt(double x)
    {
        if (x == 0 || !double.IsFinite(x)) return x;
        var scale = 1.0;
        var size = Math.Abs(x);
        if (size < 1e-280) { size *= 1.329227995784915872903807060280344576e36; scale = 9.094947017729282379150390625e-13; } // 2^120, 2^-40
        // A third of the exponent, then Newton's steps; the last with the exact cube.
        var root = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(size) / 3 + 0x2A9F7893782DA1CE);
        for (var i = 0; i < 4; i++) root -= (root * root * root - size) / (3 * root * root);
        var cube = DoubleDouble.Product(root, root) * root;
        root -= ((cube.Hi - size) + cube.Lo) / (3 * root * root);
        return (x < 0 ? -root : root) * scale;
    }

    // ---- trigonometry

    public static double Sin(double x)
    {
        if (!double.IsFinite(x)) return double.NaN;
        if (Math.Abs(x) < 1e-9) return x;
        var quadrant = Reduce(x, out var r);
        var value = (quadrant & 1) == 0 ? SinOf(r) : CosOf(r);
        return (quadrant & 2) == 0 ? value.Hi + value.Lo : -(value.Hi + value.Lo);
    }

    public static double Cos(double x)
    {
        if (!double.IsFinite(x)) return double.NaN;
        var quadrant = Reduce(x, out var r);
        var value = (quadrant & 1) == 0 ? CosOf(r) : SinOf(r);
        return ((quadrant + 1) & 2) == 0 ? value.Hi + value.Lo : -(value.Hi + value.Lo);
    }

    public static double Tan(double x)
    {
        if (!double.IsFinite(x)) return double.NaN;
        if (Math.Abs(x) < 1e-9) return x;
        var quadrant = Reduce(x, out var r);
        var (sine, cosine) = (SinOf(r), CosOf(r));
        var value = (quadrant & 1) == 0 ? sine / cosine : -(cosine / sine);
        return value.Hi + value.Lo;
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
        if (Math.Abs(x) < 100_000)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static DoubleDouble SinOf(DoubleDouble r)
    {
        var x = r.Hi;
        var z = x * x;
        var tail = 1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880 + z * (-1.0 / 39916800 + z * (1.0 / 6227020800 + z * (-1.0 / 1307674368000 + z * (1.0 / 355687428096000))))));
        // sin(x + low) = x − x³/6 + x⁵ tail + low cos x
        return DoubleDouble.OrderedSum(x, x * z * Math.FusedMultiplyAdd(z, tail, -1.0 / 6) + r.Lo * (1 - 0.5 * z));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static DoubleDouble CosOf(DoubleDouble r)
    {
        var x = r.Hi;
        var square = DoubleDouble.Product(x, x);
        var z = square.Hi;
        var tail = 1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 + z * (-1.0 / 3628800 + z * (1.0 / 479001600 + z * (-1.0 / 87178291200 + z * (1.0 / 20922789888000 + z * (-1.0 / 6402373705728000)))))));
        var main = DoubleDouble.OrderedSum(1, -0.5 * z);
        return DoubleDouble.OrderedSum(main.Hi, main.Lo - 0.5 * square.Lo + z * z * tail - x * r.Lo);
    }

    // ---- inverse trigonometry

    public static double Atan(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) < 1e-9) return x;
        if (double.IsInfinity(x)) return x > 0 ? ExactTables.Pi.Hi / 2 : -ExactTables.Pi.Hi / 2;
        var angle = Angle(new(Math.Abs(x), 0), new(1, 0));
        return x < 0 ? -(angle.Hi + angle.Lo) : angle.Hi + angle.Lo;
    }

    public static double Atan2(double y, double x)
    {
        if (double.IsNaN(x) || double.IsNaN(y)) return double.NaN;
        if (y == 0) return x < 0 ? ExactTables.Pi.Hi : 0;
        var (size, width) = (Math.Abs(y), Math.Abs(x));
        if (double.IsInfinity(size) && double.IsInfinity(width)) (size, width) = (1, 1);
        // Neither quotient nor products may leave the range of a double.
        var exponent = Math.ILogB(Math.Max(size, width));
        if (exponent is > 500 or < -400 && !double.IsInfinity(size) && !double.IsInfinity(width)) (size, width) = (Math.ScaleB(size, -exponent), Math.ScaleB(width, -exponent));
        DoubleDouble angle;
        if (double.IsInfinity(size) || width / size < 1e-200) angle = Half(ExactTables.Pi);
        else if (double.IsInfinity(width) || size / width < 1e-200) angle = x > 0 ? new(Math.Abs(y) / Math.Abs(x), 0) : default;
        else angle = Angle(new(size, 0), new(width, 0));
        if (x < 0) angle = ExactTables.Pi + -angle;
        return y < 0 ? -(angle.Hi + angle.Lo) : angle.Hi + angle.Lo;
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

    public static double Asin(double x)
    {
        if (!(Math.Abs(x) <= 1)) return double.NaN;
        if (Math.Abs(x) < 1e-9) return x;
        var angle = Math.Abs(x) == 1 ? Half(ExactTables.Pi) : Angle(new(Math.Abs(x), 0), CosineOfAsin(x));
        return x < 0 ? -(angle.Hi + angle.Lo) : angle.Hi + angle.Lo;
    }

    public static double Acos(double x)
    {
        if (!(Math.Abs(x) <= 1)) return double.NaN;
        if (x == 1) return 0;
        if (x == -1) return ExactTables.Pi.Hi;
        var angle = x == 0 ? Half(ExactTables.Pi) : Angle(CosineOfAsin(x), new(Math.Abs(x), 0));
        if (x < 0) angle = ExactTables.Pi + -angle;
        return angle.Hi + angle.Lo;
    }

    // √(1 − x²) = √((1 − x)(1 + x))
    static DoubleDouble CosineOfAsin(double x) => DoubleDouble.Sqrt(DoubleDouble.Sum(1, -x) * DoubleDouble.Sum(1, x));
}
