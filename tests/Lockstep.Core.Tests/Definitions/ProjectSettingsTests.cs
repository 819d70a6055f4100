using Lockstep.Core.Definitions;

namespace Lockstep.Core.Tests.Definitions;

public sealed class ProjectSettingsTests
{
    const string Full = """
        project: flights
        registry: ${REGISTRY}
        offline_store: data/$${plain}/off
        online_store: embedded:data/online.db
        engine: duckdb
        server: { host: 0.0.0.0, port: 7000, max_entities: 5 }
        environments:
          dev: {}
          prod:
            registry: postgres://svc:${PASSWORD}@db/lockstep
            online_store: redis://:${PASSWORD}@cache:6379
            engine: { spark: "sc://spark:15002" }
            server: { port: 80, max_request_bytes: 100 }
        """;

    static readonly Dictionary<string, string> Variables = new() { ["REGISTRY"] = "data/r.db", ["PASSWORD"] = "p@ss/w:rd" };

    static ProjectSettingsReadResult Read(string text, string? environment = null)
        => ProjectSettingsReader.Read(text, "lockstep.yaml", environment, n => Variables.GetValueOrDefault(n));

    static string[] Problems(string text, string? environment = null) => [.. Read(text, environment).Problems.Select(p => p.ToString())];

    [Fact]
    public void Everything_but_the_project_has_a_default()
    {
        var settings = Read("project: flights").Settings!;
        Assert.Equal(new ProjectSettings { Project = "flights" } with { Environments = settings.Environments, Kafka = settings.Kafka }, settings);
        Assert.Empty(settings.Kafka);
        Assert.Empty(settings.Environments);
        Assert.Equal(("data/registry.db", "data/offline", "embedded:data/online.db", "duckdb", "127.0.0.1", 6566), (settings.Registry, settings.OfflineStore, settings.OnlineStore, settings.Engine, settings.Server.Host, settings.Server.Port));
        Assert.Equal((4L << 20, 10_000, 5_000), (settings.Server.MaxRequestBytes, settings.Server.MaxEntities, settings.Server.MaxFeatures));
    }

    [Fact]
    public void Variables_are_filled_in_and_two_dollars_are_one()
    {
        var settings = Read(Full).Settings!;
        Assert.Equal(("data/r.db", "data/${plain}/off", (string?)null), (settings.Registry, settings.OfflineStore, settings.Environment));
        Assert.Equal(new ServerSettings { Host = "0.0.0.0", Port = 7000, MaxEntities = 5 }, settings.Server);
        Assert.Equal(["dev", "prod"], settings.Environments);
    }

    [Fact]
    public void An_environment_replaces_key_by_key()
    {
        var settings = Read(Full, "prod").Settings!;
        Assert.Equal(("prod", "postgres://svc:p@ss/w:rd@db/lockstep", "data/${plain}/off", "spark: sc://spark:15002"), (settings.Environment, settings.Registry, settings.OfflineStore, settings.Engine));
        Assert.Equal(new ServerSettings { Host = "0.0.0.0", Port = 80, MaxEntities = 5, MaxRequestBytes = 100 }, settings.Server);
        Assert.Equal("embedded:data/online.db", Read(Full, "dev").Settings!.OnlineStore);
    }

    [Fact]
    public void Kafka_is_reached_by_properties_that_are_never_shown()
    {
        const string Text = "project: a\nkafka: { servers: b:9092, sasl.password: \"${PASSWORD}\", linger.ms: 5 }\nenvironments: { prod: { kafka: { servers: c:9092 } } }";
        var settings = Read(Text, "prod").Settings!;
        Assert.Equal([new("linger.ms", "5"), new("sasl.password", "p@ss/w:rd"), new("servers", "c:9092")], settings.Kafka);
        Assert.DoesNotContain("p@ss", $"{settings} {string.Join(' ', settings.Redacted().Kafka)}", StringComparison.Ordinal);
        Assert.Equal(["lockstep.yaml:2:25: error: 'x' in 'kafka' of lockstep.yaml is a mapping. It must be a text."], Problems("project: a\nkafka: { servers: a, x: { y: 1 } }"));
    }

    [Fact]
    public void Only_the_variables_of_the_environment_are_needed()
    {
        Assert.Empty(Problems("project: p\nenvironments: { prod: { registry: '${NOBODY}', server: { port: '${PORT}' } } }"));
        Assert.Empty(Problems("project: p\nregistry: ${NOBODY}\nenvironments: { dev: { registry: r.db } }", "dev"));
        Assert.Equal(["lockstep.yaml:2:11: error: The environment variable NOBODY is not set. Set it, or write $${NOBODY} where a plain ${NOBODY} is meant."], Problems("project: p\nregistry: ${NOBODY}/x"));
    }

    [Fact]
    public void Secrets_are_not_printed()
    {
        var settings = Read(Full, "prod").Settings!;
        Assert.DoesNotContain("ss/w", settings.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ss/w", System.Text.Json.JsonSerializer.Serialize(settings.Redacted()), StringComparison.Ordinal);
        Assert.Equal("flights (prod): registry postgres://svc:***@db/lockstep, offline data/${plain}/off, online redis://***@cache:6379, engine spark: sc://spark:15002, server 0.0.0.0:80", settings.ToString());
        Assert.DoesNotContain("p@ss", string.Join("", Problems(Full.Replace("port: 80", "port: ${PASSWORD}", StringComparison.Ordinal).Replace("redis:", "${PASSWORD}:", StringComparison.Ordinal).Replace("engine: {", "engine: ${PASSWORD} #", StringComparison.Ordinal), "prod")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data/registry.db", "data/registry.db")]
    [InlineData("postgres://db/x", "postgres://db/x")]
    [InlineData("postgres://user@db/x", "postgres://***@db/x")]
    [InlineData("postgres://user:secret@db/x", "postgres://user:***@db/x")]
    [InlineData("postgres://user:se@cr/et@db/x", "postgres://user:***@db/x")]
    [InlineData("redis://:secret@cache:6379", "redis://***@cache:6379")]
    [InlineData("cache:6379,password=secret,ssl=true", "cache:6379,password=***,ssl=true")]
    [InlineData("Host=db;Username=u;Password='a b';Port=1", "Host=db;Username=u;Password=***;Port=1")]
    [InlineData("s3://bucket/p?access_key=AK&secret_key=SK&region=eu", "s3://bucket/p?access_key=***&secret_key=***&region=eu")]
    [InlineData("https://host/a?X-Amz-Signature=abc&sslmode=require", "https://host/a?X-Amz-Signature=***&sslmode=require")]
    public void Addresses_are_shown_without_what_opens_them(string address, string shown) => Assert.Equal(shown, StoreAddress.Redact(address));

    [Theory]
    [InlineData("", null, "1:1: error: lockstep.yaml must be one mapping with 'project', the name of the project.")]
    [InlineData("- a", null, "1:1: error: lockstep.yaml must be one mapping with 'project', the name of the project.")]
    [InlineData("project: a\n---\nproject: b", null, "3:1: error: lockstep.yaml must be one mapping with 'project', the name of the project.")]
    [InlineData("registry: x", null, "1:1: error: Lockstep.yaml lacks 'project', a name: the name of the project.")]
    [InlineData("project: a b", null, "1:10: error: The project's name 'a b' is not a name: ' ' is not a letter (a-z, A-Z), digit or underscore. Names are letters, digits and single underscores, like carrier_delays.")]
    [InlineData("project: a\nregistri: x", null, "2:1: error: Lockstep.yaml has no key 'registri'. Did you mean 'registry'?")]
    [InlineData("project: a\nregistry: [x]", null, "2:11: error: 'registry' of lockstep.yaml is a list. It must be a text.")]
    [InlineData("project: a\nserver: { port: 70000 }", null, "2:17: error: 'port' of 'server' of lockstep.yaml is '70000'. It must be a whole number from 0 to 65535.")]
    [InlineData("project: a\nserver: { max_entities: none }", null, "2:25: error: 'max_entities' of 'server' of lockstep.yaml is 'none'. It must be a whole number from 1 to 10000000.")]
    [InlineData("project: a\nengine: duckdv", null, "2:9: error: 'engine' of lockstep.yaml is not known. Did you mean 'duckdb'?")]
    [InlineData("project: a\nregistry: ${A-B}", null, "2:11: error: A variable is written ${NAME}, with letters, digits and underscores. Write $${ where a plain ${ is meant.")]
    [InlineData("project: a\nregistry: ${A", null, "2:11: error: A variable is written ${NAME}, with letters, digits and underscores. Write $${ where a plain ${ is meant.")]
    [InlineData("project: a\nenvironments: { prod: {} }", "prd", "2:15: error: There is no environment 'prd'. Did you mean 'prod'?")]
    [InlineData("project: a", "prod", "1:1: error: There is no environment 'prod'. Environments: none.")]
    [InlineData("project: a\nenvironments: { prod: x }", null, "2:23: error: The environment 'prod' is 'x'. It must be a mapping with the settings that differ.")]
    [InlineData("project: a\nenvironments: { prod: { project: b } }", null, "2:25: error: Environment 'prod' has no key 'project'. Keys: engine, kafka, offline_store, online_store, registry, server.")]
    public void Mistakes_are_named(string text, string? environment, string problem)
    {
        var result = Read(text, environment);
        Assert.Equal(["lockstep.yaml:" + problem], result.Problems.Select(p => p.ToString()));
        Assert.Null(result.Settings);
    }
}
