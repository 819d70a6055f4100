using System.Globalization;
using System.Text;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>What a partition holds when it is taken: by its segments and by what the table says of it.</summary>
sealed record LogRecovery
{
    public long LastPlace { get; private set; } = -1;

    /// <summary>Refused events so far.</summary>
    public long Refused { get; private set; }

    public string? Position { get; private set; }
    public List<(string Key, string Answer, long At)> PushKeys { get; } = [];

    /// <summary>Whole segments that wait to be committed.</summary>
    public List<ClosedSegment> Segments { get; } = [];

    public long LastSequence { get; private set; }

    /// <summary>For the holder of the lock: it removes files that nobody was told of.</summary>
    public static LogRecovery Read(EventLog log, uint partition, CancellationToken token)
    {
        var found = new LogRecovery();
        byte[] buffer = [];
        var positionFile = SegmentFlush.PositionFile(log, partition);
        if (File.Exists(positionFile)) found.Position = File.ReadAllText(positionFile);
        foreach (var path in log.SegmentPaths(partition))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)) found.LastSequence = Math.Max(found.LastSequence, sequence);
            using var segment = SegmentFile.TryOpen(path);
            if (segment is null || segment.Frames.Count == 0)
            {
                File.Delete(path); // its first frame was never acknowledged
                continue;
            }
            var keys = found.PushKeys.Count;
            for (var i = 0; i < segment.Frames.Count; i++) found.Take(segment, i, ref buffer);
            found.Segments.Add(new(path, segment.End, segment.Frames[0].Head.IngestedAt) { Keys = [.. found.PushKeys.Skip(keys).Select(k => k.Key)] });
        }
        if (log.TrySnapshot(token) is { } snapshot)
        {
            foreach (var place in EventLog.Committed(snapshot))
                if (place.Partition == partition) found.LastPlace = Math.Max(found.LastPlace, place.Place);
        }
        if (log.Refused.TrySnapshot(token)?.State.Transactions.GetValueOrDefault(EventLog.TransactionOf(partition)) is { } refused) found.Refused = Math.Max(found.Refused, refused.Version);
        return found;
    }

    void Take(SegmentFile segment, int frame, ref byte[] buffer)
    {
        var head = segment.Frames[frame].Head;
        switch (head.Kind)
        {
            case FrameKind.Rows: LastPlace = Math.Max(LastPlace, head.Last); break;
            case FrameKind.Refused: Refused = Math.Max(Refused, head.Last); break;
            case FrameKind.Position: Position = Encoding.UTF8.GetString(segment.Payload(frame, ref buffer)); break;
            case FrameKind.PushKey:
                var text = Encoding.UTF8.GetString(segment.Payload(frame, ref buffer));
                var end = text.IndexOf('\n', StringComparison.Ordinal);
                PushKeys.Add((text[..end], text[(end + 1)..], head.IngestedAt));
                break;
        }
    }
}
