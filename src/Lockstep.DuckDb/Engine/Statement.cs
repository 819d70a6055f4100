using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine;

internal sealed record ResultColumn(string Name, DuckType Type);

/// <summary>A statement that DuckDB has understood and bound, and has not run.</summary>
internal sealed unsafe class Statement(Connection connection, StatementHandle handle) : IDisposable
{
    public StatementType Type => Api.duckdb_prepared_statement_type(handle);

    public IReadOnlyList<ResultColumn> Columns
    {
        get
        {
            var columns = new ResultColumn[Api.duckdb_prepared_statement_column_count(handle)];
            for (var i = 0; i < columns.Length; i++)
                columns[i] = new(Api.TakeText(Api.duckdb_prepared_statement_column_name(handle, (ulong)i)),
                    DuckType.Take(Api.duckdb_prepared_statement_column_logical_type(handle, (ulong)i)));
            return columns;
        }
    }

    public ResultStream Run(bool streaming, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        using var interrupt = new InterruptScope(connection, token);
        var state = streaming ? Api.duckdb_pending_prepared_streaming(handle, out var pending) : Api.duckdb_pending_prepared(handle, out pending);
        try
        {
            if (state != State.Success) throw new DuckDbException(ErrorType.Invalid, Api.Text(Api.duckdb_pending_error(pending)));
            if (Api.duckdb_execute_pending(pending, out var result) == State.Success) return new ResultStream(connection, result);
            var error = new DuckDbException(Api.duckdb_result_error_type(ref result), Api.Text(Api.duckdb_result_error(ref result)));
            Api.duckdb_destroy_result(ref result);
            if (error.IsInterrupt) token.ThrowIfCancellationRequested();
            throw error;
        }
        finally
        {
            Api.duckdb_destroy_pending(ref pending);
        }
    }

    public void Dispose() => handle.Dispose();
}
