using Lockstep.Server.Tests.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lockstep.Server.Tests;

public sealed class UpkeepTests
{
    [Fact]
    public async Task S24_a_server_drops_the_table_of_a_version_that_was_retired()
    {
        await using var weather = new WeatherProject();
        await weather.InitializeAsync();
        var project = weather.Project;
        var upkeep = Assert.Single(project.Server.Services.GetServices<IHostedService>().OfType<UpkeepService>());
        await upkeep.RunAsync(CancellationToken.None);
        var before = await project.Host.OnlineStore.ListAsync(CancellationToken.None);
        Assert.NotEmpty(before);

        var catalog = project.Server.Services.GetRequiredService<Lockstep.Runtime.Serving.FeatureServer>();
        var views = catalog.Current.Catalog;
        catalog.Replace(new(views.Number + 1, views.Entities.Values, views.Sources.Values, [.. views.Views.Select(v => v with { Retired = true })], []));
        await upkeep.RunAsync(CancellationToken.None);
        Assert.Empty(await project.Host.OnlineStore.ListAsync(CancellationToken.None));
    }
}
