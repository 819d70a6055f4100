using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;

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
//  3. What differs is looked into by ParityCauses.
/// <summary>Holds the online store against the offline data, value by value, bit for bit, and names the cause of each difference.</summary>
public sealed class ParityCheck(IBatchEngine engine, ITrackedTables tables, IOnlineStore online, IRunStore runs, string onlineStoreName, TimeProvider clock)
{
    const int KeysPerRequest = 1_000;

    readonly ParityTraining _training = new(engine, tables, runs, clock);

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
        var comparable = at >= Instant.Now(clock) - ValueCell.Grace ? [.. Enumerable.Range(0, keys.Count)] : await KeptAsync(view, keys, served, at, token);
        var offline = await _training.ValuesAsync(view, request.Catalog, [.. comparable.Select(i => keys[i])], at, null, token);
        List<(int Key, int Row, int Feature)> different = [];
        for (var row = 0; row < comparable.Count; row++)
            for (var feature = 0; feature < view.Features.Count; feature++)
                if (served[comparable[row]][feature].Value != offline[row][feature]) different.Add((comparable[row], row, feature));
        var causes = different.Count == 0 ? [] : await new ParityCauses(engine, tables, online, runs, onlineStoreName, _training) { View = view, Catalog = request.Catalog, Keys = keys, Served = served, At = at }.FindAsync([.. different.Select(d => (d.Key, d.Feature))], token);
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

    /// <summary>
    /// Of an instant before the grace, the keys of which the store can still tell: rows that have been replaced for longer are forgotten, as
    /// are the features of rows past their ttl, so only a row that is there tells; tiles tell if nothing has been written to them since.
    /// </summary>
    async Task<List<int>> KeptAsync(ViewVersion view, IReadOnlyList<Value[]> keys, IReadOnlyList<IReadOnlyList<ServedValue>> served, long at, CancellationToken token)
    {
        if (view.View is not AggregationView) return [.. Enumerable.Range(0, keys.Count).Where(i => served[i].Any(v => v.Status is FeatureStatus.Present or FeatureStatus.NullValue))];
        var layout = EventProgram.Of(view).Layout;
        var cells = await RawCells.ReadAsync(online, view, keys, token);
        return [.. Enumerable.Range(0, keys.Count).Where(i => new TileCellReader(layout, cells[i].Span).Cut <= at)];
    }

    internal static FeatureSelection Selection(ViewVersion view)
        => FeatureSelection.TryParse($"{view.Id}:*", out var selection) ? selection : throw new InvalidOperationException($"'{view.Id}:*' is no selection.");
}
