using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Bench;

/// <summary>One event at a time into keys with many and large tiles, and the answer of such a key: what docs/design/windows.md decides by.</summary>
internal sealed class LargeCellsBenchmark : IBenchmark
{
    const long Now = 20_000 * Instant.Day + 7 * Instant.Hour;

    public string Name => "large-cells";
    public string Summary => "an event into a key with many or large tiles, in the embedded store; and reading its windows";

    public async Task<int> RunAsync(string[] args)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"lockstep-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            Console.WriteLine("| cell | bytes | an event alone, ms | of 16 keys together, ms each | all windows read, ms | bytes written an event |");
            Console.WriteLine("|---|---|---|---|---|---|");
            await MeasureAsync(folder, "count over 1h", 1, ("count", false, "1h"));
            await MeasureAsync(folder, "20 functions over 7d and 30d, 1 event an hour", 1, [.. Enumerable.Range(0, 10).SelectMany(i => new[] { ("sum", true, $"{6 + i % 2}d"), ("stddev_pop", true, $"{29 + i % 2}d"), ("max", true, "7d"), ("last", true, "30d") })]);
            await MeasureAsync(folder, "distinct_count over 7d, 30 events an hour", 30, ("distinct_count", true, "7d"));
            await MeasureAsync(folder, "distinct_count over 7d, 1,500 events an hour", 1_500, ("distinct_count", true, "7d"));
            await MeasureAsync(folder, "percentile over 7d, 1,500 events an hour", 1_500, ("percentile", true, "7d"));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static async Task MeasureAsync(string folder, string what, int eventsAnHour, params (string Function, bool Column, string Window)[] features)
    {
        WindowPlanBuilder builder = new([FeatureType.Int64]);
        var number = 0;
        foreach (var (function, column, text) in features)
        {
            Window.TryParse(text, null, out var window);
            Dictionary<string, string> parameters = function == "percentile" ? new() { ["q"] = "0.5" } : [];
            builder.Add($"f{number++}", function, column ? new("x", FeatureType.Float64) : null, window, parameters);
        }
        var plan = builder.Build();
        TileLayout layout = new(plan);
        Schema schema = new([new("key", FeatureType.Int64), new("time", FeatureType.Timestamp), .. plan.Inputs.Fields]);
        const int keys = 16;
        await using SqliteOnlineStore store = new(new() { Path = Path.Combine(folder, $"{Guid.NewGuid():N}.db") }, TimeProvider.System);
        TileMergers mergers = new(layout);
        // The widest window full of events.
        var hours = Math.Min(plan.Widest, 7 * Instant.Day) / Instant.Hour;
        var (updates, updateBytes, cellBytes) = (new CellUpdates(), new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var random = new Random(1);
        var size = 0L;
        for (var key = 0; key < keys; key++)
        {
            TileBuilder tiles = new(layout, schema, Now);
            ColumnBatch batch = new(schema);
            for (var hour = 1L; hour <= hours; hour++)
                for (var i = 0; i < eventsAnHour; i++) batch.AppendRow([Value.Of((long)key), Value.Timestamp(Now - hour * Instant.Hour + i), .. plan.Inputs.Fields.Select(_ => Value.Of(Math.Exp(random.NextDouble() * 20)))]);
            tiles.Add(batch);
            tiles.Sort();
            cellBytes.ResetWrittenCount();
            tiles.Write(0, 1, TileCell.LogAlone, cellBytes);
            size = cellBytes.WrittenCount;
            updateBytes.ResetWrittenCount();
            TileUpdate.Replace(updateBytes, key, [DayRange.All], cellBytes.WrittenSpan);
            updates.Add(tiles.Key(0), updateBytes.WrittenSpan);
        }
        await store.WriteAsync("w", updates, new AggregationCellMerge(mergers, Now, keys), Fence.None, default);
        var place = 0L;
        var states = new EventStates(plan);
        ColumnBatch one = new(schema);
        await EventsAsync(1); // warm
        var before = Written();
        var alone = await TimeAsync(() => EventsAsync(1));
        var written = (Written() - before) / alone.Rounds;
        var together = await TimeAsync(() => EventsAsync(keys));
        var windows = new TileWindows(layout, [.. Enumerable.Range(0, plan.Features.Count)]);
        OnlineReadBatch read = new();
        var reading = await TimeAsync(async () =>
        {
            read.Clear();
            EntityKey.TryWrite([Value.Of(3L)], read.KeyBuffer);
            read.Add("w");
            await store.ReadAsync(read, default);
            windows.Read(read.Cell(0).Span, Now + place);
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {size:N0} | {alone.Milliseconds:0.000} | {together.Milliseconds / keys:0.000} | {reading.Milliseconds:0.000} | {written:N0} |"));

        // The log is reset at a checkpoint: what counts are the frames, which the process has written in all.
        static long Written() => File.ReadAllLines("/proc/self/io").Where(l => l.StartsWith("wchar", StringComparison.Ordinal)).Select(l => long.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture)).FirstOrDefault();

        async ValueTask EventsAsync(int count)
        {
            updates.Clear();
            for (var key = 0; key < count; key++)
            {
                one.Clear();
                one.AppendRow([Value.Of((long)key), Value.Timestamp(Now + place), .. plan.Inputs.Fields.Select(_ => Value.Of(random.NextDouble()))]);
                TileEvents events = new();
                events.Begin(TileCell.LogAlone);
                events.Add(new(1, place++), Now + place, states.Of(one, 0));
                updateBytes.ResetWrittenCount();
                events.Write(updateBytes, key);
                cellBytes.ResetWrittenCount();
                EntityKey.TryWrite([Value.Of((long)key)], cellBytes);
                updates.Add(cellBytes.WrittenSpan, updateBytes.WrittenSpan);
            }
            // The clock goes on: single events become tiles.
            await store.WriteAsync("w", updates, new AggregationCellMerge(mergers, Now + place + 10 * Instant.Second, count), Fence.None, default);
        }
    }

    static async Task<(double Milliseconds, int Rounds)> TimeAsync(Func<ValueTask> work)
    {
        for (var i = 0; i < 5; i++) await work();
        var (watch, rounds) = (Stopwatch.StartNew(), 0);
        while (rounds < 10 || watch.ElapsedMilliseconds < 1_500)
        {
            await work();
            rounds++;
        }
        return (watch.Elapsed.TotalMilliseconds / rounds, rounds);
    }
}
