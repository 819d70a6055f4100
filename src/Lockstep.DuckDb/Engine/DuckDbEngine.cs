using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Query;
using Lockstep.DuckDb.Engine.Scan;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Engine.Write;
using Lockstep.DuckDb.Engine.Write.Parquet;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Engine.Text;

namespace Lockstep.DuckDb.Engine;

/// <summary>Tables by DuckDB: it reads and writes Parquet and runs SQL; values are converted on the way in, by S1 to S3, here.</summary>
public sealed class DuckDbEngine : IBatchEngine
{
    /// <summary>Rows of each CSV or JSON file that are looked at to tell the types of its columns.</summary>
    const int InferenceRows = 100_000;

    readonly DuckDbOptions _options;
    readonly SpillFolder _spill;
    readonly Database _database;
    readonly Lazy<Database> _writers; // of their own: while a file waits for rows, its threads wait with it, and scans need theirs

    public DuckDbEngine(DuckDbOptions? options = null)
    {
        _options = options ?? new DuckDbOptions();
        DuckDbLibrary.Load();
        _spill = new SpillFolder(_options.SpillFolder);
        _database = Database.Open(null, _options with { MemoryLimit = _options.MemoryLimit / 4 * 3 }, _spill.Path);
        _writers = new(() => Database.Open(null, _options with { MemoryLimit = _options.MemoryLimit / 4 }, _spill.Path));
    }

    public Schema ReadSchema(TableInput table, CancellationToken token)
    {
        if (table.Schema is { } known) return known;
        if (table.Files.Count == 0) throw new LockstepException(ErrorKind.Failed, $"{table.Name} has no files, so nothing says which columns it has. Declare them.");
        if (IsText(table.Format)) return TextScan.ReadSchema(table, InferenceRows, token);
        using var connection = _database.Connect();
        return TableColumns.Unite(table, ParquetSchemas.Read(connection, table, keepOrder: false, token)
            .Select(g => (g.Files[0].Path, g.Columns.Select(c => (c.Name, VectorReader.NaturalType(c.Type))))));
    }

    public ScanReader Scan(ScanRequest request, CancellationToken token) => TableParts.Open(request, r => ScanFiles(r, token), token);

    ScanReader ScanFiles(ScanRequest request, CancellationToken token)
    {
        if (IsText(request.Table.Format)) return TimeFilter.Open(request, r => new TextScan(r));
        var connection = _database.Connect();
        try
        {
            return ParquetScan.Open(connection, request, _spill.Path, token);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public Schema DescribeQuery(QueryRequest request, CancellationToken token)
    {
        using var sandbox = Sandbox.Open(request, _options, _spill.Path, rows: false, InferenceRows, r => Scan(r, token), token);
        using var statement = sandbox.Prepare();
        return QueryReader.Natural(request, statement.Columns);
    }

    public ScanReader Query(QueryRequest request, CancellationToken token)
    {
        var sandbox = Sandbox.Open(request, _options, _spill.Path, rows: true, InferenceRows, r => Scan(r, token), token);
        try
        {
            return new QueryReader(sandbox, request, token);
        }
        catch
        {
            sandbox.Dispose();
            throw;
        }
    }

    public void WriteQuery(QueryRequest request, TableOutput output, CancellationToken token)
    {
        if (output.Format != TableFormat.Parquet) throw new LockstepException(ErrorKind.BadArguments, $"{output.Path}: a query is written as Parquet, not as {output.Format}.");
        using var file = new FileReplacement(output.Path);
        using var sandbox = Sandbox.Open(request, _options, _spill.Path, rows: true, InferenceRows, r => Scan(r, token), token, writes: file.TempPath);
        sandbox.Prepare().Dispose(); // one SELECT and nothing else
        try
        {
            sandbox.Connection.Execute($"copy (\n{request.Sql.TrimEnd().TrimEnd(';')}\n) to {Sql.Text(file.TempPath)} (format parquet, compression zstd)", token);
        }
        catch (DuckDbException e)
        {
            throw sandbox.Fault(e, ErrorKind.Failed);
        }
        file.Commit();
    }

    /// <summary>SQL that yields the bits of an expression over columns by their names, for people; null: it is not handed over (S17).</summary>
    public static string? SqlOf(BoundNode expression)
        => new ExpressionSql(input => input.Declared.Kind == TypeKind.Timestamp ? $"epoch_us({Sql.Name(input.Name)})" : Sql.Name(input.Name)).Print(expression);

    public BatchWriter CreateFile(TableOutput output, Schema schema, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (IsText(output.Format)) return TextTableWriter.CreateFile(output, schema);
        ParquetWriter.Check(output.Path, schema);
        if (!output.Stays && FlatParquetWriter.CanWrite(schema)) return new FlatParquetWriter(output.Path, schema);
        var connection = _writers.Value.Connect();
        try
        {
            return new ParquetWriter(connection, output.Path, schema);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    static bool IsText(TableFormat format) => format is TableFormat.Csv or TableFormat.JsonLines or TableFormat.Json;

    public void Dispose()
    {
        _database.Dispose();
        if (_writers.IsValueCreated) _writers.Value.Dispose();
        _spill.Dispose();
    }
}
