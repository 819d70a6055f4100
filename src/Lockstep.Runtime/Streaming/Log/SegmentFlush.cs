using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>Commits the closed segments of a partition to the log's table, oldest first, and removes them.</summary>
sealed class SegmentFlush(EventLog log, uint partition, IEnumerable<ClosedSegment> found)
{
    readonly Lock _gate = new();
    readonly List<ClosedSegment> _closed = [.. found];
    readonly Lock _one = new();

    public static string PositionFile(EventLog log, uint partition) => Path.Combine(log.PartitionFolder(partition), "position");

    public void Add(ClosedSegment segment)
    {
        lock (_gate) _closed.Add(segment);
    }

    /// <summary>Whether what waits is large or old enough for a commit of its own.</summary>
    public bool IsDue(long now)
    {
        lock (_gate)
            return _closed.Count > 0 && (_closed.Sum(s => s.Bytes) >= log.Options.SegmentBytes || now - _closed[0].BegunAt >= log.Options.SegmentAge.Ticks / TimeSpan.TicksPerMicrosecond);
    }

    /// <param name="isHeld">Whether a segment has to stay; those behind it stay with it.</param>
    /// <param name="token">Ends it.</param>
    public void Commit(Func<ClosedSegment, bool> isHeld, CancellationToken token)
    {
        lock (_one)
        {
            var any = false;
            while (Next(isHeld) is { Count: > 0 } segments)
            {
                Commit(segments, token);
                lock (_gate) _closed.RemoveRange(0, segments.Count);
                any = true;
            }
            if (any) log.Table.Compact(log.Options.CompactFiles, log.Options.SmallFileBytes, Write(null, 0), token);
        }
    }

    List<ClosedSegment> Next(Func<ClosedSegment, bool> isHeld)
    {
        List<ClosedSegment> next = [];
        var bytes = 0L;
        lock (_gate)
            foreach (var segment in _closed)
            {
                if (isHeld(segment) || next.Count > 0 && bytes + segment.Bytes > log.Options.CommitBytes) break;
                next.Add(segment);
                bytes += segment.Bytes;
            }
        return next;
    }

    // In this order, so that it can end anywhere: the table knows the rows, then the position is kept, then the segments go.
    void Commit(List<ClosedSegment> closed, CancellationToken token)
    {
        List<SegmentFile> segments = [];
        try
        {
            foreach (var one in closed)
                if (SegmentFile.TryOpen(one.Path) is { } segment) segments.Add(segment);
                else if (File.Exists(one.Path)) throw SegmentFile.DamagedHead(one.Path);

            // Segments of one schema go together; the table takes new columns with the next.
            for (var first = 0; first < segments.Count;)
            {
                var end = first + 1;
                while (end < segments.Count && segments[end].Schema.Equals(segments[first].Schema)) end++;
                var some = segments[first..end];
                CommitRows(some, token);
                CommitRefused(some, token);
                first = end;
            }
            KeepPosition(segments);
        }
        finally
        {
            foreach (var segment in segments) segment.Dispose();
        }
        foreach (var segment in closed) File.Delete(segment.Path);
    }

    void CommitRows(List<SegmentFile> segments, CancellationToken token)
    {
        var last = segments.Max(s => s.LastPlace);
        var committed = EventLog.Committed(log.TrySnapshot(token)).FirstOrDefault(p => p.Partition == partition, new(partition, -1)).Place;
        if (last <= committed) return;
        var schema = LogColumns.TableOf(segments[0].Schema);
        using var rows = new SegmentScan(segments, schema, [.. schema.Fields.Select(f => new Engine.ScanColumn(f.Name, f))], new([new(partition, committed)], null), log.Name);
        log.Table.Append(rows, Write(EventLog.TransactionOf(partition), last), token);
    }

    void CommitRefused(List<SegmentFile> segments, CancellationToken token)
    {
        var committed = log.Refused.TrySnapshot(token)?.State.Transactions.GetValueOrDefault(EventLog.TransactionOf(partition))?.Version ?? 0;
        using var rows = new RefusedRows(segments, partition, committed);
        if (rows.Last > committed) log.Refused.Append(rows, Write(EventLog.TransactionOf(partition), rows.Last) with { TimeColumn = "refused_at" }, token);
    }

    void KeepPosition(List<SegmentFile> segments)
    {
        byte[] buffer = [];
        for (var s = segments.Count - 1; s >= 0; s--)
            for (var i = segments[s].Frames.Count - 1; i >= 0; i--)
                if (segments[s].Frames[i].Head.Kind == FrameKind.Position)
                {
                    DurableFile.Replace(PositionFile(log, partition), segments[s].Payload(i, ref buffer));
                    return;
                }
    }

    static DeltaWrite Write(string? transaction, long number) => new()
    {
        TimeColumn = LogColumns.IngestedAt,
        DayColumn = LogColumns.IngestedDate,
        TransactionId = transaction,
        TransactionNumber = number,
    };

    /// <summary>The refused events of segments that the table of refused events does not have yet.</summary>
    sealed class RefusedRows(List<SegmentFile> segments, uint partition, long committed) : BatchReader
    {
        readonly List<(SegmentFile Segment, int Frame)> _frames = [.. segments.SelectMany(s => Enumerable.Range(0, s.Frames.Count).Select(i => (s, i)))
            .Where(f => f.s.Frames[f.i].Head is { Kind: FrameKind.Refused } head && head.First > committed)];
        byte[] _buffer = [];
        int _next;

        public long Last => _frames.Count == 0 ? committed : _frames[^1].Segment.Frames[_frames[^1].Frame].Head.Last;
        public override Schema Schema => EventLog.RefusedTable;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            batch.Clear();
            if (_next == _frames.Count) return false;
            var (segment, frame) = _frames[_next++];
            var head = segment.Frames[frame].Head;
            ColumnBlock.Read(segment.Payload(frame, ref _buffer), head.Count, [.. batch.Columns.Skip(2)]);
            for (var row = 0; row < head.Count; row++)
            {
                ((FixedColumn<long>)batch[0]).Append(head.IngestedAt);
                ((FixedColumn<long>)batch[1]).Append(partition);
            }
            return true;
        }
    }
}
