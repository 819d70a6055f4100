using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Readers;

namespace Lockstep.Kafka;

/// <summary>Sources whose stream is a topic.</summary>
public static class KafkaStreams
{
    /// <param name="feed">Of a source with a topic.</param>
    /// <param name="settings">Of its project.</param>
    public static IStreamReader Reader(SourceFeed feed, KafkaSettings settings) => new KafkaReader(feed, settings);
}
