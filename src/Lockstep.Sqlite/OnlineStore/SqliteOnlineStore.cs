using System.Runtime.CompilerServices;
using Lockstep.Core;
using Lockstep.Runtime.OnlineStore;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Lockstep.Sqlite.OnlineStore;

// Reading: take the state of the file; if the wal-index says that nobody else has committed since, cells come from the cache, and
// those that are not there from the file, all misses of a batch in one snapshot.
// Writing: one connection, one transaction a call; the lease is looked at inside the transaction, so that a run which has lost it
// writes nothing. Before the commit its keys leave the cache, and the keys' shards are closed until the commit is known to be ours.
/// <summary>The online store in one SQLite file, for any number of threads and processes of one machine.</summary>
public sealed partial class SqliteOnlineStore : IOnlineStore
{
    const int PageRows = 1024;
    const long PageBytes = 4 << 20;

    readonly OnlineFile _file;
    readonly CellCache? _cache;
    readonly TimeProvider _clock;
    readonly ReadGate _gate = new();
    readonly SemaphoreSlim _write = new(1, 1);
    readonly WalCheckpoints _checkpoints;
    readonly Lock _sync = new();
    volatile FileState? _state; // null: not known
    bool _committing;           // under _sync
    int _disposed;

    /// <summary>Opens the file and makes it where it is missing; a file that is not ours, or of a newer format, is refused by name.</summary>
    public SqliteOnlineStore(SqliteOnlineStoreOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        _clock = clock ?? throw new ArgumentNullException(nameof(clock));
        _file = new(options);
        _checkpoints = new(_file, _write);
        if (_file.Clock is not null && options.CacheBytes > 0) _cache = new(options.CacheBytes);
    }

    /// <summary>Bytes of cells that the process holds.</summary>
    public long CachedBytes => _cache?.Bytes ?? 0;

    public bool TryGetStamp(out StoreStamp stamp)
    {
        var stripe = _gate.Enter(); // the file stays mapped meanwhile
        try
        {
            var header = _file.Clock?.Read() ?? default;
            stamp = new(header.Change, header.Checksum);
            return _file.Clock is not null;
        }
        finally
        {
            _gate.Leave(stripe);
        }
    }

    public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(batch);
        token.ThrowIfCancellationRequested();
        var stripe = _gate.Enter();
        try
        {
            var state = Current(out var cached);
            var misses = 0;
            string? name = null;
            var table = -1L;
            for (var i = 0; i < batch.Count; i++)
            {
                if (!ReferenceEquals(batch.Table(i), name))
                {
                    name = batch.Table(i);
                    table = state.Tables.GetValueOrDefault(name, -1);
                }
                if (table < 0) continue;
                var key = batch.Key(i);
                var (hash, version) = (0UL, 1L); // an odd version is never taken in
                if (cached)
                {
                    hash = _cache!.Hash(table, key);
                    if (_cache.TryGet(table, key, hash, out var cell))
                    {
                        batch.SetCell(i, cell);
                        continue;
                    }
                    version = _cache.Version(hash);
                }
                Miss.Add(ref misses, new(i, table, hash, version));
            }
            if (misses > 0) ReadMisses(batch, Miss.Taken(misses), token);
            return ValueTask.CompletedTask;
        }
        finally
        {
            _gate.Leave(stripe);
        }
    }

    void ReadMisses(OnlineReadBatch batch, ReadOnlySpan<Miss> misses, CancellationToken token)
    {
        var reader = _file.RentReader();
        try
        {
            if (misses.Length > 1) reader.Execute("BEGIN");
            foreach (var miss in misses)
            {
                token.ThrowIfCancellationRequested();
                var key = batch.Key(miss.Index);
                if (!TryRead(reader, miss.Table, key, out var cell)) continue;
                batch.SetCell(miss.Index, cell);
                _cache?.Add(miss.Table, key, miss.Hash, cell, miss.Version);
            }
        }
        finally
        {
            Release(reader);
        }
    }

    /// <summary>False: the table is gone.</summary>
    static bool TryRead(RawConnection reader, long table, ReadOnlySpan<byte> key, out byte[] cell)
    {
        cell = [];
        sqlite3_stmt statement;
        try
        {
            statement = reader.Cell(table, CellStatement.Get);
            Bind(statement, 1, key);
            if (reader.Step(statement)) cell = Whole(statement, 0);
        }
        catch (LockstepException) when (IsDropped(reader, table))
        {
            return false;
        }
        sqlite3_reset(statement);
        return true;
    }

    /// <summary>A cell from its two columns.</summary>
    static byte[] Whole(sqlite3_stmt statement, int column)
    {
        var front = sqlite3_column_blob(statement, column);
        var length = sqlite3_column_bytes(statement, column + 1);
        if (length == 0) return front.ToArray();
        var cell = GC.AllocateUninitializedArray<byte>(front.Length + length);
        front.CopyTo(cell);
        sqlite3_column_blob(statement, column + 1).CopyTo(cell.AsSpan(front.Length));
        return cell;
    }

    static bool IsDropped(RawConnection reader, long table)
    {
        if (reader.ErrorCode != SQLITE_ERROR) return false;
        reader.Forget(table);
        return !OnlineFile.ReadTables(reader).Values.Contains(table);
    }

    /// <summary>Ends the reader's snapshot and gives it back; one that cannot end it is closed.</summary>
    void Release(RawConnection reader)
    {
        if (reader.InTransaction && reader.TryExecute("COMMIT") != SQLITE_DONE) reader.Dispose();
        else _file.Return(reader);
    }

    /// <summary>The state of the file; <paramref name="cached"/>: the cache holds nothing older.</summary>
    FileState Current(out bool cached)
    {
        var state = _state;
        cached = _cache is not null;
        if (state is not null && cached && _file.Clock!.Read() == state.Stamp) return state;
        lock (_sync)
        {
            if (_committing && _state is not null)
            {
                cached = false; // whose commit the change is will be known in a moment: until then the file answers
                return _state;
            }
            return Resync();
        }
    }

    /// <summary>Under the lock: forgets everything when somebody else has committed.</summary>
    FileState Resync()
    {
        var stamp = _file.Clock?.Read() ?? default;
        if (_state is { } state && _file.Clock is not null && state.Stamp == stamp) return state;
        _cache?.Clear();
        var reader = _file.RentReader();
        try
        {
            return _state = new(stamp, OnlineFile.ReadTables(reader)); // read after the stamp: never older than it says
        }
        finally
        {
            Release(reader);
        }
    }

    public async IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, [EnumeratorCancellation] CancellationToken token)
    {
        List<(byte[] Key, byte[] Cell)> page = [];
        byte[]? after = null;
        do
        {
            token.ThrowIfCancellationRequested();
            ReadPage(table, after, page);
            foreach (var entry in page) yield return entry;
            if (page.Count > 0) after = page[^1].Key;
            await Task.Yield(); // a scan of millions leaves others a thread
        }
        while (page.Count > 0);
    }

    void ReadPage(string table, byte[]? after, List<(byte[] Key, byte[] Cell)> page)
    {
        page.Clear();
        var stripe = _gate.Enter();
        var reader = _file.RentReader();
        try
        {
            if (!OnlineFile.ReadTables(reader).TryGetValue(table, out var id)) return;
            var statement = reader.Cell(id, after is null ? CellStatement.PageFromStart : CellStatement.PageAfter);
            if (after is not null) Bind(statement, 1, after);
            sqlite3_bind_int(statement, after is null ? 1 : 2, PageRows);
            for (var bytes = 0L; bytes < PageBytes && reader.Step(statement); bytes += page[^1].Cell.Length)
                page.Add((sqlite3_column_blob(statement, 0).ToArray(), Whole(statement, 1)));
            sqlite3_reset(statement);
        }
        finally
        {
            Release(reader);
            _gate.Leave(stripe);
        }
    }

    public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        List<OnlineTable> tables = [];
        var stripe = _gate.Enter();
        var reader = _file.RentReader();
        try
        {
            var statement = reader.Statement("SELECT name, cells, bytes FROM tables WHERE made = 1 ORDER BY name");
            while (reader.Step(statement))
                tables.Add(new(sqlite3_column_text(statement, 0).utf8_to_string() ?? "", sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2)));
            sqlite3_reset(statement);
        }
        finally
        {
            Release(reader);
            _gate.Leave(stripe);
        }
        return new(tables);
    }

    /// <summary>An empty key is a blob of no bytes, not null.</summary>
    internal static void Bind(sqlite3_stmt statement, int index, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) sqlite3_bind_zeroblob(statement, index, 0);
        else sqlite3_bind_blob(statement, index, bytes);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _checkpoints.CloseAsync();
        await _write.WaitAsync(CancellationToken.None);
        await _gate.CloseAsync();
        _file.Dispose();
        _write.Release(); // who still waits finds the store closed
    }

    /// <summary>A key that the cache does not have.</summary>
    readonly record struct Miss(int Index, long Table, ulong Hash, long Version)
    {
        [ThreadStatic] static Miss[]? t_buffer;

        public static void Add(ref int count, Miss miss)
        {
            var buffer = t_buffer ??= new Miss[64];
            if (count == buffer.Length)
            {
                Array.Resize(ref buffer, count * 2);
                t_buffer = buffer;
            }
            buffer[count++] = miss;
        }

        public static ReadOnlySpan<Miss> Taken(int count) => t_buffer.AsSpan(0, count);
    }
}
