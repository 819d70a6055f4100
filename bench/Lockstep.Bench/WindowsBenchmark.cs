using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Bench;

/// <summary>
/// A training set of windows, Parquet to Parquet, beside DuckDB's SQL for the same features over the same files, in two forms: window
/// functions, and prefix sums with as-of joins. Each run is a process of its own, they take turns, and counts are compared.
/// </summary>
sealed class WindowsBenchmark : IBenchmark
{
    const int Keys = 100_000;
    static readonly string[] s_functions = ["count", "sum", "avg", "stddev_samp"];
    static readonly (string Name, int Days)[] s_windows = [("7d", 7), ("30d", 30), ("90d", 90)];

    public string Name => "windows";
    public string Summary => "training set of 12 window features beside DuckDB  [events = 10000000] [labels = 1000000] [repeats = 3] [ours | both] [windows = 3] [skewed: half of all events are of one key]";

    public async Task<int> RunAsync(string[] args)
    {
        if (args is ["--child", var who, var where]) return Child(who, where);
        var (events, labels, repeats) = (PointInTimeBenchmark.Number(args, 0, 10_000_000), PointInTimeBenchmark.Number(args, 1, 1_000_000), PointInTimeBenchmark.Number(args, 2, 3));
        var both = args.Length < 4 || args[3] != "ours";
        var windows = PointInTimeBenchmark.Number(args, 4, 3);
        var skewed = args.Length > 5 && args[5] == "skewed";
        var folder = Data(events, labels, skewed);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{events:N0} events × {labels:N0} labels, {Keys:N0} keys, {string.Join(", ", s_functions)} over {string.Join(", ", s_windows.Take(windows).Select(w => w.Name))}, {(skewed ? "half of all events of one key, " : "")}{Environment.ProcessorCount} cores; load {PointInTimeBenchmark.Load()}\n"));
        Console.WriteLine("| run | seconds | CPU seconds | peak resident MB |\n|---|---|---|---|");
        Dictionary<string, List<PointInTimeBenchmark.Run>> runs = [];
        string[] programs = both ? ["duckdb-windows", "duckdb-prefix", $"lockstep-{windows}"] : [$"lockstep-{windows}"];
        for (var repeat = 0; repeat < repeats; repeat++)
            foreach (var program in programs)
            {
                var run = await PointInTimeBenchmark.InProcess(Name, program, folder);
                if (!runs.TryGetValue(program, out var list)) runs.Add(program, list = []);
                list.Add(run);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {program} | {run.Seconds:0.00} | {run.Cpu:0.00} | {run.PeakBytes / 1e6:N0} |"));
            }
        if (!both) return 0;
        var theirs = Math.Min(PointInTimeBenchmark.Median(runs["duckdb-windows"], r => r.Seconds), PointInTimeBenchmark.Median(runs["duckdb-prefix"], r => r.Seconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nmedian of ours / median of DuckDB's better form: {PointInTimeBenchmark.Median(runs[programs[2]], r => r.Seconds) / theirs:0.00}"));
        Console.WriteLine($"labels whose counts differ from DuckDB's prefix sums: {Differences(folder)}");
        return 0;
    }

    static int Child(string who, string folder)
    {
        var watch = Stopwatch.StartNew();
        if (who == "duckdb-windows") PointInTimeBenchmark.Execute(folder, WindowFunctions(folder));
        else if (who == "duckdb-prefix") PointInTimeBenchmark.Execute(folder, PrefixSums(folder));
        else TrainingSet(folder, int.Parse(who.Split('-')[1], CultureInfo.InvariantCulture));
        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds} {Environment.CpuUsage.TotalTime.TotalSeconds} {Process.GetCurrentProcess().PeakWorkingSet64}"));
        return 0;
    }

    // Lower ends as they are, not rounded to a hop: cheaper for it, and a little different.
    static string WindowFunctions(string folder)
    {
        var features = string.Join(", ", s_windows.SelectMany(w => s_functions.Select(f => $"{f}({(f == "count" ? "is_event" : "x")}) over w{w.Name} {f}_{w.Name}")));
        var windows = string.Join(", ", s_windows.Select(w => $"w{w.Name} as (partition by user_id order by ts range between interval {w.Days} days preceding and interval 1 microsecond preceding)"));
        return $"""
            copy (select * exclude (is_event, x) from (select user_id, ts, label_id, outcome, is_event, x, {features} from
              (select user_id, ts, x, 1 is_event, null::bigint label_id, null::bigint outcome from read_parquet('{folder}/rows.parquet')
               union all select user_id, event_timestamp, null, null, label_id, outcome from read_parquet('{folder}/labels.parquet')) window {windows}) where label_id is not null)
            to '{folder}/duckdb-windows.parquet' (format parquet, compression zstd)
            """;
    }

    static string PrefixSums(string folder)
    {
        var ends = string.Join(", ", s_windows.Select(w => $"make_timestamp(((epoch_us(event_timestamp) - {w.Days * Instant.Day}) // {Hop(w.Name)}) * {Hop(w.Name)}) lo_{w.Name}"));
        var joins = string.Join(" ", s_windows.Select(w => $"asof left join e a{w.Name} on l.user_id = a{w.Name}.user_id and l.lo_{w.Name} > a{w.Name}.ts"));
        var features = string.Join(", ", s_windows.Select(w =>
        {
            string Part(string c) => $"(coalesce(h.{c}, 0) - coalesce(a{w.Name}.{c}, 0))";
            var (n, s, q) = (Part("n"), Part("s"), Part("q"));
            return $"{n} count_{w.Name}, case when {n} > 0 then {s} end sum_{w.Name}, case when {n} > 0 then {s} / {n} end avg_{w.Name}, case when {n} > 1 then sqrt(greatest(0, ({q} - {s} * {s} / {n}) / ({n} - 1))) end stddev_samp_{w.Name}";
        }));
        return $"""
            copy (with e as (select user_id, ts, count(*) over w n, sum(x) over w s, sum(x * x) over w q from read_parquet('{folder}/rows.parquet') window w as (partition by user_id order by ts rows unbounded preceding)),
              l as (select *, {ends} from read_parquet('{folder}/labels.parquet'))
              select l.label_id, l.user_id, l.event_timestamp, l.outcome, {features} from l asof left join e h on l.user_id = h.user_id and l.event_timestamp > h.ts {joins})
            to '{folder}/duckdb-prefix.parquet' (format parquet, compression zstd)
            """;
    }

    static long Hop(string window) => Window.TryParse(window, null, out var parsed) ? parsed.Hop : throw new ArgumentException(window);

    static void TrainingSet(string folder, int count)
    {
        using var engine = new DuckDbEngine(new() { MemoryLimit = 1L << 30, SpillFolder = Path.Combine(folder, "spill") });
        Window[] windows = [.. s_windows.Take(count).Select(w => Window.TryParse(w.Name, null, out var window) ? window : throw new ArgumentException(w.Name))];
        var view = new AggregationView
        {
            Name = "rows",
            Entities = ["user"],
            Source = "rows",
            Features = [.. s_functions.Select(f => new AggregateFeature { Name = f, Function = f, Column = f == "count" ? null : "x", Windows = windows })],
        };
        var fields = view.Features.SelectMany(f => windows.Select(w => new Field($"{f.Name}_{w.Name}", AggregateCatalog.BuiltIn.Bind(f.Function, f.Column is null ? null : FeatureType.Float64, f.Parameters, w).Output.Type))).ToList();
        var version = new ViewVersion { View = view, Fingerprint = "f", Keys = new([new("user_id", FeatureType.Int64)]), Features = new(fields), Defaults = new Value[fields.Count] };
        var source = new Source { Name = "rows", Table = new() { Path = "rows.parquet", Format = TableFormat.Parquet, Timestamp = "ts" }, Columns = [new("user_id", FeatureType.Int64), new("ts", FeatureType.Timestamp), new("x", FeatureType.Float64)] };
        new TrainingSetBuilder(engine, new SourceTables(folder, null!, TimeProvider.System), TimeProvider.System).Run(new()
        {
            Catalog = new(1, [], [source], [version with { Sources = new SortedDictionary<string, Source> { ["rows"] = source } }], []),
            Spine = Spine.File(Path.Combine(folder, "labels.parquet")),
            Features = [new() { View = "rows" }],
            Output = new(Path.Combine(folder, "lockstep.parquet"), TableFormat.Parquet),
        }, null, CancellationToken.None);
    }

    // Events come in the order of time; labels at random. The numbers are hashes of the row's number: the same everywhere.
    static string Data(int events, int labels, bool skewed)
    {
        var folder = Path.Combine(PointInTimeBenchmark.Root(), "bench", "data", string.Create(CultureInfo.InvariantCulture, $"windows-{events}-{labels}{(skewed ? "-skewed" : "")}"));
        if (File.Exists(Path.Combine(folder, "labels.parquet"))) return folder;
        Directory.CreateDirectory(folder);
        const long start = 1_704_067_200_000_000, span = 365L * 86_400_000_000;
        PointInTimeBenchmark.Execute(folder, string.Create(CultureInfo.InvariantCulture, $"""
            copy (select {(skewed ? "if(hash(i, 4) % 2 = 0, 0, " : "(")}hash(i, 1) % {Keys})::bigint user_id, make_timestamp(({start} + i * ({span} // {events}) + hash(i, 2) % 1000)::bigint) ts, (hash(i, 3) % 1000000) / 1000.0::double x
              from range({events}) t(i)) to '{folder}/rows.parquet' (format parquet, compression zstd);
            copy (select i label_id, (hash(i, 11) % {Keys})::bigint user_id, make_timestamp(({start} + hash(i, 12) % {span})::bigint) event_timestamp, (hash(i, 13) % 2)::bigint as outcome
              from range({labels}) t(i)) to '{folder}/labels.parquet.tmp' (format parquet, compression zstd)
            """));
        File.Move(Path.Combine(folder, "labels.parquet.tmp"), Path.Combine(folder, "labels.parquet"));
        return folder;
    }

    static string Differences(string folder)
    {
        using var database = Database.Open(null, new(), folder);
        using var connection = database.Connect();
        using var result = connection.Stream($"select (count(*) filter (where {string.Join(" or ", s_windows.Select(w => $"a.count_{w.Name} is distinct from b.count_{w.Name}"))}))::varchar || ' of ' || count(*) from read_parquet('{folder}/duckdb-prefix.parquet') a join read_parquet('{folder}/lockstep.parquet') b using (label_id)", CancellationToken.None);
        result.Next(CancellationToken.None);
        var text = (BytesColumn)Column.Create(FeatureType.String);
        DuckDb.Engine.Vectors.VectorReader.For(result.Columns[0].Type, FeatureType.String)!.Append(result.Vector(0), result.Rows, text);
        return text.GetValue(0).AsString;
    }
}
