using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Bench;

/// <summary>
/// The embedded online store alone: bulk load of rows of 10 features, sorted by key, then cached and uncached reads of random keys on
/// one thread, in batches and one by one, and merges into a filled table. Options: <c>--rows 1000000 --reads 1000000 --batch 100 --folder …</c>.
/// </summary>
sealed class OnlineStoreBenchmark : IBenchmark
{
    const string Table = "users@1.0.0";

    public string Name => "online-store";
    public string Summary => "embedded online store: bulk load, cached and uncached reads";

    public async Task<int> RunAsync(string[] args)
    {
        var (rows, reads, batch) = ((int)Option("--rows", 1_000_000), (int)Option("--reads", 1_000_000), (int)Option("--batch", 100));
        var at = Array.IndexOf(args, "--folder");
        var folder = Path.Combine(at >= 0 ? args[at + 1] : Path.GetTempPath(), $"lockstep-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "online.db");
        try
        {
            var layout = new RowLayout(new Schema(Enumerable.Range(0, 10).Select(i => new Field($"f{i}", i % 2 == 0 ? FeatureType.Float64 : FeatureType.Int64))));
            Console.WriteLine($"{rows:N0} rows of 10 features, {Environment.ProcessorCount} cores, {Environment.OSVersion}");
            Console.WriteLine();
            Console.WriteLine("| what | per second |");
            Console.WriteLine("|---|---:|");
            await using (var store = new SqliteOnlineStore(new() { Path = path }, TimeProvider.System))
            {
                await LoadAsync("bulk load, sorted", store, layout, rows, run: 1, step: 1);
                await LoadAsync("merge into the filled table, every 10th key", store, layout, rows, run: 2, step: 10);
            }
            Console.WriteLine($"| file | {new FileInfo(path).Length / (double)rows:F0} bytes a row |");
            await using (var store = new SqliteOnlineStore(new() { Path = path, CacheBytes = 0 }, TimeProvider.System))
            {
                await ReadAsync($"uncached reads, batches of {batch}", store, rows, reads / 2, batch, rows);
                await ReadAsync("uncached reads, one by one", store, rows, reads / 4, 1, rows);
            }
            await using (var store = new SqliteOnlineStore(new() { Path = path, CacheBytes = 1L << 30 }, TimeProvider.System))
            {
                var hot = Math.Min(rows, 200_000);
                await ReadAsync("", store, rows, hot * 8, batch, hot);
                await ReadAsync($"cached reads, batches of {batch}", store, rows, reads * 5, batch, hot);
                await ReadAsync("cached reads, batches of 5", store, rows, reads * 5, 5, hot);
                await ReadAsync("cached reads, one by one", store, rows, reads * 2, 1, hot);
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        double Option(string name, double otherwise) => Array.IndexOf(args, name) is var i and >= 0 ? double.Parse(args[i + 1], CultureInfo.InvariantCulture) : otherwise;
    }

    static async Task LoadAsync(string what, SqliteOnlineStore store, RowLayout layout, int rows, int run, int step)
    {
        var (writer, cell, bytes, key) = (new RowWriter(layout), new ValueCellWriter(), new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var merge = new ValueCellMerge(layout, now: Instant.Day * 365 * 60);
        var updates = new CellUpdates();
        var batch = new ColumnBatch(layout.Schema);
        var watch = Stopwatch.StartNew();
        var written = 0;
        for (var row = 0; row < rows; row += step)
        {
            batch.Clear();
            for (var i = 0; i < 10; i++)
                if (i % 2 == 0) ((FixedColumn<double>)batch[i]).Append(row * 1.5 + i); else ((FixedColumn<long>)batch[i]).Append(row * 31L + i);
            cell.Begin(run);
            cell.AddRow(Instant.Day * 365 * 50 + run, null, writer.Write(batch, 0));
            bytes.ResetWrittenCount();
            ValueCellUpdate.Write(bytes, ValueUpdateKind.Add, 0, cell);
            key.ResetWrittenCount();
            WriteKey(key, row);
            updates.Add(key.WrittenSpan, bytes.WrittenSpan);
            written++;
            if (updates.Count < 50_000) continue;
            await store.WriteAsync(Table, updates, merge, Fence.None, CancellationToken.None);
            updates.Clear();
        }
        await store.WriteAsync(Table, updates, merge, Fence.None, CancellationToken.None);
        Console.WriteLine($"| {what} | {written / watch.Elapsed.TotalSeconds:N0} |");
    }

    static async Task ReadAsync(string what, SqliteOnlineStore store, int rows, int reads, int size, int hot)
    {
        var (random, batch, found) = (new Random(1), new OnlineReadBatch(), 0L);
        var watch = Stopwatch.StartNew();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        for (var done = 0; done < reads; done += size)
        {
            batch.Clear();
            for (var i = 0; i < size; i++)
            {
                WriteKey(batch.KeyBuffer, (int)((long)random.Next(hot) * (rows / hot)));
                batch.Add(Table);
            }
            await store.ReadAsync(batch, CancellationToken.None);
            for (var i = 0; i < size; i++) found += batch.Cell(i).IsEmpty ? 0 : 1;
        }
        if (found < reads) throw new InvalidOperationException($"{reads - found} of {reads} keys were not found.");
        if (what.Length > 0) Console.WriteLine($"| {what} | {reads / watch.Elapsed.TotalSeconds:N0} ({(GC.GetAllocatedBytesForCurrentThread() - bytes) / reads} bytes allocated a read) |");
    }

    static void WriteKey(IBufferWriter<byte> to, int row)
    {
        Span<byte> text = stackalloc byte[16];
        row.TryFormat(text, out var length, "D9", CultureInfo.InvariantCulture);
        EntityKey.Version(to);
        EntityKey.Bytes(to, TypeKind.String, text[..length]);
    }
}
