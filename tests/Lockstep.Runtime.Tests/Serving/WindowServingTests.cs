using System.Buffers;
using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Tests.Serving;

/// <summary>Windows in requests: values as of the request's instant, statuses, two lookups of one table, the answer cache.</summary>
public sealed class WindowServingTests
{
    static readonly Window Minute = Parse("1m"), Day = Parse("1d");

    static Window Parse(string text) => Window.TryParse(text, null, out var window) ? window : throw new ArgumentException(text);

    readonly ServingWorld _world = new();
    readonly ViewVersion _view;
    readonly List<NaiveEvent> _events = [];

    public WindowServingTests()
    {
        Source source = new()
        {
            Name = "s",
            Table = new() { Path = "s", Format = TableFormat.Parquet, Timestamp = "ts" },
            Columns = [ServingWorld.F("id", "string"), ServingWorld.F("ts", "timestamp"), ServingWorld.F("x", "float64")],
        };
        _view = _world.View(new ViewVersion
        {
            View = new AggregationView
            {
                Name = "w",
                Entities = ["e"],
                Source = "s",
                Features =
                [
                    new() { Name = "n", Function = "count", Windows = [Minute, Day] },
                    new() { Name = "sum", Function = "sum", Column = "x", Windows = [Minute, Day] },
                    new() { Name = "max", Function = "max", Column = "x", Where = "x > 5", Windows = [Minute] },
                ],
            },
            Fingerprint = "w",
            Keys = new([ServingWorld.F("id", "string")]),
            Features = new([ServingWorld.F("n_1m", "int64"), ServingWorld.F("n_1d", "int64"), ServingWorld.F("sum_1m", "float64"), ServingWorld.F("sum_1d", "float64"), ServingWorld.F("max_1m", "float64")]),
            Defaults = [Value.Null, Value.Null, Value.Null, Value.Null, Value.Of(-1.0)],
            Sources = new Dictionary<string, Source> { ["s"] = source },
        });
    }

    void Put(params (long Ago, double X)[] events)
    {
        var program = EventProgram.Of(_view);
        ColumnBatch batch = new(program.Rows.Schema);
        foreach (var (ago, x) in events)
        {
            _events.Add(new([Value.Of("a")], _world.Now - ago, [Value.Of(x)], [x > 5]));
            batch.AppendRow(Value.Of("a"), Value.Timestamp(_world.Now - ago), Value.Of(x), Value.Of(x > 5));
        }
        TileBuilder builder = new(program.Layout, program.Rows.Schema, _world.Now);
        builder.Add(batch);
        Assert.Equal(1, builder.Sort());
        ArrayBufferWriter<byte> cell = new();
        builder.Write(0, 1, TileCell.TableAlone, cell);
        _world.PutBytes(_view.Id, builder.Key(0), cell.WrittenSpan);
    }

    static string Ask(string feature, string key = "\"a\"") => $$"""{"features":["w:{{feature}}"],"entities":[{"id":{{key}}}]}""";

    [Fact]
    public void S20_a_key_without_events_has_counts_of_0_and_nulls_and_no_instant()
    {
        Assert.Equal(("0", "PRESENT", "null"), _world.Cell(Ask("n_1m")));
        Assert.Equal(("null", "NULL_VALUE", "null"), _world.Cell(Ask("sum_1d")));
        Assert.Equal(("-1", "NULL_VALUE", "null"), _world.Cell(Ask("max_1m")));
    }

    [Fact]
    public void S20_a_null_in_the_key_is_not_found_counts_included() => Assert.Equal(("null", "NOT_FOUND", "null"), _world.Cell(Ask("n_1m", "null")));

    [Fact]
    public void S20_the_instant_is_that_of_the_newest_event_in_the_widest_window()
    {
        Put((2 * Instant.Hour, 3), (Instant.Hour, 4));
        Assert.Equal(("0", "PRESENT", "\"2026-11-01T11:00:00Z\""), _world.Cell(Ask("n_1m")));
        Assert.Equal(("7", "PRESENT", "\"2026-11-01T11:00:00Z\""), _world.Cell(Ask("sum_1d")));
    }

    [Fact]
    public void S20_what_is_out_of_range_is_null_and_says_so_and_stops_nothing_else()
    {
        Put((10 * Instant.Second, 1e300), (9 * Instant.Second, 6));
        Assert.Equal(("null", "OUT_OF_RANGE"), (_world.Cell(Ask("sum_1m")).Value, _world.Cell(Ask("sum_1m")).Status));
        Assert.Equal(("2", "PRESENT"), (_world.Cell(Ask("n_1m")).Value, _world.Cell(Ask("n_1m")).Status));
        Assert.Equal("PRESENT", _world.Cell(Ask("max_1m")).Status);
    }

    [Fact]
    public void S11_windows_move_with_the_clock_and_answers_that_are_kept_with_them()
    {
        Random random = new(3);
        Put([.. Enumerable.Range(0, 60).Select(_ => (random.NextInt64(-5 * Instant.Second, 3 * Instant.Minute), (double)random.Next(1, 10)))]);
        for (var step = 0; step < 300; step++)
        {
            // Asked twice at each instant and at instants close by, so that kept answers take part.
            foreach (var feature in new[] { "n_1m", "sum_1m" })
            {
                NaiveFeature naive = new(feature == "n_1m" ? "count" : "sum", feature == "n_1m" ? -1 : 0, feature == "n_1m" ? null : FeatureType.Float64, Minute);
                var expected = NaiveWindows.Compute(_events, [Value.Of("a")], _world.Now, naive).Value.ToString();
                for (var again = 0; again < 3; again++) Assert.Equal(expected, _world.Cell(Ask(feature)).Value);
            }
            _world.Clock.Advance(TimeSpan.FromMicroseconds(random.Next(3) == 0 ? random.Next(0, 3) : random.Next(0, 900_000)));
        }
    }

    [Fact]
    public void Two_aliases_of_one_table_share_a_read_and_each_has_its_features()
    {
        Put((Instant.Second, 7));
        using var answer = System.Text.Json.JsonDocument.Parse(_world.Post("""{"features":["w:n_1m",{"view":"w","as":"b","keys":{"id":"other"},"features":["sum_1d"]}],"entities":[{"id":"a","other":"a"},{"id":"a","other":"zz"}]}"""));
        var rows = answer.RootElement.GetProperty("rows");
        Assert.Equal("[1,7]", rows[0].GetProperty("values").GetRawText());
        Assert.Equal("[1,null]", rows[1].GetProperty("values").GetRawText());
    }
}
