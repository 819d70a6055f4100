using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Bench;

/// <summary>
/// What 20 on-demand features add to a served row: the same request with and without them, in turn, from keys to the text of the answer.
/// The answer cache is off on both sides.
/// </summary>
sealed class OnDemandBenchmark : IBenchmark
{
    const int Users = 1_000;

    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user_id: string }
        ---
        kind: source
        name: users
        table: { path: users.parquet, timestamp: at }
        ---
        kind: value_view
        name: user
        entity: user
        source: users
        ttl: 365d
        features:
          { amount: float64, share: float64, score: float64, rate: float64, orders: int64, total: int64, weight: float32, city: string, gold: bool, seen: timestamp }
        ---
        kind: on_demand_view
        name: context
        request: { price: float64, quantity: int64, distance: float64, planned_at: timestamp, town: string }
        features:
          hour_sin: sin(2 * pi() * hour(planned_at) / 24)
          hour_cos: cos(2 * pi() * hour(planned_at) / 24)
          weekend: dayofweek(planned_at) in (0, 6)
          value: price * quantity
          against_average: coalesce(price * quantity / (user:amount / user:orders), 1)
          spent_log: ln(1 + user:amount)
          price_log: ln(price)
          same_town: lower(town) = lower(user:city)
          far: distance > 1000
          far_and_new: distance > 1000 and user:orders < 10
          days_away: seconds_between(user:seen, now()) / 86400
          wait: seconds_between(now(), planned_at)
          bucket: case when price < 10 then 0 when price < 100 then 1 when price < 1000 then 2 else 3 end
          clipped: least(greatest(user:score, 0), 100)
          weighted: user:score * user:weight + user:share * 0.5
          discount: case when user:gold then 0.1 * price else 0 end
          rest: user:total % 100
          per_order: coalesce(user:total / nullif(user:orders, 0), 0)
          month: month(planned_at)
          root: sqrt(distance * user:rate)
        """;

    const string Request = """{"price":129.9,"quantity":3,"distance":2475.5,"planned_at":"2026-11-01T12:30:00.5Z","town":"Name 77"}""";

    public string Name => "on-demand";
    public string Summary => "what 20 on-demand features add to a served row: at most 2 us and no allocation [--seconds n]";

    public async Task<int> RunAsync(string[] args)
    {
        var seconds = Array.IndexOf(args, "--seconds") is var at and >= 0 ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : 2;
        var folder = Directory.CreateTempSubdirectory("lockstep-on-demand-");
        try
        {
            await using SqliteOnlineStore store = new(new() { Path = Path.Combine(folder.FullName, "online.db") }, TimeProvider.System);
            var read = DefinitionReader.Read([("bench.yaml", Definitions)]);
            var bound = DefinitionBinder.Bind(read.Definitions, Catalog.Empty, _ => null, (_, _) => null);
            if (bound.HasErrors) throw new InvalidOperationException(string.Join("\n", bound.Problems));
            var catalog = bound.ToCatalog(Catalog.Empty, 1);
            await FillAsync(store, catalog);
            FeatureServer server = new(store, TimeProvider.System, new(), catalog);
            Console.WriteLine("| rows in a request | 10 stored features | and 20 computed | added a row | request fields | computing | writing | bytes allocated a row |\n|---|---|---|---|---|---|---|---|");
            foreach (var rows in new[] { 1, 100 }) Compare(server, catalog, rows, seconds);
            return 0;
        }
        finally
        {
            folder.Delete(true);
        }
    }

    static void Compare(FeatureServer server, Catalog catalog, int rows, int seconds)
    {
        Load stored = new(server, ServingPlan.Compile(catalog, FeatureQuery.OfFeatures(["user:*"])), rows), both = new(server, ServingPlan.Compile(catalog, FeatureQuery.OfFeatures(["user:*", "context:*"])), rows);
        stored.Time(seconds / 2.0, Steps.Write); // until the tiers of the JIT have settled
        both.Time(seconds / 2.0, Steps.Write);
        List<double[]> rounds = []; // by step: what computed features add
        List<(double Stored, double Both)> whole = [];
        for (var round = 0; round < 9; round++)
        {
            var added = new double[3];
            foreach (var step in Enum.GetValues<Steps>())
            {
                var (one, other) = (stored.Time(seconds / 9.0, step), both.Time(seconds / 9.0, step));
                added[(int)step] = other - one;
                if (step == Steps.Write) whole.Add((one, other));
            }
            rounds.Add(added);
        }
        var bytes = both.Bytes() - stored.Bytes();
        double Added(Func<double[], double> of) => Median(rounds.Select(of)) / rows;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {rows} | {Median(whole.Select(w => w.Stored)):0.00} us | {Median(whole.Select(w => w.Both)):0.00} us | **{Added(r => r[2]):0.00} us** | {Added(r => r[0]):0.00} us | {Added(r => r[1] - r[0]):0.00} us | {Added(r => r[2] - r[1]):0.00} us | {bytes / (double)rows:0.0} |"));
    }

    /// <summary>How far a request goes.</summary>
    enum Steps { Parse, Read, Write }

    static double Median(IEnumerable<double> values) => values.Order().ToList() is var all ? all[all.Count / 2] : 0;

    /// <summary>One request after the other, without the body around keys and request fields.</summary>
    sealed class Load(FeatureServer server, ServingPlan plan, int rows)
    {
        readonly byte[][] _keys = [.. Enumerable.Range(0, Users).Select(u => Encoding.UTF8.GetBytes(Key(u)))];
        readonly byte[] _request = Encoding.UTF8.GetBytes(Request);

        /// <summary>Microseconds of processor time a request.</summary>
        public double Time(double seconds, Steps until)
        {
            var (start, cpu, count) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, 0);
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
                for (var i = 0; i < 200; i++) Once(count++, until);
            return (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count;
        }

        /// <summary>Bytes allocated a request.</summary>
        public double Bytes()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++) Once(i, Steps.Write);
            return (GC.GetAllocatedBytesForCurrentThread() - before) / 1000.0;
        }

        public void Once(int number, Steps until)
        {
            var request = server.Rent();
            request.Begin(plan, Instant.Now(TimeProvider.System));
            for (var row = 0; row < rows; row++)
            {
                var key = _keys[(number % Users * 7919 + row * 31) % Users];
                var start = request.Parts.Count;
                EntityKey.Bytes(request.Parts, TypeKind.String, key);
                request.RowParts[0] = new(start, request.Parts.Count - start);
                request.AddRow(request.RowParts);
            }
            if (plan.OnDemand is { } onDemand)
                for (var row = 0; row < rows; row++)
                {
                    Utf8JsonReader reader = new(_request);
                    reader.Read();
                    JsonRequestFields.ReadRow(ref reader, _request, onDemand, request.Requests!, row);
                }
            if (until >= Steps.Read) request.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (until == Steps.Write) OnlineResponseJson.Prepare(request);
            server.Return(request);
        }
    }

    static string Key(int user) => string.Create(CultureInfo.InvariantCulture, $"user-{user}");

    static async Task FillAsync(SqliteOnlineStore store, Catalog catalog)
    {
        var random = new Random(1);
        var now = Instant.Now(TimeProvider.System);
        var view = catalog.FindView("user")!;
        RowWriter rows = new(new(view.Features));
        ValueCellWriter cells = new();
        ArrayBufferWriter<byte> key = new(), cell = new();
        CellUpdates updates = new();
        for (var user = 0; user < Users; user++)
        {
            key.ResetWrittenCount();
            cell.ResetWrittenCount();
            EntityKey.TryWrite([Value.Of(Key(user))], key);
            cells.Begin(1);
            cells.AddRow(now - random.NextInt64(Instant.Day * 30), null, rows.Write(
                Value.Of(random.NextDouble() * 1000), Value.Of(random.NextDouble()), Value.Of(Math.Round(random.NextDouble() * 100, 2)), Value.Of(random.NextDouble() * 1e-3),
                Value.Of(random.NextInt64(1000)), Value.Of(random.NextInt64(1_000_000_000)), Value.Of(random.NextSingle()), Value.Of($"name {random.Next(1000)}"),
                Value.Of(random.Next(2) == 0), Value.Timestamp(now / Instant.Second * Instant.Second - random.Next(1_000_000) * Instant.Second)));
            cells.Write(cell);
            updates.Add(key.WrittenSpan, cell.WrittenSpan);
        }
        updates.SortByKey();
        await store.WriteAsync(view.Id, updates, new TakeUpdate(), Fence.None, CancellationToken.None);
    }
}
