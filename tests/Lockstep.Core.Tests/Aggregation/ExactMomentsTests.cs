using System.Numerics;
using System.Text.Json;
using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation;

public sealed class ExactMomentsTests
{
    static readonly string[] s_functions = ["sum", "avg", "var_pop", "var_samp", "stddev_pop", "stddev_samp"];

    public static TheoryData<string> Cases()
    {
        TheoryData<string> names = [];
        foreach (var one in Golden().EnumerateArray()) names.Add(one.GetProperty("name").GetString()!);
        return names;
    }

    static JsonElement Golden() => JsonDocument.Parse(File.ReadAllBytes(TestData.Path("exact-moments/exact_moments.json"))).RootElement.GetProperty("cases");

    [Theory, MemberData(nameof(Cases))]
    public void S13_moments_of_the_golden_lists_in_every_order_and_cut(string name)
    {
        var golden = Golden().EnumerateArray().First(c => c.GetProperty("name").GetString() == name);
        var values = golden.GetProperty("values").EnumerateArray().Select(v => Double(v.GetProperty("bits").GetString()!)).ToArray();
        var events = values.Select((v, i) => ((long)i, Value.Of(v))).ToArray();
        var window = new Window("lifetime", Window.Lifetime, Instant.Day);
        var outOfRange = golden.TryGetProperty("status", out var refused) && refused.GetString() == "OUT_OF_RANGE";
        foreach (var function in s_functions)
        {
            var bound = AggregateCatalog.BuiltIn.Bind(function, FeatureType.Float64, new Dictionary<string, string>(), window);
            var (value, status) = AggregateLaws.Hold(bound, events, WindowBounds.Of(window, 0, long.MaxValue), 1);

            if (outOfRange)
            {
                Assert.Equal((AggregateStatus.OutOfRange, Value.Null), (status, value));
                continue;
            }
            var expected = golden.GetProperty("expected").GetProperty(function);
            if (expected.ValueKind == JsonValueKind.Null) Assert.Equal((AggregateStatus.Null, Value.Null), (status, value));
            else Assert.Equal(expected.GetProperty("bits").GetString(), BitConverter.DoubleToInt64Bits(value.AsFloat64).ToString("x16", System.Globalization.CultureInfo.InvariantCulture));
        }
        if (golden.TryGetProperty("sum_of_scaled", out var sum))
        {
            var moments = new MomentsAccumulator(true);
            var column = new FixedColumn<double>(FeatureType.Float64);
            foreach (var v in values) column.Append(v);
            moments.Add(column, new long[values.Length], [.. Enumerable.Range(0, values.Length)]);
            Assert.Equal(sum.GetString(), Rounding.ToBig(moments.State.Sum).ToString(System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(golden.GetProperty("sum_of_squares_of_scaled").GetString(), Rounding.ToBig(moments.State.Squares).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The short lists in all orders and all cuts in two.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void S13_short_golden_lists_in_all_orders_and_cuts_have_the_same_bytes(string name)
    {
        var values = Golden().EnumerateArray().First(c => c.GetProperty("name").GetString() == name).GetProperty("values").EnumerateArray().Select(v => Double(v.GetProperty("bits").GetString()!)).Take(6).ToArray();
        var whole = Bytes(Of(values));
        foreach (var order in Orders(values))
            for (var cut = 0; cut <= order.Length; cut++)
            {
                var (first, rest) = (Of(order[..cut]), Of(order[cut..]));
                first.Merge(Bytes(rest));
                Assert.True(whole.AsSpan().SequenceEqual(Bytes(first)), $"{string.Join(", ", order)} cut at {cut}");
            }

        static Accumulator Of(double[] values)
        {
            var moments = new MomentsAccumulator(true);
            var column = new FixedColumn<double>(FeatureType.Float64);
            foreach (var v in values) column.Append(v);
            moments.Add(column, new long[values.Length], [.. Enumerable.Range(0, values.Length)]);
            return moments;
        }

        static byte[] Bytes(Accumulator of)
        {
            System.Buffers.ArrayBufferWriter<byte> to = new();
            of.Write(to);
            return to.WrittenSpan.ToArray();
        }

        static IEnumerable<double[]> Orders(double[] values) => values.Length == 0 ? [[]]
            : Enumerable.Range(0, values.Length).SelectMany(i => Orders([.. values[..i], .. values[(i + 1)..]]).Select(rest => (double[])[values[i], .. rest]));
    }

    static double Double(string bits) => BitConverter.Int64BitsToDouble(Convert.ToInt64(bits, 16));

    [Fact]
    public void S13_a_value_is_scaled_by_two_to_the_64_ties_to_even()
    {
        var random = new Random(5);
        double[] edges = [0, -0.0, double.Epsilon, -double.Epsilon, Power(-64), Power(-65), -Power(-65), 1.5 * Power(-64), 2.5 * Power(-64), Math.BitIncrement(Power(-65)), 9223372036854775808.0, -9223372036854775808.0, Math.BitDecrement(9223372036854775808.0), Math.BitDecrement(-9223372036854775808.0), double.NaN, double.PositiveInfinity, double.MaxValue, 1, -1, 0.1];
        var drawn = Enumerable.Range(0, 200_000).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)))
            .Concat(Enumerable.Range(0, 200_000).Select(_ => Math.ScaleB(random.NextDouble() - 0.5, random.Next(-80, 70))));
        foreach (var x in edges.Concat(drawn))
        {
            var expected = NaiveWindows.Scaled(x);
            Assert.True(ScaledDouble.TryScale(x, out var scaled) == expected is not null && (expected is null || expected == (Int128)scaled), $"{x:R}: {(Int128)scaled} for {expected}");
        }

        static double Power(int exponent) => Math.ScaleB(1, exponent);
    }

    [Fact]
    public void S13_quotients_are_rounded_once_to_the_nearest_ties_to_even()
    {
        var random = new Random(7);
        for (var i = 0; i < 200_000; i++)
        {
            var value = new Int192 { Low = Word(), Middle = Word(), High = Word() };
            if (random.Next(2) == 0) value.High = 0;
            if (value.High == 0 && random.Next(2) == 0) value.Middle = 0;
            var divisor = Math.Max(1, Word() >> random.Next(64));
            var exponent = random.Next(-130, 10);
            Check(Rounding.ToDouble(value, exponent), Rounding.ToBig(value), 1, exponent, i);
            Check(Rounding.Divide(value, divisor, exponent), Rounding.ToBig(value), divisor, exponent, i);
        }

        // Few ones, so that ties and borders come up.
        ulong Word() => random.Next(5) switch { 0 => 0, 1 => ulong.MaxValue, 2 => 1UL << random.Next(64), 3 => ulong.MaxValue << random.Next(64), _ => (ulong)random.NextInt64() };

        static void Check(double found, BigInteger numerator, BigInteger denominator, int exponent, int i)
        {
            var expected = exponent >= 0 ? NaiveWindows.Nearest(numerator << exponent, denominator) : NaiveWindows.Nearest(numerator, denominator << -exponent);
            Assert.True(BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(found), $"{i}: {numerator} / {denominator} × 2^{exponent} is {expected:R}, found {found:R}");
        }
    }
}
