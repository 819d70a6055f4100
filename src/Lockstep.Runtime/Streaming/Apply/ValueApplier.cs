using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Streaming.Apply;

/// <summary>Events of a value view: of each key the newest row by S6 competes with what is stored (S7).</summary>
sealed class ValueApplier : IEventApplier
{
    readonly IOnlineStore _store;
    readonly TimeProvider _clock;
    readonly RowLayout _layout;
    readonly ValueStreamUpdates _how;
    readonly ProgramRows _rows;
    readonly int _keyCount;
    readonly bool _hasCreated;
    readonly RowWriter _packer;
    readonly ValueCellWriter _cell = new();
    readonly ArrayBufferWriter<byte> _key = new(64);
    readonly ArrayBufferWriter<byte> _update = new(256);
    readonly CellUpdates _updates = new();
    long[] _places = [];

    /// <param name="events">The columns of the events that come: those of the source now. An old version keeps its source as it was (S24).</param>
    public ValueApplier(ViewVersion view, Schema events, Catalog catalog, IOnlineStore store, TimeProvider clock)
    {
        var columns = ViewColumns.Of(view, catalog);
        (View, _store, _clock) = (view.Id, store, clock);
        _layout = new(view.Features);
        (_packer, _how) = (new(_layout), new(_layout));
        Program = columns.Program(Enumerable.Range(0, view.Features.Count));
        _rows = new(Program, events);
        (_keyCount, _hasCreated) = (view.Keys.Count, columns.HasCreated);
    }

    public string View { get; }
    public RowProgram Program { get; }

    public async ValueTask<Applied> ApplyAsync(IReadOnlyList<LogBatch> batches, CancellationToken token)
    {
        var now = Instant.Now(_clock);
        var newest = new NewestRows(_layout, now - ValueCell.Grace);
        var counts = new ApplyCounts();
        foreach (var batch in batches) counts += Collect(batch, newest);
        if (newest.Count == 0) return new(counts, Task.CompletedTask);
        _updates.Clear();
        foreach (var key in newest.Sorted())
        {
            _cell.Begin(0);
            _cell.AddPlace(new(batches[0].Partition, _places[key]));
            newest.WriteTo(key, _cell);
            _update.ResetWrittenCount();
            ValueCellUpdate.Write(_update, ValueUpdateKind.Push, _updates.Count, _cell);
            _updates.Add(newest.KeyBytes(key), _update.WrittenSpan);
        }
        var written = await _store.PublishAsync(View, _updates, _how, now, token);
        return new(counts with { Keys = _updates.Count }, written);
    }

    ApplyCounts Collect(LogBatch batch, NewestRows newest)
    {
        _rows.Run(batch);
        var rows = _rows.Output;
        Column[] keys = [.. rows.Columns.Take(_keyCount)];
        var time = (FixedColumn<long>)rows[_keyCount];
        var created = _hasCreated ? (FixedColumn<long>)rows[_keyCount + 1] : null;
        Column[] features = [.. rows.Columns.Skip(_keyCount + (_hasCreated ? 2 : 1))];
        var withoutKey = 0L;
        for (var row = 0; row < rows.Count; row++)
        {
            if (time.IsNull(row)) continue; // no event was let in without
            _key.ResetWrittenCount();
            if (!EntityKey.TryWrite(keys, row, _key))
            {
                withoutKey++;
                continue;
            }
            var key = newest.Key(_key.WrittenSpan);
            if (key >= _places.Length) Array.Resize(ref _places, Math.Max(256, key * 2));
            _places[key] = batch.PlaceOf(_rows.RowOf(row)); // ascending: the last one stays
            if (newest.CanMatter(key, time.Values[row]))
                newest.Add(key, time.Values[row], created is null || created.IsNull(row) ? null : created.Values[row], _packer.Write(features, row));
        }
        return new(0, _rows.Dropped, withoutKey, 0, _rows.Unreadable);
    }
}
