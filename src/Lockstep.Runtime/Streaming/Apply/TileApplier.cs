using System.Buffers;
using System.Runtime.InteropServices;
using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Apply;

/// <summary>Events of an aggregation view: each goes to the tiles of its key, once (S15), unless it is before the end of the view's table (S25).</summary>
sealed class TileApplier : IEventApplier
{
    readonly ViewVersion _view;
    readonly IOnlineStore _store;
    readonly StreamContext _context;
    readonly Catalog _catalog;
    readonly TimeProvider _clock;
    readonly EventProgram _program;
    readonly ProgramRows _rows;
    readonly EventStates _states;
    readonly TileStreamUpdates _how;
    readonly TileEvents _events = new();
    readonly ArrayBufferWriter<byte> _key = new(64);
    readonly ArrayBufferWriter<byte> _bytes = new(1 << 16);
    readonly ArrayBufferWriter<byte> _update = new(1024);
    readonly CellUpdates _updates = new();

    /// <summary>An event that waits to be written: its key's number, and where its states stand.</summary>
    readonly record struct Pending(int Key, long Place, long Time, int At, int Length);

    /// <param name="events">The columns of the events that come: those of the source now. An old version keeps its source as it was (S24).</param>
    public TileApplier(ViewVersion view, Schema events, Catalog catalog, StreamContext context)
    {
        (_view, _catalog, _context, _store, _clock) = (view, catalog, context, context.Online, context.Clock);
        _program = EventProgram.Of(view);
        _rows = new(_program.Rows, events);
        _states = new(_program.Plan);
        _how = new(new(_program.Layout));
    }

    public string View => _view.Id;

    public async ValueTask<Applied> ApplyAsync(IReadOnlyList<LogBatch> batches, CancellationToken token)
    {
        // After the events were logged: a run that records a later end from here on finds them in the log.
        var end = ViewEnds.Fixed(_program.Source) ?? await EndAsync(token);
        Dictionary<byte[], int> keys = new(new Utf8Comparer());
        List<Pending> pending = [];
        _bytes.ResetWrittenCount();
        var counts = new ApplyCounts();
        foreach (var batch in batches) counts += Collect(batch, keys, pending);
        if (pending.Count == 0) return new(counts, Task.CompletedTask);
        Prepare(batches[0].Partition, keys, CollectionsMarshal.AsSpan(pending), end);
        var written = await _store.PublishAsync(View, _updates, _how, Instant.Now(_clock), token);
        return new(counts with { Keys = _updates.Count, BeforeEnd = pending.Count(e => e.Time < end) }, written);
    }

    // Never without one: a key that was built as if there were no table would keep what the table brings as well.
    async ValueTask<long> EndAsync(CancellationToken token)
    {
        if (_context.Runs is { } runs)
        {
            if (await ViewEnds.ForWritersAsync(runs, _view, token) is { } recorded) return recorded;
            if (_context.RecordFirstEnd is { } record) await record(_view, _catalog, token);
            if (await ViewEnds.ForWritersAsync(runs, _view, token) is { } first) return first;
        }
        throw new LockstepException(ErrorKind.Conflict, $"View '{View}' reads a table and a stream, and where the table ends is not recorded yet. Run: lockstep apply");
    }

    /// <summary>One update a key, with its events in the order of their places, as they come; by the bytes of the keys, which spares the store to sort them while others wait for it.</summary>
    void Prepare(uint partition, Dictionary<byte[], int> keys, ReadOnlySpan<Pending> pending, long end)
    {
        var first = new int[keys.Count + 1];
        foreach (var one in pending) first[one.Key + 1]++;
        for (var key = 0; key < keys.Count; key++) first[key + 1] += first[key];
        var (next, order) = (first.AsSpan(0, keys.Count).ToArray(), new int[pending.Length]);
        for (var i = 0; i < pending.Length; i++) order[next[pending[i].Key]++] = i;
        byte[][] sorted = [.. keys.Keys];
        sorted.AsSpan().Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        _updates.Clear();
        foreach (var key in sorted)
        {
            var number = keys[key];
            _events.Begin(end);
            foreach (var i in order.AsSpan(first[number]..first[number + 1]))
                _events.Add(new(partition, pending[i].Place), pending[i].Time, _bytes.WrittenSpan.Slice(pending[i].At, pending[i].Length));
            _update.ResetWrittenCount();
            _events.Write(_update, _updates.Count);
            _updates.Add(key, _update.WrittenSpan);
        }
    }

    ApplyCounts Collect(LogBatch batch, Dictionary<byte[], int> numbers, List<Pending> pending)
    {
        _rows.Run(batch);
        var rows = _rows.Output;
        Column[] keys = [.. rows.Columns.Take(_view.Keys.Count)];
        var time = (FixedColumn<long>)rows[_program.Plan.TimeAt];
        var known = numbers.GetAlternateLookup<ReadOnlySpan<byte>>();
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
            if (!known.TryGetValue(_key.WrittenSpan, out var number)) known[_key.WrittenSpan] = number = numbers.Count;
            var states = _states.Of(rows, row);
            var at = _bytes.WrittenCount;
            _bytes.Write(states);
            pending.Add(new(number, batch.PlaceOf(_rows.RowOf(row)), time.Values[row], at, states.Length));
        }
        return new(0, _rows.Dropped, withoutKey, 0, _rows.Unreadable);
    }
}
