using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Lookup;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Server.Tests.Transformations;

public sealed class LookupTableTests
{
    const string Definitions = """
        kind: lookup_table
        name: items
        version: 1.0.0
        table: { path: data/items.jsonl }
        key: { item: string, size: int32 }
        columns: { price: "decimal(10,2)", embedding: list<float32>, title: { type: string, default: nothing }, count: int32 }
        ---
        kind: on_demand_view
        name: chosen
        request: { item: string, size: int64, taste: list<float32> }
        features:
          price: lookup(items, item, size, price)
          near: cosine_similarity(taste, lookup(items, item, size, embedding))
          title: lookup(items@1, item, size, title)
          count: lookup(items, item, size, count) + 1
        """;

    const string Items = """
        {"item":"pen","size":1,"price":"1.50","embedding":[1,0],"title":"Pen","count":7}
        {"item":"pen","size":2,"price":"2.50","embedding":[0.6,0.8],"title":null,"count":null}
        {"item":"ink","size":1,"price":null,"embedding":null,"title":"","count":-1}

        """;

    static TestProject Project(string items = Items)
        => TestProject.Create("2026-02-01T00:00:00Z", ("lockstep.yaml", "project: p\n"), ("features/all.yaml", Definitions), ("data/items.jsonl", items),
            ("spine.csv", "item,size,event_timestamp,taste\npen,1,2026-01-01T00:00:00Z,\"[0,1]\"\npen,2,2026-01-01T00:00:00Z,\"[0,1]\"\nink,1,2026-01-01T00:00:00Z,\"[1,1]\"\npen,3,2026-01-01T00:00:00Z,\"[1,1]\"\n,1,2026-01-01T00:00:00Z,\n"));

    static readonly string[] s_expected = ["1.50 0 Pen 8", "2.50 0.7999999928474427 nothing null", "null null  0", "null null nothing null", "null null nothing null"];

    static async Task<string[]> Train(TestProject project)
    {
        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        var path = Path.Combine(project.Folder, "out.parquet");
        project.Host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.File(Path.Combine(project.Folder, "spine.csv")), Features = [new() { View = "chosen" }], Output = new(path, TableFormat.Parquet) }, null, CancellationToken.None);
        var features = catalog.FindView("chosen")!.Features.Fields;
        List<string> rows = [];
        using var reader = project.Host.Engine.Scan(new() { Table = new() { Name = "out", Format = TableFormat.Parquet, Files = [new(path)] }, Columns = [.. features.Select(f => new Runtime.Engine.ScanColumn(f.Name, f))], KeepOrder = true }, CancellationToken.None);
        ColumnBatch batch = new(reader.Schema);
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++) rows.Add(string.Join(' ', batch.GetRow(row)));
        return [.. rows];
    }

    static async Task<string[]> Serve(TestProject project)
    {
        var server = project.Host.CreateFeatureServer(await project.Host.LoadCatalogAsync(CancellationToken.None));
        (Value Item, long Size, Value Taste)[] rows = [(Value.Of("pen"), 1, List(0, 1)), (Value.Of("pen"), 2, List(0, 1)), (Value.Of("ink"), 1, List(1, 1)), (Value.Of("pen"), 3, List(1, 1)), (Value.Null, 1, Value.Null)];
        var vectors = await server.GetAsync(FeatureQuery.OfFeatures(["chosen:*"]), [.. rows.Select(_ => new Dictionary<string, Value>())], CancellationToken.None,
            [.. rows.Select(r => new Dictionary<string, Value> { ["item"] = r.Item, ["size"] = Value.Of(r.Size), ["taste"] = r.Taste })]);
        return [.. vectors.Rows.Select(r => string.Join(' ', r.Select(v => v.Value)))];

        static Value List(params float[] values) => Value.List([.. values.Select(Value.Of)]);
    }

    static async Task<RegistryPlan> Plan(TestProject project)
    {
        var read = project.Host.Folder.ReadDefinitions();
        return await project.Host.RegistryService.PlanAsync(read.Definitions, read.Problems, project.Host.Schemas(CancellationToken.None), CancellationToken.None);
    }

    static string Snapshots(TestProject project) => Path.Combine(project.Folder, "data", "offline", "lookups");

    [Fact]
    public async Task S22_what_a_table_held_when_it_was_applied_is_what_training_and_serving_read()
    {
        await using var project = await Project().ApplyAsync();
        Assert.Equal(s_expected, await Train(project));
        Assert.Equal(s_expected, await Serve(project));
        // The file goes on living; nobody reads it any more.
        File.WriteAllText(Path.Combine(project.Folder, "data", "items.jsonl"), "{\"item\":\"pen\",\"size\":1,\"price\":\"9.99\"}\n");
        Assert.Equal(s_expected, await Train(project));
        Assert.Equal(s_expected, await Serve(project));
        File.Delete(Path.Combine(project.Folder, "data", "items.jsonl"));
        Assert.Equal(s_expected, await Serve(project));
    }

    [Fact]
    public async Task S23_a_changed_file_needs_a_new_version_and_another_order_does_not()
    {
        await using var project = await Project().ApplyAsync();
        var file = Path.Combine(project.Folder, "data", "items.jsonl");
        File.WriteAllLines(file, Items.Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse());
        Assert.True((await Plan(project)).IsEmpty);
        File.WriteAllText(file, Items.Replace("1.50", "1.75", StringComparison.Ordinal) + "{\"item\":\"cap\",\"size\":1}\n");
        var plan = await Plan(project);
        var refusal = Assert.Single(plan.Refusals);
        Assert.Matches(@"^lookup_table 'items@1.0.0' is registered by apply 1 \(test\) with another meaning\. Changed: content \(read from the data\): [0-9a-f]{12} -> [0-9a-f]{12}; rows \(read from the data\): 3 -> 4\. Set version: 1\.0\.1 \(1\.0\.0 stays beside it\), or undo the change\.$", refusal.Message);
        Assert.Equal(s_expected, await Serve(project));

        var features = Path.Combine(project.Folder, "features", "all.yaml");
        File.WriteAllText(features, Definitions.Replace("version: 1.0.0", "version: 1.0.1", StringComparison.Ordinal));
        await project.ApplyAsync();
        Assert.Equal(s_expected, await Serve(project)); // the view goes on with the table that it was applied with
        File.WriteAllText(features, Definitions.Replace("version: 1.0.0", "version: 1.0.1", StringComparison.Ordinal).Replace("name: chosen", "name: chosen\nversion: 1.0.1", StringComparison.Ordinal));
        await project.ApplyAsync();
        Assert.Equal("1.75 0 Pen 8", (await Serve(project))[0]);
        Assert.Equal(2, Directory.GetFiles(Snapshots(project)).Length);
    }

    [Fact]
    public async Task A_table_that_changes_between_plan_and_apply_makes_the_plan_stale_and_nothing_is_registered()
    {
        await using var project = Project();
        var plan = await Plan(project);
        File.AppendAllText(Path.Combine(project.Folder, "data", "items.jsonl"), "{\"item\":\"cap\",\"size\":1}\n");
        var refused = await Assert.ThrowsAsync<LockstepException>(async () => await project.Host.RegistryService.ApplyAsync(plan, "ana", "", CancellationToken.None));
        Assert.Equal((ErrorKind.Conflict, "Lookup table 'items@1.0.0' has changed since the plan was made. Plan again."), (refused.Kind, refused.Message));
        Assert.Equal(0, await project.Host.Registry.NumberAsync(CancellationToken.None));
        Assert.False(Directory.Exists(Snapshots(project)) && Directory.EnumerateFiles(Snapshots(project)).Any());
    }

    // Killed between the snapshot and the registry, or within the snapshot: what is left does no harm, and the next apply ends it.
    [Fact]
    public async Task What_a_killed_apply_left_behind_does_no_harm()
    {
        await using var project = Project();
        var plan = await Plan(project);
        var table = (await project.Host.Registry.LoadAsync(CancellationToken.None)).Catalog.LookupTables;
        Assert.Empty(table);
        Directory.CreateDirectory(Snapshots(project));
        var hash = System.Text.Json.JsonDocument.Parse(plan.Changes.Single(c => c.Key.Category == ObjectCategory.Table).After.Bound).RootElement.GetProperty("content").GetProperty("hash").GetString()!;
        File.WriteAllText(Path.Combine(Snapshots(project), $".{hash}.lookup.0.tmp"), "half");
        await project.Host.RegistryService.ApplyAsync(plan, "ana", "", CancellationToken.None);
        Assert.Equal(s_expected, await Serve(project));
        Assert.Equal(hash, LookupSnapshot.Hash(await File.ReadAllBytesAsync(Path.Combine(Snapshots(project), $"{hash}.lookup"))));

        // The registry fails after the snapshot was kept: applied again, it is all there.
        await using var second = Project();
        var other = await Plan(second);
        RegistryService failing = new(new Failing(second.Host.Registry), second.Clock, new LookupSnapshotStore(() => Snapshots(second), () => second.Host.Engine, () => second.Host.Tables));
        await Assert.ThrowsAsync<IOException>(async () => await failing.ApplyAsync(other, "ana", "", CancellationToken.None));
        Assert.Single(Directory.GetFiles(Snapshots(second)));
        await second.ApplyAsync();
        Assert.Equal(s_expected, await Train(second));
    }

    sealed class Failing(IRegistry inner) : IRegistry
    {
        public string Name => inner.Name;
        public ValueTask<long> NumberAsync(CancellationToken token) => inner.NumberAsync(token);
        public ValueTask<RegistrySnapshot> LoadAsync(CancellationToken token, long? asOf = null) => inner.LoadAsync(token, asOf);
        public ValueTask<IReadOnlyList<ObjectRevision>> RevisionsAsync(ObjectCategory category, string name, CancellationToken token) => inner.RevisionsAsync(category, name, token);
        public ValueTask<RegistryApply> AppendAsync(ChangeSet changes, CancellationToken token) => throw new IOException("the disk is full");

        public void Dispose()
        {
        }
    }

    [Fact]
    public async Task A_damaged_or_lost_snapshot_is_told_by_name()
    {
        await using var project = await Project().ApplyAsync();
        var file = Assert.Single(Directory.GetFiles(Snapshots(project)));
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        var damaged = await Assert.ThrowsAsync<LockstepException>(() => Serve(project));
        Assert.StartsWith($"The content of lookup table 'items@1.0.0' in '{file}' is damaged: its hash is ", damaged.Message, StringComparison.Ordinal);
        File.Delete(file);
        File.Delete(Path.Combine(project.Folder, "data", "items.jsonl"));
        var lost = await Assert.ThrowsAsync<LockstepException>(() => Serve(project));
        Assert.Equal(ErrorKind.NotFound, lost.Kind);
        Assert.StartsWith($"The content of lookup table 'items@1.0.0' cannot be read from '{file}':", lost.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"item\":\"pen\",\"size\":1}\n{\"item\":\"pen\",\"size\":1}\n", "The key (item = 'pen', size = 1) occurs twice in lookup table 'items', in its rows 1 and 2. A lookup table has one row a key.")]
    [InlineData("{\"itm\":\"pen\",\"size\":1}\n", "Lookup table 'items' cannot be read: It has no column 'item'. Did you mean 'itm'?")]
    [InlineData("{\"item\":\"pen\",\"size\":1.5}\n", "1.5")]
    [InlineData(null, "Lookup table 'items' cannot be read: lookup table 'items': no file is at 'data/items.jsonl'.")]
    public async Task What_is_wrong_with_a_table_is_a_problem_at_its_place(string? items, string message)
    {
        await using var project = Project(items?.Replace("}", ",\"price\":null,\"embedding\":null,\"title\":null,\"count\":null}", StringComparison.Ordinal) ?? Items);
        if (items is null) File.Delete(Path.Combine(project.Folder, "data", "items.jsonl"));
        var refused = await Assert.ThrowsAsync<LockstepException>(() => Plan(project));
        Assert.Equal(ErrorKind.DefinitionsInvalid, refused.Kind);
        var problem = Assert.Single(refused.Problems, p => p.Severity == Severity.Error);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal("features/all.yaml:4:16", problem.Location!.ToString());
    }
}
