using System.Numerics;
using Lockstep.Core.Definitions;
using Lockstep.Core.Fitting;
using Lockstep.Core.Numerics;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Fitting;

public sealed class FitLearnerTests
{
    static Transformation Of(string fit, params (string Name, string Value)[] parameters) => new()
    {
        Name = "t",
        Fit = fit,
        Input = "x",
        Target = fit == "target_mean" ? "y" : null,
        Parameters = new SortedDictionary<string, string>(parameters.ToDictionary(p => p.Name, p => p.Value)),
    };

    static FitParameters Learn(Transformation transformation, FeatureType type, IEnumerable<Value> inputs, IEnumerable<Value>? targets = null, int cut = int.MaxValue)
    {
        var learner = FitLearner.Of(transformation, type);
        var (all, ys) = (inputs.ToList(), targets?.ToList());
        for (var first = 0; first < all.Count; first += cut)
        {
            var rows = Math.Min(cut, all.Count - first);
            var (x, y) = (Column.Create(type), ys is null ? null : Column.Create(FeatureType.Float64));
            for (var i = first; i < first + rows; i++)
            {
                x.Append(all[i]);
                y?.Append(ys![i]);
            }
            learner.Add(x, y, Enumerable.Range(0, rows).ToArray());
            if (cut == int.MaxValue) break;
        }
        return learner.Finish();
    }

    static Value[] Thin(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(6) == 0 ? Value.Null
        : Value.Of(random.Next(4) switch { 0 => random.Next(-3, 4), 1 => random.NextDouble(), 2 => Math.ScaleB(random.NextDouble() - 0.5, random.Next(-70, 62)), _ => 0.1 }))];

    public static TheoryData<string, int> Methods => new(from fit in FitMethods.All from seed in Enumerable.Range(1, 4) select (fit.Name, seed));

    // S13, S19: the order of rows and how they were cut into batches do not show in what is learned, in any bit.
    [Theory, MemberData(nameof(Methods))]
    public void S13_order_and_batches_do_not_show_in_what_is_learned(string fit, int seed)
    {
        var random = new Random(seed);
        var type = fit is "categories" or "target_mean" or "vocabulary" ? FeatureType.String : FeatureType.Float64;
        for (var round = 0; round < 20; round++)
        {
            var numbers = Thin(random, 60);
            Value[] inputs = type == FeatureType.Float64 ? numbers
                : [.. numbers.Select(n => n.IsNull ? n : Value.Of(string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => "abcdé"[random.Next(5)]))))];
            inputs[0] = type == FeatureType.Float64 ? Value.Of(1.5) : Value.Of("a");
            Value[] targets = [.. Thin(random, 60)];
            targets[0] = Value.Of(2.0);
            var whole = Learn(Of(fit), type, inputs, fit == "target_mean" ? targets : null).ToJson();
            var order = Enumerable.Range(0, 60).OrderBy(_ => random.Next()).ToArray();
            var other = Learn(Of(fit), type, order.Select(i => inputs[i]), fit == "target_mean" ? order.Select(i => targets[i]) : null, random.Next(1, 20)).ToJson();
            Assert.True(whole == other, $"seed {seed}, round {round}: {whole} and {other}");
            Assert.Equal(whole, FitParameters.Read(fit, whole).ToJson());
        }
    }

    // By the definition: sums of the exact integers round(x 2^64), one rounding at the end.
    static double Rounded(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero) return 0;
        var sign = numerator.Sign;
        numerator = BigInteger.Abs(numerator);
        var exponent = 0;
        while (numerator / denominator >= BigInteger.One << 53) { denominator <<= 1; exponent++; }
        while (numerator / denominator < BigInteger.One << 52) { numerator <<= 1; exponent--; }
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        if (rest * 2 > denominator || (rest * 2 == denominator && !quotient.IsEven)) quotient++;
        return sign * Math.ScaleB((double)quotient, exponent);
    }

    static BigInteger Scaled(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52 & 0x7FF);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) + (exponent == 0 ? 0 : 1L << 52);
        var shift = Math.Max(exponent, 1) - 1075 + 64;
        if (shift >= 0) mantissa <<= shift;
        else
        {
            var unit = BigInteger.One << Math.Min(-shift, 2000);
            var kept = BigInteger.DivRem(mantissa, unit, out var cut);
            if (cut * 2 > unit || (cut * 2 == unit && !kept.IsEven)) kept++;
            mantissa = kept;
        }
        return bits < 0 ? -mantissa : mantissa;
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S13_mean_and_deviation_are_exact_sums_rounded_once(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 100; round++)
        {
            var inputs = Thin(random, random.Next(1, 12)).Append(Value.Of(round % 3 == 0 ? 0.25 : -1e18)).ToList();
            var learned = (StandardParameters)Learn(Of("standard"), FeatureType.Float64, inputs);
            var scaled = inputs.Where(i => !i.IsNull).Select(i => Scaled(i.AsFloat64)).ToList();
            var (n, sum, squares) = (scaled.Count, scaled.Aggregate(BigInteger.Zero, (a, b) => a + b), scaled.Aggregate(BigInteger.Zero, (a, b) => a + b * b));
            var mean = Rounded(sum, n * (BigInteger.One << 64));
            var deviation = Math.Sqrt(Rounded(n * squares - sum * sum, (BigInteger)n * n * (BigInteger.One << 128)));
            Assert.True(mean == learned.Mean && deviation == learned.Deviation, $"seed {seed}, round {round}: mean {mean} and {learned.Mean}, deviation {deviation} and {learned.Deviation}");
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Quantile_bins_hold_equal_shares_and_repeated_values_make_fewer(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 100; round++)
        {
            var bins = random.Next(2, 8);
            var values = Enumerable.Range(0, random.Next(1, 40)).Select(_ => (double)random.Next(round % 2 == 0 ? 5 : 1000)).ToList();
            var learned = (QuantileParameters)Learn(Of("quantiles", ("bins", $"{bins}")), FeatureType.Float64, values.Select(Value.Of));
            var sorted = values.Order().ToList();
            double[] expected = [.. Enumerable.Range(1, bins - 1).Select(i => sorted[i * sorted.Count / bins]).Distinct().Where(b => b > sorted[0])];
            Assert.Equal(expected, learned.Boundaries);
        }
        var even = (QuantileParameters)Learn(Of("quantiles", ("bins", "4")), FeatureType.Float64, Enumerable.Range(1, 8).Select(i => Value.Of((double)i)));
        Assert.Equal([3, 5, 7], even.Boundaries);
        Assert.Equal("all values are equal, so there is one bin", Learn(Of("quantiles"), FeatureType.Float64, [Value.Of(1.0), Value.Of(1.0)]).Warning);
    }

    [Fact]
    public void The_most_frequent_categories_are_kept_and_ties_go_by_value()
    {
        Value[] inputs = [.. "b a c b d e e a".Split(' ').Select(Value.Of), Value.Null];
        var learned = (CategoryParameters)Learn(Of("categories", ("max_categories", "4")), FeatureType.String, inputs);
        Assert.Equal(["a", "b", "e", "c"], learned.Categories.Values.Select(v => v.AsString));
        Assert.Null(learned.Unknown);
        var twice = (CategoryParameters)Learn(Of("categories", ("min_count", "2"), ("unknown", "-1")), FeatureType.String, inputs);
        Assert.Equal(["a", "b", "e"], twice.Categories.Values.Select(v => v.AsString));
        Assert.Equal(-1, twice.Unknown);
        var numbers = (CategoryParameters)Learn(Of("categories"), FeatureType.Int64, [Value.Of(10L), Value.Of(-2L), Value.Of(-2L), Value.Of(9L)]);
        Assert.Equal([-2L, 9, 10], numbers.Categories.Values.Select(v => v.AsInt64));
        Assert.Equal([Value.Of(true)], ((CategoryParameters)Learn(Of("categories"), FeatureType.Bool, [Value.Of(true)])).Categories.Values);
    }

    [Fact]
    public void A_target_mean_is_drawn_towards_the_mean_of_all()
    {
        Value[] x = [.. "a a a b".Split(' ').Select(Value.Of), Value.Null, Value.Of("c")];
        Value[] y = [.. new[] { 1.0, 0, 1, 0, 1 }.Select(Value.Of), Value.Null];
        var learned = (TargetMeanParameters)Learn(Of("target_mean", ("smoothing", "2")), FeatureType.String, x, y);
        Assert.Equal(["a", "b"], learned.Categories.Values.Select(v => v.AsString)); // neither the null nor the one without a target
        Assert.Equal([(2 + 2 * 0.5) / (3 + 2), (0 + 2 * 0.5) / (1 + 2)], learned.Means);
        Assert.Equal(0.5, learned.Unknown);
        Assert.Null(((TargetMeanParameters)Learn(Of("target_mean", ("unknown", "none")), FeatureType.String, x, y)).Unknown);
        Assert.Equal(-0.5, ((TargetMeanParameters)Learn(Of("target_mean", ("unknown", "-0.5")), FeatureType.String, x, y)).Unknown);
        Assert.Equal([2 / 3.0, 0], ((TargetMeanParameters)Learn(Of("target_mean", ("smoothing", "0")), FeatureType.String, x, y)).Means);
    }

    [Fact]
    public void A_vocabulary_counts_texts_and_not_occurrences()
    {
        Value[] texts = [Value.Of("to be or to be"), Value.Of(" be \t that"), Value.Of("")];
        var learned = (VocabularyParameters)Learn(Of("vocabulary", ("max_terms", "3")), FeatureType.String, texts);
        Assert.Equal(["be", "or", "that"], learned.Terms.Values.Select(v => v.AsString));
        Assert.Equal([Elementary.Log(4.0 / 3) + 1, Elementary.Log(4.0 / 2) + 1, Elementary.Log(4.0 / 2) + 1], learned.Weights);
        var lists = Learn(Of("vocabulary"), FeatureType.List(FeatureType.String), [Value.List(Value.Of("a b"), Value.Null, Value.Of("a b"))]);
        Assert.Equal(["a b"], ((VocabularyParameters)lists).Terms.Values.Select(v => v.AsString));
    }

    [Fact]
    public void Least_and_greatest_are_those_of_the_rows()
    {
        var learned = (MinMaxParameters)Learn(Of("min_max", ("clip", "true")), FeatureType.Int64, [Value.Of(3L), Value.Null, Value.Of(-7L)]);
        Assert.Equal((-7.0, 3.0, true), (learned.Least, learned.Most, learned.Clip));
        Assert.Equal("all values are equal, so the range is empty and every result is null", Learn(Of("min_max"), FeatureType.Float64, [Value.Of(1.0)]).Warning);
        Assert.Equal("all values are equal, so the deviation is 0 and every result is null", Learn(Of("standard"), FeatureType.Float64, [Value.Of(1.0)]).Warning);
        var decimals = (MinMaxParameters)Learn(Of("min_max"), FeatureType.Decimal(10, 2), [Value.Decimal(1234, 2), Value.Decimal(-10, 2)]);
        Assert.Equal((-0.1, 12.34), (decimals.Least, decimals.Most));
    }

    [Fact]
    public void What_cannot_be_learned_says_why()
    {
        Assert.Equal("Transformation 't' cannot be fitted: there are no rows to learn from at that instant.", Assert.Throws<LockstepException>(() => Learn(Of("standard"), FeatureType.Float64, [])).Message);
        Assert.Equal("Transformation 't' cannot be fitted: the input of all 1 rows is null.", Assert.Throws<LockstepException>(() => Learn(Of("categories"), FeatureType.String, [Value.Null])).Message);
        Assert.Equal("Transformation 't' cannot be fitted: its input holds 1E+300, and means are exact for values from -2^63 to 2^63 only (S13). Scale it, or filter it out.",
            Assert.Throws<LockstepException>(() => Learn(Of("standard"), FeatureType.Float64, [Value.Of(1e300)])).Message);
        Assert.StartsWith("The parameters of a fit are damaged:", Assert.Throws<LockstepException>(() => FitParameters.Read("standard", "{\"mean\":1}")).Message, StringComparison.Ordinal);
        Assert.StartsWith("The parameters of a fit are damaged: The category a occurs twice.", Assert.Throws<LockstepException>(() => FitParameters.Read("categories", "{\"categories\":[\"a\",\"a\"]}")).Message, StringComparison.Ordinal);
    }

    // Stored in registries, and part of fingerprints: what is written here is read by later versions.
    [Theory]
    [InlineData("standard", """{"mean":0.1,"stddev":5E-324}""")]
    [InlineData("min_max", """{"min":-1E+300,"max":2,"clip":false}""")]
    [InlineData("quantiles", """{"boundaries":[0.5,1]}""")]
    [InlineData("categories", """{"categories":["a\"é",""],"unknown":-1}""")]
    [InlineData("categories", """{"categories":[-9223372036854775808,0]}""")]
    [InlineData("target_mean", """{"categories":[true,false],"means":[0.25,1],"unknown":0.3}""")]
    [InlineData("vocabulary", """{"terms":["be"],"weights":[1.2876820724517808],"l2":true}""")]
    public void Stored_parameters_are_read_and_written_alike(string method, string json) => Assert.Equal(json, FitParameters.Read(method, json).ToJson());
}
