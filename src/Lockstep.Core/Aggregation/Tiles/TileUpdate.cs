using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

/// <summary>What an update does to a cell of tiles (S15, S25).</summary>
public enum TileUpdateKind : byte
{
    // Part of the bytes of an update: given by hand, append only.

    /// <summary>What a run has computed from the table takes the place of the tiles of some days, whole; it also sets the key's end.</summary>
    Replace = 1,

    /// <summary>Events of the log, each with its place: those whose place has been applied, and those before the key's end, change nothing.</summary>
    Events = 2,

    /// <summary>Folds single events and drops what no window reaches any more.</summary>
    Clean = 3,

    /// <summary>Two parts of what one run has computed of a key; never sent to a store.</summary>
    Combine = 4,

    /// <summary>The cell of another version that keeps the same (<see cref="TileProjection"/>) takes the place of this one, with its places and its end.</summary>
    TakeOver = 5,
}

/// <summary>What an update did.</summary>
public enum TileOutcome
{
    Changed,

    /// <summary>The cell held all of it already.</summary>
    Unchanged,

    /// <summary>A later run has written the key.</summary>
    Superseded,

    /// <summary>The cell that was to be taken over lacks events of the log that this one holds already.</summary>
    Behind,
}

/// <summary>Days that a replacement is about: <c>From &lt;= start of a tile &lt; To</c>. Both on midnight (UTC), or the least or greatest instant.</summary>
public readonly record struct DayRange(long From, long To)
{
    public static readonly DayRange All = new(long.MinValue, long.MaxValue);
}

// kind 1 | tag 4, then
//   Replace, Combine, TakeOver: ranges: count 2, each: from 8, to 8 | a cell
//   Events:                     end 8 | count 4 | for each: partition 4, place 8, timestamp 8, length 4, the plan's states one after the other

/// <summary>Writes updates to cells of tiles.</summary>
public static class TileUpdate
{
    internal const int HeaderSize = 5;
    internal const int EventHead = 24;

    /// <param name="to">Where the update goes.</param>
    /// <param name="tag">By which the caller knows the key again when the merge reports it.</param>
    /// <param name="ranges">What is replaced; ascending.</param>
    /// <param name="cell">What takes its place, with the run and the end: of <see cref="TileBuilder"/>, or <see cref="Nothing"/>.</param>
    public static void Replace(IBufferWriter<byte> to, int tag, ReadOnlySpan<DayRange> ranges, ReadOnlySpan<byte> cell) => Write(to, TileUpdateKind.Replace, tag, ranges, cell);

    /// <summary>Two parts of what one run has computed of a key, put together by <see cref="TileCellMerger"/>; never sent to a store.</summary>
    public static void Combine(IBufferWriter<byte> to, ReadOnlySpan<byte> cell) => Write(to, TileUpdateKind.Combine, 0, [], cell);

    /// <param name="to">Where the update goes.</param>
    /// <param name="tag">By which the caller knows the key again when the merge reports it.</param>
    /// <param name="cell">Of <see cref="TileProjection"/>, with a run that is before that of the writer.</param>
    public static void TakeOver(IBufferWriter<byte> to, int tag, ReadOnlySpan<byte> cell) => Write(to, TileUpdateKind.TakeOver, tag, [DayRange.All], cell);

    static void Write(IBufferWriter<byte> to, TileUpdateKind kind, int tag, ReadOnlySpan<DayRange> ranges, ReadOnlySpan<byte> cell)
    {
        var size = HeaderSize + sizeof(ushort) + ranges.Length * 16 + cell.Length;
        var span = to.GetSpan(size);
        span[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], tag);
        BinaryPrimitives.WriteUInt16LittleEndian(span[HeaderSize..], checked((ushort)ranges.Length));
        var at = HeaderSize + sizeof(ushort);
        foreach (var range in ranges)
        {
            BinaryPrimitives.WriteInt64LittleEndian(span[at..], range.From);
            BinaryPrimitives.WriteInt64LittleEndian(span[(at + 8)..], range.To);
            at += 16;
        }
        cell.CopyTo(span[at..]);
        to.Advance(size);
    }

    /// <summary>The bytes of a cell without events: what a key has of which the table knows nothing.</summary>
    public static void Nothing(IBufferWriter<byte> to, TileLayout layout, long run, long end)
    {
        ArgumentNullException.ThrowIfNull(layout);
        TileCellWriter.Write(to, run, end, long.MinValue, [], [.. layout.Sections.Select(s => new TileSectionWriter(s))]);
    }

    public static void Clean(IBufferWriter<byte> to, int tag)
    {
        var span = to.GetSpan(HeaderSize);
        span[0] = (byte)TileUpdateKind.Clean;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], tag);
        to.Advance(HeaderSize);
    }

    public static int Tag(ReadOnlySpan<byte> update) => BinaryPrimitives.ReadInt32LittleEndian(Checked(update)[1..]);

    internal static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> update) => update.Length < HeaderSize
        ? throw new RowFormatException($"An update of {update.Length} bytes.")
        : update;
}

/// <summary>Collects the events of one key for an update. Keeps its buffers: one a thread, begun again for each key.</summary>
public sealed class TileEvents
{
    readonly ArrayBufferWriter<byte> _events = new(256);
    long _end;
    int _count;

    /// <param name="end">The view's end as it was recorded when it was looked up, after the events were logged (S25): what a new key is built with.</param>
    public void Begin(long end)
    {
        _events.ResetWrittenCount();
        (_end, _count) = (end, 0);
    }

    public int Count => _count;

    /// <param name="place">Where the log holds it.</param>
    /// <param name="time">Its event timestamp.</param>
    /// <param name="states">Of <see cref="EventStates"/>.</param>
    public void Add(LogPlace place, long time, ReadOnlySpan<byte> states)
    {
        var span = _events.GetSpan(TileUpdate.EventHead + states.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(span, place.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(span[4..], place.Place);
        BinaryPrimitives.WriteInt64LittleEndian(span[12..], time);
        BinaryPrimitives.WriteInt32LittleEndian(span[20..], states.Length);
        states.CopyTo(span[TileUpdate.EventHead..]);
        _events.Advance(TileUpdate.EventHead + states.Length);
        _count++;
    }

    public void Write(IBufferWriter<byte> to, int tag)
    {
        const int head = TileUpdate.HeaderSize + 12;
        var span = to.GetSpan(head + _events.WrittenCount);
        span[0] = (byte)TileUpdateKind.Events;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], tag);
        BinaryPrimitives.WriteInt64LittleEndian(span[TileUpdate.HeaderSize..], _end);
        BinaryPrimitives.WriteInt32LittleEndian(span[(TileUpdate.HeaderSize + 8)..], _count);
        _events.WrittenSpan.CopyTo(span[head..]);
        to.Advance(head + _events.WrittenCount);
    }

    // A key without a cell is built with the end of the first update of which an event counts: so it would be if they came one by one.
    /// <summary>Makes one update of several to a key, oldest first: it does what they do one after the other.</summary>
    public static void Combine(IReadOnlyList<ReadOnlyMemory<byte>> updates, IBufferWriter<byte> to)
    {
        ArgumentNullException.ThrowIfNull(updates);
        const int head = TileUpdate.HeaderSize + 12;
        var (bytes, count, end, decided) = (0, 0, TileCell.LogAlone, false);
        foreach (var update in updates)
        {
            if (update.Length < head || (TileUpdateKind)update.Span[0] != TileUpdateKind.Events) throw new RowFormatException($"An update of {update.Length} bytes that holds no events.");
            bytes += update.Length - head;
            count += BinaryPrimitives.ReadInt32LittleEndian(update.Span[(TileUpdate.HeaderSize + 8)..]);
            if (!decided) (end, decided) = (BinaryPrimitives.ReadInt64LittleEndian(update.Span[TileUpdate.HeaderSize..]), AnyFrom(update.Span, BinaryPrimitives.ReadInt64LittleEndian(update.Span[TileUpdate.HeaderSize..])));
        }
        var span = to.GetSpan(head + bytes);
        span[0] = (byte)TileUpdateKind.Events;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(span[TileUpdate.HeaderSize..], end);
        BinaryPrimitives.WriteInt32LittleEndian(span[(TileUpdate.HeaderSize + 8)..], count);
        var at = head;
        foreach (var update in updates)
        {
            update.Span[head..].CopyTo(span[at..]);
            at += update.Length - head;
        }
        to.Advance(at);
    }

    /// <summary>Whether an event of the update is at an instant or after it.</summary>
    static bool AnyFrom(ReadOnlySpan<byte> update, long from)
    {
        for (var at = TileUpdate.HeaderSize + 12; at + TileUpdate.EventHead <= update.Length; at += TileUpdate.EventHead + BinaryPrimitives.ReadInt32LittleEndian(update[(at + 20)..]))
            if (BinaryPrimitives.ReadInt64LittleEndian(update[(at + 12)..]) >= from) return true;
        return false;
    }
}

/// <summary>Turns an event into the states of the plan, one after the other: what a tile of that event alone would hold. One a thread.</summary>
public sealed class EventStates(WindowPlan plan)
{
    readonly Accumulator[] _states = [.. plan.States.Select(s => s.Spec.Create())];
    readonly ArrayBufferWriter<byte> _bytes = new(128);

    /// <param name="events">Keys, event timestamp, inputs, filters, as <see cref="WindowPlan"/> says.</param>
    /// <param name="row">The event.</param>
    /// <returns>Stands until the next call.</returns>
    public ReadOnlySpan<byte> Of(ColumnBatch events, int row)
    {
        _bytes.ResetWrittenCount();
        ReadOnlySpan<int> rows = [row];
        var times = ((FixedColumn<long>)events[plan.TimeAt]).Values;
        for (var i = 0; i < _states.Length; i++)
        {
            var planned = plan.States[i];
            _states[i].Clear();
            if (planned.Filter < 0 || Passes((FixedColumn<byte>)events[plan.FiltersAt + planned.Filter], row))
                _states[i].Add(planned.Input < 0 ? null : events[plan.InputsAt + planned.Input], times, rows);
            _states[i].Write(_bytes);
        }
        return _bytes.WrittenSpan;
    }

    /// <summary>A filter that is null drops, as one that is false.</summary>
    internal static bool Passes(FixedColumn<byte> filter, int row) => !filter.IsNull(row) && filter.Values[row] != 0;
}
