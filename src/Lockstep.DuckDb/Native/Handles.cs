using System.Runtime.InteropServices;

namespace Lockstep.DuckDb.Native;

/// <summary>An open database. Its connections keep it alive beyond this handle.</summary>
internal sealed class DatabaseHandle() : SafeHandle(0, true)
{
    public override bool IsInvalid => handle == 0;

    /// <param name="path">Null: in memory.</param>
    /// <param name="settings">Applied before anything else can run.</param>
    public static unsafe DatabaseHandle Open(string? path, IEnumerable<KeyValuePair<string, string>> settings)
    {
        DuckDbLibrary.Load();
        if (Api.duckdb_create_config(out var config) != State.Success) throw new DuckDbException(ErrorType.Invalid, "DuckDB gave no configuration.");
        try
        {
            foreach (var (name, value) in settings)
                if (Api.duckdb_set_config(config, name, value) != State.Success)
                    throw new DuckDbException(ErrorType.Invalid, $"DuckDB refuses the setting {name}={value}.");
            var database = new DatabaseHandle();
            var state = Api.duckdb_open_ext(path, out database.handle, config, out var error);
            if (state == State.Success) return database;
            throw new DuckDbException(ErrorType.Io, Api.TakeText(error));
        }
        finally
        {
            Api.duckdb_destroy_config(ref config);
        }
    }

    protected override bool ReleaseHandle()
    {
        Api.duckdb_close(ref handle);
        return true;
    }
}

/// <summary>A connection: one statement at a time, interruptible from any thread.</summary>
internal sealed class ConnectionHandle() : SafeHandle(0, true)
{
    public override bool IsInvalid => handle == 0;

    public static ConnectionHandle Open(DatabaseHandle database)
    {
        var connection = new ConnectionHandle();
        if (Api.duckdb_connect(database, out connection.handle) != State.Success)
            throw new DuckDbException(ErrorType.Invalid, "DuckDB opens no further connection.");
        return connection;
    }

    protected override bool ReleaseHandle()
    {
        Api.duckdb_disconnect(ref handle);
        return true;
    }
}

/// <summary>A prepared statement.</summary>
internal sealed class StatementHandle : SafeHandle
{
    public StatementHandle(nint statement) : base(0, true) => handle = statement;

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        Api.duckdb_destroy_prepare(ref handle);
        return true;
    }
}
