using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine;

/// <summary>A connection with its settings: instants in UTC, no progress bar on the terminal. One statement at a time.</summary>
internal sealed unsafe class Connection : IDisposable
{
    readonly Database _database;
    readonly ConnectionHandle _handle;

    public Connection(Database database, ConnectionHandle handle)
    {
        (_database, _handle) = (database, handle);
        Execute("set TimeZone = 'UTC'; set enable_progress_bar = true; set enable_progress_bar_print = false; set progress_bar_time = 0", CancellationToken.None);
    }

    public ConnectionHandle Handle => _handle;

    /// <summary>A further connection to the same database: this one may be in the middle of a result.</summary>
    public Connection Another() => _database.Connect();

    /// <summary>Of the running statement, between 0 and 1; NaN when unknown.</summary>
    public double Progress => Api.duckdb_query_progress(_handle).Percentage is >= 0 and var percent ? percent / 100 : double.NaN;

    /// <summary>The statements of a text, checked and bound to the tables there are; nothing has run.</summary>
    public IReadOnlyList<Statement> Prepare(string sql)
    {
        List<Statement> prepared = [];
        var count = Api.duckdb_extract_statements(_handle, sql, out var statements);
        try
        {
            var error = Api.duckdb_extract_statements_error(statements);
            if (error != null) throw new DuckDbException(ErrorType.Invalid, Api.Text(error));
            for (ulong i = 0; i < count; i++)
            {
                var state = Api.duckdb_prepare_extracted_statement(_handle, statements, i, out var statement);
                var owned = new Statement(this, new StatementHandle(statement));
                prepared.Add(owned);
                if (state != State.Success) throw new DuckDbException(ErrorType.Invalid, Api.Text(Api.duckdb_prepare_error(statement)));
            }
            return prepared;
        }
        catch
        {
            foreach (var statement in prepared) statement.Dispose();
            throw;
        }
        finally
        {
            Api.duckdb_destroy_extracted(ref statements);
        }
    }

    /// <summary>Runs statements one after the other, each prepared when the ones before it have run.</summary>
    public void Execute(string sql, CancellationToken token)
    {
        var count = Api.duckdb_extract_statements(_handle, sql, out var statements);
        try
        {
            var error = Api.duckdb_extract_statements_error(statements);
            if (error != null) throw new DuckDbException(ErrorType.Invalid, Api.Text(error));
            for (ulong i = 0; i < count; i++)
            {
                var state = Api.duckdb_prepare_extracted_statement(_handle, statements, i, out var handle);
                using var statement = new Statement(this, new StatementHandle(handle));
                if (state != State.Success) throw new DuckDbException(ErrorType.Invalid, Api.Text(Api.duckdb_prepare_error(handle)));
                statement.Run(streaming: false, token).Dispose();
            }
        }
        finally
        {
            Api.duckdb_destroy_extracted(ref statements);
        }
    }

    /// <summary>Runs one SELECT; its rows are made as they are fetched.</summary>
    public ResultStream Stream(string sql, CancellationToken token)
    {
        var statements = Prepare(sql);
        try
        {
            return statements[0].Run(streaming: true, token);
        }
        finally
        {
            foreach (var statement in statements) statement.Dispose();
        }
    }

    public void Dispose() => _handle.Dispose();
}
