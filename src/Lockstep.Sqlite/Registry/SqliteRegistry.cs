using Lockstep.Core;
using Lockstep.Runtime.Registry;
using Microsoft.Data.Sqlite;

namespace Lockstep.Sqlite.Registry;

/// <summary>
/// A registry in one SQLite file (WAL, every apply synced to disk before it is reported). One connection for each instance, used by one
/// thread at a time: the registry is read when it changes, not when features are.
/// </summary>
public sealed class SqliteRegistry : IRegistry
{
    readonly string _path;
    readonly int _patienceSeconds;
    readonly long _maxPages;
    readonly Lock _gate = new();
    SqliteConnection? _connection;
    bool _writable;
    bool _disposed;

    /// <param name="path">The file. It and its folder are made by the first apply, not before.</param>
    /// <param name="patienceSeconds">How long an apply waits for another process that is writing.</param>
    public SqliteRegistry(string path, int patienceSeconds = 10) : this(path, patienceSeconds, 0) { }

    /// <param name="maxPages">A limit to the file's size, so that a test can fill it up; 0: none.</param>
    internal SqliteRegistry(string path, int patienceSeconds, long maxPages)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SqliteRuntime.Init();
        (_path, _patienceSeconds, _maxPages) = (path, Math.Max(1, patienceSeconds), maxPages);
    }

    public string Name => _path;

    public ValueTask<long> NumberAsync(CancellationToken token) => new(Read(0L,
        (connection, transaction) => SqliteRegistryFormat.Number(connection, transaction, "select max(number) from applies"), token));

    public ValueTask<RegistrySnapshot> LoadAsync(CancellationToken token, long? asOf = null) => new(Read(RegistrySnapshot.Empty,
        (connection, transaction) => RegistrySnapshot.Create(_path, SqliteRegistryRows.Id(connection, transaction),
            SqliteRegistryRows.Applies(connection, transaction, asOf), SqliteRegistryRows.State(connection, transaction, _path, asOf)), token));

    public ValueTask<IReadOnlyList<ObjectRevision>> RevisionsAsync(ObjectCategory category, string name, CancellationToken token)
        => new(Read<IReadOnlyList<ObjectRevision>>([],
            (connection, transaction) => SqliteRegistryRows.Revisions(connection, transaction, _path, category, name), token));

    public ValueTask<RegistryApply> AppendAsync(ChangeSet changes, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(changes);
        token.ThrowIfCancellationRequested();
        lock (_gate)
            return new(Guarded(() =>
            {
                var connection = OpenForWriting();
                using var transaction = connection.BeginTransaction(deferred: false);
                var exists = SqliteRegistryFormat.Exists(connection, transaction, _path);
                var newest = exists ? SqliteRegistryRows.Newest(connection, transaction) : null;
                changes.CheckBase(_path, exists ? SqliteRegistryRows.Id(connection, transaction) : "", newest);
                if (!exists) SqliteRegistryFormat.Create(connection, transaction);
                var apply = new RegistryApply(changes.Base + 1, changes.At, changes.Author, changes.Reason, changes.Verb, changes.Restored, changes.Records.Count);
                SqliteRegistryRows.Insert(connection, transaction, apply, changes.Records);
                transaction.Commit();
                return apply;
            }));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Close();
        }
    }

    // One read transaction: everything that `read` sees is of one moment.
    T Read<T>(T empty, Func<SqliteConnection, SqliteTransaction, T> read, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (_gate)
            return Guarded(() =>
            {
                if (OpenForReading() is not { } connection) return empty;
                T result;
                using (var transaction = connection.BeginTransaction(deferred: true))
                    result = SqliteRegistryFormat.Exists(connection, transaction, _path) ? read(connection, transaction) : empty;
                if (!_writable) Close(); // it was told that nothing changes, which holds for one look at a time
                return result;
            });
    }

    T Guarded<T>(Func<T> work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            Close(); // the next call starts anew; what was not committed is rolled back
            throw SqliteRuntime.Error(e.SqliteExtendedErrorCode, e.Message, "registry", _path, e);
        }
        catch (LockstepException)
        {
            Close();
            throw;
        }
    }

    SqliteConnection? OpenForReading()
    {
        if (_connection is not null) return _connection;
        if (!File.Exists(_path)) return null;
        try
        {
            return Open(SqliteOpenMode.ReadWrite);
        }
        catch (SqliteException e) when ((e.SqliteErrorCode is 8 or 14 or 3 or 10 or 23) && !HasUnmergedLog)
        {
            // A folder that nobody can write to: SQLite needs its -shm file there, unless it is told that nothing changes.
            Close();
            return Open(SqliteOpenMode.ReadOnly, $"file:{Uri.EscapeDataString(Path.GetFullPath(_path)).Replace("%2F", "/", StringComparison.Ordinal)}?immutable=1");
        }
    }

    bool HasUnmergedLog => File.Exists(_path + "-wal") && new FileInfo(_path + "-wal").Length > 0;

    SqliteConnection OpenForWriting()
    {
        if (_connection is not null && _writable) return _connection;
        Close();
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(_path)) is { } folder) Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"The folder of the registry '{_path}' cannot be made: {e.Message} Nothing was changed.", e);
        }
        try
        {
            return Open(SqliteOpenMode.ReadWriteCreate);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == 14 && File.Exists(_path))
        {
            // The file is there, so what cannot be opened is the log beside it.
            throw SqliteRuntime.Error(8, e.Message, "registry", _path, e);
        }
    }

    SqliteConnection Open(SqliteOpenMode mode, string? source = null)
    {
        if (Directory.Exists(_path)) throw new LockstepException(ErrorKind.Failed, $"The registry '{_path}' is a folder. Name a file as 'registry' in lockstep.yaml.");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = source ?? _path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = _patienceSeconds,
        }.ToString());
        _connection = connection;
        connection.Open();
        _writable = mode != SqliteOpenMode.ReadOnly;
        if (_writable)
        {
            // The first statement reads the file: a foreign or damaged one shows here, before anything is changed in it. In one transaction:
            // between two looks another process may make the registry.
            using (var transaction = connection.BeginTransaction(deferred: true)) SqliteRegistryFormat.Exists(connection, transaction, _path);
            SqliteRegistryFormat.Run(connection, null, "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");
            if (_maxPages > 0) SqliteRegistryFormat.Number(connection, null, $"pragma max_page_count = {_maxPages}");
        }
        return connection;
    }

    void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
