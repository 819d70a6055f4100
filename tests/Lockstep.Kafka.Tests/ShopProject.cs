using System.Diagnostics;
using Lockstep.Compliance;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Lockstep.Server;

namespace Lockstep.Kafka.Tests;

/// <summary>A project over a topic of clicks, in a folder of its own: a value view and an aggregation view. Workers are processes of the command line.</summary>
internal sealed class ShopProject : IAsyncDisposable
{
    readonly ProjectHost _host;
    readonly string _folder;
    FeatureServing? _serving;

    sealed record FeatureServing(FeatureServer Server, FeatureQuery Query);

    ShopProject(string folder) => (_folder, _host) = (folder, ProjectHost.Open(folder, null, _ => null, TimeProvider.System));

    public ProjectHost Host => _host;
    public string Folder => _folder;

    public static async Task<ShopProject> CreateAsync(string servers, string topic, string stream = "", string features = "")
    {
        var folder = Directory.CreateTempSubdirectory("lockstep-shop-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "features"));
        File.WriteAllText(Path.Combine(folder, "lockstep.yaml"), $"project: shop\nkafka: {{ servers: \"{servers}\", session.timeout.ms: 3000, heartbeat.interval.ms: 500 }}\nserver: {{ max_event_bytes: 2000, port: 0 }}\n");
        File.WriteAllText(Path.Combine(folder, "features", "clicks.yaml"), $$"""
            kind: entity
            name: user
            join_keys: { user_id: int64 }
            ---
            kind: source
            name: clicks
            stream: { kafka: { topic: {{topic}}{{stream}} }, timestamp: at }
            columns: { user_id: int64, at: timestamp, page: string, price: float64 }
            ---
            kind: value_view
            name: last_click
            entity: user
            source: clicks
            features: { page: string, price: float64 }
            ---
            kind: aggregation_view
            name: spend
            entity: user
            source: clicks
            features:
              clicks: { count: "*", windows: [24h] }
              spent: { sum: price, windows: [24h] }
            {{features}}
            """);
        var project = new ShopProject(folder);
        var read = project._host.Folder.ReadDefinitions();
        var plan = await project._host.RegistryService.PlanAsync(read.Definitions, read.Problems, project._host.Schemas(CancellationToken.None), CancellationToken.None);
        await project._host.RegistryService.ApplyAsync(plan, "test", "", CancellationToken.None);
        return project;
    }

    /// <summary>Reads the topic in this process.</summary>
    public async Task<StreamHost> StreamAsync(Action<string>? told = null)
    {
        var streams = _host.OpenStreams((_, text) => told?.Invoke(text));
        await streams.UpdateAsync(await _host.LoadCatalogAsync(CancellationToken.None), CancellationToken.None);
        await streams.StartAsync(CancellationToken.None);
        return streams;
    }

    public Worker StartWorker() => new(_folder, "stream", "run");

    public Runtime.Streaming.Log.EventLog Log => _host.OfflineStore.Logs.Of(_host.LoadCatalogAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().Sources["clicks"]);

    /// <summary>What is online of each user now.</summary>
    public async Task<List<Served>> ServedAsync(IReadOnlyList<long> users)
    {
        _serving ??= new(_host.CreateFeatureServer(await _host.LoadCatalogAsync(CancellationToken.None)),
            FeatureQuery.OfFeatures(["last_click:page", "last_click:price", "spend:clicks_24h", "spend:spent_24h"], false));
        var answer = await _serving.Server.GetAsync(_serving.Query, [.. users.Select(u => new Dictionary<string, Value> { ["user_id"] = Value.Of(u) })], CancellationToken.None);
        return [.. answer.Rows.Select(r => new Served(r[0].Value.IsNull ? null : r[0].Value.AsString, r[1].Value.IsNull ? null : r[1].Value.AsFloat64, r[2].Value.AsInt64, r[3].Value.IsNull ? null : r[3].Value.AsFloat64))];
    }

    /// <summary>Waits until what is served is what the judge says, or more than that, and tells what is not. The store is all that a worker of another process and this one share.</summary>
    public async Task JudgeAsync(IReadOnlyCollection<Click> clicks, int users, string where = "")
    {
        var all = Enumerable.Range(0, users).Select(u => (long)u).ToList();
        var byUser = clicks.ToLookup(c => c.User);
        var expected = all.Select(u => Served.Expected(byUser[u], u)).ToList();
        var last = await Poll.UntilAsync($"what the judge says {where}", () => ServedAsync(all), served => served.SequenceEqual(expected) || served.Sum(s => s.Clicks) > clicks.Count, Difference);
        Assert.True(last.SequenceEqual(expected), $"{where}: {Difference(last)}");

        string Difference(List<Served> served) => $"{served.Sum(s => s.Clicks)} of {clicks.Count} events count; {string.Join("; ", all.Where(u => served[(int)u] != expected[(int)u]).Take(5).Select(u => $"{u}: {served[(int)u]} instead of {expected[(int)u]}"))}";
    }

    /// <summary>Each event is in the log once, and the positions are right behind the last.</summary>
    public void JudgeLog(IReadOnlyCollection<Click> clicks)
    {
        List<string> pages = [];
        var look = Log.Look(CancellationToken.None);
        foreach (var place in look.Places)
            foreach (var batch in look.Read(place.Partition, -1, 10_000, CancellationToken.None))
                for (var row = 0; row < batch.Rows.Count; row++) pages.Add(batch.Rows[2].GetValue(row).AsString);
        Assert.Equal(clicks.Select(c => c.Page).Order(StringComparer.Ordinal), pages.Order(StringComparer.Ordinal));
    }

    public IReadOnlyDictionary<uint, TopicPosition> Positions()
    {
        Dictionary<uint, TopicPosition> positions = [];
        foreach (var partition in Log.Partitions())
        {
            var writer = Log.TryOpenWriter(partition, CancellationToken.None) ?? throw new InvalidOperationException($"Partition {partition} is held by {Log.HolderOf(partition)}.");
            if (TopicPosition.Parse(writer.Position) is { } position)
            {
                positions[partition] = position;
                Assert.True(writer.LastPlace < position.Next + position.Shift, $"{partition}: {writer.LastPlace}, {position}");
            }
            writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        return positions;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>The command line in a process of its own.</summary>
internal sealed class Worker : IDisposable
{
    readonly Process _process;
    readonly Lines _said = new();

    public Worker(string folder, params string[] args)
    {
        _process = new() { StartInfo = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "lockstep.dll"), .. args]) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false } };
        DataReceivedEventHandler hear = (_, line) =>
        {
            if (line.Data is not null) _said.Add(line.Data);
        };
        _process.ErrorDataReceived += hear;
        _process.OutputDataReceived += hear;
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public int Id => _process.Id;

    public string Said => _said.Text;

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public Task SignalAsync(string signal) => Process.Start("kill", [$"-{signal}", $"{Id}"]).WaitForExitAsync();

    public Task HearsAsync(string text) => _said.HearAsync(text);

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
