using System.Buffers;
using System.Collections.Concurrent;
using Lockstep.Core.Aggregation.Tiles;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>
/// Applies <see cref="TileUpdate"/>s and <see cref="TileEvents"/> to cells of aggregation views. One for each write; what became of an
/// update is told by its tag. A store may call it from several threads and again with a newer cell: the last call for a key counts.
/// </summary>
public sealed class AggregationCellMerge(TileMergers mergers, long now, int tags = 0) : IPartedMerge
{
    readonly TileOutcome[] _outcomes = new TileOutcome[tags];

    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        var merger = mergers.Rent();
        try
        {
            return Told(merger.Apply(now, cell, update, merged), update);
        }
        finally
        {
            mergers.Return(merger);
        }
    }

    public int BodyOf(ReadOnlySpan<byte> cell) => new TileCellReader(mergers.Layout, cell).BodyLength;

    public bool TryMergeFront(ReadOnlySpan<byte> front, ReadOnlySpan<byte> update, IBufferWriter<byte> merged, out bool changed)
    {
        var merger = mergers.Rent();
        try
        {
            var done = merger.TryApplyToFront(now, front, update, merged, out var outcome);
            changed = done && Told(outcome, update);
            return done;
        }
        finally
        {
            mergers.Return(merger);
        }
    }

    bool Told(TileOutcome outcome, ReadOnlySpan<byte> update)
    {
        var tag = TileUpdate.Tag(update);
        if ((uint)tag < (uint)_outcomes.Length) _outcomes[tag] = outcome;
        return outcome == TileOutcome.Changed;
    }

    public TileOutcome Outcome(int tag) => _outcomes[tag];
}

/// <summary>The clean-up of cells of tiles; its updates are empty.</summary>
public sealed class TileClean(TileLayout layout, long now) : IPartedMerge
{
    readonly TileMergers _mergers = new(layout);
    readonly byte[] _update = Update();

    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        if (cell.IsEmpty) return false;
        var merger = _mergers.Rent();
        try
        {
            return merger.Apply(now, cell, _update, merged) == TileOutcome.Changed;
        }
        finally
        {
            _mergers.Return(merger);
        }
    }

    public int BodyOf(ReadOnlySpan<byte> cell) => cell.IsEmpty ? 0 : new TileCellReader(layout, cell).BodyLength;

    public bool TryMergeFront(ReadOnlySpan<byte> front, ReadOnlySpan<byte> update, IBufferWriter<byte> merged, out bool changed)
    {
        changed = false;
        return false; // what goes may be in either part
    }

    static byte[] Update()
    {
        ArrayBufferWriter<byte> to = new();
        TileUpdate.Clean(to, 0);
        return to.WrittenSpan.ToArray();
    }
}

/// <summary>Mergers of one view version with their buffers, kept from write to write.</summary>
public sealed class TileMergers(TileLayout layout)
{
    readonly ConcurrentBag<TileCellMerger> _free = [];

    public TileLayout Layout => layout;

    internal TileCellMerger Rent() => _free.TryTake(out var merger) ? merger : new(layout);
    internal void Return(TileCellMerger merger) => _free.Add(merger);
}
