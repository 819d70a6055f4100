using System.Buffers;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Apply;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

// What another version of a view has in the online store becomes this one's (S15, S24), where it keeps all that this one needs:
//  1. Key by key, in one step each: the cell, projected, with its places in the log and its end. Both versions get the same events of the
//     log by their own followers; a place says which of them a cell holds. A cell that lacks events which this version's has already is
//     not taken: the other version's follower is about to apply them, so it is looked at again a moment later.
//  2. Keys that only this version has are new ones of the log, or were left by a run that died: what they have of the table goes.
//  3. Then everything that has changed in the table since the other version's last finished run is computed afresh, as in any run. The
//     runs of the other version since are read from the record after the copying: each recorded what it read before it wrote.
/// <summary>Takes over the tiles of another version of a view.</summary>
/// <param name="end">The other version's end: its cells were built with it or with a later one.</param>
/// <param name="number">Of the run, in the record.</param>
internal sealed class TileTakeover(MaterializationContext context, ViewVersion from, ViewVersion to, TileProjection projection, TileMergers mergers, Lease lease, long end, long number)
{
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(20);
    const long BytesPerWrite = 16 << 20;

    readonly CellUpdates _updates = new();
    readonly ArrayBufferWriter<byte> _cell = new(1 << 12);
    readonly ArrayBufferWriter<byte> _update = new(1 << 12);
    readonly List<byte[]> _behind = [];
    readonly long _least = end;
    long _end = long.MinValue;      // the latest of the cells that were copied
    long _recorded = long.MinValue; // what this version's ends have come to

    // As if by a run before this one: what this one computes afresh takes its place.
    readonly long _run = lease.Number - 1;

    /// <summary>Keys that were taken over.</summary>
    public long Keys { get; private set; }

    /// <summary>The version in service whose tiles can be taken over, newest first; null: there is none.</summary>
    public static (ViewVersion From, TileProjection Projection)? Find(Catalog catalog, ViewVersion to)
    {
        foreach (var from in catalog.Views.Where(v => v.Name == to.Name && v.Id != to.Id && v is { Retired: false, View: AggregationView { Online: true } }).OrderByDescending(v => v.Version))
            if (TileProjection.Between(from, to, out _) is { } projection) return (from, projection);
        return null;
    }

    /// <summary>Returns why it could not be done; null: it is.</summary>
    public async Task<string?> RunAsync(ProgressMeter progress, CancellationToken token)
    {
        List<LogPlace> applied = [];
        await using var own = context.Online.ScanAsync(to.Id, token).GetAsyncEnumerator(token);
        var more = await own.MoveNextAsync();
        await foreach (var (key, cell) in context.Online.ScanAsync(from.Id, token))
        {
            for (; more && own.Current.Key.AsSpan().SequenceCompareTo(key) is var order && order <= 0; more = await own.MoveNextAsync())
                if (order < 0) await ForgetAsync(own.Current, token);
            if (AppliedPlace.TryRead(key, cell, out var place)) applied.Add(place);
            if (MaterializationMark.IsMark(key)) continue;
            Add(key, cell);
            progress.Add(1, double.NaN);
            await FlushAsync(false, token);
        }
        for (; more; more = await own.MoveNextAsync()) await ForgetAsync(own.Current, token);
        await FlushAsync(true, token);
        if (!await CatchUpAsync(token)) return $"{to.Id} has applied events of the log that {from.Id} has not: is its stream applied anywhere?";
        // A version that was retired meanwhile has lost its table, perhaps under our hands.
        if (await MaterializationMark.ReadAsync(context.Online, from.Id, token) is null) return $"{from.Id} was retired meanwhile";
        // Events up to there are in the cells that were copied: the log need not be read from its beginning.
        await AppliedMeaning.WriteAsync(context.Online, to, token);
        foreach (var place in applied) await AppliedPlace.WriteAsync(context.Online, to.Id, place, token);
        return null;
    }

    void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> cell)
    {
        _cell.ResetWrittenCount();
        projection.Write(cell, _run, _cell);
        if (_cell.WrittenCount == 0) return;
        _update.ResetWrittenCount();
        TileUpdate.TakeOver(_update, _updates.Count, _cell.WrittenSpan);
        _end = Math.Max(_end, new TileCellReader(mergers.Layout, _cell.WrittenSpan).End);
        _updates.Add(key, _update.WrittenSpan);
        Keys++;
    }

    async ValueTask ForgetAsync((byte[] Key, byte[] Cell) entry, CancellationToken token)
    {
        if (MaterializationMark.IsMark(entry.Key)) return;
        var before = Math.Max(_least, new TileCellReader(mergers.Layout, entry.Cell).End);
        _cell.ResetWrittenCount();
        TileUpdate.Nothing(_cell, mergers.Layout, _run, before);
        _update.ResetWrittenCount();
        TileUpdate.Replace(_update, _updates.Count, [new(long.MinValue, before)], _cell.WrittenSpan);
        _updates.Add(entry.Key, _update.WrittenSpan);
        await FlushAsync(false, token);
    }

    async ValueTask FlushAsync(bool last, CancellationToken token)
    {
        if (_updates.Count == 0 || !last && _updates.Count < context.Options.KeysPerWrite && _updates.Bytes < BytesPerWrite) return;
        if (_end > _recorded && _end != TileCell.TableAlone) await context.Runs.RecordEndAsync(to.Id, _recorded = _end, Instant.Now(context.Clock), number, token); // before anything stands on it (S25)
        var merge = new AggregationCellMerge(mergers, Instant.Now(context.Clock), _updates.Count);
        if (!await context.Online.WriteAsync(to.Id, _updates, merge, new(lease.Number), token)) throw new LeaseLostException(to.Id);
        for (var tag = 0; tag < _updates.Count; tag++)
            if (merge.Outcome(tag) == TileOutcome.Behind) _behind.Add(_updates.Key(tag).ToArray());
        _updates.Clear();
    }

    /// <summary>Looks again at keys of which the other version lacked events; false: it still does.</summary>
    async ValueTask<bool> CatchUpAsync(CancellationToken token)
    {
        var begun = TimeProvider.System.GetTimestamp();
        var batch = new OnlineReadBatch();
        while (_behind.Count > 0)
        {
            if (TimeProvider.System.GetElapsedTime(begun) >= context.Options.BehindWait) return false;
            await Task.Delay(LookAgainAfter, token);
            byte[][] keys = [.. _behind];
            _behind.Clear();
            foreach (var key in keys)
            {
                batch.Clear();
                batch.KeyBuffer.Write(key);
                batch.Add(from.Id);
                await context.Online.ReadAsync(batch, token);
                if (batch.Cell(0).IsEmpty) return false; // it was removed, or never made: its events are in the log alone
                Add(key, batch.Cell(0).Span);
                Keys--;
                await FlushAsync(false, token);
            }
            await FlushAsync(true, token);
        }
        return true;
    }
}
