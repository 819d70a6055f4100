using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Tests;

public sealed class RoundTripTests : EngineTest
{
    [Theory]
    [InlineData(TableFormat.Parquet, 1, 0)]
    [InlineData(TableFormat.Parquet, 2, 1)]
    [InlineData(TableFormat.Parquet, 3, 2047)]
    [InlineData(TableFormat.Parquet, 4, 2048)]
    [InlineData(TableFormat.Parquet, 5, 40_000)]
    [InlineData(TableFormat.Csv, 6, 0)]
    [InlineData(TableFormat.Csv, 7, 3000)]
    [InlineData(TableFormat.JsonLines, 8, 0)]
    [InlineData(TableFormat.JsonLines, 9, 3000)]
    [InlineData(TableFormat.Json, 10, 0)]
    [InlineData(TableFormat.Json, 11, 3000)]
    public void Every_type_comes_back_bit_by_bit(TableFormat format, int seed, int count)
    {
        var random = new Random(seed);
        var rows = Enumerable.Range(0, count).Select(_ => RandomTables.Row(random, RandomTables.AllTypesSchema)).ToList();
        var path = At("all." + format);
        Write(path, format, RandomTables.AllTypesSchema, rows, batchRows: 777);

        var read = Scan(Table(format, path), [.. RandomTables.AllTypesSchema.Fields.Select(f => (f.Name, f.Type))]);

        AssertSame(rows, read, $"seed {seed}");
        if (format == TableFormat.Parquet) Assert.Equal(RandomTables.AllTypesSchema, Engine.ReadSchema(Table(format, path), None));
    }

    [Fact]
    public void Several_row_groups_keep_the_order_of_their_rows()
    {
        var schema = new Schema([new("i", FeatureType.Int64), new("s", FeatureType.String), new("b", FeatureType.Bool)]);
        const int Rows = 400_000;
        using (var writer = Engine.CreateFile(new(At("big.parquet"), TableFormat.Parquet), schema, None))
        {
            var batch = new ColumnBatch(schema);
            for (var row = 0; row < Rows; row++)
            {
                batch.AppendRow(Value.Of((long)row), row % 3 == 0 ? Value.Null : Value.Of($"text of row {row}"), Value.Of(row % 7 == 0));
                if (batch.Count < 10_000) continue;
                writer.Write(batch, None);
                batch.Clear();
            }
            writer.Complete(None);
        }

        using var reader = Engine.Scan(Request(Table(At("big.parquet")), ("i", FeatureType.Int64), ("s", FeatureType.String), ("b", FeatureType.Bool)), None);
        var (read, at) = (new ColumnBatch(reader.Schema), 0);
        while (reader.Read(read, None))
            for (var row = 0; row < read.Count; row++, at++)
            {
                var expected = at % 3 == 0 ? Value.Null : Value.Of($"text of row {at}");
                if (read[0].GetValue(row) != Value.Of((long)at) || read[1].GetValue(row) != expected || read[2].GetValue(row) != Value.Of(at % 7 == 0))
                    Assert.Fail($"row {at} is {string.Join(", ", read.GetRow(row))}");
            }
        Assert.Equal(Rows, at);
        Assert.Equal(1, reader.Progress);
        Assert.Empty(Directory.GetFiles(Folder, ".*"));
    }
}
