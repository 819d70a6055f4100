using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Write.Parquet;

namespace Lockstep.DuckDb.Tests;

/// <summary>Files of columns without lists, which are written here: what DuckDB reads back, and what it is told of them.</summary>
public sealed class FlatParquetTests : EngineTest
{
    static readonly Schema Flat = new(RandomTables.AllTypesSchema.Fields.Where(f => f.Type.Element is null));

    [Theory]
    [InlineData(1, 1, 0.2), InlineData(2, 2047, 0.2), InlineData(3, 5000, 0), InlineData(4, 5000, 1), InlineData(5, 20_000, 0.5)]
    public void Every_type_comes_back_bit_by_bit(int seed, int count, double nulls)
    {
        var random = new Random(seed);
        List<Value[]> rows = [.. Enumerable.Range(0, count).Select(_ => RandomTables.Row(random, Flat, nulls))];

        AssertComesBack(rows, $"seed {seed}");
    }

    // What makes dictionaries, runs in them, and runs across their ends: few distinct values, each for a while.
    [Theory]
    [InlineData(1, 1), InlineData(2, 2), InlineData(3, 3), InlineData(4, 200), InlineData(5, 1500)]
    public void Few_distinct_values_come_back_however_long_their_runs(int seed, int distinct)
    {
        var random = new Random(seed);
        Value[][] drawn = [.. Enumerable.Range(0, distinct).Select(_ => RandomTables.Row(random, Flat, 0.1))];
        List<Value[]> rows = [];
        while (rows.Count < 6000) rows.AddRange(Enumerable.Repeat(drawn[random.Next(distinct)], random.Next(4) == 0 ? random.Next(1, 100) : random.Next(1, 4)));

        AssertComesBack(rows, $"seed {seed}");
        Assert.Contains("PLAIN_DICTIONARY", Metadata("max(encodings)"));
    }

    [Fact]
    public void Row_groups_are_in_order_also_where_a_batch_is_cut_between_them()
    {
        var schema = new Schema([new("i", FeatureType.Int64), new("s", FeatureType.String), new("d", FeatureType.Float64)]);
        const int rows = 300_000;
        var table = Enumerable.Range(0, rows).Select(i => new[] { Value.Of((long)i), i % 5 == 0 ? Value.Null : Value.Of($"text {i % 40_000}"), i % 7 == 0 ? Value.Null : Value.Of(i * 0.1) });

        Write(At("x.parquet"), TableFormat.Parquet, schema, table, batchRows: 7_777);

        Assert.Equal("122880, 122880, 54240", Metadata("string_agg(n || '', ', ' order by row_group_id)", "(select row_group_id, any_value(row_group_num_rows) n from parquet_metadata('{0}') group by 1)"));
        AssertSame([.. table], Scan(Table(At("x.parquet")), [.. schema.Fields.Select(f => (f.Name, f.Type))]), "cut");
    }

    [Fact]
    public void The_least_and_the_greatest_value_and_the_nulls_are_told()
    {
        var schema = new Schema([new("i", FeatureType.Int32), new("l", FeatureType.Int64), new("d", FeatureType.Float64), new("s", FeatureType.String), new("m", FeatureType.Decimal(30, 2)), new("n", FeatureType.Decimal(5, 2)), new("none", FeatureType.Int64)]);
        Value[] Row(int i, long l, double d, string s, int m) => [Value.Of(i), Value.Of(l), Value.Of(d), Value.Of(s), Value.Decimal(m, 2), Value.Decimal(m, 2), Value.Null];
        Write(At("x.parquet"), TableFormat.Parquet, schema, [Row(3, 4, 0.5, "b", 250), Row(-2, long.MinValue, -1e300, "Ä", -1), [.. Enumerable.Repeat(Value.Null, 7)], Row(7, 9, 1e300, "a", 99_999)]);

        Assert.Equal("i:-2..7 1|l:-9223372036854775808..9 1|d:-1e+300..1e+300 1|s:a..Ä 1|m:-0.01..999.99 1|n:-0.01..999.99 1|none:.. 4",
            Metadata("string_agg(path_in_schema || ':' || coalesce(stats_min_value, '') || '..' || coalesce(stats_max_value, '') || ' ' || stats_null_count, '|' order by column_id)"));
    }

    [Fact]
    public void Text_that_repeats_is_compressed_and_noise_is_left_as_it_is()
    {
        var random = new Random(1);
        var schema = new Schema([new("text", FeatureType.String), new("noise", FeatureType.Int64)]);
        Write(At("x.parquet"), TableFormat.Parquet, schema, Enumerable.Range(0, 20_000).Select(i => new[] { Value.Of($"the same words in row {i}"), Value.Of(random.NextInt64()) }));

        Assert.Equal("SNAPPY, UNCOMPRESSED", Metadata("string_agg(compression, ', ' order by column_id)"));
        Assert.Equal("true", Metadata("(max(total_uncompressed_size / total_compressed_size) > 2) || ''"));
    }

    // A plain reading of the format, byte by byte: the judge of what the compressor writes.
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void What_Snappy_compresses_is_what_a_plain_reader_gets(int seed)
    {
        var random = new Random(seed);
        var snappy = new Snappy(); // one for all: its table is kept
        for (var round = 0; round < 60; round++)
        {
            var bytes = new byte[random.Next(round % 10 == 0 ? 200_000 : 300)];
            random.NextBytes(bytes);
            var (same, alphabet) = (random.Next(1, 200), random.Next(1, 256));
            for (var i = 0; i < bytes.Length; i++) bytes[i] = i >= same && random.Next(40) != 0 ? bytes[i - same] : (byte)(bytes[i] % alphabet);
            var compressed = new byte[Snappy.MaxLength(bytes.Length)];

            var length = snappy.Compress(bytes, compressed);

            Assert.Equal(bytes, Plain(compressed.AsSpan(0, length)));
        }
    }

    static byte[] Plain(ReadOnlySpan<byte> from)
    {
        var (length, shift) = (0, 0);
        while (true)
        {
            length |= (from[0] & 0x7F) << shift;
            shift += 7;
            var more = from[0] >= 0x80;
            from = from[1..];
            if (!more) break;
        }
        List<byte> to = [];
        while (!from.IsEmpty)
        {
            var (tag, kind) = (from[0], from[0] & 3);
            from = from[1..];
            if (kind == 0)
            {
                var count = tag >> 2;
                if (count >= 60)
                {
                    var bytes = count - 59;
                    count = 0;
                    for (var i = 0; i < bytes; i++) count |= from[i] << 8 * i;
                    from = from[bytes..];
                }
                to.AddRange(from[..++count]);
                from = from[count..];
                continue;
            }
            var (copied, offset) = kind == 1 ? (4 + (tag >> 2 & 7), tag >> 5 << 8 | from[0]) : (1 + (tag >> 2), from[0] | from[1] << 8);
            from = from[kind..];
            for (var i = 0; i < copied; i++) to.Add(to[^offset]);
        }
        Assert.Equal(length, to.Count);
        return [.. to];
    }

    void AssertComesBack(List<Value[]> rows, string seed)
    {
        Write(At("x.parquet"), TableFormat.Parquet, Flat, rows, batchRows: 777);

        AssertSame(rows, Scan(Table(At("x.parquet")), [.. Flat.Fields.Select(f => (f.Name, f.Type))]), seed);
        Assert.Equal(Flat, Engine.ReadSchema(Table(At("x.parquet")), None));
    }

    /// <summary>What DuckDB reads in the footer.</summary>
    string Metadata(string expression, string from = "parquet_metadata('{0}')")
    {
        Sql($"copy (select {expression} as x from {string.Format(System.Globalization.CultureInfo.InvariantCulture, from, At("x.parquet"))}) to '{At("m.parquet")}' (format parquet)");
        return Scan(Table(At("m.parquet")), ("x", FeatureType.String))[0][0].AsString;
    }
}
