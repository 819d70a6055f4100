using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.OnDemand;

public sealed class WrittenViewTests
{
    const string Stored = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: source
        name: weather
        table: { path: weather.parquet, timestamp: observed_at }
        columns: { airport: string, observed_at: timestamp, wind: float64, visib: float64, gust_mph: float64, rain: float64, n: int32, word: string, scores: list<float64> }
        ---
        kind: value_view
        name: weather
        entity: airport
        source: weather
        ttl: 3h
        where: rain is not null
        features:
          wind_speed: { column: wind, type: float64 }
          visib: { type: float64, default: 10 }
          gust: { expression: gust_mph * 1.609344, type: float64, default: -1 }
          small: { column: rain, type: float32 }
          n: int64
          word: { type: string, default: it's }
          scores: list<float64>
        ---

        """;

    static BoundDefinitions Bind(string yaml)
    {
        var read = DefinitionReader.Read([("features.yaml", Stored + yaml)]);
        var bound = DefinitionBinder.Bind(read.Definitions, Catalog.Empty, s => new(s.Columns!), (_, _) => null);
        return bound with { Problems = [.. read.Problems, .. bound.Problems] };
    }

    [Fact]
    public void S16_a_written_view_is_a_value_view_over_the_rows_that_it_reads()
    {
        var bound = Bind("""
            kind: on_demand_view
            name: written
            version: 2.1.0
            write: true
            features:
              far: weather:gust > weather:visib
              speed: { expression: weather:wind_speed * 2 + weather@1:n, default: 0, description: doubled }
              more: speed + 1
              label: concat(weather:word, far)
              high: list_filter(weather:scores, s -> s > weather:wind_speed)
            """);
        Assert.Empty(bound.Problems);
        var version = bound.Views.Single(v => v.Name == "written");
        var view = Assert.IsType<ValueView>(version.View);
        Assert.Equal(("written@2.1.0", "weather", 3 * Instant.Hour, "rain is not null"), (version.Id, view.Source, view.Ttl, view.Where));
        Assert.Equal("airport string", version.Keys.ToString());
        Assert.Equal("far bool, speed float64, more float64, label string, high list<float64>", version.Features.ToString());
        Assert.Equal(
        [
            "coalesce((gust_mph * 1.609344), -1.0) > coalesce(\"visib\", 10.0)",
            "\"wind\" * 2 + \"n\"",
            "coalesce((\"wind\" * 2 + \"n\"), 0) + 1",
            "concat(coalesce(\"word\", 'it''s'), (coalesce((gust_mph * 1.609344), -1.0) > coalesce(\"visib\", 10.0)))",
            "list_filter(\"scores\", s -> s > \"wind\")",
        ], view.Features.Select(f => f.Expression));
        Assert.Equal(Value.Of(0d), version.Defaults[1]);
        Assert.Equal(["weather=weather@1.0.0", "weather@1=weather@1.0.0"], version.References.Select(r => $"{r.Key}={r.Value}"));
        Assert.Equal(version.Fingerprint, DefinitionJson.ReadViewVersion(DefinitionJson.Write(version)).Fingerprint);
        Assert.Null(FeatureSet.Resolve(bound.ToCatalog(Catalog.Empty, 1), [new() { View = "written" }]).OnDemand);
    }

    [Theory]
    [InlineData("request: { limit: float64 }\nfeatures: { a: weather:visib > limit }", "so it cannot read request fields")]
    [InlineData("features: { a: 'hour(now()) + weather:n' }", "so it cannot use now()")]
    [InlineData("features: { a: 1 + 1 }", "so it reads the features of one value view; it reads none")]
    [InlineData("features: { a: other:x + weather:n }", "so it reads the features of one value view; it reads other@1.0.0, weather@1.0.0")]
    [InlineData("features: { a: weather:small * 2 }", "'weather@1.0.0:small' is float32, made from float64. Declare the column of source 'weather' as float32, or read the feature per request.")]
    [InlineData("features: { a: 'list_any(weather:scores, wind -> wind > weather:wind_speed)' }", "the parameter 'wind' has the name of a column of source 'weather' or of a feature. Choose another.")]
    public void What_cannot_be_written_is_refused_with_the_reason(string rest, string says)
    {
        var problem = Assert.Single(Bind($"kind: on_demand_view\nname: other\nfeatures: {{ x: weather:n }}\n---\nkind: on_demand_view\nname: written\nwrite: true\n{rest}").Problems);
        Assert.Equal(Severity.Error, problem.Severity);
        Assert.Contains($"View 'written' is computed when rows are written ('write: true')", problem.Message, StringComparison.Ordinal);
        Assert.Contains(says, problem.Message, StringComparison.Ordinal);
        Assert.NotNull(problem.Location);
    }

    [Fact]
    public void S23_what_the_view_that_it_reads_means_is_part_of_its_meaning()
    {
        const string Written = "kind: on_demand_view\nname: written\nwrite: true\nfeatures: { a: weather:n + 1 }";
        var before = Bind(Written).Views.Single(v => v.Name == "written").Fingerprint;
        Assert.NotEqual(before, Bind(Written.Replace("+ 1", "+ 2", StringComparison.Ordinal)).Views.Single(v => v.Name == "written").Fingerprint);
        Assert.NotEqual(before, Bind(Written.Replace("write: true\n", "", StringComparison.Ordinal)).Views.Single(v => v.Name == "written").Fingerprint);
    }
}
