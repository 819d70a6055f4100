using System.Globalization;
using Lockstep.Core;

namespace Lockstep.Sqlite.OnlineStore;

// The file (docs/formats.md, "The embedded online store"):
//   application_id 0x4C4B4F4E ("LKON"), user_version = format
//   tables(id, name, cells, bytes, lease_number, lease_owner, lease_expires)   one row a table or lease; ids are never used again
//   numbers(name, value)                                                       'lease': the last lease number given out
//   cells_<id>(key, cell, parted) without rowid                                one row a key; parted: its body is apart
//   bodies_<id>(key, body) without rowid                                       what large cells end with (IPartedMerge)
/// <summary>The tables of the file, and the check that it is ours and not newer than this program.</summary>
internal static class OnlineSchema
{
    public const int Format = 2;
    const int ApplicationId = 0x4C4B4F4E;
    const int PageSize = 8192;

    /// <summary>The log is brought into the file when it has so many pages. A longer one has the disk write so much at once that the log of events waits for it.</summary>
    public const int LogPages = 4096;

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
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA journal_size_limit={4L * LogPages * PageSize}"));
        connection.Execute("PRAGMA cache_size=-262144"); // KiB, of the one connection that writes: streams touch a table's pages in turn, of which a smaller cache would keep none
        if (connection.Int64("SELECT count(*) FROM sqlite_master") != 0)
        {
            if (connection.Int64("PRAGMA user_version") < Format) Upgrade(connection);
            return;
        }
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

    // Cells of format 1 had one part. No row is written: a column that is missing in a row is null.
    static void Upgrade(RawConnection connection)
    {
        connection.Execute("BEGIN IMMEDIATE");
        if (connection.Int64("PRAGMA user_version") < Format)
        {
            foreach (var id in OnlineFile.ReadTables(connection).Values.ToList())
            {
                connection.Execute(string.Create(CultureInfo.InvariantCulture, $"ALTER TABLE cells_{id} ADD COLUMN parted INTEGER"));
                connection.Execute(CreateBodies(id));
            }
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={Format}"));
        }
        connection.Execute("COMMIT");
    }

    public static string CreateCells(long table) => string.Create(CultureInfo.InvariantCulture, $"CREATE TABLE cells_{table}(key BLOB NOT NULL PRIMARY KEY, cell BLOB NOT NULL, parted INTEGER) WITHOUT ROWID");

    public static string CreateBodies(long table) => string.Create(CultureInfo.InvariantCulture, $"CREATE TABLE bodies_{table}(key BLOB NOT NULL PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID");

    public static IEnumerable<string> Drop(long table) => [string.Create(CultureInfo.InvariantCulture, $"DROP TABLE IF EXISTS cells_{table}"), string.Create(CultureInfo.InvariantCulture, $"DROP TABLE IF EXISTS bodies_{table}")];

    public static string Sql(long table, CellStatement kind) => FormattableString.Invariant(kind switch
    {
        // The body is looked up for parted cells alone, as of the same moment.
        CellStatement.Get => (FormattableString)$"SELECT cell, CASE WHEN parted THEN (SELECT body FROM bodies_{table} b WHERE b.key = c.key) END FROM cells_{table} c WHERE key = ?",
        CellStatement.GetFront => $"SELECT cell, parted FROM cells_{table} WHERE key = ?",
        CellStatement.Put => $"INSERT OR REPLACE INTO cells_{table}(key, cell, parted) VALUES(?, ?, ?)",
        CellStatement.Delete => $"DELETE FROM cells_{table} WHERE key = ?",
        CellStatement.GetBody => $"SELECT body FROM bodies_{table} WHERE key = ?",
        CellStatement.PutBody => $"INSERT OR REPLACE INTO bodies_{table}(key, body) VALUES(?, ?)",
        CellStatement.DeleteBody => $"DELETE FROM bodies_{table} WHERE key = ?",
        CellStatement.PageFromStart => $"SELECT key, cell, CASE WHEN parted THEN (SELECT body FROM bodies_{table} b WHERE b.key = c.key) END FROM cells_{table} c ORDER BY key LIMIT ?",
        CellStatement.PageAfter => $"SELECT key, cell, CASE WHEN parted THEN (SELECT body FROM bodies_{table} b WHERE b.key = c.key) END FROM cells_{table} c WHERE key > ? ORDER BY key LIMIT ?",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    });
}
