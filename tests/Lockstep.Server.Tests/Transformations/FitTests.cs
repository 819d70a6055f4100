using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Runtime.Transformations;

namespace Lockstep.Server.Tests.Transformations;

public sealed class FitTests
{
    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user: string }
        ---
        kind: source
        name: accounts
        table: { path: data/accounts*.csv, timestamp: changed_at }
        columns: { user: string, changed_at: timestamp, balance: float64, tier: string, note: string }
        ---
        kind: value_view
        name: account
        entity: user
        source: accounts
        features: { balance: float64, tier: string, note: string }
        ---
        { kind: transformation, name: balance_scale, fit: standard, input: "account:balance + 0.1" }
        ---
        { kind: transformation, name: balance_range, fit: min_max, input: "account:balance", clip: true }
        ---
        { kind: transformation, name: balance_bin, fit: quantiles, input: "account:balance", bins: 3 }
        ---
        { kind: transformation, name: tier_place, fit: categories, input: "account:tier", max_categories: 2, unknown: -1 }
        ---
        { kind: transformation, name: tier_risk, fit: target_mean, input: "account:tier", target: fraud, columns: { fraud: bool }, smoothing: 2 }
        ---
        { kind: transformation, name: note_words, fit: vocabulary, input: "lower(account:note)", max_terms: 3 }

        """;

    const string View = """
        ---
        kind: on_demand_view
        name: learned
        version: 1.0.0
        request: { amount: float64 }
        features:
          scale: balance_scale(amount)
          own: balance_scale()
          range: balance_range()
          bin: balance_bin()
          place: tier_place(account:tier)
          risk: tier_risk(account:tier)
          words: note_words()
        """;

    static readonly string[] s_all = ["balance_scale", "balance_range", "balance_bin", "tier_place", "tier_risk", "note_words"];

    /// <summary>Days in January 2026; what is later than day 10 is left out of the fits.</summary>
    sealed record Rows(List<(string User, int Day, double? Balance, string? Tier, string Note)> Accounts, List<(string User, int Day, bool? Fraud)> Labels)
    {
        public static Rows Random(int seed)
        {
            var random = new Random(seed);
            string User() => $"u{random.Next(4)}";
            return new(
                [.. Enumerable.Range(0, 25).Select(_ => (User(), random.Next(1, 11), random.Next(6) == 0 ? (double?)null : random.Next(3) == 0 ? 0.1 : random.NextDouble() * 100, random.Next(5) == 0 ? null : $"t{random.Next(4)}", $"Pay {"abc"[random.Next(3)]} pay"))],
                [.. Enumerable.Range(0, 40).Select(_ => (User(), random.Next(1, 11), random.Next(7) == 0 ? (bool?)null : random.Next(3) == 0)).Append(("u0", 10, true))]);
        }

        /// <summary>The same with rows after day 10, of the same users and others, in the source and in the spine, in another order and in several files.</summary>
        public Rows WithLater(Random random) => new(
            [.. Accounts.Concat(Enumerable.Range(0, 6).Select(i => ($"u{i}", 11, (double?)1e6 + i, (string?)"new", "later later"))).OrderBy(_ => random.Next())],
            [.. Labels.Concat(Enumerable.Range(0, 60).Select(_ => ($"u{random.Next(6)}", random.Next(11, 20), (bool?)true))).OrderBy(_ => random.Next())]);

        static string At(int day) => $"2026-01-{day:00}T12:00:00Z";

        public void Write(string folder, int files)
        {
            Directory.CreateDirectory(Path.Combine(folder, "data"));
            foreach (var old in Directory.GetFiles(Path.Combine(folder, "data"))) File.Delete(old);
            foreach (var (chunk, i) in Accounts.Chunk((Accounts.Count + files - 1) / files).Select((c, i) => (c, i)))
                File.WriteAllText(Path.Combine(folder, "data", $"accounts{i}.csv"), "user,changed_at,balance,tier,note\n" + string.Concat(chunk.Select(a => string.Create(CultureInfo.InvariantCulture, $"{a.User},{At(a.Day)},{a.Balance:R},{a.Tier},{a.Note}\n"))));
            File.WriteAllText(Path.Combine(folder, "labels.csv"), "user,event_timestamp,fraud\n" + string.Concat(Labels.Select(l => $"{l.User},{At(l.Day)},{(l.Fraud is { } f ? f ? "true" : "false" : "")}\n")));
        }
    }

    static TestProject Project(Rows rows, string definitions = Definitions, int files = 1)
    {
        var project = TestProject.Create("2026-02-01T00:00:00Z", ("lockstep.yaml", "project: p\n"), ("features/all.yaml", definitions));
        rows.Write(project.Folder, files);
        return project;
    }

    static Task<FitReport> Fit(TestProject project, string name, string at = "2026-01-10T12:00:00Z")
    {
        var read = project.Host.Folder.ReadDefinitions();
        return project.Host.Fitter(CancellationToken.None).FitAsync(read.Definitions, read.Problems, new() { Name = name, Spine = Spine.File(Path.Combine(project.Folder, "labels.csv")), SpineName = "labels.csv", At = Instant.Parse(at) }, "ana", "", null, CancellationToken.None);
    }

    // The proof on data: rows after the instant, in the spine and in what its rows look up, change no bit of what is learned.
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S19_nothing_is_learned_from_rows_after_the_instant(int seed)
    {
        var rows = Rows.Random(seed);
        await using var project = Project(rows);
        Dictionary<string, string> first = [];
        foreach (var name in s_all)
        {
            var report = await Fit(project, name);
            Assert.NotNull(report.Apply);
            Assert.Equal((41, 0), (report.Fit.Statistics.Rows, report.Fit.Statistics.RowsAfter));
            first[name] = report.Fit.Parameters;
        }
        rows.WithLater(new(seed)).Write(project.Folder, files: 3);
        foreach (var name in s_all)
        {
            var again = await Fit(project, name);
            Assert.True(again.Apply is null, $"seed {seed}: {name} learned {again.Fit.Parameters}, not {first[name]}");
            var later = await Fit(project, name, "2026-01-31T00:00:00Z");
            Assert.True(later.Fit.Parameters != first[name], $"seed {seed}: {name} does not see later rows where it should");
        }
    }

    // Written from the definition: for each label up to the instant the newest account row, then the formula.
    [Theory, InlineData(4), InlineData(5), InlineData(6)]
    public async Task What_is_learned_is_what_a_plain_program_learns(int seed)
    {
        var rows = Rows.Random(seed);
        await using var project = Project(rows);
        var found = rows.Labels.Select(l => (l.Fraud, Row: rows.Accounts.Where(a => a.User == l.User && a.Day <= l.Day).OrderBy(a => a.Day).ThenBy(a => a.Balance is not null).ThenBy(a => a.Balance).ThenBy(a => a.Tier is not null)
            .ThenBy(a => a.Tier, StringComparer.Ordinal).ThenBy(a => a.Note, StringComparer.Ordinal).Cast<(string User, int Day, double? Balance, string? Tier, string Note)?>().LastOrDefault())).ToList();
        var balances = found.Select(f => f.Row?.Balance).OfType<double>().ToList();
        var range = (await Fit(project, "balance_range")).Fit;
        Assert.Equal($$"""{"min":{{ShortestFloat.Format(balances.Min())}},"max":{{ShortestFloat.Format(balances.Max())}},"clip":true}""", range.Parameters);
        Assert.Equal(found.Count - balances.Count, range.Statistics.Nulls);
        var tiers = found.Select(f => f.Row?.Tier).OfType<string>().GroupBy(t => t).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => $"\"{g.Key}\"").Take(2);
        Assert.Equal($$"""{"categories":[{{string.Join(',', tiers)}}],"unknown":-1}""", (await Fit(project, "tier_place")).Fit.Parameters);
        var labelled = found.Where(f => f is { Fraud: not null, Row.Tier: not null }).ToList();
        var mean = labelled.Average(f => f.Fraud!.Value ? 1.0 : 0);
        var means = labelled.GroupBy(f => f.Row!.Value.Tier!).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToList();
        Assert.Equal($$"""{"categories":[{{string.Join(',', means.Select(g => $"\"{g.Key}\""))}}],"means":[{{string.Join(',', means.Select(g => ShortestFloat.Format((g.Count(f => f.Fraud!.Value) + 2 * mean) / (g.Count() + 2.0))))}}],"unknown":{{ShortestFloat.Format(mean)}}}""",
            (await Fit(project, "tier_risk")).Fit.Parameters);
    }

    [Fact]
    public async Task S22_served_is_what_was_trained_with_the_constants_that_were_applied()
    {
        await using var project = Project(Rows.Random(7));
        foreach (var name in s_all) await Fit(project, name);
        File.AppendAllText(Path.Combine(project.Folder, "features", "all.yaml"), View);
        await project.ApplyAsync();
        await project.MaterializeAsync();
        File.WriteAllText(Path.Combine(project.Folder, "spine.csv"), "user,event_timestamp,amount\nu0,2026-02-01T00:00:00Z,12.5\nu1,2026-02-01T00:00:00Z,\nu2,2026-02-01T00:00:00Z,-3\nnobody,2026-02-01T00:00:00Z,0\n");
        var trained = await Train(project);
        Assert.Equal(trained, await Serve(project));
        Assert.Contains(trained, row => row.Any(v => !v.IsNull && v.Kind == TypeKind.List));

        // A refit moves nothing that is applied, and says who uses the earlier one.
        var later = await Fit(project, "balance_scale", "2026-01-05T00:00:00Z");
        Assert.Equal(2, later.Fit.Number);
        Assert.Equal(["learned@1.0.0"], later.UseEarlier);
        Assert.Equal(trained, await Serve(project));
        var read = project.Host.Folder.ReadDefinitions();
        var plan = await project.Host.RegistryService.PlanAsync(read.Definitions, read.Problems, project.Host.Schemas(CancellationToken.None), CancellationToken.None);
        Assert.Empty(plan.Changes);
        Assert.Contains(plan.Warnings, w => w.Message == "View 'learned' 1.0.0 goes on using fit 1 of balance_scale (1.0.0). Raise its version to use fit 2.");

        // The next version of the view uses it, beside the old one.
        File.WriteAllText(Path.Combine(project.Folder, "features", "all.yaml"), Definitions + View.Replace("version: 1.0.0", "version: 1.1.0", StringComparison.Ordinal));
        await project.ApplyAsync();
        var (now, before) = (await Serve(project), await Serve(project, "learned@1.0.0"));
        Assert.Equal(trained, before);
        Assert.NotEqual(before[0][0], now[0][0]);
        Assert.Equal(await Train(project), now);
    }

    static async Task<List<Value[]>> Train(TestProject project)
    {
        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        var path = Path.Combine(project.Folder, "out.parquet");
        project.Host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.File(Path.Combine(project.Folder, "spine.csv")), Features = [new() { View = "learned" }], Output = new(path, TableFormat.Parquet) }, null, CancellationToken.None);
        List<Value[]> rows = [];
        var features = catalog.FindView("learned")!.Features.Fields;
        using var reader = project.Host.Engine.Scan(new() { Table = new() { Name = "out", Format = TableFormat.Parquet, Files = [new(path)] }, Columns = [.. features.Select(f => new Runtime.Engine.ScanColumn(f.Name, f))], KeepOrder = true }, CancellationToken.None);
        ColumnBatch batch = new(reader.Schema);
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }

    static async Task<List<Value[]>> Serve(TestProject project, string view = "learned")
    {
        var server = project.Host.CreateFeatureServer(await project.Host.LoadCatalogAsync(CancellationToken.None));
        (string User, Value Amount)[] rows = [("u0", Value.Of(12.5)), ("u1", Value.Null), ("u2", Value.Of(-3.0)), ("nobody", Value.Of(0.0))];
        var vectors = await server.GetAsync(FeatureQuery.OfFeatures([$"{view}:*"]), [.. rows.Select(r => new Dictionary<string, Value> { ["user"] = Value.Of(r.User) })], CancellationToken.None,
            [.. rows.Select(r => new Dictionary<string, Value> { ["amount"] = r.Amount })]);
        return [.. vectors.Rows.Select(r => r.Select(v => v.Value).ToArray())];
    }

    [Fact]
    public async Task S23_a_changed_transformation_under_its_version_is_not_fitted()
    {
        await using var project = Project(Rows.Random(8));
        await Fit(project, "balance_range");
        File.WriteAllText(Path.Combine(project.Folder, "features", "all.yaml"), Definitions.Replace("\"account:balance\", clip: true", "\"account:balance * 2\", clip: true", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<LockstepException>(() => Fit(project, "balance_range"));
        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.Contains("transformation 'balance_range@1.0.0' is registered by apply 1 (ana) with another meaning. Changed: input: account:balance -> account:balance * 2. Set version: 1.0.1", refused.Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(project.Folder, "features", "all.yaml"), Definitions.Replace("name: balance_range", "version: 1.0.1, name: balance_range", StringComparison.Ordinal).Replace("\"account:balance\", clip: true", "\"account:balance * 2\", clip: true", StringComparison.Ordinal));
        var next = await Fit(project, "balance_range");
        Assert.Equal((2, new SemanticVersion(1, 0, 1)), (next.Fit.Number, next.Fit.Transformation));
    }

    [Fact]
    public async Task A_fit_in_use_cannot_be_retired_and_the_one_before_a_retired_one_is_used_again()
    {
        await using var project = Project(Rows.Random(9));
        foreach (var name in s_all) await Fit(project, name);
        File.AppendAllText(Path.Combine(project.Folder, "features", "all.yaml"), View);
        await project.ApplyAsync();
        var registry = project.Host.RegistryService;
        var refused = await Assert.ThrowsAsync<LockstepException>(async () => await registry.RetireAsync("fit/tier_risk@1", "ana", "", CancellationToken.None));
        Assert.Equal("fit 'tier_risk@1' cannot be retired: on_demand_view learned@1.0.0 reads it. First: lockstep retire learned@1.0.0", refused.Message);
        await Fit(project, "tier_risk", "2026-01-05T00:00:00Z");
        await registry.RetireAsync("fit/tier_risk@2", "ana", "a bad day", CancellationToken.None);
        File.WriteAllText(Path.Combine(project.Folder, "features", "all.yaml"), Definitions + View.Replace("version: 1.0.0", "version: 1.1.0", StringComparison.Ordinal));
        await project.ApplyAsync();
        Assert.Equal("fit/tier_risk@1", (await project.Host.LoadCatalogAsync(CancellationToken.None)).FindView("learned")!.Constants["transformation/tier_risk"]);
        Assert.Contains((await registry.DescribeAsync("tier_risk", CancellationToken.None)).SelectMany(d => d.Facts), f => f is { Name: "fits" } && f.Value.Contains("2 (as of 2026-01-05T00:00:00Z, retired)", StringComparison.Ordinal));
        // What the view needs cannot go from the definitions.
        File.WriteAllText(Path.Combine(project.Folder, "features", "all.yaml"), Definitions.Replace("{ kind: transformation, name: tier_risk", "{ kind: transformation, name: other", StringComparison.Ordinal) + View.Replace("  risk: tier_risk(account:tier)\n", "", StringComparison.Ordinal).Replace("version: 1.0.0", "version: 2.0.0", StringComparison.Ordinal));
        var read = project.Host.Folder.ReadDefinitions();
        var plan = await registry.PlanAsync(read.Definitions, read.Problems, project.Host.Schemas(CancellationToken.None), CancellationToken.None);
        Assert.Contains(plan.Refusals, r => r.Message.StartsWith("transformation 'tier_risk@1.0.0' is not defined any more, but on_demand_view learned@1.1.0 still reads it.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_apply_between_learning_and_registering_loses_nothing()
    {
        await using var project = Project(Rows.Random(10));
        var host = project.Host;
        var read = host.Folder.ReadDefinitions();
        Interrupted registry = new(host.Registry, async () =>
        {
            await Fit(project, "balance_range", "2026-01-03T00:00:00Z"); // somebody else's
            await project.ApplyAsync();
        });
        TransformationFitter fitter = new(registry, host.TrainingSets, host.Schemas(CancellationToken.None), host.Clock);
        var report = await fitter.FitAsync(read.Definitions, read.Problems, new() { Name = "balance_range", Spine = Spine.File(Path.Combine(project.Folder, "labels.csv")), SpineName = "labels.csv", At = Instant.Parse("2026-01-10T12:00:00Z") }, "ana", "", null, CancellationToken.None);
        Assert.Equal((2, 3L), (report.Fit.Number, report.Apply!.Number));
        Assert.Equal([1, 2], (await host.LoadCatalogAsync(CancellationToken.None)).Fits.Select(f => f.Number));
    }

    /// <summary>Does something once, between what was read and the first write.</summary>
    sealed class Interrupted(IRegistry inner, Func<Task> between) : IRegistry
    {
        Func<Task>? _between = between;

        public string Name => inner.Name;
        public ValueTask<long> NumberAsync(CancellationToken token) => inner.NumberAsync(token);
        public ValueTask<RegistrySnapshot> LoadAsync(CancellationToken token, long? asOf = null) => inner.LoadAsync(token, asOf);
        public ValueTask<IReadOnlyList<ObjectRevision>> RevisionsAsync(ObjectCategory category, string name, CancellationToken token) => inner.RevisionsAsync(category, name, token);

        public async ValueTask<RegistryApply> AppendAsync(ChangeSet changes, CancellationToken token)
        {
            if (Interlocked.Exchange(ref _between, null) is { } once) await once();
            return await inner.AppendAsync(changes, token);
        }

        public void Dispose()
        {
        }
    }

    [Theory]
    [InlineData("tier_rsk", ErrorKind.NotFound, "There is no transformation 'tier_rsk'. Did you mean 'tier_risk'?")]
    [InlineData("wrong", ErrorKind.DefinitionsInvalid, "features/all.yaml:31:12: error: The input of transformation 'wrong': There is no view 'acount'. Did you mean 'account'?")]
    [InlineData("labelled", ErrorKind.BadArguments, "has no column 'label', a request field (float64) of the on-demand features asked for.")]
    public async Task What_cannot_be_fitted_says_why(string name, ErrorKind kind, string message)
    {
        await using var project = Project(Rows.Random(11), Definitions + """
            ---
            kind: transformation
            name: wrong
            fit: standard
            input: acount:balance
            ---
            { kind: transformation, name: labelled, fit: target_mean, input: "account:tier", target: label, columns: { label: float64 } }
            """.Replace("input: acount", "input:     acount", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<LockstepException>(() => Fit(project, name));
        Assert.Equal(kind, refused.Kind);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.Empty((await project.Host.LoadCatalogAsync(CancellationToken.None)).Transformations);
    }

    [Fact]
    public async Task A_fit_that_is_cancelled_registers_nothing()
    {
        await using var project = Project(Rows.Random(12));
        var read = project.Host.Folder.ReadDefinitions();
        using CancellationTokenSource stop = new();
        Stopping progress = new(stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => project.Host.Fitter(stop.Token).FitAsync(read.Definitions, read.Problems, new() { Name = "tier_risk", Spine = Spine.File(Path.Combine(project.Folder, "labels.csv")), SpineName = "labels.csv", At = 0 }, "ana", "", progress, stop.Token));
        Assert.Equal(0, await project.Host.Registry.NumberAsync(CancellationToken.None));
    }

    sealed class Stopping(CancellationTokenSource stop) : IProgress<Runtime.WorkProgress>
    {
        public void Report(Runtime.WorkProgress value) => stop.Cancel();
    }
}
