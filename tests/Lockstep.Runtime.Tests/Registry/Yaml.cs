using System.Globalization;

namespace Lockstep.Runtime.Tests.Registry;

/// <summary>Small definitions to change one thing at a time in.</summary>
static class Yaml
{
    public const string Airport = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        """;

    public const string Weather = """
        kind: source
        name: weather
        table: { path: data/weather/*.parquet, timestamp: observed_at }
        """;

    public static string View(string name = "weather", string version = "1.0.0", string ttl = "3h", string features = "wind: float64, visib: float64", string source = "weather", string more = "description: Hourly weather")
        => $$"""
        kind: value_view
        name: {{name}}
        version: {{version}}
        entity: airport
        source: {{source}}
        ttl: {{ttl}}
        features: { {{features}} }
        {{more}}
        """;

    public static string Service(int version = 1, string features = "\"weather:*\"", string name = "late_flight")
        => string.Create(CultureInfo.InvariantCulture, $"""
        kind: feature_service
        name: {name}
        version: {version}
        features: [ {features} ]
        model: gbm
        """);

    public static string All(params string[] documents) => string.Join("\n---\n", documents) + "\n";

    /// <summary>Entity, source, view 1.0.0 and the service that reads it.</summary>
    public static string Project => All(Airport, Weather, View(), Service());
}
