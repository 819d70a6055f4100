using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>
/// Which files brought rows and which took them away between two versions. What only wrote rows anew (a compaction, dataChange false)
/// is no change: files that it merged still stand for the rows that they brought, as long as their bytes are there.
/// </summary>
internal static class ChangeSet
{
    /// <returns>Null when the two are not versions of one table.</returns>
    public static TableChange? Between(DeltaLog log, DeltaSnapshot before, DeltaSnapshot now, CancellationToken token)
    {
        if (before.TableId != now.TableId) return null;
        if (log.List().FirstMissing(before.Version + 1, now.Version) >= 0) return Difference(before, now);
        Dictionary<string, AddFile> known = new(before.State.Files, StringComparer.Ordinal), added = new(StringComparer.Ordinal), removed = new(StringComparer.Ordinal);
        for (var version = before.Version + 1; version <= now.Version; version++)
        {
            token.ThrowIfCancellationRequested();
            foreach (var action in log.ReadCommit(version))
                switch (action)
                {
                    case AddFile add:
                        var key = LogState.Key(add.Path, add.DeletionVector);
                        known[key] = add;
                        if (add.DataChange && !removed.Remove(key)) added[key] = add;
                        break;
                    case RemoveFile { DataChange: true } remove:
                        var gone = LogState.Key(remove.Path, remove.DeletionVector);
                        if (!added.Remove(gone) && known.TryGetValue(gone, out var file)) removed[gone] = file;
                        break;
                }
        }
        var change = new TableChange { Added = Files(now, added), Removed = Files(before, removed) };
        return change.Added.All(f => File.Exists(f.Path)) ? change : Difference(before, now);
    }

    static TableChange Difference(DeltaSnapshot before, DeltaSnapshot now) => new()
    {
        Added = Files(now, now.State.Files.Where(f => !before.State.Files.ContainsKey(f.Key))),
        Removed = Files(before, before.State.Files.Where(f => !now.State.Files.ContainsKey(f.Key))),
    };

    static List<TableFile> Files(DeltaSnapshot of, IEnumerable<KeyValuePair<string, AddFile>> files)
        => [.. files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => of.ToFile(f.Key, f.Value, null))];
}
