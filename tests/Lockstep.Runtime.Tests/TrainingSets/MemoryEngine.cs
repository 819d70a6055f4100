using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>Tables in memory under the names of files: what the training sets do with an engine, without one. Batches are small, rows of unordered scans come backwards.</summary>
internal sealed class MemoryEngine(int batchRows = 3) : IBatchEngine
{
    readonly Dictionary<string, (Schema Schema, List<Value[]> Rows)> _files = new(StringComparer.Ordinal);

    /// <summary>Scans so far: what pruning and second passes are told by.</summary>
    public List<ScanRequest> Scans { get; } = [];

    /// <summary>Called before a scan reads anything.</summary>
    public Action<ScanRequest>? Scanning { get; set; }

    public (Schema Schema, List<Value[]> Rows) this[string path] => _files[path];

    public bool Has(string path) => _files.ContainsKey(path);

    public void Put(string path, Schema schema, IEnumerable<Value[]> rows) => _files[path] = (schema, [.. rows]);

    public void Remove(string path) => _files.Remove(path);

    public Schema ReadSchema(TableInput table, CancellationToken token) => _files[table.Files[0].Path].Schema;

    public ScanReader Scan(ScanRequest request, CancellationToken token)
    {
        Scanning?.Invoke(request);
        Scans.Add(request);
        List<Value[]> rows = [];
        foreach (var file in request.Table.Files)
        {
            var (schema, all) = _files[file.Path];
            var time = request.TimeColumn is null || (request.NotBefore, request.NotAfter) == (long.MinValue, long.MaxValue) ? -1 : schema.IndexOf(request.TimeColumn);
            var columns = request.Columns.Select(c => schema.IndexOf(c.Column) is >= 0 and var i ? i : throw new LockstepException(ErrorKind.BadArguments, $"{request.Table.Name} has no column '{c.Column}'.")).ToArray();
            foreach (var row in all)
                if (time < 0 || (!row[time].IsNull && row[time].AsInt64 >= request.NotBefore && row[time].AsInt64 <= request.NotAfter))
                    rows.Add([.. columns.Select((c, i) => Convert(row[c], schema[c].Type, request.Columns[i].As.Type, file.Path))]);
        }
        if (!request.KeepOrder) rows.Reverse();
        return new Reader(new(request.Columns.Select(c => c.As)), rows, batchRows);
    }

    public BatchWriter CreateFile(TableOutput output, Schema schema, CancellationToken token) => new Writer(this, output.Path, schema);
    public Schema DescribeQuery(QueryRequest request, CancellationToken token) => throw new NotSupportedException();
    public ScanReader Query(QueryRequest request, CancellationToken token) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    static Value Convert(Value value, FeatureType from, FeatureType to, string path)
    {
        if (from == to) return value;
        var column = Column.Create(from);
        column.Append(value);
        return ColumnConversion.Convert(column, to, new(path, 1, "x", "the scan")).GetValue(0);
    }

    sealed class Reader(Schema schema, List<Value[]> rows, int batchRows) : ScanReader
    {
        int _next;

        public override Schema Schema { get; } = schema;
        public override IReadOnlyList<long> NonFinite { get; } = new long[schema.Count];

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            batch.Clear();
            for (var i = 0; i < batchRows && _next < rows.Count; i++) batch.AppendRow(rows[_next++]);
            return batch.Count > 0;
        }
    }

    sealed class Writer(MemoryEngine engine, string path, Schema schema) : BatchWriter
    {
        readonly List<Value[]> _rows = [];

        public override Schema Schema => schema;
        public override void Complete(CancellationToken token) => engine._files[path] = (schema, _rows);

        public override void Write(ColumnBatch batch, CancellationToken token)
        {
            Assert.Equal(schema, batch.Schema);
            for (var row = 0; row < batch.Count; row++) _rows.Add(batch.GetRow(row));
        }
    }
}
