using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

/// <summary>A folder and an engine for one test.</summary>
public abstract class EngineTest : IDisposable
{
    protected static CancellationToken None => CancellationToken.None;

    protected EngineTest()
    {
        Folder = Directory.CreateTempSubdirectory("lockstep-engine-").FullName;
        Engine = new DuckDbEngine(new DuckDbOptions { SpillFolder = Path.Combine(Folder, "spill"), MemoryLimit = 1 << 30 });
    }

    Database? _other;

    protected string Folder { get; }
    protected DuckDbEngine Engine { get; }

    public virtual void Dispose()
    {
        Engine.Dispose();
        _other?.Dispose();
        Directory.Delete(Folder, true);
        GC.SuppressFinalize(this);
    }

    protected string At(string name) => Path.Combine(Folder, name);

    /// <summary>Runs statements of DuckDB's own, to make files as others write them.</summary>
    protected void Sql(string sql)
    {
        _other ??= Database.Open(null, new DuckDbOptions(), At("other"));
        using var connection = _other.Connect();
        connection.Execute(sql, None);
    }

    /// <summary>A Parquet file of a query's rows, written by DuckDB itself.</summary>
    protected string Parquet(string name, string query)
    {
        Sql($"copy ({query}) to '{At(name).Replace("'", "''", StringComparison.Ordinal)}' (format parquet)");
        return At(name);
    }

    protected static TableInput Table(TableFormat format, params string[] paths)
        => new() { Name = "source 'test'", Format = format, Files = [.. paths.Select(p => new TableFile(p))] };

    protected static TableInput Table(params string[] paths) => Table(TableFormat.Parquet, paths);

    protected static ScanRequest Request(TableInput table, params (string Name, FeatureType Type)[] columns)
        => new() { Table = table, Columns = [.. columns.Select(c => new ScanColumn(c.Name, new Field(c.Name, c.Type)))], KeepOrder = true };

    protected List<Value[]> Scan(TableInput table, params (string Name, FeatureType Type)[] columns) => Scan(Request(table, columns)).Rows;

    protected (List<Value[]> Rows, IReadOnlyList<long> NonFinite) Scan(ScanRequest request)
    {
        using var reader = Engine.Scan(request, None);
        return (Drain(reader), reader.NonFinite);
    }

    protected static List<Value[]> Drain(BatchReader reader)
    {
        List<Value[]> rows = [];
        var batch = new ColumnBatch(reader.Schema);
        while (reader.Read(batch, None))
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }

    protected void Write(string path, TableFormat format, Schema schema, IEnumerable<Value[]> rows, int batchRows = 1000)
    {
        using var writer = Engine.CreateFile(new TableOutput(path, format), schema, None);
        var batch = new ColumnBatch(schema);
        foreach (var row in rows)
        {
            batch.AppendRow(row);
            if (batch.Count < batchRows) continue;
            writer.Write(batch, None);
            batch.Clear();
        }
        writer.Write(batch, None);
        writer.Complete(None);
    }

    /// <summary>Equal bits, row by row; the message has the seed.</summary>
    protected static void AssertSame(IReadOnlyList<Value[]> expected, IReadOnlyList<Value[]> actual, string seed)
    {
        Assert.True(expected.Count == actual.Count, $"{seed}: {expected.Count} rows expected, {actual.Count} found");
        for (var row = 0; row < expected.Count; row++)
            for (var column = 0; column < expected[row].Length; column++)
                Assert.True(expected[row][column] == actual[row][column],
                    $"{seed}: row {row}, column {column}: expected {expected[row][column]}, found {actual[row][column]}");
    }
}
