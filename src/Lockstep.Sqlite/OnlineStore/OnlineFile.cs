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
    readonly SqliteConnection?[] _readers = new SqliteConnection?[Math.Max(4, Environment.ProcessorCount * 2)];
    readonly SqliteConnection _watch;

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
        try
        {
            Patient(() =>
            {
                OnlineSchema.Check(Writer, Path);
                OnlineSchema.Create(Writer, Path, options.SyncEveryWrite);
            }, CancellationToken.None);
            _watch = OpenReader();
            Clock = WalClock.TryOpen(_watch);
        }
        catch
        {
            _watch?.Dispose();
            Writer.Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>For the holder of the store's write lock only.</summary>
    public SqliteConnection Writer { get; }

    /// <summary>Null: nothing may be cached.</summary>
    public WalClock? Clock { get; }

    public SqliteConnection RentReader()
    {
        var start = Thread.GetCurrentProcessorId() & int.MaxValue;
        for (var i = 0; i < _readers.Length; i++)
            if (Interlocked.Exchange(ref _readers[(start + i) % _readers.Length], null) is { } reader) return reader;
        return OpenReader();
    }

    public void Return(SqliteConnection reader)
    {
        var start = Thread.GetCurrentProcessorId() & int.MaxValue;
        for (var i = 0; i < _readers.Length; i++)
            if (Interlocked.CompareExchange(ref _readers[(start + i) % _readers.Length], reader, null) is null) return;
        reader.Dispose();
    }

    /// <summary>Begins a transaction that writes; waits for other processes in short pieces, so that a token is heard.</summary>
    public void BeginWrite(CancellationToken token) => Patient(() =>
    {
        var code = Writer.TryExecute("BEGIN IMMEDIATE");
        if (code != SQLITE_DONE) throw Writer.Error(code);
    }, token);

    // Each try waits BusySlice inside SQLite.
    void Patient(Action action, CancellationToken token)
    {
        for (var left = Math.Max(1, (long)_options.BusyTimeout.TotalMilliseconds / SqliteConnection.BusySlice); ; left--)
        {
            token.ThrowIfCancellationRequested();
            try
            {
                action();
                return;
            }
            catch (LockstepException) when (left > 1 && Writer.ErrorCode == SQLITE_BUSY && !Writer.InTransaction)
            {
            }
        }
    }

    public static IReadOnlyDictionary<string, long> ReadTables(SqliteConnection connection)
    {
        var tables = new Dictionary<string, long>(StringComparer.Ordinal);
        var statement = connection.Statement("SELECT name, id FROM tables WHERE made = 1");
        while (connection.Step(statement)) tables.Add(sqlite3_column_text(statement, 0).utf8_to_string() ?? "", sqlite3_column_int64(statement, 1));
        sqlite3_reset(statement);
        return tables;
    }

    SqliteConnection OpenReader()
    {
        var reader = new SqliteConnection(Path, write: false, _options.MapBytes);
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
