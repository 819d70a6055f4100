using Lockstep.Core.Rows;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Tests.Registry;

/// <summary>What people read before they say yes, letter by letter.</summary>
public sealed class PlanTextTests : IDisposable
{
    readonly RegistryFixture _registry = new();

    public void Dispose() => _registry.Dispose();

    async Task Check(string yaml, string expected, SchemaProbe? schemas = null)
        => Assert.Equal(expected.ReplaceLineEndings("\n") + "\n", RegistryFixture.Text(await _registry.Plan(yaml, schemas)));

    [Fact]
    public Task A_first_plan() => Check(Yaml.Project, """
        + entity airport: new
            used by: value_view weather@1.0.0, feature_service late_flight@1 (model gbm)
        + source weather: new
            used by: value_view weather@1.0.0, feature_service late_flight@1 (model gbm)
        + value_view weather@1.0.0: new
            recompute: full, nothing of it is stored yet; from weather to the online store
            used by: feature_service late_flight@1 (model gbm)
        + feature_service late_flight@1: new

        4 new, 0 changed, 0 removed, 0 unchanged; 1 to materialize (the registry is empty).
        """);

    [Fact]
    public async Task The_same_again()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.Project, """
        Nothing to change: 4 objects are as registered (registry at apply 1).
        """);
    }

    [Fact]
    public async Task A_description()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(more: "description: Weather by the hour\nowner: ana@example.com\ntags: { team: ops }"), Yaml.Service()), """
        ~ value_view weather@1.0.0: changed, same meaning
            description: Hourly weather -> Weather by the hour
            owner: (none) -> ana@example.com
            tags: (none) -> { team: ops }
            recompute: none, no value changes
            used by: feature_service late_flight@1 (model gbm)

        0 new, 1 changed, 0 removed, 3 unchanged; 0 to materialize (registry at apply 1).
        """);
    }

    [Fact]
    public async Task A_new_version_and_a_service_that_takes_it()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "6h", features: "wind: float64, gust: { column: wind_gust, type: float64, default: 0 }"), Yaml.Service(2)), """
        + value_view weather@1.1.0: new version; against weather@1.0.0
            ttl: 3h -> 6h
            features.visib: { type: float64 } -> (none)
            features.gust: (none) -> { type: float64, column: wind_gust, default: 0 }
            recompute: full, nothing of it is stored yet; from weather to the online store
            used by: feature_service late_flight@2 (model gbm)
        + feature_service late_flight@2: new version; against late_flight@1
            reads: weather@1.0.0 -> weather@1.1.0
          kept beside the newer ones until they are retired: weather@1.0.0, late_flight@1

        2 new, 0 changed, 0 removed, 2 unchanged; 1 to materialize (registry at apply 1).
        """);
    }

    static string Windows(string version, string features, string more = "") => $$"""
        kind: entity
        name: carrier
        join_keys: { carrier: string }
        ---
        kind: source
        name: flights
        table: { path: flights.parquet, timestamp: at }
        columns: { carrier: string, at: timestamp, delay: float64 }
        ---
        kind: aggregation_view
        name: delays
        version: {{version}}
        entity: carrier
        source: flights
        {{more}}
        features:
          n: { count: "*", windows: [{{features}}] }
        """;

    [Fact]
    public async Task S24_a_version_whose_tiles_are_there_needs_no_backfill()
    {
        await _registry.Apply(Windows("1.0.0", "24h, 7d"));
        await Check(Windows("1.1.0", "20h, 3d, 7d", "description: another"), """
        + aggregation_view delays@1.1.0: new version; against delays@1.0.0
            features.n.windows.24h: { hop: 5m } -> (none)
            features.n.windows.20h: (none) -> { hop: 5m }
            features.n.windows.3d: (none) -> { hop: 1h }
            description: (none) -> another
            recompute: no backfill, tiles are taken over from delays@1.0.0, once that is materialized
          kept beside the newer ones until they are retired: delays@1.0.0

        1 new, 0 changed, 0 removed, 2 unchanged; 1 to materialize (registry at apply 1).
        """);
        await Check(Windows("1.1.0", "24h, 30d"), """
        + aggregation_view delays@1.1.0: new version; against delays@1.0.0
            features.n.windows.7d: { hop: 1h } -> (none)
            features.n.windows.30d: (none) -> { hop: 6h }
            recompute: full, nothing of it is stored yet; from flights to the online store. No tiles can be taken over: delays@1.0.0 keeps no tiles of 6h
          kept beside the newer ones until they are retired: delays@1.0.0

        1 new, 0 changed, 0 removed, 2 unchanged; 1 to materialize (registry at apply 1).
        """);
        await Check(Windows("1.1.0", "24h, 7d", "where: delay > 0"), """
        + aggregation_view delays@1.1.0: new version; against delays@1.0.0
            where: (none) -> delay > 0
            recompute: full, nothing of it is stored yet; from flights to the online store. No tiles can be taken over: delays@1.0.0 differs in where
          kept beside the newer ones until they are retired: delays@1.0.0

        1 new, 0 changed, 0 removed, 2 unchanged; 1 to materialize (registry at apply 1).
        """);
    }

    [Fact]
    public async Task A_new_version_and_a_service_that_stays()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "6h"), Yaml.Service()), """
        + value_view weather@1.1.0: new version; against weather@1.0.0
            ttl: 3h -> 6h
            recompute: full, nothing of it is stored yet; from weather to the online store
        ! warning: features/all.yaml:18:1: feature_service 'late_flight@1' goes on reading weather@1.0.0. Raise its version to read weather@1.1.0.
          kept beside the newer ones until they are retired: weather@1.0.0

        1 new, 0 changed, 0 removed, 3 unchanged; 1 to materialize (registry at apply 1).
        """);
    }

    [Fact]
    public async Task A_changed_meaning_under_the_same_version()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(ttl: "6h", features: "visib: float64, wind: float64"), Yaml.Service()), """
        ! refused: features/all.yaml:9:1: value_view 'weather@1.0.0' is registered by apply 1 (ana) with another meaning. Changed: ttl: 3h -> 6h; order of features: wind, visib -> visib, wind. Set version: 1.0.1 (1.0.0 stays beside it), or undo the change.

        0 new, 0 changed, 0 removed, 3 unchanged; 0 to materialize (registry at apply 1). Refused: 1 reason; nothing can be applied.
        """);
    }

    [Fact]
    public async Task A_source_that_changes_what_views_mean()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather.Replace("observed_at", "loaded_at", StringComparison.Ordinal), Yaml.View(), Yaml.Service()), """
        ~ source weather: changed
            table.timestamp: observed_at -> loaded_at
            used by: value_view weather@1.0.0, feature_service late_flight@1 (model gbm)
        ! refused: features/all.yaml:9:1: value_view 'weather@1.0.0' is registered by apply 1 (ana) with another meaning. Changed: source weather.table.timestamp: observed_at -> loaded_at. Set version: 1.0.1 (1.0.0 stays beside it), or undo the change.

        0 new, 1 changed, 0 removed, 2 unchanged; 0 to materialize (registry at apply 1). Refused: 1 reason; nothing can be applied.
        """);
    }

    [Fact]
    public async Task Something_gone_that_is_in_use()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(), Yaml.View("sky", features: "cover: float64"), Yaml.Service(2, "\"sky:*\"")));
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View("sky", features: "cover: float64"), Yaml.Service(2, "\"sky:*\"")), """
        - value_view weather@1.0.0: removed
            used by: feature_service late_flight@1 (model gbm)
        ! refused: value_view 'weather@1.0.0' is not defined any more, but feature_service late_flight@1 (model gbm) still pins it. Define it again, or first end that use with: lockstep retire late_flight@1
          kept beside the newer ones until they are retired: late_flight@1

        0 new, 0 changed, 1 removed, 4 unchanged; 0 to materialize (registry at apply 2). Refused: 1 reason; nothing can be applied.
        """);
    }

    [Fact]
    public async Task Something_gone_that_nobody_uses()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.Airport, """
        - source weather: removed
            used by: value_view weather@1.0.0, feature_service late_flight@1 (model gbm)
        - value_view weather@1.0.0: removed
            used by: feature_service late_flight@1 (model gbm)
        - feature_service late_flight@1: removed

        0 new, 0 changed, 3 removed, 1 unchanged; 0 to materialize (registry at apply 1).
        """);
    }

    [Fact]
    public async Task Columns_that_were_read_from_the_data()
    {
        Schema columns = new([new("airport", FeatureType.String), new("observed_at", FeatureType.Timestamp), new("wind", FeatureType.Float64), new("visib", FeatureType.Float64)]);
        await _registry.Apply(Yaml.Project, new(_ => columns, (_, _) => null));
        await Check(Yaml.Project, """
        ~ source weather: changed
            columns.gust (read from the data): (none) -> { type: float32 }
            used by: value_view weather@1.0.0, feature_service late_flight@1 (model gbm)

        0 new, 1 changed, 0 removed, 3 unchanged; 0 to materialize (registry at apply 1).
        """, new(_ => new([.. columns.Fields, new("gust", FeatureType.Float32)]), (_, _) => null));
    }
}
