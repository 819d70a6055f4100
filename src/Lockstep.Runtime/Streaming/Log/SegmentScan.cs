using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>Reads the events of segments that lie within a range of places, in the order of the segments. A place that comes twice is taken once.</summary>
sealed class SegmentScan(IReadOnlyList<SegmentFile> segments, Schema schema, IReadOnlyList<ScanColumn> columns, PlaceRange range, string name) : ScanReader
{
    const int BatchRows = 16 * 1024;

    readonly long[] _nonFinite = new long[schema.Count];
    readonly Dictionary<uint, long> _seen = [];
    byte[] _buffer = [];
    int[] _rows = [];
    ColumnBatch? _block;
    int _segment, _frame;

    public override Schema Schema => schema;
    public override IReadOnlyList<long> NonFinite => _nonFinite;
    public override double Progress => segments.Count == 0 ? 1 : _segment / (double)segments.Count;

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        for (; _segment < segments.Count; _segment++, _frame = 0, _block = null)
            for (; _frame < segments[_segment].Frames.Count; _frame++)
            {
                if (batch.Count >= BatchRows) return true;
                token.ThrowIfCancellationRequested();
                Append(segments[_segment], batch);
            }
        return batch.Count > 0;
    }

    void Append(SegmentFile segment, ColumnBatch to)
    {
        var (head, _, _) = segment.Frames[_frame];
        if (head.Kind != FrameKind.Rows) return;
        var after = Math.Max(range.After(segment.Partition), _seen.GetValueOrDefault(segment.Partition, -1));
        var upTo = range.UpTo(segment.Partition);
        if (head.Last <= after || head.First > upTo) return;
        _seen[segment.Partition] = Math.Max(head.Last, after);
        _block ??= new(segment.Schema);
        _block.Clear();
        var places = FrameRows.Read(segment.Payload(_frame, ref _buffer), head, _block);
        if (_rows.Length < head.Count) _rows = new int[head.Count];
        var kept = 0;
        for (var row = 0; row < head.Count; row++)
            if (PlaceAt(row) is var place && place > after && place <= upTo) _rows[kept++] = row;
        var rows = _rows.AsSpan(0, kept);
        for (var i = 0; i < columns.Count; i++) Append(segment, head, columns[i].Column, to[i], rows, i, PlaceAt);

        long PlaceAt(int row) => places is null ? head.First + row : places[row];
    }

    void Append(SegmentFile segment, FrameHead head, string column, Column to, ReadOnlySpan<int> rows, int index, Func<int, long> placeAt)
    {
        if (column is LogColumns.Partition or LogColumns.Place or LogColumns.IngestedAt)
        {
            var cell = Column.Create(column == LogColumns.IngestedAt ? FeatureType.Timestamp : FeatureType.Int64);
            foreach (var row in rows)
            {
                cell.Clear();
                ((FixedColumn<long>)cell).Append(column switch { LogColumns.Partition => segment.Partition, LogColumns.Place => placeAt(row), _ => head.IngestedAt });
                if (!ColumnCast.Append(cell, 0, to, ref _nonFinite[index])) throw Lossy(segment, placeAt(row), column, cell, 0, to.Type);
            }
            return;
        }
        var at = segment.Schema.IndexOf(column);
        if (at < 0)
        {
            for (var i = 0; i < rows.Length; i++) to.AppendNull(); // it came to the source later
            return;
        }
        var from = _block![at];
        if (from.Type == to.Type)
        {
            to.AppendRows(from, rows);
            return;
        }
        if (!ColumnCast.Exists(from.Type, to.Type)) throw new LockstepException(ErrorKind.Failed, $"{name}: column '{column}' is {from.Type}, which cannot be read as {to.Type}.");
        foreach (var row in rows)
            if (!ColumnCast.Append(from, row, to, ref _nonFinite[index])) throw Lossy(segment, placeAt(row), column, from, row, to.Type);
    }

    LockstepException Lossy(SegmentFile segment, long place, string column, Column from, int row, FeatureType to) => new(ErrorKind.Failed,
        $"{name}, partition {segment.Partition}, place {place}, column '{column}': {ColumnCast.Show(from, row)} does not convert to {to} without loss.");
}

/// <summary>The payload of a frame of events.</summary>
static class FrameRows
{
    /// <summary>Appends the rows to columns of the segment's schema; returns their places where they do not follow one another.</summary>
    public static long[]? Read(ReadOnlySpan<byte> payload, FrameHead head, ColumnBatch to)
    {
        long[]? places = null;
        if (SegmentFormat.HasPlaces(head))
        {
            places = new long[head.Count];
            var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(places.AsSpan());
            if (payload.Length < bytes.Length) throw new RowFormatException("A frame ends within its places.");
            payload[..bytes.Length].CopyTo(bytes);
            payload = payload[bytes.Length..];
        }
        ColumnBlock.Read(payload, head.Count, to.Columns);
        return places;
    }
}
