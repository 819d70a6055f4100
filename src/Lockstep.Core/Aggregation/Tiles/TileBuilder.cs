using System.Buffers;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

// The tiles of all keys of a table, from its events in any order.
//  1. Add keeps the events that some window can still reach, column by column, and numbers their keys.
//  2. Sort puts them in order: by key, then by time. Events of one tile of one key are then side by side, and an accumulator takes them
//     in one call.
// What it yields does not depend on how the events were cut: two builders' cells of a key are combined (TileUpdateKind.Combine).
// Cost: O(events · log of the events of a key); memory for the events since the last Clear.
/// <summary>Computes cells from a table's events.</summary>
public sealed class TileBuilder
{
    readonly TileLayout _layout;
    readonly long _cut;
    readonly long _readFrom;
    readonly ColumnBatch _events;
    readonly Accumulator[] _states;
    readonly TileSectionWriter[] _sections;
    KeyIndex _keys;
    Column[] _parts = [];
    int[] _groupOf = [];
    int[] _scratch = [];
    int[] _taken = [];
    int[] _filtered = [];
    int[] _first = [];   // of each key in _order, and one more
    int[] _order = [];
    int[] _sorted = [];  // keys by their bytes
    byte[] _keyBytes = [];
    int[] _keyEnds = [];

    /// <param name="layout">What is kept.</param>
    /// <param name="events">Keys, event timestamp, inputs, filters (<see cref="WindowPlan"/>).</param>
    /// <param name="now">The instant of the run.</param>
    public TileBuilder(TileLayout layout, Schema events, long now)
    {
        _layout = layout ?? throw new ArgumentNullException(nameof(layout));
        _cut = TileLayout.Cut(now);
        _readFrom = layout.ReadFrom(_cut);
        _events = new(events);
        _keys = new(layout.Plan.Keys);
        _states = [.. layout.Plan.States.Select(s => s.Spec.Create())];
        _sections = [.. layout.Sections.Select(s => new TileSectionWriter(s))];
    }

    /// <summary>Events kept since the last <see cref="Clear"/>.</summary>
    public int Count => _events.Count;

    /// <summary>Memory held for them, about.</summary>
    public long Bytes => _events.Columns.Sum(c => c.Bytes) + Count * 24L;

    /// <summary>Events without a key, which match nothing (S4).</summary>
    public long WithoutKey { get; private set; }

    public long WithoutTime { get; private set; }

    /// <summary>Takes in the events that can still count; nothing of the batch is kept.</summary>
    public void Add(ColumnBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var rows = batch.Count;
        if (_scratch.Length < rows) (_scratch, _taken) = (new int[rows], new int[rows]);
        if (_groupOf.Length < Count + rows) Array.Resize(ref _groupOf, Math.Max(Count + rows, _groupOf.Length * 2));
        _parts = [.. batch.Columns.Take(_layout.Plan.Keys.Count)];
        var groups = _groupOf.AsSpan(Count, rows);
        _keys.Intern(_parts, groups, _scratch);
        var time = (FixedColumn<long>)batch[_layout.Plan.TimeAt];
        var taken = 0;
        for (var row = 0; row < rows; row++)
        {
            if (time.IsNull(row)) WithoutTime++;
            else if (groups[row] < 0) WithoutKey++;
            else if (time.Values[row] >= _readFrom)
            {
                groups[taken] = groups[row];
                _taken[taken++] = row;
            }
        }
        for (var i = 0; i < _events.Columns.Count; i++) _events[i].AppendRows(batch[i], _taken.AsSpan(0, taken));
    }

    /// <summary>Puts the events in order; returns how many keys have some. <see cref="Key"/> and <see cref="Write"/> then take 0 … that number.</summary>
    public int Sort()
    {
        var times = ((FixedColumn<long>)_events[_layout.Plan.TimeAt]).Values;
        _first = new int[_keys.Count + 1];
        foreach (var group in _groupOf.AsSpan(0, Count)) _first[group + 1]++;
        for (var group = 0; group < _keys.Count; group++) _first[group + 1] += _first[group];
        _order = new int[Count];
        var sorted = new long[Count];
        var next = _first.AsSpan(0, _keys.Count).ToArray();
        for (var row = 0; row < Count; row++)
        {
            sorted[next[_groupOf[row]]] = times[row];
            _order[next[_groupOf[row]]++] = row;
        }
        for (var group = 0; group < _keys.Count; group++)
        {
            var span = sorted.AsSpan(_first[group], _first[group + 1] - _first[group]);
            for (var i = 1; i < span.Length; i++)
            {
                if (span[i] >= span[i - 1]) continue;
                span.Sort(_order.AsSpan(_first[group], span.Length));
                break;
            }
        }
        SortKeys();
        return _sorted.Length;
    }

    void SortKeys()
    {
        var bytes = new ArrayBufferWriter<byte>(1 << 12);
        _keyEnds = new int[_keys.Count + 1];
        List<int> with = [];
        Column[] parts = [.. _events.Columns.Take(_layout.Plan.Keys.Count)];
        for (var group = 0; group < _keys.Count; group++)
        {
            if (_first[group + 1] > _first[group])
            {
                EntityKey.TryWrite(parts, _order[_first[group]], bytes);
                with.Add(group);
            }
            _keyEnds[group + 1] = bytes.WrittenCount;
        }
        _keyBytes = bytes.WrittenSpan.ToArray();
        _sorted = [.. with];
        _sorted.AsSpan().Sort((a, b) => KeyOf(a).SequenceCompareTo(KeyOf(b)));
    }

    ReadOnlySpan<byte> KeyOf(int group) => _keyBytes.AsSpan(_keyEnds[group].._keyEnds[group + 1]);

    /// <summary>The encoded key; ascending.</summary>
    public ReadOnlySpan<byte> Key(int index) => KeyOf(_sorted[index]);

    /// <summary>Writes the cell of a key.</summary>
    public void Write(int index, long run, long end, IBufferWriter<byte> to)
    {
        var group = _sorted[index];
        var events = _order.AsSpan(_first[group], _first[group + 1] - _first[group]);
        var times = ((FixedColumn<long>)_events[_layout.Plan.TimeAt]).Values;
        var single = events.Length; // events from here on are kept singly
        if (_layout.HasSingles) while (single > 0 && times[events[single - 1]] >= _cut) single--;
        for (var section = 0; section < _sections.Length; section++)
        {
            _sections[section].Clear();
            var some = section == 0 ? events[single..] : events[..single];
            Fill(section, some, times);
        }
        TileCellWriter.Write(to, run, end, _cut, [], _sections);
    }

    void Fill(int section, ReadOnlySpan<int> events, ReadOnlySpan<long> times)
    {
        var (tier, writer) = (_layout.Sections[section], _sections[section]);
        var keep = _layout.KeepFrom(section, _cut);
        for (var first = 0; first < events.Length;)
        {
            var start = Instant.Floor(times[events[first]], tier.Hop);
            var end = first + 1;
            while (end < events.Length && Instant.Floor(times[events[end]], tier.Hop) == start) end++;
            var rows = events[first..end];
            first = end;
            if (start < keep) continue;
            writer.Add(start, times[rows[^1]]);
            for (var slot = 0; slot < tier.States.Length; slot++)
            {
                var (state, planned) = (_states[tier.States[slot]], _layout.Plan.States[tier.States[slot]]);
                var passing = planned.Filter < 0 ? rows : Passing((FixedColumn<byte>)_events[_layout.Plan.FiltersAt + planned.Filter], rows);
                state.Clear();
                if (passing.Length > 0) state.Add(planned.Input < 0 ? null : _events[_layout.Plan.InputsAt + planned.Input], times, passing);
                state.Write(writer.Next(slot));
            }
        }
    }

    ReadOnlySpan<int> Passing(FixedColumn<byte> filter, ReadOnlySpan<int> rows)
    {
        if (_filtered.Length < rows.Length) _filtered = new int[Math.Max(rows.Length, _filtered.Length * 2)];
        var count = 0;
        foreach (var row in rows)
            if (EventStates.Passes(filter, row)) _filtered[count++] = row;
        return _filtered.AsSpan(0, count);
    }

    /// <summary>Forgets all events and keys.</summary>
    public void Clear()
    {
        _events.Clear();
        _keys = new(_layout.Plan.Keys);
        _sorted = [];
    }
}
