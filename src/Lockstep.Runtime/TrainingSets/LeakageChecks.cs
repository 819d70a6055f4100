using System.Globalization;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>
/// Signs that a training set knows the future, or that its instants are not instants. They are looked for while the rows pass by:
/// a sign that is refuted once costs nothing afterwards.
/// </summary>
internal sealed class LeakageChecks
{
    /// <summary>Fewer rows than this prove nothing.</summary>
    const int Enough = 20;

    readonly TrainingSetPlan _plan;
    readonly long _now;
    readonly InstantsSeen _spine = new();
    readonly Dictionary<ViewScan, InstantsSeen> _sources;
    readonly List<EqualColumns> _pairs = [];
    long _withoutTime, _ahead;

    public LeakageChecks(TrainingSetPlan plan, long now)
    {
        (_plan, _now) = (plan, now);
        _sources = plan.Scans.ToDictionary(s => s, _ => new InstantsSeen());
        for (var label = 0; label < plan.Spine.Count; label++)
            for (var feature = plan.Spine.Count; !plan.LabelColumns.Contains(label) && !plan.RequestColumns.Contains(label) && feature < plan.Output.Count; feature++)
                if (EqualColumns.AreComparable(plan.Output[label].Type, plan.Output[feature].Type)) _pairs.Add(new(label, feature));
    }

    public void LabelBatch(ColumnBatch batch)
    {
        var times = (FixedColumn<long>)batch[0];
        _withoutTime += times.NullCount;
        _spine.Add(times);
        for (var row = 0; row < times.Count; row++)
            if (times.Values[row] > _now && !times.IsNull(row)) _ahead++;
    }

    public void SourceBatch(ViewScan scan, FixedColumn<long> times) => _sources[scan].Add(times);

    public void ResultBatch(ColumnBatch batch) => _pairs.RemoveAll(p => !p.HoldsIn(batch));

    public IEnumerable<string> Warnings(TrainingSetRequest request, IReadOnlyList<LookupTally> lookups)
    {
        foreach (var pair in _pairs.Where(p => p.Rows >= Enough && p.Varies))
            yield return $"Column '{_plan.Output[pair.Label].Name}' equals the feature '{_plan.Output[pair.Feature].Name}' in all {Count(pair.Rows)} rows where both have a value: a model would be given its own label. Leave the feature out, or give its source the timestamp at which the value was known.";
        if (_spine.Rows >= Enough && _spine.AllAtMidnight && _spine.Vary)
            yield return $"All {Count(_spine.Rows)} timestamps of {request.Spine.Name} are at midnight (UTC): are they dates? Each row sees features as of the start of its day. If the prediction is made later in the day, write the instant.";
        foreach (var (scan, seen) in _sources.Where(s => s.Value.Rows >= Enough && s.Value.AllAtMidnight && s.Value.Vary))
            yield return $"All event timestamps read from {scan.Columns.TableName} are at midnight (UTC). If its rows sum up their day, they are known only when the day is over, and labels of that day see them too early. Stamp them with the instant at which they are known.";
        if (_ahead > 0)
            yield return $"{Count(_ahead)} of {Count(_spine.Rows)} timestamps of {request.Spine.Name} are ahead of the clock ({Instant.Format(_now)}). Such rows change when new rows arrive before their instant. Check the column's unit and time zone, or make the training set later.";
        foreach (var (scan, seen) in _sources.Where(s => s.Value.Latest > _now))
            yield return $"Event timestamps read from {scan.Columns.TableName} run up to {Instant.Format(seen.Latest)}, which is ahead of the clock ({Instant.Format(_now)}). Check the column's unit and time zone: it has to say when a row was known.";
        if (_withoutTime > 0)
            yield return $"{Count(_withoutTime)} rows of {request.Spine.Name} have no timestamp: their features are null.";
        foreach (var scan in _plan.Scans.Where(s => request.KnownOnly && !s.Columns.HasCreated && !s.Columns.IsLogAlone))
            yield return $"{scan.Columns.TableName} has no created timestamp: its rows count as known at their event timestamps. Name the column that says when a row was written (created:), if there is one.";
        foreach (var lookup in lookups.Where(l => l.FirstOutOfRange is not null))
            yield return $"{Count(lookup.OutOfRange)} values are null because a window holds a value outside of [-2^63, 2^63) or a total that does not fit its type: {lookup.FirstOutOfRange}.";
        foreach (var lookup in lookups.Where(l => l.KnownLater > 0))
            yield return $"{Count(lookup.KnownLater)} of {Count(lookup.Found)} values of view '{lookup.Lookup.View.Id}' come from rows that were created after the instant of the training row: nobody knew them then. Ask for what was known (--as-known), unless the tables were loaded afterwards.";
    }

    static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>What a column of instants looks like.</summary>
    sealed class InstantsSeen
    {
        long _first;

        public long Rows { get; private set; }
        public bool AllAtMidnight { get; private set; } = true;
        public bool Vary { get; private set; }
        public long Latest { get; private set; } = long.MinValue;

        public void Add(FixedColumn<long> times)
        {
            var values = times.Values;
            var nullable = times.HasNulls;
            for (var row = 0; row < values.Length; row++)
            {
                if (nullable && times.IsNull(row)) continue;
                if (Rows++ == 0) _first = values[row];
                if (values[row] > Latest) Latest = values[row];
                if (!AllAtMidnight) continue;
                AllAtMidnight = values[row] % Instant.Day == 0;
                Vary |= values[row] != _first;
            }
        }
    }
}
