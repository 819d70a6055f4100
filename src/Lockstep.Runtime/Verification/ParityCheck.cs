using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Verification;

/// <summary>What to compare.</summary>
public sealed record ParityRequest
{
    public required Catalog Catalog { get; init; }

    /// <summary>Names of views, or view versions as <c>name@version</c>; empty: every one that is served.</summary>
    public IReadOnlyCollection<string> Views { get; init; } = [];

    /// <summary>Entities of each view, from the online store and the source together.</summary>
    public int Sample { get; init; } = 10_000;

    /// <summary>The instant; null: now. Of older ones than <see cref="ValueCell.Grace"/> only those entities can be compared whose row has not been replaced since.</summary>
    public long? At { get; init; }

    /// <summary>Chooses other entities.</summary>
    public ulong Seed { get; init; }

    /// <summary>Differences to show of each view.</summary>
    public int Examples { get; init; } = 5;
}

// Measures S22 on live data. For each view version:
//  1. A sample of keys, of the online store and of the source: what is missing on either side shows.
//  2. Their vectors at one instant, served as any request is, and as a training set makes them.
//  3. What differs is made once more from what the last run read (its record): where that is what is served, the next run heals it.
/// <summary>Holds the online store against the offline data, value by value, bit for bit, and names the cause of each difference.</summary>
public sealed class ParityCheck(IBatchEngine engine, ITrackedTables tables, IOnlineStore online, IRunStore runs, string onlineStoreName, TimeProvider clock)
{
    const int KeysPerRequest = 1_000;

    public async Task<ParityReport> RunAsync(ParityRequest request, IProgress<WorkProgress>? progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        var at = request.At ?? Instant.Now(clock);
        if (at > Instant.Now(clock)) throw new LockstepException(ErrorKind.BadArguments, $"{Instant.Format(at)} is still to come: nothing is known of it. Leave --at out for now.");
        if (request.Sample < 1) throw new LockstepException(ErrorKind.BadArguments, $"A sample of {request.Sample} entities compares nothing. Ask for 1 or more.");
        List<ViewParity> done = [];
        foreach (var view in Chosen(request))
        {
            progress?.Report(new($"verifying {view.Id}", 0, double.NaN));
            done.Add(await CheckAsync(view, request, at, token));
        }
        return new(at, done);
    }

    static IEnumerable<ViewVersion> Chosen(ParityRequest request)
    {
        var stored = request.Catalog.Views.Where(v => v is { Retired: false, View: { Online: true } and not OnDemandView }).ToList();
        foreach (var name in request.Views)
            if (!stored.Any(v => v.Name == name || v.Id == name))
                throw new LockstepException(ErrorKind.NotFound, $"There is no view '{name}' in the online store.{NearestName.Hint(name, stored.Select(v => v.Name), "Views")}");
        return stored.Where(v => request.Views.Count == 0 || request.Views.Contains(v.Name) || request.Views.Contains(v.Id));
    }

    async Task<ViewParity> CheckAsync(ViewVersion view, ParityRequest request, long at, CancellationToken token)
    {
        if (view.View is ValueView { Sql: not null } && await runs.StoredVersionAsync(view.Id, token) is null) return new() { View = view.Id, IsStored = false };
        var keys = await SampleAsync(view, request, token);
        if (keys.Count == 0) return new() { View = view.Id };
        var served = await ServeAsync(view, request.Catalog, keys, at, token);
        // The store forgets rows that have been replaced for longer than the grace: the features of rows past their ttl, and single events: only a row that is there tells.
        var isOld = at < Instant.Now(clock) - ValueCell.Grace;
        var comparable = Enumerable.Range(0, keys.Count).Where(i => !isOld || view.View is ValueView && served[i].Any(v => v.Status is FeatureStatus.Present or FeatureStatus.NullValue)).ToList();
        var offline = await TrainAsync(view, request.Catalog, [.. comparable.Select(i => keys[i])], at, null, token);
        List<(int Key, int Row, int Feature)> different = [];
        for (var row = 0; row < comparable.Count; row++)
            for (var feature = 0; feature < view.Features.Count; feature++)
                if (served[comparable[row]][feature].Value != offline[row][feature]) different.Add((comparable[row], row, feature));
        var causes = different.Count == 0 ? [] : await ExplainAsync(view, request.Catalog, keys, served, different, at, token);
        var examples = different.Zip(causes).Take(request.Examples).Select(d => new ParityDifference(
            [.. view.Keys.Fields.Zip(keys[d.First.Key], (f, v) => KeyValuePair.Create(f.Name, v))], view.Features[d.First.Feature].Name, served[d.First.Key][d.First.Feature].Value, offline[d.First.Row][d.First.Feature], d.Second));
        return new()
        {
            View = view.Id,
            Keys = comparable.Count,
            NotKept = keys.Count - comparable.Count,
            Values = (long)comparable.Count * view.Features.Count,
            Different = different.Count,
            Causes = new SortedDictionary<DifferenceCause, long>(causes.GroupBy(c => c).ToDictionary(g => g.Key, g => g.LongCount())),
            Examples = [.. examples],
        };
    }

    async Task<IReadOnlyList<Value[]>> SampleAsync(ViewVersion view, ParityRequest request, CancellationToken token)
    {
        KeySample sample = new(request.Sample, request.Seed);
        await foreach (var (key, _) in online.ScanAsync(view.Id, token))
            if (!MaterializationMark.IsMark(key)) sample.Offer(key);
        SourceKeys.Offer(engine, tables, view, request.Catalog, sample, token);
        return [.. sample.Keys.Select(k => EntityKey.Read(k))];
    }

    async Task<IReadOnlyList<IReadOnlyList<ServedValue>>> ServeAsync(ViewVersion view, Catalog catalog, IReadOnlyList<Value[]> keys, long at, CancellationToken token)
    {
        FeatureServer server = new(online, clock, new() { MaxEntities = KeysPerRequest, MaxFeatures = int.MaxValue }, catalog);
        List<IReadOnlyList<ServedValue>> rows = [];
        foreach (var part in keys.Chunk(KeysPerRequest))
        {
            var vectors = await server.GetAsync(
                new() { Features = [Selection(view)] },
                [.. part.Select(k => view.Keys.Fields.Zip(k).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal))], token, at: at);
            rows.AddRange(vectors.Rows);
        }
        return rows;
    }

    /// <summary>The features of each key as of the instant; with a state, by the table as it was then.</summary>
    async Task<List<Value[]>> TrainAsync(ViewVersion view, Catalog catalog, IReadOnlyList<Value[]> keys, long at, TableState? then, CancellationToken token)
    {
        if (keys.Count == 0) return [];
        var ends = view.View is AggregationView && ViewEnds.Fixed(EventProgram.Of(view).Source) is null ? await ViewEnds.ForTrainingAsync(runs, view, token) : [];
        var time = "event_timestamp";
        while (view.Keys.IndexOf(time) >= 0) time = "_" + time;
        using RowsReader spine = new(new([.. view.Keys.Fields, new(time, FeatureType.Timestamp)]), keys.Select(k => (Value[])[.. k, Value.Timestamp(at)]));
        RowsKeeper kept = new();
        var again = then is null ? null : new TrainingSetRecord
        {
            MadeAt = Instant.Format(at),
            Spine = "the sample",
            Timestamp = time,
            Rows = keys.Count,
            FullNames = true,
            AsKnown = false,
            Features = [.. view.Features.Fields.Select(f => new RecordedFeature(view.Id, f.Name, null, new Dictionary<string, string>()))],
            Views = [new(view.Id, view.Fingerprint, then) { End = ends.Count > 0 ? Instant.Format(ends[^1].End) : null }],
        };
        new TrainingSetBuilder(engine, tables, clock, _ => ends).Run(new()
        {
            Catalog = catalog,
            Spine = Spine.Of(spine, "the sample"),
            Features = again is null ? [Selection(view)] : [],
            Again = again,
            FullNames = true,
            Timestamp = time,
            Writer = kept.For,
        }, null, token);
        return kept.Rows.ConvertAll(r => r[(view.Keys.Count + 1)..]);
    }

    async Task<List<DifferenceCause>> ExplainAsync(
        ViewVersion view, Catalog catalog, IReadOnlyList<Value[]> keys, IReadOnlyList<IReadOnlyList<ServedValue>> served, List<(int Key, int Row, int Feature)> different, long at, CancellationToken token)
    {
        if (await MaterializationMark.ReadAsync(online, view.Id, token) is not { } mark) return All(DifferenceCause.NeverMaterialized);
        if (mark.Fingerprint != view.Fingerprint) return All(DifferenceCause.OlderVersion);
        if (await runs.FindAsync(view.Id, onlineStoreName, mark.Run, token) is not { End: { } end, Reads: [var read, ..] }) return All(null);
        var keysThen = different.Select(d => d.Key).Distinct().ToList();
        List<Value[]> then;
        try
        {
            then = await TrainAsync(view, catalog, keysThen.ConvertAll(k => keys[k]), at, read, token);
        }
        catch (LockstepException e) when (e.Kind is ErrorKind.Conflict or ErrorKind.NotFound or ErrorKind.Failed)
        {
            return All(DifferenceCause.HealingDue); // the files that the run read are not the same any more
        }
        var cameDue = end.LeftOut is { } leftOut && leftOut <= at;
        return different.ConvertAll(d => cameDue || then[keysThen.IndexOf(d.Key)][d.Feature] == served[d.Key][d.Feature].Value ? DifferenceCause.HealingDue : Plain(d));

        List<DifferenceCause> All(DifferenceCause? cause) => different.ConvertAll(d => cause ?? Plain(d));
        DifferenceCause Plain((int Key, int Row, int Feature) d) => served[d.Key][d.Feature].Status == FeatureStatus.NotFound ? DifferenceCause.MissingRow : DifferenceCause.Unexplained;
    }

    static FeatureSelection Selection(ViewVersion view)
        => FeatureSelection.TryParse($"{view.Id}:*", out var selection) ? selection : throw new InvalidOperationException($"'{view.Id}:*' is no selection.");
}
