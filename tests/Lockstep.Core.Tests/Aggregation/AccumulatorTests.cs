using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation;

public sealed class AccumulatorTests
{
    /// <summary>Every function over every type it takes, against the naive twin, in every order and cut.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void S13_accumulators_agree_with_the_naive_windows_however_the_input_is_cut(int first)
    {
        for (var seed = first; seed < first + 60; seed++)
        {
            var drawn = new RandomEvents(seed);
            foreach (var feature in drawn.Features.Where(f => f.Function != "ratio"))
                foreach (var (key, at) in drawn.Labels.Where(l => l.At is not null && !l.Key[0].IsNull).Take(2))
                {
                    var bounds = WindowBounds.Of(feature.Window, drawn.Delay, at!.Value);
                    var inside = drawn.Events.Where(e => e.Key[0] == key[0] && e.Time >= bounds.From && e.Time < bounds.To && (feature.Filter < 0 || e.Passes[feature.Filter]))
                        .Select(e => (e.Time!.Value, feature.Column < 0 ? Value.Of(true) : e.Values[feature.Column])).ToArray();
                    var bound = AggregateCatalog.BuiltIn.Bind(feature.Function, feature.Type, feature.Parameters, feature.Window);

                    var found = AggregateLaws.Hold(bound, inside, bounds, seed);

                    var expected = NaiveWindows.Compute(drawn.Events, key, at, feature, drawn.Delay);
                    Assert.True(expected == found, $"seed {seed}: expected {expected}, found {found}: {feature} at {at}");
                }
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 10).Select(i => i * 60)];

    /// <summary>Many values: HyperLogLog, sketches with merged buckets, lists of 1,024 values and more.</summary>
    [Theory]
    [InlineData("distinct_count", 1_023), InlineData("distinct_count", 1_024), InlineData("distinct_count", 1_025), InlineData("distinct_count", 30_000)]
    [InlineData("percentile", 9_000), InlineData("mode", 1_024), InlineData("mode", 1_025), InlineData("top_k", 1_024), InlineData("last_distinct_n", 500), InlineData("stddev_samp", 5_000)]
    public void S13_large_states_agree_with_the_naive_windows(string function, int values)
    {
        var random = new Random(values);
        (long, Value)[] events = [.. Enumerable.Range(0, values).Select(i => (random.NextInt64(1000), Value.Of(function == "percentile" ? Math.ScaleB(random.NextDouble() - 0.5, random.Next(-1000, 1000)) : i * 0.37)))];
        if (function is "mode" or "top_k") events = [.. events, .. events.Take(3)];
        var window = new Window("lifetime", Window.Lifetime, Instant.Day);
        Dictionary<string, string> parameters = new() { ["q"] = "0.4", ["k"] = "5", ["n"] = "100" };
        var known = AggregateCatalog.BuiltIn.Find(function)!.Parameters.Select(p => p.Name).ToHashSet();
        foreach (var other in parameters.Keys.Where(k => !known.Contains(k)).ToList()) parameters.Remove(other);
        var bound = AggregateCatalog.BuiltIn.Bind(function, FeatureType.Float64, parameters, window);

        var found = AggregateLaws.Hold(bound, events, WindowBounds.Of(window, 0, 5000), values);

        var naive = events.Select(e => new NaiveEvent([Value.Of(1L)], e.Item1, [e.Item2], []));
        Assert.Equal(NaiveWindows.Compute(naive, [Value.Of(1L)], 5000, new(function, 0, FeatureType.Float64, window) { Parameters = parameters }), found);
    }
}
