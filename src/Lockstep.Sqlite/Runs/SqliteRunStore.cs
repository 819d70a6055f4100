using System.IO.Compression;
using System.Text;
using Lockstep.Core;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Lockstep.Sqlite.Runs;

/// <summary>
/// The record of runs in one SQLite file, beside the registry. Every call is one transaction, synced to disk before it returns. What old
/// runs have read is dropped after <see cref="KeptReads"/> later ones; a run whose store stands on an older one computes everything afresh.
/// </summary>
public sealed class SqliteRunStore : IRunStore
{
    const int Format = 4; // 2: rows_dropped, expectations; 3: ends; 4: of which online store
    const int ApplicationId = 0x4C4B524E; // "LKRN"
    const int KeptReads = 50;

    readonly string _path;
    readonly string _store;
    readonly SqliteConnection _connection;
    readonly SemaphoreSlim _turn = new(1, 1);

    /// <param name="path">The file.</param>
    /// <param name="store">The online store whose ends are asked for (S25), see <see cref="MaterializerOptions.OnlineStore"/>: environments may share the file.</param>
    public SqliteRunStore(string path, string store = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _store = store;
        SqliteRuntime.Init();
        _path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"The folder of the record of runs '{_path}' cannot be made: {e.Message}", e);
        }
        _connection = new(new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false, DefaultTimeout = 30 }.ToString());
        try
        {
            Guarded(() =>
            {
                _connection.Open();
                Prepare();
                return 0;
            });
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    void Prepare()
    {
        if (Scalar("SELECT count(*) FROM sqlite_master") is not 0L)
        {
            if (Scalar("PRAGMA application_id") is not (long)ApplicationId)
                throw new LockstepException(ErrorKind.Failed, $"'{_path}' is a SQLite file, but not a record of runs of Lockstep. Name another file; nothing was changed.");
            if (Scalar("PRAGMA user_version") is long format and > Format)
                throw new LockstepException(ErrorKind.Failed, $"The record of runs '{_path}' has format {format}; this program knows formats up to {Format}. Use the version of Lockstep that wrote it. Nothing was changed.");
        }
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute($"""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS runs(number INTEGER PRIMARY KEY AUTOINCREMENT, view TEXT NOT NULL, fingerprint TEXT NOT NULL, store TEXT NOT NULL,
              token TEXT NOT NULL UNIQUE, lease INTEGER NOT NULL, owner TEXT NOT NULL, started INTEGER NOT NULL, from_time INTEGER, to_time INTEGER, is_full INTEGER NOT NULL,
              horizon INTEGER NOT NULL, state TEXT NOT NULL, ended INTEGER, mode TEXT, taken_up_to INTEGER, left_out INTEGER, stored_version INTEGER,
              rows_read INTEGER, keys INTEGER, keys_removed INTEGER, rows_ahead INTEGER, error TEXT, reads_dropped INTEGER NOT NULL DEFAULT 0,
              rows_dropped INTEGER, expectations TEXT);
            CREATE INDEX IF NOT EXISTS runs_of_view ON runs(view, store, number);
            CREATE TABLE IF NOT EXISTS reads(run INTEGER NOT NULL, number INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY(run, number)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS ends(number INTEGER PRIMARY KEY AUTOINCREMENT, view TEXT NOT NULL, end INTEGER NOT NULL, recorded INTEGER NOT NULL, run INTEGER, store TEXT);
            CREATE INDEX IF NOT EXISTS ends_of_view ON ends(view, number);
            """);
        if (Scalar("SELECT count(*) FROM pragma_table_info('runs') WHERE name = 'rows_dropped'") is 0L) // written by format 1
            Execute("ALTER TABLE runs ADD COLUMN rows_dropped INTEGER; ALTER TABLE runs ADD COLUMN expectations TEXT");
        if (Scalar("SELECT count(*) FROM pragma_table_info('ends') WHERE name = 'store'") is 0L) // written by format 3: of all stores
            Execute("ALTER TABLE ends ADD COLUMN store TEXT");
        Execute($"""
            PRAGMA application_id={ApplicationId};
            PRAGMA user_version={Format};
            COMMIT;
            """);
    }

    public ValueTask<long> BeginAsync(RunStart start, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(start);
        return TransactAsync(() =>
        {
            Execute("UPDATE runs SET state = 'Abandoned' WHERE view = $v AND store = $s AND state = 'Running'", ("$v", start.View), ("$s", start.Store));
            var number = (long)Scalar("""
                INSERT INTO runs(view, fingerprint, store, token, lease, owner, started, from_time, to_time, is_full, horizon, state)
                VALUES($view, $fingerprint, $store, $token, $lease, $owner, $started, $from, $to, $full, $horizon, 'Running') RETURNING number
                """,
                ("$view", start.View), ("$fingerprint", start.Fingerprint), ("$store", start.Store), ("$token", start.Token.ToString("N")), ("$lease", start.Lease),
                ("$owner", start.Owner), ("$started", start.StartedAt), ("$from", start.From), ("$to", start.To), ("$full", start.Full ? 1 : 0), ("$horizon", start.Horizon))!;
            const string old = "SELECT number FROM runs WHERE view = $v AND store = $s AND reads_dropped = 0 ORDER BY number DESC LIMIT -1 OFFSET $kept";
            Execute($"DELETE FROM reads WHERE run IN ({old})", ("$v", start.View), ("$s", start.Store), ("$kept", KeptReads));
            Execute($"UPDATE runs SET reads_dropped = 1 WHERE number IN ({old})", ("$v", start.View), ("$s", start.Store), ("$kept", KeptReads));
            return number;
        }, token);
    }

    public async ValueTask AddReadAsync(long run, TableState state, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(state);
        await TransactAsync(() => Execute("INSERT INTO reads(run, number, state) SELECT $run, count(*), $state FROM reads WHERE run = $run", ("$run", run), ("$state", Pack(state))), token);
    }

    public async ValueTask EndAsync(long run, RunEnd end, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(end);
        await TransactAsync(() => Execute("""
            UPDATE runs SET state = $state, ended = $ended, mode = $mode, taken_up_to = $taken, left_out = $left, stored_version = $stored,
              rows_read = $rows, keys = $keys, keys_removed = $removed, rows_ahead = $ahead, error = $error, rows_dropped = $dropped, expectations = $expectations WHERE number = $run
            """,
            ("$state", end.State.ToString()), ("$ended", end.EndedAt), ("$mode", end.Mode.ToString()), ("$taken", end.TakenUpTo), ("$left", end.LeftOut),
            ("$stored", end.StoredVersion), ("$rows", end.RowsRead), ("$keys", end.Keys), ("$removed", end.KeysRemoved), ("$ahead", end.RowsAhead), ("$dropped", end.RowsDropped),
            ("$expectations", end.Expectations.Count == 0 ? null : ExpectationJson.Write(end.Expectations)), ("$error", end.Error), ("$run", run)), token);
    }

    public ValueTask<RecordedRun?> FindAsync(string view, string store, Guid token, CancellationToken cancellation)
        => ReadAsync(() => Runs("view = $v AND store = $s AND token = $t AND reads_dropped = 0", true, ("$v", view), ("$s", store), ("$t", token.ToString("N"))).FirstOrDefault(), cancellation);

    public ValueTask<IReadOnlyList<RecordedRun>> FromAsync(string view, string store, long run, CancellationToken token)
        => ReadAsync<IReadOnlyList<RecordedRun>>(() => Runs("view = $v AND store = $s AND number >= $n ORDER BY number", true, ("$v", view), ("$s", store), ("$n", run)), token);

    public ValueTask<IReadOnlyList<RecordedRun>> ListAsync(string? view, int limit, CancellationToken token)
        => ReadAsync<IReadOnlyList<RecordedRun>>(() => Runs("($v IS NULL OR view = $v) ORDER BY number DESC LIMIT $n", false, ("$v", view), ("$n", limit)), token);

    public ValueTask<long?> StoredVersionAsync(string view, CancellationToken token)
        => ReadAsync(() => Scalar("SELECT stored_version FROM runs WHERE view = $v AND state = 'Finished' AND stored_version IS NOT NULL ORDER BY number DESC LIMIT 1", ("$v", view)) as long?, token);

    public async ValueTask RecordEndAsync(string view, long end, long recordedAt, long? run, CancellationToken token)
        => await TransactAsync(() => Execute("INSERT INTO ends(view, end, recorded, run, store) SELECT $view, $end, $recorded, $run, $store WHERE NOT EXISTS(SELECT 1 FROM ends WHERE view = $view AND (store IS NULL OR store = $store) AND ($run IS NULL OR end > $end))", ("$store", _store), ("$view", view), ("$end", end), ("$recorded", recordedAt), ("$run", run)), token);

    public ValueTask<IReadOnlyList<RecordedEnd>> EndsAsync(string view, CancellationToken token) => ReadAsync<IReadOnlyList<RecordedEnd>>(() =>
    {
        List<RecordedEnd> ends = [];
        using var command = Command("SELECT e.end, e.recorded, e.run, e.run IS NULL OR r.state = 'Finished' FROM ends e LEFT JOIN runs r ON r.number = e.run WHERE e.view = $view AND (e.store IS NULL OR e.store = $store) ORDER BY e.number", ("$view", view), ("$store", _store));
        using var row = command.ExecuteReader();
        while (row.Read()) ends.Add(new(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.GetInt64(3) != 0));
        return ends;
    }, token);

    List<RecordedRun> Runs(string where, bool withReads, params (string Name, object? Value)[] arguments)
    {
        List<RecordedRun> runs = [];
        using (var command = Command($"""
            SELECT number, view, fingerprint, store, token, lease, owner, started, from_time, to_time, is_full, horizon, state, ended, mode,
              taken_up_to, left_out, stored_version, rows_read, keys, keys_removed, rows_ahead, error, rows_dropped, expectations FROM runs WHERE {where}
            """, arguments))
        using (var row = command.ExecuteReader())
            while (row.Read()) runs.Add(Run(row));
        return withReads ? [.. runs.Select(r => r with { Reads = Reads(r.Number) })] : runs;
    }

    static RecordedRun Run(SqliteDataReader row)
    {
        var state = Enum.Parse<RunState>(row.GetString(12));
        var start = new RunStart
        {
            View = row.GetString(1),
            Fingerprint = row.GetString(2),
            Store = row.GetString(3),
            Token = Guid.Parse(row.GetString(4)),
            Lease = row.GetInt64(5),
            Owner = row.GetString(6),
            StartedAt = row.GetInt64(7),
            From = Number(8),
            To = Number(9),
            Full = row.GetInt64(10) != 0,
            Horizon = row.GetInt64(11),
        };
        var end = Number(13) is not { } ended ? null : new RunEnd
        {
            State = state,
            EndedAt = ended,
            Mode = Enum.Parse<RunMode>(row.GetString(14)),
            TakenUpTo = row.GetInt64(15),
            LeftOut = Number(16),
            StoredVersion = Number(17),
            RowsRead = row.GetInt64(18),
            Keys = row.GetInt64(19),
            KeysRemoved = row.GetInt64(20),
            RowsAhead = row.GetInt64(21),
            Error = row.IsDBNull(22) ? null : row.GetString(22),
            RowsDropped = Number(23) ?? 0,
            Expectations = row.IsDBNull(24) ? [] : ExpectationJson.Read(row.GetString(24)),
        };
        return new(row.GetInt64(0), start, state, end, []);

        long? Number(int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
    }

    List<TableState> Reads(long run)
    {
        List<TableState> reads = [];
        using var command = Command("SELECT state FROM reads WHERE run = $run ORDER BY number", ("$run", run));
        using var row = command.ExecuteReader();
        while (row.Read()) reads.Add(Unpack(row.GetFieldValue<byte[]>(0)));
        return reads;
    }

    // A table of many files is a long list of like lines.
    static byte[] Pack(TableState state)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest)) brotli.Write(Encoding.UTF8.GetBytes(state.ToJson()));
        return packed.ToArray();
    }

    static TableState Unpack(byte[] packed)
    {
        using var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var reader = new StreamReader(brotli, Encoding.UTF8);
        return TableState.Parse(reader.ReadToEnd());
    }

    ValueTask<T> TransactAsync<T>(Func<T> body, CancellationToken token) => RunAsync("BEGIN IMMEDIATE", body, token);
    ValueTask<T> ReadAsync<T>(Func<T> body, CancellationToken token) => RunAsync("BEGIN", body, token);

    async ValueTask<T> RunAsync<T>(string begin, Func<T> body, CancellationToken token)
    {
        await _turn.WaitAsync(token);
        try
        {
            return Guarded(() =>
            {
                Execute(begin);
                var done = false;
                try
                {
                    var result = body();
                    Execute("COMMIT");
                    done = true;
                    return result;
                }
                finally
                {
                    if (!done && sqlite3_get_autocommit(_connection.Handle) == 0) Execute("ROLLBACK"); // a full disk has rolled back already
                }
            });
        }
        finally
        {
            _turn.Release();
        }
    }

    T Guarded<T>(Func<T> body)
    {
        try
        {
            return body();
        }
        catch (SqliteException e)
        {
            throw SqliteRuntime.Error(e.SqliteExtendedErrorCode, e.Message, "record of runs", _path, e);
        }
    }

    int Execute(string sql, params (string Name, object? Value)[] arguments)
    {
        using var command = Command(sql, arguments);
        return command.ExecuteNonQuery();
    }

    object? Scalar(string sql, params (string Name, object? Value)[] arguments)
    {
        using var command = Command(sql, arguments);
        return command.ExecuteScalar();
    }

    SqliteCommand Command(string sql, params (string Name, object? Value)[] arguments)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in arguments) command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync(CancellationToken.None);
        await _connection.DisposeAsync();
        _turn.Dispose();
    }
}
