using System.Globalization;
using Lockstep.Core;
using Microsoft.Data.Sqlite;

namespace Lockstep.Sqlite.Registry;

/// <summary>
/// The file format: SQLite's header holds who we are (<c>application_id</c>) and the format's number (<c>user_version</c>).
/// Two triggers a table keep the history as it was written, whoever has the file open.
/// </summary>
internal static class SqliteRegistryFormat
{
    /// <summary>"LKRG".</summary>
    public const int ApplicationId = 0x4C4B5247;

    /// <summary>Raise it by one for a file that older programs must not read.</summary>
    public const int Version = 1;

    const string Schema = """
        create table registry (id text not null);
        create table applies (
          number   integer primary key,
          at       integer not null,
          author   text not null,
          reason   text not null,
          verb     text not null,
          restored integer,
          changes  integer not null);
        create table objects (
          category    text not null,
          name        text not null,
          version     text not null,
          apply       integer not null references applies(number),
          state       text not null,
          kind        text not null,
          definition  text not null,
          bound       text not null,
          fingerprint text not null,
          checksum    integer not null,
          primary key (category, name, version, apply)) without rowid;
        create index objects_by_apply on objects (apply);
        create trigger applies_stay before update on applies begin select raise(abort, 'the history is append-only'); end;
        create trigger applies_are_kept before delete on applies begin select raise(abort, 'the history is append-only'); end;
        create trigger objects_stay before update on objects begin select raise(abort, 'the history is append-only'); end;
        create trigger objects_are_kept before delete on objects begin select raise(abort, 'the history is append-only'); end;
        """;

    /// <summary>Whether the file holds a registry; false for one that SQLite has just made. Foreign and newer files are refused by name.</summary>
    public static bool Exists(SqliteConnection connection, SqliteTransaction? transaction, string path)
    {
        var application = Number(connection, transaction, "pragma application_id");
        var version = Number(connection, transaction, "pragma user_version");
        if (application == ApplicationId)
            return version <= Version ? true : throw new LockstepException(ErrorKind.Failed,
                $"The registry '{path}' has format {version}; this program reads formats up to {Version}. Use a newer lockstep. Nothing was changed.");
        if (application == 0 && version == 0 && Number(connection, transaction, "select count(*) from sqlite_master") == 0) return false;
        throw new LockstepException(ErrorKind.Failed, $"'{path}' is a SQLite file, but not a Lockstep registry. Name another file as 'registry' in lockstep.yaml.");
    }

    /// <summary>Creates tables and id inside the caller's transaction.</summary>
    public static string Create(SqliteConnection connection, SqliteTransaction transaction)
    {
        var id = Guid.NewGuid().ToString("N");
        Run(connection, transaction, Schema);
        Run(connection, transaction, $"insert into registry (id) values ('{id}')");
        Run(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"pragma application_id = {ApplicationId}; pragma user_version = {Version}"));
        return id;
    }

    public static void Run(SqliteConnection connection, SqliteTransaction? transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Texts of this project, no input of anybody.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    public static long Number(SqliteConnection connection, SqliteTransaction? transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;
    }
}
