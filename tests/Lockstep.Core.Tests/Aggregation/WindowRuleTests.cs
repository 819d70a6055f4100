using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation;

/// <summary>S9, S10 and S12 at their edges, by hand.</summary>
public sealed class WindowRuleTests
{
    static readonly long s_noon = Instant.Parse("2026-11-01T12:00:00Z");

    [Fact]
    public void S9_the_lower_end_is_rounded_down_to_the_hop_and_belongs_to_the_window_the_upper_one_does_not()
    {
        var day = Parse("24h"); // hop 5m
        var at = s_noon + 7 * Instant.Minute + 1;

        var bounds = WindowBounds.Of(day, 0, at);

        Assert.Equal(s_noon - Instant.Day + 5 * Instant.Minute, bounds.From);
        Assert.Equal(at, bounds.To);
        Assert.Equal(bounds.From, WindowBounds.Of(day, 0, bounds.From + Instant.Day).From); // on a hop nothing is rounded
    }

    [Fact]
    public void S9_with_a_delay_both_ends_are_multiples_of_the_hop()
    {
        var bounds = WindowBounds.Of(Parse("1h"), 90 * Instant.Second, s_noon); // hop 1m

        Assert.Equal((s_noon - Instant.Hour - 2 * Instant.Minute, s_noon - 2 * Instant.Minute), (bounds.From, bounds.To));
    }

    [Fact]
    public void S9_ends_are_rounded_towards_the_past_before_1970_and_stay_in_range_at_the_ends_of_time()
    {
        Assert.Equal(-Instant.Hour - Instant.Minute, WindowBounds.Of(Parse("1h"), 0, -1).From);
        Assert.Equal((long.MinValue, long.MinValue + 5), (WindowBounds.Of(Parse("1h"), 0, long.MinValue + 5).From, WindowBounds.Of(Parse("1h"), 0, long.MinValue + 5).To));
        Assert.Equal((long.MinValue, long.MinValue), (WindowBounds.Of(Parse("1h"), Instant.Hour, long.MinValue + 5).From, WindowBounds.Of(Parse("1h"), Instant.Hour, long.MinValue + 5).To));
        Assert.Equal(long.MinValue, WindowBounds.Of(Parse("lifetime"), 0, s_noon).From);
        Assert.Equal(s_noon - 12 * Instant.Hour, WindowBounds.Of(Parse("lifetime"), 1, s_noon).To); // the hop of a day, where one is needed
    }

    [Theory]
    [InlineData("1s", "1s"), InlineData("59s", "1s"), InlineData("1m", "1s"), InlineData("299s", "1s"), InlineData("5m", "5s"), InlineData("30m", "30s"), InlineData("1h", "1m"), InlineData("299m", "1m"), InlineData("5h", "5m")]
    [InlineData("24h", "5m"), InlineData("30h", "30m"), InlineData("60h", "1h"), InlineData("7d", "1h"), InlineData("15d", "6h"), InlineData("59d", "6h"), InlineData("60d", "1d"), InlineData("365d", "1d"), InlineData("lifetime", "1d")]
    public void S10_the_hop_is_the_largest_of_the_list_that_is_at_most_a_sixtieth(string window, string hop)
        => Assert.Equal(hop, Duration.Format(Parse(window).Hop));

    [Fact]
    public void S12_of_no_events_counts_are_0_and_all_else_is_null_and_nulls_are_skipped()
    {
        var column = new FixedColumn<double>(FeatureType.Float64);
        column.AppendNull();
        foreach (var function in AggregateCatalog.BuiltIn.All.Where(f => f.Name != "ratio"))
        {
            var parameters = function.Parameters.Where(p => p.Default is null).ToDictionary(p => p.Name, p => p.Name switch { "q" => "0.5", "half_life" => "1h", _ => "2" });
            var bound = AggregateCatalog.BuiltIn.Bind(function.Name, FeatureType.Float64, parameters, Parse("1h"));
            var state = bound.Spec.Create();
            var window = WindowBounds.Of(Parse("1h"), 0, s_noon);

            var empty = AggregateLaws.Read(bound.Output, state, window);
            state.Add(column, [s_noon - 1], [0]);
            var ofNull = AggregateLaws.Read(bound.Output, state, window);

            var expected = function.Name is "count" or "distinct_count" ? (Value.Of(0L), AggregateStatus.Present) : (Value.Null, AggregateStatus.Null);
            Assert.True(expected == empty && expected == ofNull, $"{function.Name}: {empty} of nothing, {ofNull} of a null");
            Assert.Equal([0], AggregateLaws.Bytes(state)); // an empty state is one byte
        }
    }

    [Fact]
    public void The_type_that_a_view_declares_is_the_one_that_its_plan_computes()
    {
        FeatureType?[] columns = [null, FeatureType.Bool, FeatureType.Int32, FeatureType.Int64, FeatureType.Float32, FeatureType.Float64, FeatureType.Decimal(10, 2), FeatureType.String, FeatureType.Timestamp, FeatureType.List(FeatureType.Float32)];
        foreach (var function in AggregateCatalog.BuiltIn.All)
            foreach (var column in columns.Where(c => c is null ? function.CountsRows : function.Accepts(c)))
                foreach (var of in function.Name == "ratio" ? new[] { "count", "sum", "avg" } : [""])
                {
                    var parameters = function.Parameters.Where(p => p.Default is null).ToDictionary(p => p.Name, p => p.Name switch { "q" => "0.5", "half_life" => "1h", "over" => "7d", "of" => of, _ => "2" });
                    if (column is null && function.CheckRows(parameters) is not null) continue;
                    var declared = AggregateCatalog.BuiltIn.Bind(function.Name, column, parameters, Parse("1h")).Type;
                    var planned = new WindowPlanBuilder([FeatureType.String]).Add("f", function.Name, column is null ? null : new("c", column), Parse("1h"), parameters).Build().Features[0];
                    Assert.True(declared == planned.Type && (function.Name != "ratio" || declared == FeatureType.Float64), $"{function.Name} {of} of {column}: {declared} declared, {planned.Type} computed");
                }
    }

    [Fact]
    public void S13_sums_that_do_not_fit_are_out_of_range_and_never_a_wrong_number()
    {
        Assert.Equal((Value.Null, AggregateStatus.OutOfRange), Of("sum", FeatureType.Int64, Value.Of(long.MaxValue), Value.Of(1L)));
        Assert.Equal((Value.Of(long.MaxValue), AggregateStatus.Present), Of("sum", FeatureType.Int64, Value.Of(long.MaxValue), Value.Of(1L), Value.Of(-1L)));
        Assert.Equal((Value.Of(4611686018427387904.0), AggregateStatus.Present), Of("avg", FeatureType.Int64, Value.Of(long.MaxValue), Value.Of(1L)));
        var most = (Int128)Value.PowerOfTen(38) - 1;
        Assert.Equal((Value.Null, AggregateStatus.OutOfRange), Of("sum", FeatureType.Decimal(38, 2), Value.Decimal(most, 2), Value.Decimal(1, 2)));
        Assert.Equal((Value.Decimal(most, 2), AggregateStatus.Present), Of("sum", FeatureType.Decimal(38, 2), Value.Decimal(most - 1, 2), Value.Decimal(1, 2)));
        Assert.Equal((Value.Null, AggregateStatus.OutOfRange), Of("avg", FeatureType.Float64, Value.Of(9223372036854775808.0), Value.Of(1.0)));
        Assert.Equal((Value.Of(-9223372036854775808.0), AggregateStatus.Present), Of("sum", FeatureType.Float64, Value.Of(-9223372036854775808.0)));
        Assert.Equal((Value.Of(1e300), AggregateStatus.Present), Of("max", FeatureType.Float64, Value.Of(1e300), Value.Of(1.0)));
        Assert.Equal((Value.Null, AggregateStatus.OutOfRange), Of("sum", FeatureType.List(FeatureType.Float32), Value.List(Value.Of(1f)), Value.List(Value.Of(1f), Value.Of(2f))));
    }

    [Fact]
    public void S13_moments_text_and_lists_are_refused_with_what_there_is_instead()
    {
        var catalog = AggregateCatalog.BuiltIn;

        Assert.Equal("var_pop takes numbers only, and 'x' is string. For string there is count, rate, exp_decay_count, distinct_count, min, max, first, last, first_n, last_n, last_distinct_n, lag, mode, top_k, time_since_first, time_since_last.", catalog.CheckType("var_pop", "x", FeatureType.String));
        Assert.Null(catalog.CheckType("sum", "x", FeatureType.List(FeatureType.Float32)));
        Assert.StartsWith("sum takes numbers, and lists of floats element by element, and 'x' is list<int64>.", catalog.CheckType("sum", "x", FeatureType.List(FeatureType.Int64)), StringComparison.Ordinal);
        Assert.Equal(["feature 'f' uses 'cuont', which is not a function. Did you mean 'count'?"], catalog.Check("feature 'f'", "cuont", true, new Dictionary<string, string>(), []).Select(p => p.Problem));
        Assert.Equal(["The window 'lifetime' of feature 'f': rate needs a window with a length."], catalog.Check("feature 'f'", "rate", false, new Dictionary<string, string>(), [Parse("lifetime")]).Select(p => p.Problem));
        Assert.Equal(["'half_life' of feature 'f' is 'soon'. It must be a number and one of us, ms, s, m, h, d, w, like 3h or 7d."], catalog.Check("feature 'f'", "exp_decay_sum", true, new Dictionary<string, string> { ["half_life"] = "soon" }, [Parse("1h")]).Select(p => p.Problem));
    }

    [Fact]
    public void Accumulators_allocate_nothing_once_they_have_grown()
    {
        var column = new FixedColumn<double>(FeatureType.Float64);
        for (var i = 0; i < 50; i++) column.Append(i % 20);
        var (times, rows) = (Enumerable.Range(0, 50).Select(i => (long)i).ToArray(), Enumerable.Range(0, 50).ToArray());
        foreach (var function in AggregateCatalog.BuiltIn.All.Where(f => f.Name != "ratio"))
        {
            var parameters = function.Parameters.Where(p => p.Default is null).ToDictionary(p => p.Name, p => p.Name switch { "q" => "0.5", "half_life" => "1h", _ => "2" });
            var spec = AggregateCatalog.BuiltIn.Bind(function.Name, FeatureType.Float64, parameters, Parse("1h")).Spec;
            var (state, other, to) = (spec.Create(), spec.Create(), new System.Buffers.ArrayBufferWriter<byte>(1 << 16));
            for (var warm = 0; warm < 3; warm++) Once();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10; i++) Once();
            Assert.True(GC.GetAllocatedBytesForCurrentThread() == before, $"{function.Name} allocated {GC.GetAllocatedBytesForCurrentThread() - before} bytes");

            void Once()
            {
                if (function.Name != "percentile" || to.WrittenCount == 0)
                {
                    // A sketch takes logarithms, whose table costs a handle where code is not optimised.
                    state.Clear();
                    state.Add(column, times, rows);
                }
                to.ResetWrittenCount();
                state.Write(to);
                other.Clear();
                other.MergeRun(to.WrittenSpan, 1);
                other.Merge(to.WrittenSpan);
                other.MergeFrom(state);
                state.Measure(to.WrittenSpan);
            }
        }
    }

    static (Value, AggregateStatus) Of(string function, FeatureType type, params Value[] values)
        => AggregateLaws.Hold(AggregateCatalog.BuiltIn.Bind(function, type, new Dictionary<string, string>(), Parse("1h")), [.. values.Select((v, i) => ((long)i, v))], WindowBounds.Of(Parse("1h"), 0, 100), 1);

    static Window Parse(string text) => Window.TryParse(text, null, out var window) ? window : throw new ArgumentException(text);
}
