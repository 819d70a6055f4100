namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Who writes, and how.</summary>
public sealed record DeltaWrite
{
    /// <summary>The column of event times by whose day a new table is partitioned; null: not at all.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>What a new table's column of these days is called; null: the usual name.</summary>
    public string? DayColumn { get; init; }

    public string? Project { get; init; }

    /// <summary>The run, as it is known elsewhere.</summary>
    public string? Run { get; init; }

    /// <summary>What the rows stand on, for whoever writes the next version; kept with the version.</summary>
    public string? State { get; init; }

    /// <summary>Refuses, as a conflict, to write over any other version than this; -1: only where there is no table yet; null: whatever is there.</summary>
    public long? OnlyAfter { get; init; }

    /// <summary>With <see cref="TransactionNumber"/>: a write whose number the table has already seen of this application is not made again.</summary>
    public string? TransactionId { get; init; }

    /// <summary>Grows with each write of <see cref="TransactionId"/>.</summary>
    public long TransactionNumber { get; init; }
}

/// <summary>What a write did.</summary>
/// <param name="Version">The version it made; without <paramref name="Written"/> the newest.</param>
/// <param name="Written">False: there was nothing to write, or the table had it already.</param>
public readonly record struct DeltaWritten(long Version, bool Written)
{
    public long Rows { get; init; }
    public int FilesAdded { get; init; }
    public int FilesRemoved { get; init; }

    /// <summary>Why a checkpoint that was due is missing; the table is whole without it.</summary>
    public string? CheckpointProblem { get; init; }
}
