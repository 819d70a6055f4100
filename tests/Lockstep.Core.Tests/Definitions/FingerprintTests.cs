using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>Every property, and whether a change of it changes the fingerprint.</summary>
public sealed class FingerprintTests
{
    const string Base = """
        kind: entity
        name: airport
        join_keys: { airport: string, terminal: int64 }
        ---
        kind: source
        name: weather
        table: { path: data/weather.parquet, timestamp: at, created: made, complete_until: 2026-01-01 }
        columns: { airport: string, unread: int64 }
        ---
        kind: source
        name: other
        table: { path: data/other.csv, timestamp: at }
        ---
        kind: value_view
        name: weather
        version: 1.0.0
        entity: airport
        source: weather
        ttl: 3h
        features:
          wind: float64
          temperature: { column: temp, type: float64, default: 50, description: warm }
        description: d
        owner: o
        tags: { a: b }
        ---
        kind: value_view
        name: by_sql
        entity: airport
        sql: select * from weather
        timestamp: at
        created: made
        features: { wind: float64 }
        ---
        kind: value_view
        name: by_interval
        entity: airport
        sql: select * from other where at >= $start and at < $end
        timestamp: at
        lookback: 2d
        features: { wind: float64 }
        """;

    public static TheoryData<string, string, string, bool> Changes => new()
    {
        // view, text, other text, changes
        { "weather", "airport: string, terminal: int64 }", "airport: bytes, terminal: int64 }", true },
        { "weather", "airport: string, terminal: int64 }", "terminal: int64, airport: string }", true },
        { "weather", "airport: string, terminal: int64 }", "airport: string }", true },
        { "weather", "data/weather.parquet", "data/weather2.parquet", true },
        { "weather", "path: data/weather.parquet", "path: data/weather.parquet, format: csv", true },
        { "weather", "path: data/weather.parquet", "path: data/weather.parquet, format: parquet", false },
        { "weather", "timestamp: at, created: made, complete", "timestamp: seen, created: made, complete", true },
        { "weather", "created: made, complete", "created: written, complete", true },
        { "weather", "created: made, complete_until: 2026-01-01 }", "complete_until: 2026-01-01 }", true },
        { "weather", "complete_until: 2026-01-01", "complete_until: 2026-01-02", false },
        { "weather", "unread: int64", "unread: int64, more: string", false },
        { "weather", "columns: { airport: string", "columns: { airport: bytes", false },
        { "weather", "data/other.csv", "data/another.csv", false },
        { "weather", "ttl: 3h", "ttl: 180m", false },
        { "weather", "ttl: 3h", "ttl: 4h", true },
        { "weather", "  wind: float64", "  wind: float32", true },
        { "weather", "  wind: float64", "  gust: float64", true },
        { "weather", "  wind: float64", "  wind: { type: float64, column: wind }", false },
        { "weather", "  wind: float64", "  wind: { type: float64, column: gust }", true },
        { "weather", "  wind: float64", "  wind: { type: float64, default: 0 }", true },
        { "weather", "default: 50", "default: 50.0", false },
        { "weather", "default: 50", "default: 51", true },
        { "weather", "default: 50, ", "", true },
        { "weather", "  wind: float64", "  wind: float64\n  visib: float64", true },
        { "weather", "source: weather\nttl", "source: weather\nwhere: wind > 0\nttl", true },
        { "weather", "table: { path: data/weather.parquet", "where: wind > 0\ntable: { path: data/weather.parquet", true },
        { "weather", "name: weather\nversion: 1.0.0", "version: 1.0.0\nname: weather", false },
        { "weather", "version: 1.0.0", "version: 2.0.0", false },
        { "weather", "description: warm", "description: hot", false },
        { "weather", "description: d", "description: e", false },
        { "weather", "owner: o", "owner: p", false },
        { "weather", "tags: { a: b }", "tags: { a: c }", false },
        { "weather", "tags: { a: b }", "domain: x\nfreshness_sla: 1h\nonline: false\nexpect: [ wind > 0 ]", false },
        { "by_sql", "select * from weather", "select airport from weather", true },
        { "by_sql", "sql: select * from weather", "sql: |\n  select * from weather\n\n", false },
        { "by_sql", "select * from weather", "select * from weather, other", true },
        { "by_sql", "timestamp: at\ncreated: made", "timestamp: seen\ncreated: made", true },
        { "by_sql", "timestamp: at\ncreated: made", "timestamp: at\ncreated: written", true },
        { "by_sql", "timestamp: at\ncreated: made", "timestamp: at", true },
        { "by_sql", "data/weather.parquet", "data/weather2.parquet", true },
        { "by_sql", "data/other.csv", "data/another.csv", false },
        { "by_sql", "ttl: 3h", "ttl: 4h", false },
        { "by_sql", "select * from weather\n", "select * from weather where at >= $start and at < $end\n", true },
        { "by_interval", "lookback: 2d", "lookback: 3d", true },
        { "by_interval", "lookback: 2d", "lookback: 48h", false },
        { "by_interval", "lookback: 2d\n", "", true },
    };

    static void AssertMeaning(bool changes, string yaml, string text, string other, Func<string, string> fingerprint)
    {
        Assert.Contains(text, yaml, StringComparison.Ordinal);
        Assert.Equal(changes, fingerprint(yaml) != fingerprint(yaml.Replace(text, other, StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Changes))]
    public void S23_what_can_change_a_value_changes_the_fingerprint_and_nothing_else_does(string view, string text, string other, bool changes)
        => AssertMeaning(changes, Base, text, other, yaml => Of(yaml, view));

    [Fact]
    public void S23_the_order_of_the_schema_matters_and_the_order_of_keys_and_files_does_not()
    {
        const string Wind = "  wind: float64\n", Temperature = "  temperature: { column: temp, type: float64, default: 50, description: warm }\n";
        Assert.NotEqual(Of(Base, "weather"), Of(Base.Replace(Wind + Temperature, Temperature + Wind, StringComparison.Ordinal), "weather"));
        Assert.Equal(Of(Base, "weather"), Of(string.Join("\n---\n", Base.Split("\n---\n").Reverse()), "weather"));
        Assert.Equal(Of(Base, "weather"), Of(Base.Replace("{ path: data/weather.parquet, timestamp: at, created: made,", "{ created: made, timestamp: at, path: data/weather.parquet,", StringComparison.Ordinal), "weather"));
    }

    // What these are is what registered fingerprints are: a change here refuses every definition that anybody has applied.
    [Fact]
    public void S23_fingerprints_stay_what_they_are()
    {
        var (definitions, _) = DefinitionReader.Read([("a.yaml", Base + "\n---\n" + InterfaceExampleTests.Yaml.Replace("name: airport\n", "name: place\n", StringComparison.Ordinal).Replace("name: weather\n", "name: sky\n", StringComparison.Ordinal))]);
        List<string> actual = [];
        foreach (var view in definitions.Views) actual.Add($"{view.Name} {Fingerprint.Of(view, Keys(definitions, view), Read(definitions, view))}");
        Assert.Equal("""
            weather c57ac012e2904fa133aa171350c6583fda85f14a9d783ab1e5e5ad3675affb07
            by_sql 095df31b787c9c612b03054e4b19b122ad1815429a680cd1acf1258179586a05
            by_interval bbaf7bdae2ed0b623344dcdb6d043a127c95f2144cc14d0fc030304677e39248
            carrier_delays 5af730fd52a94f060e0e419cf2f61951d77d5fe17fa5f2576004e85320bb3224
            sky 9c8e32c82d73de69e4476495eb88bc90cfe1f91a191ddc509e17e9ebc028b189
            flight_context a8d43a3cd3341970a16fef38dd808529d491b820f82b510998c18cfc87a948f8
            """, string.Join("\n", actual));
    }

    [Fact]
    public void S23_the_meaning_says_each_fact_in_a_line()
    {
        var (definitions, _) = DefinitionReader.Read([("a.yaml", Base)]);
        Assert.Equal("""
            lockstep fingerprint 1
            value_view
            key "airport" "string"
            key "terminal" "int64"
            table "data/weather.parquet" "parquet" "at"
            created "made"
            ttl "10800000000"
            feature "wind" "wind" "float64"
            feature "temperature" "temp" "float64" "default=\"50\""

            """, Fingerprint.Meaning(definitions.Views[0], Keys(definitions, definitions.Views[0]), definitions.Sources));
    }

    [Theory]
    [InlineData("aliases: [x1]", "aliases: [x2]", true)]
    [InlineData("{ 1:", "{ 2:", false)]
    public void S23_an_Avro_stream_means_what_it_is_read_by_and_not_which_ids_it_was_written_with(string text, string other, bool changes)
    {
        const string Yaml = """
            kind: entity
            name: e
            join_keys: { k: string }
            ---
            kind: source
            name: s
            stream:
              timestamp: at
              kafka:
                topic: events
                format: avro
                schema: { type: record, name: r, fields: [{ name: k, type: string }, { name: at, type: long }, { name: x, type: long, aliases: [x1] }] }
                schemas: { 1: { type: record, name: r, fields: [{ name: k, type: string }, { name: at, type: long }, { name: x, type: long }] } }
            columns: { x: int64, k: string, at: timestamp }
            ---
            kind: value_view
            name: v
            entity: e
            source: s
            features: { x: int64 }
            """;
        AssertMeaning(changes, Yaml, text, other, yaml => Of(yaml, "v"));
    }

    [Theory]
    [InlineData("avg: x", "sum: x", true)]
    [InlineData("avg: x", "avg: y", true)]
    [InlineData("[1h, 24h]", "[1h, 25h]", true)]
    [InlineData("[1h, 24h]", "[24h, 1h]", true)]
    [InlineData("[1h, 24h]", "[1h, 1d]", true)]
    [InlineData("[1h, 24h] }", "[1h, 24h], hop: 1s }", true)]
    [InlineData("q: 0.5", "q: 0.50", false)]
    [InlineData("q: 0.5", "q: 0.6", true)]
    [InlineData("where: x > 0", "where: x > 1", true)]
    [InlineData("delay: 1m", "delay: 60s", false)]
    [InlineData("delay: 1m", "delay: 2m", true)]
    [InlineData("default: 0", "default: 1", true)]
    [InlineData("default: 0", "default: 0.0", false)]
    [InlineData("a: { avg: x, windows: [1h, 24h] }", "a: { avg: x, windows: [1h] }\n  a_24h: { avg: x, windows: [24h] }", true)]
    [InlineData("columns: { x: float64,", "columns: { x: float32,", true)]
    [InlineData("unread: string", "unread: bytes", false)]
    [InlineData("topic: events", "topic: others", true)]
    [InlineData("servers: one", "servers: two", false)]
    public void S23_an_aggregation_view_means_its_functions_windows_and_events(string text, string other, bool changes)
    {
        const string Yaml = """
            kind: entity
            name: e
            join_keys: { k: string }
            ---
            kind: source
            name: s
            stream: { kafka: { topic: events, servers: one }, timestamp: at }
            columns: { x: float64, y: float64, k: string, at: timestamp, unread: string }
            ---
            kind: aggregation_view
            name: v
            entity: e
            source: s
            where: x > 0
            delay: 1m
            features:
              a: { avg: x, windows: [1h, 24h] }
              b: { percentile: x, q: 0.5, windows: [7d], default: 0 }
            """;
        AssertMeaning(changes, Yaml, text, other, yaml => Of(yaml, "v"));
    }

    [Theory]
    [InlineData("a: int64, b: int64", "b: int64, a: int64", false)]
    [InlineData("a: int64, b: int64", "a: int64, b: float64", true)]
    [InlineData("a + b", "a - b", true)]
    [InlineData("x: a + b", "x: { expression: a + b }", false)]
    [InlineData("x: a + b", "x: { expression: a + b, default: 1 }", true)]
    [InlineData("x: a + b\n  y: a", "y: a\n  x: a + b", true)]
    public void S23_an_on_demand_view_means_its_fields_and_expressions(string text, string other, bool changes)
    {
        const string Yaml = "kind: on_demand_view\nname: v\nrequest: { a: int64, b: int64 }\nfeatures:\n  x: a + b\n  y: a\n";
        AssertMeaning(changes, Yaml, text, other, yaml => Of(yaml, "v"));
    }

    [Theory]
    [InlineData("\"weather:*\"", "\"weather@1:*\"", false)]
    [InlineData("\"weather:*\"", "\"weather@1.0.0:*\"", false)]
    [InlineData("\"weather:*\"", "\"weather:wind\", \"weather:temperature\"", false)]
    [InlineData("\"weather:*\"", "\"weather:temperature\", \"weather:wind\"", true)]
    [InlineData("\"weather:*\"", "\"weather:wind\"", true)]
    [InlineData("as: dest", "as: there", true)]
    [InlineData("airport: dest", "airport: place", true)]
    [InlineData("airport: dest", "airport: dest, terminal: terminal", false)]
    [InlineData("model: m", "model: n", false)]
    [InlineData("version: 1\nfeatures", "version: 2\nfeatures", false)]
    [InlineData("ttl: 3h", "ttl: 4h", true)]
    [InlineData("data/other.csv", "data/another.csv", false)]
    public void S23_a_service_means_the_versions_and_features_of_its_vector(string text, string other, bool changes)
    {
        const string Yaml = Base + """

            ---
            kind: feature_service
            name: s
            version: 1
            features: [ "weather:*", { view: weather, as: dest, keys: { airport: dest }, features: [wind] } ]
            model: m
            """;
        AssertMeaning(changes, Yaml, text, other, Service);

        static string Service(string yaml)
        {
            var (definitions, problems) = DefinitionReader.Read([("a.yaml", yaml)]);
            Assert.Empty(problems);
            return Assert.Single(DefinitionBinder.Bind(definitions, null, _ => null, (_, _) => null).Services).Fingerprint;
        }
    }

    [Fact]
    public void S23_the_bound_version_has_the_fingerprint_whether_or_not_the_data_were_there()
    {
        var (definitions, _) = DefinitionReader.Read([("a.yaml", Base)]);
        var blind = DefinitionBinder.Bind(definitions, null, _ => null, (_, _) => null);
        Schema schema = new([new("airport", FeatureType.String), new("terminal", FeatureType.Int32), new("at", FeatureType.Timestamp), new("made", FeatureType.Date), new("wind", FeatureType.Float32), new("temp", FeatureType.Int64), new("unread", FeatureType.Int64)]);
        var seeing = DefinitionBinder.Bind(definitions, Catalog.Empty, _ => schema, (_, _) => schema);
        Assert.Empty(seeing.Problems);
        Assert.Equal(blind.Views.Select(v => v.Fingerprint), seeing.Views.Select(v => v.Fingerprint));
        Assert.All(seeing.Views, v => Assert.Equal(Fingerprint.Hash(v.Meaning), v.Fingerprint));
    }

    static string Of(string yaml, string view)
    {
        var (definitions, problems) = DefinitionReader.Read([("a.yaml", yaml)]);
        Assert.Empty(problems);
        var found = definitions.Views.Single(v => v.Name == view);
        return Fingerprint.Of(found, Keys(definitions, found), Read(definitions, found));
    }

    static IReadOnlyList<Source> Read(ProjectDefinitions definitions, FeatureView view)
        => view is ValueView { Sql: { } sql } ? [.. definitions.Sources.Where(s => SqlSources.Find(sql, [s.Name]).Count > 0)] : definitions.Sources;

    internal static Schema Keys(ProjectDefinitions definitions, FeatureView view)
        => new(view.Entities.SelectMany(e => definitions.Entities.First(d => d.Name == e).JoinKeys));
}
