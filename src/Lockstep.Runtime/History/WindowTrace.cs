using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Runtime.History;

/// <summary>The events of one key that make one feature of an aggregation view, one by one: S9, S12, S25.</summary>
sealed class WindowTrace
{
    readonly EventProgram _program;
    readonly PlannedFeature _feature;
    readonly PlannedState _reads;
    readonly (Accumulator State, WindowBounds Bounds)[] _windows; // of a ratio two
    readonly long _from, _to, _end;
    readonly SortedDictionary<EventFate, long> _counts = [];
    readonly NearestEvents<LineageEvent> _counting, _left, _before, _after;
    readonly int _limit;

    public WindowTrace(ViewVersion view, int ordinal, long at, long end, int limit, int around)
    {
        _program = EventProgram.For(view, [ordinal]);
        var plan = _program.Plan;
        _feature = plan.Features[0];
        _reads = plan.States[_feature.State];
        _end = end;
        _windows = [(_reads.Spec.Create(), plan.Bounds(_feature.Window, at)),
            .. _feature.Over < 0 ? Array.Empty<(Accumulator, WindowBounds)>() : [(plan.States[_feature.OverState].Spec.Create(), plan.Bounds(_feature.Over, at))]];
        (_from, _to) = (_windows.Min(w => w.Bounds.From), _windows.Max(w => w.Bounds.To));
        // As much again on both sides, to show what lies around.
        var reach = _from == long.MinValue ? 0 : _to - (Int128)_from;
        (ReadFrom, ReadTo) = ((long)Int128.Max(long.MinValue, _from - reach), (long)Int128.Min(long.MaxValue, _to + reach));
        var newest = Comparer<LineageEvent>.Create(static (a, b) => Compare(a, b));
        (_limit, _counting, _left, _before, _after) = (limit, new(limit, newest), new(limit, newest), new(around, newest), new(around, Comparer<LineageEvent>.Create(static (a, b) => Compare(b, a))));
    }

    public RowProgram Program => _program.AllRows();

    public string TimeColumn => _program.Timestamp;

    /// <summary>Events outside of these bounds, both included, are not looked at.</summary>
    public long ReadFrom { get; }

    public long ReadTo { get; }

    static int Compare(LineageEvent a, LineageEvent b)
        => a.EventTimestamp != b.EventTimestamp ? a.EventTimestamp.CompareTo(b.EventTimestamp)
            : string.CompareOrdinal(a.Place.File, b.Place.File) is var file and not 0 ? -file : b.Place.Row.CompareTo(a.Place.Row);

    public void Take(ColumnBatch rows, IReadOnlyList<int> found, Func<int, RowPlace> placeOf)
    {
        var plan = _program.Plan;
        var times = (FixedColumn<long>)rows[plan.TimeAt];
        var input = _reads.Input < 0 ? null : rows[plan.InputsAt + _reads.Input];
        List<int> counting = [];
        foreach (var row in found)
        {
            if (times.IsNull(row)) continue; // it is no event
            var time = times.Values[row];
            if (time < ReadFrom || time > ReadTo) continue;
            var place = placeOf(row);
            var fate = FateOf(rows, row, time, place.IsStreamed, input);
            _counts[fate] = _counts.GetValueOrDefault(fate) + 1;
            if (fate == EventFate.Counts) counting.Add(row);
            (fate switch { EventFate.BeforeWindow => _before, EventFate.AfterWindow => _after, EventFate.Counts => _counting, _ => _left })
                .Offer(new(fate, time, null, input is null ? [] : [new(plan.Inputs[_reads.Input].Name, input.GetValue(row))], place));
        }
        foreach (var (state, bounds) in _windows)
            state.Add(input, times.Values, [.. counting.Where(row => times.Values[row] >= bounds.From && times.Values[row] < bounds.To)]);
    }

    EventFate FateOf(ColumnBatch rows, int row, long time, bool isStreamed, Column? input)
    {
        if (time < _from) return EventFate.BeforeWindow;
        if (time >= _to) return EventFate.AfterWindow;
        if (isStreamed && time < _end) return EventFate.BeforeEnd;
        if (!isStreamed && time >= _end) return EventFate.AfterEnd;
        var filters = _program.Plan.FiltersAt;
        for (var i = filters + _program.Plan.Filters.Count; i < rows.Columns.Count; i++)
            if (!IsTrue(rows[i], row)) return EventFate.Filtered;
        if (_reads.Filter >= 0 && !IsTrue(rows[filters + _reads.Filter], row)) return EventFate.FeatureFiltered;
        return input is not null && input.IsNull(row) ? EventFate.NullValue : EventFate.Counts;
    }

    internal static bool IsTrue(Column column, int row) => !column.IsNull(row) && ((FixedColumn<byte>)column).Values[row] != 0;

    /// <summary>What was found; who knows the rest fills it in.</summary>
    public (Value Raw, FeatureStatus Status, LineageReport Of) Finish(LineageReport of, AggregateFeature declared)
    {
        var column = Column.Create(_feature.Type);
        var (state, bounds) = _windows[0];
        var status = _feature.AppendTo(state, bounds, _windows[^1].State, _windows[^1].Bounds, column);
        var names = declared.Windows.ToLookup(w => (w.Length, w.Hop), w => w.Name);
        var plan = _program.Plan;
        var counting = _counting.Kept; // those that count first, and what is left of the limit for the others
        return (column.GetValue(0), status switch { AggregateStatus.Present => FeatureStatus.Present, AggregateStatus.OutOfRange => FeatureStatus.OutOfRange, _ => FeatureStatus.NullValue }, of with
        {
            Windows = [.. new[] { _feature.Window, _feature.Over }.Take(_windows.Length).Select((w, i) => new LineageWindow(
                names[(plan.Windows[w].Length, plan.Windows[w].Hop)].FirstOrDefault() ?? plan.Windows[w].Name, plan.Windows[w].IsLifetime ? null : _windows[i].Bounds.From, _windows[i].Bounds.To, plan.Windows[w].Hop))],
            Delay = plan.Delay,
            End = _end is TileCell.TableAlone or TileCell.LogAlone ? null : _end,
            Counts = _counts,
            Events = [.. _after.Kept.Reverse(), .. counting.Concat(_left.Kept.Take(_limit - counting.Count)).OrderDescending(Comparer<LineageEvent>.Create(Compare)), .. _before.Kept],
        });
    }
}
