using System.Text;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Server.Feast;

namespace Lockstep.Server.Tests.Feast;

public sealed class DialectTests
{
    static string Text(Action<Utf8Buffer> write)
    {
        Utf8Buffer to = new();
        write(to);
        return Encoding.UTF8.GetString(to.Written);
    }

    [Theory]
    [InlineData("2026-02-11T00:00:00Z", "\"2026-02-11T00:00:00Z\"", "1770768000"), InlineData("2026-02-11T00:00:00.5Z", "\"2026-02-11T00:00:00.500Z\"", "1770768000"), InlineData("2026-02-11T00:00:00.005Z", "\"2026-02-11T00:00:00.005Z\"", "1770768000")]
    [InlineData("2026-02-11T00:00:00.12Z", "\"2026-02-11T00:00:00.120Z\"", "1770768000"), InlineData("2026-02-11T00:00:00.1234Z", "\"2026-02-11T00:00:00.123400Z\"", "1770768000"), InlineData("2026-02-11T00:00:00.000001Z", "\"2026-02-11T00:00:00.000001Z\"", "1770768000")]
    [InlineData("1969-12-31T23:59:59.999999Z", "\"1969-12-31T23:59:59.999999Z\"", "-1"), InlineData("1969-12-31T23:59:58.000001Z", "\"1969-12-31T23:59:58.000001Z\"", "-2")]
    public void S1_event_timestamps_keep_their_fraction_and_timestamp_features_are_seconds_rounded_down(string instant, string time, string seconds)
    {
        Assert.Equal(time, Text(to => FeastDialect.EventTimestamp(to, Instant.Parse(instant))));
        Assert.Equal(seconds, Text(to => FeastDialect.Timestamp(to, Instant.Parse(instant))));
    }

    [Theory, InlineData(1d, "1.0"), InlineData(0.1, "0.1"), InlineData(-3d, "-3.0"), InlineData(1e300, "1E+300"), InlineData(1e15, "1000000000000000.0"), InlineData(double.NaN, "null")]
    public void A_float_stays_one_for_python(double value, string text) => Assert.Equal(text, Text(to => FeastDialect.Float64(to, value)));

    [Fact]
    public void A_float32_is_widened() => Assert.Equal("0.10000000149011612", Text(to => FeastDialect.Float32(to, 0.1f)));
}
