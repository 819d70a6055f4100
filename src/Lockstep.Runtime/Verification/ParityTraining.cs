using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Verification;

/// <summary>What training says of some keys as of an instant, by the tables as they are or as they were.</summary>
sealed class ParityTraining(IBatchEngine engine, ITrackedTables tables, IRunStore runs, TimeProvider clock)
{
    /// <param name="view">The view.</param>
    /// <param name="catalog">Where it stands.</param>
    /// <param name="keys">For whom.</param>
    /// <param name="at">The instant.</param>
    /// <param name="state">The table and the log as they were; null: as they are.</param>
    /// <param name="token">Stops it.</param>
    /// <returns>The features of each key.</returns>
    public async Task<List<Value[]>> ValuesAsync(ViewVersion view, Catalog catalog, IReadOnlyList<Value[]> keys, long at, TableState? state, CancellationToken token)
    {
        if (keys.Count == 0) return [];
        var ends = view.View is AggregationView && ViewEnds.Fixed(EventProgram.Of(view).Source) is null ? await ViewEnds.ForTrainingAsync(runs, view, token) : [];
        var time = "event_timestamp";
        while (view.Keys.IndexOf(time) >= 0) time = "_" + time;
        using RowsReader spine = new(new([.. view.Keys.Fields, new(time, FeatureType.Timestamp)]), keys.Select(k => (Value[])[.. k, Value.Timestamp(at)]));
        RowsKeeper kept = new();
        var again = state is null ? null : new TrainingSetRecord
        {
            MadeAt = Instant.Format(at),
            Spine = "the sample",
            Timestamp = time,
            Rows = keys.Count,
            FullNames = true,
            AsKnown = false,
            Features = [.. view.Features.Fields.Select(f => new RecordedFeature(view.Id, f.Name, null, new Dictionary<string, string>()))],
            Views = [new(view.Id, view.Fingerprint, state) { End = ends.Count > 0 ? Instant.Format(ends[^1].End) : null }],
        };
        new TrainingSetBuilder(engine, tables, clock, _ => ends).Run(new()
        {
            Catalog = catalog,
            Spine = Spine.Of(spine, "the sample"),
            Features = again is null ? [ParityCheck.Selection(view)] : [],
            Again = again,
            FullNames = true,
            Timestamp = time,
            Writer = kept.For,
        }, null, token);
        return kept.Rows.ConvertAll(r => r[(view.Keys.Count + 1)..]);
    }
}
