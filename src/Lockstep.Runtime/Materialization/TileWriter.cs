using System.Buffers;
using System.Runtime.InteropServices;
using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>Writes the tiles of one run under its lease, many keys at a time: whole days take the place of what is there (S15).</summary>
internal sealed class TileWriter(IOnlineStore store, string table, TileMergers mergers, Lease lease, long end, TimeProvider clock, int keysPerWrite)
{
    const long BytesPerWrite = 16 << 20;

    readonly CellUpdates _updates = new();
    readonly ArrayBufferWriter<byte> _update = new(1 << 12);
    readonly byte[] _nothing = Nothing(mergers.Layout, lease.Number, end);

    public bool IsFull => _updates.Count >= keysPerWrite || _updates.Bytes >= BytesPerWrite;

    /// <summary>What the run computed of these days takes the place of the key's tiles of these days.</summary>
    public void Replace(ReadOnlySpan<byte> key, List<DayRange> ranges, ReadOnlySpan<byte> cell)
    {
        _update.ResetWrittenCount();
        TileUpdate.Replace(_update, _updates.Count, CollectionsMarshal.AsSpan(ranges), cell);
        _updates.Add(key, _update.WrittenSpan);
    }

    /// <summary>The table has no event of the key on these days.</summary>
    public void Remove(ReadOnlySpan<byte> key, List<DayRange> ranges) => Replace(key, ranges, _nothing);

    public async ValueTask FlushAsync(CancellationToken token)
    {
        if (_updates.Count == 0) return;
        var merge = new AggregationCellMerge(mergers, Instant.Now(clock), _updates.Count);
        if (!await store.WriteAsync(table, _updates, merge, new(lease.Number), token)) throw new LeaseLostException(table);
        for (var tag = 0; tag < _updates.Count; tag++)
            if (merge.Outcome(tag) == TileOutcome.Superseded)
                throw new LockstepException(ErrorKind.Failed, $"Online table '{table}' holds cells of later runs than {lease.Number}, which holds its lease. Was the store put together from several? Drop the table, and materialize the view again.");
        _updates.Clear();
    }

    static byte[] Nothing(TileLayout layout, long run, long end)
    {
        ArrayBufferWriter<byte> to = new();
        TileUpdate.Nothing(to, layout, run, end);
        return to.WrittenSpan.ToArray();
    }
}
