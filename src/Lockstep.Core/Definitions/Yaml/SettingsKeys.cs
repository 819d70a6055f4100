using System.Text.Json.Nodes;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>Every key of <c>lockstep.yaml</c>.</summary>
internal static class SettingsKeys
{
    public static readonly KeyTable Spark = new("a mapping with spark",
        new Key("spark", Shape.Text, "sc://host:port of a Spark Connect server.", Required: true));

    public static readonly KeyTable Server = new("a mapping with host, port and limits",
        new("host", Shape.Text, "The address to listen on. Default: 127.0.0.1."),
        new("port", Shape.Integer, "Default: 6566."),
        new("max_request_bytes", Shape.Integer, "Bytes of a request's body. Default: 4194304."),
        new("max_spine_bytes", Shape.Integer, "Bytes of the spine of a training set over HTTP. Default: 1073741824."),
        new("max_event_bytes", Shape.Integer, "Bytes of one event, as it is sent. Default: 1048576."),
        new("max_push_bytes", Shape.Integer, "Bytes of the events of one push. Default: 33554432."),
        new("max_entities", Shape.Integer, "Entity rows of one online request. Default: 10000."),
        new("max_features", Shape.Integer, "Features of one online request. Default: 5000."),
        new("verify_every", Shape.Duration, "How often a sample of what is served is held against the offline data; see /metrics. At least 1s. Default: never."),
        new("verify_sample", Shape.Integer, "Entities of each view in such a sample. Default: 1000."));

    static readonly Key[] Stores =
    [
        new("registry", Shape.Text, "A file, or postgres://user@host/db. Default: data/registry.db."),
        new("offline_store", Shape.Text, "A folder, or s3://bucket/prefix. Default: data/offline."),
        new("online_store", Shape.Text, "embedded:file, redis://host:6379, redis-cluster://…, postgres://…. Default: embedded:data/online.db."),
        new("engine", Shape.Either("duckdb, or { spark: sc://host:15002 }", Shape.Text, Shape.Object(Spark)), "Default: duckdb."),
        new("kafka", Shape.MapOf("servers and properties of librdkafka, like { servers: broker:9092, security.protocol: ssl }", Shape.Word), "How to reach Kafka: servers, and any property of librdkafka by its name."),
        new("server", Shape.Object(Server), "Where and within what limits the server answers."),
    ];

    public static readonly KeyTable Environment = new("a mapping with the settings that differ", Stores);

    public static readonly KeyTable Project = new("a mapping with project",
    [
        new("project", Shape.Name, "The name of the project.", Required: true),
        .. Stores,
        new("environments", new("environments by name, each with the settings that differ", () => new JsonObject
        {
            ["type"] = "object",
            ["propertyNames"] = new JsonObject { ["pattern"] = Names.Pattern },
            ["additionalProperties"] = Environment.Schema(),
        }), "Settings that replace the ones above for one environment: dev, staging, prod."),
    ]);
}
