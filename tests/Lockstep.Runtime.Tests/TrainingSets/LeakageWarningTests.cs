using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>What a training set warns of, each sign with a twin that lacks it.</summary>
public sealed class LeakageWarningTests
{
    static readonly long Start = Instant.Parse("2026-03-01T06:30:00Z");

    [Theory]
    [InlineData("equal", true)]       // the label is the feature
    [InlineData("as whole", true)]    // the same numbers as int64
    [InlineData("one differs", false)]
    [InlineData("few", false)]
    [InlineData("constant", false)]
    public void A_label_that_equals_a_feature_is_named(string kind, bool warned)
    {
        using var lab = new TrainingSetLab();
        var rows = kind == "few" ? 19 : 40;
        Value Delay(int i) => i % 7 == 0 ? Value.Null : Value.Of(kind == "constant" ? 3.0 : i % 5);
        lab.View("flights", [new("id", FeatureType.Int64)], [new("delay", FeatureType.Float64)],
            Enumerable.Range(0, rows).Select(i => new[] { Value.Of((long)i), Value.Timestamp(Start), Delay(i) }));
        Value Label(int i) => kind == "one differs" && i == 38 ? Value.Of(99.0) : kind == "as whole" && !Delay(i).IsNull ? Value.Of((long)Delay(i).AsFloat64) : i % 11 == 0 ? Value.Null : Delay(i);
        lab.Spine([new("id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp), new("late_by", kind == "as whole" ? FeatureType.Int64 : FeatureType.Float64)],
            [.. Enumerable.Range(0, rows).Select(i => new[] { Value.Of((long)i), Value.Timestamp(Start + i), Label(i) })]);

        var warnings = lab.Run(lab.Request("flights:delay")).Warnings;

        if (!warned) Assert.Empty(warnings);
        else Assert.StartsWith("Column 'late_by' equals the feature 'delay' in all ", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_spine_of_dates_is_pointed_out(bool midnight)
    {
        using var lab = Simple(spine: i => Instant.Floor(Start, Instant.Day) + i * Instant.Day + (midnight || i != 13 ? 0 : 1));

        var warnings = lab.Run(lab.Request("v:x")).Warnings;

        if (midnight) Assert.StartsWith("All 30 timestamps of spine 'labels' are at midnight (UTC)", Assert.Single(warnings), StringComparison.Ordinal);
        else Assert.Empty(warnings);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_source_of_dates_is_pointed_out(bool midnight)
    {
        using var lab = Simple(source: i => Instant.Floor(Start, Instant.Day) - i * Instant.Day + (midnight || i != 13 ? 0 : 1));

        var warnings = lab.Run(lab.Request("v:x")).Warnings;

        if (midnight) Assert.StartsWith("All event timestamps read from source 'v.0' are at midnight (UTC).", Assert.Single(warnings), StringComparison.Ordinal);
        else Assert.Empty(warnings);
    }

    [Fact]
    public void A_static_table_stamped_once_is_not_a_table_of_dates()
    {
        using var lab = Simple(source: _ => Instant.Parse("2026-01-01T00:00:00Z"));

        Assert.Empty(lab.Run(lab.Request("v:x")).Warnings);
    }

    [Fact]
    public void Timestamps_ahead_of_the_clock_are_counted_in_spine_and_source()
    {
        using var lab = Simple(spine: i => Instant.Parse("2026-06-01T00:00:00Z") + (i < 28 ? -1 - i : i), source: i => Instant.Parse("2026-06-01T00:00:00Z") + i - 20);

        var warnings = lab.Run(lab.Request("v:x")).Warnings;

        Assert.Equal(2, warnings.Count);
        Assert.StartsWith("2 of 30 timestamps of spine 'labels' are ahead of the clock (2026-06-01T00:00:00Z).", warnings[0], StringComparison.Ordinal);
        Assert.StartsWith("Event timestamps read from source 'v.0' run up to 2026-06-01T00:00:00.000009Z, which is ahead of the clock", warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_without_a_timestamp_are_counted()
    {
        using var lab = Simple();
        lab.Spine([new("id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp)], [Value.Of(1L), Value.Null], [Value.Of(1L), Value.Timestamp(Start)]);

        Assert.Equal("1 rows of spine 'labels' have no timestamp: their features are null.", Assert.Single(lab.Run(lab.Request("v:x")).Warnings));
    }

    [Fact]
    public void S8_values_that_nobody_knew_yet_are_counted_and_as_known_leaves_them_out()
    {
        using var lab = new TrainingSetLab();
        lab.View("v", [new("id", FeatureType.Int64)], [new("x", FeatureType.Int64)], [[Value.Of(1L), Value.Timestamp(Start), Value.Timestamp(Start + 10), Value.Of(5L)]], created: true);
        lab.Spine([new("id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp)], [Value.Of(1L), Value.Timestamp(Start + 9)], [Value.Of(1L), Value.Timestamp(Start + 10)]);

        Assert.StartsWith("1 of 2 values of view 'v@1.0.0' come from rows that were created after the instant of the training row", Assert.Single(lab.Run(lab.Request("v:x")).Warnings), StringComparison.Ordinal);
        Assert.Empty(lab.Run(lab.Request("v:x") with { AsKnown = true }).Warnings);
        Assert.Equal([Value.Null, Value.Of(5L)], lab.Rows(lab.Request("v:x") with { AsKnown = true }).Select(r => r[2]));
    }

    [Fact]
    public void S8_a_source_without_created_timestamps_is_named()
    {
        using var lab = Simple();

        Assert.StartsWith("source 'v.0' has no created timestamp: its rows count as known at their event timestamps.", Assert.Single(lab.Run(lab.Request("v:x") with { AsKnown = true }).Warnings), StringComparison.Ordinal);
    }

    static TrainingSetLab Simple(Func<int, long>? spine = null, Func<int, long>? source = null)
    {
        var lab = new TrainingSetLab();
        lab.View("v", [new("id", FeatureType.Int64)], [new("x", FeatureType.Int64)],
            Enumerable.Range(0, 30).Select(i => new[] { Value.Of(1L), Value.Timestamp(source?.Invoke(i) ?? Start - i), Value.Of((long)i) }));
        lab.Spine([new("id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp)],
            [.. Enumerable.Range(0, 30).Select(i => new[] { Value.Of(1L), Value.Timestamp(spine?.Invoke(i) ?? Start + i) })]);
        return lab;
    }
}
