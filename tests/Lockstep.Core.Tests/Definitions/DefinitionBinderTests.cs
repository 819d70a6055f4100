using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Definitions;

public sealed class DefinitionBinderTests
{
    const string Yaml = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: entity
        name: runway
        join_keys: { runway: int64 }
        ---
        kind: source
        name: weather
        table: { path: w.parquet, timestamp: at }
        columns: { wind: float64 }
        ---
        kind: value_view
        name: weather
        version: 1.2.0
        entity: [runway, airport]
        source: weather
        features: { wind: float32, gusts: { column: gust, type: int64, default: 3 } }
        ---
        kind: feature_service
        name: s
        features: [ "weather:gusts", { view: weather, as: dest, keys: { airport: dest } } ]
        """;

    static readonly Schema Columns = new([new("airport", FeatureType.String), new("runway", FeatureType.Int32), new("at", FeatureType.Timestamp), new("wind", FeatureType.Float32), new("gust", FeatureType.Float64), new("more", FeatureType.Bool)]);

    static BoundDefinitions Bind(string yaml, Catalog? registered = null)
    {
        var (definitions, problems) = DefinitionReader.Read([("a.yaml", yaml)]);
        Assert.Empty(problems);
        return DefinitionBinder.Bind(definitions, registered ?? Catalog.Empty, _ => Columns, (_, _) => Columns);
    }

    [Fact]
    public void A_view_is_bound_to_keys_types_defaults_and_the_sources_it_was_bound_with()
    {
        var bound = Bind(Yaml);
        Assert.Empty(bound.Problems);
        var view = Assert.Single(bound.Views);
        Assert.Equal("weather@1.2.0", view.Id);
        Assert.Equal(new Schema([new("runway", FeatureType.Int64), new("airport", FeatureType.String)]), view.Keys);
        Assert.Equal(new Schema([new("wind", FeatureType.Float32), new("gusts", FeatureType.Int64)]), view.Features);
        Assert.Equal([Value.Null, Value.Of(3L)], view.Defaults);
        Assert.Equal(["airport string", "runway int32", "at timestamp", "wind float64", "gust float64", "more bool"], view.Sources["weather"].Columns!.Select(c => c.ToString()));
        Assert.Equal(["wind float64"], bound.Sources[0].Columns!.Select(c => c.ToString()));
    }

    [Fact]
    public void A_bound_view_survives_its_stored_form()
    {
        var view = Bind(Yaml).Views[0] with { Retired = true };
        var stored = DefinitionJson.Write(view);
        var read = DefinitionJson.ReadViewVersion(stored);
        Assert.Equal(stored, DefinitionJson.Write(read));
        Assert.Equal((view.Id, view.Fingerprint, view.Meaning, view.Keys, view.Features, true), (read.Id, read.Fingerprint, read.Meaning, read.Keys, read.Features, read.Retired));
        Assert.Equal(view.Defaults, read.Defaults);
        Assert.Equal(DefinitionJson.Write(view.Sources["weather"]), DefinitionJson.Write(read.Sources["weather"]));
    }

    [Fact]
    public void S24_a_service_is_pinned_to_the_versions_that_its_references_meant()
    {
        var first = Bind(Yaml);
        var service = Assert.Single(first.Services);
        Assert.Equal(["weather@1.2.0:gusts", "weather@1.2.0:* as dest"], service.Service.Features.Select(f => f.ToString()));
        Assert.Equal(["weather:gusts", "weather:* as dest"], service.Written.Features.Select(f => f.ToString()));

        var registered = first.ToCatalog(Catalog.Empty, 1);
        var next = Bind(Yaml.Replace("1.2.0", "1.3.0", StringComparison.Ordinal), registered);
        var after = next.ToCatalog(registered, 2);
        Assert.Equal(["weather@1.2.0", "weather@1.3.0"], after.Views.Select(v => v.Id));
        Assert.NotEqual(service.Fingerprint, next.Services[0].Fingerprint); // the same service, another vector: plan refuses it under version 1
        Assert.Equal(["weather@1.3.0:gusts", "weather@1.3.0:* as dest"], next.Services[0].Service.Features.Select(f => f.ToString()));

        var pinned = Bind(Yaml.Replace("1.2.0", "1.3.0", StringComparison.Ordinal).Replace("\"weather:gusts\"", "\"weather@1.2.0:gusts\"", StringComparison.Ordinal).Replace("view: weather,", "view: weather@1.2, ", StringComparison.Ordinal), registered);
        Assert.Equal(service.Fingerprint, pinned.Services[0].Fingerprint);
    }

    [Fact]
    public void A_retired_version_is_not_found_and_stays_retired_when_it_is_applied_again()
    {
        var first = Bind(Yaml);
        Catalog registered = new(1, first.Entities, first.Sources, [first.Views[0] with { Retired = true }], []);
        Assert.True(Assert.Single(Bind(Yaml[..Yaml.IndexOf("---\nkind: feature_service", StringComparison.Ordinal)], registered).ToCatalog(registered, 2).Views).Retired);
        var bound = Bind("kind: feature_service\nname: s\nfeatures: [ \"weather:wind\" ]", registered);
        Assert.Equal("a.yaml:3:13: error: Service 's' reads view 'weather', but there is no such version. Versions: 1.2.0 (retired).", Assert.Single(bound.Problems).ToString());
    }

    [Fact]
    public void What_is_registered_can_be_referred_to_without_its_file()
    {
        var registered = Bind(Yaml).ToCatalog(Catalog.Empty, 1);
        var bound = Bind("""
            kind: value_view
            name: winds
            entity: [runway, airport]
            source: weather
            features: { wind: float64 }
            ---
            kind: feature_service
            name: t
            features: [ "winds:wind", "weather:gusts" ]
            """, registered);
        Assert.Empty(bound.Problems);
        Assert.Equal(["winds@1.0.0:wind", "weather@1.2.0:gusts"], Assert.Single(bound.Services).Service.Features.Select(f => f.ToString()));
    }

    [Theory]
    [InlineData("stream: { push: {} }")]
    [InlineData("stream: { files: { path: in/*.jsonl } }")]
    public void SQL_over_a_source_with_a_stream_is_refused_whether_or_not_it_has_a_table_too(string stream)
    {
        string Text(string source) => $"""
            kind: entity
            name: airport
            join_keys: {"{"} airport: string {"}"}
            ---
            kind: source
            name: live
            {source}
            columns: {"{"} airport: string, at: timestamp, wind: float32 {"}"}
            ---
            kind: value_view
            name: gusts
            entity: airport
            sql: select airport, at, wind from live
            timestamp: at
            features: {"{"} wind: float32 {"}"}
            """;
        const string Refused = "The sql of view 'gusts' reads source 'live', which has a stream. SQL reads tables alone; a view with 'source: live' reads the events, too.";
        Assert.Equal(Refused, Assert.Single(Bind(Text($"table: {"{"} path: w.parquet, timestamp: at {"}"}\n{stream}")).Problems).Message);
        Assert.Equal(Refused, Assert.Single(Bind(Text(stream.Replace("} }", "}, timestamp: at }", StringComparison.Ordinal))).Problems).Message);
        Assert.DoesNotContain(Bind(Text("table: { path: w.parquet, timestamp: at }")).Problems, p => p.Message.Contains("stream", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("select * from weather", "weather")]
    [InlineData("select * from Weather w join \"planes\" p on w.x = p.x", "planes,weather")]
    [InlineData("select 'weather', weathers from planes -- weather", "planes")]
    [InlineData("select /* weather */ 'it''s weather' from planes", "planes")]
    [InlineData("with weather_x as (select 1) select 'unclosed weather", "")]
    [InlineData("/* unclosed weather", "")]
    [InlineData("select \"unclosed weather", "")]
    [InlineData("--", "")]
    [InlineData("select \"", "")]
    public void The_sources_of_a_query_are_its_words_outside_of_texts_and_comments(string sql, string expected)
        => Assert.Equal(expected, string.Join(",", SqlSources.Find(sql, ["weather", "planes"])));

    [Fact]
    public void S2_the_table_of_conversions()
    {
        FeatureType[] types = [FeatureType.Bool, FeatureType.Int32, FeatureType.Int64, FeatureType.Float32, FeatureType.Float64, FeatureType.Decimal(10, 2), FeatureType.String, FeatureType.Bytes, FeatureType.Timestamp, FeatureType.Date];
        string Row(FeatureType from, TableFormat format) => $"{from}: {string.Concat(types.Select(to => TypeConversions.Find(from, to, format) switch { TypeConversion.Exact => '=', TypeConversion.Checked => 'c', TypeConversion.Rounded => 'r', _ => '.' }))}";
        Assert.Equal(
        [
            "bool: =.....=...",
            "int32: .==c=c=...",
            "int64: .c=ccc=...",
            "float32: .cc==.=...",
            "float64: .ccr=.=...",
            "decimal(10,2): .cccc==...",
            "string: ......=.cc",
            "bytes: .......=..",
            "timestamp: ......=.=c",
            "date: ......=.==",
        ], types.Select(t => Row(t, TableFormat.Parquet)));
        Assert.Equal(types.Select(t => Row(t, TableFormat.Parquet)), types.Select(t => Row(t, TableFormat.Delta)));
        Assert.All([TableFormat.Csv, TableFormat.Json, TableFormat.JsonLines], text => Assert.Equal("bytes: cccccccccc", Row(FeatureType.Bytes, text)));
        Assert.Equal(TypeConversion.Rounded, TypeConversions.Find(FeatureType.List(FeatureType.Float64), FeatureType.List(FeatureType.Float32), TableFormat.Parquet));
        Assert.Equal(TypeConversion.Refused, TypeConversions.Find(FeatureType.List(FeatureType.Float64), FeatureType.Float64, TableFormat.Parquet));
        Assert.Equal((TypeConversion.Exact, TypeConversion.Checked), (TypeConversions.Find(FeatureType.Decimal(10, 2), FeatureType.Decimal(12, 3), TableFormat.Parquet), TypeConversions.Find(FeatureType.Decimal(10, 2), FeatureType.Decimal(12, 5), TableFormat.Parquet)));
    }

    [Fact]
    public void A_damaged_or_newer_stored_definition_is_refused()
    {
        var stored = DefinitionJson.Write(Bind(Yaml).Views[0]);
        Assert.Contains("format 2; this version of Lockstep reads formats up to 1", Assert.Throws<LockstepException>(() => DefinitionJson.ReadViewVersion(stored.Replace("\"format\":1", "\"format\":2", StringComparison.Ordinal))).Message, StringComparison.Ordinal);
        for (var length = 0; length < stored.Length; length++)
            Assert.StartsWith("A stored definition is damaged", Assert.Throws<LockstepException>(() => DefinitionJson.ReadViewVersion(stored[..length])).Message, StringComparison.Ordinal);
        Assert.Throws<LockstepException>(() => DefinitionJson.Read("{\"format\":1,\"kind\":\"thing\",\"name\":\"x\"}"));
        Assert.Throws<LockstepException>(() => DefinitionJson.Read("[]"));
        Assert.Throws<LockstepException>(() => DefinitionJson.Read(stored));
    }

    [Fact]
    public void The_stored_form_stays_what_it_is()
        => Assert.Equal(
            """{"format":1,"kind":"value_view","name":"weather","version":"1.2.0","entities":["runway","airport"],"source":"weather","features":[{"name":"wind","type":"float32"},{"name":"gusts","type":"int64","column":"gust","default":{"int64":"3"}}]}""",
            DefinitionJson.Write(Bind(Yaml).Views[0].View));
}
