using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>
/// The working state of one aggregate over any set of events: batch, tiles, streams and requests use the same steps, so how the input
/// was cut cannot show (S13). Adding and merging commute and associate: any order and any cut gives the same bytes from
/// <see cref="Write"/>. Made once by <see cref="AccumulatorSpec.Create"/>, cleared and used again; not for several threads at once.
/// </summary>
public abstract class Accumulator
{
    /// <summary>Empties it and keeps its memory.</summary>
    public abstract void Clear();

    /// <summary>Adds events: their values are <paramref name="rows"/> of the column (null for a state over events as such), their times the same rows of <paramref name="times"/>. Null values are skipped (S12).</summary>
    public abstract void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows);

    /// <summary>Merges a state that begins at the first byte, in place, and says how long it is.</summary>
    public abstract int Merge(ReadOnlySpan<byte> state);

    /// <summary>Merges so many states that follow each other, and says how long they are together. The quick way over the tiles of a window.</summary>
    public virtual int MergeRun(ReadOnlySpan<byte> states, int count)
    {
        var at = 0;
        for (; count > 0; count--) at += Merge(states[at..]);
        return at;
    }

    /// <summary>How long the state is that begins at the first byte.</summary>
    public abstract int Measure(ReadOnlySpan<byte> state);

    /// <summary>Merges an accumulator of the same spec, or of one that covers it.</summary>
    public abstract void MergeFrom(Accumulator other);

    /// <summary>Appends the state: its own end shows in its bytes.</summary>
    public abstract void Write(IBufferWriter<byte> to);

    /// <summary>Whether <see cref="Subtract"/> is exact.</summary>
    public virtual bool CanSubtract => false;

    /// <summary>Takes away a state that was added before, and says how long it is.</summary>
    public virtual int Subtract(ReadOnlySpan<byte> state) => throw new NotSupportedException($"{GetType().Name} cannot subtract.");
}

/// <summary>What became of a feature (S20): a value, null, or null because a value or a total does not fit (S13).</summary>
public enum AggregateStatus : byte
{
    Present,
    Null,
    OutOfRange,
}
