using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

/// <summary>Runs the query of a SQL view once and stores what it yields: training and serving read it from there.</summary>
internal static class StoredRows
{
    /// <summary>Returns the version of the view's table that holds the rows.</summary>
    public static long Compute(MaterializationContext context, Catalog catalog, ViewVersion view, ViewColumns columns, Guid run, ProgressMeter progress, CancellationToken token)
    {
        progress.Begin($"computing {view.Id}");
        var sources = view.Sources.Count > 0 ? view.Sources.Values : catalog.Sources.Values.Where(s => s.Table is not null);
        var request = QueryRequest.Over(sources, context.Tables.Source, $"view '{view.Id}'", columns.Definition.Sql!);
        var table = context.Offline.Table(view);
        // Of two runs that overlap only one may write: what a run without its lease computed must not come to stand over a later one's.
        var before = table.Exists ? table.Snapshot(token).Version : -1;
        using var reader = context.Engine.Query(request with { Columns = Columns(context.Engine, request, view, columns, token) }, token);
        var written = context.Offline.Replace(view, new Counted(reader, progress), new DeltaWrite { Run = run.ToString("N"), OnlyAfter = before }, token);
        return written.Version;
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
