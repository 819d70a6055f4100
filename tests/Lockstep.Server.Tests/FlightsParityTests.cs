using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Projects;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Server.Tests;

/// <summary>
/// The promise on real data: the flights of 2013, materialized as of three instants, one run after the other, and every vector that is
/// then served held against the training set of the same instant.
/// </summary>
public sealed class FlightsParityTests
{
    const string Definitions = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: entity
        name: plane
        join_keys: { tailnum: string }
        ---
        kind: source
        name: weather
        table: { path: weather.parquet, timestamp: observed_at }
        ---
        kind: source
        name: planes
        table: { path: planes.parquet, timestamp: as_of }
        ---
        kind: source
        name: flights
        table: { path: flights.parquet, timestamp: arrived_at }
        ---
        kind: value_view
        name: weather
        entity: airport
        source: weather
        ttl: 3h
        features: { temp: float64, dewp: float64, humid: float64, wind_dir: float64, wind_speed: float64, wind_gust: float64, precip: float64, pressure: float64, visib: float64 }
        ---
        kind: value_view
        name: plane
        entity: plane
        source: planes
        features: { year: int32, type: string, manufacturer: string, model: string, engines: int32, seats: int32, speed: int32, engine: string }
        ---
        # Where an aircraft came to last, and how late: several may arrive in one minute, so S6 has to decide.
        kind: value_view
        name: arrival
        entity: plane
        sql: select tailnum, arrived_at, arr_delay, air_time, dest from flights where arrived_at is not null
        timestamp: arrived_at
        ttl: 2d
        features: { arr_delay: { type: float64, default: 0 }, air_time: float64, dest: string }
        ---
        kind: value_view
        name: airport_arrival
        entity: airport
        sql: select dest as airport, arrived_at, carrier, arr_delay from flights where arrived_at is not null
        timestamp: arrived_at
        features: { carrier: string, arr_delay: float64 }
        ---
        kind: feature_service
        name: all
        version: 1
        features: [ "weather:*", "plane:*", { view: arrival, as: last, features: [arr_delay, air_time, dest] }, { view: airport_arrival, as: at, features: [carrier, arr_delay] } ]
        """;

    sealed class HeldClock : TimeProvider
    {
        public long Micros { get; set; }
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Micros * 10);
    }

    [Fact]
    public async Task S22_every_served_vector_of_the_flights_is_the_training_row_of_the_same_instant()
    {
        var data = Flights();
        var folder = Directory.CreateTempSubdirectory("lockstep-parity-").FullName;
        try
        {
            foreach (var file in new[] { "weather", "planes", "flights" }) File.Copy(Path.Combine(data, $"{file}.parquet"), Path.Combine(folder, $"{file}.parquet"));
            File.WriteAllText(Path.Combine(folder, "lockstep.yaml"), "project: parity\n");
            Directory.CreateDirectory(Path.Combine(folder, "features"));
            File.WriteAllText(Path.Combine(folder, "features", "all.yaml"), Definitions);
            HeldClock clock = new();
            await using var host = new ProjectHost(ProjectFolder.Open(folder, null, _ => null), clock);
            clock.Micros = Instant.Parse("2013-03-10T12:00:00Z");
            await ApplyAsync(host);
            var catalog = await host.LoadCatalogAsync(CancellationToken.None);
            var keys = Keys(host);
            var present = new HashSet<FeatureStatus>();
            // Around a change of the clocks, with rows still to come; a day later; and after the last weather report.
            foreach (var text in new[] { "2013-03-10T12:00:00Z", "2013-03-11T09:30:00.000001Z", "2013-12-31T23:00:00Z" })
            {
                clock.Micros = Instant.Parse(text);
                var report = await host.Materializer.RunAsync(new() { Catalog = catalog }, null, CancellationToken.None);
                Assert.True(report.Succeeded, string.Join("\n", report.Views.Select(v => v.Error?.Message)));
                var trained = Train(host, catalog, keys, clock.Micros, folder);
                var served = await host.CreateFeatureServer(catalog).GetAsync(new() { Service = "all" }, [.. keys.Select(k => new Dictionary<string, Value>(StringComparer.Ordinal) { ["airport"] = k.Airport, ["tailnum"] = k.Tail })], CancellationToken.None);
                Assert.Equal(keys.Count, served.Rows.Count);
                for (var i = 0; i < keys.Count; i++)
                {
                    Assert.True(served.Rows[i].Select(v => v.Value).SequenceEqual(trained[i]), $"{text}, airport {keys[i].Airport}, plane {keys[i].Tail}:\nserved  {string.Join(", ", served.Rows[i].Select(v => v.Value))}\ntrained {string.Join(", ", trained[i])}");
                    present.UnionWith(served.Rows[i].Select(v => v.Status));
                }
            }
            // The comparison is worth something only if all kinds of answers came up.
            Assert.Equal([FeatureStatus.Present, FeatureStatus.NullValue, FeatureStatus.NotFound, FeatureStatus.OutsideMaxAge], present.Order());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task ApplyAsync(ProjectHost host)
    {
        var service = host.RegistryService;
        var (definitions, problems) = host.Folder.ReadDefinitions();
        Assert.Empty(problems);
        var plan = await service.PlanAsync(definitions, problems, host.Schemas(CancellationToken.None), CancellationToken.None);
        await service.ApplyAsync(plan, "test", "first", CancellationToken.None);
    }

    // Every airport and every aircraft that flies, and some that nobody knows; nulls too.
    static List<(Value Airport, Value Tail)> Keys(ProjectHost host)
    {
        var table = host.Tables.Source(new Source { Name = "flights", Table = new() { Path = "flights.parquet", Format = TableFormat.Parquet, Timestamp = "arrived_at" } });
        using var reader = host.Engine.Scan(new() { Table = table, Columns = [new("origin", new("origin", FeatureType.String)), new("dest", new("dest", FeatureType.String)), new("tailnum", new("tailnum", FeatureType.String))] }, CancellationToken.None);
        SortedSet<string> airports = new(StringComparer.Ordinal) { "???" }, tails = new(StringComparer.Ordinal) { "N0" };
        var batch = new ColumnBatch(reader.Schema);
        while (reader.Read(batch, CancellationToken.None))
            for (var i = 0; i < batch.Count; i++)
            {
                airports.Add(batch[0].GetValue(i).AsString);
                airports.Add(batch[1].GetValue(i).AsString);
                if (!batch[2].IsNull(i)) tails.Add(batch[2].GetValue(i).AsString);
            }
        var places = airports.ToList();
        List<(Value, Value)> keys = [.. tails.Select((t, i) => (Value.Of(places[i % places.Count]), Value.Of(t)))];
        keys.AddRange([(Value.Null, Value.Of("N14228")), (Value.Of("JFK"), Value.Null), (Value.Of("EWR"), Value.Of("N14228")), (Value.Of("LGA"), Value.Of("N14228"))]);
        return keys;
    }

    static List<Value[]> Train(ProjectHost host, Catalog catalog, List<(Value Airport, Value Tail)> keys, long at, string folder)
    {
        var schema = new Schema([new("airport", FeatureType.String), new("tailnum", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)]);
        var spine = Path.Combine(folder, "spine.parquet");
        using (var writer = host.Engine.CreateFile(new(spine, TableFormat.Parquet), schema, CancellationToken.None))
        {
            var batch = new ColumnBatch(schema);
            foreach (var (airport, tail) in keys) batch.AppendRow(airport, tail, Value.Timestamp(at));
            writer.Write(batch, CancellationToken.None);
            writer.Complete(CancellationToken.None);
        }
        var output = new TableOutput(Path.Combine(folder, "out.parquet"), TableFormat.Parquet);
        var report = host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.File(spine), Service = catalog.FindService("all"), Output = output }, null, CancellationToken.None);
        using var reader = host.Engine.Scan(new()
        {
            Table = new() { Name = "the training set", Format = TableFormat.Parquet, Files = [new(output.Path)] },
            Columns = [.. report.Columns.Fields.Skip(3).Select(f => new ScanColumn(f.Name, f))],
            KeepOrder = true,
        }, CancellationToken.None);
        var rows = new List<Value[]>();
        var read = new ColumnBatch(reader.Schema);
        while (reader.Read(read, CancellationToken.None))
            for (var i = 0; i < read.Count; i++) rows.Add(read.GetRow(i));
        return rows;
    }

    static string Flights()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", "data", "nycflights13") is var path && Directory.Exists(path)) return path;
        if (Environment.GetEnvironmentVariable("LOCKSTEP_SHARED") is { } shared && Path.Combine(shared, "data", "nycflights13") is var named && Directory.Exists(named)) return named;
        Assert.Skip("The flights are not here: put the folder shared/data/nycflights13 beside the clone, or set LOCKSTEP_SHARED.");
        return "";
    }
}
