using System.Runtime.InteropServices;
using Lockstep.Core;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Lockstep.Sqlite.OnlineStore;

/// <summary>One connection to the file with its prepared statements; for one thread at a time. Spans in, spans out, no ADO.NET.</summary>
internal sealed class RawConnection : IDisposable
{
    readonly string _path;
    readonly sqlite3 _db;
    readonly Dictionary<string, sqlite3_stmt> _statements = new(StringComparer.Ordinal);
    readonly Dictionary<(long Table, CellStatement Kind), sqlite3_stmt> _cellStatements = [];

    public RawConnection(string path, bool write, long mapBytes)
    {
        SqliteRuntime.Init();
        _path = path;
        var flags = (write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
        var code = sqlite3_open_v2(path, out _db, flags, null);
        if (code != SQLITE_OK)
        {
            var error = SqliteRuntime.Error(code, sqlite3_errmsg(_db).utf8_to_string(), "online store", path);
            _db.Dispose();
            throw error;
        }
        sqlite3_extended_result_codes(_db, 1);
        WaitForLocks(ReaderWait);
        Execute($"PRAGMA mmap_size={mapBytes}");
    }

    // A reader waits only while another process recovers the log or closes the file.
    static readonly TimeSpan ReaderWait = TimeSpan.FromSeconds(10);

    /// <summary>How long SQLite itself waits for a lock. This build of it sleeps whole seconds at a time.</summary>
    public void WaitForLocks(TimeSpan time) => sqlite3_busy_timeout(_db, (int)time.TotalMilliseconds);

    public nint Handle => _db.DangerousGetHandle();

    public void Execute(string sql)
    {
        var code = TryExecute(sql);
        if (code is not (SQLITE_DONE or SQLITE_ROW)) throw Error(code);
    }

    /// <summary>Runs a statement without results; the code of SQLite comes back.</summary>
    public int TryExecute(string sql)
    {
        var statement = Statement(sql);
        var code = sqlite3_step(statement);
        while (code == SQLITE_ROW) code = sqlite3_step(statement);
        sqlite3_reset(statement);
        return code;
    }

    public long Int64(string sql)
    {
        var statement = Statement(sql);
        var row = Step(statement);
        var value = row ? sqlite3_column_int64(statement, 0) : 0;
        sqlite3_reset(statement);
        return value;
    }

    public string Text(string sql)
    {
        var statement = Statement(sql);
        var row = Step(statement);
        var value = row ? sqlite3_column_text(statement, 0).utf8_to_string() ?? "" : "";
        sqlite3_reset(statement);
        return value;
    }

    /// <summary>The prepared statement of this text; made once.</summary>
    public sqlite3_stmt Statement(string sql)
    {
        ref var statement = ref CollectionsMarshal.GetValueRefOrAddDefault(_statements, sql, out _);
        return statement ??= Prepare(sql);
    }

    public sqlite3_stmt Cell(long table, CellStatement kind)
    {
        ref var statement = ref CollectionsMarshal.GetValueRefOrAddDefault(_cellStatements, (table, kind), out _);
        return statement ??= Prepare(OnlineSchema.Sql(table, kind));
    }

    /// <summary>True: a row is there; false: done. Anything else is an error, after which the statement has been reset.</summary>
    public bool Step(sqlite3_stmt statement)
    {
        var code = sqlite3_step(statement);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        var error = Error(code);
        sqlite3_reset(statement);
        throw error;
    }

    /// <summary>Brings as much of the log into the file as no reader still needs, without making anybody wait.</summary>
    public void Checkpoint()
    {
        var code = sqlite3_wal_checkpoint_v2(_db, "main", SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        if (code is not (SQLITE_OK or SQLITE_BUSY)) throw Error(code); // busy: another process is at it
    }

    public LockstepException Error(int code) => SqliteRuntime.Error(code, sqlite3_errmsg(_db).utf8_to_string(), "online store", _path);

    /// <summary>The primary code of the last error.</summary>
    public int ErrorCode => sqlite3_errcode(_db) & 0xFF;

    public bool InTransaction => sqlite3_get_autocommit(_db) == 0;

    /// <summary>Drops the statements of a table that is gone.</summary>
    public void Forget(long table)
    {
        foreach (var key in _cellStatements.Keys.Where(k => k.Table == table).ToList())
        {
            _cellStatements.Remove(key, out var statement);
            statement?.Dispose();
        }
    }

    sqlite3_stmt Prepare(string sql)
    {
        var code = sqlite3_prepare_v3(_db, sql, SQLITE_PREPARE_PERSISTENT, out var statement);
        return code == SQLITE_OK ? statement : throw Error(code);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values.Concat(_cellStatements.Values)) statement?.Dispose();
        _db.Dispose();
    }
}

/// <summary>The statements over the cells of a table.</summary>
internal enum CellStatement { Get, GetFront, Put, Delete, GetBody, PutBody, DeleteBody, PageFromStart, PageAfter }
