using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

/// <summary>Rows in memory as a table to be read.</summary>
internal sealed class Rows(Schema schema, IReadOnlyList<Value[]> rows, int batchRows = 1000) : BatchReader
{
    int _next;

    public override Schema Schema { get; } = schema;

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        batch.Clear();
        for (; batch.Count < batchRows && _next < rows.Count; _next++) batch.AppendRow(rows[_next]);
        return batch.Count > 0;
    }

    /// <summary>All rows of a table, columns in the order of its schema, as sorted texts: to compare as bags.</summary>
    public static string[] Sorted(IBatchEngine engine, TableInput table, params string[] columns)
        => [.. Read(engine, table, columns).Select(Text).Order(StringComparer.Ordinal)];

    public static List<Value[]> Read(IBatchEngine engine, TableInput table, params string[] columns)
        => Read(engine, new ScanRequest { Table = table, Columns = [.. table.Schema!.Fields.Where(f => columns.Length == 0 || columns.Contains(f.Name)).Select(f => new ScanColumn(f.Name, f))] });

    public static List<Value[]> Read(IBatchEngine engine, ScanRequest request)
    {
        using var reader = engine.Scan(request, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        List<Value[]> rows = [];
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }

    public static string Text(IEnumerable<Value> row) => string.Join(" | ", row.Select(v => v.IsNull ? "null" : $"{v.Kind}:{v}"));
}

/// <summary>One engine for all tests of a class: it takes a moment to start.</summary>
public sealed class EngineFixture : IDisposable
{
    public IBatchEngine Engine { get; } = new DuckDbEngine(new() { MemoryLimit = 1L << 30, Threads = 2 });
    public void Dispose() => Engine.Dispose();
}
