using System.Globalization;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>19,600 windows of real flights that were computed with plain loops (see the README of the data): from a training set and from tiles, every bit.</summary>
public sealed class FlightWindowsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    static readonly string[] Windows = ["1h", "24h", "7d", "30d", "lifetime"];

    static readonly (string View, string Source, string[] Keys, string[] Columns, string? Distinct)[] Views =
    [
        ("carrier_arrivals", "arrivals", ["carrier"], ["arr_delay"], "dest"),
        ("carrier_origin_arrivals", "arrivals", ["carrier", "origin"], ["arr_delay"], "dest"),
        ("dest_arrivals", "arrivals", ["dest"], ["arr_delay"], "carrier"),
        ("tail_arrivals", "arrivals", ["tailnum"], ["arr_delay"], "dest"),
        ("airport_weather", "weather", ["airport"], ["wind_speed", "pressure", "wind_gust"], null),
    ];

    static readonly (string Golden, string Function)[] Numbers =
        [("sum", "sum"), ("avg", "avg"), ("var_pop", "var_pop"), ("var_samp", "var_samp"), ("stddev_pop", "stddev_pop"), ("stddev_samp", "stddev_samp"), ("min", "min"), ("max", "max"), ("first", "first"), ("last", "last")];

    static readonly Schema GoldenColumns = new(
    [
        new("row", FeatureType.Int64), new("view", FeatureType.String), new("window", FeatureType.String), new("column", FeatureType.String), new("count_events", FeatureType.Int64), new("count_values", FeatureType.Int64),
        .. Numbers.Select(n => new Field($"{n.Golden}_bits", FeatureType.String)), new("first_n", FeatureType.List(FeatureType.Float64)), new("last_n", FeatureType.List(FeatureType.Float64)),
        new("distinct_count", FeatureType.Int64), new("last_distinct_3", FeatureType.List(FeatureType.String)),
    ]);

    internal static readonly Schema SpineColumns = new([new("row", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp), .. new[] { "carrier", "origin", "airport", "dest", "tailnum" }.Select(n => new Field(n, FeatureType.String))]);

    [Fact]
    public void S9_S13_a_training_set_has_every_bit_of_the_golden_windows()
    {
        var data = Data();
        using var folder = new TempFolder();
        var catalog = Catalog();
        var report = new TrainingSetBuilder(fixture.Engine, new SourceTables(data, null!, TimeProvider.System), TimeProvider.System).Run(new()
        {
            Catalog = catalog,
            Spine = Spine.File(Path.Combine(data, "expected", "spine.parquet")),
            Features = [.. catalog.Views.Select(v => new FeatureSelection { View = v.Name })],
            FullNames = true,
            Output = new(folder.At("out.parquet"), TableFormat.Parquet),
        }, null, CancellationToken.None);
        Dictionary<long, Value[]> rows = [];
        var at = report.Columns.IndexOf("row");
        TestEngine.Read(fixture.Engine, TestEngine.Table(folder.At("out.parquet")), report.Columns, (batch, row) => rows.Add(batch[at].GetValue(row).AsInt64, batch.GetRow(row)));
        Compare(fixture.Engine, data, (row, name) => rows[row][report.Columns.IndexOf(name)]);
    }

    // For each label the cell of its key as a run at that instant makes it, and the answer of that instant. All 560 take minutes.
    [Theory]
    [InlineData(8)]
    [InlineData(1, Explicit = true)]
    public void S9_S11_S13_tiles_have_every_bit_of_the_golden_windows(int every)
    {
        var data = Data();
        var spine = TestEngine.ReadAll(fixture.Engine, TestEngine.Table(Path.Combine(data, "expected", "spine.parquet")), SpineColumns);
        Dictionary<(long, string), Value> values = [];
        foreach (var view in Catalog().Views)
        {
            var program = EventProgram.Of(view);
            var events = EventsByKey(data, program);
            var windows = new TileWindows(program.Layout, [.. Enumerable.Range(0, view.Features.Count)]);
            foreach (var label in spine.Where(l => l[0].AsInt64 % every == 0))
            {
                Value[] key = [.. view.Keys.Fields.Select(k => label[SpineColumns.IndexOf(k.Name)])];
                if (key.Any(k => k.IsNull)) continue;
                var at = label[1].AsInt64;
                windows.Read(events.TryGetValue(string.Join('|', key), out var own) ? Cell(program, own, at) : default, at);
                for (var i = 0; i < view.Features.Count; i++)
                {
                    Assert.NotEqual(AggregateStatus.OutOfRange, windows.Status(i));
                    values.Add((label[0].AsInt64, $"{view.Name}__{view.Features[i].Name}"), windows.Value(i).GetValue(0));
                }
            }
        }
        Compare(fixture.Engine, data, (row, name) => values.GetValueOrDefault((row, name)), row => row % every == 0);
    }

    static byte[] Cell(EventProgram program, ColumnBatch events, long now)
    {
        TileBuilder builder = new(program.Layout, program.Rows.Schema, now);
        builder.Add(events);
        if (builder.Sort() == 0) return [];
        System.Buffers.ArrayBufferWriter<byte> cell = new();
        builder.Write(0, 1, TileCell.TableAlone, cell);
        return cell.WrittenSpan.ToArray();
    }

    Dictionary<string, ColumnBatch> EventsByKey(string data, EventProgram program)
    {
        Dictionary<string, ColumnBatch> events = new(StringComparer.Ordinal);
        using var reader = fixture.Engine.Scan(new() { Table = TestEngine.Table(Path.Combine(data, program.Source.Table!.Path)), Columns = ViewColumns.Scan(program.Rows) }, CancellationToken.None);
        var rows = program.Rows.Open();
        while (reader.Read(rows.Input, CancellationToken.None))
        {
            rows.Run();
            for (var row = 0; row < rows.Output.Count; row++)
            {
                var key = string.Join('|', Enumerable.Range(0, program.View.Keys.Count).Select(i => rows.Output[i].GetValue(row)));
                if (!events.TryGetValue(key, out var own)) events.Add(key, own = new(program.Rows.Schema));
                for (var i = 0; i < own.Columns.Count; i++) own[i].AppendFrom(rows.Output[i], row);
            }
        }
        return events;
    }

    /// <summary>Holds features, by the label's row and their full names, against the golden windows.</summary>
    internal static void Compare(IBatchEngine engine, string data, Func<long, string, Value> found, Func<long, bool>? chosen = null)
    {
        var golden = TestEngine.ReadAll(engine, TestEngine.Table(Path.Combine(data, "expected", "aggregations.parquet")), GoldenColumns);
        Assert.Equal(19_600, golden.Count);
        foreach (var line in golden.Where(l => chosen is null || chosen(l[0].AsInt64)))
        {
            var (row, view, window, column) = (line[0].AsInt64, line[1].AsString, line[2].AsString, line[3].AsString);
            var distinct = Views.First(v => v.View == view).Distinct;
            Check("count", line[4]);
            Check($"{column}_count", line[5]);
            foreach (var (name, _) in Numbers) Check($"{column}_{name}", line[GoldenColumns.IndexOf($"{name}_bits")]);
            Check($"{column}_first_n", Listed(line[GoldenColumns.IndexOf("first_n")]));
            Check($"{column}_last_n", Listed(line[GoldenColumns.IndexOf("last_n")]));
            if (distinct is null) continue;
            Check("distinct", line[GoldenColumns.IndexOf("distinct_count")]);
            Check("last_distinct", Listed(line[GoldenColumns.IndexOf("last_distinct_3")]));

            void Check(string feature, Value expected)
            {
                var value = found(row, $"{view}__{feature}_{window}");
                var shown = value.Kind == TypeKind.Float64 && !value.IsNull ? Value.Of(BitConverter.DoubleToInt64Bits(value.AsFloat64).ToString("x16", CultureInfo.InvariantCulture)) : value;
                Assert.True(shown == expected, $"label row {row}, {view}, {feature} over {window}: expected {expected}, found {shown}");
            }
        }

        static Value Listed(Value list) => list.IsNull || list.AsList.Length == 0 ? Value.Null : list;
    }

    /// <param name="pushed">The events come by a stream, and from nowhere else.</param>
    internal static Catalog Catalog(bool pushed = false)
    {
        Source arrivals = new()
        {
            Name = "arrivals",
            Table = new() { Path = "flights.parquet", Format = TableFormat.Parquet, Timestamp = "arrived_at" },
            Columns = [.. new[] { "carrier", "origin", "dest", "tailnum" }.Select(n => new Field(n, FeatureType.String)), new("arrived_at", FeatureType.Timestamp), new("arr_delay", FeatureType.Float64)],
        };
        Source weather = new()
        {
            Name = "weather",
            Table = new() { Path = "weather.parquet", Format = TableFormat.Parquet, Timestamp = "observed_at" },
            Columns = [new("airport", FeatureType.String), new("observed_at", FeatureType.Timestamp), .. new[] { "wind_speed", "pressure", "wind_gust" }.Select(n => new Field(n, FeatureType.Float64))],
        };
        if (pushed) (arrivals, weather) = (Stream(arrivals), Stream(weather));
        return new(1, [], [arrivals, weather], Views.Select(v => View(v.View, v.Source == "weather" ? weather : arrivals, v.Keys, v.Columns, v.Distinct)), []);
    }

    static Source Stream(Source source) => source with { Table = null, Stream = new PushStreamSource { Timestamp = source.Table!.Timestamp } };

    static ViewVersion View(string name, Source source, string[] keys, string[] columns, string? distinct)
    {
        Window[] windows = [.. Windows.Select(w => Window.TryParse(w, null, out var window) ? window : default)];
        List<AggregateFeature> features = [new() { Name = "count", Function = "count", Windows = windows }];
        foreach (var column in columns)
        {
            features.Add(new() { Name = $"{column}_count", Function = "count", Column = column, Windows = windows });
            features.AddRange(Numbers.Select(n => new AggregateFeature { Name = $"{column}_{n.Golden}", Function = n.Function, Column = column, Windows = windows }));
            features.AddRange(new[] { "first_n", "last_n" }.Select(f => new AggregateFeature { Name = $"{column}_{f}", Function = f, Column = column, Windows = windows, Parameters = new SortedDictionary<string, string> { ["n"] = "5" } }));
        }
        if (distinct is not null)
        {
            features.Add(new() { Name = "distinct", Function = "distinct_count", Column = distinct, Windows = windows });
            features.Add(new() { Name = "last_distinct", Function = "last_distinct_n", Column = distinct, Windows = windows, Parameters = new SortedDictionary<string, string> { ["n"] = "3" } });
        }
        var schema = features.SelectMany(f => windows.Select(w => new Field($"{f.Name}_{w.Name}", AggregateCatalog.BuiltIn.Bind(f.Function, f.Column is { } c ? source.Columns!.First(x => x.Name == c).Type : null, f.Parameters, w).Output.Type))).ToList();
        return new()
        {
            View = new AggregationView { Name = name, Source = source.Name, Features = features },
            Fingerprint = name,
            Keys = new(keys.Select(k => new Field(k, FeatureType.String))),
            Features = new(schema),
            Defaults = [.. schema.Select(_ => Value.Null)],
            Sources = new Dictionary<string, Source> { [source.Name] = source },
        };
    }

    internal static string Data()
    {
        var folder = TestData.Shared is null ? null : Path.Combine(TestData.Shared, "data", "nycflights13");
        if (folder is null || !Directory.Exists(folder)) Assert.Skip("The flights are not here: put the folder shared/data/nycflights13 beside the clone, or set LOCKSTEP_SHARED.");
        return folder;
    }
}
