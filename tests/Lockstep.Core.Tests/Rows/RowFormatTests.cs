using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class RowFormatTests
{
    static readonly Schema Everything = new(
    [
        new("flag", FeatureType.Bool), new("small", FeatureType.Int32), new("name", FeatureType.String), new("big", FeatureType.Int64),
        new("f", FeatureType.Float32), new("d", FeatureType.Float64), new("price", FeatureType.Decimal(10, 2)), new("raw", FeatureType.Bytes),
        new("at", FeatureType.Timestamp), new("on", FeatureType.Date), new("vector", FeatureType.List(FeatureType.Float32)),
        new("words", FeatureType.List(FeatureType.String)),
    ]);

    static readonly Value[] EverythingRow =
    [
        Value.Of(true), Value.Of(-2), Value.Of("hé"), Value.Of(1L << 40), Value.Of(1.5f), Value.Of(-0.25), Value.Decimal(12345, 2),
        Value.Of([7, 8]), Value.Timestamp(1_000_001), Value.Date(-1), Value.List(Value.Of(1f), Value.Null), Value.List(Value.Of("a"), Value.Null, Value.Of("bc")),
    ];

    // Stored in online stores and read back by later versions: if this test fails, the format has changed and needs a new version byte.
    [Fact]
    public void Bytes_of_a_row_are_pinned()
    {
        var row = new RowWriter(new RowLayout(Everything)).Write(EverythingRow);
        Assert.Equal(
            "010C00" + "0000" + "01" + "FEFFFFFF" + "03000000" + "0000000000010000" + "0000C03F" + "000000000000D0BF"
            + "39300000000000000000000000000000" + "05000000" + "41420F0000000000" + "FFFFFFFF" + "12000000" + "26000000"
            + "68C3A9" + "0708"
            + "02000000" + "02" + "0000803F" + "00000000"
            + "03000000" + "02" + "01000000" + "01000000" + "03000000" + "616263",
            Convert.ToHexString(row));
    }

    [Fact]
    public void Bytes_of_nulls_are_pinned()
    {
        var schema = new Schema([new("a", FeatureType.Int32), new("b", FeatureType.String), new("c", FeatureType.String)]);
        var row = new RowWriter(new RowLayout(schema)).Write(Value.Null, Value.Null, Value.Of("x"));
        Assert.Equal("010300" + "03" + "00000000" + "00000000" + "01000000" + "78", Convert.ToHexString(row));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public void S2_every_value_of_every_type_comes_back(int seed)
    {
        var random = new RandomValues(seed);
        for (var round = 0; round < 300; round++)
        {
            var schema = random.Schema();
            var layout = new RowLayout(schema);
            var batch = new ColumnBatch(schema);
            var rows = Enumerable.Range(0, 3).Select(_ => random.Row(schema)).ToList();
            foreach (var row in rows) batch.AppendRow(row);
            var writer = new RowWriter(layout);
            for (var i = 0; i < rows.Count && schema.Count > 0; i++)
            {
                var reader = new RowReader(layout, writer.Write(batch, i));
                for (var c = 0; c < schema.Count; c++)
                    Assert.True(rows[i][c] == reader.GetValue(c), $"seed {seed}, round {round}: {schema[c]} was {rows[i][c]}, came back as {reader.GetValue(c)}");
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Random_bytes_never_crash_or_read_outside(int seed)
    {
        var random = new RandomValues(seed);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 3_000; round++)
        {
            var schema = random.Schema(5);
            var layout = new RowLayout(schema);
            var bytes = new RowWriter(layout).Write(random.Row(schema)).ToArray();
            for (var flip = random.Random.Next(4); flip > 0 && bytes.Length > 0; flip--) bytes[random.Random.Next(bytes.Length)] = (byte)random.Random.Next(256);
            if (random.Random.Next(3) == 0) bytes = bytes[..random.Random.Next(bytes.Length + 1)];
            try
            {
                var reader = new RowReader(layout, bytes);
                for (var c = 0; c < schema.Count; c++) _ = reader.GetValue(c);
                read++;
            }
            catch (RowFormatException) { refused++; }
        }
        Assert.True(read > 100 && refused > 100, $"seed {seed}: {read} read, {refused} refused: the test lost its teeth");
    }

    [Fact]
    public void A_row_of_a_newer_format_is_refused_by_its_number()
    {
        var layout = new RowLayout(Everything);
        var bytes = new RowWriter(layout).Write(EverythingRow).ToArray();
        bytes[0] = 9;
        Assert.Equal("Row format 9; this program reads 1.", Assert.Throws<RowFormatException>(() => { _ = new RowReader(layout, bytes); }).Message);
    }
}
