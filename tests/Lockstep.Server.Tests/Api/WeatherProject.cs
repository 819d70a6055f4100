namespace Lockstep.Server.Tests.Api;

/// <summary>A small project over two CSV files, served.</summary>
public sealed class WeatherProject : IAsyncLifetime
{
    public const string Now = "2026-11-01T12:00:00Z";

    internal TestProject Project { get; private set; } = null!;

    internal static TestProject Create() => TestProject.Create(Now,
        ("lockstep.yaml", "project: weather\nserver: { max_entities: 1000, max_features: 20, max_request_bytes: 20000, max_spine_bytes: 5000 }\n"),
        ("features/all.yaml", """
            kind: entity
            name: airport
            join_keys: { airport: string }
            ---
            kind: entity
            name: gate
            join_keys: { airport: string, gate_no: int32 }
            ---
            kind: source
            name: weather
            table: { path: raw/weather.csv, timestamp: at }
            columns: { airport: string, at: timestamp, temp: float64, visib: float64, price: "decimal(9,2)", seen: timestamp, day: date, n: int64 }
            ---
            kind: source
            name: gates
            table: { path: raw/gates.csv, timestamp: at }
            columns: { airport: string, gate_no: int32, at: timestamp, open: bool }
            ---
            kind: value_view
            name: weather
            entity: airport
            source: weather
            ttl: 3h
            features: { temp: { type: float64, default: 10 }, visib: float64, price: "decimal(9,2)", seen: timestamp, day: date, n: int64 }
            description: Hourly weather
            owner: ops@example.com
            tags: { team: ops }
            ---
            kind: value_view
            name: gate
            entity: gate
            source: gates
            features: { open: bool }
            ---
            kind: source
            name: sightings
            stream: { push: {}, timestamp: at }
            columns: { airport: string, at: timestamp, birds: int64 }
            ---
            kind: value_view
            name: birds
            entity: airport
            source: sightings
            features: { birds: int64 }
            ---
            kind: value_view
            name: hidden
            entity: airport
            source: weather
            features: { temp: float64 }
            online: false
            ---
            kind: on_demand_view
            name: context
            request: { distance: float64, planned_at: timestamp }
            features: { hour: hour(planned_at), chill: weather:temp - distance / 1000, parts: "[distance, weather:visib]" }
            ---
            kind: feature_service
            name: trip
            version: 1
            features: [ "weather:temp", { view: weather, as: dest, keys: { airport: dest }, features: [visib] } ]
            """),
        ("raw/weather.csv", """
            airport,at,temp,visib,price,seen,day,n
            JFK,2026-11-01T11:00:00Z,11.5,,12.30,2026-11-01T10:59:59.5Z,2026-11-01,9007199254740993
            JFK,2026-11-01T13:00:00Z,99,99,99.00,2026-11-01T10:59:59.5Z,2026-11-01,1
            MIA,2026-11-01T10:30:00Z,27.25,9.5,,,,
            LGA,2026-11-01T08:59:59.999999Z,5,1,1.00,,,

            """),
        ("raw/gates.csv", "airport,gate_no,at,open\nJFK,7,2026-10-01T00:00:00Z,true\n"));

    public async ValueTask InitializeAsync()
    {
        Project = Create();
        await Project.ApplyAsync();
        await Project.MaterializeAsync();
        await Project.ServeAsync(Project.Host.Settings.Server);
    }

    public async ValueTask DisposeAsync()
    {
        if (Project is not null) await Project.DisposeAsync();
    }
}
