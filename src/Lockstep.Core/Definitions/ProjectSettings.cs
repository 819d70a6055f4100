namespace Lockstep.Core.Definitions;

/// <summary>What <c>lockstep.yaml</c> says, for one environment, with variables filled in. Relative paths are relative to the project folder.</summary>
public sealed record ProjectSettings
{
    public const string FileName = "lockstep.yaml";

    public required string Project { get; init; }

    /// <summary>The environment these settings are for; null: the default one.</summary>
    public string? Environment { get; init; }

    /// <summary>A file, or <c>postgres://…</c>.</summary>
    public string Registry { get; init; } = "data/registry.db";

    /// <summary>A folder, or <c>s3://…</c>.</summary>
    public string OfflineStore { get; init; } = "data/offline";

    /// <summary><c>embedded:file</c>, <c>redis://…</c>, <c>postgres://…</c>.</summary>
    public string OnlineStore { get; init; } = "embedded:data/online.db";

    /// <summary><c>duckdb</c>, or <c>spark: sc://…</c>.</summary>
    public string Engine { get; init; } = "duckdb";

    /// <summary>How to reach Kafka: <c>servers</c>, and properties of librdkafka by name. They hold secrets: never printed.</summary>
    public IReadOnlyDictionary<string, string> Kafka { get; init; } = new Dictionary<string, string>();

    public ServerSettings Server { get; init; } = new();

    /// <summary>Names of all environments that the file declares.</summary>
    public IReadOnlyList<string> Environments { get; init; } = [];

    /// <summary>The same with every secret in an address replaced by <c>***</c>: for people, logs and JSON.</summary>
    public ProjectSettings Redacted() => this with
    {
        Registry = StoreAddress.Redact(Registry),
        OfflineStore = StoreAddress.Redact(OfflineStore),
        OnlineStore = StoreAddress.Redact(OnlineStore),
        Engine = StoreAddress.Redact(Engine),
        Kafka = Kafka.ToDictionary(k => k.Key, _ => "***"),
    };

    /// <summary>Without secrets, so that no log line can hold one by accident.</summary>
    public override string ToString()
    {
        var safe = Redacted();
        return $"{Project}{(Environment is null ? "" : $" ({Environment})")}: registry {safe.Registry}, offline {safe.OfflineStore}, online {safe.OnlineStore}, engine {safe.Engine}, server {Server.Host}:{Server.Port}";
    }
}

/// <summary>Where and within what limits the server answers.</summary>
public sealed record ServerSettings
{
    public string Host { get; init; } = "127.0.0.1";
    public int Port { get; init; } = 6566;

    /// <summary>Bytes of a request's body. Default: 4 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 4 << 20;

    /// <summary>Bytes of the spine of a training set over HTTP. Default: 1 GiB.</summary>
    public long MaxSpineBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of one event, as it is sent. Default: 1 MiB.</summary>
    public int MaxEventBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of the events of one push. Default: 32 MiB.</summary>
    public long MaxPushBytes { get; init; } = 32 << 20;

    /// <summary>Entity rows of one online request. Default: 10,000.</summary>
    public int MaxEntities { get; init; } = 10_000;

    /// <summary>Features of one online request. Default: 5,000.</summary>
    public int MaxFeatures { get; init; } = 5_000;

    /// <summary>How often a sample of what is served is held against the offline data, microseconds. Default: 0, never.</summary>
    public long VerifyEvery { get; init; }

    /// <summary>Entities of each view in such a sample. Default: 1,000.</summary>
    public int VerifySample { get; init; } = 1_000;
}
