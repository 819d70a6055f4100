using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.OnDemand;

public sealed class OnDemandBinderTests
{
    const string Stored = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: source
        name: weather
        table: { path: weather.parquet, timestamp: observed_at }
        ---
        kind: value_view
        name: weather
        version: 1.2.0
        entity: airport
        source: weather
        features: { wind_speed: float64, visib: { type: float64, default: 10 }, gusts: { type: list<float64>, default: [1, 2] } }
        ---

        """;

    static readonly Schema s_weather = new([new("airport", FeatureType.String), new("observed_at", FeatureType.Timestamp), new("wind_speed", FeatureType.Float64), new("visib", FeatureType.Float64), new("gusts", FeatureType.List(FeatureType.Float64))]);

    static BoundDefinitions Bind(string yaml) => Bind(Stored, yaml);

    static BoundDefinitions Bind(string stored, string yaml)
    {
        var read = DefinitionReader.Read([("features.yaml", stored + yaml)]);
        var bound = DefinitionBinder.Bind(read.Definitions, Catalog.Empty, _ => s_weather, (_, _) => null);
        return bound with { Problems = [.. read.Problems, .. bound.Problems] };
    }

    static ViewVersion View(BoundDefinitions bound, string name)
    {
        Assert.Empty(bound.Problems);
        return bound.Views.Single(v => v.Name == name);
    }

    [Fact]
    public void S23_features_have_the_types_of_their_expressions_and_references_are_pinned()
    {
        var view = View(Bind("""
            kind: on_demand_view
            name: context
            request: { distance: int32, scheduled_at: timestamp }
            features:
              hour: hour(scheduled_at)
              windy: weather:wind_speed > 20 and weather@1:visib < 5
              distance_log: log1p(distance)
              label: concat(hour, '/', distance_log)
            """), "context");
        Assert.Equal("hour int64, windy bool, distance_log float64, label string", view.Features.ToString());
        Assert.Equal(0, view.Keys.Count);
        Assert.Equal(["weather=weather@1.2.0", "weather@1=weather@1.2.0"], view.References.Select(r => $"{r.Key}={r.Value}"));
        var stored = DefinitionJson.ReadViewVersion(DefinitionJson.Write(view));
        Assert.Equal(view.References, stored.References);
        Assert.Equal(view.Fingerprint, stored.Fingerprint);
    }

    [Fact]
    public void S23_what_a_referenced_version_means_is_part_of_the_meaning()
    {
        const string OnDemand = "kind: on_demand_view\nname: context\nfeatures: { windy: weather:wind_speed > 20 }";
        var before = View(Bind(OnDemand), "context").Fingerprint;
        var after = View(Bind(Stored.Replace("source: weather\n", "source: weather\nttl: 3h\n", StringComparison.Ordinal), OnDemand), "context").Fingerprint;
        Assert.NotEqual(before, after);
    }

    [Fact]
    public void S16_on_demand_views_read_each_other_in_any_order_of_files()
    {
        var bound = Bind("""
            kind: on_demand_view
            name: second
            request: { limit: float64 }
            features: { over: first:speed_kmh > limit }
            ---
            kind: on_demand_view
            name: first
            features: { speed_kmh: weather:wind_speed * 1.609344, twice: speed_kmh * 2 }
            """);
        Assert.Equal("over bool", View(bound, "second").Features.ToString());
        var set = FeatureSet.Resolve(bound.ToCatalog(Catalog.Empty, 1), [new() { View = "second" }, new() { View = "first", Features = ["twice"] }, new() { View = "weather", Features = ["visib"] }]);
        Assert.Equal(["limit"], set.OnDemand!.RequestFields.Select(f => f.Name));
        var lookup = Assert.Single(set.Lookups);
        Assert.Equal([0, 1], lookup.Ordinals);
        Assert.Equal([-1, -1, 0], set.Outputs.Select(o => o.Lookup));
    }

    [Fact]
    public void S20_the_default_of_a_stored_feature_replaces_null_in_expressions_too()
    {
        var set = FeatureSet.Resolve(Bind("kind: on_demand_view\nname: c\nfeatures: { poor: weather:visib < 5, doubled: weather:wind_speed * 2 }").ToCatalog(Catalog.Empty, 1), [new() { View = "c" }]);
        var frame = set.OnDemand!.Program.CreateFrame();
        foreach (var input in set.OnDemand.Inputs) frame.SetNull(input.Input.Slot);
        set.OnDemand.Program.Run(frame);
        Assert.Equal(Value.Of(false), frame.GetValue(set.OnDemand.Program.Outputs[0].Slot, FeatureType.Bool));
        Assert.Equal(Value.Null, frame.GetValue(set.OnDemand.Program.Outputs[1].Slot, FeatureType.Float64));
    }

    [Fact]
    public void S20_a_default_of_any_kind_replaces_null_for_siblings_that_read_the_feature()
    {
        const string Yaml = """
            kind: on_demand_view
            name: c
            features:
              speed: { expression: weather:wind_speed * 2, default: 0 }
              more: speed + 1
              day: { expression: "try_cast(concat(weather:wind_speed) as date)" }
              word: { expression: "case when weather:visib > 1e9 then 'x' end", default: none }
              loud: upper(word)
              gusts: weather:gusts
            """;
        var set = FeatureSet.Resolve(Bind(Yaml).ToCatalog(Catalog.Empty, 1), [new() { View = "c" }]);
        var frame = set.OnDemand!.Program.CreateFrame();
        foreach (var input in set.OnDemand.Inputs) frame.SetNull(input.Input.Slot);
        set.OnDemand.Program.Run(frame);
        Assert.Equal([Value.Null, Value.Of(1d), Value.Null, Value.Null, Value.Of("NONE"), Value.List([Value.Of(1d), Value.Of(2d)])], set.OnDemand.Program.Outputs.Select(o => frame.GetValue(o.Slot, o.Type)));
    }

    [Theory]
    [InlineData("features: { a: b + 1, b: c * 2, c: a }", "The feature reads itself: c:a -> c:b -> c:c -> c:a.")]
    [InlineData("features: { a: wether:wind_speed }", "There is no view 'wether'. Did you mean 'weather'?")]
    [InlineData("features: { a: weather:wind_sped }", "View 'weather@1.2.0' has no feature 'wind_sped'. Did you mean 'wind_speed'?")]
    [InlineData("features: { a: weather@2:wind_speed }", "View 'weather' has no version 2. Versions: 1.2.0.")]
    [InlineData("features: { a: c:a }", "On-demand views read each other in a circle: c -> c. A feature of the same view is named without the view.")]
    [InlineData("features: { a: 'nullif(null, 1)' }", "Feature 'a' of view 'c' is always null.")]
    [InlineData("request: { a: int64 }\nfeatures: { a: 1 + 1 }", "View 'c' has both a request field and a feature 'a'. Rename one of them.")]
    [InlineData("request: { x: int64 }\nfeatures: { a: 1 + 1 }", "No feature of view 'c' reads the request field 'x'.")]
    public void What_is_wrong_is_said_at_its_place(string rest, string message)
    {
        var problem = Assert.Single(Bind($"kind: on_demand_view\nname: c\n{rest}").Problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.NotNull(problem.Location);
    }

    [Fact]
    public void S16_a_circle_of_views_is_refused_with_its_path()
    {
        var problems = Bind("""
            kind: on_demand_view
            name: one
            features: { a: two:a + 1 }
            ---
            kind: on_demand_view
            name: two
            features: { a: one:a + 1 }
            """).Problems;
        Assert.Contains(problems, p => p.Message.Contains("On-demand views read each other in a circle: one -> two -> one.", StringComparison.Ordinal));
    }
}
