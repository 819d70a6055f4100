using Lockstep.Core;

namespace Lockstep.Runtime.Tests.Registry;

/// <summary>On-demand views pin what they read, and what they read is protected by that.</summary>
public sealed class OnDemandUsageTests : IDisposable
{
    readonly RegistryFixture _registry = new();

    public void Dispose() => _registry.Dispose();

    static string Context(string version = "1.0.0", string windy = "weather:wind > limit") => $$"""
        kind: on_demand_view
        name: context
        version: {{version}}
        request: { limit: float64 }
        features: { windy: "{{windy}}" }
        """;

    static string All(string weather, string context, params string[] more) => Yaml.All([Yaml.Airport, Yaml.Weather, weather, context, .. more]);

    [Fact]
    public async Task S24_a_view_that_an_on_demand_view_reads_cannot_be_retired_or_removed()
    {
        await _registry.Apply(All(Yaml.View(), Context()));
        var refused = await Assert.ThrowsAsync<LockstepException>(async () => await _registry.Service.RetireAsync("weather@1.0.0", "ana", "", CancellationToken.None));
        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.Equal("value_view 'weather@1.0.0' cannot be retired: on_demand_view context@1.0.0 reads it. First: lockstep retire context@1.0.0", refused.Message);

        await _registry.Service.RetireAsync("context@1.0.0", "ana", "", CancellationToken.None);
        await _registry.Service.RetireAsync("weather@1.0.0", "ana", "", CancellationToken.None);
    }

    [Fact]
    public async Task S23_a_plan_names_the_on_demand_views_that_a_change_reaches_and_describe_both_sides()
    {
        await _registry.Apply(All(Yaml.View(), Context(), Yaml.Service(1, "\"context:*\"")));
        var plan = RegistryFixture.Text(await _registry.Plan(All(Yaml.View(more: "description: Other words"), Context(), Yaml.Service(1, "\"context:*\""))));
        Assert.Contains("used by: on_demand_view context@1.0.0, feature_service late_flight@1 (model gbm)", plan, StringComparison.Ordinal);

        var context = Assert.Single(await _registry.Service.DescribeAsync("context", CancellationToken.None));
        Assert.Equal(["weather@1.0.0"], context.Reads);
        Assert.Equal(["feature_service late_flight@1 (model gbm)"], context.UsedBy);
        var weather = (await _registry.Service.DescribeAsync("weather@1.0.0", CancellationToken.None)).Single(d => d.Object.Kind == "value_view");
        Assert.Equal(["on_demand_view context@1.0.0", "feature_service late_flight@1 (model gbm)"], weather.UsedBy);
    }

    [Fact]
    public async Task S24_a_registered_version_goes_on_reading_what_it_was_resolved_to()
    {
        await _registry.Apply(All(Yaml.View(), Context()));
        var newer = Yaml.View(version: "2.0.0", ttl: "6h");
        var plan = await _registry.Plan(All(newer, Context()));
        Assert.Empty(plan.Refusals);
        Assert.Contains(plan.Warnings, w => w.Message == "View 'context' 1.0.0 goes on reading weather@1.0.0. Raise its version to read weather@2.0.0.");
        await _registry.Apply(All(newer, Context()));
        Assert.Equal("weather@1.0.0", Reads("context@1.0.0"));

        await _registry.Apply(All(newer, Context("1.1.0")));
        Assert.Equal("weather@2.0.0", Reads("context@1.1.0"));
        Assert.Equal("weather@1.0.0", Reads("context@1.0.0"));

        string Reads(string name) => string.Join(",", Assert.Single(_registry.Service.DescribeAsync(name, CancellationToken.None).AsTask().GetAwaiter().GetResult()).Reads);
    }

    [Fact]
    public async Task S23_another_expression_under_the_same_version_is_refused()
    {
        await _registry.Apply(All(Yaml.View(), Context()));
        var plan = await _registry.Plan(All(Yaml.View(), Context(windy: "weather:wind >= limit")));
        Assert.Contains("'context@1.0.0' is registered by apply 1 (ana) with another meaning", Assert.Single(plan.Refusals).Message, StringComparison.Ordinal);
    }
}
