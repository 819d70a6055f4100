using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Lockstep.Core;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Readers;

namespace Lockstep.Kafka;

// One membership in the consumer group, from joining to leaving. Who reads a partition is for the group to say; who may write it, for the
// lock of the log's partition, and where to go on, for the log. So:
//  1. A partition that is assigned is read from nowhere at first.
//  2. When the lock is there (a predecessor that is paused still holds it: whatever it writes when it goes on, it writes before us), its
//     position is read from the log and held against the topic; then it is sought to.
//  3. A partition that is revoked or lost is given free when the batch under way is logged.
// A process that was paused beyond its session goes on with the lock in its hands, learns that its partitions are lost, and gives it free.
/// <summary>For one thread, but for the batches on their way into the log.</summary>
internal sealed class TopicReading(SourceFeed feed, TopicClient client, ReaderStatus status, Action<Topic> found, CancellationToken token)
{
    static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(2);
    static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(3);
    static readonly TimeSpan SettleEvery = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(1);
    static readonly TimeSpan DescribeEvery = TimeSpan.FromSeconds(1);

    readonly SortedDictionary<int, PartitionIntake> _partitions = [];
    readonly List<string> _held = [];
    Topic _topic = new("", "", 0);
    Task<Topic>? _describing;
    string? _away;
    Error? _fatal;
    bool _joined, _waiting;
    long _turned, _settled, _reported, _described;

    public void Run()
    {
        var builder = client.Consumer();
        builder.SetPartitionsAssignedHandler((_, partitions) =>
        {
            _joined = true;
            return partitions.Select(Assigned).ToList();
        });
        builder.SetPartitionsRevokedHandler((consumer, partitions) => Release(consumer, partitions.Select(p => p.Partition.Value)));
        builder.SetPartitionsLostHandler((_, partitions) => Release(null, partitions.Select(p => p.Partition.Value)));
        builder.SetErrorHandler((_, error) => Tell(error));
        var consumer = client.Build(builder);
        try
        {
            using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
            _topic = client.DescribeAsync(admin).GetAwaiter().GetResult();
            found(_topic);
            consumer.Subscribe(_topic.Name);
            while (!token.IsCancellationRequested) Step(consumer, admin);
        }
        finally
        {
            Close(consumer);
        }
    }

    void Close(IConsumer<Ignore, byte[]?> consumer)
    {
        Release(consumer, [.. _partitions.Keys]);
        // The group is told, which takes until the session ends where nobody answers: then it finds out by itself. Nothing is ours any more.
        Task.Run(() =>
        {
            try
            {
                consumer.Close();
            }
            catch (KafkaException)
            {
                // it finds out by itself
            }
            finally
            {
                consumer.Dispose();
            }
        }).Wait(CloseWithin, CancellationToken.None);
    }

    void Step(IConsumer<Ignore, byte[]?> consumer, IAdminClient admin)
    {
        var message = Next(consumer);
        if (message is { IsPartitionEOF: true } end)
        {
            if (_partitions.TryGetValue(end.Partition.Value, out var at)) at.End = end.Offset.Value;
        }
        else if (message is not null)
        {
            _away = null;
            if (_partitions.TryGetValue(message.Partition.Value, out var partition)) _waiting |= partition.Take(message.Offset.Value, message.Message.Value, token);
        }
        if (message is null || IsDue(ref _turned, Brief)) Turn();
        if (_fatal is { } fatal) throw new LockstepException(ErrorKind.Failed, $"Topic '{_topic.Name}' at {client.Servers}: {fatal.Reason}.");
        if (IsDue(ref _settled, SettleEvery)) Settle(consumer);
        if (IsDue(ref _described, DescribeEvery)) Describe(admin);
        if (IsDue(ref _reported, ReportEvery)) Report(consumer);
    }

    void Turn()
    {
        _waiting = false;
        foreach (var partition in _partitions.Values) _waiting |= partition.Turn();
    }

    static bool IsDue(ref long last, TimeSpan every)
    {
        if (last != 0 && Stopwatch.GetElapsedTime(last) < every) return false;
        last = Stopwatch.GetTimestamp();
        return true;
    }

    ConsumeResult<Ignore, byte[]?>? Next(IConsumer<Ignore, byte[]?> consumer)
    {
        try
        {
            return consumer.Consume((int)(_waiting ? Brief : Idle).TotalMilliseconds);
        }
        catch (ConsumeException e) when (e.Error.Code is ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut or ErrorCode.Local_MaxPollExceeded)
        {
            Tell(e.Error); // the client goes on by itself
            return null;
        }
        catch (ConsumeException e)
        {
            // Whatever it is, an offset that is gone, a topic that is gone, a batch that cannot be unpacked: nothing behind it is read, and
            // the next membership begins where the log ends, or says why it cannot.
            throw new LockstepException(ErrorKind.Failed, $"Topic '{_topic.Name}' at {client.Servers}: {e.Error.Reason}.", e);
        }
    }

    void Tell(Error error)
    {
        if (error.IsFatal) _fatal = error;
        if (error.Code is not (ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Authentication or ErrorCode.Local_Ssl or ErrorCode.Local_Resolve)) return;
        (_away, _describing) = ($"no broker of {client.Servers} can be reached{(error.Code == ErrorCode.Local_AllBrokersDown ? "" : $" ({error.Reason})")}. Reading goes on when one can.", null);
    }

    TopicPartitionOffset Assigned(TopicPartition partition)
    {
        _partitions[partition.Partition.Value] = new(feed, _topic.Name, partition.Partition.Value);
        _settled = 0;
        return new(partition, Offset.End);
    }

    void Release(IConsumer<Ignore, byte[]?>? consumer, IEnumerable<int> gone)
    {
        List<PartitionIntake> released = [];
        foreach (var number in gone)
            if (_partitions.Remove(number, out var partition)) released.Add(partition);
        foreach (var partition in released)
        {
            partition.EndAsync().GetAwaiter().GetResult();
            Store(consumer, partition);
        }
    }

    /// <summary>Takes partitions that are assigned and not ours yet, and begins to read them.</summary>
    void Settle(IConsumer<Ignore, byte[]?> consumer)
    {
        _held.Clear();
        foreach (var partition in _partitions.Values.Where(p => p.Logged is null))
        {
            partition.Writer ??= feed.TryTakeAsync(partition.LogPartition, token, _topic.Partitions).GetAwaiter().GetResult();
            if (partition.Writer is not { } writer)
            {
                _held.Add(string.Create(CultureInfo.InvariantCulture, $"partition {partition.Partition} of topic '{_topic.Name}' is held by {feed.Log.HolderOf(partition.LogPartition)}; it is read when that process gives it free or ends."));
                continue;
            }
            var range = client.Range(consumer, partition.Partition);
            var at = TopicPosition.Parse(writer.Position) ?? TopicChoice.Choose(TopicChoice.Earliest, null, _topic, partition.Partition, range, writer.LastPlace);
            if (TopicChoice.Problem(at, _topic, partition.Partition, range) is { } problem) throw new ReaderStoppedException($"{problem}. {TopicChoice.Choices(feed.Source.Name)}");
            try
            {
                consumer.Seek(new(_topic.Name, partition.Partition, at.Next));
            }
            catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_State or ErrorCode.Local_PrevInProgress)
            {
                continue; // it is not begun yet: the next turn
            }
            partition.Begin(at with { Id = _topic.Id }, range.End);
        }
    }

    /// <summary>Looks whether it is still the same topic.</summary>
    void Describe(IAdminClient admin)
    {
        if (_describing is { IsCompleted: false }) return;
        if (_describing is { IsCompletedSuccessfully: true } && _describing.Result is { Id.Length: > 0 } now && now.Id != _topic.Id)
            throw new LockstepException(ErrorKind.Failed, $"Topic '{_topic.Name}' has another id than when it was begun.");
        if (_describing is { IsCompletedSuccessfully: true }) found(_describing.Result); // it may have more partitions now
        if (_describing is { IsFaulted: true } && _describing.Exception!.InnerException is LockstepException { Kind: ErrorKind.NotFound } gone) throw gone;
        _describing = client.DescribeAsync(admin);
    }

    void Report(IConsumer<Ignore, byte[]?> consumer)
    {
        if (_describing is { IsCompletedSuccessfully: true }) _away = null; // it was asked for after they went
        SortedDictionary<string, long> behind = new(StringComparer.Ordinal);
        foreach (var partition in _partitions.Values)
        {
            var marks = consumer.GetWatermarkOffsets(new(_topic.Name, partition.Partition));
            if (marks.High != Offset.Unset) partition.End = Math.Max(partition.End, marks.High.Value);
            behind[string.Create(CultureInfo.InvariantCulture, $"{_topic.Name}/{partition.Partition}")] = partition.Behind;
            Store(consumer, partition);
        }
        if ((_away ?? _held.FirstOrDefault()) is { } problem) status.Waiting(problem, behind);
        else if (_joined && _partitions.Values.All(p => p.Logged is not null)) status.Reading(behind); // else it is not known yet
    }

    // Committed by the client now and then: for tools that show lag, never to go on from.
    void Store(IConsumer<Ignore, byte[]?>? consumer, PartitionIntake partition)
    {
        if (consumer is null || partition.Logged is not { } logged) return;
        try
        {
            consumer.StoreOffset(new TopicPartitionOffset(_topic.Name, partition.Partition, logged.Next));
        }
        catch (KafkaException)
        {
            // not ours any more
        }
    }
}
