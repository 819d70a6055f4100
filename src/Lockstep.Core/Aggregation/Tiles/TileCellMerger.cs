using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

// A cell and an update make a cell (S14, S15, S25). Pure: the same bytes in give the same bytes out, and an update that comes again
// changes nothing. For each section:
//  1. What stands: tiles of the stored cell that are not replaced and that some window can still reach.
//  2. What comes: tiles of the update, single events that `cut` has passed, events of the log. Each is a piece: a start, and where its
//     states stand in the bytes of its source.
//  3. Pieces of one start are merged by the accumulators, state by state; all others are copied, neighbours in one go. The usual update
//     touches the last tile alone: everything before it is one copy a state.
// Cost: the bytes of the cell, and a merge for each piece that meets another.
/// <summary>Applies updates to cells. Keeps its buffers: one a thread.</summary>
public sealed class TileCellMerger
{
    // Sources of pieces. Each is in the order of its starts.
    const int Stored = 0, Added = 1, StoredSingles = 2, AddedSingles = 3, Log = 4;

    readonly TileLayout _layout;
    readonly Accumulator[] _states;
    readonly TileSectionWriter[] _sections;
    readonly List<Piece> _standing = [];
    readonly List<Piece> _coming = [];
    readonly List<LogEvent> _events = [];
    readonly List<int> _stateEnds = []; // of accepted events: events × states, within the update
    readonly List<LogPlace> _places = [];
    readonly List<DayRange> _ranges = [];
    readonly TileSectionWriter[] _empty;
    readonly ArrayBufferWriter<byte> _whole = new();
    readonly ArrayBufferWriter<byte> _front = new();

    readonly record struct Piece(long Start, long Newest, int Source, int Index);

    readonly record struct LogEvent(long Time, int At, int Ends);

    public TileCellMerger(TileLayout layout)
    {
        _layout = layout ?? throw new ArgumentNullException(nameof(layout));
        _states = [.. layout.Plan.States.Select(s => s.Spec.Create())];
        _sections = [.. layout.Sections.Select(s => new TileSectionWriter(s))];
        _empty = [.. layout.Sections.Select(s => new TileSectionWriter(s))];
    }

    /// <summary>Events of the last update that were before the key's end: only the table can bring them into a window (S25).</summary>
    public int BeforeEnd { get; private set; }

    /// <summary>Events of the last update whose place had been applied.</summary>
    public int Repeated { get; private set; }

    /// <summary>Computes the cell after the update; it is written to <paramref name="merged"/> only when it changes. Nothing written: the key goes.</summary>
    public TileOutcome Apply(long now, ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        return Apply(now, Whole(cell), update, merged);
    }

    /// <summary>A cell in one part; it stands until the next call of the merger.</summary>
    internal TileCellReader Whole(ReadOnlySpan<byte> cell)
    {
        var stored = new TileCellReader(_layout, cell);
        return stored.BodyLength == 0 ? stored : new(_layout, Together(stored));
    }

    /// <summary>
    /// The same for the front of a cell alone, which has a body: what events of the log come to. False, and nothing written: it takes all
    /// of the cell.
    /// </summary>
    public bool TryApplyToFront(long now, ReadOnlySpan<byte> front, ReadOnlySpan<byte> update, IBufferWriter<byte> merged, out TileOutcome outcome)
    {
        outcome = default;
        if ((TileUpdateKind)TileUpdate.Checked(update)[0] != TileUpdateKind.Events) return false;
        var stored = new TileCellReader(_layout, front);
        _front.ResetWrittenCount();
        outcome = Apply(now, stored, update, _front);
        if (_front.WrittenCount > _layout.MostFront(stored.BodyLength)) return false;
        merged.Write(_front.WrittenSpan);
        return true;
    }

    /// <summary>The two parts of a cell in one.</summary>
    ReadOnlySpan<byte> Together(TileCellReader parted)
    {
        if (parted.Body.IsEmpty) throw new RowFormatException($"A cell of tiles lacks its body of {parted.BodyLength} bytes.");
        _ranges.Clear();
        _events.Clear();
        _places.Clear();
        for (var i = 0; i < parted.PlaceCount; i++) _places.Add(parted.Place(i));
        var body = new TileCellReader(_layout, parted.Body);
        for (var section = 0; section < _sections.Length; section++) Merge(section, body, parted, default, parted.Cut);
        _whole.ResetWrittenCount();
        TileCellWriter.Write(_whole, parted.Run, parted.End, parted.Cut, CollectionsMarshal.AsSpan(_places), _sections);
        return _whole.WrittenSpan;
    }

    TileOutcome Apply(long now, TileCellReader stored, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        var kind = (TileUpdateKind)TileUpdate.Checked(update)[0];
        TileCellReader added = default;
        var (run, end) = (stored.Run, stored.IsEmpty ? TileCell.TableAlone : stored.End);
        _ranges.Clear();
        _events.Clear();
        _stateEnds.Clear();
        _places.Clear();
        (BeforeEnd, Repeated) = (0, 0);
        for (var i = 0; i < stored.PlaceCount; i++) _places.Add(stored.Place(i));
        var cut = kind == TileUpdateKind.Combine ? stored.Cut : Math.Max(stored.Cut, TileLayout.Cut(now));
        switch (kind)
        {
            case TileUpdateKind.Replace or TileUpdateKind.Combine:
                added = new(_layout, Ranges(update));
                if (added.IsEmpty) throw new RowFormatException("A replacement without a cell.");
                if (stored.Run > added.Run) return TileOutcome.Superseded;
                (run, end) = (added.Run, stored.IsEmpty ? added.End : Math.Max(stored.End, added.End)); // never back: what the log brought before it was dropped
                break;
            case TileUpdateKind.TakeOver:
                added = new(_layout, Ranges(update));
                if (added.IsEmpty) throw new RowFormatException("A cell to take over is empty.");
                if (stored.Run > added.Run) return TileOutcome.Superseded;
                foreach (var place in CollectionsMarshal.AsSpan(_places))
                    if (added.PlaceOf(place.Partition) < place.Place) return TileOutcome.Behind;
                _places.Clear();
                for (var i = 0; i < added.PlaceCount; i++) _places.Add(added.Place(i));
                (run, end, cut) = (added.Run, stored.IsEmpty ? added.End : Math.Max(stored.End, added.End), Math.Max(cut, added.Cut));
                break;
            case TileUpdateKind.Events:
                if (stored.IsEmpty) end = BinaryPrimitives.ReadInt64LittleEndian(update[TileUpdate.HeaderSize..]);
                if (!Accept(update, stored, end)) return TileOutcome.Unchanged;
                if (stored.IsEmpty && _events.Count == 0) return TileOutcome.Unchanged; // a key of which nothing counts has no cell, and so no end that could become old (S25)
                break;
            case TileUpdateKind.Clean:
                if (stored.IsEmpty || (!NeedsCleaning(stored, cut) && !(stored.HasNoTiles && MayGo(kind, stored, end, now)))) return TileOutcome.Unchanged;
                break;
            default: throw new RowFormatException($"Update kind {(byte)kind} of tiles.");
        }
        for (var section = 0; section < _sections.Length; section++) Merge(section, stored, added, update, cut);
        if (stored.BodyLength > 0)
        {
            TileCellWriter.Write(merged, run, end, cut, CollectionsMarshal.AsSpan(_places), _sections, stored.BodyLength);
            return TileOutcome.Changed;
        }
        if (HasNoTiles && MayGo(kind, stored, end, now)) return stored.IsEmpty ? TileOutcome.Unchanged : TileOutcome.Changed;
        if (kind == TileUpdateKind.Combine) TileCellWriter.Write(merged, run, end, cut, CollectionsMarshal.AsSpan(_places), _sections); // a run's: it is parted when it is stored
        else TileCellWriter.WriteParted(merged, run, end, cut, CollectionsMarshal.AsSpan(_places), _sections, _empty, _layout.PartAbove);
        return TileOutcome.Changed;
    }

    /// <summary>Reads the ranges of a replacement; what follows them is its cell.</summary>
    ReadOnlySpan<byte> Ranges(ReadOnlySpan<byte> update)
    {
        var at = TileUpdate.HeaderSize + sizeof(ushort);
        if (update.Length < at || update.Length < at + BinaryPrimitives.ReadUInt16LittleEndian(update[TileUpdate.HeaderSize..]) * 16) throw new RowFormatException($"A replacement of {update.Length} bytes.");
        for (var left = BinaryPrimitives.ReadUInt16LittleEndian(update[TileUpdate.HeaderSize..]); left > 0; left--, at += 16)
            _ranges.Add(new(BinaryPrimitives.ReadInt64LittleEndian(update[at..]), BinaryPrimitives.ReadInt64LittleEndian(update[(at + 8)..])));
        return update[at..];
    }

    bool IsReplaced(long start)
    {
        foreach (var range in CollectionsMarshal.AsSpan(_ranges))
            if (start >= range.From && (start < range.To || range.To == long.MaxValue)) return true;
        return false;
    }

    /// <summary>Takes the events that were not applied yet; false: there are none.</summary>
    bool Accept(ReadOnlySpan<byte> update, TileCellReader stored, long end)
    {
        const int head = TileUpdate.HeaderSize + 12;
        if (update.Length < head) throw new RowFormatException($"An update of {update.Length} bytes.");
        var (at, any) = (head, false);
        for (var left = BinaryPrimitives.ReadInt32LittleEndian(update[(TileUpdate.HeaderSize + 8)..]); left > 0; left--)
        {
            if (update.Length - at < TileUpdate.EventHead) throw new RowFormatException($"An update of {update.Length} bytes ends within an event.");
            var place = new LogPlace(BinaryPrimitives.ReadUInt32LittleEndian(update[at..]), BinaryPrimitives.ReadInt64LittleEndian(update[(at + 4)..]));
            var time = BinaryPrimitives.ReadInt64LittleEndian(update[(at + 12)..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(update[(at + 20)..]);
            at += TileUpdate.EventHead;
            if ((uint)length > (uint)(update.Length - at)) throw new RowFormatException($"An event of {length} bytes where {update.Length - at} are left.");
            if (!Pass(place)) Repeated++;
            else
            {
                any = true;
                if (time < end) BeforeEnd++;
                else
                {
                    _events.Add(new(time, at, _stateEnds.Count));
                    var states = update.Slice(at, length);
                    var used = 0;
                    foreach (var state in _states)
                    {
                        used += state.Measure(states[used..]);
                        _stateEnds.Add(at + used);
                    }
                    if (used != length) throw new RowFormatException($"The states of an event take {used} bytes of {length}.");
                }
            }
            at += length;
        }
        if (at != update.Length) throw new RowFormatException($"An update of {update.Length} bytes, with {at} bytes of events.");
        if (_events.Count > 1) _events.Sort(static (a, b) => a.Time.CompareTo(b.Time));
        return any;
    }

    /// <summary>Moves the place of a partition on; false: it had been passed.</summary>
    bool Pass(LogPlace place)
    {
        var places = CollectionsMarshal.AsSpan(_places);
        var i = 0;
        while (i < places.Length && places[i].Partition < place.Partition) i++;
        if (i == places.Length || places[i].Partition != place.Partition) _places.Insert(i, place);
        else if (places[i].Place >= place.Place) return false;
        else places[i] = place;
        return true;
    }

    // A key without events is like one that was never seen. Where a log is, its mark keeps late writers from building it with an older end,
    // and events from being applied again, until none can be under way.
    static bool MayGo(TileUpdateKind kind, TileCellReader stored, long end, long now)
        => end == TileCell.TableAlone || (kind == TileUpdateKind.Clean && now - Instant.Day > stored.Cut);

    bool HasNoTiles
    {
        get
        {
            foreach (var section in _sections)
                if (section.Count > 0) return false;
            return true;
        }
    }

    bool NeedsCleaning(TileCellReader stored, long cut)
    {
        if (_layout.HasSingles && stored.Section(0) is { Count: > 0 } singles && singles.Start(0) < cut) return true;
        for (var i = 1; i < _sections.Length; i++)
            if (stored.Section(i) is { Count: > 0 } tiles && tiles.Start(0) < _layout.KeepFrom(i, cut)) return true;
        return false;
    }

    void Merge(int section, TileCellReader stored, TileCellReader added, ReadOnlySpan<byte> update, long cut)
    {
        var (tier, writer) = (_layout.Sections[section], _sections[section]);
        writer.Clear();
        _standing.Clear();
        _coming.Clear();
        var own = stored.Section(section);
        var others = added.Section(section);
        TileSection singles = default, otherSingles = default;
        if (section == 0)
        {
            Take(own, Stored, _standing, cut, replaceable: true);
            Take(others, Added, _coming, cut, replaceable: false);
        }
        else
        {
            var keep = _layout.KeepFrom(section, cut);
            Take(own, Stored, _standing, keep, replaceable: true);
            Take(others, Added, _coming, keep, replaceable: false);
            singles = stored.Section(0);
            otherSingles = added.Section(0);
            Fold(singles, StoredSingles, tier.Hop, keep, cut, replaceable: true);
            Fold(otherSingles, AddedSingles, tier.Hop, keep, cut, replaceable: false);
        }
        for (var i = 0; i < _events.Count; i++)
        {
            var time = _events[i].Time;
            if (section == 0)
            {
                if (_layout.HasSingles && time >= cut) _coming.Add(new(time, time, Log, i));
            }
            else if ((time < cut || !_layout.HasSingles) && Instant.Floor(time, tier.Hop) is var start && start >= _layout.KeepFrom(section, cut)) _coming.Add(new(start, time, Log, i));
        }
        if (_standing.Count + _coming.Count == 0) return;
        if (_coming.Count > 1) _coming.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Source != b.Source ? a.Source.CompareTo(b.Source) : a.Index.CompareTo(b.Index));
        Starts(writer);
        for (var slot = 0; slot < tier.States.Length; slot++)
        {
            // Single events hold every state, in the plan's order.
            WriteRun(writer, slot, tier.States[slot],
                new(own.Run(slot, out var ownLast), own.Count, ownLast), new(others.Run(slot, out var othersLast), others.Count, othersLast),
                new(singles.Run(tier.States[slot], out var singlesLast), singles.Count, singlesLast), new(otherSingles.Run(tier.States[slot], out var otherLast), otherSingles.Count, otherLast), update);
        }
    }

    void Take(TileSection tiles, int source, List<Piece> to, long from, bool replaceable)
    {
        for (var i = tiles.IndexOf(from); i < tiles.Count; i++)
            if (!replaceable || !IsReplaced(tiles.Start(i))) to.Add(new(tiles.Start(i), tiles.Newest(i), source, i));
    }

    void Fold(TileSection singles, int source, long hop, long keep, long cut, bool replaceable)
    {
        for (var i = 0; i < singles.Count && singles.Start(i) is var time && time < cut; i++)
            if (Instant.Floor(time, hop) is var start && start >= keep && (!replaceable || !IsReplaced(time))) _coming.Add(new(start, time, source, i));
    }

    /// <summary>Writes each start once.</summary>
    void Starts(TileSectionWriter writer)
    {
        var (left, right) = (0, 0);
        while (left < _standing.Count || right < _coming.Count)
        {
            var start = right == _coming.Count || (left < _standing.Count && _standing[left].Start <= _coming[right].Start) ? _standing[left].Start : _coming[right].Start;
            var newest = long.MinValue;
            if (left < _standing.Count && _standing[left].Start == start) newest = _standing[left++].Newest;
            for (; right < _coming.Count && _coming[right].Start == start; right++) newest = Math.Max(newest, _coming[right].Newest);
            writer.Add(start, newest);
        }
    }

    /// <summary>Writes the run of one state.</summary>
    void WriteRun(TileSectionWriter writer, int slot, int state, RunCursor own, RunCursor others, RunCursor singles, RunCursor otherSingles, ReadOnlySpan<byte> update)
    {
        var accumulator = _states[state];
        var standing = CollectionsMarshal.AsSpan(_standing);
        var coming = CollectionsMarshal.AsSpan(_coming);
        var (left, right) = (0, 0);
        while (left < standing.Length || right < coming.Length)
        {
            // Neighbours that nothing comes to are copied together.
            var first = left;
            while (left < standing.Length && (right == coming.Length || standing[left].Start < coming[right].Start) && standing[left].Index == standing[first].Index + left - first) left++;
            if (left > first)
            {
                var isEnd = left == standing.Length && right == coming.Length;
                var bytes = own.Several(accumulator, standing[first].Index, left - first, isEnd, out var last);
                writer.AddRun(slot, bytes, last);
                continue;
            }
            var start = left < standing.Length && standing[left].Start <= coming[right].Start ? standing[left].Start : coming[right].Start;
            var meets = left < standing.Length && standing[left].Start == start;
            if (!meets && (right + 1 == coming.Length || coming[right + 1].Start != start))
            {
                writer.AddRun(slot, Bytes(coming[right++], ref others, ref singles, ref otherSingles, update), 0);
                continue;
            }
            accumulator.Clear();
            if (meets) accumulator.Merge(own.One(accumulator, standing[left++].Index));
            for (; right < coming.Length && coming[right].Start == start; right++) accumulator.Merge(Bytes(coming[right], ref others, ref singles, ref otherSingles, update));
            accumulator.Write(writer.Next(slot));
        }

        ReadOnlySpan<byte> Bytes(in Piece piece, ref RunCursor others, ref RunCursor singles, ref RunCursor otherSingles, ReadOnlySpan<byte> update)
        {
            switch (piece.Source)
            {
                case Added: return others.One(accumulator, piece.Index);
                case StoredSingles: return singles.One(accumulator, piece.Index);
                case AddedSingles: return otherSingles.One(accumulator, piece.Index);
                default:
                    var found = _events[piece.Index];
                    return update[(state == 0 ? found.At : _stateEnds[found.Ends + state - 1]).._stateEnds[found.Ends + state]];
            }
        }
    }
}

/// <summary>Walks over a run of states. Asked in ascending order it measures each state once, and none where the last one is wanted.</summary>
internal ref struct RunCursor(ReadOnlySpan<byte> run, int count, int last)
{
    readonly ReadOnlySpan<byte> _run = run;
    int _index;
    int _at;

    int Seek(Accumulator measure, int index)
    {
        if (index == count) return _run.Length;
        if (index == count - 1) return last;
        if (index < _index) (_index, _at) = (0, 0);
        for (; _index < index; _index++) _at += measure.Measure(_run[_at..]);
        return _at;
    }

    /// <summary>The bytes of a state.</summary>
    public ReadOnlySpan<byte> One(Accumulator measure, int index)
    {
        var from = Seek(measure, index);
        return index == count - 1 ? _run[from..] : _run.Slice(from, measure.Measure(_run[from..]));
    }

    /// <summary>The bytes of states that follow each other and, where it is asked for, where the last of them begins.</summary>
    public ReadOnlySpan<byte> Several(Accumulator measure, int first, int number, bool wantsLast, out int lastAt)
    {
        var from = Seek(measure, first);
        lastAt = wantsLast ? Seek(measure, first + number - 1) - from : 0;
        return _run[from..Seek(measure, first + number)];
    }
}

