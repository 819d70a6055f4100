using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class StatusTests
{
    const string Ask = """{"features":["weather:temp"],"entities":[{"airport":"JFK"}]}""";
    const string Noon = "\"2026-11-01T12:00:00Z\"";

    static (ServingWorld World, Action<long, Value> Put) Weather(long ttl = 0, Value @default = default)
    {
        ServingWorld world = new();
        var view = world.View("weather", [ServingWorld.F("airport", "string")], [ServingWorld.F("temp", "float64")], ttl, defaults: [@default]);
        return (world, (time, value) => world.Put(view, [Value.Of("JFK")], (time, [value])));
    }

    [Fact]
    public void S20_a_value_is_present_with_the_instant_of_its_row()
    {
        var (world, put) = Weather();
        put(world.Now, Value.Of(21.5));
        Assert.Equal(("21.5", "PRESENT", Noon), world.Cell(Ask));
    }

    [Fact]
    public void S20_a_null_in_a_row_is_a_null_value()
    {
        var (world, put) = Weather();
        put(world.Now, Value.Null);
        Assert.Equal(("null", "NULL_VALUE", Noon), world.Cell(Ask));
    }

    [Fact]
    public void S20_no_row_is_not_found_and_has_no_instant()
    {
        var (world, _) = Weather();
        Assert.Equal(("null", "NOT_FOUND", "null"), world.Cell(Ask));
    }

    [Fact]
    public void S20_a_row_that_is_still_ahead_is_not_found_until_its_instant()
    {
        var (world, put) = Weather();
        put(world.Now + 1, Value.Of(1.0));
        Assert.Equal("NOT_FOUND", world.Cell(Ask).Status);
        world.Clock.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal(("1", "PRESENT", "\"2026-11-01T12:00:00.000001Z\""), world.Cell(Ask));
    }

    [Fact]
    public void S5_a_row_of_exactly_the_age_limit_counts_and_one_microsecond_older_does_not()
    {
        var (world, put) = Weather(ttl: 10);
        put(world.Now - 10, Value.Of(7.0));
        Assert.Equal("PRESENT", world.Cell(Ask).Status);
        world.Clock.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal(("null", "OUTSIDE_MAX_AGE", "\"2026-11-01T11:59:59.99999Z\""), world.Cell(Ask));
    }

    [Fact]
    public void S20_a_default_replaces_null_and_the_status_still_tells_why()
    {
        var (world, put) = Weather(ttl: 10, @default: Value.Of(50.0));
        Assert.Equal(("50", "NOT_FOUND", "null"), world.Cell(Ask));
        put(world.Now, Value.Null);
        Assert.Equal(("50", "NULL_VALUE", Noon), world.Cell(Ask));
        world.Clock.Advance(TimeSpan.FromMicroseconds(11));
        Assert.Equal(("50", "OUTSIDE_MAX_AGE", Noon), world.Cell(Ask));
    }

    [Fact]
    public void S4_a_null_key_is_not_found_and_leaves_its_neighbours_alone()
    {
        var (world, put) = Weather();
        put(world.Now, Value.Of(1.0));
        const string body = """{"features":["weather:temp"],"entities":[{"airport":null},{"airport":"JFK"},{"airport":null}]}""";
        Assert.Equal(("null", "NOT_FOUND", "null"), world.Cell(body, 0));
        Assert.Equal(("1", "PRESENT", Noon), world.Cell(body, 1));
        Assert.Equal(("null", "NOT_FOUND", "null"), world.Cell(body, 2));
    }

    [Fact]
    public void S20_a_row_whose_features_were_cleaned_up_still_tells_that_it_is_too_old()
    {
        ServingWorld world = new();
        var view = world.View("weather", [ServingWorld.F("airport", "string")], [ServingWorld.F("temp", "float64")], ttl: Instant.Hour);
        System.Buffers.ArrayBufferWriter<byte> key = new(), cell = new();
        EntityKey.TryWrite([Value.Of("JFK")], key);
        ValueCellWriter cells = new();
        cells.Begin(1);
        cells.AddRow(world.Now - 3 * Instant.Day, null, default);
        cells.Write(cell);
        world.PutBytes(view.Id, key.WrittenSpan, cell.WrittenSpan);
        Assert.Equal(("null", "OUTSIDE_MAX_AGE", "\"2026-10-29T12:00:00Z\""), world.Cell(Ask));
    }

    [Fact]
    public void A_damaged_cell_is_an_error_that_names_view_and_key()
    {
        var (world, _) = Weather();
        System.Buffers.ArrayBufferWriter<byte> key = new();
        EntityKey.TryWrite([Value.Of("JFK")], key);
        world.PutBytes("weather@1.0.0", key.WrittenSpan, [9, 9, 9]);
        var message = world.Fails(Ask);
        Assert.Contains("weather@1.0.0", message, StringComparison.Ordinal);
        Assert.Contains("JFK", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statuses_keep_their_numbers()
        => Assert.Equal("Present 1, NullValue 2, NotFound 3, OutsideMaxAge 4, OutOfRange 5", string.Join(", ", Enum.GetValues<FeatureStatus>().Select(s => $"{s} {(int)s}")));
}
