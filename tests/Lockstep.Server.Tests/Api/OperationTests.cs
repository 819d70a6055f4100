using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server.Tests.Api;

/// <summary>Runs, applies and stops while the server is up.</summary>
public sealed class OperationTests
{
    const string Ask = """{"features":["weather:temp"],"entities":[{"airport":"MIA"}]}""";

    [Fact]
    public async Task S7_a_run_started_over_http_brings_online_what_changed()
    {
        await using var project = await (await WeatherProject.Create().ApplyAsync()).ServeAsync();
        Assert.Contains("NOT_FOUND", (await project.PostAsync("/api/v1/features/online", Ask)).Body, StringComparison.Ordinal);
        var (status, body) = await project.PostAsync("/api/v1/materializations", "");
        Assert.Equal(202, status);
        var first = await project.EndedAsync((string)JsonNode.Parse(body)!["id"]!);
        Assert.Equal("succeeded", (string)first["state"]!);
        Assert.Equal(["birds@1.0.0", "gate@1.0.0", "weather@1.0.0"], first["views"]!.AsArray().Select(v => (string)v!["view"]!).Order(StringComparer.Ordinal));
        Assert.Contains("27.25", (await project.PostAsync("/api/v1/features/online", Ask)).Body, StringComparison.Ordinal);

        await File.AppendAllTextAsync(Path.Combine(project.Folder, "raw", "weather.csv"), "MIA,2026-11-01T11:45:00Z,28,9,,,,\n");
        var second = await project.EndedAsync((string)JsonNode.Parse((await project.PostAsync("/api/v1/materializations", """{"views":["weather"],"from":null}""")).Body)!["id"]!);
        Assert.Equal("weather@1.0.0", (string)Assert.Single(second["views"]!.AsArray())!["view"]!);
        Assert.Contains("\"values\":[28]", (await project.PostAsync("/api/v1/features/online", Ask)).Body, StringComparison.Ordinal);
        var (_, list) = await project.GetAsync("/api/v1/materializations");
        Assert.Equal(["2", "1"], JsonNode.Parse(list)!["runs"]!.AsArray().Select(r => (string)r!["id"]!));
    }

    [Fact]
    public async Task A_run_that_fails_says_why_and_the_server_goes_on()
    {
        await using var project = await (await WeatherProject.Create().ApplyAsync()).ServeAsync();
        await File.AppendAllTextAsync(Path.Combine(project.Folder, "raw", "weather.csv"), "MIA,2026-11-01T11:45:00Z,hot,9,,,,\n");
        var run = await project.EndedAsync((string)JsonNode.Parse((await project.PostAsync("/api/v1/materializations", """{"views":["weather@1.0.0"]}""")).Body)!["id"]!);
        Assert.Equal("failed", (string)run["state"]!);
        Assert.Contains("hot", (string)run["views"]![0]!["error"]!, StringComparison.Ordinal);
        Assert.Equal(200, (await project.PostAsync("/api/v1/features/online", Ask)).Status);
    }

    [Fact]
    public async Task S21_S24_what_is_applied_is_served_beside_what_was_there()
    {
        await using var project = await (await (await WeatherProject.Create().ApplyAsync()).MaterializeAsync()).ServeAsync();
        var file = Path.Combine(project.Folder, "features", "all.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("name: gate\nentity: gate\n", "name: gate\nversion: 2.0.0\nentity: gate\n", StringComparison.Ordinal).Replace("features: { open: bool }", "features: { shut: { column: open, type: bool } }", StringComparison.Ordinal));
        Assert.Equal(404, (await project.PostAsync("/api/v1/features/online", """{"features":["gate:shut"],"entities":[]}""")).Status);
        await project.ApplyAsync();
        await project.Server.Services.GetRequiredService<CatalogPoller>().RefreshAsync(CancellationToken.None);
        var (status, body) = await project.PostAsync("/api/v1/features/online", """{"features":["gate:shut","gate@1:open"],"entities":[{"airport":"JFK","gate_no":7}]}""");
        Assert.True(status == 200, body);
        Assert.Contains("\"versions\":{\"gate\":\"2.0.0\",\"gate@1.0.0\":\"1.0.0\"}", body, StringComparison.Ordinal);
        Assert.Contains("\"statuses\":[\"NOT_FOUND\",\"PRESENT\"]", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_catalog_the_server_lives_is_not_ready_and_says_why()
    {
        await using var project = WeatherProject.Create();
        Directory.CreateDirectory(Path.GetDirectoryName(project.Host.Folder.RegistryFile)!);
        await File.WriteAllTextAsync(project.Host.Folder.RegistryFile, "this is no registry, whatever its name says; it has some hundred bytes of text in it, so that it looks like a file");
        await using var server = LockstepServer.Build(new() { Settings = new() { Port = 0 }, OnlineStore = new MemoryOnlineStore(project.Clock), Registry = project.Host.Registry, Clock = project.Clock, Streams = project.Host.OpenStreams }, Quiet);
        await server.StartAsync();
        using HttpClient http = new() { BaseAddress = new(server.Urls.First()) };
        Assert.Equal(200, (int)(await http.GetAsync("/health/live")).StatusCode);
        Assert.Equal(503, (int)(await http.GetAsync("/health")).StatusCode);
        var detail = "";
        while (!detail.Contains("The registry said", StringComparison.Ordinal)) // once it has been asked
        {
            using var ready = await http.GetAsync("/health/ready");
            Assert.Equal(503, (int)ready.StatusCode);
            detail = (string)JsonNode.Parse(await ready.Content.ReadAsStringAsync())!["detail"]!;
            Assert.StartsWith("No catalog has been loaded yet.", detail, StringComparison.Ordinal);
        }
        // Not 404: whoever sends events would take them for refused.
        foreach (var (path, body) in new[] { ("/api/v1/features/online", Ask), ("/api/v1/sources/clicks/events", "{}") })
        {
            using var answer = await http.PostAsync(path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
            Assert.Equal(503, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_stop_finishes_the_requests_that_are_under_way()
    {
        ManualClock clock = new(new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
        HeldStore store = new(new MemoryOnlineStore(clock));
        Field[] key = [new("airport", FeatureType.String)], features = [new("temp", FeatureType.Float64)];
        ViewVersion view = new()
        {
            View = new ValueView { Name = "weather", Entities = ["airport"], Source = "s", Features = [new() { Name = "temp", Column = "temp", Type = FeatureType.Float64 }] },
            Fingerprint = "",
            Keys = new(key),
            Features = new(features),
            Defaults = [Value.Null],
        };
        var server = LockstepServer.Build(new() { Settings = new() { Port = 0 }, OnlineStore = store, Catalog = new(1, [], [], [view], []), Clock = clock }, Quiet);
        await server.StartAsync();
        using HttpClient http = new() { BaseAddress = new(server.Urls.First()) };
        using StringContent body = new(Ask, System.Text.Encoding.UTF8, "application/json");
        var answer = http.PostAsync("/api/v1/features/online", body);
        await store.Reached.Task;
        var stop = server.StopAsync();
        Assert.False(answer.IsCompleted);
        store.Go.SetResult();
        using var response = await answer;
        Assert.Equal(200, (int)response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(1, json.RootElement.GetProperty("rows").GetArrayLength());
        await stop;
        await server.DisposeAsync();
    }

    static void Quiet(Microsoft.AspNetCore.Builder.WebApplicationBuilder builder)
    {
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.None);
    }

    /// <summary>Holds reads until told to go on.</summary>
    sealed class HeldStore(IOnlineStore inner) : IOnlineStore
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
        {
            Reached.TrySetResult();
            await Go.Task;
            await inner.ReadAsync(batch, token);
        }

        public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token) => inner.WriteAsync(table, updates, merge, fence, token);
        public IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, CancellationToken token) => inner.ScanAsync(table, token);
        public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token) => inner.TryAcquireLeaseAsync(table, owner, duration, token);
        public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token) => inner.RenewLeaseAsync(lease, duration, token);
        public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token) => inner.ReleaseLeaseAsync(lease, token);
        public ValueTask DropAsync(string table, CancellationToken token) => inner.DropAsync(table, token);
        public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token) => inner.ListAsync(token);
        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
