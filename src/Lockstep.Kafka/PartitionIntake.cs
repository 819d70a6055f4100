using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Kafka;

// One partition of the topic, from messages to the log. What is read waits in a list; one batch at a time is decoded and logged by another
// thread, and what came meanwhile is the next batch: large under load, small and quick without. It is bounded by a batch that waits and one
// that is being logged: beyond, no more is read.
/// <summary>For the thread that reads.</summary>
internal sealed class PartitionIntake(SourceFeed feed, string topic, int partition)
{
    const int MaxMessages = 8 * 1024;
    const long MaxBytes = 4 << 20;
    const int EnoughMessages = 1024;

    /// <summary>So long a message waits for others to be logged with.</summary>
    static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(4);

    readonly record struct Message(long Offset, byte[]? Value);

    List<Message> _waiting = [], _free = [];
    long _bytes;
    long _since;
    long _due;
    TopicPosition? _logged;
    Task _logging = Task.CompletedTask;

    public int Partition => partition;
    public uint LogPartition => LogPartitions.FirstKafka + (uint)partition;

    /// <summary>Of the log's partition; null: it is not ours yet.</summary>
    public LogWriter? Writer { get; set; }

    /// <summary>Null: it is not known yet where to go on.</summary>
    public TopicPosition? Logged => Volatile.Read(ref _logged);

    /// <summary>The end of the topic's partition, as far as it was told.</summary>
    public long End { get; set; }

    public long Behind => Logged is { } logged ? Math.Max(0, End - logged.Next) : 0;

    public void Begin(TopicPosition at, long end) => (_logged, _due, End) = (at, at.Next, end);

    /// <summary>Takes a message that was read. Waits where too much waits. Whether it has to be turned to.</summary>
    public bool Take(long offset, byte[]? value, CancellationToken token)
    {
        if (Logged is null || offset < _due) return false; // read before it was known where to begin
        _due = offset + 1;
        if (_waiting.Count == 0) _since = Stopwatch.GetTimestamp();
        _waiting.Add(new(offset, value));
        _bytes += value?.Length ?? 0;
        if (_waiting.Count < MaxMessages && _bytes < MaxBytes) return true;
        _logging.WaitAsync(token).GetAwaiter().GetResult();
        Log();
        return true;
    }

    /// <summary>Logs what waits when it is time; throws what went wrong with the last batch. Whether anything is left to turn to.</summary>
    public bool Turn()
    {
        if (!_logging.IsCompleted) return true;
        _logging.GetAwaiter().GetResult();
        if (_waiting.Count >= EnoughMessages || (_waiting.Count > 0 && Stopwatch.GetElapsedTime(_since) >= Linger)) Log();
        return _waiting.Count > 0;
    }

    void Log()
    {
        var batch = _waiting;
        (_waiting, _free, _bytes) = (_free, batch, 0);
        _waiting.Clear();
        _logging = Task.Run(() => LogAsync(batch));
    }

    async Task LogAsync(List<Message> batch)
    {
        var before = Logged!;
        var places = new long[batch.Count];
        var avro = feed.Source.Stream is KafkaStreamSource { Format: "avro" };
        var rows = feed.Decode(topic, (decoder, to, now) =>
        {
            foreach (var (offset, value) in batch)
            {
                var place = string.Create(CultureInfo.InvariantCulture, $"topic {topic}, partition {partition}, offset {offset}");
                if (value is null)
                {
                    to.Rows++;
                    to.Refuse("there is no value: a deletion mark (tombstone) is no event", default, place);
                }
                else if (avro ? decoder.Avro(value, to, now, place) : decoder.Object(value, to, now, place)) places[to.Accepted.Count - 1] = offset + before.Shift;
            }
        });
        var behind = before with { Next = batch[^1].Offset + 1 };
        await feed.LogAsync(Writer!, rows, new() { Places = rows.Accepted.Count > 0 ? places[..rows.Accepted.Count] : null, Position = behind.ToText() }, CancellationToken.None);
        Volatile.Write(ref _logged, behind);
    }

    /// <summary>Returns when nothing is being logged any more; what waits is left to whoever reads the partition next.</summary>
    public async Task EndAsync()
    {
        await _logging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Writer is { } writer) await feed.RemoveAsync(writer);
        Writer = null;
    }
}
