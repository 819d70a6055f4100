using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Builder;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>The same definitions in YAML and in C#: the same stored form, the same fingerprints.</summary>
public sealed class BuilderTests
{
    const string Yaml = InterfaceExampleTests.Yaml + """

        ---
        kind: source
        name: planes
        table: { path: s3/planes, timestamp: as_of }
        where: seats > 0
        domain: fleet
        freshness_sla: 2d
        ---
        kind: source
        name: pushed
        stream: { push: {}, timestamp: at, created: made }
        columns: { k: string, at: timestamp, made: timestamp }
        ---
        kind: source
        name: tailed
        stream: { files: { path: in/*.jsonl }, timestamp: at }
        columns: { k: string, at: timestamp, day: "= cast(at as date)", key: { expression: "lower(k)" } }
        ---
        kind: entity
        name: seat
        join_keys: { plane: int64, row: int32, code: bytes, window: bool }
        ---
        kind: value_view
        name: everything
        version: 2.1.0
        entity: [seat, airport]
        sql: |
          select * from planes
          where seats > 1
        timestamp: at
        created: made
        online: false
        expect: [ "a is not null" ]
        features:
          a: { type: bool, default: false, description: A }
          b: { type: int32, default: -1 }
          c: { type: int64, default: 7, column: cc }
          d: { type: float32, default: 0.5 }
          e: { type: float64, default: 0 }
          f: { type: string, default: none }
          g: { type: timestamp, default: 2026-01-01T00:00:00.000001Z }
          h: { type: date, default: 2026-01-02 }
          i: { type: "decimal(10,2)", default: 1.5 }
          j: { type: "list<float32>", default: [0, 1] }
          k: { type: bytes, default: AQI= }
          l: float64
        ---
        kind: value_view
        name: for_all
        entity: []
        source: planes
        where: seats > 2
        features: { x: int64, y: { type: float32, expression: "seats / 2", default: 1, description: Y } }
        ---
        kind: aggregation_view
        name: all_functions
        entity: carrier
        source: flights
        delay: 1m
        features:
          a: { count: x, windows: [1h] }
          b: { distinct_count: x, windows: [1h] }
          c: { sum: x, windows: [1h] }
          d: { avg: x, windows: [1h] }
          e: { var_pop: x, windows: [1h] }
          f: { var_samp: x, windows: [1h] }
          g: { stddev_pop: x, windows: [1h] }
          h: { stddev_samp: x, windows: [1h] }
          i: { min: x, windows: [1h] }
          j: { max: x, windows: [1h] }
          k: { first: x, windows: [1h] }
          l: { last: x, windows: [1h] }
          m: { first_n: x, n: 2, windows: [1h] }
          n: { last_n: x, n: 2, windows: [1h] }
          o: { last_distinct_n: x, n: 2, windows: [1h] }
          p: { percentile: x, q: 0.05, windows: [1h], default: -1.5, description: P }
          q: { rate: "*", per: 1m, windows: [1h] }
          r: { exp_decay_count: "*", half_life: 7d, windows: [1h] }
          s: { exp_decay_sum: x, half_life: 7d, windows: [1h] }
          t: { lag: x, n: 3, windows: [1h] }
          u: { mode: x, windows: [1h] }
          v: { top_k: x, k: 4, windows: [1h] }
          w: { trend: x, windows: [1h] }
          x: { time_since_first: x, windows: [1h] }
          y: { time_since_last: "*", windows: [1h] }
          z: { ratio: x, of: sum, over: 30d, windows: [1h] }
        ---
        kind: transformation
        name: t_standard
        version: 1.2.3
        fit: standard
        input: x
        columns: { x: float64 }
        owner: o
        ---
        { kind: transformation, name: t_min_max, fit: min_max, input: x, clip: true }
        ---
        { kind: transformation, name: t_quantiles, fit: quantiles, input: x, bins: 4 }
        ---
        { kind: transformation, name: t_categories, fit: categories, input: x, max_categories: 5, min_count: 2, unknown: -1 }
        ---
        { kind: transformation, name: t_target_mean, fit: target_mean, input: x, target: y, smoothing: 2.5, max_categories: 6, min_count: 3 }
        ---
        { kind: transformation, name: t_vocabulary, fit: vocabulary, input: x, max_terms: 7, min_count: 4, norm: none }
        ---
        kind: lookup_table
        name: places
        version: 2.0.0
        table: { path: raw/places.csv }
        key: { airport: string, hour: int32 }
        columns: { lat: float64, title: { column: name, type: string, default: none, description: T } }
        ---
        kind: on_demand_view
        name: in_csharp
        request: { distance: float64 }
        implementation: { csharp: RouteRisk }
        inputs: { wind: weather:wind_speed }
        features: { risk: { default: 0.5, description: R } }
        """;

    static ProjectDefinitions Built()
    {
        ProjectBuilder project = new();
        var carrier = project.Entity("carrier").StringKey("carrier").Owner("flights@example.com").Description("Airline");
        var airport = project.Entity("airport").StringKey("airport");
        var flights = project.Source("flights")
            .Table("data/flights/*.parquet", timestamp: "arrived_at", created: "loaded_at", completeUntil: new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero))
            .Kafka("flights")
            .Column("carrier", FeatureType.String).Column("origin", FeatureType.String).Column("arr_delay", FeatureType.Float64);
        var observations = project.Source("weather").Table("data/weather.csv", "observed_at");
        var delays = project.AggregationView("carrier_delays", "1.0.0").Of(carrier).From(flights).Where("not cancelled")
            .Feature("flights", Aggregate.Count(), ["1h", "24h", "7d"])
            .Feature("arr_delay_avg", Aggregate.Avg("arr_delay"), ["24h", "7d"], orElse: Value.Of(0L))
            .Feature("late", Aggregate.Count(), ["24h"], where: "arr_delay > 15")
            .Feature("worst", Aggregate.Percentile("arr_delay", 0.95), ["7d"])
            .Feature("recent", Aggregate.LastN("arr_delay", 5), ["lifetime"], hop: TimeSpan.FromHours(1))
            .Tag("team", "ops").Tag("pii", "false")
            .Expect("flights_24h between 0 and 5000", "arr_delay_avg_7d is not null mostly 0.99").Online(true);
        var weather = project.ValueView("weather", "1.0.0").Of(airport).From(observations).Ttl(TimeSpan.FromHours(3))
            .Float64("wind_speed").Float64("visib").Float64("temperature", column: "temp", orElse: 50);
        var context = project.OnDemandView("flight_context", "1.0.0")
            .Request("distance", FeatureType.Float64).Request("scheduled_at", FeatureType.Timestamp)
            .Feature("hour_sin", "sin(2 * pi() * hour(scheduled_at) / 24)")
            .Feature("delay_vs_week", "coalesce(carrier_delays:arr_delay_avg_24h / carrier_delays:arr_delay_avg_7d, 1)")
            .Feature("is_weekend", "dayofweek(scheduled_at) in (0, 6)");
        project.FeatureService("late_flight", 1)
            .Features(delays, "flights_24h").Feature("carrier_delays@1:arr_delay_avg_7d").All(context).All(weather)
            .As("dest_weather", weather, [("airport", "dest")], "visib").Model("late_flight_gbm");

        var planes = project.Source("planes").Table("s3/planes", "as_of").Where("seats > 0").Domain("fleet").FreshnessSla(TimeSpan.FromDays(2));
        project.Source("pushed").Push("at", "made").Column("k", FeatureType.String).Column("at", FeatureType.Timestamp).Column("made", FeatureType.Timestamp);
        project.Source("tailed").Files("in/*.jsonl", "at").Column("k", FeatureType.String).Column("at", FeatureType.Timestamp).Derived("day", "cast(at as date)").Derived("key", "lower(k)");
        var seat = project.Entity("seat").Int64Key("plane").Int32Key("row").BytesKey("code").BoolKey("window");
        project.ValueView("everything", "2.1.0").Of(seat, airport).FromSql("select * from planes\r\nwhere seats > 1".ReplaceLineEndings("\n"), "at", "made").Online(false).Expect("a is not null")
            .Bool("a", orElse: false, description: "A").Int32("b", orElse: -1).Int64("c", "cc", 7).Float32("d", orElse: 0.5f).Float64("e", orElse: -0.0)
            .String("f", orElse: "none").Timestamp("g", orElse: new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMicroseconds(1)).Date("h", orElse: new(2026, 1, 2))
            .Feature("i", FeatureType.Decimal(10, 2), orElse: Value.Decimal(150, 2))
            .Feature("j", FeatureType.List(FeatureType.Float32), orElse: Value.List(Value.Of(0f), Value.Of(1f)))
            .Feature("k", FeatureType.Bytes, orElse: Value.Of((byte[])[1, 2]))
            .Float64("l");
        project.Transformation("t_standard", "1.2.3").Standard("x").Column("x", FeatureType.Float64).Owner("o");
        project.Transformation("t_min_max").MinMax("x", clip: true);
        project.Transformation("t_quantiles").Quantiles("x", 4);
        project.Transformation("t_categories").Categories("x", 5, 2, -1);
        project.Transformation("t_target_mean").TargetMean("x", "y", 2.5, 6, 3);
        project.Transformation("t_vocabulary").Vocabulary("x", 7, 4, l2: false);
        project.LookupTable("places", "2.0.0").Table("raw/places.csv").Key("airport", FeatureType.String).Key("hour", FeatureType.Int32)
            .Column("lat", FeatureType.Float64).Column("title", FeatureType.String, "name", Value.Of("none"), "T");
        project.OnDemandView("in_csharp").Request("distance", FeatureType.Float64).CSharp("RouteRisk").Input("wind", "weather:wind_speed").Output("risk", Value.Of(0.5), "R");
        project.ValueView("for_all").From(planes).Where("seats > 2").Int64("x").Derived("y", FeatureType.Float32, "seats / 2", Value.Of(1f), "Y");
        project.AggregationView("all_functions").Of(carrier).From(flights).Delay(TimeSpan.FromMinutes(1))
            .Feature("a", Aggregate.Count("x"), ["1h"])
            .Feature("b", Aggregate.DistinctCount("x"), ["1h"])
            .Feature("c", Aggregate.Sum("x"), ["1h"])
            .Feature("d", Aggregate.Avg("x"), ["1h"])
            .Feature("e", Aggregate.VarPop("x"), ["1h"])
            .Feature("f", Aggregate.VarSamp("x"), ["1h"])
            .Feature("g", Aggregate.StddevPop("x"), ["1h"])
            .Feature("h", Aggregate.StddevSamp("x"), ["1h"])
            .Feature("i", Aggregate.Min("x"), ["1h"])
            .Feature("j", Aggregate.Max("x"), ["1h"])
            .Feature("k", Aggregate.First("x"), ["1h"])
            .Feature("l", Aggregate.Last("x"), ["1h"])
            .Feature("m", Aggregate.FirstN("x", 2), ["1h"])
            .Feature("n", Aggregate.LastN("x", 2), ["1h"])
            .Feature("o", Aggregate.LastDistinctN("x", 2), ["1h"])
            .Feature("p", Aggregate.Percentile("x", 0.05), ["1h"], orElse: Value.Of(-1.5), description: "P")
            .Feature("q", Aggregate.Rate(per: "1m"), ["1h"])
            .Feature("r", Aggregate.ExpDecayCount("7d"), ["1h"])
            .Feature("s", Aggregate.ExpDecaySum("x", "7d"), ["1h"])
            .Feature("t", Aggregate.Lag("x", 3), ["1h"])
            .Feature("u", Aggregate.Mode("x"), ["1h"])
            .Feature("v", Aggregate.TopK("x", 4), ["1h"])
            .Feature("w", Aggregate.Trend("x"), ["1h"])
            .Feature("x", Aggregate.TimeSinceFirst("x"), ["1h"])
            .Feature("y", Aggregate.TimeSinceLast(), ["1h"])
            .Feature("z", Aggregate.Ratio("x", "sum", "30d"), ["1h"]);
        return project.Build();
    }

    [Fact]
    public void S23_the_same_in_yaml_and_in_csharp_is_the_same()
    {
        var (read, problems) = DefinitionReader.Read([("a.yaml", Yaml)]);
        Assert.Empty(problems);
        var built = Built();
        Assert.Equal(read.All.OrderBy(Name, StringComparer.Ordinal).Select(DefinitionJson.Write), built.All.OrderBy(Name, StringComparer.Ordinal).Select(DefinitionJson.Write));
        foreach (var (fromYaml, fromCode) in read.Views.OrderBy(Name, StringComparer.Ordinal).Zip(built.Views.OrderBy(Name, StringComparer.Ordinal)))
            Assert.Equal(
                Fingerprint.Of(fromYaml, FingerprintTests.Keys(read, fromYaml), read.Sources),
                Fingerprint.Of(fromCode, FingerprintTests.Keys(built, fromCode), built.Sources));
        var services = new[] { read, built }.Select(d => d with { Views = [.. d.Views.OfType<ValueView>()], Services = [d.Services[0] with { Features = [.. d.Services[0].Features.Skip(3)] }] })
            .Select(d => Assert.Single(DefinitionBinder.Bind(d, null, _ => null, (_, _) => null).Services).Fingerprint).ToList();
        Assert.Equal(services[0], services[1]);

        static string Name(Definition definition) => $"{definition.Kind} {definition.Name}";
    }

    [Fact]
    public void Every_function_is_in_the_test_above()
    {
        var built = (AggregationView)Built().Views.Single(v => v.Name == "all_functions");
        Assert.Equal(AggregateCatalog.BuiltIn.All.Select(f => f.Name).Order(), built.Features.Select(f => f.Function).Order());
    }

    [Fact]
    public void Every_way_to_fit_is_in_the_test_above() => Assert.Equal(FitMethods.All.Select(f => f.Name), Built().Transformations.Select(t => t.Fit));

    [Fact]
    public void Everything_is_read_from_its_stored_form_as_it_was()
    {
        foreach (var definition in Built().All) Assert.Equal(DefinitionJson.Write(definition), DefinitionJson.Write(DefinitionJson.Read(DefinitionJson.Write(definition))));
    }

    [Fact]
    public void What_yaml_may_not_say_csharp_may_not_say_either()
    {
        ProjectBuilder project = new();
        var entity = project.Entity("a__b");
        var source = project.Source("s").Table("a.parquet", "t", "t");
        project.ValueView("v").Of(entity, entity).From(source).Float64("x", orElse: double.NaN).Float64("x").Feature("y", FeatureType.Int32, orElse: Value.Of(1L)).Ttl(TimeSpan.FromSeconds(-1));
        project.FeatureService("f", 0);

        var refused = Assert.Throws<LockstepException>(project.Build);

        Assert.Equal(ErrorKind.DefinitionsInvalid, refused.Kind);
        Assert.Equal(
        [
            "error: The name of entity 'a__b' is not a name: '__' joins view and feature in full names. Names are letters, digits and single underscores, like carrier_delays.",
            "error: Entity 'a__b' has no join keys. Name at least one column with its type, like { carrier: string }.",
            "error: Source 's' has 't' both as timestamp and as created.",
            "error: View 'v' has two features named 'x'.",
            "error: View 'v' names the entity 'a__b' twice.",
            "error: 'ttl' of view 'v' is negative.",
            "error: The default NaN of feature 'x' of view 'v' is not a value of type float64, a finite number.",
            "error: The default 1 of feature 'y' of view 'v' is not a value of type int32, a whole number from -2147483648 to 2147483647.",
            "error: The version of service 'f' is 0. Versions of a service are 1, 2, 3 …",
            "error: Service 'f' has no features.",
        ], refused.Problems.Select(p => p.ToString()));
    }

    [Fact]
    public void What_cannot_be_a_definition_at_all_is_refused_where_it_is_written()
    {
        ProjectBuilder project = new();
        Assert.Throws<ArgumentException>(() => project.ValueView("v", "one"));
        Assert.Throws<ArgumentException>(() => project.ValueView("v").Ttl(TimeSpan.FromTicks(1)));
        Assert.Throws<ArgumentException>(() => project.Source("s").Table("data/*", "t"));
        Assert.Throws<ArgumentException>(() => project.AggregationView("v").Feature("x", Aggregate.Count(), ["soon"]));
        Assert.Throws<ArgumentException>(() => project.FeatureService("s").Feature("weather"));
    }
}
