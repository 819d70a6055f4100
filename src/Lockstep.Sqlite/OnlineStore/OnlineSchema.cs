using System.Globalization;
using Lockstep.Core;

namespace Lockstep.Sqlite.OnlineStore;

// The file (docs/formats.md, "The embedded online store"):
//   application_id 0x4C4B4F4E ("LKON"), user_version = format
//   tables(id, name, cells, bytes, lease_number, lease_owner, lease_expires)   one row a table or lease; ids are never used again
//   numbers(name, value)                                                       'lease': the last lease number given out
//   cells_<id>(key, cell) without rowid                                        one row a key
/// <summary>The tables of the file, and the check that it is ours and not newer than this program.</summary>
internal static class OnlineSchema
{
    public const int Format = 1;
    const int ApplicationId = 0x4C4B4F4E;
    const int PageSize = 8192;

    /// <summary>The log is brought into the file when it has so many pages: the longer it is, the more writes of a page become one.</summary>
    public const int LogPages = 16384;

    /// <summary>Before anything is changed: an existing file must be one of ours, of a format that this program knows.</summary>
    public static void Check(RawConnection connection, string path)
    {
        if (connection.Int64("SELECT count(*) FROM sqlite_master") == 0) return; // new, or left empty by a process that died
        if (connection.Int64("PRAGMA application_id") != ApplicationId)
            throw new LockstepException(ErrorKind.Failed, $"'{path}' is a SQLite file, but not an online store of Lockstep. Name another file; nothing was changed.");
        var format = connection.Int64("PRAGMA user_version");
        if (format > Format)
            throw new LockstepException(ErrorKind.Failed, $"The online store '{path}' has format {format}; this program knows formats up to {Format}. Use the version of Lockstep that wrote it, or name another file and materialize into it. Nothing was changed.");
    }

    /// <summary>Opens the log and makes the tables where they are missing.</summary>
    public static void Create(RawConnection connection, string path, bool syncEveryWrite)
    {
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA page_size={PageSize}"));
        var mode = connection.Text("PRAGMA journal_mode=WAL");
        if (mode != "wal") throw new LockstepException(ErrorKind.Failed, $"The online store '{path}' cannot use a write-ahead log here (journal mode '{mode}'). Put it on a local disk.");
        connection.Execute(syncEveryWrite ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA journal_size_limit={LogPages * PageSize}"));
        connection.Execute("PRAGMA cache_size=-262144"); // KiB, of the one connection that writes: streams touch a table's pages in turn, of which a smaller cache would keep none
        if (connection.Int64("SELECT count(*) FROM sqlite_master") != 0) return;
        connection.Execute("BEGIN IMMEDIATE");
        if (connection.Int64("SELECT count(*) FROM sqlite_master") == 0)
        {
            connection.Execute("CREATE TABLE tables(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, cells INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, made INTEGER NOT NULL DEFAULT 0, lease_number INTEGER NOT NULL DEFAULT 0, lease_owner TEXT, lease_expires INTEGER NOT NULL DEFAULT 0)");
            connection.Execute("CREATE TABLE numbers(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
            connection.Execute("INSERT INTO numbers VALUES('lease', 0)");
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id={ApplicationId}"));
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={Format}"));
        }
        connection.Execute("COMMIT");
    }

    public static string CreateCells(long table) => string.Create(CultureInfo.InvariantCulture, $"CREATE TABLE cells_{table}(key BLOB NOT NULL PRIMARY KEY, cell BLOB NOT NULL) WITHOUT ROWID");

    public static string DropCells(long table) => string.Create(CultureInfo.InvariantCulture, $"DROP TABLE IF EXISTS cells_{table}");

    public static string Sql(long table, CellStatement kind) => FormattableString.Invariant(kind switch
    {
        CellStatement.Get => (FormattableString)$"SELECT cell FROM cells_{table} WHERE key = ?",
        CellStatement.Put => $"INSERT OR REPLACE INTO cells_{table}(key, cell) VALUES(?, ?)",
        CellStatement.Delete => $"DELETE FROM cells_{table} WHERE key = ?",
        CellStatement.PageFromStart => $"SELECT key, cell FROM cells_{table} ORDER BY key LIMIT ?",
        CellStatement.PageAfter => $"SELECT key, cell FROM cells_{table} WHERE key > ? ORDER BY key LIMIT ?",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    });
}
