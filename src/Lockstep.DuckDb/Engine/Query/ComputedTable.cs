using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Scan;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Query;

// The table of a source that filters or computes columns, for author SQL. Where all of it can be said in SQL with the same bits, it is a
// view, of which DuckDB reads what the query needs. Otherwise its rows are computed here and copied into a table of the sandbox first.
/// <summary>A table with a filter and computed columns.</summary>
internal static class ComputedTable
{
    /// <summary>The files that the view reads; null: not all of it can be handed over, and there is no view.</summary>
    public static IReadOnlyList<string>? AsView(Connection connection, string name, TableInput table, RowColumns columns, UtcNanos nanos, CancellationToken token)
    {
        if (table.Format is not (TableFormat.Parquet or TableFormat.Delta) || table.More.Count > 0 || table.Files.Count == 0) return null;
        var program = ProgramOf(columns);
        var data = name + ": data"; // no name that an author can have for a source
        var (statement, paths) = TableView.Create(connection, data, table, nanos, token);
        connection.Execute(statement, token);
        var types = TypesOf(connection, data);
        ExpressionSql printer = new(input => types.TryGetValue(input.Name, out var type) && VectorReader.NaturalType(type) == input.Declared ? ColumnSql(Sql.Name(input.Name), type) : null);
        List<string> outputs = [];
        foreach (var (field, computation) in program.Schema.Fields.Zip(program.Computations))
        {
            // Others are read as what they are declared: that is a conversion with its own rules.
            // An instant that DuckDB cannot hold would be an error there.
            var sql = computation is not null ? field.Type.Kind == TypeKind.Timestamp ? null : printer.Print(computation)
                : types.TryGetValue(field.Name, out var type) && VectorReader.NaturalType(type) == field.Type ? Sql.Name(field.Name) : null;
            if (sql is null) return Not();
            outputs.Add($"{sql} as {Sql.Name(field.Name)}");
        }
        var conditions = program.Conditions.Select(printer.Print).ToList();
        if (conditions.Contains(null)) return Not();
        var where = conditions.Count == 0 ? "" : $" where {string.Join(" and ", conditions)}";
        connection.Execute($"create view {Sql.Name(name)} as select {string.Join(", ", outputs)} from {Sql.Name(data)}{where}", token);
        return paths;

        IReadOnlyList<string>? Not()
        {
            connection.Execute($"drop view {Sql.Name(data)}", token);
            return null;
        }
    }

    /// <summary>Without <paramref name="scan"/> the table is there but empty.</summary>
    public static void Load(Connection connection, string name, TableInput table, RowColumns columns, Func<ScanRequest, ScanReader>? scan, CancellationToken token)
    {
        var program = ProgramOf(columns);
        connection.Execute($"create table {Sql.Name(name)} ({string.Join(", ", program.Schema.Fields.Select(f => $"{Sql.Name(f.Name)} {TableView.SqlType(f.Type)}"))})", token);
        if (scan is null || table.IsEmpty) return;
        using var reader = new ProgramReader(scan(new() { Table = table, Columns = [.. program.Inputs.Select(i => new ScanColumn(i.Column, i.As))] }), program);
        using var feed = new Write.ReaderFeed(reader, token);
        feed.Register(connection, "computed_rows");
        try
        {
            connection.Execute($"insert into {Sql.Name(name)} from computed_rows; drop view computed_rows", token);
        }
        catch (DuckDbException) when (feed.Failure is { } failure)
        {
            throw failure;
        }
    }

    static RowProgram ProgramOf(RowColumns columns) => columns.Names.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } same
        ? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{columns.What}: its columns '{string.Join("' and '", same)}' differ only in case, which SQL does not tell apart.")
        : RowProgram.Compile(columns,
        [.. columns.Data.Select(f => new RowOutput(f, f.Name)), .. columns.Computed.Select(c => new RowOutput(new(c.Name, columns.TypeOf(c.Name)!), c.Name))]);

    static Dictionary<string, DuckType> TypesOf(Connection connection, string view)
    {
        var statements = connection.Prepare($"select * from {Sql.Name(view)}");
        try
        {
            return statements[0].Columns.ToDictionary(c => c.Name, c => c.Type, StringComparer.Ordinal);
        }
        finally
        {
            foreach (var statement in statements) statement.Dispose();
        }
    }

    /// <summary>A column of a view of <see cref="TableView"/>, whose floats are mended, in the form of <see cref="ExpressionSql"/>.</summary>
    internal static string? ColumnSql(string column, DuckType type) => type.Id switch
    {
        TypeId.TinyInt or TypeId.SmallInt or TypeId.Integer or TypeId.UTinyInt or TypeId.USmallInt or TypeId.UInteger or TypeId.BigInt => $"{column}::bigint",
        TypeId.Float or TypeId.Double => $"{column}::double",
        // DuckDB's infinities are the ends of int64, and have no microseconds of their own.
        TypeId.Timestamp or TypeId.TimestampTz => $"(case when isfinite({column}) then epoch_us({column}) when {column} > make_timestamp(0) then 9223372036854775807 when {column} < make_timestamp(0) then -9223372036854775807 end)",
        TypeId.Boolean or TypeId.Varchar or TypeId.Date or TypeId.Decimal or TypeId.List => column,
        _ => null,
    };

    sealed class ProgramReader(ScanReader inner, RowProgram program) : BatchReader
    {
        readonly RowRun _rows = program.Open();

        public override Schema Schema => program.Schema;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            batch.Clear();
            while (batch.Count == 0 && inner.Read(_rows.Input, token))
            {
                _rows.Run();
                var all = Enumerable.Range(0, _rows.Output.Count).ToArray();
                for (var i = 0; i < batch.Columns.Count; i++) batch[i].AppendRows(_rows.Output[i], all);
            }
            return batch.Count > 0;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
