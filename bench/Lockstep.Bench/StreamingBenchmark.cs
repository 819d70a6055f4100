using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming;
using Lockstep.Server;
using Lockstep.Sqlite.OnlineStore;
using Lockstep.Sqlite.Runs;
using Microsoft.AspNetCore.Hosting;

namespace Lockstep.Bench;

/// <summary>
/// Pushed events through the real server: log, three views of four windows each, embedded store. The events come from a process of its
/// own, first as fast as they are taken, then at a steady rate, while requests look when each of some single events can be seen.
/// </summary>
sealed class StreamingBenchmark : IBenchmark
{
    const int Items = 10_000;

    public string Name => "streaming";
    public string Summary => "pushed events: 3 views of 4 windows, log on, over HTTP  [--seconds 60] [--users 100000] [--history 20] [--batch 1000] [--callers 64] [--rate 10000] [--folder …]";

    public async Task<int> RunAsync(string[] args)
    {
        if (args is ["--child", ..]) return await StreamingLoad.RunAsync(args[1], args[2], args[3..]);
        var (seconds, users, history, batch, callers, rate) = (Option(args, "--seconds", 60), Option(args, "--users", 100_000), Option(args, "--history", 20), Option(args, "--batch", 1_000), Option(args, "--callers", 64), Option(args, "--rate", 10_000));
        var at = Array.IndexOf(args, "--folder");
        var folder = Path.Combine(at >= 0 ? args[at + 1] : Path.GetTempPath(), $"lockstep-streaming-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            using var engine = new DuckDbEngine(new() { MemoryLimit = 1L << 30, SpillFolder = Path.Combine(folder, "spill") });
            await using var store = new WriteBehindStore(new SqliteOnlineStore(new() { Path = Path.Combine(folder, "online.db") }, TimeProvider.System), TimeProvider.System);
            await using var runs = new SqliteRunStore(Path.Combine(folder, "runs.db"));
            var catalog = BuildCatalog();
            await FillAsync(store, catalog, users, history);
            var host = new StreamHost(new() { Logs = new(Path.Combine(folder, "offline"), engine, TimeProvider.System), Online = store, Clock = TimeProvider.System, Runs = runs });
            await using var app = LockstepServer.Build(new() { Settings = new() { Port = 0 }, OnlineStore = store, Catalog = catalog, Streams = _ => host }, b => b.WebHost.UseUrls("http://127.0.0.1:0"));
            await app.StartAsync();
            while (host.Streams.Count == 0) await Task.Delay(20);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{users:N0} users and {Items:N0} items with {history} events each before; batches of {batch:N0}, {callers} callers; {Environment.ProcessorCount} cores, load {PointInTimeBenchmark.Load()}\n"));
            Console.WriteLine("| events | seconds | events/s | push p50 | push p99 | visible p50 | visible p99 | server CPU µs/event | allocated B/event | peak resident MB | store MB | log lag at the end |\n|---|---|---|---|---|---|---|---|---|---|---|---|");
            var url = app.Urls.First();
            await LoadAsync("as fast as taken, 10 s before", url, "flood", 10, users, batch, callers);
            await LoadAsync("as fast as taken", url, "flood", seconds, users, batch, callers);
            if (rate > 0) await LoadAsync($"at {rate:N0}/s", url, "steady", Math.Max(10, seconds / 2), users, 100, rate);
            await app.StopAsync();

            async Task LoadAsync(string what, string address, string kind, params int[] numbers)
            {
                var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
                var start = new ProcessStartInfo(Environment.ProcessPath!, [Name, "--child", kind, address, .. numbers.Select(n => n.ToString(CultureInfo.InvariantCulture))]) { RedirectStandardOutput = true };
                using var process = Process.Start(start)!;
                var text = (await process.StandardOutput.ReadToEndAsync()).Split('|');
                await process.WaitForExitAsync();
                if (process.ExitCode != 0) throw new InvalidOperationException($"The load ended with {process.ExitCode}.");
                var watch = Stopwatch.StartNew();
                foreach (var stream in host.Streams) await stream.DrainAsync(default);
                var lag = watch.Elapsed;
                cpu = Environment.CpuUsage.TotalTime - cpu;
                var events = double.Parse(text[0], CultureInfo.InvariantCulture);
                var took = double.Parse(text[1], CultureInfo.InvariantCulture);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {what} | {took:0.0} | {events / took:N0} | {text[2]} | {text[3]} | {text[4]} | {text[5]} | {cpu.TotalMicroseconds / events:0.00} | {(GC.GetTotalAllocatedBytes() - allocated) / events:N0} | {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:N0} | {new DirectoryInfo(folder).EnumerateFiles("online.db*").Sum(f => f.Length) / 1e6:N0} | {lag.TotalSeconds:0.00} s |"));
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static readonly Source Orders = new()
    {
        Name = "orders",
        Stream = new PushStreamSource { Timestamp = "at" },
        Columns = [new("user_id", FeatureType.Int64), new("item_id", FeatureType.Int64), new("at", FeatureType.Timestamp), new("price", FeatureType.Float64), new("kind", FeatureType.String)],
    };

    static Catalog BuildCatalog()
    {
        List<ViewVersion> views =
        [
            View("user_orders", "user_id", ("count", null), ("sum", "price"), ("avg", "price")),
            View("user_prices", "user_id", ("min", "price"), ("max", "price"), ("last", "kind")),
            View("item_orders", "item_id", ("count", null), ("sum", "price"), ("stddev_samp", "price")),
        ];
        FeatureService service = new() { Name = "bench", Version = 1, Features = [new() { View = "user_orders" }, new() { View = "user_prices" }] };
        return new(1, [], [Orders], views, [service]);
    }

    static ViewVersion View(string name, string key, params (string Function, string? Column)[] functions)
    {
        Window[] windows = [.. new[] { "1h", "1d", "7d", "30d" }.Select(w => Window.TryParse(w, null, out var window) ? window : throw new ArgumentException(w))];
        var features = functions.Select(f => new AggregateFeature { Name = f.Function, Function = f.Function, Column = f.Column, Windows = windows }).ToList();
        var fields = features.SelectMany(f => windows.Select(w => new Field($"{f.Name}_{w.Name}", AggregateCatalog.BuiltIn.Bind(f.Function, f.Column is null ? null : Orders.Columns!.First(c => c.Name == f.Column).Type, f.Parameters, w).Output.Type))).ToList();
        return new()
        {
            View = new AggregationView { Name = name, Entities = [key], Source = "orders", Features = features },
            Fingerprint = name,
            Keys = new([new(key, FeatureType.Int64)]),
            Features = new(fields),
            Defaults = new Value[fields.Count],
            Sources = new SortedDictionary<string, Source> { ["orders"] = Orders },
        };
    }

    /// <summary>Cells as they are after some events of each key in the last 30 days.</summary>
    static async Task FillAsync(IOnlineStore store, Catalog catalog, int users, int history)
    {
        if (history == 0) return;
        var now = Instant.Now(TimeProvider.System);
        foreach (var view in catalog.Views)
        {
            var (random, program) = (new Random(1), EventProgram.Of(view));
            TileMergers mergers = new(program.Layout);
            ArrayBufferWriter<byte> cell = new(), update = new();
            CellUpdates updates = new();
            var keys = view.Keys[0].Name == "user_id" ? users : Items;
            for (var first = 0; first < keys; first += 10_000)
            {
                var builder = new TileBuilder(program.Layout, program.Rows.Schema, now);
                var batch = new ColumnBatch(program.Rows.Schema);
                for (var key = first; key < Math.Min(keys, first + 10_000); key++)
                    for (var i = 0; i < history; i++)
                        for (var c = 0; c < batch.Columns.Count; c++)
                            batch[c].Append(c == 0 ? Value.Of((long)key) : c == program.Plan.TimeAt ? Value.Timestamp(now - random.NextInt64(30 * Instant.Day)) : batch[c].Type.Kind == TypeKind.String ? Value.Of($"kind {random.Next(20)}") : Value.Of(random.Next(100_000) / 100.0));
                builder.Add(batch);
                updates.Clear();
                for (var (index, count) = (0, builder.Sort()); index < count; index++)
                {
                    cell.ResetWrittenCount();
                    update.ResetWrittenCount();
                    builder.Write(index, 1, TileCell.LogAlone, cell);
                    TileUpdate.Replace(update, index, [DayRange.All], cell.WrittenSpan);
                    updates.Add(builder.Key(index), update.WrittenSpan);
                }
                await store.WriteAsync(view.Id, updates, new AggregationCellMerge(mergers, now, updates.Count), Fence.None, CancellationToken.None);
            }
        }
    }

    static int Option(string[] args, string name, int otherwise)
        => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The process that sends.</summary>
    static class StreamingLoad
    {
        static readonly ConcurrentBag<double> s_pushes = [];
        static readonly ConcurrentBag<double> s_seen = [];
        static long s_events;

        public static async Task<int> RunAsync(string kind, string url, string[] numbers)
        {
            var n = numbers.Select(x => int.Parse(x, CultureInfo.InvariantCulture)).ToArray();
            using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = new(url) };
            var (seconds, users, batch) = (n[0], n[1], n[2]);
            var watch = Stopwatch.StartNew();
            if (kind == "flood") await Task.WhenAll(Enumerable.Range(0, n[3]).Select(caller => Task.Run(() => FloodAsync(http, caller, watch, seconds, users, batch))));
            else await Task.WhenAll(Task.Run(() => SteadyAsync(http, watch, seconds, users, batch, n[3])), Task.Run(() => ProbeAsync(http, watch, seconds, users)));
            Console.Write(string.Create(CultureInfo.InvariantCulture, $"{s_events}|{watch.Elapsed.TotalSeconds}|{At(s_pushes, 0.5)}|{At(s_pushes, 0.99)}|{At(s_seen, 0.5)}|{At(s_seen, 0.99)}"));
            return 0;
        }

        static string At(ConcurrentBag<double> all, double q) => all.IsEmpty ? "" : string.Create(CultureInfo.InvariantCulture, $"{all.Order().ElementAt((int)(q * (all.Count - 1))):0} ms");

        static async Task FloodAsync(HttpClient http, int seed, Stopwatch watch, int seconds, int users, int batch)
        {
            var random = new Random(seed);
            while (watch.Elapsed.TotalSeconds < seconds) await PushAsync(http, Lines(random, users, batch), batch);
        }

        // Every batch at its time, however long those before it take.
        static async Task SteadyAsync(HttpClient http, Stopwatch watch, int seconds, int users, int batch, int rate)
        {
            var random = new Random(1);
            List<Task> under = [];
            for (var sent = 0L; watch.Elapsed.TotalSeconds < seconds;)
            {
                for (; sent < watch.Elapsed.TotalSeconds * rate; sent += batch) under.Add(PushAsync(http, Lines(random, users, batch), batch));
                await Task.Delay(5);
            }
            await Task.WhenAll(under);
        }

        // A user that nobody has seen: from when the event is sent until an answer counts it.
        static async Task ProbeAsync(HttpClient http, Stopwatch watch, int seconds, int users)
        {
            for (var user = users + Environment.TickCount; watch.Elapsed.TotalSeconds < seconds; user++)
            {
                if (watch.Elapsed.TotalSeconds < 2)
                {
                    await Task.Delay(100); // connections open meanwhile
                    continue;
                }
                var begun = Stopwatch.GetTimestamp();
                var push = PushAsync(http, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"user_id\":{user},\"item_id\":1,\"at\":\"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.ffffffZ}\",\"price\":1.5,\"kind\":\"probe\"}}\n")), 1);
                var question = string.Create(CultureInfo.InvariantCulture, $"{{\"service\":\"bench\",\"entities\":[{{\"user_id\":{user}}}]}}");
                while (true)
                {
                    using var content = new StringContent(question, Encoding.UTF8, "application/json");
                    using var answer = await http.PostAsync("/api/v1/features/online", content);
                    var text = await answer.Content.ReadAsStringAsync();
                    if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(text);
                    if (text.Contains("\"probe\"", StringComparison.Ordinal)) break;
                    await Task.Delay(1);
                }
                s_seen.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                await push;
                await Task.Delay(5);
            }
        }

        static async Task PushAsync(HttpClient http, byte[] lines, int events)
        {
            var begun = Stopwatch.GetTimestamp();
            using var content = new ByteArrayContent(lines);
            content.Headers.ContentType = new("application/x-ndjson");
            using var answer = await http.PostAsync("/api/v1/sources/orders/events", content);
            var text = await answer.Content.ReadAsStringAsync();
            if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(text);
            s_pushes.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            Interlocked.Add(ref s_events, events);
        }

        static byte[] Lines(Random random, int users, int count)
        {
            var text = new StringBuilder(count * 110);
            var now = DateTime.UtcNow;
            for (var i = 0; i < count; i++)
                text.Append(CultureInfo.InvariantCulture, $"{{\"user_id\":{random.Next(users)},\"item_id\":{random.Next(Items)},\"at\":\"{now.AddMicroseconds(-random.Next(2_000_000)):yyyy-MM-ddTHH:mm:ss.ffffffZ}\",\"price\":{random.Next(100_000) / 100.0},\"kind\":\"kind {random.Next(20)}\"}}\n");
            return Encoding.UTF8.GetBytes(text.ToString());
        }
    }
}
