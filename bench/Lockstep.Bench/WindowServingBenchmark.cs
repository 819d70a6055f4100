using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Server;
using Lockstep.Sqlite.OnlineStore;
using Microsoft.AspNetCore.Hosting;

namespace Lockstep.Bench;

/// <summary>
/// A row of 20 window features of busy entities, about 300 tiles in each of four tiers, beside a row of 20 stored features: the work of a
/// request in process, and requests over HTTP, in turn; with answers kept from request to request, and without.
/// </summary>
sealed class WindowServingBenchmark : IBenchmark
{
    const int Users = 500;

    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user_id: int64 }
        ---
        kind: source
        name: events
        stream: { push: {}, timestamp: at }
        columns: { user_id: int64, at: timestamp, x: float64 }
        ---
        kind: source
        name: users
        table: { path: users.parquet, timestamp: at }
        ---
        kind: aggregation_view
        name: windows
        entity: user
        source: events
        features:
          n: { count: '*', windows: [25m, 5h, 24h, 12d] }
          sum: { sum: x, windows: [25m, 5h, 24h, 12d] }
          avg: { avg: x, windows: [25m, 5h, 24h, 12d] }
          min: { min: x, windows: [25m, 5h, 24h, 12d] }
          max: { max: x, windows: [25m, 5h, 24h, 12d] }
        ---
        kind: value_view
        name: values
        entity: user
        source: users
        features:
          { n1: int64, n2: int64, n3: int64, n4: int64, a1: float64, a2: float64, a3: float64, a4: float64, b1: float64, b2: float64, b3: float64, b4: float64, c1: float64, c2: float64, c3: float64, c4: float64, d1: float64, d2: float64, d3: float64, d4: float64 }
        ---
        kind: feature_service
        name: windows
        features: ["windows:*"]
        ---
        kind: feature_service
        name: values
        features: ["values:*"]
        """;

    public string Name => "window-serving";
    public string Summary => "a row of 20 window features of a busy entity beside 20 stored ones: at least half the rate (HTTP needs wrk) [--seconds 3] [--rounds 3] [--connections 16]";

    public async Task<int> RunAsync(string[] args)
    {
        var (seconds, rounds, connections) = (args.Option("--seconds", 3), args.Option("--rounds", 3), args.Option("--connections", 16));
        var folder = Directory.CreateTempSubdirectory("lockstep-window-serving-").FullName;
        try
        {
            await using SqliteOnlineStore store = new(new() { Path = Path.Combine(folder, "online.db") }, TimeProvider.System);
            var read = DefinitionReader.Read([("bench.yaml", Definitions)]);
            if (read.Problems.Count > 0) throw new InvalidOperationException(string.Join("\n", read.Problems));
            var bound = DefinitionBinder.Bind(read.Definitions, Catalog.Empty, _ => null, (_, _) => null);
            if (bound.HasErrors) throw new InvalidOperationException(string.Join("\n", bound.Problems));
            var catalog = bound.ToCatalog(Catalog.Empty, 1);
            Console.WriteLine($"{Environment.ProcessorCount} cores, load {PointInTimeBenchmark.Load()}; {await FillAsync(store, catalog)}\n");
            InProcess(new(store, TimeProvider.System, new(), catalog), catalog, seconds);
            await HttpAsync(store, catalog, folder, seconds, rounds, connections);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static void InProcess(FeatureServer server, Catalog catalog, int seconds)
    {
        var plans = new[] { "values", "windows" }.Select(v => ServingPlan.Compile(catalog, FeatureQuery.OfFeatures([$"{v}:*"]))).ToArray();
        Console.WriteLine("| in process, processor time a row | 20 stored features | 20 windows | rate of windows / stored | bytes allocated |\n|---|---|---|---|---|");
        foreach (var kept in new[] { true, false })
        {
            foreach (var plan in plans) Time(server, plan, seconds, kept); // until the tiers of the JIT have settled
            var times = Enumerable.Range(0, 5).Select(_ => plans.Select(p => Time(server, p, seconds / 5.0, kept)).ToArray()).ToList();
            double Of(int plan) => times.Select(t => t[plan].Micros).Order().ElementAt(times.Count / 2);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {(kept ? "answers kept" : "each computed")} | {Of(0):0.00} us | {Of(1):0.00} us | **{Of(0) / Of(1):0.00}** | {times[^1][1].Bytes:0} |"));
        }
        Console.WriteLine();
    }

    static (double Micros, double Bytes) Time(FeatureServer server, ServingPlan plan, double seconds, bool kept)
    {
        var (start, cpu, allocated, count) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread(), 0);
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            for (var i = 0; i < 100; i++, count++)
            {
                var request = server.Rent();
                request.Begin(plan, Instant.Now(TimeProvider.System), kept ? server.Current.Answers : null);
                var first = request.Parts.Count;
                EntityKey.Int64(request.Parts, count * 7919L % Users);
                request.RowParts[0] = new(first, request.Parts.Count - first);
                request.AddRow(request.RowParts);
                request.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                OnlineResponseJson.Prepare(request);
                server.Return(request);
            }
        return ((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count, (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)count);
    }

    static async Task HttpAsync(SqliteOnlineStore store, Catalog catalog, string folder, int seconds, int rounds, int connections)
    {
        await using var app = LockstepServer.Build(new() { Settings = new() { Port = 0 }, OnlineStore = store, Catalog = catalog }, b => b.WebHost.UseUrls("http://127.0.0.1:0"));
        await app.StartAsync();
        var url = app.Urls.First() + "/api/v1/features/online";
        Console.WriteLine("| over HTTP, requests/s | 20 stored features | 20 windows | ratio of each round |\n|---|---|---|---|");
        foreach (var kept in new[] { true, false })
        {
            using CancellationTokenSource stop = new();
            var writing = kept ? Task.CompletedTask : Task.Run(() => WriteOftenAsync(store, stop.Token)); // a write ends the time of every kept answer
            var scripts = new[] { "values", "windows" }.Select(s => Script(folder, s)).ToArray();
            foreach (var script in scripts) await LoadAsync(url, script, 5, connections);
            List<double[]> all = [];
            for (var round = 0; round < rounds; round++) all.Add([await LoadAsync(url, scripts[0], seconds, connections), await LoadAsync(url, scripts[1], seconds, connections)]);
            await stop.CancelAsync();
            await writing;
            double Median(int plan) => all.Select(a => a[plan]).Order().ElementAt(all.Count / 2);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {(kept ? "answers kept" : "the store written to a thousand times a second")} | {Median(0):N0} | {Median(1):N0} | {string.Join(", ", all.Select(a => (a[1] / a[0]).ToString("0.00", CultureInfo.InvariantCulture)))} |"));
        }
        await app.StopAsync();
    }

    static async Task WriteOftenAsync(SqliteOnlineStore store, CancellationToken stop)
    {
        CellUpdates updates = new();
        updates.Add([1], [1]);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(1));
        while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None)) await store.WriteAsync("other", updates, new TakeUpdate(), Fence.None, CancellationToken.None);
    }

    static string Script(string folder, string service)
    {
        var path = Path.Combine(folder, service + ".lua");
        File.WriteAllText(path, $$"""
            local n = 0
            function request()
              n = (n + 7919) % {{Users}}
              return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, '{"service":"{{service}}","entities":[{"user_id":' .. n .. '}]}')
            end
            """);
        return path;
    }

    static async Task<double> LoadAsync(string url, string script, int seconds, int connections)
    {
        using var wrk = Process.Start(new ProcessStartInfo("wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "-s", script, url]) { RedirectStandardOutput = true })!;
        var text = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (text.Contains("Non-2xx", StringComparison.Ordinal) || Regex.Match(text, @"Requests/sec:\s+([\d.]+)") is not { Success: true } found) throw new InvalidOperationException(text);
        return double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    static async Task<string> FillAsync(SqliteOnlineStore store, Catalog catalog)
    {
        var (random, now) = (new Random(1), Instant.Now(TimeProvider.System));
        ArrayBufferWriter<byte> key = new(), cell = new(), update = new();
        CellUpdates updates = new();
        var values = catalog.FindView("values")!;
        RowWriter rows = new(new(values.Features));
        ValueCellWriter cells = new();
        for (var user = 0L; user < Users; user++)
        {
            key.ResetWrittenCount();
            cell.ResetWrittenCount();
            EntityKey.TryWrite([Value.Of(user)], key);
            cells.Begin(1);
            cells.AddRow(now - random.NextInt64(Instant.Day), null, rows.Write([.. values.Features.Fields.Select(f => f.Type == FeatureType.Int64 ? Value.Of(random.NextInt64(1_000)) : Value.Of(random.Next(1_000_000) / 1000.0))]));
            cells.Write(cell);
            updates.Add(key.WrittenSpan, cell.WrittenSpan);
        }
        updates.SortByKey();
        await store.WriteAsync(values.Id, updates, new TakeUpdate(), Fence.None, CancellationToken.None);
        var view = catalog.FindView("windows")!;
        var program = EventProgram.Of(view);
        TileMergers mergers = new(program.Layout);
        var bytes = 0L;
        for (var first = 0; first < Users; first += 50)
        {
            TileBuilder builder = new(program.Layout, program.Rows.Schema, now);
            ColumnBatch events = new(program.Rows.Schema);
            for (var user = first; user < first + 50; user++)
                foreach (var (step, times) in ((long, int)[])[(5 * Instant.Second, 310), (Instant.Minute, 300), (5 * Instant.Minute, 288), (Instant.Hour, 288)])
                    for (var i = 0; i < times; i++)
                        for (var c = 0; c < events.Columns.Count; c++) events[c].Append(c == 0 ? Value.Of((long)user) : c == program.Plan.TimeAt ? Value.Timestamp(now - i * step - random.NextInt64(step)) : Value.Of(random.Next(1_000_000) / 1000.0));
            builder.Add(events);
            updates.Clear();
            for (var (index, count) = (0, builder.Sort()); index < count; index++)
            {
                cell.ResetWrittenCount();
                update.ResetWrittenCount();
                builder.Write(index, 1, TileCell.LogAlone, cell);
                bytes += cell.WrittenCount;
                TileUpdate.Replace(update, index, [DayRange.All], cell.WrittenSpan);
                updates.Add(builder.Key(index), update.WrittenSpan);
            }
            await store.WriteAsync(view.Id, updates, new AggregationCellMerge(mergers, now, updates.Count), Fence.None, CancellationToken.None);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{Users} users of {bytes / Users:N0} bytes of tiles");
    }
}
