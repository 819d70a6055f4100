using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Sqlite.OnlineStore;
using Lockstep.Sqlite.Runs;

namespace Lockstep.Bench;

/// <summary>
/// Parquet files to the embedded online store: everything, then one more file, then nothing. Options: <c>--rows 5000000 --keys 1000000
/// --memory-mb 256 --folder …</c>.
/// </summary>
sealed class MaterializeBenchmark : IBenchmark
{
    public string Name => "materialize";
    public string Summary => "Parquet to the embedded online store: whole, incremental, nothing to do";

    public async Task<int> RunAsync(string[] args)
    {
        var (rows, keys, memory) = ((int)Option("--rows", 5_000_000), (int)Option("--keys", 1_000_000), Option("--memory-mb", 256));
        var at = Array.IndexOf(args, "--folder");
        var folder = Path.Combine(at >= 0 ? args[at + 1] : Path.GetTempPath(), $"lockstep-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        try
        {
            using var engine = new DuckDbEngine();
            for (var file = 0; file < 5; file++) Write(engine, folder, file, rows / 5, keys);
            var features = Enumerable.Range(0, 10).Select(i => new ValueFeature { Name = $"f{i}", Column = $"f{i}", Type = i % 2 == 0 ? FeatureType.Float64 : FeatureType.Int64 }).ToList();
            var source = new Source { Name = "src", Table = new() { Path = "data/*.parquet", Format = TableFormat.Parquet, Timestamp = "ts" } };
            var view = new ViewVersion
            {
                View = new ValueView { Name = "v", Source = "src", Features = features },
                Fingerprint = "f",
                Keys = new([new("id", FeatureType.Int64)]),
                Features = new(features.Select(f => new Field(f.Name, f.Type))),
                Defaults = [.. features.Select(_ => Value.Null)],
                Sources = new Dictionary<string, Source> { ["src"] = source },
            };
            await using var online = new SqliteOnlineStore(new() { Path = Path.Combine(folder, "online.db") }, TimeProvider.System);
            await using var runs = new SqliteRunStore(Path.Combine(folder, "runs.db"));
            var offline = new OfflineViewStore(Path.Combine(folder, "offline"), engine, TimeProvider.System);
            var materializer = new Materializer(new()
            {
                Tables = new SourceTables(folder, offline, TimeProvider.System),
                Offline = offline,
                Engine = engine,
                Online = online,
                Runs = runs,
                Clock = TimeProvider.System,
                Options = new() { OnlineStore = "bench", MemoryBytes = (long)(memory * (1 << 20)), SpillFolder = folder },
            });
            Console.WriteLine($"{rows:N0} rows of 10 features, {keys:N0} keys, {memory} MiB of rows in memory, {Environment.ProcessorCount} cores");
            Console.WriteLine();
            Console.WriteLine("| run | seconds | rows read | keys written | rows a second | keys a second | peak MiB |");
            Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
            await RunAsync("everything");
            Write(engine, folder, 5, rows / 20, keys);
            await RunAsync("one more file");
            await RunAsync("nothing to do");
            return 0;

            async Task RunAsync(string what)
            {
                var watch = Stopwatch.StartNew();
                var report = (await materializer.RunAsync(new() { Catalog = new(1, [], [source], [view], []) }, null, CancellationToken.None)).Views.Single();
                if (report.Error is not null) throw report.Error;
                var seconds = watch.Elapsed.TotalSeconds;
                Console.WriteLine($"| {what} ({report.Mode}) | {seconds:F2} | {report.RowsRead:N0} | {report.Keys:N0} | {report.RowsRead / seconds:N0} | {report.Keys / seconds:N0} | {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} |");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        double Option(string name, double otherwise) => Array.IndexOf(args, name) is var i and >= 0 ? double.Parse(args[i + 1], CultureInfo.InvariantCulture) : otherwise;
    }

    static void Write(DuckDbEngine engine, string folder, int file, int rows, int keys)
    {
        var schema = new Schema([new("id", FeatureType.Int64), new("ts", FeatureType.Timestamp), .. Enumerable.Range(0, 10).Select(i => new Field($"f{i}", i % 2 == 0 ? FeatureType.Float64 : FeatureType.Int64))]);
        using var writer = engine.CreateFile(new(Path.Combine(folder, "data", $"{file}.parquet"), TableFormat.Parquet), schema, CancellationToken.None);
        var (batch, random) = (new ColumnBatch(schema), new Random(file));
        var start = Instant.Parse("2025-01-01T00:00:00Z");
        for (var row = 0; row < rows; row++)
        {
            ((FixedColumn<long>)batch[0]).Append(random.Next(keys));
            ((FixedColumn<long>)batch[1]).Append(start + random.Next(365 * 86_400) * Instant.Second);
            for (var i = 0; i < 10; i++)
                if (i % 2 == 0) ((FixedColumn<double>)batch[i + 2]).Append(random.NextDouble()); else ((FixedColumn<long>)batch[i + 2]).Append(random.Next(1_000));
            if (batch.Count < 8_192 && row + 1 < rows) continue;
            writer.Write(batch, CancellationToken.None);
            batch.Clear();
        }
        writer.Complete(CancellationToken.None);
    }
}
