using System.Globalization;
using System.Numerics;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Numerics;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>Numbers. Whatever is not finite is null (S17); the transcendental functions are our own.</summary>
[FunctionGroup("Numbers")]
static class MathFunctions
{
    [Function("abs", Summary = "The size of a number; null for the least int64.", Example = "abs(-2.5)", Gives = "2.5")]
    public static double Abs(double x) => Math.Abs(x);

    [Function("abs", Summary = "The size of a number; null for the least int64.", Example = "abs(-7)", Gives = "7")]
    public static bool Abs(long x, out long size)
    {
        size = x == long.MinValue ? 0 : Math.Abs(x);
        return x != long.MinValue;
    }

    [Function("sign", Summary = "-1, 0 or 1.", Example = "sign(-0.1)", Gives = "-1")]
    public static long Sign(double x) => Math.Sign(x);

    [Function("floor", Summary = "The greatest whole number that is not above x.", Example = "floor(-1.5)", Gives = "-2")]
    public static double Floor(double x) => Math.Floor(x);

    [Function("ceil", Summary = "The least whole number that is not below x.", Example = "ceil(-1.5)", Gives = "-1")]
    public static double Ceiling(double x) => Math.Ceiling(x);

    [Function("trunc", Summary = "x without its fraction.", Example = "trunc(-1.5)", Gives = "-1")]
    public static double Truncate(double x) => Math.Truncate(x);

    [Function("round", Summary = "The nearest whole number; halves go away from zero.", Example = "round(2.5)", Gives = "3")]
    public static double Round(double x) => Math.Round(x, MidpointRounding.AwayFromZero);

    [Function("round", Summary = "x rounded to n digits behind the point, from the exact value of the double; halves go away from zero. n may be negative; null beyond ±300.", Example = "round(1234.5678, 2)", Gives = "1234.57")]
    public static bool Round(double x, long digits, out double rounded)
    {
        rounded = 0;
        if (digits is < -300 or > 300) return false;
        if (digits is >= 0 and <= 22 && TryRoundByProduct(x, s_powersOfTen[digits], out rounded)) return true;
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = Math.Max((int)(bits >> 52 & 0x7FF), 1) - 1075;
        if (exponent >= 0 && digits >= 0)
        {
            rounded = x; // a whole number already
            return true;
        }
        BigInteger numerator = (bits & 0xFFFFFFFFFFFFF) + ((bits >> 52 & 0x7FF) == 0 ? 0 : 1L << 52);
        BigInteger denominator = 1;
        if (exponent >= 0) numerator <<= exponent; else denominator <<= -exponent;
        var power = BigInteger.Pow(10, (int)Math.Abs(digits));
        if (digits >= 0) numerator *= power; else denominator *= power;
        var whole = (2 * numerator + denominator) / (2 * denominator);
        rounded = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{(bits < 0 ? "-" : "")}{whole}e{-digits}"), NumberStyles.Float, CultureInfo.InvariantCulture);
        return true;
    }

    static readonly double[] s_powersOfTen = [.. Enumerable.Range(0, 23).Select(n => (double)BigInteger.Pow(10, n))]; // all exact

    // |x| 10^n exactly, as a sum of two (T. J. Dekker, 1971), rounded to a whole number below 2^52. Its quotient by 10^n is then rounded once,
    // and so the double nearest to the decimal (W. D. Clinger, "How to read floating point numbers accurately", 1990).
    static bool TryRoundByProduct(double x, double power, out double rounded)
    {
        var size = Math.Abs(x);
        var product = size * power;
        rounded = 0;
        if (!(product < 4503599627370496)) return false;
        var (a, b) = (Head(size), Head(power));
        var rest = a * b - product + a * (power - b) + (size - a) * b + (size - a) * (power - b); // exact: the powers have 52 bits
        var whole = Math.Floor(product);
        if (product - whole - 0.5 >= -rest) whole++; // both sides exact
        rounded = Math.CopySign(whole / power, x);
        return true;

        static double Head(double number) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(number) & -0x8000000L);
    }

    [Function("clip", Group = "Scaling and encoding", Summary = "x, but at least low and at most high; null when low is above high.", Example = "clip(12.0, 0.0, 10.0)", Gives = "10")]
    public static bool Clip(double x, double low, double high, out double clipped)
    {
        clipped = x < low ? low : x > high ? high : x;
        return low <= high;
    }

    [Function("clip", Group = "Scaling and encoding", Summary = "x, but at least low and at most high; null when low is above high.", Example = "clip(-3, 0, 10)", Gives = "0")]
    public static bool Clip(long x, long low, long high, out long clipped)
    {
        clipped = x < low ? low : x > high ? high : x;
        return low <= high;
    }

    [Function("sqrt", Summary = "The square root; null below zero.", Example = "sqrt(2.25)", Gives = "1.5")]
    public static double Sqrt(double x) => Math.Sqrt(x);

    [Function("cbrt", Summary = "The cube root.", Example = "cbrt(-27.0)", Gives = "-3")]
    public static double Cbrt(double x) => Elementary.Cbrt(x);

    [Function("exp", Summary = "e to the power x.", Example = "exp(1.0)", Gives = "2.718281828459045")]
    public static double Exp(double x) => Elementary.Exp(x);

    [Function("expm1", Summary = "e to the power x, less 1, exact where x is near 0.", Example = "expm1(1e-10)", Gives = "1.00000000005E-10")]
    public static double Expm1(double x) => Elementary.Expm1(x);

    [Function("ln", Summary = "The natural logarithm; null at and below zero.", Example = "ln(10.0)", Gives = "2.302585092994046")]
    public static double Ln(double x) => Elementary.Log(x);

    [Function("log2", Summary = "The logarithm to base 2; null at and below zero.", Example = "log2(8.0)", Gives = "3")]
    public static double Log2(double x) => Elementary.Log2(x);

    [Function("log10", Summary = "The logarithm to base 10; null at and below zero.", Example = "log10(1000.0)", Gives = "3")]
    public static double Log10(double x) => Elementary.Log10(x);

    [Function("log1p", Summary = "The natural logarithm of 1 + x, exact where x is near 0; null at and below -1.", Example = "log1p(0.0)", Gives = "0")]
    public static double Log1p(double x) => Elementary.Log1p(x);

    [Function("pow", Summary = "x to the power y; null where it is not a real number.", Example = "pow(2.0, 10.0)", Gives = "1024")]
    public static double Pow(double x, double y) => Elementary.Pow(x, y);

    [Function("sin", Summary = "The sine of an angle in radians.", Example = "sin(0.0)", Gives = "0")]
    public static double Sin(double x) => Elementary.Sin(x);

    [Function("cos", Summary = "The cosine of an angle in radians.", Example = "cos(0.0)", Gives = "1")]
    public static double Cos(double x) => Elementary.Cos(x);

    [Function("tan", Summary = "The tangent of an angle in radians.", Example = "tan(0.0)", Gives = "0")]
    public static double Tan(double x) => Elementary.Tan(x);

    [Function("asin", Summary = "The angle whose sine is x; null outside [-1, 1].", Example = "asin(1.0)", Gives = "1.5707963267948966")]
    public static double Asin(double x) => Elementary.Asin(x);

    [Function("acos", Summary = "The angle whose cosine is x; null outside [-1, 1].", Example = "acos(1.0)", Gives = "0")]
    public static double Acos(double x) => Elementary.Acos(x);

    [Function("atan", Summary = "The angle whose tangent is x.", Example = "atan(1.0)", Gives = "0.7853981633974483")]
    public static double Atan(double x) => Elementary.Atan(x);

    [Function("atan2", Summary = "The angle of the point (x, y), between -π and π; of the origin 0.", Example = "atan2(1.0, -1.0)", Gives = "2.356194490192345")]
    public static double Atan2(double y, double x) => Elementary.Atan2(y, x);

    [Function("tanh", Summary = "The hyperbolic tangent.", Example = "tanh(0.0)", Gives = "0")]
    public static double Tanh(double x) => Elementary.Tanh(x);

    [Function("sigmoid", Summary = "The logistic function.", Formula = "1 / (1 + exp(-x))", Example = "sigmoid(0.0)", Gives = "0.5")]
    public static double Sigmoid(double x) => Elementary.Sigmoid(x);

    [Function("radians", Summary = "Degrees as radians.", Formula = "x * pi() / 180", Example = "radians(180.0)", Gives = "3.141592653589793")]
    public static double Radians(double x) => x * Math.PI / 180;

    [Function("degrees", Summary = "Radians as degrees.", Formula = "x * 180 / pi()", Example = "degrees(pi())", Gives = "180")]
    public static double Degrees(double x) => x * 180 / Math.PI;

    [Function("pi", Summary = "π.", Example = "pi()", Gives = "3.141592653589793")]
    public static double Pi() => Math.PI;

    [Function("zscore", Group = "Scaling and encoding", Summary = "How many standard deviations x is from the mean; null when std is zero.", Formula = "(x - mean) / std", Example = "zscore(12.0, 10.0, 4.0)", Gives = "0.5")]
    public static double ZScore(double x, double mean, double std) => (x - mean) / std;

    [Function("min_max", Group = "Scaling and encoding", Summary = "x scaled so that min is 0 and max is 1; null when they are equal.", Formula = "(x - min) / (max - min)", Example = "min_max(5.0, 0.0, 20.0)", Gives = "0.25")]
    public static double MinMax(double x, double min, double max) => (x - min) / (max - min);

    [Function("cyclical_sin", Group = "Scaling and encoding", Summary = "x on a circle of the given period, as a sine: hour 23 and hour 0 become neighbours.", Formula = "sin(2 * pi() * x / period)", Example = "cyclical_sin(6.0, 24.0)", Gives = "1")]
    public static double CyclicalSin(double x, double period) => Elementary.Sin(2 * Math.PI * x / period);

    [Function("cyclical_cos", Group = "Scaling and encoding", Summary = "x on a circle of the given period, as a cosine.", Formula = "cos(2 * pi() * x / period)", Example = "cyclical_cos(12.0, 24.0)", Gives = "-1")]
    public static double CyclicalCos(double x, double period) => Elementary.Cos(2 * Math.PI * x / period);

    const double EarthRadiusKm = 6371.0088; // the mean radius R1 of the IUGG

    [Function("haversine", Group = "Geography", Summary = "Kilometres between two places on a sphere of the Earth's mean radius (6371.0088 km), angles in degrees; null for a latitude beyond ±90.", Formula = "2 R asin(sqrt(sin²(Δlat/2) + cos lat1 cos lat2 sin²(Δlon/2)))", Example = "round(haversine(40.6413, -73.7781, 33.9416, -118.4085), 1)", Gives = "3974.3")]
    public static bool Haversine(double latitude1, double longitude1, double latitude2, double longitude2, out double kilometres)
    {
        kilometres = 0;
        if (Math.Abs(latitude1) > 90 || Math.Abs(latitude2) > 90) return false;
        var (a, b) = (Radians(latitude1), Radians(latitude2));
        var north = Elementary.Sin((b - a) / 2);
        var east = Elementary.Sin(Radians(longitude2 - longitude1) / 2);
        var h = north * north + Elementary.Cos(a) * Elementary.Cos(b) * east * east;
        kilometres = 2 * EarthRadiusKm * Elementary.Asin(Math.Min(1, Math.Sqrt(h)));
        return true;
    }
}
