using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>The forms that users were promised, read whole.</summary>
public sealed class InterfaceExampleTests
{
    internal const string Yaml = """
        kind: entity
        name: carrier
        join_keys: { carrier: string }
        owner: flights@example.com
        description: Airline
        ---
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: source
        name: flights
        table: { path: data/flights/*.parquet, timestamp: arrived_at, created: loaded_at, complete_until: 2026-11-01 }
        stream: { kafka: { topic: flights, format: json } }
        columns: { carrier: string, origin: string, arr_delay: float64 }
        ---
        kind: source
        name: weather
        table: { path: data/weather.csv, timestamp: observed_at }
        ---
        kind: aggregation_view
        name: carrier_delays
        version: 1.0.0
        entity: carrier
        source: flights
        where: not cancelled
        features:
          flights:        { count: "*",            windows: [1h, 24h, 7d] }
          arr_delay_avg:  { avg: arr_delay,        windows: [24h, 7d], default: 0 }
          late:           { count: "*", where: arr_delay > 15, windows: [24h] }
          worst:          { percentile: arr_delay, q: 0.95, windows: [7d] }
          recent:         { last_n: arr_delay, n: 5, windows: [lifetime], hop: 1h }
        tags: { team: ops, pii: "false" }
        expect: [ "flights_24h between 0 and 5000", "arr_delay_avg_7d is not null mostly 0.99" ]
        online: true
        ---
        kind: value_view
        name: weather
        version: 1.0.0
        entity: airport
        source: weather
        ttl: 3h
        features: { wind_speed: float64, visib: float64, temperature: { column: temp, type: float64, default: 50 } }
        ---
        kind: on_demand_view
        name: flight_context
        version: 1.0.0
        request: { distance: float64, scheduled_at: timestamp }
        features:
          hour_sin: sin(2 * pi() * hour(scheduled_at) / 24)
          delay_vs_week: coalesce(carrier_delays:arr_delay_avg_24h / carrier_delays:arr_delay_avg_7d, 1)
          is_weekend: dayofweek(scheduled_at) in (0, 6)
        ---
        kind: feature_service
        name: late_flight
        version: 1
        features:
          - "carrier_delays:flights_24h"
          - "carrier_delays@1:arr_delay_avg_7d"
          - "flight_context:*"
          - "weather:*"
          - { view: weather, as: dest_weather, keys: { airport: dest }, features: [visib] }
        model: late_flight_gbm
        """;

    [Fact]
    public void Every_form_of_the_interfaces_is_read()
    {
        var (definitions, problems) = DefinitionReader.Read([("features/all.yaml", Yaml)]);

        Assert.Empty(problems);
        Assert.Equal(["carrier", "airport"], definitions.Entities.Select(e => e.Name));
        Assert.Equal([new Field("carrier", FeatureType.String)], definitions.Entities[0].JoinKeys);
        Assert.Equal("flights@example.com", definitions.Entities[0].Metadata.Owner);
        Assert.Equal("Airline", definitions.Entities[0].Metadata.Description);
        Assert.Equal(new Location("features/all.yaml", 1, 1), definitions.Entities[0].Location);

        var flights = definitions.Sources[0];
        Assert.Equal(new TableSource { Path = "data/flights/*.parquet", Format = TableFormat.Parquet, Timestamp = "arrived_at", Created = "loaded_at", CompleteUntil = Instant.Parse("2026-11-01") }, flights.Table);
        Assert.Equal(new KafkaStreamSource("flights", "json"), flights.Stream);
        Assert.Equal(["carrier string", "origin string", "arr_delay float64"], flights.Columns!.Select(c => c.ToString()));
        Assert.Equal(TableFormat.Csv, definitions.Sources[1].Table!.Format);

        var delays = Assert.IsType<AggregationView>(definitions.Views[0]);
        Assert.Equal(("not cancelled", 0L), (delays.Where, delays.Delay));
        Assert.Equal(["flights", "arr_delay_avg", "late", "worst", "recent"], delays.Features.Select(f => f.Name));
        Assert.Equal(("count", (string?)null), (delays.Features[0].Function, delays.Features[0].Column));
        Assert.Equal([new Window("1h", Instant.Hour, Instant.Minute), new("24h", Instant.Day, 5 * Instant.Minute), new("7d", 7 * Instant.Day, Instant.Hour)], delays.Features[0].Windows);
        Assert.Equal(Value.Of(0L), delays.Features[1].Default);
        Assert.Equal("arr_delay > 15", delays.Features[2].Where);
        Assert.Equal("0.95", delays.Features[3].Parameters["q"]);
        Assert.Equal([new Window("lifetime", Window.Lifetime, Instant.Hour)], delays.Features[4].Windows);
        Assert.Equal(2, delays.Expect.Count);
        Assert.Equal("false", delays.Metadata.Tags["pii"]);

        var weather = Assert.IsType<ValueView>(definitions.Views[1]);
        Assert.Equal((3 * Instant.Hour, "weather", true), (weather.Ttl, weather.Source, weather.Online));
        Assert.Equal(new ValueFeature { Name = "temperature", Column = "temp", Type = FeatureType.Float64, Default = Value.Of(50d) }, weather.Features[2]);

        var context = Assert.IsType<OnDemandView>(definitions.Views[2]);
        Assert.Equal(["distance float64", "scheduled_at timestamp"], context.Request.Select(f => f.ToString()));
        Assert.Equal("dayofweek(scheduled_at) in (0, 6)", context.Features[2].Expression);

        var service = definitions.Services[0];
        Assert.Equal((1, "late_flight_gbm"), (service.Version, service.Model));
        Assert.Equal(["carrier_delays:flights_24h", "carrier_delays@1:arr_delay_avg_7d", "flight_context:*", "weather:*", "weather:visib as dest_weather"], service.Features.Select(f => f.ToString()));
        Assert.Equal("dest", service.Features[4].Keys["airport"]);
    }

    [Fact]
    public void Definitions_survive_their_stored_form()
    {
        var (definitions, _) = DefinitionReader.Read([("features/all.yaml", Yaml)]);
        foreach (var definition in definitions.All)
        {
            var stored = DefinitionJson.Write(definition);
            Assert.Equal(stored, DefinitionJson.Write(DefinitionJson.Read(stored)));
        }
    }

    [Fact]
    public void Hops_are_stored_as_authors_write_them_and_read_as_they_were_stored_at_first()
    {
        var (definitions, _) = DefinitionReader.Read([("features/all.yaml", Yaml)]);
        var stored = DefinitionJson.Write(definitions.Views.OfType<AggregationView>().Single());
        var first = stored.Replace("\"hop\":\"5m\"", "\"hop\":300000000", StringComparison.Ordinal);
        Assert.NotEqual(stored, first);
        Assert.Equal(stored, DefinitionJson.Write(DefinitionJson.Read(first)));
    }

    /// <summary>The columns of flights that the definitions do not name: they are in its files.</summary>
    internal static Schema? DataOf(Source source) => source.Name != "flights" ? null
        : new([.. source.Columns!, new("arrived_at", FeatureType.Timestamp), new("loaded_at", FeatureType.Timestamp), new("cancelled", FeatureType.Bool), .. new[] { "distance", "air_time" }.Select(c => new Field(c, FeatureType.Float64))]);

    [Fact]
    public void Every_form_of_the_interfaces_is_bound()
    {
        var (definitions, _) = DefinitionReader.Read([("all.yaml", Yaml)]);
        var bound = DefinitionBinder.Bind(definitions, null, DataOf, (_, _) => null);

        Assert.All(bound.Problems, p => Assert.Equal(Severity.Warning, p.Severity));
        Assert.Equal("all.yaml:19:16: warning: The columns of source 'weather' are not known, so what reads them is not checked.", bound.Problems[0].ToString());
        Assert.Equal(["carrier_delays@1.0.0", "flight_context@1.0.0", "weather@1.0.0"], bound.Views.Select(v => v.Id).Order(StringComparer.Ordinal));
        Assert.Single(bound.Services);
    }
}
