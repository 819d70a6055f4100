using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>What a run has to do, from the source as it is now and all that was recorded since the last run that the store stands on.</summary>
internal sealed record SourceChanges
{
    /// <summary>All of the source.</summary>
    public required TableLook Look { get; init; }

    public required RunMode Mode { get; init; }
    public string? Reason { get; init; }

    /// <summary>Files that the last finished run did not read.</summary>
    public IReadOnlyList<TableFile> Added { get; init; } = [];

    /// <summary>Files of the last finished run that are still there, and the same.</summary>
    public IReadOnlyList<TableFile> Kept { get; init; } = [];

    /// <summary>The files that the last finished run did not read, and the events that were logged since.</summary>
    public TableInput AddedInput => Look.Input with { Files = Added, More = Look.Change.Log is { } log ? [log] : [] };

    /// <summary>What the last finished run has read: files that are the same still, and the log, which only grows.</summary>
    public TableInput KeptInput => Look.Input with { Files = Kept };

    /// <summary>The files that are gone.</summary>
    public TableInput RemovedInput => Look.Input with { Files = Removed, More = [] };

    /// <summary>Files that are gone from the table but can still be read: their keys are computed afresh.</summary>
    public IReadOnlyList<TableFile> Removed { get; init; } = [];

    // Several looks are compared with each other: the source must not have changed between them.
    const int Looks = 5;

    /// <param name="look">Looks at the source, and at what changed since a state.</param>
    /// <param name="baseline">What the last run read that the store stands on; null: not known.</param>
    /// <param name="others">What was read since by runs that may have written part of it.</param>
    /// <param name="whole">Why everything is to be computed afresh anyway; null: it need not be.</param>
    /// <param name="token">Stops it.</param>
    public static SourceChanges Find(Func<TableState?, CancellationToken, TableLook> look, TableState? baseline, IReadOnlyList<TableState> others, string? whole, CancellationToken token)
    {
        if (whole is null && baseline is null) whole = "no run has finished yet";
        for (var attempt = 0; whole is null && attempt < Looks; attempt++)
        {
            var now = look(baseline, token);
            List<TableChange> since = [now.Change];
            var seen = 0;
            foreach (var other in others)
            {
                var again = look(other, token);
                if (!Same(again.State, now.State)) break; // it changed between the looks: begin anew
                seen++;
                since.Add(again.Change);
                // That run may not have got as far as seeing that a file was written to while it read it, and perhaps written back since.
                if (FirstTouched(other, now.State) is { } touched) since.Add(new() { Whole = true, Reason = $"{touched} was written to while a run may have read it" });
            }
            if (seen == others.Count) return Decide(now, since);
        }
        var last = look(null, token);
        return new() { Look = last, Mode = RunMode.Whole, Reason = whole ?? "the source kept changing while it was looked at", Added = last.Input.Files };
    }

    static SourceChanges Decide(TableLook look, List<TableChange> since)
    {
        var added = look.Change.Added.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        var removed = since.SelectMany(c => c.Removed).DistinctBy(f => f.Path).ToList();
        var changed = since.SelectMany(c => c.Changed).FirstOrDefault();
        var whole = since.Find(c => c.Whole)?.Reason
            ?? (changed is not null ? $"{changed.Path} holds other rows than before" : null)
            ?? (look.State.Format != TableFormat.Delta && removed.Count > 0 ? $"{removed[0].Path} is gone, and with it the keys it held" : null)
            ?? (removed.Find(f => !IsThere(f)) is { } gone ? $"{gone.Path} is removed and vacuumed, and with it the keys it held" : null);
        return new()
        {
            Look = look,
            Mode = whole is not null ? RunMode.Whole : removed.Count > 0 ? RunMode.Keys : added.Count > 0 || look.Change.Log is not null ? RunMode.Added : RunMode.Nothing,
            Reason = whole,
            Added = [.. look.Input.Files.Where(f => added.Contains(f.Path))],
            Kept = [.. look.Input.Files.Where(f => !added.Contains(f.Path))],
            Removed = removed,
        };
    }

    static bool IsThere(TableFile file) => File.Exists(file.Path);

    /// <summary>
    /// Whether the files that were recorded are the very same still: nobody has written to them while they were read. New ones do not matter.
    /// </summary>
    public static bool Untouched(TableState recorded, TableState now)
    {
        if (recorded.Format != now.Format || recorded.DeltaTable != now.DeltaTable) return false;
        var files = now.Files.ToDictionary(f => f.Path, StringComparer.Ordinal);
        return recorded.Files.All(f => files.TryGetValue(f.Path, out var same) && same == f);
    }

    /// <summary>A file of both that is not the very same, whatever its bytes.</summary>
    static string? FirstTouched(TableState recorded, TableState now)
    {
        var files = now.Files.ToDictionary(f => f.Path, StringComparer.Ordinal);
        return recorded.Files.FirstOrDefault(f => files.TryGetValue(f.Path, out var same) && same != f)?.Path;
    }

    // A log only grows: what has come to it between two looks is read by the next run, or written by whoever logged it.
    static bool Same(TableState a, TableState b) => a with { TakenAt = 0, Log = null } == b with { TakenAt = 0, Log = null };
}
