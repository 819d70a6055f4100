using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Scan;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Engine.Text;

namespace Lockstep.DuckDb.Engine.Query;

/// <summary>
/// A database of its own for one author's query. Its tables are registered first; then it loses every access to files except these tables'
/// own, and its settings are locked. Only then does it see the author's text, of which it accepts one SELECT.
/// </summary>
internal sealed class Sandbox : IDisposable
{
    readonly QueryRequest _request;
    readonly Database _database;
    readonly UtcNanos _nanos;

    Sandbox(QueryRequest request, Database database, string spillFolder)
    {
        (_request, _database, _nanos) = (request, database, new UtcNanos(spillFolder));
        Connection = database.Connect();
    }

    public Connection Connection { get; }

    /// <summary>
    /// Without <paramref name="rows"/>, tables of text are there but empty: enough to say what a query yields. <paramref name="writes"/> is the
    /// one file that may be written.
    /// </summary>
    public static Sandbox Open(QueryRequest request, DuckDbOptions options, string spillFolder, bool rows, int inferenceRows, Func<ScanRequest, ScanReader> scan, CancellationToken token, string? writes = null)
    {
        if (request.Tables.Keys.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{request.Name}: its tables '{string.Join("' and '", same)}' differ only in case, which SQL does not tell apart.");
        var sandbox = new Sandbox(request, Database.Open(null, options, spillFolder), spillFolder);
        try
        {
            List<string> allowed = writes is null ? [] : [Sql.Text(writes)];
            foreach (var (name, table) in request.Tables)
            {
                if (request.Rows.TryGetValue(name, out var columns))
                {
                    if (ComputedTable.AsView(sandbox.Connection, name, table, columns, sandbox._nanos, token) is { } files) Allow(files);
                    else ComputedTable.Load(sandbox.Connection, name, table, columns, rows ? scan : null, token);
                }
                else if (table.Format is TableFormat.Csv or TableFormat.JsonLines or TableFormat.Json) sandbox.LoadText(name, table, rows, inferenceRows, token);
                else
                {
                    var (statement, paths) = TableView.Create(sandbox.Connection, name, table, sandbox._nanos, token);
                    sandbox.Connection.Execute(statement, token);
                    Allow(paths);
                }
            }
            sandbox.Connection.Execute(
                $"set allowed_paths = [{string.Join(", ", allowed.Distinct(StringComparer.Ordinal))}]; set enable_external_access = false; set lock_configuration = true", token);
            return sandbox;

            void Allow(IEnumerable<string> paths) => allowed.AddRange(paths.SelectMany(p => new[] { Sql.Text(Path.GetFullPath(p)), Sql.File(p) }));
        }
        catch (DuckDbException e)
        {
            sandbox.Dispose();
            throw new LockstepException(ErrorKind.Failed, $"{request.Name}: {e.Message}", e);
        }
        catch
        {
            sandbox.Dispose();
            throw;
        }
    }

    /// <summary>The author's query, bound to the tables.</summary>
    public Statement Prepare()
    {
        if (IsOtherStatement()) throw OneSelect("is none");
        try
        {
            var statements = Connection.Prepare(_request.Sql);
            if (statements.Count == 1 && statements[0].Type == StatementType.Select) return statements[0];
            foreach (var statement in statements) statement.Dispose();
            throw OneSelect(statements.Count == 0 ? "is empty" : statements.Count > 1 ? $"has {statements.Count} statements" : "is none");
        }
        catch (DuckDbException e)
        {
            throw Fault(e, ErrorKind.DefinitionsInvalid);
        }
    }

    public LockstepException Fault(DuckDbException error, ErrorKind kind)
    {
        var what = error.Message.Contains("disabled by configuration", StringComparison.Ordinal) || error.Message.Contains("disabled through configuration", StringComparison.Ordinal)
            ? $"a query reads only its tables ({(_request.Tables.Count == 0 ? "none" : string.Join(", ", _request.Tables.Keys.Order(StringComparer.Ordinal)))}), no file and no network: {error.Message}"
            : error.Message;
        return new LockstepException(kind, $"{_request.Name}: {what}", error);
    }

    LockstepException OneSelect(string found) => new(ErrorKind.DefinitionsInvalid, $"{_request.Name}: its SQL must be one SELECT; this {found}.");

    // DuckDB's serializer parses and takes nothing but SELECT; a PRAGMA would pass as the SELECT that it stands for.
    bool IsOtherStatement()
    {
        using var answer = Connection.Stream($"select json_serialize_sql({Sql.Text(_request.Sql)})", CancellationToken.None);
        if (!answer.Next(CancellationToken.None)) return false;
        var text = new BytesColumn(FeatureType.String);
        new Vectors.BytesReader().Append(answer.Vector(0), answer.Rows, text);
        return text[0].IndexOf("Only SELECT statements"u8) >= 0;
    }

    void LoadText(string name, TableInput table, bool rows, int inferenceRows, CancellationToken token)
    {
        var schema = table.Schema ?? TextScan.ReadSchema(table, inferenceRows, token);
        if (schema.Count == 0) throw new LockstepException(ErrorKind.Failed, $"{table.Name} has no columns.");
        Connection.Execute($"create table {Sql.Name(name)} ({string.Join(", ", schema.Fields.Select(f => $"{Sql.Name(f.Name)} {TableView.SqlType(f.Type)}"))})", token);
        if (!rows || table.Files.Count == 0) return;
        using var reader = new TextScan(new ScanRequest { Table = table, Columns = [.. schema.Fields.Select(f => new ScanColumn(f.Name, f))] });
        using var feed = new Write.ReaderFeed(reader, token);
        feed.Register(Connection, "text_rows");
        try
        {
            Connection.Execute($"insert into {Sql.Name(name)} from text_rows; drop view text_rows", token);
        }
        catch (DuckDbException) when (feed.Failure is { } failure)
        {
            throw failure;
        }
    }

    public void Dispose()
    {
        Connection.Dispose();
        _database.Dispose();
        _nanos.Dispose();
    }
}
