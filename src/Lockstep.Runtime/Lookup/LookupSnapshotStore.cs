using System.Collections.Concurrent;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Lookup;

/// <summary>
/// What lookup tables held when they were applied: one file a content, named by its hash, in the folder <c>lookups</c> of the offline
/// store. A file is written whole or not at all and never changed, so two applies of one content write the same file. For any number
/// of threads.
/// </summary>
/// <param name="folder">Asked for when a snapshot is read or kept; made when the first is.</param>
/// <param name="engine">Reads the tables; asked for when one is read.</param>
/// <param name="tables">Finds their files.</param>
public sealed class LookupSnapshotStore(Func<string> folder, Func<IBatchEngine> engine, Func<ITables> tables) : ILookupSnapshots
{
    readonly ConcurrentDictionary<string, WeakReference<LookupData>> _loaded = new(StringComparer.Ordinal);

    /// <summary>What a table holds now.</summary>
    public LookupContent Read(LookupTable table, CancellationToken token) => Make(table, token).Content;

    /// <summary>Keeps the content of a version, unless it is kept already. <see cref="ErrorKind.Conflict"/> when the table has changed since the version was planned.</summary>
    public void Keep(LookupTableVersion version, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(version);
        var path = PathOf(version.Content.Hash);
        if (File.Exists(path)) return;
        var (content, bytes) = Make(version.Table, token);
        if (content.Hash != version.Content.Hash)
            throw new LockstepException(ErrorKind.Conflict, $"Lookup table '{version.Id}' has changed since the plan was made. Plan again.");
        Directory.CreateDirectory(folder());
        using FileReplacement file = new(path);
        File.WriteAllBytes(file.TempPath, bytes);
        file.Commit();
    }

    public LookupData Load(LookupTableVersion table)
    {
        ArgumentNullException.ThrowIfNull(table);
        // By the types too: two versions may read one content as different types.
        var key = $"{table.Content.Hash} {table.Columns}";
        if (_loaded.TryGetValue(key, out var kept) && kept.TryGetTarget(out var data)) return data;
        data = LoadFile(table);
        _loaded[key] = new(data);
        return data;
    }

    LookupData LoadFile(LookupTableVersion table)
    {
        var path = PathOf(table.Content.Hash);
        byte[] bytes;
        // A table that is not applied yet has no snapshot: what is tested or tried with it is what it holds now.
        if (!File.Exists(path) && Planned(table) is { } planned) return LookupSnapshot.Read(planned, table.Columns);
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(e is FileNotFoundException or DirectoryNotFoundException ? ErrorKind.NotFound : ErrorKind.Failed,
                $"The content of lookup table '{table.Id}' cannot be read from '{path}': {e.Message} It was written there by the apply; restore the offline store, or raise the table's version and apply again.", e);
        }
        if (LookupSnapshot.Hash(bytes) is var hash && hash != table.Content.Hash)
            throw new LockstepException(ErrorKind.Failed, $"The content of lookup table '{table.Id}' in '{path}' is damaged: its hash is {hash}. Restore the file from a backup, or remove it, raise the table's version and apply again.");
        try
        {
            return LookupSnapshot.Read(bytes, table.Columns);
        }
        catch (RowFormatException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"The content of lookup table '{table.Id}' in '{path}' cannot be read: {e.Message}", e);
        }
    }

    byte[]? Planned(LookupTableVersion table)
    {
        try
        {
            return Make(table.Table, CancellationToken.None) is var (content, bytes) && content.Hash == table.Content.Hash ? bytes : null;
        }
        catch (LockstepException)
        {
            return null; // the table is not there any more either: the missing snapshot is what to tell of
        }
    }

    (LookupContent Content, byte[] Bytes) Make(LookupTable table, CancellationToken token)
    {
        LookupTableVersion version = new() { Table = table, Fingerprint = "", Content = LookupContent.Unknown };
        var what = $"lookup table '{table.Name}'";
        var input = tables().Files(what, new() { Path = table.Path, Format = table.Format, Timestamp = "" });
        var reads = engine();
        var found = reads.ReadSchema(input, token);
        List<ScanColumn> columns = [.. table.Key.Select(k => new ScanColumn(k.Name, k)), .. table.Columns.Select(c => new ScanColumn(c.Column, new(c.Name, c.Type)))];
        if (columns.Find(c => found.IndexOf(c.Column) < 0) is { } missing)
            throw new LockstepException(ErrorKind.Failed, $"It has no column '{missing.Column}'.{NearestName.Hint(missing.Column, found.Fields.Select(f => f.Name), "Columns")}");
        LookupSnapshot.Writer writer = new(version);
        using (var reader = reads.Scan(new() { Table = input, Columns = columns, KeepOrder = true }, token))
        {
            ColumnBatch batch = new(reader.Schema);
            while (reader.Read(batch, token)) writer.Add(batch);
        }
        var bytes = writer.Finish();
        return (new(LookupSnapshot.Hash(bytes), writer.Rows, bytes.Length, writer.RowsWithoutKey), bytes);
    }

    string PathOf(string hash) => Path.Combine(folder(), $"{hash}.lookup");
}
