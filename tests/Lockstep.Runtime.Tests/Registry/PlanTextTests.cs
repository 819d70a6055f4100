using Lockstep.Core.Rows;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Tests.Registry;

/// <summary>What people read before they say yes, letter by letter.</summary>
public sealed class PlanTextTests : IDisposable
{
    readonly RegistryFixture _registry = new();

    public void Dispose() => _registry.Dispose();

    async Task Check(string yaml, string expected, SchemaProbe? schemas = null)
        => Assert.Equal(expected.ReplaceLineEndings("\n") + "\n", RegistryFixture.Text(await _registry.Plan(yaml, schemas)));

    [Fact]
    public Task A_first_plan() => Check(Yaml.Project, "x");

    [Fact]
    public async Task The_same_again()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.Project, "x");
    }

    [Fact]
    public async Task A_description()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(more: "description: Weather by the hour\nowner: ana@example.com\ntags: { team: ops }"), Yaml.Service()), "x");
    }

    [Fact]
    public async Task A_new_version_and_a_service_that_takes_it()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "6h", features: "wind: float64, gust: { column: wind_gust, type: float64, default: 0 }"), Yaml.Service(2)), "x");
    }

    [Fact]
    public async Task A_new_version_and_a_service_that_stays()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(version: "1.1.0", ttl: "6h"), Yaml.Service()), "x");
    }

    [Fact]
    public async Task A_changed_meaning_under_the_same_version()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(ttl: "6h", features: "visib: float64, wind: float64"), Yaml.Service()), "x");
    }

    [Fact]
    public async Task A_source_that_changes_what_views_mean()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather.Replace("observed_at", "loaded_at", StringComparison.Ordinal), Yaml.View(), Yaml.Service()), "x");
    }

    [Fact]
    public async Task Something_gone_that_is_in_use()
    {
        await _registry.Apply(Yaml.Project);
        await _registry.Apply(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View(), Yaml.View("sky", features: "cover: float64"), Yaml.Service(2, "\"sky:*\"")));
        await Check(Yaml.All(Yaml.Airport, Yaml.Weather, Yaml.View("sky", features: "cover: float64"), Yaml.Service(2, "\"sky:*\"")), "x");
    }

    [Fact]
    public async Task Something_gone_that_nobody_uses()
    {
        await _registry.Apply(Yaml.Project);
        await Check(Yaml.Airport, "x");
    }

    [Fact]
    public async Task Columns_that_were_read_from_the_data()
    {
        Schema columns = new([new("airport", FeatureType.String), new("observed_at", FeatureType.Timestamp), new("wind", FeatureType.Float64), new("visib", FeatureType.Float64)]);
        await _registry.Apply(Yaml.Project, new(_ => columns, (_, _) => null));
        await Check(Yaml.Project, "x", new(_ => new([.. columns.Fields, new("gust", FeatureType.Float32)]), (_, _) => null));
    }
}
