using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.DuckDb.Engine.Vectors;

namespace Lockstep.Bench;

/// <summary>
/// 20 expressions over the same rows in memory: ours over column batches on 2 threads, DuckDB's over a table in memory with 2 threads, in turn.
/// Both make every result and consume it: DuckDB in <c>select count(x), sum(x)</c> (which spares it to write them down; of texts the sum of their
/// bytes, of instants the greatest), ours by writing a column a batch and then the same sum over it. The sums are compared.
/// </summary>
sealed class ExpressionsBenchmark : IBenchmark
{
    const int BatchRows = 8 * 2048;

    public string Name => "expressions";
    public string Summary => "20 expressions over rows in memory, ours and DuckDB's  [rows = 10000000] [rounds = 5] [only]";

    enum Consume { Sum, Max, Bytes, Count }

    sealed record Case(string Name, string Ours, string Theirs, Consume Consume = Consume.Sum, bool Same = true);

    static readonly Case[] s_cases =
    [
        new("arithmetic", "amount * price - 3.5 * amount / (price + 1.0)", "amount * price - 3.5::double * amount / (price + 1.0::double)"),
        new("ratio, many nulls", "discount / (rating - qty)", "discount / nullif(rating - qty, 0)"),
        new("comparisons", "amount > price and qty between 2 and 20 or price < 5.0", "amount > price and qty between 2 and 20 or price < 5.0::double", Consume.Count),
        new("case", "case when amount > 500.0 then price when amount > 100.0 then price / 2 else 0.0 end", "case when amount > 500::double then price when amount > 100::double then price / 2 else 0::double end"),
        new("coalesce", "coalesce(discount, rating, 0.0)", "coalesce(discount, rating, 0::double)"),
        new("log1p", "log1p(amount)", "ln(1 + amount)"),
        new("sine and cosine of the hour", "sin(2 * pi() * hour(ts) / 24) + cos(2 * pi() * hour(ts) / 24)", "sin(2 * pi() * hour(ts) / 24) + cos(2 * pi() * hour(ts) / 24)"),
        new("bucketize", "bucketize(amount, [0.0, 10.0, 50.0, 100.0, 250.0, 500.0, 750.0, 900.0])", "case when amount < 0 then 0 when amount < 10 then 1 when amount < 50 then 2 when amount < 100 then 3 when amount < 250 then 4 when amount < 500 then 5 when amount < 750 then 6 when amount < 900 then 7 else 8 end"),
        new("clip and round", "round(clip(amount, 10.0, 500.0), 1)", "round(least(greatest(amount, 10::double), 500::double), 1)", Same: false), // theirs rounds x * 10
        new("lower", "lower(page)", "lower(page)", Consume.Bytes),
        new("text equals", "country = 'DE'", "country = 'DE'", Consume.Count),
        new("text in a list", "country in ('DE', 'FR', 'US', 'GB', 'JP', 'IN', 'BR', 'CN')", "country in ('DE', 'FR', 'US', 'GB', 'JP', 'IN', 'BR', 'CN')", Consume.Count),
        new("length", "length(page)", "length(page)"),
        new("like", "page like '%/Item/1%'", "page like '%/Item/1%'", Consume.Count),
        new("date_trunc", "date_trunc('day', ts)", "date_trunc('day', ts)", Consume.Max),
        new("date_diff", "date_diff('hour', ts, seen)", "date_diff('hour', ts, seen)"),
        new("hour and day of week", "hour(ts) * 7 + dayofweek(ts)", "hour(ts) * 7 + dayofweek(ts)"),
        new("haversine", "haversine(lat1, lon1, lat2, lon2)", "2 * 6371.0088::double * asin(least(1, sqrt(pow(sin(radians(lat2 - lat1) / 2), 2) + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2))))"),
        new("cosine similarity", "cosine_similarity(u, v)", "list_cosine_similarity(u, v)"),
        new("hash_bucket", "hash_bucket(page, 1000)", "hash(page) % 1000", Same: false),
    ];

    const string Rows = """
        select (hash(i) % 100000) / 100.0::double as amount, 1 + (hash(i + 1000000007) % 10000) / 100.0::double as price, (hash(i + 3) % 30)::bigint as qty,
          case when hash(i + 4) % 10 < 3 then (hash(i + 5) % 100) / 100.0::double end as discount, case when hash(i + 6) % 10 < 7 then (hash(i + 7) % 50) / 10.0::double end as rating,
          make_timestamp((1577836800000000 + hash(i + 8) % 157680000000000)::bigint) as ts, make_timestamp((1577836800000000 + hash(i + 9) % 157680000000000)::bigint) as seen,
          '/Shop/' || (hash(i + 10) % 50)::varchar || '/Item/' || (hash(i + 11) % 5000)::varchar as page,
          ['DE', 'FR', 'US', 'GB', 'JP', 'IN', 'BR', 'CN', 'AT', 'PL', 'NL', 'SE', 'ES', 'IT', 'CA', 'MX'][1 + (hash(i + 12) % 16)::int] as country,
          (hash(i + 13) % 180000) / 1000.0::double - 90 as lat1, (hash(i + 14) % 360000) / 1000.0::double - 180 as lon1, (hash(i + 15) % 180000) / 1000.0::double - 90 as lat2, (hash(i + 16) % 360000) / 1000.0::double - 180 as lon2,
          [0.5::float + hash(i + 17) % 7, hash(i + 18) % 5, hash(i + 19) % 3, hash(i + 20) % 9, hash(i + 21) % 7, hash(i + 22) % 5, hash(i + 23) % 3, hash(i + 24) % 9]::float[] as u,
          [hash(i + 25) % 7, hash(i + 26) % 5, 0.5::float + hash(i + 27) % 3, hash(i + 28) % 9, hash(i + 29) % 7, hash(i + 30) % 5, hash(i + 31) % 3, hash(i + 32) % 9]::float[] as v
        """;

    public Task<int> RunAsync(string[] args)
    {
        var rows = args.Length > 0 ? long.Parse(args[0], CultureInfo.InvariantCulture) : 10_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        Lockstep.DuckDb.Native.DuckDbLibrary.Load();
        var spill = Directory.CreateTempSubdirectory("lockstep-bench-").FullName;
        using var database = Database.Open(null, new DuckDbOptions { Threads = 2 }, spill);
        using var connection = database.Connect();
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"create table t as {Rows} from range({rows}) r(i)"), CancellationToken.None);
        var batches = Load(connection);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows, batches of {BatchRows:N0}, 2 threads, median of {rounds} rounds\n\n| expression | ours, ms | DuckDB, ms | ratio | ours, CPU ms | DuckDB, CPU ms | ratio |\n|---|---|---|---|---|---|---|"));
        List<(double Wall, double Cpu)> ratios = [];
        foreach (var one in s_cases)
        {
            if (args.Length > 2 && !one.Name.Contains(args[2], StringComparison.Ordinal)) continue;
            var program = ExpressionProgram.Compile(("x", Binder.Bind(one.Ours, new Scope(batches[0].Schema.Fields)).Root));
            List<Time> ours = [], theirs = [];
            var warm = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(warm).TotalSeconds < 0.5) RunOurs(program, batches, one.Consume); // until the JIT has done its best
            for (var round = -1; round < rounds; round++)
            {
                var start = Time.Now;
                var mine = RunOurs(program, batches, one.Consume);
                var middle = Time.Now;
                var other = RunTheirs(connection, one);
                var end = Time.Now;
                if (mine.Count != other.Count || (one.Same && Math.Abs(mine.Sum - other.Sum) > 1e-9 * Math.Abs(other.Sum)))
                    throw new InvalidOperationException($"{one.Name}: ours {mine}, DuckDB's {other}.");
                if (round < 0) continue;
                ours.Add(middle - start);
                theirs.Add(end - middle);
            }
            var (wall, cpu) = (Median(ours, t => t.Wall) / Median(theirs, t => t.Wall), Median(ours, t => t.Cpu) / Median(theirs, t => t.Cpu));
            ratios.Add((wall, cpu));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {one.Name} | {Median(ours, t => t.Wall):0.0} | {Median(theirs, t => t.Wall):0.0} | {wall:0.00} | {Median(ours, t => t.Cpu):0.0} | {Median(theirs, t => t.Cpu):0.0} | {cpu:0.00} |"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nGeometric mean of the ratios: {Math.Exp(ratios.Average(r => Math.Log(r.Wall))):0.00}, of CPU time {Math.Exp(ratios.Average(r => Math.Log(r.Cpu))):0.00}"));
        Directory.Delete(spill, true);
        return Task.FromResult(0);
    }

    static double Median(List<Time> times, Func<Time, double> of) => times.Select(of).Order().ElementAt(times.Count / 2);

    /// <summary>Milliseconds on the clock and on the processors: where others use them too, the second says more.</summary>
    readonly record struct Time(double Wall, double Cpu)
    {
        public static Time Now => new(Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency, Environment.CpuUsage.TotalTime.TotalMilliseconds);
        public static Time operator -(Time a, Time b) => new(a.Wall - b.Wall, a.Cpu - b.Cpu);
    }

    static List<ColumnBatch> Load(Connection connection)
    {
        using var stream = connection.Stream("select * from t", CancellationToken.None);
        var schema = new Schema(stream.Columns.Select(c => new Field(c.Name, VectorReader.NaturalType(c.Type)!)));
        var readers = stream.Columns.Select((c, i) => VectorReader.For(c.Type, schema[i].Type)!).ToArray();
        List<ColumnBatch> batches = [];
        while (stream.Next(CancellationToken.None))
        {
            if (batches.Count == 0 || batches[^1].Count + stream.Rows > BatchRows) batches.Add(new ColumnBatch(schema));
            for (var i = 0; i < readers.Length; i++) readers[i].Append(stream.Vector(i), stream.Rows, batches[^1][i]);
        }
        return batches;
    }

    static (long Count, double Sum) RunOurs(ExpressionProgram program, List<ColumnBatch> batches, Consume consume)
    {
        var next = -1;
        var places = program.Inputs.Select(i => batches[0].Schema.IndexOf(i.Name)).ToArray();
        var parts = new (long Count, double Sum)[2];
        var threads = Enumerable.Range(0, 2).Select(t => new Thread(() =>
        {
            var scratch = new Scratch();
            var output = Column.Create(program.Outputs[0].Type);
            var inputs = new Column[places.Length];
            (long Count, double Sum) sum = (0, consume == Consume.Max ? double.MinValue : 0);
            for (int i; (i = Interlocked.Increment(ref next)) < batches.Count;)
            {
                for (var c = 0; c < places.Length; c++) inputs[c] = batches[i][places[c]];
                output.Clear();
                program.Run(inputs, [output], batches[i].Count, scratch);
                Add(ref sum, output, consume);
            }
            parts[t] = sum;
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return (parts[0].Count + parts[1].Count, consume == Consume.Max ? Math.Max(parts[0].Sum, parts[1].Sum) : parts[0].Sum + parts[1].Sum);
    }

    static void Add(ref (long Count, double Sum) sum, Column column, Consume consume)
    {
        sum.Count += column.Count - column.NullCount;
        switch (column)
        {
            case FixedColumn<double> c: sum.Sum += Total(c.Values, c.Validity); break;
            case FixedColumn<long> c when consume == Consume.Max: sum.Sum = Math.Max(sum.Sum, Greatest(c.Values)); break;
            case FixedColumn<long> c: sum.Sum += Total(c.Values, c.Validity); break;
            case FixedColumn<byte> c: sum.Sum += Total(c.Values, c.Validity); break;
            case BytesColumn c: sum.Sum += c.DataLength; break;
        }
    }

    static double Total<T>(ReadOnlySpan<T> values, ReadOnlySpan<ulong> validity) where T : unmanaged, System.Numerics.INumber<T>
    {
        var sum = 0.0;
        if (validity.IsEmpty) foreach (var value in values) sum += double.CreateTruncating(value);
        else
            for (var i = 0; i < values.Length; i++)
                if ((validity[i >> 6] >> (i & 63) & 1) != 0) sum += double.CreateTruncating(values[i]);
        return sum;
    }

    static long Greatest(ReadOnlySpan<long> values)
    {
        var greatest = long.MinValue;
        foreach (var value in values) greatest = Math.Max(greatest, value);
        return greatest;
    }

    static (long Count, double Sum) RunTheirs(Connection connection, Case one)
    {
        var aggregate = one.Consume switch
        {
            Consume.Max => "max(epoch_us(x))::double",
            Consume.Bytes => "sum(strlen(x))::double",
            Consume.Count => "count_if(x)::double",
            _ => "sum(x)::double",
        };
        using var stream = connection.Stream($"select count(x)::double, {aggregate} from (select {one.Theirs} as x from t)", CancellationToken.None);
        stream.Next(CancellationToken.None);
        var (count, sum) = (new FixedColumn<double>(FeatureType.Float64), new FixedColumn<double>(FeatureType.Float64));
        VectorReader.For(stream.Columns[0].Type, FeatureType.Float64)!.Append(stream.Vector(0), 1, count);
        VectorReader.For(stream.Columns[1].Type, FeatureType.Float64)!.Append(stream.Vector(1), 1, sum);
        return ((long)count.Values[0], sum.Values[0]);
    }
}
