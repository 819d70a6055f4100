using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine;

/// <summary>The chunks of a result, one at a time: at most 2048 rows each, made as they are fetched.</summary>
internal sealed unsafe class ResultStream : IDisposable
{
    readonly Connection _connection;
    Result _result;
    nint _chunk;
    bool _disposed;

    public ResultStream(Connection connection, Result result)
    {
        _connection = connection;
        _result = result;
        var columns = new ResultColumn[Api.duckdb_column_count(ref _result)];
        for (var i = 0; i < columns.Length; i++)
            columns[i] = new(Api.Text(Api.duckdb_column_name(ref _result, (ulong)i)), DuckType.Take(Api.duckdb_column_logical_type(ref _result, (ulong)i)));
        Columns = columns;
    }

    public IReadOnlyList<ResultColumn> Columns { get; }

    /// <summary>Rows of the current chunk.</summary>
    public int Rows { get; private set; }

    /// <summary>A column of the current chunk; gone with the next one.</summary>
    public nint Vector(int column) => Api.duckdb_data_chunk_get_vector(_chunk, (ulong)column);

    public bool Next(CancellationToken token)
    {
        Release();
        token.ThrowIfCancellationRequested();
        using (new InterruptScope(_connection, token))
        {
            do
            {
                Release();
                _chunk = Api.duckdb_fetch_chunk(_result);
                Rows = _chunk == 0 ? 0 : (int)Api.duckdb_data_chunk_get_size(_chunk);
            }
            while (_chunk != 0 && Rows == 0);
        }
        if (_chunk != 0) return true;
        var text = Api.Text(Api.duckdb_result_error(ref _result));
        if (text.Length == 0) return false;
        var error = new DuckDbException(Api.duckdb_result_error_type(ref _result), text);
        if (error.IsInterrupt) token.ThrowIfCancellationRequested();
        throw error;
    }

    void Release()
    {
        if (_chunk != 0) Api.duckdb_destroy_data_chunk(ref _chunk);
        _chunk = 0;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Release();
        Api.duckdb_destroy_result(ref _result);
    }
}
