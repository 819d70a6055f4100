using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.FeatureTests;

/// <summary>
/// One test by the ways that real values go: the rows in files; for each instant, in order, a materialization and requests under a clock
/// that stands there; then a training set of all cases.
/// </summary>
sealed class FeatureTestRun(FeatureTest test, TestCatalog bench, FeatureTestSetup setup, string folder)
{
    readonly Dictionary<PlannedCase, IReadOnlyList<ServedValue>> _served = [];
    readonly Dictionary<PlannedCase, Value[]> _trained = [];

    /// <summary>Of the cases that could be planned: which features they look at.</summary>
    public List<FeatureOutput> Expected { get; } = [];

    public async Task<IReadOnlyList<CaseResult>> RunAsync(CancellationToken token)
    {
        var begin = setup.Clock.GetTimestamp();
        List<CaseResult> results = [];
        List<(int Place, PlannedCase Case)> planned = [];
        try
        {
            Directory.CreateDirectory(folder);
            var catalog = bench.Over(test, folder, token);
            foreach (var one in test.Cases)
            {
                results.Add(new(test, one));
                try
                {
                    var plan = PlannedCase.Of(one, catalog);
                    planned.Add((results.Count - 1, plan));
                    Expected.AddRange(plan.Expected);
                }
                catch (LockstepException wrong)
                {
                    results[^1] = results[^1] with { Problems = ProblemsOf(wrong, one.Location) };
                }
            }
            if (planned.Count > 0) await ComputeAsync(catalog, planned.ConvertAll(p => p.Case), token);
            foreach (var (place, plan) in planned)
                results[place] = results[place] with { Features = plan.Compare(_trained[plan], _served.GetValueOrDefault(plan)) };
        }
        catch (LockstepException wrong)
        {
            results = [.. test.Cases.Select((c, i) => i < results.Count && results[i].Problems.Count > 0 ? results[i] : new CaseResult(test, c) { Problems = ProblemsOf(wrong, test.Location) })];
        }
        var elapsed = setup.Clock.GetElapsedTime(begin) / Math.Max(1, results.Count);
        return [.. results.Select(r => r with { Elapsed = elapsed })];
    }

    static IReadOnlyList<Problem> ProblemsOf(LockstepException wrong, Location place)
        => wrong.Problems.Count > 0 ? [.. wrong.Problems.Select(p => p.Location is null ? p with { Location = place } : p)] : [new(Severity.Error, place, wrong.Message)];

    async Task ComputeAsync(Catalog catalog, IReadOnlyList<PlannedCase> cases, CancellationToken token)
    {
        var needed = cases.SelectMany(c => c.Set.Lookups).Select(l => l.View.Id).ToHashSet(StringComparer.Ordinal);
        catalog = catalog.With(views: catalog.Views.Where(v => v.View is OnDemandView || needed.Contains(v.Id)));
        TestClock clock = new(cases.Min(c => c.Case.At));
        await using var online = setup.OnlineStore(Path.Combine(folder, "online.db"), clock);
        await using var runs = setup.Runs(Path.Combine(folder, "runs.db"));
        OfflineViewStore offline = new(Path.Combine(folder, "offline"), setup.Engine, clock);
        SourceTables tables = new(folder, offline, clock);
        Materializer materializer = new(new()
        {
            Tables = tables,
            Offline = offline,
            Engine = setup.Engine,
            Online = online,
            Runs = runs,
            Clock = clock,
            Options = new() { OnlineStore = "test", ProjectFolder = folder, SpillFolder = folder },
        });
        FeatureServer server = new(online, clock, new(), catalog);
        foreach (var instant in cases.GroupBy(c => c.Case.At).OrderBy(g => g.Key))
        {
            clock.Set(instant.Key);
            if (needed.Count > 0 && (await materializer.RunAsync(new() { Catalog = catalog, Parallelism = 1 }, null, token)).Views.FirstOrDefault(v => v.Error is not null) is { } failed)
                throw failed.Error as LockstepException ?? throw new InvalidOperationException($"Materializing {failed.View} failed.", failed.Error);
            foreach (var group in instant.Where(IsServed).GroupBy(c => c.Group, StringComparer.Ordinal))
            {
                List<PlannedCase> asked = [.. group];
                var vectors = await server.GetAsync(asked[0].Query, [.. asked.Select(c => c.Keys)], token, [.. asked.Select(c => c.Request)]);
                for (var i = 0; i < asked.Count; i++) _served[asked[i]] = vectors.Rows[i];
            }
        }
        TrainingSetBuilder builder = new(setup.Engine, tables, clock);
        foreach (var group in cases.GroupBy(c => c.Group, StringComparer.Ordinal)) Train(builder, catalog, [.. group], token);
    }

    static bool IsServed(PlannedCase planned) => planned.Set.Outputs.All(o => o.View.View.Online) && planned.Set.Lookups.All(l => l.View.View.Online);

    void Train(TrainingSetBuilder builder, Catalog catalog, IReadOnlyList<PlannedCase> cases, CancellationToken token)
    {
        var query = cases[0].Query;
        var keys = cases[0].Set.Lookups.SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new Field(column, key.Type))).DistinctBy(f => f.Name).ToList();
        var request = (cases[0].Set.OnDemand?.RequestFields ?? []).Where(f => keys.TrueForAll(k => k.Name != f.Name)).ToList();
        Schema spine = new([.. keys, .. request, new(TrainingSetRequest.DefaultTimestamp, FeatureType.Timestamp)]);
        using RowsReader rows = new(spine, cases.Select(c => (Value[])[.. keys.Select(k => c.Keys[k.Name]), .. request.Select(r => c.Request[r.Name]), Value.Timestamp(c.Case.At)]));
        RowsKeeper kept = new();
        builder.Run(new()
        {
            Catalog = catalog,
            Spine = Spine.Of(rows, $"the cases of test '{test.Name}'"),
            Service = query.Service is { } service ? catalog.FindService(service, query.ServiceVersion) : null,
            Features = query.Features,
            FullNames = true,
            Writer = kept.For,
        }, null, token);
        for (var i = 0; i < cases.Count; i++) _trained[cases[i]] = kept.Rows[i][spine.Count..];
    }
}
