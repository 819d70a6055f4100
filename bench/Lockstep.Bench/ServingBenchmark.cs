using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Server;
using Lockstep.Sqlite.OnlineStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Bench;

/// <summary>
/// Online features over HTTP against a bare Kestrel endpoint beside it, which parses the same body and writes the same number of bytes:
/// what is between the two is what Lockstep costs. Load from wrk, a process of its own.
/// </summary>
sealed class ServingBenchmark : IBenchmark
{
    const int Bodies = 500;
    const int Views = 5;
    const int FeaturesPerView = 10;

    public string Name => "serving";
    public string Summary => "1x50 and 100x50 features over HTTP against a bare endpoint (needs wrk) [--users n] [--rounds n] [--seconds n] [--connections n]; --in-process: the parts of a request; --serve: only serve";

    public async Task<int> RunAsync(string[] args)
    {
        var (rounds, seconds, connections, users) = (args.Option("--rounds", 5), args.Option("--seconds", 5), args.Option("--connections", 16), args.Option("--users", 1_000));
        var folder = Directory.CreateTempSubdirectory("lockstep-serving-");
        try
        {
            await using SqliteOnlineStore store = new(new() { Path = Path.Combine(folder.FullName, "online.db") }, TimeProvider.System);
            await FillAsync(store, users);
            if (args.Contains("--in-process")) InProcess(store, users);
            else await ServeAsync(store, users, folder.FullName, rounds, seconds, connections, args.Contains("--serve"));
            return 0;
        }
        finally
        {
            folder.Delete(true);
        }
    }

    static async Task ServeAsync(SqliteOnlineStore store, int users, string folder, int rounds, int seconds, int connections, bool serveOnly)
    {
        await using var app = LockstepServer.Build(
            new() { Settings = new() { Port = 0 }, OnlineStore = store, Catalog = BuildCatalog() },
            builder => builder.WebHost.UseUrls("http://127.0.0.1:0"));
        Dictionary<string, byte[]> bare = [];
        foreach (var rows in Sizes)
            foreach (var format in new[] { Native, Feast })
                app.MapPost($"/bare/{rows}{format}", context => Bare(context, bare[$"{rows}{format}"]));
        await app.StartAsync();
        var address = app.Urls.First();
        using HttpClient http = new() { BaseAddress = new(address) };
        Console.WriteLine("| rows x features | endpoint | requests/s | p50 | p99 | bytes allocated/request | answer | server CPU/request | wrk CPU/request |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var format in new[] { Native, Feast })
            foreach (var rows in Sizes)
            {
                var bodies = MakeBodies(rows, users, format);
                bare[$"{rows}{format}"] = await AnswerAsync(http, format, bodies[0]);
                var script = WriteScript(folder, rows, format, bodies);
                if (serveOnly) Console.WriteLine($"wrk -t1 -c{connections} -d10s --latency -s {script} {address}{format}");
                else await CompareAsync(address, format, rows, script, rounds, seconds, connections, bare[$"{rows}{format}"].Length);
            }
        if (serveOnly) await Microsoft.Extensions.Hosting.HostingAbstractionsHostExtensions.WaitForShutdownAsync(app);
        await app.StopAsync();
    }

    static async Task CompareAsync(string address, string format, int rows, string script, int rounds, int seconds, int connections, int bytes)
    {
        List<Figures> ours = [], theirs = [];
        await Load(address + format, script, 8, connections); // until the tiers of the JIT have settled
        await Load($"{address}/bare/{rows}{format}", script, 8, connections);
        for (var round = 0; round < rounds; round++)
        {
            ours.Add(await Load(address + format, script, seconds, connections));
            theirs.Add(await Load($"{address}/bare/{rows}{format}", script, seconds, connections));
        }
        var (our, their) = (Median(ours), Median(theirs));
        Row(rows, format, our, bytes);
        Row(rows, "bare", their, bytes);
        var ratios = ours.Zip(theirs, (a, b) => a.PerSecond / b.PerSecond).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {rows} x {Views * FeaturesPerView} | **ratio** | **{ratios[ratios.Count / 2]:0.00}** (of {string.Join(", ", ratios.Select(r => r.ToString("0.00", CultureInfo.InvariantCulture)))}) | | | {our.Allocated - their.Allocated:+0;-0;0} | | by CPU {(their.ServerCpu + their.LoadCpu) / (our.ServerCpu + our.LoadCpu):0.00} | |"));
    }

    const string Native = "/api/v1/features/online";
    const string Feast = "/get-online-features";
    static readonly int[] Sizes = [1, 100];

    static void InProcess(IOnlineStore store, int users)
    {
        FeatureServer server = new(store, TimeProvider.System, new(), BuildCatalog());
        Console.WriteLine("| rows x features | parse | read | write | bytes allocated/request |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var rows in new[] { 1, 100 })
        {
            var bodies = MakeBodies(rows, users, Native).Select(Encoding.UTF8.GetBytes).ToArray();
            var repeats = 40_000 / rows;
            var answer = new byte[1 << 20];
            double Cpu(int steps)
            {
                var start = Environment.CpuUsage.TotalTime;
                for (var i = 0; i < repeats; i++)
                {
                    var request = server.Rent();
                    OnlineRequestJson.Read(bodies[i % bodies.Length], server.Current, request, 10_000, Instant.Now(TimeProvider.System));
                    if (steps > 1) request.ReadAsync(default).AsTask().GetAwaiter().GetResult();
                    if (steps > 2) OnlineResponseJson.CopyTo(request, answer.AsSpan(0, OnlineResponseJson.Prepare(request)));
                    server.Return(request);
                }
                return (Environment.CpuUsage.TotalTime - start).TotalMicroseconds / repeats;
            }
            for (var warm = 0; warm < 5; warm++) Cpu(3);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var all = Cpu(3);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            var (parse, read) = (Cpu(1), Cpu(2));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {rows} x {Views * FeaturesPerView} | {parse:0.00} us | {read - parse:0.00} us | {all - read:0.00} us | {allocated / repeats} |"));
        }
    }

    static async Task Bare(HttpContext context, byte[] answer)
    {
        var body = (await context.Request.BodyReader.ReadAsync()).Buffer;
        Parse(body);
        context.Request.BodyReader.AdvanceTo(body.End);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer);

        static void Parse(ReadOnlySequence<byte> body)
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
            }
        }
    }

    static readonly Field[] Features =
    [
        new("amount", FeatureType.Float64), new("share", FeatureType.Float64), new("score", FeatureType.Float64), new("rate", FeatureType.Float64),
        new("count", FeatureType.Int64), new("total", FeatureType.Int64), new("weight", FeatureType.Float32), new("name", FeatureType.String),
        new("flag", FeatureType.Bool), new("seen", FeatureType.Timestamp),
    ];

    static Catalog BuildCatalog()
    {
        List<ViewVersion> views = [];
        for (var v = 0; v < Views; v++)
        {
            var fields = Features.Select(f => new Field($"{f.Name}_{v}", f.Type)).ToList();
            views.Add(new()
            {
                View = new ValueView { Name = $"view_{v}", Entities = ["user"], Source = "s", Ttl = 365 * Instant.Day, Features = [.. fields.Select(f => new ValueFeature { Name = f.Name, Column = f.Name, Type = f.Type })] },
                Fingerprint = "",
                Keys = new([new("user_id", FeatureType.String)]),
                Features = new(fields),
                Defaults = [.. fields.Select(_ => Value.Null)],
            });
        }
        FeatureService service = new() { Name = "bench", Version = 1, Features = [.. views.Select(v => new FeatureSelection { View = v.Name })] };
        return new(1, [], [], views, [service]);
    }

    static async Task FillAsync(SqliteOnlineStore store, int users)
    {
        var random = new Random(1);
        var now = Instant.Now(TimeProvider.System);
        RowWriter rows = new(new(new Schema(Features)));
        ValueCellWriter cells = new();
        ArrayBufferWriter<byte> key = new(), cell = new();
        CellUpdates updates = new();
        for (var v = 0; v < Views; v++)
        {
            updates.Clear();
            for (var user = 0; user < users; user++)
            {
                key.ResetWrittenCount();
                cell.ResetWrittenCount();
                EntityKey.TryWrite([Value.Of(KeyText(user))], key);
                cells.Begin(1);
                cells.AddRow(now - random.NextInt64(Instant.Day * 30), null, rows.Write(
                    Value.Of(random.NextDouble() * 1000), Value.Of(random.NextDouble()), Value.Of(Math.Round(random.NextDouble() * 100, 2)), Value.Of(random.NextDouble() * 1e-3),
                    Value.Of(random.NextInt64(1000)), Value.Of(random.NextInt64(1_000_000_000)), Value.Of(random.NextSingle()), Value.Of($"name {random.Next(1000)}"),
                    Value.Of(random.Next(2) == 0), Value.Timestamp(now / Instant.Second * Instant.Second - random.Next(1_000_000) * Instant.Second)));
                cells.Write(cell);
                updates.Add(key.WrittenSpan, cell.WrittenSpan);
            }
            updates.SortByKey();
            await store.WriteAsync($"view_{v}@1.0.0", updates, new TakeUpdate(), Fence.None, CancellationToken.None);
        }
    }

    static string KeyText(int key) => string.Create(CultureInfo.InvariantCulture, $"user-{key}");

    static List<string> MakeBodies(int rows, int users, string format)
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, Bodies).Select(_ => Enumerable.Range(0, rows).Select(_ => KeyText(random.Next(users)))).Select(keys => format == Native
            ? $"{{\"service\":\"bench\",\"entities\":[{string.Join(",", keys.Select(k => $"{{\"user_id\":\"{k}\"}}"))}]}}"
            : $"{{\"feature_service\":\"bench\",\"entities\":{{\"user_id\":[{string.Join(",", keys.Select(k => $"\"{k}\""))}]}}}}")];
    }

    static async Task<byte[]> AnswerAsync(HttpClient http, string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(path, content);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return response.IsSuccessStatusCode ? bytes : throw new InvalidOperationException(Encoding.UTF8.GetString(bytes));
    }

    static string WriteScript(string folder, int rows, string format, List<string> bodies)
    {
        var path = Path.Combine(folder, $"load{rows}{format.Replace('/', '-')}.lua");
        StringBuilder script = new("local headers = { [\"Content-Type\"] = \"application/json\" }\nlocal requests = {}\n");
        script.Append("function init(args)\n");
        foreach (var body in bodies) script.Append(CultureInfo.InvariantCulture, $"  requests[#requests + 1] = wrk.format(\"POST\", nil, headers, '{body}')\n");
        script.Append("end\nlocal next = 0\nfunction request()\n  next = next + 1\n  if next > #requests then next = 1 end\n  return requests[next]\nend\n");
        File.WriteAllText(path, script.ToString());
        return path;
    }

    sealed record Figures(double PerSecond, string P50, string P99, double Allocated, double ServerCpu, double LoadCpu);

    static async Task<Figures> Load(string url, string script, int seconds, int connections)
    {
        var before = GC.GetTotalAllocatedBytes();
        var (cpu, children) = (Environment.CpuUsage.TotalTime, ChildrenCpu());
        using var wrk = Process.Start(new ProcessStartInfo("wrk", [$"-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "-s", script, url]) { RedirectStandardOutput = true })!;
        var text = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        cpu = Environment.CpuUsage.TotalTime - cpu;
        var allocated = GC.GetTotalAllocatedBytes() - before;
        if (text.Contains("Non-2xx", StringComparison.Ordinal)) throw new InvalidOperationException(text);
        string Find(string pattern) => Regex.Match(text, pattern) is { Success: true } match ? match.Groups[1].Value : throw new InvalidOperationException($"wrk said:\n{text}");
        var requests = double.Parse(Find(@"(\d+) requests in"), CultureInfo.InvariantCulture);
        return new(double.Parse(Find(@"Requests/sec:\s+([\d.]+)"), CultureInfo.InvariantCulture), Find(@"50%\s+(\S+)"), Find(@"99%\s+(\S+)"), allocated / requests, cpu.TotalMicroseconds / requests, (ChildrenCpu() - children) / requests);
    }

    // Microseconds of processor time that ended children took: Linux tells it in ticks of 10 ms.
    static double ChildrenCpu()
    {
        var fields = File.ReadAllText("/proc/self/stat").Split(' ');
        return (double.Parse(fields[15], CultureInfo.InvariantCulture) + double.Parse(fields[16], CultureInfo.InvariantCulture)) * 10_000;
    }

    static Figures Median(List<Figures> all) => all.OrderBy(f => f.PerSecond).ElementAt(all.Count / 2);

    static void Row(int rows, string name, Figures figures, int bytes) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"| {rows} x {Views * FeaturesPerView} | {name} | {figures.PerSecond:0} | {figures.P50} | {figures.P99} | {figures.Allocated:0} | {bytes} B | {figures.ServerCpu:0.0} us | {figures.LoadCpu:0.0} us |"));
}
