using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Bench;

/// <summary>
/// Delta tables: rows of 10 columns over 30 days written by day, in the order of time and not, beside the same rows into one plain file;
/// small commits one after the other; the log read from checkpoints; files left out by their times. Options: <c>--rows 2000000 --commits 300</c>.
/// </summary>
sealed class OfflineStoreBenchmark : IBenchmark
{
    static readonly Schema Columns = new([new("id", FeatureType.Int64), new("at", FeatureType.Timestamp), .. Enumerable.Range(0, 8).Select(i => new Field($"f{i}", i % 2 == 0 ? FeatureType.Float64 : FeatureType.String))]);
    static readonly DeltaWrite ByDay = new() { TimeColumn = "at" };

    public string Name => "offline-store";
    public string Summary => "Delta tables: writing by day, small commits, reading the log, leaving files out";

    public Task<int> RunAsync(string[] args)
    {
        var (rows, commits) = (Option("--rows", 2_000_000), Option("--commits", 300));
        var folder = Directory.CreateTempSubdirectory("lockstep-bench-").FullName;
        try
        {
            using var engine = new DuckDbEngine();
            Console.WriteLine($"{rows:N0} rows of {Columns.Count} columns over 30 days, {Environment.ProcessorCount} cores");
            Console.WriteLine();
            Console.WriteLine("| what | figure |");
            Console.WriteLine("|---|---:|");
            Rate("one plain Parquet file, zstd", rows, () => Plain(engine, Path.Combine(folder, "plain.parquet"), rows));
            foreach (var ordered in new[] { true, false })
            {
                var table = new DeltaTable(Path.Combine(folder, $"t{ordered}"), engine, TimeProvider.System);
                Rate($"Delta table by day, rows {(ordered ? "in the order of time" : "in any order")}", rows, () => table.Append(new Made(rows, ordered), ByDay, CancellationToken.None));
            }
            var log = new DeltaTable(Path.Combine(folder, "log"), engine, TimeProvider.System);
            Each($"append of one row, {commits} commits", commits, () =>
            {
                for (var i = 0; i < commits; i++) log.Append(new Made(1, true), ByDay, CancellationToken.None);
            });
            Each("newest version, by a new handle", 20, () =>
            {
                for (var i = 0; i < 20; i++) new DeltaTable(log.Folder, engine, TimeProvider.System).Snapshot(CancellationToken.None);
            });
            Each("newest version, by the same handle", 1000, () =>
            {
                for (var i = 0; i < 1000; i++) log.Snapshot(CancellationToken.None);
            });
            var snapshot = log.Snapshot(CancellationToken.None);
            Each($"times of {snapshot.FileCount} files", 20, () =>
            {
                for (var i = 0; i < 20; i++) snapshot.Files("at", 0, 1);
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return Task.FromResult(0);

        int Option(string name, int otherwise) => Array.IndexOf(args, name) is var i and >= 0 ? int.Parse(args[i + 1], CultureInfo.InvariantCulture) : otherwise;
    }

    static void Plain(IBatchEngine engine, string path, int rows)
    {
        using var writer = engine.CreateFile(new(path, TableFormat.Parquet), Columns, CancellationToken.None);
        var reader = new Made(rows, ordered: true);
        var batch = new ColumnBatch(Columns);
        while (reader.Read(batch, CancellationToken.None)) writer.Write(batch, CancellationToken.None);
        writer.Complete(CancellationToken.None);
    }

    static void Rate(string what, int rows, Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        Console.WriteLine($"| {what} | {rows / watch.Elapsed.TotalSeconds:N0} rows/s |");
    }

    static void Each(string what, int times, Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        Console.WriteLine($"| {what} | {watch.Elapsed.TotalMilliseconds / times:F3} ms each |");
    }

    /// <summary>Rows made on the spot.</summary>
    sealed class Made(int rows, bool ordered) : BatchReader
    {
        int _next;

        public override Schema Schema => Columns;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            batch.Clear();
            var (ids, times) = ((FixedColumn<long>)batch[0], (FixedColumn<long>)batch[1]);
            Span<byte> text = stackalloc byte[8];
            for (; ids.Count < 8192 && _next < rows; _next++)
            {
                var place = ordered ? _next : (int)(_next * 7_919L % rows);
                ids.Append(_next);
                times.Append(Instant.Day * 20_000 + (long)(place * (30.0 * Instant.Day / rows)));
                for (var i = 0; i < 8; i++)
                    if (i % 2 == 0) ((FixedColumn<double>)batch[2 + i]).Append(_next * 0.37 + i);
                    else
                    {
                        (_next % 10_000 * 8 + i).TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
                        ((BytesColumn)batch[2 + i]).Append(text[..length]);
                    }
            }
            return batch.Count > 0;
        }
    }
}
