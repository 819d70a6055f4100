using System.Text;
using System.Text.Json.Nodes;
using Lockstep.Compliance;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server.Tests;

/// <summary>A project in a folder of its own, applied, materialized and served.</summary>
sealed class TestProject : IAsyncDisposable
{
    readonly string _root;
    WebApplication? _server;

    TestProject(string root, ManualClock clock, ProjectHost host) => (_root, Clock, Host) = (root, clock, host);

    public ManualClock Clock { get; }
    public ProjectHost Host { get; }
    public HttpClient Http { get; private set; } = null!;
    public string Folder => Host.Folder.Root;

    public string TemporaryFolder => Path.Combine(_root, "tmp");

    /// <summary>The folder of test data of that name.</summary>
    public static string Data(string name)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (Directory.Exists(Path.Combine(folder, "tests", "data", name))) return Path.Combine(folder, "tests", "data", name);
        throw new DirectoryNotFoundException($"tests/data/{name} is not above {AppContext.BaseDirectory}.");
    }

    /// <param name="files">Relative path and text of each file.</param>
    /// <param name="project">The project's folder within them.</param>
    /// <param name="now">What the clock says.</param>
    public static TestProject Create(IEnumerable<(string Path, byte[] Bytes)> files, string project, string now)
    {
        var root = Directory.CreateTempSubdirectory("lockstep-server-").FullName;
        foreach (var (path, bytes) in files)
        {
            var full = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllBytes(full, bytes);
        }
        ManualClock clock = new(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture));
        return new(root, clock, ProjectHost.Open(Path.Combine(root, project), null, _ => null, clock));
    }

    public static TestProject Create(string now, params (string Path, string Text)[] files)
        => Create(files.Select(f => (f.Path, Encoding.UTF8.GetBytes(f.Text))), "", now);

    /// <summary>Registers what the files define.</summary>
    public async Task<TestProject> ApplyAsync()
    {
        var read = Host.Folder.ReadDefinitions();
        var plan = await Host.RegistryService.PlanAsync(read.Definitions, read.Problems, Host.Schemas(CancellationToken.None), CancellationToken.None);
        await Host.RegistryService.ApplyAsync(plan, "test", "", CancellationToken.None);
        return this;
    }

    public async Task<TestProject> MaterializeAsync(params string[] views)
    {
        var report = await Host.Materializer.RunAsync(new() { Catalog = await Host.LoadCatalogAsync(CancellationToken.None), Views = views }, null, CancellationToken.None);
        Assert.True(report.Succeeded, string.Join("\n", report.Views.Select(v => v.Error?.Message)));
        return this;
    }

    public async Task<TestProject> ServeAsync(ServerSettings? settings = null)
    {
        Directory.CreateDirectory(TemporaryFolder);
        _server = LockstepServer.Build(Host.ServerParts(settings ?? new()) with { TemporaryFolder = TemporaryFolder }, builder =>
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.SetMinimumLevel(LogLevel.Critical);
        });
        await _server.StartAsync();
        Http = new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new(_server.Urls.First()) };
        await Poll.ReadyAsync(Http);
        return this;
    }

    public WebApplication Server => _server!;

    public async Task<(int Status, string Body)> PostAsync(string path, string body, string? contentType = "application/json")
    {
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
        if (contentType is not null) content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        using var response = await Http.PostAsync(path, content);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<(int Status, string Body)> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>A materialization when it has ended; its clients look too.</summary>
    public Task<JsonNode> EndedAsync(string id)
        => Poll.UntilAsync($"materialization {id} to end", async () => JsonNode.Parse((await GetAsync($"/api/v1/materializations/{id}")).Body)!, run => (string)run["state"]! != "running", run => run.ToJsonString());

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (_server is not null)
        {
            await _server.StopAsync();
            await _server.DisposeAsync();
        }
        await Host.DisposeAsync();
        Directory.Delete(_root, true);
    }
}
