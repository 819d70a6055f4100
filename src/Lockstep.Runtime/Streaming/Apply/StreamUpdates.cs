using System.Buffers;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Streaming.Apply;

/// <summary>Events of an aggregation view: <see cref="TileEvents"/>.</summary>
public sealed class TileStreamUpdates(TileMergers mergers) : IStreamUpdates
{
    public ICellMerge Merge(long now) => new AggregationCellMerge(mergers, now);
    public void Combine(long now, IReadOnlyList<ReadOnlyMemory<byte>> updates, IBufferWriter<byte> combined) => TileEvents.Combine(updates, combined);
}

/// <summary>Rows of a value view: <see cref="ValueUpdateKind.Push"/>.</summary>
public sealed class ValueStreamUpdates(RowLayout layout) : IStreamUpdates
{
    public ICellMerge Merge(long now) => new ValueCellMerge(layout, now);
    public void Combine(long now, IReadOnlyList<ReadOnlyMemory<byte>> updates, IBufferWriter<byte> combined) => ValueCellUpdate.CombinePushes(layout, now, updates, combined);
}
