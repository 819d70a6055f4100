using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>
/// Applies <see cref="ValueCellUpdate"/>s to cells of value views. One for each write: it collects the keys, by the tags of their
/// updates, that met a push which the update has not read. A store may call it from several threads and again with a newer cell:
/// the last call for a key counts.
/// </summary>
public sealed class ValueCellMerge(RowLayout layout, long now, int tags = 0) : ICellMerge
{
    readonly ValueCellOutcome[] _outcomes = new ValueCellOutcome[tags];

    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        var outcome = ValueCellUpdate.Apply(layout, now, cell, update, merged);
        var tag = ValueCellUpdate.Tag(update);
        if ((uint)tag < (uint)_outcomes.Length) _outcomes[tag] = outcome;
        return outcome == ValueCellOutcome.Changed;
    }

    /// <summary>What became of the update with this tag.</summary>
    public ValueCellOutcome Outcome(int tag) => _outcomes[tag];

    /// <summary>Tags of the updates to compute again.</summary>
    public IEnumerable<int> Conflicts
    {
        get
        {
            for (var tag = 0; tag < _outcomes.Length; tag++)
                if (_outcomes[tag] == ValueCellOutcome.Conflict) yield return tag;
        }
    }
}

/// <summary>Applies the clean-up of <see cref="ValueCellCleaner"/>; its updates are empty.</summary>
public sealed class ValueCellClean(long now, long ttl, long markLifetime = Instant.Day) : ICellMerge
{
    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        => !cell.IsEmpty && ValueCellCleaner.Clean(now, ttl, markLifetime, cell, merged);
}
