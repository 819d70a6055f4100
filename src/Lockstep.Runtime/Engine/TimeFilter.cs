using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>
/// Leaves out rows outside the bounds of a scan where its reader cannot: the reader has the time as one more column, the last, which ends here.
/// Values that were not finite are counted in the rows left out, too.
/// </summary>
public sealed class TimeFilter : ScanReader
{
    readonly ScanReader _inner;
    readonly ScanRequest _request;
    ColumnBatch? _batch;

    TimeFilter(ScanReader inner, ScanRequest request)
    {
        (_inner, _request) = (inner, request);
        Schema = new Schema(request.Columns.Select(c => c.As));
    }

    public override Schema Schema { get; }
    public override IReadOnlyList<long> NonFinite => [.. _inner.NonFinite.Take(Schema.Count)];
    public override double Progress => _inner.Progress;
    public override long LeftOut => _inner.LeftOut;

    /// <summary>Opens a reader for the request, with its bounds kept; <paramref name="open"/> gets a request without any.</summary>
    public static ScanReader Open(ScanRequest request, Func<ScanRequest, ScanReader> open)
    {
        if (request.TimeColumn is not { } time || (request.NotBefore == long.MinValue && request.NotAfter == long.MaxValue)) return open(request);
        var name = "time";
        while (request.Columns.Any(c => c.As.Name == name)) name += "'";
        return new TimeFilter(open(request with
        {
            Columns = [.. request.Columns, new ScanColumn(time, new Field(name, FeatureType.Timestamp))],
            TimeColumn = null,
            NotBefore = long.MinValue,
            NotAfter = long.MaxValue,
        }), request);
    }

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        _batch ??= new ColumnBatch(_inner.Schema);
        while (batch.Count == 0 && _inner.Read(_batch, token))
        {
            var times = (FixedColumn<long>)_batch[Schema.Count];
            for (var row = 0; row < times.Count; row++)
            {
                if (times.IsNull(row) || times.Values[row] < _request.NotBefore || times.Values[row] > _request.NotAfter) continue;
                for (var i = 0; i < batch.Columns.Count; i++) batch[i].AppendFrom(_batch[i], row);
            }
        }
        return batch.Count > 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _inner.Dispose();
        base.Dispose(disposing);
    }
}
