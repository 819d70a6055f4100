using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>What was made, what was read for it, and what looks wrong with it.</summary>
public sealed record TrainingSetReport
{
    /// <summary>Rows of the spine, and so of the result.</summary>
    public required long Rows { get; init; }

    public required Schema Columns { get; init; }

    /// <summary>One for each view, or alias of one.</summary>
    public required IReadOnlyList<LookupReport> Lookups { get; init; }

    /// <summary>Signs of leaks and mistakes, each with what to do.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What became of the expectations of its views, over their values in it.</summary>
    public IReadOnlyList<ExpectationResult> Expectations { get; init; } = [];

    public required TrainingSetRecord Record { get; init; }

    /// <summary>Blocks that the spine was cut into to stay within memory.</summary>
    public required int Blocks { get; init; }
}

/// <summary>What one view gave.</summary>
public sealed record LookupReport
{
    /// <summary><c>weather@1.0.0</c></summary>
    public required string View { get; init; }

    public string? Alias { get; init; }

    /// <summary>Rows of its table that were read, in all blocks.</summary>
    public long RowsRead { get; init; }

    /// <summary>Of these, rows that filters dropped.</summary>
    public long RowsDropped { get; init; }

    /// <summary>Spine rows with a row of the view.</summary>
    public long Found { get; init; }

    /// <summary>Spine rows without one, or with a null in the key or the timestamp.</summary>
    public long NotFound { get; init; }

    /// <summary>Spine rows whose rows are all older than the ttl.</summary>
    public long OutsideMaxAge { get; init; }

    /// <summary>Spine rows that got a row which was created after their own instant (S8).</summary>
    public long KnownLater { get; init; }

    /// <summary>For each feature that was read, and each column that was computed from, values taken as null because they were not finite (S3); only those with any.</summary>
    public IReadOnlyDictionary<string, long> NonFinite { get; init; } = new SortedDictionary<string, long>(StringComparer.Ordinal);

    /// <summary>For each feature of windows, spine rows where a value or a total does not fit (S13): null, with the status OUT_OF_RANGE at serving; only those with any.</summary>
    public IReadOnlyDictionary<string, long> OutOfRange { get; init; } = new SortedDictionary<string, long>(StringComparer.Ordinal);
}
