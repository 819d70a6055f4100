using System.Text;
using System.Text.Json;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class JsonTextTests
{
    static string Text(Action<Utf8Buffer> write)
    {
        Utf8Buffer to = new(0);
        write(to);
        return Encoding.UTF8.GetString(to.Written);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void S1_instants_are_written_as_everywhere(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 100_000; i++)
        {
            var micros = random.Next(4) switch
            {
                0 => random.NextInt64(long.MinValue, long.MaxValue),
                1 => random.NextInt64(-5 * Instant.Day, 5 * Instant.Day),
                2 => (random.NextInt64(-1_000_000, 4_000_000) * Instant.Day) + random.Next(-2, 3),
                _ => random.NextInt64(0, 4_000_000_000) * Instant.Second + (long)Math.Pow(10, random.Next(7)),
            };
            Assert.Equal(Instant.Format(micros), Text(to => InstantText.Instant(to, micros)));
            var day = random.Next(3) == 0 ? random.Next(int.MinValue, int.MaxValue) : Instant.DayOf(micros);
            Assert.Equal(Instant.FormatDate(day), Text(to => InstantText.Date(to, day)));
        }
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Any_text_is_read_back_by_any_reader(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => char.ConvertFromUtf32(random.Next(4) switch { 0 => random.Next(0x80), 1 => "\"\\\n\r\t\0/<&"[random.Next(9)], 2 => random.Next(0x80, 0xD800), _ => random.Next(0xE000, 0x110000) })));
            var json = Text(to => JsonText.String(to, Encoding.UTF8.GetBytes(text)));
            Assert.Equal(text, JsonSerializer.Deserialize<string>(json));
        }
    }

    [Fact]
    public void Bytes_that_are_no_utf8_become_replacement_characters()
        => Assert.Equal("\"a\uFFFDb\"", Text(to => JsonText.String(to, [(byte)'a', 0xFF, (byte)'b'])));

    [Fact]
    public void S3_what_json_has_no_number_for_is_null()
    {
        Assert.Equal("null null null", Text(to => JsonText.Float64(to, double.NaN)) + " " + Text(to => JsonText.Float64(to, double.NegativeInfinity)) + " " + Text(to => JsonText.Float32(to, float.PositiveInfinity)));
    }

    [Fact]
    public void The_text_formats_of_the_interfaces()
    {
        Assert.Equal("[\"12.340\",\"-0.01\",\"AQI=\",\"2026-11-01\",\"2026-11-01T12:00:00.5Z\",0.1,1E-07,9223372036854775807,true,[null,[\"é\"]]]", Text(to => PackedJson.Write<NativeDialect>(to, Value.List(
            Value.Decimal(12340, 3), Value.Decimal(-1, 2), Value.Of([1, 2]), Value.Date(20758), Value.Timestamp(Instant.Parse("2026-11-01T12:00:00.5Z")), Value.Of(0.1f), Value.Of(1e-7), Value.Of(long.MaxValue), Value.Of(true), Value.List(Value.Null, Value.List(Value.Of("é")))))));
    }
}
