using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Apply;

/// <summary>
/// Brings events of the log to the online cells of one view version. Applying an event again, in whatever cut, changes nothing: each key
/// keeps the places that it has applied, in the same write as what they changed (S15). For one thread.
/// </summary>
public interface IEventApplier
{
    /// <summary>The view version's id: the table of the online store.</summary>
    string View { get; }

    /// <summary>Applies batches of one partition, in the order of their places. Reads of this process see them when it returns.</summary>
    ValueTask<Applied> ApplyAsync(IReadOnlyList<LogBatch> batches, CancellationToken token);
}

/// <param name="Counts">What became of the events.</param>
/// <param name="Written">Ends when they are in the store for good.</param>
public readonly record struct Applied(ApplyCounts Counts, Task Written);

/// <summary>What became of events.</summary>
/// <param name="Keys">Keys that were written to.</param>
/// <param name="Dropped">Events that a filter left out.</param>
/// <param name="WithoutKey">Events with a null in the key, which match nothing (S4).</param>
/// <param name="BeforeEnd">Events that only the table can bring into a window (S25).</param>
/// <param name="Unreadable">Events whose values do not convert to what the view reads: they came before the view.</param>
public readonly record struct ApplyCounts(long Keys, long Dropped, long WithoutKey, long BeforeEnd, long Unreadable)
{
    public static ApplyCounts operator +(ApplyCounts a, ApplyCounts b)
        => new(a.Keys + b.Keys, a.Dropped + b.Dropped, a.WithoutKey + b.WithoutKey, a.BeforeEnd + b.BeforeEnd, a.Unreadable + b.Unreadable);
}
