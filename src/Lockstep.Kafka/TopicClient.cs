using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Kafka;

/// <summary>What is asked of the brokers of one source's topic.</summary>
internal sealed class TopicClient(Source source, EventLog log, KafkaSettings settings)
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    // What correctness rests on is not for settings.
    static readonly string[] Own = ["group.id", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "partition.assignment.strategy", "enable.partition.eof", "group.protocol", "bootstrap.servers"];

    readonly KafkaStreamSource _stream = (KafkaStreamSource)source.Stream!;

    public string Name => _stream.Topic;

    public string Servers { get; } = ((KafkaStreamSource)source.Stream!).Servers ?? settings.Properties.GetValueOrDefault(KafkaSettings.Servers)
        ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"Source '{source.Name}' reads the topic '{((KafkaStreamSource)source.Stream!).Topic}' and does not say at which servers. Write 'kafka: {{ servers: host:9092 }}' in {ProjectSettings.FileName}, or 'servers' beside 'topic'.");

    // Offsets are kept in the log alone, so the group belongs to the log: two logs of one project must not share a topic out among themselves.
    public string Group => $"lockstep.{settings.Project}.{source.Name}.{log.Id()}";

    /// <summary>A consumer that is in no group yet; its events are told on the thread that asks for messages.</summary>
    public ConsumerBuilder<Ignore, byte[]?> Consumer()
    {
        KafkaLibrary.Load();
        Dictionary<string, string> config = new(StringComparer.Ordinal)
        {
            ["client.id"] = $"lockstep-{settings.Project}",
            ["fetch.queue.backoff.ms"] = "20",
            ["queued.max.messages.kbytes"] = "32768",
        };
        foreach (var (name, value) in settings.Properties)
        {
            if (Own.Contains(name)) throw new LockstepException(ErrorKind.DefinitionsInvalid, $"'kafka' of {ProjectSettings.FileName} sets '{name}', which Lockstep sets itself{(name == "bootstrap.servers" ? $": write '{KafkaSettings.Servers}'" : "")}.");
            if (name != KafkaSettings.Servers) config[name] = value;
        }
        config["bootstrap.servers"] = Servers;
        config["group.id"] = Group;
        config["enable.auto.commit"] = "true"; // of what is stored when it is logged: for tools that show lag
        config["enable.auto.offset.store"] = "false";
        config["auto.offset.reset"] = "error";
        config["partition.assignment.strategy"] = "cooperative-sticky";
        config["enable.partition.eof"] = "true";
        config["dotnet.consumer.consume.result.fields"] = "none";
        return new ConsumerBuilder<Ignore, byte[]?>(config).SetValueDeserializer(Payload.Instance).SetLogHandler(static (_, _) => { });
    }

    public IConsumer<Ignore, byte[]?> Build(ConsumerBuilder<Ignore, byte[]?> builder)
    {
        try
        {
            return builder.Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new LockstepException(ErrorKind.DefinitionsInvalid, $"Source '{source.Name}': the Kafka client says: {e.Message}. See 'kafka' in {ProjectSettings.FileName}.", e);
        }
    }

    /// <summary>The topic as it is now.</summary>
    public async Task<Topic> DescribeAsync(IAdminClient client)
    {
        TopicDescription found;
        try
        {
            found = (await client.DescribeTopicsAsync(TopicCollection.OfTopicNames([Name]), new() { RequestTimeout = Timeout })).TopicDescriptions[0];
        }
        catch (DescribeTopicsException e) when (e.Results.TopicDescriptions is [var only])
        {
            found = only;
        }
        catch (KafkaException)
        {
            return await Task.Run(() => WithoutId(client));
        }
        Check(found.Error);
        return new(Name, found.TopicId is { } id && (id.MostSignificantBits | id.LeastSignificantBits) != 0 ? id.ToString() : "", found.Partitions.Count);
    }

    // A cluster without a controller, for a while or for good (librdkafka's mock), still tells which partitions a topic has.
    Topic WithoutId(IAdminClient client)
    {
        try
        {
            var found = client.GetMetadata(Name, Timeout).Topics[0];
            Check(found.Error);
            return new(Name, "", found.Partitions.Count);
        }
        catch (KafkaException e)
        {
            throw Away(e.Error);
        }
    }

    void Check(Error error)
    {
        if (error.IsError)
            throw error.Code == ErrorCode.UnknownTopicOrPart
                ? new LockstepException(ErrorKind.NotFound, $"There is no topic '{Name}' at {Servers}. Create it, or change 'topic' of source '{source.Name}'; it is looked for again.")
                : new LockstepException(ErrorKind.Failed, $"Topic '{Name}' at {Servers}: {error.Reason}.");
    }

    public TopicRange Range(IConsumer<Ignore, byte[]?> consumer, int partition)
    {
        try
        {
            var marks = consumer.QueryWatermarkOffsets(new(Name, partition), Timeout);
            return new(marks.Low.Value, marks.High.Value);
        }
        catch (KafkaException e)
        {
            throw Away(e.Error);
        }
    }

    LockstepException Away(Error error) => new(ErrorKind.Failed, $"No broker of {Servers} answers: {error.Reason}. It is tried again.");

    /// <summary>The bytes as they are; null: a deletion mark.</summary>
    sealed class Payload : IDeserializer<byte[]?>
    {
        public static readonly Payload Instance = new();
        public byte[]? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => isNull ? null : data.ToArray();
    }
}
