using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;

namespace Lockstep.Runtime.Materialization;

/// <summary>What to bring online.</summary>
public sealed record MaterializeRequest
{
    public required Catalog Catalog { get; init; }

    /// <summary>Views by name (all versions in service) or id (<c>weather@1.0.0</c>); empty: all that are served online.</summary>
    public IReadOnlyList<string> Views { get; init; } = [];

    /// <summary>Rows before this instant are left out; what was left out is read by the next run without it. Included; null: no bound.</summary>
    public long? From { get; init; }

    /// <summary>Rows after this instant are left out, and taken by the first run that reaches them. Included; null: the clock, and <c>max_future</c>.</summary>
    public long? To { get; init; }

    /// <summary>Computes everything afresh, whatever is recorded: stored keys that the source does not have are removed.</summary>
    public bool Full { get; init; }

    /// <summary>Views that run side by side. Default: 2.</summary>
    public int Parallelism { get; init; } = 2;
}

/// <summary>How a run got from what was there to what the source says (S7).</summary>
public enum RunMode
{
    /// <summary>The source is as the last run read it.</summary>
    Nothing,

    /// <summary>Only new files, or rows that have come near enough: they compete.</summary>
    Added,

    /// <summary>Files were removed or replaced whose keys could still be read: these were computed afresh.</summary>
    Keys,

    /// <summary>Everything was computed afresh.</summary>
    Whole,
}

/// <summary>What became of one view.</summary>
public sealed record ViewRunReport
{
    public required string View { get; init; }

    /// <summary>Its number in the record of runs; 0: it did not get that far.</summary>
    public long Run { get; init; }

    public RunMode Mode { get; init; }

    /// <summary>Why everything was computed afresh, or why there was nothing to do; for people.</summary>
    public string? Reason { get; init; }

    /// <summary>The version whose tiles were taken over; null: none.</summary>
    public string? TakenFrom { get; init; }

    public long RowsRead { get; init; }

    /// <summary>Of these, rows that filters dropped.</summary>
    public long RowsDropped { get; init; }

    /// <summary>Keys that got rows of this run, whether these are the newest or not.</summary>
    public long Keys { get; init; }

    public long KeysRemoved { get; init; }

    /// <summary>Rows left out because they are later than the clock and <c>max_future</c>, or than the end that was asked for.</summary>
    public long RowsAhead { get; init; }

    /// <summary>Rows that no key can find: a null in the key, or no event timestamp.</summary>
    public long RowsWithoutKey { get; init; }

    public long RowsWithoutTime { get; init; }

    /// <summary>Values read as null because they were not finite (S3), by feature.</summary>
    public IReadOnlyDictionary<string, long> NonFinite { get; init; } = new Dictionary<string, long>();

    /// <summary>What became of the expectations of the view and its source, over the rows read.</summary>
    public IReadOnlyList<ExpectationResult> Expectations { get; init; } = [];

    /// <summary>Instants, microseconds.</summary>
    public long StartedAt { get; init; }

    public long EndedAt { get; init; }

    /// <summary>What went wrong; null: it is done.</summary>
    public Exception? Error { get; init; }
}

/// <summary>What became of all views, in the order of the catalog.</summary>
public sealed record MaterializeReport(IReadOnlyList<ViewRunReport> Views)
{
    public bool Succeeded => Views.All(v => v.Error is null);
}
