using Lockstep.Core.Numerics;

namespace Lockstep.Core.Tests.Numerics;

/// <summary>The errors that docs/design/numerics.md promises, measured on dense random arguments against double-double arithmetic.</summary>
public sealed class ElementaryErrorTests
{
    sealed record Measured(string Name, double Bound, Func<double, double, double> Fast, Func<double, double, DoubleDouble> Slow, Func<Random, (double X, double Y)> Draw);

    static readonly Measured[] s_all =
    [
        new("exp", 0.51, (x, _) => Elementary.Exp(x), (x, _) => SlowElementary.Exp(x), r => (Mixed(r, 700), 0)),
        new("expm1", 0.53, (x, _) => Elementary.Expm1(x), (x, _) => SlowElementary.Expm1(x), r => (Mixed(r, 36), 0)),
        new("ln", 0.51, (x, _) => Elementary.Log(x), (x, _) => SlowElementary.Log(x), r => (AboutOne(r), 0)),
        new("log2", 0.51, (x, _) => Elementary.Log2(x), (x, _) => SlowElementary.Log2(x), r => (AboutOne(r), 0)),
        new("log10", 0.55, (x, _) => Elementary.Log10(x), (x, _) => SlowElementary.Log10(x), r => (AboutOne(r), 0)),
        new("log1p", 0.51, (x, _) => Elementary.Log1p(x), (x, _) => SlowElementary.Log1p(x), r => (r.Next(2) == 0 ? Math.Max(AboutOne(r) - 1, -0.9999999999999999) : Mixed(r, 0.999), 0)),
        new("sin", 0.51, (x, _) => Elementary.Sin(x), (x, _) => SlowElementary.Sin(x), r => (Angle(r), 0)),
        new("cos", 0.51, (x, _) => Elementary.Cos(x), (x, _) => SlowElementary.Cos(x), r => (Angle(r), 0)),
        new("tan", 0.51, (x, _) => Elementary.Tan(x), (x, _) => SlowElementary.Tan(x), r => (Angle(r), 0)),
        new("asin", 0.66, (x, _) => Elementary.Asin(x), (x, _) => SlowElementary.Asin(x), r => (Mixed(r, 1), 0)),
        new("acos", 0.64, (x, _) => Elementary.Acos(x), (x, _) => SlowElementary.Acos(x), r => (Mixed(r, 1), 0)),
        new("atan", 0.52, (x, _) => Elementary.Atan(x), (x, _) => SlowElementary.Atan(x), r => (Mixed(r, 40), 0)),
        new("tanh", 0.56, (x, _) => Elementary.Tanh(x), (x, _) => SlowElementary.Tanh(x), r => (Mixed(r, 22), 0)),
        new("sigmoid", 0.51, (x, _) => Elementary.Sigmoid(x), (x, _) => SlowElementary.Sigmoid(x), r => (Mixed(r, 40), 0)),
        new("cbrt", 0.501, (x, _) => Elementary.Cbrt(x), (x, _) => SlowElementary.Cbrt(x), r => (Mixed(r, 1e30), 0)),
        new("pow", 0.52, Elementary.Pow, SlowElementary.Pow, r => (Math.Exp((r.NextDouble() - 0.5) * 4), (r.NextDouble() - 0.5) * Math.Pow(10, r.Next(-3, 3)))),
        new("atan2", 0.52, Elementary.Atan2, SlowElementary.Atan2, r => (Mixed(r, 100), Mixed(r, 100))),
    ];

    public static TheoryData<string> Functions => [.. s_all.Select(m => m.Name)];

    // Even over the range, or of any size below it, of either sign.
    static double Mixed(Random random, double limit)
        => (random.NextDouble() * 2 - 1) * limit * (random.Next(2) == 0 ? 1 : Math.Pow(2, -random.Next(1, 40)));

    static double AboutOne(Random random) => random.Next(3) switch
    {
        0 => Math.Exp((random.NextDouble() - 0.5) * 1000),
        1 => 0.5 + random.NextDouble() * 2,
        _ => 1 + (random.NextDouble() - 0.5) * Math.Pow(2, -random.Next(1, 40)),
    };

    // Also where reduction is hard: beside multiples of π/2, and beyond the range of the short reduction.
    static double Angle(Random random) => random.Next(4) switch
    {
        0 => random.Next(1, 60_000) * (Math.PI / 2),
        1 => (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(18, 1000)),
        _ => Mixed(random, 1000),
    };

    [Theory, MemberData(nameof(Functions))]
    public void S17_errors_are_below_the_documented_bound(string name)
    {
        var function = s_all.Single(m => m.Name == name);
        const int seed = 71;
        var random = new Random(seed);
        var (worst, at) = (0.0, (X: 0.0, Y: 0.0));
        for (var i = 0; i < 40_000; i++)
        {
            var (x, y) = function.Draw(random);
            var truth = function.Slow(x, y);
            if (!(Math.Abs(truth.Hi) is > 1e-290 and < 1e290)) continue;
            var error = Math.Abs(function.Fast(x, y) - truth.Hi - truth.Lo) / UnitInTheLastPlace(truth.Hi);
            if (!(error <= worst)) (worst, at) = (error, (x, y));
        }
        Assert.True(worst <= function.Bound, $"{name}({at.X:R}, {at.Y:R}) is off by {worst:0.000} units in the last place (seed {seed})");
        Assert.True(worst > 0.4, $"{name}: an error of at most {worst:0.000} units cannot be: was anything compared?");
    }

    static double UnitInTheLastPlace(double x) => Math.BitIncrement(Math.Abs(x)) - Math.Abs(x);

    [Fact]
    public void S17_the_edges_of_each_function()
    {
        var (inf, nan, least) = (double.PositiveInfinity, double.NaN, double.Epsilon);
        (string Name, double Found, double Expected)[] edges =
        [
            ("exp(-inf)", Elementary.Exp(-inf), 0), ("exp(inf)", Elementary.Exp(inf), inf), ("exp(710)", Elementary.Exp(710), inf), ("exp(nan)", Elementary.Exp(nan), nan),
            ("exp(-746)", Elementary.Exp(-746), 0), ("exp(-745)", Elementary.Exp(-745), least), ("exp(0)", Elementary.Exp(0), 1), ("exp(709.78)", Elementary.Exp(709.78), 1.7928227943945155e308),
            ("expm1(-inf)", Elementary.Expm1(-inf), -1), ("expm1(inf)", Elementary.Expm1(inf), inf), ("expm1(least)", Elementary.Expm1(least), least), ("expm1(-40)", Elementary.Expm1(-40), -1), ("expm1(nan)", Elementary.Expm1(nan), nan),
            ("ln(0)", Elementary.Log(0), -inf), ("ln(-1)", Elementary.Log(-1), nan), ("ln(inf)", Elementary.Log(inf), inf), ("ln(nan)", Elementary.Log(nan), nan), ("ln(1)", Elementary.Log(1), 0),
            ("ln(least)", Elementary.Log(least), -744.4400719213812), ("ln(max)", Elementary.Log(double.MaxValue), 709.782712893384), ("log2(least)", Elementary.Log2(least), -1074), ("log10(1e-300)", Elementary.Log10(1e-300), -300),
            ("log2(2^1023)", Elementary.Log2(Math.ScaleB(1, 1023)), 1023), ("log10(1e22)", Elementary.Log10(1e22), 22), ("log10(-0)", Elementary.Log10(-0.0), -inf),
            ("log1p(-1)", Elementary.Log1p(-1), -inf), ("log1p(-2)", Elementary.Log1p(-2), nan), ("log1p(inf)", Elementary.Log1p(inf), inf), ("log1p(least)", Elementary.Log1p(least), least), ("log1p(max)", Elementary.Log1p(double.MaxValue), 709.782712893384),
            ("sin(inf)", Elementary.Sin(inf), nan), ("sin(least)", Elementary.Sin(least), least), ("sin(max)", Elementary.Sin(double.MaxValue), 0.004961954789184062), ("cos(max)", Elementary.Cos(double.MaxValue), -0.9999876894265599),
            ("sin(1e22)", Elementary.Sin(1e22), -0.8522008497671888), ("cos(nan)", Elementary.Cos(nan), nan), ("tan(-inf)", Elementary.Tan(-inf), nan), ("sin(-π)", Elementary.Sin(-Math.PI), -1.2246467991473532e-16), ("cos(π/2)", Elementary.Cos(Math.PI / 2), 6.123233995736766e-17),
            ("asin(1)", Elementary.Asin(1), Math.PI / 2), ("asin(-1)", Elementary.Asin(-1), -Math.PI / 2), ("asin(1+)", Elementary.Asin(Math.BitIncrement(1)), nan), ("acos(1)", Elementary.Acos(1), 0), ("acos(-1)", Elementary.Acos(-1), Math.PI), ("acos(nan)", Elementary.Acos(nan), nan), ("acos(0)", Elementary.Acos(0), Math.PI / 2),
            ("atan(inf)", Elementary.Atan(inf), Math.PI / 2), ("atan(-inf)", Elementary.Atan(-inf), -Math.PI / 2), ("atan(nan)", Elementary.Atan(nan), nan), ("atan(least)", Elementary.Atan(least), least),
            ("atan2(0, 0)", Elementary.Atan2(0, 0), 0), ("atan2(0, -1)", Elementary.Atan2(0, -1), Math.PI), ("atan2(1, 0)", Elementary.Atan2(1, 0), Math.PI / 2), ("atan2(-1, 0)", Elementary.Atan2(-1, 0), -Math.PI / 2), ("atan2(inf, inf)", Elementary.Atan2(inf, inf), Math.PI / 4),
            ("atan2(inf, -inf)", Elementary.Atan2(inf, -inf), 2.356194490192345), ("atan2(1, inf)", Elementary.Atan2(1, inf), 0), ("atan2(1, -inf)", Elementary.Atan2(1, -inf), Math.PI), ("atan2(inf, 1)", Elementary.Atan2(-inf, 1), -Math.PI / 2),
            ("atan2(least, 1)", Elementary.Atan2(least, 1), least), ("atan2(1e-300, 1e300)", Elementary.Atan2(1e-300, 1e300), 0), ("atan2(1e-200, 1e-200)", Elementary.Atan2(1e-200, 1e-200), Math.PI / 4), ("atan2(1e300, 1e-300)", Elementary.Atan2(1e300, 1e-300), Math.PI / 2), ("atan2(nan, 1)", Elementary.Atan2(nan, 1), nan),
            ("tanh(inf)", Elementary.Tanh(inf), 1), ("tanh(-inf)", Elementary.Tanh(-inf), -1), ("tanh(nan)", Elementary.Tanh(nan), nan), ("tanh(least)", Elementary.Tanh(-least), -least),
            ("sigmoid(inf)", Elementary.Sigmoid(inf), 1), ("sigmoid(-inf)", Elementary.Sigmoid(-inf), 0), ("sigmoid(nan)", Elementary.Sigmoid(nan), nan), ("sigmoid(-740)", Elementary.Sigmoid(-740), Elementary.Exp(-740)), ("sigmoid(699)", Elementary.Sigmoid(699), 1), ("sigmoid(0)", Elementary.Sigmoid(0), 0.5),
            ("cbrt(-27)", Elementary.Cbrt(-27), -3), ("cbrt(max)", Elementary.Cbrt(double.MaxValue), 5.643803094122362e102), ("cbrt(least)", Elementary.Cbrt(least), 1.7031839360032603e-108), ("cbrt(-inf)", Elementary.Cbrt(-inf), -inf), ("cbrt(nan)", Elementary.Cbrt(nan), nan),
            ("pow(2, -1074)", Elementary.Pow(2, -1074), least), ("pow(2, -1075)", Elementary.Pow(2, -1075), 0), ("pow(2, 1024)", Elementary.Pow(2, 1024), inf), ("pow(2, 1023.5)", Elementary.Pow(2, 1023.5), 1.2711610061536464e308), ("pow(-2, 3)", Elementary.Pow(-2, 3), -8), ("pow(-2, 2)", Elementary.Pow(-2, 2), 4), ("pow(-2, 0.5)", Elementary.Pow(-2, 0.5), nan),
            ("pow(0, 0)", Elementary.Pow(0, 0), 1), ("pow(nan, 0)", Elementary.Pow(nan, 0), 1), ("pow(1, nan)", Elementary.Pow(1, nan), 1), ("pow(2, nan)", Elementary.Pow(2, nan), nan), ("pow(0, -1)", Elementary.Pow(0, -1), inf), ("pow(0, 1)", Elementary.Pow(0, 1), 0), ("pow(inf, -1)", Elementary.Pow(inf, -1), 0), ("pow(-inf, 3)", Elementary.Pow(-inf, 3), -inf),
            ("pow(2, inf)", Elementary.Pow(2, inf), inf), ("pow(0.5, inf)", Elementary.Pow(0.5, inf), 0), ("pow(-1, inf)", Elementary.Pow(-1, inf), 1), ("pow(least, 0.5)", Elementary.Pow(least, 0.5), Math.Sqrt(least)), ("pow(10, 22)", Elementary.Pow(10, 22), 1e22), ("pow(1+, 1e18)", Elementary.Pow(Math.BitIncrement(1), 1e18), 2.7086111089766717e96),
        ];
        var wrong = edges.Where(e => !e.Found.Equals(e.Expected)).Select(e => $"{e.Name} = {e.Found:R}, not {e.Expected:R}");
        Assert.Equal("", string.Join("; ", wrong));
    }
}
