using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Materialization;

// A row of a source at s changes no row of the result before s, and with a lookback none after s + lookback: that is what an author promises
// who writes $start and $end. So the rows that are not within [first added, last added + lookback] are what they were. The interval is widened
// to whole days (UTC), by which the stored table is partitioned: it then replaces whole files, and no stored row is read again.
// Only files that came are answered that way. What changed or went may have held rows of any day, and is computed whole.
/// <summary>Which part of a SQL view's rows a run has to compute, and why.</summary>
/// <param name="Mode">Nothing, Added (an interval) or Whole.</param>
/// <param name="Start">Included.</param>
/// <param name="End">Excluded.</param>
/// <param name="Reason">For people.</param>
internal sealed record SqlScope(RunMode Mode, long Start, long End, string Reason)
{
    const int NamesShown = 3;

    static SqlScope Whole(string reason) => new(RunMode.Whole, SqlInterval.Earliest, SqlInterval.Latest, reason);

    /// <param name="context">What it works with.</param>
    /// <param name="view">The view.</param>
    /// <param name="lookback">Of its definition.</param>
    /// <param name="full">All is asked for.</param>
    /// <param name="stored">The version that its table is at; null: there is none.</param>
    /// <param name="state">What that stands on.</param>
    /// <param name="isReplaceable">Whether days of the table can be replaced by rows like those that come.</param>
    /// <param name="looks">The sources and what has happened to them since <paramref name="state"/>.</param>
    /// <param name="token">Stops the reading of timestamps.</param>
    public static SqlScope Find(
        MaterializationContext context, ViewVersion view, long? lookback, bool full, DeltaSnapshot? stored, SqlState? state, bool isReplaceable, IReadOnlyList<(Source Source, TableLook Look)> looks, CancellationToken token)
    {
        if (full) return Whole("asked for");
        if (stored is null) return Whole("its rows are stored for the first time");
        if (state is null) return Whole("it is not recorded what its stored rows were computed from");
        if (state.Fingerprint != view.Fingerprint) return Whole("its stored rows are of another definition");
        if (!isReplaceable) return Whole("its stored rows have other columns, or are not kept by the day of their timestamps");
        foreach (var (source, look) in looks)
        {
            if (look.Change.Whole) return Whole($"source '{source.Name}': {look.Change.Reason}");
            if (look.Change.Changed.Count > 0) return Whole($"files of source '{source.Name}' changed: {Names(look.Change.Changed)}");
            if (look.Change.Removed.Count > 0) return Whole($"files of source '{source.Name}' were removed: {Names(look.Change.Removed)}");
        }
        var added = looks.Where(l => l.Look.Change.Added.Count > 0).ToList();
        var (first, last) = (long.MaxValue, long.MinValue);
        foreach (var (source, look) in added)
        {
            if (Times(context.Engine, source, look, ref first, ref last, token)) continue;
            return Whole($"rows without a timestamp came to source '{source.Name}': {Names(look.Change.Added)}");
        }
        if (first > last) return new(RunMode.Nothing, 0, 0, added.Count == 0 ? "the sources are as the last run read them" : "the files that were added hold no rows");
        var start = Math.Max(SqlInterval.Earliest, Instant.Floor(first, Instant.Day));
        var end = lookback is { } back && last < SqlInterval.Latest - back - Instant.Day ? Instant.Floor(last + back, Instant.Day) + Instant.Day : SqlInterval.Latest;
        if (start >= end) return Whole("rows came that are further away than any day");
        return new(RunMode.Added, start, end, string.Join("; ", added.Select(a => $"files were added to source '{a.Source.Name}': {Names(a.Look.Change.Added)}")));
    }

    /// <summary>For people: what was computed, and why.</summary>
    public string Told(long rows) => Mode switch
    {
        RunMode.Nothing => Reason,
        RunMode.Added => $"computed from {Instant.Format(Start)} {(End == SqlInterval.Latest ? "on" : $"to {Instant.Format(End)}")}, {rows} row{(rows == 1 ? "" : "s")}, because {Reason}",
        _ => $"computed whole: {Reason}",
    };

    /// <summary>Widens the interval by the rows that came and that the source's filter keeps; false: one has no timestamp.</summary>
    static bool Times(IBatchEngine engine, Source source, TableLook look, ref long first, ref long last, CancellationToken token)
    {
        var program = RowProgram.Compile(RowColumns.Of(source), [new(new("time", FeatureType.Timestamp), source.TimestampColumn!)]);
        var rows = program.Open();
        using var reader = engine.Scan(new() { Table = look.Input with { Files = look.Change.Added, More = [] }, Columns = [.. program.Inputs.Select(i => new ScanColumn(i.Column, i.As))] }, token);
        while (reader.Read(rows.Input, token))
        {
            rows.Run();
            var times = (FixedColumn<long>)rows.Output[0];
            for (var row = 0; row < rows.Output.Count; row++)
            {
                if (times.IsNull(row)) return false;
                (first, last) = (Math.Min(first, times.Values[row]), Math.Max(last, times.Values[row]));
            }
        }
        return true;
    }

    static string Names(IReadOnlyList<TableFile> files)
        => string.Join(", ", files.Take(NamesShown).Select(f => Path.GetFileName(f.Path))) + (files.Count > NamesShown ? $" and {files.Count - NamesShown} more" : "");
}
