using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Verification;

/// <summary>Why a value differs between the online store and the offline data.</summary>
public enum DifferenceCause
{
    // Shown and counted by these names, in snake_case.

    /// <summary>The view was never brought online whole.</summary>
    NeverMaterialized,

    /// <summary>The online rows were computed by another meaning of the view.</summary>
    OlderVersion,

    /// <summary>The source, or the clock, has moved on since the last run; with what that run read, both agree. The next run heals it.</summary>
    HealingDue,

    /// <summary>An event that was logged before the instant has not been brought to the online store yet: nothing runs streams, or they are behind.</summary>
    Behind,

    /// <summary>An event came after the instant and belongs before it. S22 promises nothing of it, so it is no failure.</summary>
    LateEvent,

    /// <summary>The online store has applied events that the log does not hold: the log was lost, or brought back from an older copy.</summary>
    NotInLog,

    /// <summary>Online the row's features are gone as past their ttl, and as of the instant they are within it: a clock was ahead.</summary>
    Ttl,

    /// <summary>Offline there is a value, online there is nothing for the key, and what the last run read does not explain it.</summary>
    MissingRow,

    /// <summary>None of these: somebody wrote to the store, or Lockstep is wrong.</summary>
    Unexplained,
}

/// <summary>One value that differs.</summary>
public sealed record ParityDifference(IReadOnlyList<KeyValuePair<string, Value>> Key, string Feature, Value Online, Value Offline, DifferenceCause Cause);

/// <summary>One view version, compared.</summary>
public sealed record ViewParity
{
    public required string View { get; init; }

    /// <summary>False: it is computed by SQL, and no run has stored its rows yet, so there is nothing to compare with.</summary>
    public bool IsStored { get; init; } = true;

    /// <summary>Entities compared.</summary>
    public int Keys { get; init; }

    /// <summary>Entities of which the online store keeps no row as old as the instant asked for.</summary>
    public int NotKept { get; init; }

    public long Values { get; init; }
    public long Different { get; init; }
    public long Equal => Values - Different;

    /// <summary>Values that differ, by cause; each only where there are any.</summary>
    public IReadOnlyDictionary<DifferenceCause, long> Causes { get; init; } = new SortedDictionary<DifferenceCause, long>();

    /// <summary>The first few.</summary>
    public IReadOnlyList<ParityDifference> Examples { get; init; } = [];
}

/// <summary>What a comparison of online with offline found.</summary>
public sealed record ParityReport(long AsOf, IReadOnlyList<ViewParity> Views)
{
    /// <summary>All that S22 promises holds: nothing differs but by events that came after the instant.</summary>
    public bool IsEqual => Views.All(v => v.Different == v.Causes.GetValueOrDefault(DifferenceCause.LateEvent));
}
