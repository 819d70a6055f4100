using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.Lookup;

public sealed class LookupSnapshotTests
{
    static LookupTableVersion Table(IReadOnlyList<Field> keys, IReadOnlyList<Field> columns) => new()
    {
        Table = new() { Name = "t", Key = keys, Columns = [.. columns.Select(c => new ValueFeature { Name = c.Name, Column = c.Name, Type = c.Type })], Path = "", Format = TableFormat.Parquet },
        Fingerprint = "",
        Content = LookupContent.Unknown,
    };

    static byte[] Write(LookupTableVersion table, IEnumerable<Value[]> rows, int batches = 1)
    {
        LookupSnapshot.Writer writer = new(table);
        foreach (var chunk in rows.Chunk(Math.Max(1, rows.Count() / batches)))
        {
            ColumnBatch batch = new(new Schema([.. table.Keys.Fields, .. table.Columns.Fields]));
            foreach (var row in chunk) batch.AppendRow(row);
            writer.Add(batch);
        }
        return writer.Finish();
    }

    static readonly LookupTableVersion s_airports = Table([new("airport", FeatureType.String)], [new("lat", FeatureType.Float64), new("name", FeatureType.String)]);
    static readonly LookupTableVersion s_pairs = Table([new("origin", FeatureType.String), new("hour", FeatureType.Int32)], [new("n", FeatureType.Int64)]);

    // docs/formats.md: a later version reads these bytes.
    [Fact]
    public void The_bytes_of_a_snapshot_are_these()
    {
        var bytes = Write(s_airports, [[Value.Of("JFK"), Value.Of(40.5), Value.Of("é")], [Value.Of("A"), Value.Null, Value.Null]]);
        Assert.Equal("4C4B4C54" + "01" + "0200000000000000"
            + "01000000" + "41" + "10000000" + "010200" + "03" + "0000000000000000" + "00000000"
            + "03000000" + "4A464B" + "12000000" + "010200" + "00" + "0000000000404440" + "02000000" + "C3A9", Convert.ToHexString(bytes));
        Assert.Equal("4C4B4C54" + "01" + "0100000000000000" + "0D000000" + "01000000" + "41" + "FFFFFFFFFFFFFFFF" + "0C000000" + "010100" + "00" + "0700000000000000",
            Convert.ToHexString(Write(s_pairs, [[Value.Of("A"), Value.Of(-1), Value.Of(7L)]])));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S23_equal_content_gives_equal_bytes_whatever_the_order_and_every_key_finds_its_row(int seed)
    {
        RandomValues values = new(seed);
        for (var round = 0; round < 30; round++)
        {
            var table = Table([new("a", FeatureType.String), new("b", FeatureType.Int64)], [.. values.Schema(6).Fields]);
            Dictionary<string, Value[]> rows = [];
            for (var i = 0; i < 40; i++)
            {
                Value[] row = [values.Value(FeatureType.String), Value.Of((long)values.Random.Next(3)), .. values.Row(table.Columns)];
                if (!row[0].IsNull) rows[$"{row[0]}|{row[1]}"] = row;
            }
            var bytes = Write(table, rows.Values);
            var shuffled = Write(table, rows.Values.OrderBy(_ => values.Random.Next()), values.Random.Next(1, 5));
            Assert.True(bytes.AsSpan().SequenceEqual(shuffled), $"seed {seed}, round {round}");
            var data = LookupSnapshot.Read(bytes, table.Columns);
            Assert.Equal(rows.Count, data.Count);
            ColumnBatch keys = new(table.Keys);
            foreach (var row in rows.Values) keys.AppendRow(row[0], row[1]);
            var at = 0;
            foreach (var row in rows.Values)
            {
                System.Buffers.ArrayBufferWriter<byte> key = new();
                Assert.True(LookupKey.TryWrite([.. keys.Columns], at++, key));
                var found = data.RowOf(key.WrittenSpan);
                Assert.True(found >= 0);
                Assert.Equal(row[2..], data.Columns.Select(c => c.GetValue(found)));
            }
            Assert.Equal(-1, data.RowOf([1, 2, 3]));
        }
    }

    [Fact]
    public void A_key_that_occurs_twice_is_told_with_its_rows()
    {
        var wrong = Assert.Throws<LockstepException>(() => Write(s_pairs, [[Value.Of("A"), Value.Of(1), Value.Null], [Value.Null, Value.Of(1), Value.Null], [Value.Of("A"), Value.Of(1), Value.Null]]));
        Assert.Equal("The key (origin = 'A', hour = 1) occurs twice in lookup table 't', in its rows 1 and 3. A lookup table has one row a key.", wrong.Message);
    }

    [Fact]
    public void S4_rows_with_a_null_in_the_key_are_left_out_and_counted()
    {
        LookupSnapshot.Writer writer = new(s_airports);
        ColumnBatch batch = new(new Schema([.. s_airports.Keys.Fields, .. s_airports.Columns.Fields]));
        batch.AppendRow(Value.Null, Value.Of(1.0), Value.Null);
        batch.AppendRow(Value.Of(""), Value.Of(2.0), Value.Null);
        writer.Add(batch);
        Assert.Equal((1, 1), (writer.Rows, writer.RowsWithoutKey));
        Assert.Equal(0, LookupSnapshot.Read(writer.Finish(), s_airports.Columns).RowOf([]));
    }

    [Fact]
    public void Damaged_bytes_are_refused_and_never_read_wrongly()
    {
        var bytes = Write(s_airports, [[Value.Of("JFK"), Value.Of(40.5), Value.Of("Kennedy")], [Value.Of("A"), Value.Null, Value.Null]]);
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<RowFormatException>(() => LookupSnapshot.Read(bytes.AsSpan(0, length), s_airports.Columns));
        Assert.Throws<RowFormatException>(() => LookupSnapshot.Read([.. bytes, 0], s_airports.Columns));
        var newer = bytes.ToArray();
        newer[4] = 9;
        Assert.Equal("The snapshot has format 9; this program reads 1.", Assert.Throws<RowFormatException>(() => LookupSnapshot.Read(newer, s_airports.Columns)).Message);
    }
}
