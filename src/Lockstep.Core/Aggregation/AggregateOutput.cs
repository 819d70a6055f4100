using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>How a feature is read from a state.</summary>
public abstract class AggregateOutput
{
    public abstract FeatureType Type { get; }

    /// <summary>Whether the value changes with the instant while the window holds the same events: a time since.</summary>
    public virtual bool ReadsInstant => false;

    /// <summary>Appends the value of a window, or null, to a column of <see cref="Type"/>.</summary>
    /// <param name="state">An accumulator of the spec that came with this output, or of one that covers it.</param>
    /// <param name="window">The window that was read.</param>
    /// <param name="to">Gets one row more.</param>
    public abstract AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to);

    /// <summary>The value as a number, for a ratio; only of outputs that are numbers.</summary>
    public virtual AggregateStatus Number(Accumulator state, in WindowBounds window, out double value)
        => throw new NotSupportedException($"{GetType().Name} is no number.");
}
