using System.Globalization;
using Lockstep.Core;
using static SQLitePCL.raw;

namespace Lockstep.Sqlite.OnlineStore;

/// <summary>What is known of the file as of one commit. Replaced whole.</summary>
/// <param name="Stamp">The commit.</param>
/// <param name="Tables">Ids of all tables that hold, or held, cells.</param>
internal sealed record FileState(WalStamp Stamp, IReadOnlyDictionary<string, long> Tables);

/// <summary>The connections to the file: one that writes, as many as are needed that read, and one that keeps watch over who has written.</summary>
internal sealed class OnlineFile : IDisposable
{
    readonly SqliteOnlineStoreOptions _options;
    readonly RawConnection?[] _readers = new RawConnection?[Math.Max(4, Environment.ProcessorCount * 2)];
    readonly RawConnection _watch;

    // Openers of one process take turns instead of waiting each other out.
    static readonly Lock s_opening = new();

    public OnlineFile(SqliteOnlineStoreOptions options)
    {
        _options = options;
        Path = System.IO.Path.GetFullPath(options.Path);
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"The folder of the online store '{Path}' cannot be made: {e.Message}", e);
        }
        Writer = new(Path, write: true, options.MapBytes);
        Writer.WaitForLocks(TimeSpan.Zero); // a busy file is waited for here and in BeginWriteAsync
        try
        {
            lock (s_opening) MakeOrCheck();
            _watch = OpenReader();
            Clock = WalClock.TryOpen(_watch);
            Writer.Execute(Clock is null ? "PRAGMA wal_autocheckpoint=4096" : "PRAGMA wal_autocheckpoint=0"); // 0: WalCheckpoints does it
        }
        catch
        {
            _watch?.Dispose();
            Writer.Dispose();
            throw;
        }
    }

    // Turning a new file's log on takes the file alone. SQLite does not wait where two processes are at that: each would wait for the
    // other. It says that the file is busy, and whoever is told so looks again, after a pause: nothing signals that a lock of another process
    // has ended, and a lock file of ours would be one more thing that every program that opens the file has to know. It is once for each
    // opening, of the constructor, so a thread is held.
    void MakeOrCheck()
    {
        var begun = TimeProvider.System.GetTimestamp();
        for (var wait = 1; ; wait = Math.Min(wait * 2, 32))
        {
            try
            {
                OnlineSchema.Check(Writer, Path);
                OnlineSchema.Create(Writer, Path, _options.SyncEveryWrite);
                return;
            }
            catch (LockstepException) when (Writer.ErrorCode == SQLITE_BUSY && TimeProvider.System.GetElapsedTime(begun) <= _options.BusyTimeout)
            {
                if (Writer.InTransaction) Writer.TryExecute("ROLLBACK");
            }
            Thread.Sleep(Random.Shared.Next(wait) + 1); // apart from each other, so that two do not meet again
        }
    }

    public string Path { get; }

    /// <summary>For the holder of the store's write lock only.</summary>
    public RawConnection Writer { get; }

    /// <summary>Null: nothing may be cached.</summary>
    public WalClock? Clock { get; }

    public RawConnection RentReader()
    {
        var start = Thread.GetCurrentProcessorId() & int.MaxValue;
        for (var i = 0; i < _readers.Length; i++)
            if (Interlocked.Exchange(ref _readers[(start + i) % _readers.Length], null) is { } reader) return reader;
        return OpenReader();
    }

    public void Return(RawConnection reader)
    {
        var start = Thread.GetCurrentProcessorId() & int.MaxValue;
        for (var i = 0; i < _readers.Length; i++)
            if (Interlocked.CompareExchange(ref _readers[(start + i) % _readers.Length], reader, null) is null) return;
        reader.Dispose();
    }

    /// <summary>Begins a transaction that writes; waits for other processes without holding a thread.</summary>
    public async ValueTask BeginWriteAsync(CancellationToken token)
    {
        var begun = TimeProvider.System.GetTimestamp();
        for (var wait = 1; ; wait = Math.Min(wait * 2, 32))
        {
            token.ThrowIfCancellationRequested();
            var code = Writer.TryExecute("BEGIN IMMEDIATE");
            if (code == SQLITE_DONE) return;
            if ((code & 0xFF) != SQLITE_BUSY || TimeProvider.System.GetElapsedTime(begun) > _options.BusyTimeout) throw Writer.Error(code);
            await Task.Delay(Random.Shared.Next(wait) + 1, token); // apart from each other, so that two do not meet again
        }
    }

    public static IReadOnlyDictionary<string, long> ReadTables(RawConnection connection)
    {
        var tables = new Dictionary<string, long>(StringComparer.Ordinal);
        var statement = connection.Statement("SELECT name, id FROM tables WHERE made = 1");
        while (connection.Step(statement)) tables.Add(sqlite3_column_text(statement, 0).utf8_to_string() ?? "", sqlite3_column_int64(statement, 1));
        sqlite3_reset(statement);
        return tables;
    }

    /// <summary>A connection that brings the log into the file.</summary>
    public RawConnection OpenCheckpointer()
    {
        var connection = new RawConnection(Path, write: true, _options.MapBytes);
        connection.Int64("SELECT count(*) FROM sqlite_master"); // before its first read it knows of no log, and would do nothing
        return connection;
    }

    RawConnection OpenReader()
    {
        var reader = new RawConnection(Path, write: false, _options.MapBytes);
        reader.Execute("PRAGMA query_only=1");
        reader.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size=-{16384}"));
        return reader;
    }

    /// <summary>Nobody may be reading any more.</summary>
    public void Dispose()
    {
        for (var i = 0; i < _readers.Length; i++) Interlocked.Exchange(ref _readers[i], null)?.Dispose();
        _watch.Dispose();
        Writer.Dispose();
    }
}
