using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>
/// Opens what a table consists of, part by part: files by the engine, others by their own readers. What an engine's
/// <see cref="IBatchEngine.Scan"/> begins with.
/// </summary>
public static class TableParts
{
    /// <param name="request">With a table of any number of parts.</param>
    /// <param name="open">The engine's own: it gets requests for files alone.</param>
    /// <param name="token">Stops it.</param>
    public static ScanReader Open(ScanRequest request, Func<ScanRequest, ScanReader> open, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(open);
        var parts = Of(request.Table).ToList();
        return parts.Count == 1 ? OpenPart(request, parts[0], open, token) : new Parts(request, parts, open, token);
    }

    // The files of the table itself stay even where there are none: opening them says what is wrong with the request.
    static IEnumerable<TableInput> Of(TableInput table)
    {
        var own = table.More.Count == 0 ? table : table with { More = [] };
        if (table.More.Count == 0 || !own.IsEmpty) yield return own;
        foreach (var more in table.More)
            foreach (var part in Of(more))
                if (!part.IsEmpty) yield return part;
    }

    static ScanReader OpenPart(ScanRequest request, TableInput part, Func<ScanRequest, ScanReader> open, CancellationToken token)
    {
        var columns = request.Columns;
        var known = -1;
        for (var i = 0; i < columns.Count; i++)
            if (columns[i].Column == ScanColumn.KnownAt) known = i;
        if (known >= 0)
            columns = part.KnownAt is { } name
                ? [.. columns.Select((c, i) => i == known ? c with { Column = name } : c)]
                : [.. columns.Where((_, i) => i != known)];
        var own = request with { Table = part, Columns = columns, Where = part.Reader is null ? request.Where : [] };
        var reader = part.Reader is { } read ? read(own, token) : open(own);
        return known >= 0 && part.KnownAt is null ? new WithNulls(reader, new(request.Columns.Select(c => c.As)), known) : reader;
    }

    /// <summary>One part after the other.</summary>
    sealed class Parts(ScanRequest request, List<TableInput> parts, Func<ScanRequest, ScanReader> open, CancellationToken token) : ScanReader
    {
        readonly long[] _nonFinite = new long[request.Columns.Count];
        long _leftOut;
        ScanReader? _open;
        int _next;

        public override Schema Schema { get; } = new(request.Columns.Select(c => c.As));
        public override double Progress => parts.Count == 0 ? 1 : (_next - 1 + (_open is null ? 1 : double.IsNaN(_open.Progress) ? 0 : _open.Progress)) / parts.Count;

        public override IReadOnlyList<long> NonFinite => _open is null ? _nonFinite : [.. _nonFinite.Zip(_open.NonFinite, (a, b) => a + b)];

        public override long LeftOut => _leftOut + (_open?.LeftOut ?? 0);

        public override bool Read(ColumnBatch batch, CancellationToken stop)
        {
            while (_open is not null || _next < parts.Count)
            {
                _open ??= OpenPart(request, parts[_next++], open, token);
                if (_open.Read(batch, stop)) return true;
                Close();
            }
            batch.Clear();
            return false;
        }

        void Close()
        {
            for (var i = 0; i < _nonFinite.Length && i < _open!.NonFinite.Count; i++) _nonFinite[i] += _open.NonFinite[i];
            _leftOut += _open!.LeftOut;
            _open.Dispose();
            _open = null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) _open?.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>A reader with one more column, which is null in every row.</summary>
    sealed class WithNulls(ScanReader inner, Schema schema, int at) : ScanReader
    {
        ColumnBatch? _of;
        ColumnBatch? _inner;

        public override Schema Schema => schema;
        public override double Progress => inner.Progress;
        public override IReadOnlyList<long> NonFinite => [.. inner.NonFinite.Take(at), 0, .. inner.NonFinite.Skip(at)];
        public override long LeftOut => inner.LeftOut;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            if (_of != batch) (_of, _inner) = (batch, new(inner.Schema, [.. batch.Columns.Where((_, i) => i != at)]));
            batch.Clear();
            var more = inner.Read(_inner!, token);
            for (var row = 0; row < _inner!.Count; row++) batch[at].AppendNull();
            return more;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
