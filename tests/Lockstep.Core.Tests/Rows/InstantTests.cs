using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class InstantTests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1970-01-01", 0)]
    [InlineData("1970-01-01 00:00", 0)]
    [InlineData("1970-01-01T00:00:00", 0)] // S1: without an offset it is UTC
    [InlineData("1970-01-01T02:00:00+02:00", 0)] // S1: with one it is converted
    [InlineData("1970-01-01T00:00:00.0000019Z", 1)] // S1: finer digits are rounded down
    [InlineData("1969-12-31T23:59:59.9999999Z", -1)] // S1: before 1970 too
    [InlineData("1969-12-31T23:59:59.5Z", -500_000)]
    [InlineData("2000-02-29T00:00:00-0130", 951_787_800_000_000)]
    [InlineData("0001-01-01T00:00:00Z", -62_135_596_800_000_000)]
    [InlineData("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999)]
    public void S1_text_becomes_microseconds_in_UTC(string text, long micros)
    {
        Assert.True(Instant.TryParse(text, out var read), text);
        Assert.Equal(micros, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026")]
    [InlineData("2026-02-29")]
    [InlineData("2026-13-01")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:00:60Z")]
    [InlineData("2026-01-01T00:00:00.Z")]
    [InlineData("2026-01-01T00:00:00Zx")]
    [InlineData("2026-01-01T00:00:00+25:00")]
    [InlineData("12026-01-01")]
    [InlineData("+999999-01-01")]
    public void What_is_no_instant_is_refused(string text) => Assert.False(Instant.TryParse(text, out _));

    [Theory]
    [InlineData(0, "1970-01-01T00:00:00Z")]
    [InlineData(-1, "1969-12-31T23:59:59.999999Z")]
    [InlineData(1_500_000, "1970-01-01T00:00:01.5Z")]
    [InlineData(long.MinValue, "-290308-12-21T19:59:05.224192Z")]
    [InlineData(long.MaxValue, "+294247-01-10T04:00:54.775807Z")]
    public void S1_instants_are_written_with_as_many_digits_as_needed(long micros, string text) => Assert.Equal(text, Instant.Format(micros));

    [Fact]
    public void S1_every_instant_reads_back_and_agrees_with_the_framework()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var micros = i % 2 == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.NextInt64(-62_135_596_800_000_000, 253_402_300_799_999_999);
            Assert.Equal(micros, Instant.Parse(Instant.Format(micros)));
            if (i % 2 == 0) continue;
            var theirs = DateTimeOffset.UnixEpoch.AddTicks(micros * 10);
            Assert.Equal(theirs.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", System.Globalization.CultureInfo.InvariantCulture), Instant.Format(micros));
            Assert.Equal(micros, Instant.FromDateTimeOffset(theirs));
        }
    }

    [Fact]
    public void S1_ticks_below_a_microsecond_are_rounded_down_before_1970_too()
    {
        Assert.Equal(0, Instant.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddTicks(9)));
        Assert.Equal(-1, Instant.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddTicks(-1)));
        Assert.Equal(-1, Instant.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddTicks(-10)));
    }

    [Fact]
    public void S9_floor_rounds_towards_the_past()
    {
        Assert.Equal(-Instant.Hour, Instant.Floor(-1, Instant.Hour));
        Assert.Equal(0, Instant.Floor(0, Instant.Hour));
        Assert.Equal(-Instant.Hour, Instant.Floor(-Instant.Hour, Instant.Hour));
        Assert.Equal(Instant.Hour, Instant.Floor(2 * Instant.Hour - 1, Instant.Hour));
    }
}
