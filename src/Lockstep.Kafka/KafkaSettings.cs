namespace Lockstep.Kafka;

/// <summary>How a project reaches Kafka.</summary>
public sealed record KafkaSettings
{
    /// <summary>The key that stands for <c>bootstrap.servers</c>.</summary>
    public const string Servers = "servers";

    public required string Project { get; init; }

    /// <summary>Properties of librdkafka by name, and <see cref="Servers"/>. They hold secrets.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Without the properties, so that no log line can hold a secret by accident.</summary>
    public override string ToString() => $"Kafka of project {Project}";
}
