using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>Leaves out the events outside of a range of places; the reader under it has partition and place as two more columns, the last.</summary>
sealed class PlaceFilter(ScanReader inner, Schema schema, PlaceRange range) : ScanReader
{
    readonly ColumnBatch _batch = new(inner.Schema);
    int[] _kept = [];

    public override Schema Schema => schema;
    public override IReadOnlyList<long> NonFinite => [.. inner.NonFinite.Take(schema.Count)];
    public override double Progress => inner.Progress;

    public static ScanReader Open(ScanRequest request, PlaceRange range, Func<ScanRequest, ScanReader> open)
    {
        var schema = new Schema(request.Columns.Select(c => c.As));
        return new PlaceFilter(open(request with
        {
            Columns =
            [
                .. request.Columns,
                new(LogColumns.Partition, new(Free(LogColumns.Partition), FeatureType.Int64)),
                new(LogColumns.Place, new(Free(LogColumns.Place), FeatureType.Int64)),
            ],
        }), schema, range);

        string Free(string name)
        {
            while (schema.IndexOf(name) >= 0) name += "'";
            return name;
        }
    }

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        while (batch.Count == 0 && inner.Read(_batch, token))
        {
            if (_kept.Length < _batch.Count) _kept = new int[_batch.Count];
            var (partitions, places, kept) = ((FixedColumn<long>)_batch[schema.Count], (FixedColumn<long>)_batch[schema.Count + 1], 0);
            for (var row = 0; row < _batch.Count; row++)
                if (range.Holds((uint)partitions.Values[row], places.Values[row])) _kept[kept++] = row;
            for (var i = 0; i < schema.Count; i++) batch[i].AppendRows(_batch[i], _kept.AsSpan(0, kept));
        }
        return batch.Count > 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
