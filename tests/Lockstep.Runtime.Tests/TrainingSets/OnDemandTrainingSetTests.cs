using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

public sealed class OnDemandTrainingSetTests
{
    const string Views = """
        kind: on_demand_view
        name: trip
        version: 1.0.0
        request: { distance: float64, planned_at: timestamp }
        features:
          chill: weather:temp - coalesce(weather:wind, 0) / 2
          far: { expression: "distance > 1000", default: false }
          wait_us: epoch_us(planned_at) - epoch_us(now())
          same: distance
        ---
        kind: on_demand_view
        name: clock
        features: { at: now() }
        """;

    static readonly Field[] s_columns = [new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp), new("distance", FeatureType.Int64), new("planned_at", FeatureType.Timestamp)];

    static TrainingSetLab Lab()
    {
        var lab = new TrainingSetLab();
        lab.View("weather", [new("airport", FeatureType.String)], [new("temp", FeatureType.Float64), new("wind", FeatureType.Int32)],
            [[Value.Of("JFK"), Value.Timestamp(10), Value.Of(20d), Value.Of(6)], [Value.Of("JFK"), Value.Timestamp(20), Value.Of(30d), Value.Null], [Value.Of("MIA"), Value.Timestamp(10), Value.Null, Value.Null]],
            defaults: [Value.Of(5d), Value.Null]);
        lab.Spine(s_columns,
            [Value.Of("JFK"), Value.Timestamp(19), Value.Of(2475L), Value.Timestamp(24)],
            [Value.Of("JFK"), Value.Timestamp(20), Value.Of(1000L), Value.Null],
            [Value.Of("MIA"), Value.Timestamp(20), Value.Null, Value.Timestamp(0)],
            [Value.Null, Value.Timestamp(20), Value.Null, Value.Timestamp(0)],
            [Value.Of("JFK"), Value.Null, Value.Of(2475L), Value.Timestamp(24)]);
        return lab;
    }

    static TrainingSetRequest Request(TrainingSetLab lab, params string[] features) => lab.Request(features) with { Catalog = WithYaml.Of(lab.Catalog, Views) };

    [Fact]
    public void S16_S18_expressions_are_computed_at_each_rows_own_timestamp()
    {
        using var lab = Lab();
        var rows = lab.Rows(Request(lab, "trip:chill", "trip:far", "trip:wait_us", "clock:at", "weather:wind"));
        Assert.Equal(
        [
            [Value.Of(17d), Value.Of(true), Value.Of(5L), Value.Timestamp(19), Value.Of(6)],
            [Value.Of(30d), Value.Of(false), Value.Null, Value.Timestamp(20), Value.Null],
            [Value.Of(5d), Value.Of(false), Value.Of(-20L), Value.Timestamp(20), Value.Null],
            [Value.Of(5d), Value.Of(false), Value.Of(-20L), Value.Timestamp(20), Value.Null],
            [Value.Null, Value.Of(false), Value.Null, Value.Null, Value.Null], // no timestamp: null, and so the default
        ], rows.Select(r => r[s_columns.Length..]));
    }

    [Fact]
    public void S18_all_missing_and_wrong_request_columns_are_named_at_once()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp), new("distanse", FeatureType.Float64), new("planned_at", FeatureType.Bool)]);
        var refused = Assert.Throws<LockstepException>(() => lab.Run(Request(lab, "trip:*")));
        Assert.Equal(
        [
            "spine 'labels' has no column 'distance', a request field (float64) of the on-demand features asked for. Did you mean 'distanse'?",
            "spine 'labels': column 'planned_at' is bool; as a request field of the on-demand features asked for it is timestamp.",
        ], refused.Problems.Select(p => p.Message));
        Assert.False(lab.Engine.Has(TrainingSetLab.OutputPath));
    }

    [Fact]
    public void S2_a_request_value_that_does_not_convert_names_row_column_and_value()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp), new("distance", FeatureType.Int64), new("planned_at", FeatureType.Timestamp)],
            [.. Enumerable.Range(0, 9).Select(i => new[] { Value.Of("JFK"), Value.Timestamp(5), Value.Of(i == 7 ? (1L << 53) + 1 : i), Value.Timestamp(5) })]);
        var refused = Assert.Throws<LockstepException>(() => lab.Run(Request(lab, "trip:far")));
        Assert.Contains("spine 'labels', row 8, column 'distance' (int64): 9007199254740993 does not convert to float64, which the request field 'distance' needs, without loss.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S19_the_record_names_the_on_demand_view_and_what_it_read_and_makes_the_same_again()
    {
        using var lab = Lab();
        var request = Request(lab, "trip:chill", "trip:far");
        var rows = lab.Rows(request);
        var record = lab.Run(request).Record;
        Assert.Equal(["weather@1.0.0", "trip@1.0.0"], record.Views.Select(v => v.View));
        Assert.Equal([true, false], record.Views.Select(v => v.Table is not null));
        Assert.Equal(["trip@1.0.0:chill", "trip@1.0.0:far"], record.Features.Select(f => $"{f.View}:{f.Feature}"));

        // A later version does not change what is made again.
        var later = WithYaml.Of(request.Catalog, "kind: on_demand_view\nname: trip\nversion: 2.0.0\nfeatures: { chill: 0.5 + 0, far: 1 = 1 }");
        Assert.Equal(rows, lab.Rows(request with { Catalog = later, Features = [], Again = record }));
        var changed = new Catalog(9, [], request.Catalog.Sources.Values, request.Catalog.Views.Select(v => v.Name == "trip" ? v with { Fingerprint = "other" } : v), []);
        Assert.Contains("View 'trip@1.0.0' does not mean what it did", Assert.Throws<LockstepException>(() => lab.Run(request with { Catalog = changed, Features = [], Again = record })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S19_the_proof_covers_on_demand_features_and_finds_a_leak_through_them()
    {
        using var lab = new TrainingSetLab();
        var random = new Random(7);
        lab.View("weather", [new("airport", FeatureType.String)], [new("temp", FeatureType.Float64), new("wind", FeatureType.Int32)],
            Enumerable.Range(0, 200).Select(i => new[] { Value.Of($"k{random.Next(4)}"), Value.Timestamp(random.Next(100)), Value.Of(i * 0.75), Value.Of(i) }));
        lab.Spine([.. s_columns, new("a_moment_later", FeatureType.Timestamp)],
            [.. Enumerable.Range(0, 50).Select(_ => random.Next(100)).Select(t => new[] { Value.Of($"k{random.Next(4)}"), Value.Timestamp(t), Value.Of(t * 100L), Value.Timestamp(t + 3), Value.Timestamp(t + 1) })]);
        var request = Request(lab, "trip:chill", "trip:wait_us");

        Assert.True(lab.Prove(request).Holds);
        var leaking = new TrainingSetProof(lab.Engine, lab, (tables, asked, token) => new TrainingSetBuilder(lab.Engine, tables, lab.Clock).Run(asked with { Timestamp = "a_moment_later" }, null, token));
        Assert.False(leaking.Run(request, 3, null, CancellationToken.None).Holds);
    }

    [Fact]
    public void A_request_column_that_a_feature_repeats_is_no_leaked_label()
    {
        using var lab = Lab();
        lab.Spine(s_columns, [.. Enumerable.Range(0, 30).Select(i => new[] { Value.Of("JFK"), Value.Timestamp(i + 1), Value.Of((long)i), Value.Timestamp(i) })]);
        Assert.Empty(lab.Run(Request(lab, "trip:same")).Warnings);
    }

    [Fact]
    public void A_set_of_request_fields_alone_reads_no_table()
    {
        using var lab = Lab();
        lab.Spine([new("event_timestamp", FeatureType.Timestamp), new("distance", FeatureType.Float64)], [Value.Timestamp(3), Value.Of(2000d)], [Value.Timestamp(4), Value.Null]);
        lab.Engine.Scans.Clear();
        Assert.Equal([[Value.Timestamp(3), Value.Of(2000d), Value.Of(true)], [Value.Timestamp(4), Value.Null, Value.Of(false)]], lab.Rows(Request(lab, "trip:far")));
        Assert.All(lab.Engine.Scans, s => Assert.True(s.KeepOrder));
    }
}
