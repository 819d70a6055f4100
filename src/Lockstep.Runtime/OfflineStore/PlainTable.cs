using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>A table of plain files: a path or a pattern, expanded at every look.</summary>
internal sealed class PlainTable(string projectFolder, string name, TableSource table)
{
    // Files written within this time before the last look may have been written again in the same tick of the clock.
    const long TickNanoseconds = 2_000_000_000;

    /// <summary>Full paths, sorted; never empty.</summary>
    public IReadOnlyList<string> Find(CancellationToken token)
    {
        if (!FilePattern.IsPattern(table.Path))
        {
            var path = Path.GetFullPath(table.Path, projectFolder);
            if (File.Exists(path)) return [path];
            throw Directory.Exists(path)
                ? new LockstepException(ErrorKind.NotFound, $"{name}: '{table.Path}' is a folder. Write '{table.Path.TrimEnd('/')}/*.{Extension}' for the files in it, or name a folder with a {DeltaLog.FolderName} for a Delta table.")
                : NotFound();
        }
        var found = FilePattern.Expand(projectFolder, table.Path, token);
        if (found.Count == 0) throw NotFound();
        RefuseFilesOfDeltaTables(found);
        return found;
    }

    public TableInput Input(IReadOnlyList<string> paths) => new()
    {
        Name = name,
        Format = table.Format,
        Files = [.. paths.Select(p => ToFile(p, Stamp(p)))],
    };

    public TableLook Look(TableState? since, long now, CancellationToken token)
    {
        var before = since?.Files.ToDictionary(f => f.Path, StringComparer.Ordinal) ?? [];
        List<TableFile> files = [], added = [], changed = [], removed = [];
        List<FileState> states = [];
        foreach (var path in Find(token))
        {
            var stamp = Stamp(path);
            var file = ToFile(path, stamp);
            var recorded = Recorded(path);
            before.Remove(recorded, out var old);
            var state = old is not null && Untouched(old, stamp, since!.TakenAt) ? old
                : new(recorded, stamp.Size, stamp.Modified, stamp.Changed, Fingerprint(path, token));
            files.Add(file);
            states.Add(state);
            if (old is null) added.Add(file);
            else if (!SameBytes(old, state)) changed.Add(file);
        }
        removed.AddRange(before.Values.OrderBy(f => f.Path, StringComparer.Ordinal)
            .Select(f => new TableFile(Path.GetFullPath(f.Path, projectFolder)) { Size = f.Size, Modified = f.Modified }));
        var whole = since is null ? "it is read for the first time"
            : since.Format != table.Format ? $"it was a table of format {since.Format} before" : null;
        return new(
            new() { Name = name, Format = table.Format, Files = files },
            new() { Format = table.Format, TakenAt = now, Files = states },
            whole is null ? new() { Added = added, Changed = changed, Removed = removed } : new() { Whole = true, Reason = whole, Added = files });
    }

    /// <summary>The files of a recorded state, when they still hold the same bytes.</summary>
    public TableInput Reopen(TableState state, CancellationToken token)
    {
        List<TableFile> files = [];
        foreach (var old in state.Files)
        {
            token.ThrowIfCancellationRequested();
            var path = Path.GetFullPath(old.Path, projectFolder);
            if (!File.Exists(path))
                throw new LockstepException(ErrorKind.NotFound, $"{name}: the file '{old.Path}' was read then and is gone. Put it back, or read the table as it is now.");
            var stamp = Stamp(path);
            if (!Untouched(old, stamp, state.TakenAt) && !SameBytes(old, new(old.Path, stamp.Size, stamp.Modified, stamp.Changed, Fingerprint(path, token))))
                throw new LockstepException(ErrorKind.Conflict, $"{name}: the file '{old.Path}' holds other bytes than it did then. Keep old files and add new ones, or use a Delta table, which keeps its versions.");
            files.Add(ToFile(path, stamp));
        }
        return new() { Name = name, Format = state.Format, Files = files };
    }

    // No look at the bytes is needed when the system's own record of the last change is the same, and older than the last look.
    static bool Untouched(FileState old, FileStamp stamp, long takenAt)
        => stamp.Changed != 0 && (old.Size, old.Modified, old.Changed) == (stamp.Size, stamp.Modified, stamp.Changed)
        && stamp.Changed / 1_000 < takenAt - TickNanoseconds / 1_000;

    // A fingerprint of samples does not prove that nothing between them changed, so any sign of writing counts as a change.
    static bool SameBytes(FileState old, FileState now)
        => old.Size == now.Size && old.Fingerprint == now.Fingerprint
        && (FileFingerprint.IsWhole(now.Size) || (old.Modified == now.Modified && old.Changed == now.Changed));

    FileStamp Stamp(string path)
    {
        try
        {
            return FileStamp.Of(path);
        }
        catch (FileNotFoundException e)
        {
            throw new LockstepException(ErrorKind.NotFound, $"{name}: the file {Shown(path)} was removed while it was looked at.", e);
        }
    }

    string Fingerprint(string path, CancellationToken token)
    {
        try
        {
            return FileFingerprint.Compute(path, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{name}: the file {Shown(path)} cannot be read: {e.Message}", e);
        }
    }

    static TableFile ToFile(string path, FileStamp stamp) => new(path) { Size = stamp.Size, Modified = stamp.Modified };

    string Recorded(string path)
    {
        var relative = Path.GetRelativePath(projectFolder, path);
        return (relative == ".." || relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path : relative)
            .Replace(Path.DirectorySeparatorChar, '/');
    }

    string Shown(string path) => WhatIsNear.Shown(projectFolder, path);

    string Extension => table.Format switch
    {
        TableFormat.Csv => "csv",
        TableFormat.JsonLines => "jsonl",
        TableFormat.Json => "json",
        _ => "parquet",
    };

    LockstepException NotFound() => new(ErrorKind.NotFound,
        $"{name}: no file {(FilePattern.IsPattern(table.Path) ? "matches" : "is at")} '{table.Path}'.{WhatIsNear.Describe(projectFolder, table.Path)}");

    // The folder of a Delta table also holds files that it no longer counts as its own: rows that were deleted or replaced.
    void RefuseFilesOfDeltaTables(IReadOnlyList<string> files)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var file in files)
            for (var folder = Path.GetDirectoryName(file); folder is not null && seen.Add(folder); folder = Path.GetDirectoryName(folder))
                if (DeltaTable.IsTable(folder))
                    throw new LockstepException(ErrorKind.DefinitionsInvalid,
                        $"{name}: '{table.Path}' matches files of the Delta table {Shown(folder)}, some of which may hold deleted rows. Write path: {Shown(folder).Trim('\'')} with format: delta.");
    }
}
