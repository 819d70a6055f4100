using System.Text;
using System.Text.Json;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

public sealed class StatisticsTests
{
    static JsonElement Collect(FeatureType type, params Value[] values)
    {
        var schema = new Schema([new("c", type)]);
        var statistics = new StatisticsCollector(schema, null);
        foreach (var chunk in values.Chunk(3))
        {
            var batch = new ColumnBatch(schema);
            foreach (var value in chunk) batch.AppendRow(value);
            statistics.Add(batch);
        }
        return JsonDocument.Parse(statistics.ToJson()).RootElement;
    }

    static string? Least(JsonElement stats) => stats.GetProperty("minValues").TryGetProperty("c", out var value) ? value.GetRawText() : null;
    static string? Greatest(JsonElement stats) => stats.GetProperty("maxValues").TryGetProperty("c", out var value) ? value.GetRawText() : null;

    static void Expect(JsonElement stats, string? least, string? greatest) => Assert.Equal((least, greatest), (Least(stats), Greatest(stats)));

    [Fact]
    public void Rows_and_nulls_are_counted()
    {
        var stats = Collect(FeatureType.Int32, Value.Of(3), Value.Null, Value.Of(-4), Value.Null, Value.Of(0));

        Assert.Equal((5, 2), (stats.GetProperty("numRecords").GetInt32(), stats.GetProperty("nullCount").GetProperty("c").GetInt32()));
        Expect(stats, "-4", "3");
        Expect(Collect(FeatureType.Int64, Value.Null, Value.Null), null, null);
        Expect(Collect(FeatureType.Bool, Value.Of(true)), null, null);
        Expect(Collect(FeatureType.Bytes, Value.Of(new byte[] { 1 })), null, null);
        Expect(Collect(FeatureType.List(FeatureType.Int32), Value.List(Value.Of(1))), null, null);
    }

    [Fact]
    public void Integers_keep_all_digits() => Expect(Collect(FeatureType.Int64, Value.Of(long.MinValue), Value.Of(long.MaxValue)), "-9223372036854775808", "9223372036854775807");

    [Fact]
    public void Of_the_two_zeros_each_bound_is_the_outer_one()
    {
        Expect(Collect(FeatureType.Float64, Value.Of(0.0), Value.Of(-0.0)), "-0.0", "0");
        Expect(Collect(FeatureType.Float32, Value.Of(-0f), Value.Of(0f)), "-0.0", "0");
        Expect(Collect(FeatureType.Float64, Value.Of(0.0), Value.Of(1.5)), "0", "1.5");
        Expect(Collect(FeatureType.Float64, Value.Of(-0.0), Value.Of(-1.5)), "-1.5", "-0.0");
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(double.NegativeInfinity)]
    public void Where_a_value_is_not_finite_there_are_no_bounds(double value)
    {
        Expect(Collect(FeatureType.Float64, Value.Of(1.0), Value.Of(value), Value.Of(2.0)), null, null);
        Expect(Collect(FeatureType.Float32, Value.Of((float)value), Value.Of(2f)), null, null);
    }

    [Fact]
    public void Instants_are_cut_to_milliseconds_outwards_before_1970_too()
    {
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(1_999), Value.Timestamp(5_001)), "\"1970-01-01T00:00:00.001Z\"", "\"1970-01-01T00:00:00.006Z\"");
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(-1_999), Value.Timestamp(-1)), "\"1969-12-31T23:59:59.998Z\"", "\"1970-01-01T00:00:00.000Z\"");
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(2_000_000)), "\"1970-01-01T00:00:02.000Z\"", "\"1970-01-01T00:00:02.000Z\"");
    }

    [Fact]
    public void Years_that_others_cannot_spell_have_no_bounds()
    {
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(Instant.Parse("9999-12-31T23:59:59.999")), Value.Timestamp(0)), "\"1970-01-01T00:00:00.000Z\"", "\"9999-12-31T23:59:59.999Z\"");
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(Instant.Parse("9999-12-31T23:59:59.999001")), Value.Timestamp(0)), null, null);
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(long.MinValue), Value.Timestamp(0)), null, null);
        Expect(Collect(FeatureType.Timestamp, Value.Timestamp(long.MaxValue)), null, null);
        Expect(Collect(FeatureType.Date, Value.Date(int.MaxValue), Value.Date(0)), null, null);
        Expect(Collect(FeatureType.Date, Value.Date(Instant.DayOf(Instant.Parse("1582-10-15")))), "\"1582-10-15\"", "\"1582-10-15\"");
    }

    [Fact]
    public void Decimals_beyond_what_a_double_tells_apart_have_no_bounds()
    {
        var type = FeatureType.Decimal(38, 2);
        Expect(Collect(type, Value.Decimal(-12345, 2), Value.Decimal(5, 2)), "-123.45", "0.05");
        Expect(Collect(type, Value.Decimal(999_999_999_999_999, 2), Value.Decimal(0, 2)), "0.00", "9999999999999.99");
        Expect(Collect(type, Value.Decimal(1_000_000_000_000_000, 2), Value.Decimal(0, 2)), null, null);
    }

    [Fact]
    public void Text_is_cut_to_code_points_and_the_greatest_is_raised()
    {
        var long32 = new string('a', 32);
        Expect(Collect(FeatureType.String, Value.Of(""), Value.Of("b")), "\"\"", "\"b\"");
        Expect(Collect(FeatureType.String, Value.Of(long32)), $"\"{long32}\"", $"\"{long32}\"");
        Expect(Collect(FeatureType.String, Value.Of(long32 + "z")), $"\"{long32}\"", $"\"{long32[1..]}b\"");
        var horses = string.Concat(Enumerable.Repeat("🐎", 40));
        var cut = JsonSerializer.Deserialize<string>(Greatest(Collect(FeatureType.String, Value.Of(horses)))!)!;
        Assert.Equal(horses[..62] + char.ConvertFromUtf32(0x1F40F), cut);
        var lastBeforeSurrogates = new string('x', 31) + "\uD7FF";
        Assert.Equal(new string('x', 31) + "\uE000", JsonSerializer.Deserialize<string>(Greatest(Collect(FeatureType.String, Value.Of(lastBeforeSurrogates + "y")))!));
        var highest = string.Concat(Enumerable.Repeat(char.ConvertFromUtf32(0x10FFFF), 33));
        Expect(Collect(FeatureType.String, Value.Of(highest), Value.Of("a")), null, null);
        Assert.Equal("b", JsonSerializer.Deserialize<string>(Greatest(Collect(FeatureType.String, Value.Of("a" + highest)))!));
    }

    [Fact]
    public void Bytes_that_are_no_text_have_no_bounds()
    {
        var schema = new Schema([new("c", FeatureType.String)]);
        var batch = new ColumnBatch(schema);
        ((BytesColumn)batch[0]).Append([0x61, 0xFF]);
        var statistics = new StatisticsCollector(schema, null);
        statistics.Add(batch);

        Expect(JsonDocument.Parse(statistics.ToJson()).RootElement, null, null);
    }

    /// <summary>However text is cut, every value is within the bounds, in the order of its bytes.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void At_random_texts_lie_within_their_bounds(int seed)
    {
        var random = new Random(seed);
        string[] letters = ["a", "b", "é", "日", "🐎", "\uD7FF", "\uFFFF", char.ConvertFromUtf32(0x10FFFF), "\0", "\""];
        for (var round = 0; round < 300; round++)
        {
            var few = letters.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).ToArray();
            var texts = Enumerable.Range(0, random.Next(1, 6)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(0, 70)).Select(_ => few[random.Next(few.Length)]))).ToArray();
            var stats = Collect(FeatureType.String, [.. texts.Select(Value.Of)]);
            if (Least(stats) is not { } least || Greatest(stats) is not { } greatest) continue;
            byte[] from = Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>(least)!), to = Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>(greatest)!);
            foreach (var text in texts)
            {
                var bytes = Encoding.UTF8.GetBytes(text).AsSpan();
                Assert.True(from.AsSpan().SequenceCompareTo(bytes) <= 0 && bytes.SequenceCompareTo(to) <= 0, $"seed {seed}, round {round}: {text}");
            }
            if (texts.All(t => new StringInfoLength(t).Runes <= TextStatistics.Characters)) // not cut: exact
                Assert.Equal((texts.Min(ByBytes), texts.Max(ByBytes)), (JsonSerializer.Deserialize<string>(least), JsonSerializer.Deserialize<string>(greatest)));
        }
    }

    static readonly Comparer<string> ByBytes = Comparer<string>.Create((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)));

    readonly record struct StringInfoLength(string Text)
    {
        public int Runes => Text.EnumerateRunes().Count();
    }

    /// <summary>What is written is read back as a range that holds every instant, and no much wider one.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void At_random_instants_lie_within_the_range_that_is_read_back(int seed)
    {
        var random = new Random(seed);
        foreach (var type in new[] { FeatureType.Timestamp, FeatureType.Date })
            for (var round = 0; round < 300; round++)
            {
                var instants = Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.NextInt64(-10_000, 10_000) * (round % 2 == 0 ? 1 : 1_234_567_891)).ToArray();
                var values = instants.Select(i => type.Kind == TypeKind.Date ? Value.Date((int)(i % 1000)) : Value.Timestamp(i)).ToArray();
                var micros = values.Select(v => v.AsInt64 * (type.Kind == TypeKind.Date ? Instant.Day : 1)).ToArray();
                var schema = new Schema([new("c", type)]);
                var statistics = new StatisticsCollector(schema, null);
                var batch = new ColumnBatch(schema);
                foreach (var value in values) batch.AppendRow(value);
                statistics.Add(batch);

                var times = FileTimes.Of(TestTables.File("f") with { Stats = statistics.ToJson() }, schema[0], isPartition: false)!.Value;

                Assert.True(times.First <= micros.Min() && times.Last >= micros.Max(), $"seed {seed}, round {round}: {times}");
                Assert.True(times.First > micros.Min() - 2_000 && times.Last < micros.Max() + 2_000, $"seed {seed}, round {round}: {times} is too wide");
            }
    }

    [Fact]
    public void Beyond_32_columns_only_the_time_column_has_statistics()
    {
        var schema = new Schema([.. Enumerable.Range(0, 40).Select(i => new Field($"c{i}", FeatureType.Int32)), new("at", FeatureType.Timestamp)]);
        var batch = new ColumnBatch(schema);
        batch.AppendRow([.. Enumerable.Range(0, 40).Select(Value.Of), Value.Timestamp(0)]);
        var statistics = new StatisticsCollector(schema, "at");
        statistics.Add(batch);

        var names = JsonDocument.Parse(statistics.ToJson()).RootElement.GetProperty("minValues").EnumerateObject().Select(p => p.Name);

        Assert.Equal([.. Enumerable.Range(0, 32).Select(i => $"c{i}"), "at"], names);
    }
}
