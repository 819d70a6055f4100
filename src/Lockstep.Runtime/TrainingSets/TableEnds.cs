using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Runtime.TrainingSets;

// S25 with S8. A training set reads the table before the end and the log from it on. As it was known at t, the end is the one recorded
// last at t, and before any was recorded the first. Ends only grow, so for an event at x there is one instant at which the end came to
// be after it: the table's row counts from then on, the log's event until then. Reading both parts once with these limits is the whole rule.
/// <summary>Where the table of a view ends and its log begins: one end, or, as it was known, the one of each instant.</summary>
internal sealed class TableEnds
{
    readonly (long End, long From)[] _ends; // ascending in both

    TableEnds(IEnumerable<(long End, long From)> ends)
    {
        // One that was recorded later with an earlier instant (clocks of two machines) covers those before it.
        List<(long End, long From)> kept = [];
        foreach (var end in ends)
        {
            while (kept.Count > 0 && kept[^1].From >= end.From) kept.RemoveAt(kept.Count - 1);
            if (kept.Count == 0) kept.Add((end.End, long.MinValue));
            else if (kept[^1].End < end.End) kept.Add(end);
        }
        _ends = [.. kept];
    }

    public static TableEnds Always(long end) => new([(end, long.MinValue)]);

    /// <param name="standing">In the order in which they were recorded.</param>
    /// <param name="asKnown">The one of each instant, not the last.</param>
    public static TableEnds Of(IReadOnlyList<RecordedEnd> standing, bool asKnown) => asKnown ? new(standing.Select(e => (e.End, e.RecordedAt))) : Always(standing[^1].End);

    public static TableEnds Of(IReadOnlyList<RecordedEndOf>? recorded, long last)
        => recorded is null ? Always(last) : new(recorded.Select(e => (Instant.Parse(e.End), e.RecordedAt is { } at ? Instant.Parse(at) : long.MinValue)));

    public long First => _ends[0].End;
    public long Last => _ends[^1].End;

    /// <summary>Whether there is more than one.</summary>
    public bool Move => _ends.Length > 1;

    public IReadOnlyList<RecordedEndOf> Record() => [.. _ends.Select(e => new RecordedEndOf(Instant.Format(e.End), e.From == long.MinValue ? null : Instant.Format(e.From)))];

    /// <summary>From when on the table's row of an instant counts, and until when the log's event; <see cref="long.MaxValue"/>: the log's for good.</summary>
    long ReplacedAt(long time)
    {
        foreach (var (end, from) in _ends)
            if (end > time) return from;
        return long.MaxValue;
    }

    /// <summary>The batch with when its events were known, its last column, limited, and until when as one more.</summary>
    public ColumnBatch Limit(ColumnBatch batch, int timeAt, bool isLog)
    {
        var (times, given) = ((FixedColumn<long>)batch[timeAt], (FixedColumn<long>)batch[batch.Columns.Count - 1]);
        FixedColumn<long> known = new(FeatureType.Timestamp), until = new(FeatureType.Timestamp);
        for (var row = 0; row < batch.Count; row++)
        {
            var replaced = times.IsNull(row) ? long.MaxValue : ReplacedAt(times.Values[row]);
            if (given.IsNull(row)) known.AppendNull();
            else known.Append(isLog ? given.Values[row] : Math.Max(given.Values[row], replaced));
            until.Append(isLog ? replaced : long.MaxValue);
        }
        return new(new([.. batch.Schema.Fields, new("until", FeatureType.Timestamp)]), [.. batch.Columns.Take(batch.Columns.Count - 1), known, until]);
    }
}
