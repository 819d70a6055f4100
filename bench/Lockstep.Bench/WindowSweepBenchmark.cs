using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.PointInTime;
using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Bench;

/// <summary>The window sweep alone, over batches in memory; merging the tiles of a window; bytes of states by function.</summary>
sealed class WindowSweepBenchmark : IBenchmark
{
    public string Name => "window-sweep";
    public string Summary => "the window sweep alone, in memory, merging of tiles, bytes of states [events] [labels] [keys] [threads] | merge";

    static readonly string[] s_windows = ["7d", "30d", "90d", "1d", "3d", "14d"];

    public Task<int> RunAsync(string[] args)
    {
        if (args is ["merge"])
        {
            Merge();
            return Task.FromResult(0);
        }
        var (events, labels, keys, threads) = (Arg(args, 0, 10_000_000), Arg(args, 1, 1_000_000), Arg(args, 2, 100_000), Arg(args, 3, Environment.ProcessorCount));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{events:N0} events, {labels:N0} labels, {keys:N0} keys, float64 values, {threads} threads; CPU seconds, wall time of finish in brackets\n"));
        Console.WriteLine("| functions | windows | events come | add | finish | allocated |\n|---|---|---|---|---|---|");
        var (index, batches) = Data(events, labels, keys, sorted: true);
        Sweep(index, batches, ["count", "sum", "avg", "stddev_samp"], 3, threads, "by time");
        for (var windows = 1; windows <= 4; windows++) Sweep(index, batches, ["count", "sum", "avg", "stddev_samp"], windows, threads, "by time");
        foreach (var function in (string[])["count", "sum", "max", "last", "last_n", "distinct_count", "percentile", "mode", "last_distinct_n", "exp_decay_sum", "trend", "time_since_last", "rate"])
            Sweep(index, batches, [function], 3, threads, "by time");
        (index, batches) = Data(events, labels, keys, sorted: false);
        Sweep(index, batches, ["count", "sum", "avg", "stddev_samp"], 3, threads, "at random");
        (index, batches) = Data(events, labels, keys, sorted: true, skewed: true);
        Sweep(index, batches, ["count", "sum", "avg", "stddev_samp"], 3, threads, "by time, half of one key");
        Console.WriteLine();
        Merge();
        Sizes();
        return Task.FromResult(0);
    }

    static void Sweep(LabelIndex index, List<ColumnBatch> batches, string[] functions, int windows, int threads, string order)
    {
        var builder = new WindowPlanBuilder([FeatureType.Int64]);
        foreach (var text in s_windows.Take(windows))
            foreach (var function in functions) builder.Add($"{function}_{text}", function, function is "count" or "rate" ? null : new("x", FeatureType.Float64), Parse(text), Parameters(function));
        var plan = builder.Build();
        GC.Collect();
        var (start, allocated) = (Cpu(), GC.GetTotalAllocatedBytes());
        var sweep = new WindowSweep(index, plan, new() { Threads = threads });
        var needsInput = plan.Inputs.Count > 0;
        var schema = new Schema(batches[0].Schema.Fields.Take(2));
        foreach (var batch in batches)
        {
            if (needsInput) sweep.Add(batch);
            else sweep.Add(new(schema, [batch[0], batch[1]]));
        }
        var added = Cpu() - start;
        start = Cpu();
        var watch = Stopwatch.StartNew();
        sweep.Finish(CancellationToken.None);
        var wall = watch.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {string.Join(", ", functions)} | {windows} | {order} | {added:0.00} | {Cpu() - start:0.00} ({wall:0.00}) | {(GC.GetTotalAllocatedBytes() - allocated) / 1e6:N0} MB |"));
    }

    static Dictionary<string, string> Parameters(string function) => function switch
    {
        "percentile" => new() { ["q"] = "0.95" },
        "last_n" or "last_distinct_n" => new() { ["n"] = "5" },
        "exp_decay_sum" => new() { ["half_life"] = "7d" },
        _ => [],
    };

    static (LabelIndex, List<ColumnBatch>) Data(int events, int labels, int keys, bool sorted, bool skewed = false)
    {
        const int batchRows = 2048;
        var random = new Random(7);
        var span = 365L * Instant.Day;
        var (key, time) = (new FixedColumn<long>(FeatureType.Int64), new FixedColumn<long>(FeatureType.Timestamp));
        for (var i = 0; i < labels; i++)
        {
            key.Append(Key());
            time.Append(random.NextInt64(span));
        }
        var schema = new Schema([new("k", FeatureType.Int64), new("ts", FeatureType.Timestamp), new("x", FeatureType.Float64)]);
        List<ColumnBatch> batches = [];
        for (var first = 0; first < events; first += batchRows)
        {
            var batch = new ColumnBatch(schema);
            for (var i = first; i < Math.Min(events, first + batchRows); i++)
            {
                ((FixedColumn<long>)batch[0]).Append(Key());
                ((FixedColumn<long>)batch[1]).Append(sorted ? (long)((double)i / events * span) : random.NextInt64(span));
                ((FixedColumn<double>)batch[2]).Append(random.Next(1_000_000) / 1000.0);
            }
            batches.Add(batch);
        }
        var index = new LabelIndex([FeatureType.Int64], labels);
        index.Add([key], time);
        index.Build();
        return (index, batches);

        int Key() => skewed && random.Next(2) == 0 ? 0 : random.Next(keys);
    }

    /// <summary>300 tiles of one key, state by state in a row, merged in place and read: as a request does.</summary>
    static void Merge()
    {
        var functions = (string[])["count", "sum", "max"];
        var random = new Random(1);
        var window = Parse("24h");
        var bounds = functions.Select(f => AggregateCatalog.BuiltIn.Bind(f, f == "count" ? null : FeatureType.Float64, new Dictionary<string, string>(), window)).ToArray();
        var (states, column) = (bounds.Select(b => b.Spec.Create()).ToArray(), new FixedColumn<double>(FeatureType.Float64));
        for (var i = 0; i < 20; i++) column.Append(random.Next(1_000_000) / 1000.0);
        var rows = Enumerable.Range(0, 20).ToArray();
        var runs = bounds.Select((b, s) =>
        {
            var run = new ArrayBufferWriter<byte>();
            for (var tile = 0; tile < 300; tile++)
            {
                states[s].Clear();
                states[s].Add(b.Spec.Column is null ? null : column, new long[20], rows.AsSpan(0, random.Next(1, 20)));
                states[s].Write(run);
            }
            return run.WrittenSpan.ToArray();
        }).ToArray();
        var outputs = bounds.Select(b => Column.Create(b.Output.Type)).ToArray();
        var at = new WindowBounds(window.Length, 0, window.Length, window.Length, window.Hop);
        for (var round = 0; round < 3; round++)
        {
            var (done, start) = (0, Cpu());
            for (; Cpu() - start < 1; done += 1000)
                for (var i = 0; i < 1000; i++)
                    for (var s = 0; s < states.Length; s++)
                    {
                        states[s].Clear();
                        states[s].MergeRun(runs[s], 300);
                        outputs[s].Clear();
                        bounds[s].Output.AppendTo(states[s], at, outputs[s]);
                    }
            if (round == 2) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"merging 300 tiles for {string.Join(", ", functions)}: {done / (Cpu() - start):N0} a second on one core; {runs.Sum(r => r.Length) / 300.0:0.0} bytes a tile\n"));
        }
    }

    static void Sizes()
    {
        Console.WriteLine("| function of float64 | 1 event | 10 events | 1,000 events | 100,000 events | at most |\n|---|---|---|---|---|---|");
        foreach (var function in AggregateCatalog.BuiltIn.All.Where(f => f.Name != "ratio"))
        {
            var parameters = function.Parameters.Where(p => p.Default is null).ToDictionary(p => p.Name, p => p.Name switch { "q" => "0.5", "half_life" => "7d", _ => "5" });
            var bound = AggregateCatalog.BuiltIn.Bind(function.Name, FeatureType.Float64, parameters, Parse("7d"));
            var sizes = new[] { 1, 10, 1_000, 100_000 }.Select(n =>
            {
                var (random, column, state) = (new Random(n), new FixedColumn<double>(FeatureType.Float64), bound.Spec.Create());
                for (var i = 0; i < n; i++) column.Append(random.Next(1_000_000) / 1000.0);
                state.Add(column, [.. Enumerable.Range(0, n).Select(i => 1_700_000_000_000_000 + i)], [.. Enumerable.Range(0, n)]);
                var to = new ArrayBufferWriter<byte>();
                state.Write(to);
                return to.WrittenCount.ToString("N0", CultureInfo.InvariantCulture);
            });
            Console.WriteLine($"| {function.Name}{(parameters.Count > 0 ? $" ({string.Join(", ", parameters.Select(p => $"{p.Key}: {p.Value}"))})" : "")} | {string.Join(" | ", sizes)} | {bound.Spec.MaxBytes?.ToString("N0", CultureInfo.InvariantCulture)} |");
        }
    }

    static Window Parse(string text) => Window.TryParse(text, null, out var window) ? window : throw new ArgumentException(text);
    static double Cpu() => Environment.CpuUsage.TotalTime.TotalSeconds;
    static int Arg(string[] args, int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
}
