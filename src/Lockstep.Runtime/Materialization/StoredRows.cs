using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

/// <summary>Runs the query of a SQL view once and stores what it yields: training and serving read it from there.</summary>
internal static class StoredRows
{
    /// <summary>Stores the rows, or the part of them that its sources have changed.</summary>
    public static StoredSql Compute(MaterializationContext context, MaterializeRequest request, ViewVersion view, ViewColumns columns, Guid run, ProgressMeter progress, CancellationToken token)
    {
        progress.Begin($"computing {view.Id}");
        List<Source> sources = [.. view.Sources.Count > 0 ? view.Sources.Values : request.Catalog.Sources.Values.Where(s => s.Table is not null)];
        var (sql, name) = (columns.Definition.Sql!, $"view '{view.Id}'");
        var table = context.Offline.Table(view);
        // Of two runs that overlap only one may write: what a run without its lease computed must not come to stand over a later one's.
        var before = table.Exists ? table.Snapshot(token) : null;
        DeltaWrite write = new() { Run = run.ToString("N"), OnlyAfter = before?.Version ?? -1 };
        if (!SqlInterval.IsIn(sql))
        {
            var query = QueryRequest.Over(sources, context.Tables.Source, name, sql);
            using var all = context.Engine.Query(query with { Columns = Columns(context.Engine, query, view, columns, token) }, token);
            return new(context.Offline.Replace(view, new Counted(all, progress), write, token).Version, null, null);
        }
        var state = before is null ? null : SqlState.Parse(table.StateOf(before.Version));
        // What is read is what was looked at: a file that comes meanwhile is the next run's.
        var looks = sources.Select(s => (Source: s, Look: context.Tables.Look(s, state?.Sources.GetValueOrDefault(s.Name), token))).ToList();
        var inputs = looks.ToDictionary(l => l.Source.Name, l => l.Look.Input, StringComparer.Ordinal);
        var whole = QueryRequest.Over(sources, s => inputs[s.Name], name, sql);
        var wanted = Columns(context.Engine, whole, view, columns, token);
        var timestamp = columns.Timestamp;
        var scope = SqlScope.Find(context, view, columns.Definition.Lookback, request.Full, before, state, before is not null && DeltaTable.KeepsDays(before, new(wanted.Select(c => c.As)), timestamp), looks, token);
        if (scope.Mode == RunMode.Nothing) return new(before!.Version, scope.Mode, scope.Told(0));
        var (start, end) = (scope.Start, scope.End);
        write = write with { State = new SqlState(view.Fingerprint, new(looks.ToDictionary(l => l.Source.Name, l => l.Look.State), StringComparer.Ordinal)).ToJson() };
        using var reader = context.Engine.Query(QueryRequest.Over(sources, s => inputs[s.Name], name, sql, start, end) with { Columns = wanted }, token);
        RowsWithin rows = new(new Counted(reader, progress), view.Id, timestamp, start, end);
        var written = scope.Mode == RunMode.Whole ? context.Offline.Replace(view, rows, write, token) : context.Offline.ReplaceDays(view, rows, start, end, write, token);
        return new(written.Version, scope.Mode, scope.Told(written.Rows));
    }

    /// <summary>Each column once, under the name that the SQL gives it: keys, timestamps, features.</summary>
    static List<ScanColumn> Columns(IBatchEngine engine, QueryRequest request, ViewVersion view, ViewColumns columns, CancellationToken token)
    {
        List<(string Column, FeatureType Type)> wanted = [.. columns.Program(Enumerable.Range(0, view.Features.Count)).Inputs.Select(c => (c.Column, c.As.Type))];
        Schema? described = null;
        return [.. wanted.GroupBy(c => c.Column, StringComparer.Ordinal).Select(g => new ScanColumn(g.Key, new(g.Key, TypeOf(g.Key, [.. g.Select(c => c.Type).Distinct()]))))];

        // Where one column is read as several types it is stored as it is: each reader converts it himself.
        FeatureType TypeOf(string column, List<FeatureType> types)
        {
            if (types.Count == 1) return types[0];
            described ??= engine.DescribeQuery(request, token);
            return described.IndexOf(column) is >= 0 and var i ? described[i].Type : types[0];
        }
    }

    sealed class Counted(ScanReader reader, ProgressMeter progress) : BatchReader
    {
        public override Schema Schema => reader.Schema;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            var more = reader.Read(batch, token);
            progress.Add(batch.Count, reader.Progress);
            return more;
        }
    }
}

/// <summary>What a run stored of a SQL view.</summary>
/// <param name="Version">The version of the view's table that holds the rows.</param>
/// <param name="Mode">What of it was computed; null: it cannot be told apart, and is always all.</param>
/// <param name="Reason">Why.</param>
internal sealed record StoredSql(long Version, RunMode? Mode, string? Reason);
