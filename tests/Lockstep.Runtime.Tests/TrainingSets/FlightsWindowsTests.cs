using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.PointInTime;
using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>The 19,600 golden windows over real flights and weather, by the sweep, bit for bit.</summary>
public sealed class FlightsWindowsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    static readonly string[] s_windows = ["1h", "24h", "7d", "30d", "lifetime"];
    static readonly string[] s_numbers = ["sum", "avg", "var_pop", "var_samp", "stddev_pop", "stddev_samp", "min", "max", "first", "last"];

    [Theory]
    [InlineData("carrier_arrivals", "flights", "arrived_at", "carrier", "arr_delay", "dest")]
    [InlineData("carrier_origin_arrivals", "flights", "arrived_at", "carrier,origin", "arr_delay", "dest")]
    [InlineData("dest_arrivals", "flights", "arrived_at", "dest", "arr_delay", "carrier")]
    [InlineData("tail_arrivals", "flights", "arrived_at", "tailnum", "arr_delay", "dest")]
    [InlineData("airport_weather", "weather", "observed_at", "airport", "wind_speed", null)]
    [InlineData("airport_weather", "weather", "observed_at", "airport", "pressure", null)]
    [InlineData("airport_weather", "weather", "observed_at", "airport", "wind_gust", null)]
    public void S9_S10_S12_S13_the_sweep_gives_the_golden_windows_of_the_flights(string view, string table, string time, string keys, string value, string? distinct)
    {
        var data = TestData.Shared is { } shared ? Path.Combine(shared, "data", "nycflights13") : null;
        if (data is null || !Directory.Exists(data)) Assert.Skip("The flights are not here: set LOCKSTEP_SHARED to the folder that holds data/nycflights13.");
        Field[] keyFields = [.. keys.Split(',').Select(k => new Field(k, FeatureType.String))];
        var x = new Field(value, FeatureType.Float64);
        var builder = new WindowPlanBuilder([.. keyFields.Select(k => k.Type)]);
        foreach (var text in s_windows)
        {
            Window.TryParse(text, null, out var window);
            builder.Add($"count_events_{text}", "count", null, window).Add($"count_values_{text}", "count", x, window);
            foreach (var function in s_numbers) builder.Add($"{function}_{text}", function, x, window);
            foreach (var function in (string[])["first_n", "last_n"]) builder.Add($"{function}_{text}", function, x, window, new Dictionary<string, string> { ["n"] = "5" });
            if (distinct is null) continue;
            builder.Add($"distinct_count_{text}", "distinct_count", new(distinct, FeatureType.String), window);
            builder.Add($"last_distinct_3_{text}", "last_distinct_n", new(distinct, FeatureType.String), window, new Dictionary<string, string> { ["n"] = "3" });
        }
        var plan = builder.Build();
        var spine = TestEngine.ReadAll(fixture.Engine, TestEngine.Table(Path.Combine(data, "expected", "spine.parquet")), new([new("row", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp), .. keyFields]));
        var labels = new LabelIndex(plan.Keys);
        var (columns, times) = (keyFields.Select(k => Column.Create(k.Type)).ToArray(), new FixedColumn<long>(FeatureType.Timestamp));
        foreach (var row in spine)
        {
            times.Append(row[1]);
            for (var k = 0; k < columns.Length; k++) columns[k].Append(row[2 + k]);
        }
        labels.Add(columns, times);
        labels.Build();
        var sweep = new WindowSweep(labels, plan, new() { PartitionLabels = 50 });
        Field[] read = [.. keyFields, new(time, FeatureType.Timestamp), .. plan.Inputs.Fields];
        using (var reader = fixture.Engine.Scan(new() { Table = TestEngine.Table(Path.Combine(data, $"{table}.parquet")), Columns = [.. read.Select(f => new ScanColumn(f.Name, f))] }, CancellationToken.None))
            for (var batch = new ColumnBatch(new(read.Select((f, i) => new Field($"{i}", f.Type)))); reader.Read(batch, CancellationToken.None);) sweep.Add(batch);

        var rows = sweep.Finish(CancellationToken.None);

        var places = new int[spine.Count];
        rows.Find(0, places);
        var found = plan.Features.Select((f, i) =>
        {
            var column = Column.Create(f.Type);
            rows.AppendTo(column, i, Value.Null, places);
            return (f.Name, column);
        }).ToDictionary(f => f.Name, f => f.column);
        var rowOf = spine.Select((r, i) => (Row: r[0].AsInt64, i)).ToDictionary(r => r.Row, r => r.i);
        Field[] golden =
        [
            new("row", FeatureType.Int64), new("view", FeatureType.String), new("window", FeatureType.String), new("column", FeatureType.String), new("count_events", FeatureType.Int64), new("count_values", FeatureType.Int64),
            new("distinct_count", FeatureType.Int64), new("first_n", FeatureType.List(FeatureType.Float64)), new("last_n", FeatureType.List(FeatureType.Float64)), new("last_distinct_3", FeatureType.List(FeatureType.String)),
            .. s_numbers.Select(n => new Field($"{n}_bits", FeatureType.String)),
        ];
        var compared = 0;
        foreach (var line in TestEngine.ReadAll(fixture.Engine, TestEngine.Table(Path.Combine(data, "expected", "aggregations.parquet")), new(golden)))
        {
            if (line[1].AsString != view || line[3].AsString != value) continue;
            var (row, window) = (rowOf[line[0].AsInt64], line[2].AsString);
            for (var i = 4; i < golden.Length; i++)
            {
                var name = golden[i].Name;
                var bits = name.EndsWith("_bits", StringComparison.Ordinal);
                if (!found.TryGetValue($"{(bits ? name[..^5] : name)}_{window}", out var column)) continue;
                var expected = bits && !line[i].IsNull ? Value.Of(BitConverter.Int64BitsToDouble(Convert.ToInt64(line[i].AsString, 16))) : line[i];
                if (expected is { IsNull: false, Kind: TypeKind.List } && expected.AsList.Length == 0) expected = Value.Null; // the golden file writes no value as an empty list
                Assert.True(expected == column.GetValue(row), $"row {line[0]}, {name} over {window}: expected {expected}, found {column.GetValue(row)}");
                compared++;
            }
        }
        Assert.Equal(560 * 5 * (distinct is null ? 14 : 16), compared);
    }
}
