using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Tests.Registry;

public sealed class RegistryServiceTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;
    readonly RegistryFixture _registry = new();

    public void Dispose() => _registry.Dispose();

    RegistryService Service => _registry.Service;

    const string Tagged = "owner: ana@example.com\ndomain: flights\ntags: { team: ops, pii: \"false\" }\ndescription: Hourly observations";

    Task Two() => Run(async () =>
    {
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(more: Tagged), Yaml.Service()), reason: "first");
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "6h", features: "wind: float64, visib: { type: float64, default: 9.5 }", more: Tagged), Yaml.Service(2)), author: "bob", reason: "older rows count");
    });

    static Task Run(Func<Task> work) => work();

    [Fact]
    public async Task Invalid_definitions_end_a_plan_with_every_problem()
    {
        var e = await Assert.ThrowsAsync<LockstepException>(async () => await _registry.Plan(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(), Yaml.View("sky", source: "wether"), Yaml.Service(1, "\"wether:*\""))));
        Assert.Equal(ErrorKind.DefinitionsInvalid, e.Kind);
        Assert.Equal(2, e.Problems.Count(p => p.Severity == Severity.Error));
        Assert.Contains("Did you mean 'weather'?", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_counts_and_reports()
    {
        var read = DefinitionReader.Read([("a.yaml", Yaml.All(Yaml.Project, "kind: entity\nname: plane"))]);
        var result = await Service.ValidateAsync(read.Definitions, read.Problems, SchemaProbe.None, None);
        Assert.False(result.IsValid);
        Assert.Equal((1, 1, 1), (result.Sources, result.Views, result.Services));
        Assert.Contains(result.Problems, p => p.Message.Contains("join_keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_apply_with_nothing_to_do_writes_nothing()
    {
        await _registry.Apply(Yaml.Project);
        var again = await _registry.Apply(Yaml.Project);
        Assert.Null(again.Apply);
        Assert.Single((await _registry.Load()).History);
    }

    [Fact]
    public async Task History_says_who_when_and_why()
    {
        await Two();
        var history = await Service.HistoryAsync(None);
        Assert.Equal([(2L, "bob", "older rows count", 2), (1L, "ana", "first", 4)], history.Select(a => (a.Number, a.Author, a.Reason, a.Changes)));
        Assert.Equal("2026-01-01T00:00:02Z", Instant.Format(history[0].At));
    }

    [Fact]
    public async Task A_saved_plan_does_later_what_it_says()
    {
        var plan = PlanJson.Read(PlanJson.Write(await _registry.Plan(Yaml.Project)), "p.json");
        var result = await Service.ApplyAsync(plan, "ana", "", None);
        Assert.Equal(["entity airport", "source weather", "value_view weather@1.0.0", "feature_service late_flight@1"], result.Changed);
        Assert.Empty((await _registry.Plan(Yaml.Project)).Changes);
    }

    [Fact]
    public async Task A_stale_plan_is_a_conflict_that_names_who_was_faster()
    {
        var plan = PlanJson.Read(PlanJson.Write(await _registry.Plan(Yaml.Project)), "p.json");
        await _registry.Apply(Yaml.Airport, author: "bob", reason: "keys first");
        var e = await Assert.ThrowsAsync<LockstepException>(async () => await Service.ApplyAsync(plan, "ana", "", None));
        Assert.Equal(ErrorKind.Conflict, e.Kind);
        Assert.Contains("it was made for apply 0", e.Message, StringComparison.Ordinal);
        Assert.Contains("is at apply 1 (by bob at 2026-01-01T00:00:01Z: keys first). Plan again.", e.Message, StringComparison.Ordinal);
        Assert.Empty((await _registry.Load()).Catalog.Views);
    }

    [Fact]
    public async Task An_empty_plan_can_be_stale_too()
    {
        await _registry.Apply(Yaml.Airport);
        var plan = await _registry.Plan(Yaml.Airport);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather));
        var e = await Assert.ThrowsAsync<LockstepException>(async () => await Service.ApplyAsync(plan, "ana", "", None));
        Assert.Equal(ErrorKind.Conflict, e.Kind);
    }

    [Fact]
    public async Task A_plan_of_another_registry_is_refused()
    {
        using var other = new RegistryFixture();
        await other.Apply(Yaml.Airport);
        await _registry.Apply(Yaml.Airport);
        var plan = await other.Plan(Yaml.Project);
        var e = await Assert.ThrowsAsync<LockstepException>(async () => await Service.ApplyAsync(plan, "ana", "", None));
        Assert.Equal(ErrorKind.Conflict, e.Kind);
        Assert.Contains("made for another registry", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"base\": 0", "\"base\": 1", "was changed after it was made")]
    [InlineData("\"ttl\\\":\\\"3h", "\"ttl\\\":\\\"9h", "was changed after it was made")]
    [InlineData("\"format\": 1", "\"format\": 7", "has format 7; this program reads formats up to 1")]
    [InlineData("\"changes\": [", "\"changes\": ", "is not a saved plan")]
    public async Task A_saved_plan_that_was_edited_is_refused(string what, string by, string message)
    {
        var json = PlanJson.Write(await _registry.Plan(Yaml.Project));
        Assert.Contains(what, json, StringComparison.Ordinal);
        var e = Assert.Throws<LockstepException>(() => PlanJson.Read(json.Replace(what, by, StringComparison.Ordinal), "p.json"));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_is_an_apply_that_brings_objects_back()
    {
        await Two();
        var result = await Service.RollbackAsync(1, "ana", "too old", None);
        Assert.Equal((3L, ApplyVerb.Rollback, 1L), (result.Apply!.Number, result.Apply.Verb, result.Apply.Restored!.Value));
        Assert.Equal(["value_view weather@1.1.0", "feature_service late_flight@2"], result.Changed);
        var (then, now) = (await _registry.Load(1), await _registry.Load());
        Assert.Equal(then.Catalog.Views.Select(v => v.Id), now.Catalog.Views.Select(v => v.Id));
        Assert.Equal(3, now.History.Count);
        Assert.Null((await Service.RollbackAsync(3, "ana", "", None)).Apply);
        await Service.RollbackAsync(2, "ana", "", None);
        Assert.Equal(2, (await _registry.Load()).Catalog.Views.Count);
        await Service.RollbackAsync(0, "ana", "", None);
        Assert.Empty((await _registry.Load()).Catalog.Entities);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<LockstepException>(async () => await Service.RollbackAsync(6, "ana", "", None))).Kind);
    }

    [Fact]
    public async Task List_filters()
    {
        await Two();
        async Task<string[]> Ids(ListFilter filter) => [.. (await Service.ListAsync(filter, None)).Select(s => s.Version.Length > 0 ? $"{s.Name}@{s.Version}" : $"{s.Kind} {s.Name}")];
        Assert.Equal(["entity airport", "source weather", "weather@1.0.0", "weather@1.1.0", "late_flight@1", "late_flight@2"], await Ids(new()));
        Assert.Equal(["weather@1.0.0", "weather@1.1.0"], await Ids(new() { Kind = "views" }));
        Assert.Equal(["late_flight@1", "late_flight@2"], await Ids(new() { Kind = "feature_service" }));
        Assert.Equal(["weather@1.0.0", "weather@1.1.0"], await Ids(new() { Tag = "team=ops" }));
        Assert.Empty(await Ids(new() { Tag = "team=dev" }));
        Assert.Equal(["weather@1.0.0", "weather@1.1.0"], await Ids(new() { Owner = "ana@example.com", Domain = "flights" }));
        Assert.Equal(["entity airport", "weather@1.0.0", "weather@1.1.0"], await Ids(new() { Entity = "airport" }));
        Assert.Equal(["source weather", "weather@1.0.0", "weather@1.1.0"], await Ids(new() { Source = "weather" }));
        await Service.RetireAsync("late_flight@1", "ana", "", None);
        Assert.Equal(["late_flight@2"], await Ids(new() { Kind = "service" }));
        Assert.Equal(["late_flight@1", "late_flight@2"], await Ids(new() { Kind = "service", All = true }));
    }

    [Fact]
    public async Task Describe_tells_all_of_the_newest_version_of_each_kind()
    {
        await Two();
        var found = await Service.DescribeAsync("weather", None);
        Assert.Equal(["source", "value_view"], found.Select(d => d.Object.Kind));
        var view = found[1];
        Assert.Equal("1.1.0", view.Object.Version);
        Assert.Equal([new("wind", "float64", null, null), new("visib", "float64", "9.5", null)], view.Features);
        Assert.Equal([new("airport", "string", null, null)], view.Keys);
        Assert.Equal(["feature_service late_flight@2 (model gbm)"], view.UsedBy);
        Assert.Equal(["1.0.0", "1.1.0"], view.Versions);
        Assert.Equal("bob", view.LastChange.Author);
        Assert.Equal("1.0.0", Assert.Single(await Service.DescribeAsync("view/weather@1.0", None)).Object.Version);
        Assert.Equal(["weather@1.1.0"], Assert.Single(await Service.DescribeAsync("late_flight", None)).Reads);
        Assert.Equal("1.0.0", (await Service.DescribeAsync("view/weather#1", None))[0].Object.Version);
    }

    [Theory]
    [InlineData("wether", ErrorKind.NotFound, "'wether' is not registered. Did you mean 'weather'?")]
    [InlineData("weather@3", ErrorKind.NotFound, "'weather@3' is not registered. Versions: 1.0.0, 1.1.0.")]
    [InlineData("weather@x", ErrorKind.BadArguments, "'weather@x' does not name a registered object")]
    [InlineData("thing/weather", ErrorKind.BadArguments, "does not name a registered object")]
    public async Task Describe_says_what_would_be_right(string name, ErrorKind kind, string message)
    {
        await Two();
        var e = await Assert.ThrowsAsync<LockstepException>(async () => await Service.DescribeAsync(name, None));
        Assert.Equal(kind, e.Kind);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_tell_what_each_apply_changed()
    {
        await Two();
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "6h", features: "wind: float64, visib: { type: float64, default: 9.5 }", more: Tagged.Replace("ana@", "bob@", StringComparison.Ordinal)), Yaml.Service(2)));
        var versions = await Service.VersionsAsync("view/weather", None);
        Assert.Equal(["1.0.0", "1.1.0"], versions.Select(v => v.Version));
        Assert.Equal([2L, 3L], versions[1].Revisions.Select(r => r.Apply.Number));
        Assert.Equal("owner: ana@example.com -> bob@example.com", Assert.Single(versions[1].Revisions[1].Changes).ToString());
        Assert.Equal(["feature_service late_flight@1 (model gbm)"], versions[0].UsedBy);
    }

    [Fact]
    public async Task Diff_compares_versions_and_times()
    {
        await Two();
        var diff = await Service.DiffAsync("view/weather@1.0.0", "view/weather@1.1.0", None);
        Assert.False(diff.SameMeaning);
        Assert.Equal(["version: 1.0.0 -> 1.1.0", "ttl: 3h -> 6h", "features.visib.default: (none) -> 9.5"], diff.Changes.Select(c => c.ToString()));
        var same = await Service.DiffAsync("source/weather#1", "source/weather", None);
        Assert.True(same.SameMeaning);
        Assert.Empty(same.Changes);
        Assert.Equal("weather#1", same.Left);
        var ambiguous = await Assert.ThrowsAsync<LockstepException>(async () => await Service.DiffAsync("weather", "weather@1.1.0", None));
        Assert.Contains("Say which: source/weather or view/weather", ambiguous.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("weather", "weather,weather,late_flight")]
    [InlineData("WIND", "weather")]
    [InlineData("hourly wind", "weather")]
    [InlineData("owner:ana", "weather")]
    [InlineData("tag:team=ops", "weather")]
    [InlineData("entity:airport type:float64", "weather")]
    [InlineData("gbm", "late_flight")]
    [InlineData("wind nowhere", "")]
    [InlineData("name:air", "airport")]
    [InlineData("", "")]
    public async Task Search_finds_words_in_all_places(string words, string names)
    {
        await Two();
        var hits = await Service.SearchAsync(words, None);
        Assert.Equal(names, string.Join(",", hits.Select(h => h.Object.Name)));
        if (words == "WIND") Assert.Equal(["wind"], hits[0].Features);
    }

    [Fact]
    public async Task A_partial_plan_leaves_the_rest_alone()
    {
        await Two();
        var plan = await _registry.Plan("kind: entity\nname: plane\njoin_keys: { tailnum: string }\n", partial: true);
        Assert.Equal("plane", Assert.Single(plan.Changes).Key.Name);
        Assert.Empty(plan.Refusals);
    }

    [Fact]
    public async Task Columns_read_from_the_data_are_recorded()
    {
        Schema columns = new([new("airport", FeatureType.String), new("observed_at", FeatureType.Timestamp), new("wind", FeatureType.Float64), new("visib", FeatureType.Float64)]);
        await _registry.Apply(Yaml.Project, new(_ => columns, (_, _) => null));
        var catalog = (await _registry.Load()).Catalog;
        Assert.Equal(columns.Fields, catalog.Sources["weather"].Columns);
        Assert.Equal(columns.Fields, catalog.Views[0].Sources["weather"].Columns);
        Assert.Empty((await _registry.Plan(Yaml.Project)).Changes); // without data, what was known stays
    }

    [Fact]
    public async Task Every_default_comes_back_as_it_was()
    {
        var features = "a: { type: float64, default: 0.1 }, b: { type: int64, default: 9007199254740993 }, c: { type: \"decimal(10,2)\", default: 1.50 }, d: { type: string, default: \"\" },"
            + " e: { type: bytes, default: AAE= }, f: { type: timestamp, default: 2026-01-01T00:00:00.000001Z }, g: { type: date, default: 2026-01-02 }, h: { type: \"list<float32>\", default: [0.1, 2] }, i: { type: bool, default: false }, j: int32";
        var read = DefinitionReader.Read([("a.yaml", Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(features: features)))]);
        Assert.Empty(read.Problems);
        await Service.ApplyAsync(await Service.PlanAsync(read.Definitions, [], SchemaProbe.None, None), "ana", "", None);
        var expected = ((ValueView)read.Definitions.Views[0]).Features.Select(f => f.Default);
        Assert.Equal(expected, (await _registry.Load()).Catalog.Views[0].Defaults);
    }
}
