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
