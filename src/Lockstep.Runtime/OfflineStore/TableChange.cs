using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>What happened to a table between two states. Files of the earlier state may be gone.</summary>
public sealed record TableChange
{
    public static readonly TableChange None = new();

    /// <summary>Files that are new.</summary>
    public IReadOnlyList<TableFile> Added { get; init; } = [];

    /// <summary>Files that hold other bytes than before, as they are now; never of a Delta table, whose files do not change.</summary>
    public IReadOnlyList<TableFile> Changed { get; init; } = [];

    /// <summary>Files that are no longer part of it. Those of a Delta table can still be read until they are vacuumed.</summary>
    public IReadOnlyList<TableFile> Removed { get; init; } = [];

    /// <summary>Events that came to the source's log; null: none.</summary>
    public TableInput? Log { get; init; }

    /// <summary>What changed is not known (first look, table made anew, log gone): take everything as changed. <see cref="Added"/> then holds all files.</summary>
    public bool Whole { get; init; }

    /// <summary>Why <see cref="Whole"/>, for people.</summary>
    public string? Reason { get; init; }

    public bool IsEmpty => !Whole && Added.Count == 0 && Changed.Count == 0 && Removed.Count == 0 && Log is null;

    /// <summary>Nothing but new files: their rows compete by S6, and nothing else needs to be looked at.</summary>
    public bool OnlyAdded => !Whole && Changed.Count == 0 && Removed.Count == 0;
}

/// <summary>A table as of one look: what to read, what to record, and what changed since an earlier state.</summary>
/// <param name="Input">The files to read.</param>
/// <param name="State">What to record before anything is written (S7).</param>
/// <param name="Change">Against the earlier state.</param>
public sealed record TableLook(TableInput Input, TableState State, TableChange Change)
{
    /// <summary>How far, partition by partition, the input holds the rows that were pushed; ascending. Empty: it is a table alone.</summary>
    public IReadOnlyList<LogPlace> Log { get; init; } = [];
}
