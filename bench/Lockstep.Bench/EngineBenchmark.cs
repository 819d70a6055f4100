using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;

namespace Lockstep.Bench;

/// <summary>
/// Parquet through the engine: rows a second written from column batches and scanned into them, 6 columns, beside what DuckDB itself needs to
/// read every value of the same file in one aggregate.
/// </summary>
sealed class EngineBenchmark : IBenchmark
{
    static readonly Schema Table = new([
        new("user", FeatureType.Int64), new("at", FeatureType.Timestamp), new("amount", FeatureType.Float64),
        new("clicks", FeatureType.Int32), new("page", FeatureType.String), new("mobile", FeatureType.Bool)]);

    public string Name => "engine";
    public string Summary => "Parquet of 6 columns: write, scan into column batches, DuckDB's own aggregate  [rows = 10000000] [repeats = 3]";

    public Task<int> RunAsync(string[] args)
    {
        var rows = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000_000;
        var repeats = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var folder = Directory.CreateTempSubdirectory("lockstep-bench-").FullName;
        try
        {
            using var engine = new DuckDbEngine(new DuckDbOptions { SpillFolder = Path.Combine(folder, "spill") });
            var path = Path.Combine(folder, "rows.parquet");
            Console.WriteLine($"{rows:N0} rows × {Table.Count} columns, {Environment.ProcessorCount} cores\n\n| step | seconds | CPU seconds | M rows/s |\n|---|---|---|---|");
            for (var repeat = 0; repeat < repeats; repeat++) Report("write parquet", rows, () => Write(engine, path, rows));
            var table = new TableInput { Name = "bench", Format = TableFormat.Parquet, Files = [new(path) { Size = new FileInfo(path).Length }] };
            for (var repeat = 0; repeat < repeats; repeat++) Report("scan into batches", rows, () => Scan(engine, table, keepOrder: false));
            for (var repeat = 0; repeat < repeats; repeat++) Report("scan into batches, in order", rows, () => Scan(engine, table, keepOrder: true));
            for (var repeat = 0; repeat < repeats; repeat++) Report("DuckDB's aggregate over all columns", rows, () => Aggregate(engine, table, rows));
            Console.WriteLine($"\n{new FileInfo(path).Length / 1e6:N1} MB, peak memory of the process {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:N0} MB");
        }
        finally
        {
            Directory.Delete(folder, true);
        }
        return Task.FromResult(0);
    }

    static void Report(string step, int rows, Action run)
    {
        var (watch, cpu) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
        run();
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {step} | {watch.Elapsed.TotalSeconds:0.00} | {cpu.TotalSeconds:0.00} | {rows / watch.Elapsed.TotalSeconds / 1e6:0.0} |"));
    }

    static void Write(DuckDbEngine engine, string path, int rows)
    {
        using var writer = engine.CreateFile(new(path, TableFormat.Parquet), Table, CancellationToken.None);
        var batch = new ColumnBatch(Table);
        var pages = Enumerable.Range(0, 1000).Select(i => System.Text.Encoding.UTF8.GetBytes($"/page/{i}")).ToArray();
        var random = new Random(1);
        for (var done = 0; done < rows;)
        {
            batch.Clear();
            for (var i = 0; i < 32_768 && done < rows; i++, done++)
            {
                ((FixedColumn<long>)batch[0]).Append(random.Next(100_000));
                ((FixedColumn<long>)batch[1]).Append(1_700_000_000_000_000 + done * 1_000L);
                ((FixedColumn<double>)batch[2]).Append(random.NextDouble() * 1000);
                ((FixedColumn<int>)batch[3]).Append(random.Next(50));
                ((BytesColumn)batch[4]).Append(pages[random.Next(pages.Length)]);
                ((FixedColumn<byte>)batch[5]).Append((byte)random.Next(2));
            }
            writer.Write(batch, CancellationToken.None);
        }
        writer.Complete(CancellationToken.None);
    }

    static void Scan(DuckDbEngine engine, TableInput table, bool keepOrder)
    {
        using var reader = engine.Scan(new() { Table = table, Columns = [.. Table.Fields.Select(f => new ScanColumn(f.Name, f))], KeepOrder = keepOrder }, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        long rows = 0;
        while (reader.Read(batch, CancellationToken.None)) rows += batch.Count;
        if (rows == 0) throw new InvalidOperationException("No rows.");
    }

    static void Aggregate(DuckDbEngine engine, TableInput table, int rows)
    {
        using var reader = engine.Query(new()
        {
            Name = "bench",
            Sql = $"select count(*), sum(\"user\"), max(\"at\"), sum(amount), sum(clicks), max(page), bool_or(mobile) from read_parquet('{table.Files[0].Path}')",
            Tables = new Dictionary<string, TableInput> { ["t"] = table },
        }, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        if (!reader.Read(batch, CancellationToken.None) || ((FixedColumn<long>)batch[0]).Values[0] != rows) throw new InvalidOperationException("Not all rows.");
    }
}
