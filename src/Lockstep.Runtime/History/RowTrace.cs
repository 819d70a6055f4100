using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.History;

/// <summary>The rows of one key of a value view: which one is the newest as of the instant, and why the others are not (S5, S6).</summary>
sealed class RowTrace
{
    readonly ViewColumns _columns;
    readonly RowLayout _layout;
    readonly RowWriter _packer;
    readonly long _at, _oldest;
    readonly int _ordinal;
    readonly SortedDictionary<EventFate, long> _counts = [];
    readonly NearestEvents<Candidate> _within, _before, _after;
    Candidate? _winner;
    long? _newestOld;
    long _candidates, _sameTime, _sameCreated, _same; // as the winner's

    sealed record Candidate(long Time, long? Created, byte[] Features, IReadOnlyList<KeyValuePair<string, Value>> Values, bool IsFiltered, RowPlace Place);

    /// <param name="columns">Of the view.</param>
    /// <param name="ordinal">Of the feature.</param>
    /// <param name="at">The instant.</param>
    /// <param name="limit">Rows to show.</param>
    /// <param name="around">And on each side.</param>
    /// <param name="whole">Looks at rows however old: whether there is one at all.</param>
    public RowTrace(ViewColumns columns, int ordinal, long at, int limit, int around, bool whole)
    {
        (_columns, _ordinal, _at, _layout) = (columns, ordinal, at, new(columns.View.Features));
        _packer = new(_layout);
        var ttl = columns.Definition.Ttl;
        _oldest = ttl > 0 ? Before(at, ttl) : long.MinValue;
        // As much again on both sides, to show what lies around.
        var reach = Math.Max(ttl, Instant.Day);
        (ReadFrom, ReadTo) = (ttl > 0 && !whole ? Before(_oldest, reach) : long.MinValue, (long)Int128.Min(long.MaxValue, (Int128)at + reach));
        var newest = Comparer<Candidate>.Create(Compare);
        (_within, _before, _after) = (new(limit, newest), new(around, newest), new(around, Comparer<Candidate>.Create((a, b) => Compare(b, a))));

        static long Before(long at, long by) => (long)Int128.Max(long.MinValue, (Int128)at - by);
    }

    public RowProgram Program => _columns.AllRows();

    public string TimeColumn => _columns.Timestamp;

    public long ReadFrom { get; }

    public long ReadTo { get; }

    /// <summary>S6, and then any order that is the same each time.</summary>
    int Compare(Candidate a, Candidate b)
    {
        if (Order(a, b) is var order and not 0) return order;
        return string.CompareOrdinal(a.Place.File, b.Place.File) is var file and not 0 ? -file : b.Place.Row.CompareTo(a.Place.Row);
    }

    int Order(Candidate a, Candidate b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : ValueCellOrder.Compare(_layout, a.Created, a.Features, b.Created, b.Features);

    public void Take(ColumnBatch rows, IReadOnlyList<int> found, Func<int, RowPlace> placeOf)
    {
        var timeAt = _columns.View.Keys.Count;
        var featuresAt = timeAt + (_columns.HasCreated ? 2 : 1);
        var times = (FixedColumn<long>)rows[timeAt];
        var created = _columns.HasCreated ? rows[timeAt + 1] : null;
        Column[] features = [.. rows.Columns.Skip(featuresAt).Take(_layout.Schema.Count)];
        foreach (var row in found)
        {
            if (times.IsNull(row)) continue;
            var time = times.Values[row];
            if (time < ReadFrom || time > ReadTo) continue;
            var kept = Enumerable.Range(featuresAt + features.Length, rows.Columns.Count - featuresAt - features.Length).All(i => WindowTrace.IsTrue(rows[i], row));
            Candidate one = new(time, created is null || created.IsNull(row) ? null : ((FixedColumn<long>)created).Values[row], _packer.Write(features, row).ToArray(),
                [.. _layout.Schema.Fields.Select((f, i) => KeyValuePair.Create(f.Name, features[i].GetValue(row)))], !kept, placeOf(row));
            (time > _at ? _after : time < _oldest ? _before : _within).Offer(one);
            if (Outside(one) is not { } fate) Compete(one);
            else _counts[fate] = _counts.GetValueOrDefault(fate) + 1;
            if (kept && time < _oldest) _newestOld = Math.Max(_newestOld ?? long.MinValue, time);
        }
    }

    /// <summary>Why it does not even compete; null: it does.</summary>
    EventFate? Outside(Candidate one) => one.Time > _at ? EventFate.AfterInstant : one.IsFiltered ? EventFate.Filtered : one.Time < _oldest ? EventFate.TooOld : null;

    // How many are the winner's equals in how much: when it is exceeded, they are counted anew from there.
    void Compete(Candidate one)
    {
        _candidates++;
        var (time, created, order) = _winner is null ? (1, 1, 1) : (one.Time.CompareTo(_winner.Time), Nullable.Compare(one.Created, _winner.Created), Order(one, _winner));
        if (order > 0) _winner = one;
        _sameTime = time > 0 ? 1 : _sameTime + (time == 0 ? 1 : 0);
        _sameCreated = time > 0 || time == 0 && created > 0 ? 1 : _sameCreated + (time == 0 && created == 0 ? 1 : 0);
        _same = order > 0 ? 1 : _same + (order == 0 ? 1 : 0);
    }

    EventFate FateOf(Candidate one)
    {
        if (Outside(one) is { } fate) return fate;
        if (ReferenceEquals(one, _winner)) return EventFate.Wins;
        return one.Time != _winner!.Time ? EventFate.OlderEvent : one.Created != _winner.Created ? EventFate.OlderCreated : Order(one, _winner) != 0 ? EventFate.LesserValues : EventFate.SameRow;
    }

    public (Value Raw, FeatureStatus Status, LineageReport Of) Finish(LineageReport of)
    {
        void Count(EventFate fate, long count)
        {
            if (count > 0) _counts[fate] = count;
        }
        Count(EventFate.Wins, _winner is null ? 0 : 1);
        Count(EventFate.SameRow, _same - 1);
        Count(EventFate.LesserValues, _sameCreated - _same);
        Count(EventFate.OlderCreated, _sameTime - _sameCreated);
        Count(EventFate.OlderEvent, _candidates - _sameTime);
        var raw = _winner is null ? Value.Null : _winner.Values[_ordinal].Value;
        var within = _within.Kept;
        if (_winner is not null && within.Count > 0 && !within.Contains(_winner)) within = [.. within.SkipLast(1), _winner]; // rows that a filter left out may be newer
        return (raw, _winner is not null ? raw.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present : _newestOld is not null ? FeatureStatus.OutsideMaxAge : FeatureStatus.NotFound, of with
        {
            EventTimestamp = _winner?.Time ?? _newestOld,
            Ttl = _columns.Definition.Ttl,
            Counts = _counts,
            Events = [.. _after.Kept.Reverse().Concat(within).Concat(_before.Kept).Select(c => new LineageEvent(FateOf(c), c.Time, c.Created, c.Values, c.Place))],
        });
    }
}
