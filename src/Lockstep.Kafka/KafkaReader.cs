using System.Globalization;
using Confluent.Kafka;
using Lockstep.Core;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Streaming.Readers;

namespace Lockstep.Kafka;

/// <summary>Reads a topic into the log of its source. The processes of one log share its partitions out by a consumer group.</summary>
internal sealed class KafkaReader(SourceFeed feed, KafkaSettings settings) : IStreamReader
{
    volatile Topic? _topic;

    // Not those that an earlier topic had more: nobody will take them to read on, and views may still need what they hold.
    public bool Owns(uint partition) => partition is >= LogPartitions.FirstKafka and <= LogPartitions.LastKafka
        && (_topic is not { } topic || partition - LogPartitions.FirstKafka < topic.Partitions);

    // The client is asked for messages on a thread of its own: it blocks.
    public Task RunAsync(ReaderStatus status, CancellationToken token)
        => Task.Factory.StartNew(() => new TopicReading(feed, new(feed.Source, feed.Log, settings), status, topic => _topic = topic, token).Run(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public async Task<IReadOnlyList<string>> ResetAsync(string to, CancellationToken token)
    {
        var client = new TopicClient(feed.Source, feed.Log, settings);
        using var consumer = client.Build(client.Consumer());
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topic = await client.DescribeAsync(admin);
        List<string> told = [];
        for (var partition = 0; partition < topic.Partitions; partition++)
        {
            token.ThrowIfCancellationRequested();
            var number = LogPartitions.FirstKafka + (uint)partition;
            await using var writer = feed.Log.TryOpenWriter(number, token)
                ?? throw new LockstepException(ErrorKind.Conflict, string.Create(CultureInfo.InvariantCulture, $"Partition {partition} of topic '{topic.Name}' is being read by {feed.Log.HolderOf(number)}. End it, or wait until it has stopped, and try again."));
            var (at, range) = (TopicPosition.Parse(writer.Position), client.Range(consumer, partition));
            if (at is not null && TopicChoice.Problem(at, topic, partition, range) is null)
            {
                told.Add(string.Create(CultureInfo.InvariantCulture, $"Partition {partition} goes on at offset {at.Next}: there is nothing to choose."));
                continue;
            }
            var chosen = TopicChoice.Choose(to, at, topic, partition, range, writer.LastPlace);
            await writer.AppendAsync(new() { Position = chosen.ToText() }, token);
            told.Add(string.Create(CultureInfo.InvariantCulture, $"Partition {partition} goes on at offset {chosen.Next}."));
        }
        return told;
    }
}
