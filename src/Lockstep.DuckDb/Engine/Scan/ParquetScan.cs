using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>
/// Reads the Parquet files of a table group by group, each by one streaming query. Columns come from the file, from the file's partition
/// values, or are null where the file is older than the column.
/// </summary>
internal sealed class ParquetScan : ScanReader
{
    /// <summary>Rows that a read gathers from DuckDB's chunks of 2048; fewer where they are large.</summary>
    const int BatchRows = 32 * 1024, BatchBytes = 32 << 20;

    readonly Connection _connection;
    readonly ScanRequest _request;
    readonly TimeBounds _bounds;
    readonly UtcNanos _nanos;
    readonly IReadOnlyList<FileGroup> _groups;
    readonly long[] _nonFinite;
    readonly double[] _weights;
    double _done;
    long _leftOut;
    int _next;
    GroupScan? _open;

    /// <summary>The reader owns the connection, unless this throws.</summary>
    public static ScanReader Open(Connection connection, ScanRequest request, string scratch, CancellationToken token)
    {
        if (request.Columns.Count == 0) throw new ArgumentException("A scan needs at least one column.", nameof(request));
        if (request.TimeColumn is not null && request.Table.Files.Any(f => f.Times is not null)) // a Delta table's log tells what files can hold
            request = request with { Table = request.Table with { Files = [.. request.Table.FilesBetween(request.TimeColumn, request.NotBefore, request.NotAfter)] } };
        connection.Execute($"set session preserve_insertion_order = {(request.KeepOrder ? "true" : "false")}", token);
        var groups = request.Table.Files.Count == 0 ? [] : ParquetSchemas.Read(connection, request.Table, request.KeepOrder, token);
        foreach (var column in request.Columns.Select(c => c.Column).Concat(request.TimeColumn is { } time ? [time] : []))
            TableColumns.RequireKnown(request.Table, groups, column);
        var nanos = new UtcNanos(scratch);
        try
        {
            groups = nanos.Mend(connection, request.Table, groups, n => n == request.TimeColumn || request.Columns.Any(c => c.Column == n), token);
        }
        catch
        {
            nanos.Dispose();
            throw;
        }
        return request.TimeColumn is { } bounded && groups.Any(g => g.IndexOf(bounded) is >= 0 and var at && TimeBounds.Of(request).Condition("", g.Columns[at].Type) is null)
            ? TimeFilter.Open(request with { Where = [] }, r => new ParquetScan(connection, r, groups, nanos)) // what is left out could not be told from what is out of bounds
            : new ParquetScan(connection, request, groups, nanos);
    }

    ParquetScan(Connection connection, ScanRequest request, IReadOnlyList<FileGroup> groups, UtcNanos nanos)
    {
        _connection = connection;
        _nanos = nanos;
        _request = request;
        _bounds = TimeBounds.Of(request);
        Schema = new Schema(request.Columns.Select(c => c.As));
        _nonFinite = new long[request.Columns.Count];
        _groups = groups;
        _weights = [.. _groups.Select(g => (double)g.Files.Sum(f => Math.Max(f.Size, 1)))];
    }

    public override Schema Schema { get; }
    public override IReadOnlyList<long> NonFinite => _nonFinite;
    public override long LeftOut => _leftOut + (_open?.LeftOut ?? 0);

    public override double Progress
    {
        get
        {
            var all = _weights.Sum();
            if (all == 0 || _next >= _groups.Count && _open is null) return 1;
            var running = _open is null ? 0 : _connection.Progress is var p && double.IsNaN(p) ? 0 : p;
            return (_done + running * (_open is null ? 0 : _weights[_next - 1])) / all;
        }
    }

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        while (batch.Count < BatchRows && !IsLarge(batch))
        {
            if (_open is null)
            {
                if (_next == _groups.Count) break;
                _open = GroupScan.Start(_connection, _request, _bounds, _groups[_next++], token);
                if (_open is null) { _done += _weights[_next - 1]; continue; }
            }
            if (_open.TryAppend(batch, _nonFinite, token)) continue;
            Close();
        }
        return batch.Count > 0;
    }

    void Close()
    {
        _leftOut += _open!.LeftOut;
        _open.Dispose();
        _open = null;
        _done += _weights[_next - 1];
    }

    static bool IsLarge(ColumnBatch batch)
    {
        foreach (var column in batch.Columns)
            if (Bytes(column) > BatchBytes) return true;
        return false;

        static long Bytes(Column column) => column switch
        {
            BytesColumn bytes => bytes.DataLength,
            ListColumn list => Bytes(list.Elements),
            _ => (long)column.Count * column.Type.Width,
        };
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _open?.Dispose();
            _open = null;
            _connection.Dispose();
            _nanos.Dispose();
        }
        base.Dispose(disposing);
    }
}
