using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Tests.Registry;

public sealed class VersionRuleTests : IDisposable
{
    readonly RegistryFixture _registry = new();

    public void Dispose() => _registry.Dispose();

    async Task<string> Refusal(string yaml)
    {
        var plan = await _registry.Plan(yaml);
        var before = (await _registry.Load()).Number;
        var refused = await Assert.ThrowsAsync<LockstepException>(async () => await _registry.Service.ApplyAsync(plan, "bob", "", CancellationToken.None));
        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.Equal(before, (await _registry.Load()).Number);
        return refused.Message;
    }

    [Theory]
    [InlineData("3h", "wind: float64, visib: float64, gust: float64", "1.1.0")]
    [InlineData("4h", "wind: float64, visib: float64", "1.0.1")]
    [InlineData("3h", "visib: float64, wind: float64", "1.0.1")]
    [InlineData("3h", "wind: { type: float64, default: 0 }, visib: float64", "1.0.1")]
    [InlineData("3h", "wind: { type: float64, column: wind_speed }, visib: float64", "1.0.1")]
    [InlineData("3h", "wind: float64", "2.0.0")]
    [InlineData("3h", "wind: float32, visib: float64", "2.0.0")]
    public async Task S23_a_changed_meaning_is_refused_with_the_version_to_use(string ttl, string features, string version)
    {
        await _registry.Apply(Yaml.Project);
        var message = await Refusal(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(ttl: ttl, features: features), Yaml.Service()));
        Assert.Contains("value_view 'weather@1.0.0' is registered by apply 1 (ana) with another meaning", message, StringComparison.Ordinal);
        Assert.Contains($"Set version: {version} ", message, StringComparison.Ordinal);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: version, ttl: ttl, features: features), Yaml.Service()));
        Assert.Equal(["1.0.0", version], (await _registry.Load()).Catalog.VersionsOf("weather").Select(v => v.Version.ToString()));
    }

    [Fact]
    public async Task S23_the_proposed_version_is_free_and_the_newest()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.4.2", ttl: "4h"), Yaml.Service()));
        Assert.Contains("Set version: 1.4.3", await Refusal(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(ttl: "5h"), Yaml.Service())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S23_metadata_is_no_part_of_the_meaning()
    {
        await _registry.Apply(Yaml.Project);
        var fingerprint = (await _registry.Load()).Catalog.FindView("weather")!.Fingerprint;
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(more: "owner: bob\ntags: { pii: \"false\" }\nonline: false"), Yaml.Service()));
        var view = (await _registry.Load()).Catalog.FindView("weather")!;
        Assert.Equal(fingerprint, view.Fingerprint);
        Assert.Equal("bob", view.View.Metadata.Owner);
        Assert.False(view.View.Online);
    }

    [Fact]
    public async Task S23_a_source_and_a_key_are_part_of_the_meaning()
    {
        await _registry.Apply(Yaml.Project);
        Assert.Contains("source weather.table.path: data/weather/*.parquet -> data/new/*.parquet",
            await Refusal(Yaml.All(Yaml.Airport, Yaml.Weather.Replace("data/weather", "data/new", StringComparison.Ordinal), Yaml.View(), Yaml.Service())), StringComparison.Ordinal);
        Assert.Contains("keys.airport.type: string -> int64. Set version: 2.0.0",
            await Refusal(Yaml.All(Yaml.Airport.Replace("string", "int64", StringComparison.Ordinal), Yaml.Weather, Yaml.View(), Yaml.Service())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S23_a_version_keeps_its_meaning_after_it_was_removed()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.Airport);
        Assert.Empty((await _registry.Load()).Catalog.Views);
        Assert.Contains("was registered until it was removed by apply 2", await Refusal(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(ttl: "9h"))), StringComparison.Ordinal);
        var plan = await _registry.Plan(Yaml.Project);
        Assert.Equal([ChangeAction.Create, ChangeAction.Restore, ChangeAction.Restore], plan.Changes.Select(c => c.Action));
    }

    [Fact]
    public async Task S23_a_service_version_keeps_its_features()
    {
        await _registry.Apply(Yaml.Project);
        var message = await Refusal(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(), Yaml.Service(1, "\"weather:wind\"")));
        Assert.Contains("feature_service 'late_flight@1'", message, StringComparison.Ordinal);
        Assert.Contains("Set version: 2 (1 stays beside it)", message, StringComparison.Ordinal);
        Assert.Contains("- weather:*", message.Replace("features: { view: weather } -> (none)", "- weather:*", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S23_a_reference_without_a_version_is_resolved_at_apply_and_stays_so()
    {
        await _registry.Apply(Yaml.Project);
        var newer = Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "4h"));
        await _registry.Apply(Yaml.All(newer, Yaml.Service()));
        Assert.Equal("@1.0.0", (await _registry.Load()).Catalog.FindService("late_flight")!.Features[0].Version.ToString());
        await _registry.Apply(Yaml.All(newer, Yaml.Service(2), Yaml.Service(3, "\"weather@1.0:wind\"")));
        var catalog = (await _registry.Load()).Catalog;
        Assert.Equal("@1.0.0", catalog.FindService("late_flight", 1)!.Features[0].Version.ToString());
        Assert.Equal("@1.1.0", catalog.FindService("late_flight", 2)!.Features[0].Version.ToString());
        Assert.Equal("@1.0.0", catalog.FindService("late_flight", 3)!.Features[0].Version.ToString());
    }

    [Fact]
    public async Task S24_old_versions_stay_with_what_they_read()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather.Replace("observed_at", "loaded_at", StringComparison.Ordinal), Yaml.View(version: "2.0.0"), Yaml.Service()));
        var catalog = (await _registry.Load()).Catalog;
        Assert.Equal(["weather@1.0.0", "weather@2.0.0"], catalog.Views.Select(v => v.Id));
        Assert.Equal(["observed_at", "loaded_at"], catalog.Views.Select(v => v.Sources["weather"].Table!.Timestamp));
        Assert.Equal("loaded_at", catalog.Sources["weather"].Table!.Timestamp);
    }

    [Fact]
    public async Task S24_an_old_version_goes_on_reading_its_own_files()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather.Replace("data/weather", "data/new", StringComparison.Ordinal), Yaml.View(version: "2.0.0"), Yaml.Service()));
        var catalog = (await _registry.Load()).Catalog;
        using var folder = new OfflineStore.TempFolder();
        var (old, now) = (folder.Write("data/weather/a.parquet", "x"), folder.Write("data/new/b.parquet", "x"));
        SourceTables tables = new(folder.Path, new(folder.At("data/offline"), null!, TimeProvider.System), TimeProvider.System);
        Assert.Equal([old, now], catalog.Views.Select(v => Assert.Single(tables.View(v, catalog).Files).Path));
    }

    [Fact]
    public async Task S24_an_old_version_follows_its_source_where_no_value_can_change()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather.Replace("observed_at }", "observed_at, complete_until: 2026-01-01 }", StringComparison.Ordinal), Yaml.View(version: "1.1.0", ttl: "4h"), Yaml.Service()));
        Assert.All((await _registry.Load()).Catalog.Views, v => Assert.NotNull(v.Sources["weather"].Table!.CompleteUntil));
    }

    [Fact]
    public async Task S24_what_a_service_pins_cannot_be_removed_or_retired()
    {
        await _registry.Apply(Yaml.Project);
        var other = Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View("sky", features: "cover: float64"), Yaml.Service(2, "\"sky:*\""));
        var removal = await Refusal(other);
        Assert.Contains("value_view 'weather@1.0.0' is not defined any more, but feature_service late_flight@1 (model gbm) still pins it", removal, StringComparison.Ordinal);
        var retirement = await Assert.ThrowsAsync<LockstepException>(async () => await _registry.Service.RetireAsync("weather@1.0.0", "ana", "", CancellationToken.None));
        Assert.Equal(ErrorKind.Conflict, retirement.Kind);
        Assert.Contains("feature_service late_flight@1 (model gbm) pins it. First: lockstep retire late_flight@1", retirement.Message, StringComparison.Ordinal);
        await _registry.Service.RetireAsync("late_flight@1", "ana", "replaced", CancellationToken.None);
        await _registry.Apply(other);
        Assert.Equal(["sky@1.0.0"], (await _registry.Load()).Catalog.Views.Select(v => v.Id));
    }

    [Fact]
    public async Task S24_a_source_that_an_old_version_reads_cannot_be_removed()
    {
        await _registry.Apply(Yaml.Project);
        var moved = Yaml.All(Yaml.Airport, Yaml.Weather.Replace("name: weather", "name: metar", StringComparison.Ordinal), Yaml.View(version: "2.0.0", ttl: "4h", source: "metar"), Yaml.Service(2));
        Assert.Contains("source 'weather' is not defined any more, but value_view weather@1.0.0 still reads it", await Refusal(moved), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S24_a_retired_version_is_known_and_not_served_until_it_is_brought_back()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "4h"), Yaml.Service(2)));
        await _registry.Service.RetireAsync("late_flight@1", "ana", "", CancellationToken.None);
        await _registry.Service.RetireAsync("weather@1.0.0", "ana", "", CancellationToken.None);
        var catalog = (await _registry.Load()).Catalog;
        Assert.True(catalog.VersionsOf("weather")[0].Retired);
        Assert.True(VersionSelector.TryParse("1.0.0", out var selector));
        Assert.Null(catalog.FindView("weather", selector));
        Assert.Null(catalog.FindService("late_flight", 1));

        var conflict = await Assert.ThrowsAsync<LockstepException>(async () => await _registry.Service.RetireAsync("late_flight@1", "ana", "", CancellationToken.None, undo: true));
        Assert.Contains("reads weather@1.0.0, which is not served", conflict.Message, StringComparison.Ordinal);
        await _registry.Service.RetireAsync("weather@1.0.0", "ana", "", CancellationToken.None, undo: true);
        await _registry.Service.RetireAsync("late_flight@1", "ana", "", CancellationToken.None, undo: true);
        Assert.NotNull((await _registry.Load()).Catalog.FindService("late_flight", 1));
    }

    [Fact]
    public async Task S24_a_retired_version_that_is_still_defined_stays_retired()
    {
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View()));
        await _registry.Service.RetireAsync("weather@1.0.0", "ana", "", CancellationToken.None);
        var plan = await _registry.Plan(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View()));
        Assert.Empty(plan.Changes);
        Assert.Contains(plan.Warnings, w => w.Message.Contains("'weather@1.0.0' is retired and stays so", StringComparison.Ordinal));
    }
}
