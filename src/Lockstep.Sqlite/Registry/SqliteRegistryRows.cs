using Lockstep.Core;
using Lockstep.Runtime.Registry;
using Microsoft.Data.Sqlite;

namespace Lockstep.Sqlite.Registry;

/// <summary>Rows of a registry's tables, in and out.</summary>
internal static class SqliteRegistryRows
{
    const string ObjectColumns = "o.category, o.name, o.version, o.state, o.kind, o.definition, o.bound, o.fingerprint, o.checksum, o.apply";

    public static string Id(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = Command(connection, transaction, "select id from registry");
        return (string?)command.ExecuteScalar() ?? "";
    }

    public static RegistryApply? Newest(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = Command(connection, transaction, "select number, at, author, reason, verb, restored, changes from applies order by number desc limit 1");
        using var reader = command.ExecuteReader();
        return reader.Read() ? ReadApply(reader, 0) : null;
    }

    public static List<RegistryApply> Applies(SqliteConnection connection, SqliteTransaction transaction, long? asOf)
    {
        using var command = Command(connection, transaction, "select number, at, author, reason, verb, restored, changes from applies where number <= $asOf order by number");
        command.Parameters.AddWithValue("$asOf", asOf ?? long.MaxValue);
        using var reader = command.ExecuteReader();
        List<RegistryApply> applies = [];
        while (reader.Read()) applies.Add(ReadApply(reader, 0));
        return applies;
    }

    /// <summary>The newest revision of each object up to an apply.</summary>
    public static List<(long Apply, ObjectRecord Record)> State(SqliteConnection connection, SqliteTransaction transaction, string path, long? asOf)
    {
        // The primary key ends in the apply, so the inner query is one step in the index.
        using var command = Command(connection, transaction, $"""
            select {ObjectColumns} from objects o
            where o.apply = (select max(n.apply) from objects n where n.category = o.category and n.name = o.name and n.version = o.version and n.apply <= $asOf)
            """);
        command.Parameters.AddWithValue("$asOf", asOf ?? long.MaxValue);
        using var reader = command.ExecuteReader();
        List<(long, ObjectRecord)> records = [];
        while (reader.Read()) records.Add((reader.GetInt64(9), ReadRecord(reader, path)));
        return records;
    }

    public static List<ObjectRevision> Revisions(SqliteConnection connection, SqliteTransaction transaction, string path, ObjectCategory category, string name)
    {
        using var command = Command(connection, transaction, $"""
            select {ObjectColumns}, a.number, a.at, a.author, a.reason, a.verb, a.restored, a.changes
            from objects o join applies a on a.number = o.apply where o.category = $category and o.name = $name order by o.apply, o.version
            """);
        command.Parameters.AddWithValue("$category", Word(category));
        command.Parameters.AddWithValue("$name", name);
        using var reader = command.ExecuteReader();
        List<ObjectRevision> revisions = [];
        while (reader.Read()) revisions.Add(new(ReadApply(reader, 10), ReadRecord(reader, path)));
        return revisions;
    }

    public static void Insert(SqliteConnection connection, SqliteTransaction transaction, RegistryApply apply, IReadOnlyList<ObjectRecord> records)
    {
        using (var command = Command(connection, transaction, "insert into applies (number, at, author, reason, verb, restored, changes) values ($number, $at, $author, $reason, $verb, $restored, $changes)"))
        {
            command.Parameters.AddWithValue("$number", apply.Number);
            command.Parameters.AddWithValue("$at", apply.At);
            command.Parameters.AddWithValue("$author", apply.Author);
            command.Parameters.AddWithValue("$reason", apply.Reason);
            command.Parameters.AddWithValue("$verb", Word(apply.Verb));
            command.Parameters.AddWithValue("$restored", (object?)apply.Restored ?? DBNull.Value);
            command.Parameters.AddWithValue("$changes", apply.Changes);
            command.ExecuteNonQuery();
        }
        using var insert = Command(connection, transaction, """
            insert into objects (category, name, version, apply, state, kind, definition, bound, fingerprint, checksum)
            values ($category, $name, $version, $apply, $state, $kind, $definition, $bound, $fingerprint, $checksum)
            """);
        foreach (var record in records)
        {
            insert.Parameters.Clear();
            insert.Parameters.AddWithValue("$category", Word(record.Key.Category));
            insert.Parameters.AddWithValue("$name", record.Key.Name);
            insert.Parameters.AddWithValue("$version", record.Key.Version);
            insert.Parameters.AddWithValue("$apply", apply.Number);
            insert.Parameters.AddWithValue("$state", Word(record.State));
            insert.Parameters.AddWithValue("$kind", record.Kind);
            insert.Parameters.AddWithValue("$definition", record.Definition);
            insert.Parameters.AddWithValue("$bound", record.Bound);
            insert.Parameters.AddWithValue("$fingerprint", record.Fingerprint);
            insert.Parameters.AddWithValue("$checksum", record.Checksum());
            insert.ExecuteNonQuery();
        }
    }

    static RegistryApply ReadApply(SqliteDataReader reader, int at) => new(reader.GetInt64(at), reader.GetInt64(at + 1), reader.GetString(at + 2), reader.GetString(at + 3),
        Parse<ApplyVerb>(reader.GetString(at + 4)), reader.IsDBNull(at + 5) ? null : reader.GetInt64(at + 5), reader.GetInt32(at + 6));

    static ObjectRecord ReadRecord(SqliteDataReader reader, string path)
    {
        var record = new ObjectRecord
        {
            Key = new(Parse<ObjectCategory>(reader.GetString(0)), reader.GetString(1), reader.GetString(2)),
            State = Parse<ObjectState>(reader.GetString(3)),
            Kind = reader.GetString(4),
            Definition = reader.GetString(5),
            Bound = reader.GetString(6),
            Fingerprint = reader.GetString(7),
        };
        return record.Checksum() == reader.GetInt64(8) ? record : throw new LockstepException(ErrorKind.Failed,
            $"The registry '{path}' is damaged: what it holds of {record.Kind} '{record.Key}' from apply {reader.GetInt64(9)} does not match its checksum. Restore it from a backup.");
    }

    static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    static T Parse<T>(string word) where T : struct, Enum => Enum.TryParse<T>(word, ignoreCase: true, out var value) && Enum.IsDefined(value)
        ? value
        : throw new LockstepException(ErrorKind.Failed, $"The registry holds a {typeof(T).Name} '{word}', which this program does not know. It is damaged, or of a newer lockstep.");

    static SqliteCommand Command(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Texts of this file; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command;
    }
}
