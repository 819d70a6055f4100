using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Bench;

/// <summary>The point-in-time sweep alone, over batches in memory: what is left when reading and writing cost nothing.</summary>
sealed class SweepBenchmark : IBenchmark
{
    public string Name => "sweep";
    public string Summary => "the point-in-time sweep alone, in memory [rows] [labels] [keys]";

    public Task<int> RunAsync(string[] args)
    {
        var (rows, labels, keys) = (Arg(args, 0, 10_000_000), Arg(args, 1, 1_000_000), Arg(args, 2, 100_000));
        Console.WriteLine($"{rows:N0} rows, {labels:N0} labels, {keys:N0} keys, 4 float64 features, one core");
        Console.WriteLine("| keys | rows come | index | sweep | finish and gather |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var text in (bool[])[false, true])
            foreach (var sorted in (bool[])[true, false])
                Once(rows, labels, keys, text, sorted);
        return Task.FromResult(0);
    }

    static void Once(int rows, int labels, int keys, bool text, bool sorted)
    {
        const int batchRows = 2048;
        var keyType = text ? FeatureType.String : FeatureType.Int64;
        var random = new Random(7);
        var span = 365L * Instant.Day;
        var (key, time) = (Column.Create(keyType), new FixedColumn<long>(FeatureType.Timestamp));
        for (var i = 0; i < labels; i++)
        {
            AppendKey(key, random.Next(keys));
            time.Append(random.NextInt64(span));
        }
        var schema = new Schema([new("k", keyType), new("ts", FeatureType.Timestamp), .. Enumerable.Range(0, 4).Select(i => new Field($"f{i}", FeatureType.Float64))]);
        var batches = new List<ColumnBatch>();
        for (var first = 0; first < rows; first += batchRows)
        {
            var batch = new ColumnBatch(schema);
            for (var i = first; i < Math.Min(rows, first + batchRows); i++)
            {
                AppendKey(batch[0], random.Next(keys));
                ((FixedColumn<long>)batch[1]).Append(sorted ? (long)((double)i / rows * span) : random.NextInt64(span));
                for (var f = 2; f < 6; f++) ((FixedColumn<double>)batch[f]).Append(i * f);
            }
            batches.Add(batch);
        }
        var start = Cpu();
        var index = new LabelIndex([keyType]);
        index.Add([key], time);
        index.Build();
        var indexed = Cpu() - start;
        start = Cpu();
        var sweep = new PointInTimeSweep(index, new() { Keys = [keyType], HasCreated = false, Features = new(schema.Fields.Skip(2)), Ordinals = [0, 1, 2, 3] });
        foreach (var batch in batches) sweep.Add(batch);
        var swept = Cpu() - start;
        start = Cpu();
        var result = sweep.Finish();
        var (to, scratch) = (Column.Create(FeatureType.Float64), new int[batchRows]);
        for (var first = 0; first < labels; first += batchRows)
        {
            var some = scratch.AsSpan(0, Math.Min(batchRows, labels - first));
            result.Find(first, some);
            for (var f = 0; f < 4; f++)
            {
                to.Clear();
                result.AppendTo(to, f, Value.Null, some);
            }
        }
        Console.WriteLine($"| {(text ? "text" : "int64")} | {(sorted ? "by time" : "at random")} | {indexed.TotalMilliseconds:N0} ms | {swept.TotalMilliseconds:N0} ms, {rows / swept.TotalSeconds / 1e6:N1} M rows/s | {(Cpu() - start).TotalMilliseconds:N0} ms |");
    }

    // Of the processor, not of the clock on the wall: the machine may be shared.
    static TimeSpan Cpu() => Environment.CpuUsage.TotalTime;

    static void AppendKey(Column column, int key)
    {
        if (column is BytesColumn text) text.Append($"user-{key}");
        else ((FixedColumn<long>)column).Append(key);
    }

    static int Arg(string[] args, int at, int otherwise) => args.Length > at ? int.Parse(args[at], System.Globalization.CultureInfo.InvariantCulture) : otherwise;
}
