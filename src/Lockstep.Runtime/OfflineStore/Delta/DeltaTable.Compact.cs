using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

public sealed partial class DeltaTable
{
    /// <summary>
    /// Writes the small files of a day anew as one, for each day that has so many of them; no row changes, and readers of what changed
    /// see nothing (dataChange false). One commit a day; one that another writer has made impossible is left for the next time.
    /// </summary>
    /// <param name="files">So many small files of a day are worth it.</param>
    /// <param name="smallBytes">A file of this size or more is left alone.</param>
    /// <param name="write">Who writes; its time column is the table's.</param>
    /// <param name="token">Stops between two days.</param>
    /// <returns>Files that were replaced.</returns>
    public int Compact(int files, long smallBytes, DeltaWrite write, CancellationToken token)
    {
        if (TrySnapshot(token) is not { } snapshot || snapshot.PartitionColumns.Count > 1) return 0;
        var replaced = 0;
        foreach (var day in snapshot.State.Files.Where(f => f.Value.Size < smallBytes && f.Value.DeletionVector is null)
            .GroupBy(f => snapshot.PartitionColumns.Count == 0 ? "" : f.Value.PartitionValues.GetValueOrDefault(snapshot.PartitionColumns[0]) ?? "", StringComparer.Ordinal))
        {
            token.ThrowIfCancellationRequested();
            if (day.Count() >= files) replaced += Compact(snapshot, [.. day.OrderBy(f => f.Value.ModificationTime).ThenBy(f => f.Key, StringComparer.Ordinal)], write, token);
        }
        return replaced;
    }

    int Compact(DeltaSnapshot snapshot, IReadOnlyList<KeyValuePair<string, AddFile>> small, DeltaWrite write, CancellationToken token)
    {
        var schema = new Schema(snapshot.Schema.Fields.Where(f => !snapshot.PartitionColumns.Contains(f.Name)));
        var partition = PartitionFor(snapshot, schema, write, replace: false);
        using var data = new DataFiles(_engine, _clock, Folder, schema, partition);
        using (var reader = _engine.Scan(new()
        {
            Table = new() { Name = Name, Format = Core.Definitions.TableFormat.Delta, Files = [.. small.Select(f => snapshot.ToFile(f.Key, f.Value, null))], Schema = snapshot.Schema },
            Columns = [.. schema.Fields.Select(f => new ScanColumn(f.Name, f))],
            KeepOrder = true,
        }, token))
            data.WriteAll(reader, token);
        var result = Commit(write with { TransactionId = null }, current =>
        {
            // Whoever has removed one of the files meanwhile did so to its rows: they must not come back.
            if (current is null || !current.State.Metadata!.SchemaJson.Equals(snapshot.State.Metadata!.SchemaJson, StringComparison.Ordinal) || !small.All(f => current.State.Files.ContainsKey(f.Key))) return null;
            data.Keep();
            return new("OPTIMIZE", [.. small.Select(f => Removal(f.Value) with { DataChange = false }), .. data.Added.Select(a => a with { DataChange = false })]);
        }, token);
        return result.Written ? small.Count : 0;
    }
}
