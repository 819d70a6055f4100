using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.PointInTime;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>Real flights: every flight of 2013 from New York with the weather at its airport and its plane, as of its scheduled departure.</summary>
public sealed class FlightsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    static readonly Field[] Weather =
    [
        new("temp", FeatureType.Float64), new("dewp", FeatureType.Float64), new("humid", FeatureType.Float64), new("wind_dir", FeatureType.Float64), new("wind_speed", FeatureType.Float64),
        new("wind_gust", FeatureType.Float64), new("precip", FeatureType.Float64), new("pressure", FeatureType.Float64), new("visib", FeatureType.Float64),
    ];

    static readonly Field[] Planes =
    [
        new("year", FeatureType.Int32), new("type", FeatureType.String), new("manufacturer", FeatureType.String), new("model", FeatureType.String),
        new("engines", FeatureType.Int32), new("seats", FeatureType.Int32), new("speed", FeatureType.Int32), new("engine", FeatureType.String),
    ];

    const long Ttl = 3 * Instant.Hour;

    [Fact]
    public void S18_every_flight_has_the_golden_values_and_those_of_a_naive_program()
    {
        var data = Data();
        using var folder = new TempFolder();
        var report = Run(data, folder, Spine.File(Path.Combine(data, "flights.parquet")), "scheduled_at", Features("origin"));

        Assert.Equal(336_776, report.Rows);
        var spine = TestEngine.ReadAll(fixture.Engine, TestEngine.Table(Path.Combine(data, "expected", "spine.parquet")), new([new("row", FeatureType.Int64), new("flight_id", FeatureType.Int64)])).ToDictionary(r => r[0].AsInt64, r => r[1].AsInt64);
        var random = new Random(2013);
        var sample = Enumerable.Range(0, 1500).Select(_ => random.NextInt64(report.Rows) + 1).ToHashSet();
        var golden = spine.Values.ToHashSet();
        Dictionary<long, Value[]> rows = [];
        var next = 1L;
        TestEngine.Read(fixture.Engine, TestEngine.Table(folder.At("out.parquet")), report.Columns, (batch, row) =>
        {
            var flight = ((FixedColumn<long>)batch[Place(report, "flight_id")]).Values[row];
            Assert.Equal(next++, flight); // once, in order
            if (sample.Contains(flight) || golden.Contains(flight)) rows.Add(flight, batch.GetRow(row));
        });
        Assert.Equal(report.Rows, next - 1);
        CompareWithGolden(data, report, rows, spine);
        CompareWithNaive(data, report, rows, sample);
    }

    [Fact]
    public void S20_lookups_end_as_the_golden_rows_say_and_S19_holds()
    {
        var data = Data();
        using var folder = new TempFolder();
        var spine = Spine.File(Path.Combine(data, "expected", "spine.parquet"));

        var report = Run(data, folder, spine, null, Features(null));

        Assert.Equal((552, 0, 8), (report.Lookups[0].Found, report.Lookups[0].NotFound, report.Lookups[0].OutsideMaxAge));
        Assert.Equal((445, 115, 0), (report.Lookups[1].Found, report.Lookups[1].NotFound, report.Lookups[1].OutsideMaxAge));
        var proof = new TrainingSetProof(fixture.Engine, Tables(data), TimeProvider.System).Run(Request(folder, spine, null, Features(null)), 2, null, CancellationToken.None);
        Assert.True(proof.Holds, proof.ToString());
        Assert.True(proof.Cuts[0].Dropped > 1000 && proof.Cuts[0].Compared is > 200 and < 560, proof.ToString());
    }

    [Fact]
    public void A_delay_that_is_known_at_the_scheduled_departure_is_pointed_out()
    {
        var data = Data();
        using var folder = new TempFolder();

        var report = Run(data, folder, Spine.File(Path.Combine(data, "flights_sample.csv")), "scheduled_at", [new() { View = "leak", Features = ["delay"] }]);

        Assert.Contains(report.Warnings, w => w.StartsWith("Column 'arr_delay' equals the feature 'delay' in all 1,9", StringComparison.Ordinal));
    }

    // 560 rows that were computed with plain loops over all rows; see the README of the data.
    void CompareWithGolden(string data, TrainingSetReport report, Dictionary<long, Value[]> rows, Dictionary<long, long> spine)
    {
        var golden = TestEngine.ReadAll(fixture.Engine, TestEngine.Table(Path.Combine(data, "expected", "value_views.parquet")),
            new([new("row", FeatureType.Int64), new("feature", FeatureType.String), new("status", FeatureType.String), new("text", FeatureType.String), new("bits", FeatureType.String)]));
        Assert.Equal(560 * 4, golden.Count);
        foreach (var line in golden)
        {
            var feature = line[1].AsString;
            var found = rows[spine[line[0].AsInt64]][Place(report, feature)];
            var shown = found.IsNull ? Value.Null : Value.Of(found.Kind == TypeKind.Float64 ? BitConverter.DoubleToInt64Bits(found.AsFloat64).ToString("x16", CultureInfo.InvariantCulture) : found.ToString());
            var expected = found.Kind == TypeKind.Float64 ? line[4] : line[3];
            Assert.True(shown == expected && (line[2].AsString == "PRESENT" || found.IsNull), $"label row {line[0]}, {feature}: expected {expected} ({line[2]}), found {shown}");
        }
    }

    void CompareWithNaive(string data, TrainingSetReport report, Dictionary<long, Value[]> rows, HashSet<long> sample)
    {
        var weather = Naive(data, "weather.parquet", "airport", "observed_at", Weather);
        var planes = Naive(data, "planes.parquet", "tailnum", "as_of", Planes);
        var (origin, tail, time) = (Place(report, "origin"), Place(report, "tailnum"), Place(report, "scheduled_at"));
        var first = report.Columns.Count - Weather.Length - Planes.Length;
        foreach (var row in sample.Select(flight => rows[flight]))
        {
            Value[] expected = [.. Newest(weather, row[origin], row[time], Ttl, Weather.Length), .. Newest(planes, row[tail], row[time], 0, Planes.Length)];
            Assert.True(expected.AsSpan().SequenceEqual(row.AsSpan(first)), $"flight {row[0]}: expected {string.Join(", ", expected)}, found {string.Join(", ", row[first..])}");
        }
    }

    static Value[] Newest(Dictionary<Value, List<ViewRow>> rows, Value key, Value time, long ttl, int features)
        => (!key.IsNull && rows.TryGetValue(key, out var own) ? NaiveTwin.Newest(own, new([key], time.AsInt64), ttl, false, false)?.Features : null) ?? new Value[features];

    Dictionary<Value, List<ViewRow>> Naive(string data, string file, string key, string time, Field[] features)
        => TestEngine.ReadAll(fixture.Engine, TestEngine.Table(Path.Combine(data, file)), new([new(key, FeatureType.String), new(time, FeatureType.Timestamp), .. features]))
            .GroupBy(r => r[0], r => new ViewRow(r[..1], r[1].AsInt64, null, r[2..])).ToDictionary(g => g.Key, g => g.ToList());

    static int Place(TrainingSetReport report, string column) => report.Columns.IndexOf(column);

    static FeatureSelection[] Features(string? airportColumn) =>
    [
        new() { View = "weather", Keys = airportColumn is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["airport"] = airportColumn } },
        new() { View = "plane" },
    ];

    TrainingSetReport Run(string data, TempFolder folder, Spine spine, string? timestamp, FeatureSelection[] features)
        => new TrainingSetBuilder(fixture.Engine, Tables(data), TimeProvider.System).Run(Request(folder, spine, timestamp, features), null, CancellationToken.None);

    static TrainingSetRequest Request(TempFolder folder, Spine spine, string? timestamp, FeatureSelection[] features)
        => new() { Catalog = Catalog(), Spine = spine, Timestamp = timestamp, Features = features, Output = new(folder.At("out.parquet"), TableFormat.Parquet) };

    static SourceTables Tables(string data) => new(data, null!, TimeProvider.System);

    static Catalog Catalog() => new(1, [],
        [Source("weather", "weather.parquet", "observed_at"), Source("planes", "planes.parquet", "as_of"), Source("flights", "flights.parquet", "scheduled_at")],
        [View("weather", "weather", new("airport", FeatureType.String), Weather, Ttl), View("plane", "planes", new("tailnum", FeatureType.String), Planes, 0), View("leak", "flights", new("flight_id", FeatureType.Int64), [new("delay", FeatureType.Float64)], 0, "arr_delay")], []);

    static Source Source(string name, string path, string timestamp) => new() { Name = name, Table = new() { Path = path, Format = TableFormat.Parquet, Timestamp = timestamp } };

    static ViewVersion View(string name, string source, Field key, Field[] features, long ttl, string? column = null) => new()
    {
        View = new ValueView { Name = name, Source = source, Ttl = ttl, Features = [.. features.Select(f => new ValueFeature { Name = f.Name, Column = column ?? f.Name, Type = f.Type })] },
        Fingerprint = name,
        Keys = new([key]),
        Features = new(features),
        Defaults = [.. features.Select(_ => Value.Null)],
    };

    static string Data()
    {
        var folder = TestData.Shared is null ? null : Path.Combine(TestData.Shared, "data", "nycflights13");
        if (folder is null || !Directory.Exists(folder)) Assert.Skip("The flights are not here: put the folder shared/data/nycflights13 beside the clone, or set LOCKSTEP_SHARED.");
        return folder;
    }
}
