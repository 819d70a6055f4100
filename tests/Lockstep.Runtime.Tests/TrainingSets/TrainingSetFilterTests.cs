using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>Filters and computed columns in training sets: as if the table had been written so.</summary>
public sealed class TrainingSetFilterTests
{
    static readonly Field[] s_keys = [new("k", FeatureType.String)];
    static readonly Field[] s_features = [new("a", FeatureType.Int64), new("d", FeatureType.Float64)];

    // S16: the judge is the same training set over a table that holds only the rows which the filters keep, with their columns computed by hand.
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S16_a_filtered_table_is_read_as_if_the_other_rows_were_not_there(int seed)
    {
        var random = new Random(seed);
        List<(string? K, long At, long? A, double? D)> rows = [.. Enumerable.Range(0, 300).Select(_ => (
            random.Next(20) == 0 ? null : $"k{random.Next(9)}", Instant.Parse("2026-05-01T00:00:00Z") + random.Next(50) * Instant.Hour,
            random.Next(5) == 0 ? (long?)null : random.Next(-3, 4), random.Next(5) == 0 ? (double?)null : random.Next(-30, 30) / 10.0))];
        static Value Text(string? k) => k is null ? Value.Null : Value.Of(k);
        static Value Int(long? a) => a is { } x ? Value.Of(x) : Value.Null;
        static Value Float(double? d) => d is { } x ? Value.Of(x) : Value.Null;
        using var lab = new TrainingSetLab();
        var plain = lab.View("plain", s_keys, s_features, rows.Select(r => new[] { Text(r.K), Value.Timestamp(r.At), Int(r.A), Float(r.D) }));
        lab.Also(plain, "filtered", s => s with { Where = "a <> 0", Derived = [new("big", "twice > 2 or d is null"), new("twice", "d * 2")] }, v => v with
        {
            Where = "big -- of the source",
            Features =
            [
                new() { Name = "sum", Column = "sum", Expression = "a + twice", Type = FeatureType.Float32 }, new() { Name = "twice", Column = "twice", Type = FeatureType.Float64 },
                new() { Name = "a", Column = "a", Type = FeatureType.Int32 },
            ],
        });
        lab.View("judge", s_keys, [new("sum", FeatureType.Float32), new("twice", FeatureType.Float64), new("a", FeatureType.Int32)],
            rows.Where(r => r.A is not null and not 0 && (r.D is null || r.D * 2 > 2)).Select(r => new[]
            {
                Text(r.K), Value.Timestamp(r.At), r.D is { } d ? Value.Of((float)(r.A!.Value + d * 2)) : Value.Null, Float(r.D * 2), Value.Of((int)r.A!.Value),
            }));
        lab.Spine([new("k", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)],
            [.. Enumerable.Range(0, 200).Select(_ => new[] { Value.Of($"k{random.Next(10)}"), Value.Timestamp(Instant.Parse("2026-05-01T00:00:00Z") + random.Next(100) * Instant.Hour / 2) })]);

        var expected = lab.Rows(lab.Request("judge:sum", "judge:twice", "judge:a"));
        var report = lab.Run(lab.Request("filtered:sum", "filtered:twice", "filtered:a"));
        var found = lab.Engine[TrainingSetLab.OutputPath].Rows;
        Assert.Equal(200, found.Count);
        for (var i = 0; i < found.Count; i++) Assert.True(expected[i].SequenceEqual(found[i]), $"seed {seed}, row {i}: {string.Join(", ", found[i])} instead of {string.Join(", ", expected[i])}");
        Assert.Contains(found, r => !r[2].IsNull);
        var read = Assert.Single(report.Lookups);
        var late = lab.Run(lab.Request("plain:a")).Lookups[0].RowsRead; // rows up to the last label
        Assert.Equal(late, read.RowsRead);
        Assert.Equal(late - rows.Count(r => r.A is not null and not 0 && (r.D is null || r.D * 2 > 2)), read.RowsDropped - (rows.Count - late));
    }

    [Fact]
    public void Expectations_see_values_without_defaults_and_rows_that_were_not_found()
    {
        using var lab = new TrainingSetLab();
        var view = lab.View("v", s_keys, s_features, [[Value.Of("k1"), Value.Timestamp(10), Value.Of(1L), Value.Null], [Value.Of("k2"), Value.Timestamp(10), Value.Null, Value.Of(2.0)]], defaults: [Value.Of(7L), Value.Null]);
        lab.Also(view, "w", s => s, v => v with { Expect = [Expectation.Parse("a is not null mostly 0.5"), Expectation.Parse("d > 5"), Expectation.Parse("a + d > 0")], Features = [v.Features[0] with { Default = Value.Of(7L) }, v.Features[1]] });
        lab.Spine([new("k", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [.. new[] { "k1", "k2", "k3" }.Select(k => new[] { Value.Of(k), Value.Timestamp(20) })]);
        var report = lab.Run(lab.Request("w:a"));
        Assert.Equal([Value.Of(1L), Value.Of(7L), Value.Of(7L)], lab.Engine[TrainingSetLab.OutputPath].Rows.Select(r => r[2]));
        var one = Assert.Single(report.Expectations);
        Assert.Equal(("w@1.0.0", 1L, 2L, 0L, false), (one.Of, one.Passed, one.Failed, one.Nulls, one.Holds));
        Assert.Equal("k2", one.Examples[0]["k"]);
        Assert.Equal([(1L, 2L, 0L), (0L, 1L, 2L), (0L, 0L, 3L)], lab.Run(lab.Request("w:a", "w:d")).Expectations.Select(e => (e.Passed, e.Failed, e.Nulls)));
        Assert.Equal(one.Describe(), Assert.Single(report.Record.Expectations!).Describe());
        Assert.Empty(lab.Run(lab.Request("w:a") with { CheckExpectations = false }).Expectations);
    }

    [Fact]
    public void An_expectation_that_blocks_leaves_no_training_set()
    {
        using var lab = new TrainingSetLab();
        var view = lab.View("v", s_keys, s_features, [[Value.Of("k1"), Value.Timestamp(10), Value.Of(1L), Value.Null]]);
        lab.Also(view, "w", s => s, v => v with { Expect = [Expectation.Parse("a > 1") with { OnFailure = FailureAction.Block }] });
        lab.Spine([new("k", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [Value.Of("k1"), Value.Timestamp(20)]);
        var wrong = Assert.Throws<ExpectationsFailedException>(() => lab.Run(lab.Request("w:a")));
        Assert.Equal("No training set was written. w@1.0.0: 1 of 1 rows fail 'a > 1'. For example: k=k1, event_timestamp=1970-01-01T00:00:00.00002Z, a=1.", wrong.Message);
        Assert.Throws<KeyNotFoundException>(() => lab.Engine[TrainingSetLab.OutputPath]);
    }

    // S19: what filters and expressions read is made up after each cut, too.
    [Fact]
    public void S19_a_filter_sees_nothing_of_later_rows()
    {
        using var lab = new TrainingSetLab();
        var plain = lab.View("plain", s_keys, s_features, Enumerable.Range(0, 60).Select(i => new[] { Value.Of($"k{i % 3}"), Value.Timestamp(Instant.Parse("2026-05-01T00:00:00Z") + i * Instant.Hour), Value.Of((long)i % 7), Value.Of(i / 4.0) }));
        lab.Also(plain, "filtered", s => s with { Where = "a > 2" }, v => v with { Features = [new() { Name = "x", Column = "x", Expression = "d * a", Type = FeatureType.Float64 }] });
        lab.Spine([new("k", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)],
            [.. Enumerable.Range(0, 40).Select(i => new[] { Value.Of($"k{i % 3}"), Value.Timestamp(Instant.Parse("2026-05-01T00:00:00Z") + i * 2 * Instant.Hour) })]);
        var proof = lab.Prove(lab.Request("filtered:x"));
        Assert.True(proof.Holds, proof.ToString());
        Assert.All(proof.Cuts, c => Assert.True(c.MadeUp > 0));
    }
}
