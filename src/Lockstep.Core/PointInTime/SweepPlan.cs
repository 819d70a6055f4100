using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

/// <summary>
/// What a sweep reads of a view and by which rules it picks. Its batches hold the keys in the view's order, the event timestamp, the
/// created timestamp where there is one, then <see cref="Features"/>.
/// </summary>
public sealed record SweepPlan
{
    public required IReadOnlyList<FeatureType> Keys { get; init; }
    public required bool HasCreated { get; init; }

    /// <summary>The features that are read, in schema order.</summary>
    public required Schema Features { get; init; }

    /// <summary>Their places in the view's schema, ascending. A gap is a feature that is not read, though S6 may need it.</summary>
    public required IReadOnlyList<int> Ordinals { get; init; }

    /// <summary>Rows older than this do not count, microseconds; 0: no lower end (S5).</summary>
    public long Ttl { get; init; }

    /// <summary>S8: only what was known at the label's own instant.</summary>
    public bool AsKnown { get; init; }

    /// <summary>After the timestamps comes another: when each row was known. <see cref="AsKnown"/> goes by it, and not by the created timestamp.</summary>
    public bool HasKnown { get; init; }

    /// <summary>Candidate rows are compacted beyond so many bytes, or half as much again as what still stands.</summary>
    public long CompactBytes { get; init; } = 64L << 20;

    /// <summary>More bytes than this that still stand make the sweep give up (<see cref="SweepState.TooLarge"/>): fewer labels at once need less.</summary>
    public long MaxBytes { get; init; } = 768L << 20;

    internal int TimeAt => Keys.Count;
    internal int FeaturesAt => Keys.Count + (HasCreated ? 2 : 1) + (HasKnown ? 1 : 0);
}

/// <summary>Whether a sweep can go on, and if not, what it needs.</summary>
public enum SweepState
{
    Running,

    /// <summary>Two rows are equal in both timestamps and differ in a feature that is read, but one before it in schema order is not: S6 needs it.</summary>
    NeedsFeatures,

    /// <summary>What has to be kept for these labels does not fit: take fewer at once.</summary>
    TooLarge,
}
