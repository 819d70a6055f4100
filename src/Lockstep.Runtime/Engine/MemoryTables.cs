using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>A table whose rows are in memory.</summary>
public sealed class RowsReader(Schema schema, IEnumerable<Value[]> rows) : BatchReader
{
    const int BatchRows = 2_048;
    readonly IEnumerator<Value[]> _rows = rows.GetEnumerator();

    public override Schema Schema => schema;

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        while (batch.Count < BatchRows && _rows.MoveNext()) batch.AppendRow(_rows.Current);
        return batch.Count > 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _rows.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Keeps the rows that are written: for a few.</summary>
public sealed class RowsKeeper
{
    public List<Value[]> Rows { get; } = [];

    public BatchWriter For(Schema schema) => new Writer(schema, Rows);

    sealed class Writer(Schema schema, List<Value[]> rows) : BatchWriter
    {
        public override Schema Schema => schema;

        public override void Write(ColumnBatch batch, CancellationToken token)
        {
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        }

        public override void Complete(CancellationToken token)
        {
        }
    }
}
