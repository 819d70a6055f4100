using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>
/// Which state is kept of a column: compared by value, so that functions with the same state over the same column and filter share it
/// (sum, avg and stddev are three readings of one). The name stands in stored tiles and fingerprints.
/// </summary>
public abstract record AccumulatorSpec
{
    /// <summary>Kind, type and parameters: two specs are equal exactly when their names are. Stored: never change the meaning of a name.</summary>
    public abstract string Name { get; }

    /// <summary>The column's type; null for a state over events as such.</summary>
    public FeatureType? Column { get; init; }

    public abstract Accumulator Create();

    /// <summary>Whether this state also answers for the other: moments for sums.</summary>
    public virtual bool Covers(AccumulatorSpec other) => Equals(other);

    /// <summary>The most bytes that a state takes; null where that depends on the length of texts.</summary>
    public abstract int? MaxBytes { get; }

    public sealed override string ToString() => Name;
}
