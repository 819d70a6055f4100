using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming.Apply;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Verification;

// A cause is named where it explains the value: the training set is made once more with less, and where that is what is served, what was
// left out is the cause. In this order:
//  1. The store has no mark of a run, or that of another meaning.
//  2. A row whose features are gone is within its ttl.
//  3. A key has applied places of the log that the log does not hold.
//  4. Without the events that were logged at the instant or later: they came after it.
//  5. Without the events that the key has not applied yet.
//  6. From the table as the last run read it, and what the key has applied of the log: the next run heals it.
//  7. There is nothing online, or something that nothing explains.
/// <summary>Why values of one view differ.</summary>
sealed class ParityCauses(IBatchEngine engine, ITrackedTables tables, IOnlineStore online, IRunStore runs, string onlineStoreName, ParityTraining training)
{
    /// <summary>Keys may stand at places of their own while a stream is being applied; beyond so many they are taken together.</summary>
    const int MostPlaces = 16;

    public required ViewVersion View { get; init; }
    public required Catalog Catalog { get; init; }
    public required IReadOnlyList<Value[]> Keys { get; init; }
    public required IReadOnlyList<IReadOnlyList<ServedValue>> Served { get; init; }
    public required long At { get; init; }

    /// <param name="different">Key and feature of each value that differs, by their places.</param>
    /// <param name="token">Stops it.</param>
    public async Task<IReadOnlyList<DifferenceCause>> FindAsync(IReadOnlyList<(int Key, int Feature)> different, CancellationToken token)
    {
        var mark = await MaterializationMark.ReadAsync(online, View.Id, token);
        var (stream, table) = Of(View);
        if (mark is null && table) return [.. different.Select(_ => DifferenceCause.NeverMaterialized)];
        if (mark is not null && mark.Fingerprint != View.Fingerprint) return [.. different.Select(_ => DifferenceCause.OlderVersion)];
        var causes = new DifferenceCause?[different.Count];
        var keys = different.Select(d => d.Key).Distinct().ToList();
        var cells = (await RawCells.ReadAsync(online, View, keys.Select(k => Keys[k]), token)).Zip(keys).ToDictionary(c => c.Second, c => c.First);
        var run = mark is null ? null : await runs.FindAsync(View.Id, onlineStoreName, mark.Run, token);
        if (View.View is ValueView { Ttl: > 0 and var ttl })
            Mark(d => Served[d.Key][d.Feature] is { Status: FeatureStatus.OutsideMaxAge, EventTimestamp: { } time } && time >= At - ttl, DifferenceCause.Ttl);
        Func<int, IReadOnlyList<LogPlace>?> applied = _ => null;
        if (stream)
        {
            var look = tables.Look(View, Catalog, null, token);
            var place = await AppliedAsync(look, keys, cells, token);
            applied = key => place[key];
            Mark(d => Places(cells[d.Key]).Any(p => p.Place > PlaceOf(look.State.Log, p.Partition)), DifferenceCause.NotInLog);
            var before = look.State with { Log = Before(look, token) };
            if (before != look.State) await ExplainAsync(_ => before, DifferenceCause.LateEvent);
            await ExplainAsync(key => look.State with { Log = place[key] }, DifferenceCause.Behind);
        }
        if (run is { End: { } end, Reads: [var read, ..] })
        {
            if (end.LeftOut is { } leftOut && leftOut <= At) Mark(_ => true, DifferenceCause.HealingDue);
            await ExplainAsync(key => stream ? read with { Log = applied(key) } : read, DifferenceCause.HealingDue);
        }
        return [.. different.Select((d, i) => causes[i] ?? (cells[d.Key].IsEmpty || Served[d.Key][d.Feature].Status == FeatureStatus.NotFound ? DifferenceCause.MissingRow : DifferenceCause.Unexplained))];

        void Mark(Func<(int Key, int Feature), bool> holds, DifferenceCause cause)
        {
            for (var i = 0; i < causes.Length; i++)
                if (causes[i] is null && holds(different[i])) causes[i] = cause;
        }

        // What the tables as they were give, where that is what is served.
        async Task ExplainAsync(Func<int, TableState> stateOf, DifferenceCause cause)
        {
            foreach (var group in different.Index().Where(d => causes[d.Index] is null).Select(d => d.Item.Key).Distinct().GroupBy(stateOf).ToList())
            {
                List<int> some = [.. group];
                List<Value[]> then;
                try
                {
                    then = await training.ValuesAsync(View, Catalog, some.ConvertAll(k => Keys[k]), At, group.Key, token);
                }
                catch (LockstepException e) when (e.Kind is ErrorKind.Conflict or ErrorKind.NotFound or ErrorKind.Failed)
                {
                    if (cause == DifferenceCause.HealingDue) Mark(d => some.Contains(d.Key), cause); // the files that the run read are not the same any more
                    continue;
                }
                Mark(d => some.IndexOf(d.Key) is >= 0 and var i && then[i][d.Feature] == Served[d.Key][d.Feature].Value, cause);
            }
        }
    }

    static (bool Stream, bool Table) Of(ViewVersion view) => view.View switch
    {
        ValueView { Source: { } name } when view.Sources.TryGetValue(name, out var source) => (source.Stream is not null, source.Table is not null),
        AggregationView => (EventProgram.Of(view).Source.Stream is not null, EventProgram.Of(view).Source.Table is not null),
        _ => (false, true),
    };

    static long PlaceOf(IReadOnlyList<LogPlace>? places, uint partition)
    {
        foreach (var place in places ?? [])
            if (place.Partition == partition) return place.Place;
        return -1;
    }

    /// <summary>How far each key has applied the log: its own place, or what is known of all keys.</summary>
    async Task<Dictionary<int, IReadOnlyList<LogPlace>>> AppliedAsync(TableLook look, List<int> keys, Dictionary<int, ReadOnlyMemory<byte>> cells, CancellationToken token)
    {
        List<LogPlace> all = [];
        foreach (var (partition, last) in look.State.Log ?? [])
            all.Add(new(partition, Math.Min(last, await AppliedPlace.ReadAsync(online, View.Id, partition, token))));
        Dictionary<int, IReadOnlyList<LogPlace>> applied = [];
        List<IReadOnlyList<LogPlace>> distinct = [all];
        foreach (var key in keys)
        {
            var own = Places(cells[key]);
            List<LogPlace> places = [.. all.Select(p => p with { Place = Math.Max(p.Place, PlaceOf(own, p.Partition)) })];
            var known = distinct.Find(d => d.SequenceEqual(places));
            if (known is null && distinct.Count < MostPlaces) distinct.Add(known = places);
            applied.Add(key, known ?? all);
        }
        return applied;
    }

    List<LogPlace> Places(ReadOnlyMemory<byte> cell)
    {
        List<LogPlace> places = [];
        if (View.View is AggregationView)
        {
            TileCellReader tiles = new(EventProgram.Of(View).Layout, cell.Span);
            for (var i = 0; i < tiles.PlaceCount; i++) places.Add(tiles.Place(i));
            return places;
        }
        ValueCellReader rows = new(cell.Span);
        for (var i = 0; i < rows.PlaceCount; i++) places.Add(rows.Place(i));
        return places;
    }

    /// <summary>The last places that were logged before the instant: ingestion times ascend in each partition.</summary>
    IReadOnlyList<LogPlace> Before(TableLook look, CancellationToken token)
    {
        var first = (look.State.Log ?? []).ToDictionary(p => p.Partition, p => p.Place + 1);
        foreach (var log in look.Input.More)
        {
            using var reader = engine.Scan(new()
            {
                Table = log,
                Columns = [new(LogColumns.Partition, new(LogColumns.Partition, FeatureType.Int64)), new(LogColumns.Place, new(LogColumns.Place, FeatureType.Int64))],
                TimeColumn = LogColumns.IngestedAt,
                NotBefore = At,
            }, token);
            ColumnBatch batch = new(reader.Schema);
            while (reader.Read(batch, token))
                for (var row = 0; row < batch.Count; row++)
                {
                    var (partition, place) = ((uint)((FixedColumn<long>)batch[0]).Values[row], ((FixedColumn<long>)batch[1]).Values[row]);
                    first[partition] = Math.Min(first.GetValueOrDefault(partition, long.MaxValue), place);
                }
        }
        return [.. first.OrderBy(p => p.Key).Select(p => new LogPlace(p.Key, p.Value - 1))];
    }
}
