using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;
using Lockstep.Sqlite.Registry;

namespace Lockstep.Bench;

/// <summary>A registry of many views: what a server waits for at its start, and an author at a plan.</summary>
sealed class RegistryBenchmark : IBenchmark
{
    public string Name => "registry";
    public string Summary => "load, poll, plan and apply over many views: [views=1000] [revisions=5]";

    public async Task<int> RunAsync(string[] args)
    {
        var views = Option(args, "views", 1000);
        var revisions = Option(args, "revisions", 5);
        var folder = Directory.CreateTempSubdirectory("lockstep-bench-").FullName;
        try
        {
            var path = Path.Combine(folder, "registry.db");
            using var registry = new SqliteRegistry(path);
            RegistryService service = new(registry, TimeProvider.System);
            RegistryPlan plan = null!;
            for (var i = 0; i < revisions; i++)
            {
                var read = DefinitionReader.Read([("all.yaml", Yaml(views, $"revision {i}"))]);
                plan = await service.PlanAsync(read.Definitions, read.Problems, SchemaProbe.None, CancellationToken.None);
                if (i < revisions - 1) await service.ApplyAsync(plan, "bench", "", CancellationToken.None);
            }
            var last = DefinitionReader.Read([("all.yaml", Yaml(views, "last"))]);
            Console.WriteLine($"{views} value views of 20 features, {revisions} revisions each, {new FileInfo(path).Length / 1024 / 1024.0:F1} MB");
            Console.WriteLine();
            Console.WriteLine("| step | best of 5 |");
            Console.WriteLine("|---|---|");
            Row("number (a poll)", await Best(async () => await registry.NumberAsync(CancellationToken.None)));
            Row("load (newest)", await Best(async () => await registry.LoadAsync(CancellationToken.None)));
            Row("read definitions from YAML", await Best(() => Task.FromResult(DefinitionReader.Read([("all.yaml", Yaml(views, "last"))]))));
            Row("plan (all changed)", await Best(async () => await service.PlanAsync(last.Definitions, last.Problems, SchemaProbe.None, CancellationToken.None)));
            var start = Stopwatch.GetTimestamp();
            await service.ApplyAsync(plan, "bench", "", CancellationToken.None);
            Row("apply (once)", Stopwatch.GetElapsedTime(start));
            Row("search", await Best(async () => await service.SearchAsync("feature_7 owner:team_3", CancellationToken.None)));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Row(string step, TimeSpan time) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {step} | {time.TotalMilliseconds:F2} ms |"));

    static async Task<TimeSpan> Best<T>(Func<Task<T>> work)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await work();
            var took = Stopwatch.GetElapsedTime(start);
            if (took < best) best = took;
        }
        return best;
    }

    static string Yaml(int views, string description)
    {
        var features = string.Join(", ", Enumerable.Range(0, 20).Select(f => $"feature_{f}: float64"));
        return string.Join("\n---\n", Enumerable.Range(0, views).Select(v => $$"""
            kind: value_view
            name: view_{{v}}
            entity: user
            source: events
            ttl: 3h
            features: { {{features}} }
            owner: team_{{v % 10}}
            description: {{description}}
            """).Prepend("kind: source\nname: events\ntable: { path: e.parquet, timestamp: at }").Prepend("kind: entity\nname: user\njoin_keys: { user: int64 }"));
    }

    static int Option(string[] args, string name, int standard)
        => args.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal)) is { } given ? int.Parse(given.AsSpan(name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture) : standard;
}
