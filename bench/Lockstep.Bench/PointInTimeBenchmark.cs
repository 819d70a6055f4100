using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Bench;

/// <summary>
/// A training set, Parquet to Parquet, beside DuckDB's own ASOF JOIN with COPY over the same files. Each run is a process of its own, the
/// two take turns, and their answers are compared. The data are made once, under bench/data.
/// </summary>
sealed class PointInTimeBenchmark : IBenchmark
{
    const int Keys = 100_000;
    static readonly string[] Features = ["f0", "f1", "f2", "f3"];

    public string Name => "point-in-time";
    public string Summary => "training set of 4 features beside DuckDB's ASOF JOIN  [rows = 10000000] [labels = 1000000] [repeats = 3] [ours | both]";

    public async Task<int> RunAsync(string[] args)
    {
        if (args is ["--child", var who, var where]) return Child(who, where);
        var (rows, labels, repeats) = (Number(args, 0, 10_000_000), Number(args, 1, 1_000_000), Number(args, 2, 3));
        var both = args.Length < 4 || args[3] != "ours";
        var folder = Data(rows, labels);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows × {labels:N0} labels, {Keys:N0} keys, {Features.Length} features, {Environment.ProcessorCount} cores; load {Load()}\n"));
        Console.WriteLine("| run | seconds | CPU seconds | peak resident MB |\n|---|---|---|---|");
        Dictionary<string, List<Run>> runs = [];
        for (var repeat = 0; repeat < repeats; repeat++)
            foreach (var program in both ? (string[])["duckdb", "lockstep"] : ["lockstep"])
            {
                var run = await InProcess(Name, program, folder);
                if (!runs.TryGetValue(program, out var list)) runs.Add(program, list = []);
                list.Add(run);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {program} | {run.Seconds:0.00} | {run.Cpu:0.00} | {run.PeakBytes / 1e6:N0} |"));
            }
        if (!both) return 0;
        var (theirs, ours) = (runs["duckdb"], runs["lockstep"]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nratio of the medians: {Median(ours, r => r.Seconds) / Median(theirs, r => r.Seconds):0.00} (CPU {Median(ours, r => r.Cpu) / Median(theirs, r => r.Cpu):0.00}); of the fastest: {ours.Min(r => r.Seconds) / theirs.Min(r => r.Seconds):0.00}; rows that differ: {Differences(folder)}"));
        return 0;
    }

    internal readonly record struct Run(double Seconds, double Cpu, long PeakBytes);

    internal static async Task<Run> InProcess(string benchmark, string program, string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [benchmark, "--child", program, folder]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {text}");
        var parts = text.Split(' ');
        return new(double.Parse(parts[0], CultureInfo.InvariantCulture), double.Parse(parts[1], CultureInfo.InvariantCulture), long.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    static int Child(string who, string folder)
    {
        var watch = Stopwatch.StartNew();
        if (who == "duckdb") Execute(folder, $"copy (select l.*, {string.Join(", ", Features)} from read_parquet('{folder}/labels.parquet') l asof left join read_parquet('{folder}/rows.parquet') r on l.user_id = r.user_id and l.event_timestamp >= r.ts) to '{folder}/duckdb.parquet' (format parquet, compression zstd)");
        else TrainingSet(folder, who == "steps" ? new Steps() : null);
        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds} {Environment.CpuUsage.TotalTime.TotalSeconds} {Process.GetCurrentProcess().PeakWorkingSet64}"));
        return 0;
    }

    static void TrainingSet(string folder, IProgress<WorkProgress>? steps)
    {
        using var engine = new DuckDbEngine(new() { MemoryLimit = 1L << 30, SpillFolder = Path.Combine(folder, "spill") });
        var view = new ViewVersion
        {
            View = new ValueView { Name = "rows", Source = "rows", Features = [.. Features.Select(f => new ValueFeature { Name = f, Column = f, Type = TypeOf(f) })] },
            Fingerprint = "f",
            Keys = new([new("user_id", FeatureType.Int64)]),
            Features = new(Features.Select(f => new Field(f, TypeOf(f)))),
            Defaults = new Value[Features.Length],
        };
        var source = new Source { Name = "rows", Table = new() { Path = "rows.parquet", Format = TableFormat.Parquet, Timestamp = "ts" } };
        new TrainingSetBuilder(engine, new SourceTables(folder, null!, TimeProvider.System), TimeProvider.System).Run(new()
        {
            Catalog = new(1, [], [source], [view], []),
            Spine = Spine.File(Path.Combine(folder, "labels.parquet")),
            Features = [new() { View = "rows" }],
            Output = new(Path.Combine(folder, "lockstep.parquet"), TableFormat.Parquet),
        }, steps, CancellationToken.None);
    }

    /// <summary>Where the processor's time goes: <c>point-in-time --child steps bench/data/…</c></summary>
    sealed class Steps : IProgress<WorkProgress>
    {
        string _step = "";

        public void Report(WorkProgress value)
        {
            if (value.Step == _step) return;
            _step = value.Step;
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.CpuUsage.TotalTime.TotalSeconds:0.00} s CPU, {Process.GetCurrentProcess().WorkingSet64 / 1e6:N0} MB: {value.Step}"));
        }
    }

    static FeatureType TypeOf(string feature) => feature == "f2" ? FeatureType.Int64 : FeatureType.Float64;

    // Rows come in the order of time, as events do; labels at random. The numbers are hashes of the row's number: the same everywhere.
    static string Data(int rows, int labels)
    {
        var folder = Path.Combine(Root(), "bench", "data", string.Create(CultureInfo.InvariantCulture, $"pit-{rows}-{labels}"));
        if (File.Exists(Path.Combine(folder, "labels.parquet"))) return folder;
        Directory.CreateDirectory(folder);
        const long start = 1_704_067_200_000_000, span = 365L * 86_400_000_000;
        Execute(folder, string.Create(CultureInfo.InvariantCulture, $"""
            copy (select (hash(i, 1) % {Keys})::bigint user_id, make_timestamp(({start} + i * ({span} // {rows}) + hash(i, 2) % 1000)::bigint) ts,
              (hash(i, 3) % 1000000) / 1000.0::double f0, (hash(i, 4) % 100)::double f1, (hash(i, 5) % 5000)::bigint f2, case when hash(i, 6) % 10 = 0 then null else sqrt(hash(i, 7) % 1000000) end f3
              from range({rows}) t(i)) to '{folder}/rows.parquet' (format parquet, compression zstd);
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
        using var result = connection.Stream($"select (count(*) filter (where {string.Join(" or ", Features.Select(f => $"a.{f} is distinct from b.{f}"))}))::varchar || ' of ' || count(*) from read_parquet('{folder}/duckdb.parquet') a join read_parquet('{folder}/lockstep.parquet') b using (label_id)", CancellationToken.None);
        result.Next(CancellationToken.None);
        var text = (BytesColumn)Column.Create(FeatureType.String);
        DuckDb.Engine.Vectors.VectorReader.For(result.Columns[0].Type, FeatureType.String)!.Append(result.Vector(0), result.Rows, text);
        return text.GetValue(0).AsString;
    }

    internal static void Execute(string folder, string sql)
    {
        Lockstep.DuckDb.Native.DuckDbLibrary.Load();
        using var database = Database.Open(null, new(), Path.Combine(folder, "spill"));
        using var connection = database.Connect();
        connection.Execute(sql, CancellationToken.None);
    }

    internal static double Median(List<Run> runs, Func<Run, double> of) => runs.Select(of).Order().ElementAt(runs.Count / 2);

    internal static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    internal static int Number(string[] args, int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;

    internal static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Lockstep.slnx"))) return folder.FullName;
        return Directory.GetCurrentDirectory();
    }
}
