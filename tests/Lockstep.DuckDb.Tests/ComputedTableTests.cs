using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Expressions;
using Lockstep.Core.Tests.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.DuckDb.Engine.Query;
using Lockstep.DuckDb.Engine.Scan;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

/// <summary>Author SQL over a source that filters and computes sees the rows that every other reader sees.</summary>
public sealed class ComputedTableTests : EngineTest
{
    static readonly Schema s_columns = new(RandomExpressions.Columns.Fields.Where(f => f.Type.Kind != TypeKind.List));

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S16_SQL_sees_the_rows_of_the_program_in_every_bit(int seed)
    {
        var (random, values) = (new RandomExpressions(seed), new RandomValues(seed));
        var (views, loads) = (0, 0);
        for (var round = 0; round < 12; round++)
        {
            ColumnBatch batch = new(s_columns);
            for (var row = 0; row < 50; row++) batch.AppendRow([.. RandomExpressions.Row(values).Where((_, i) => s_columns.IndexOf(RandomExpressions.Columns[i].Name) >= 0)]);
            var format = round % 4 == 3 ? TableFormat.Csv : TableFormat.Parquet;
            var path = At($"{seed}.{round}.{format}");
            using (var writer = Engine.CreateFile(new(path, format), s_columns, None))
            {
                writer.Write(batch, None);
                writer.Complete(None);
            }
            var derived = Enumerable.Range(0, 2).Select(i => new DerivedColumn($"x{i}", Expression(random, i))).ToList();
            derived.Add(new("y", "case when x0 is null then null else x1 end"));
            RowColumns columns = new("source 't'", s_columns.Fields, derived, Expression(random, 2, bools: true));
            var table = Table(format, path);
            Schema schema = new([.. s_columns.Fields, .. derived.Select(d => new Field(d.Name, columns.TypeOf(d.Name)!))]);
            var found = Query("select * from t", table, columns, schema);
            Assert.Equal(Judge(columns, schema, batch), found.ConvertAll(Text));
            using var database = Database.Open(null, new(), At("other"));
            using var connection = database.Connect();
            using var nanos = new UtcNanos(At("nanos"));
            if (ComputedTable.AsView(connection, "t", table, columns, nanos, None) is null) loads++;
            else views++;
        }
        Assert.True(views > 0 && loads > 3, $"{views} views, {loads} loads");
    }

    static string Expression(RandomExpressions random, int depth, bool bools = false)
    {
        while (true)
        {
            var text = bools ? random.Bool(depth) : random.Any(depth);
            if (text.Contains("vector", StringComparison.Ordinal) || text.Contains("numbers", StringComparison.Ordinal) || text.Contains("words", StringComparison.Ordinal)) continue;
            if (new RowColumns("t", s_columns.Fields, []).Bind(text).Type is { Kind: not TypeKind.List }) return text;
        }
    }

    static List<string> Judge(RowColumns columns, Schema schema, ColumnBatch batch)
    {
        List<string> rows = [];
        for (var row = 0; row < batch.Count; row++)
        {
            var inputs = s_columns.Fields.Select((f, c) => (f.Name, batch[c].GetValue(row))).ToDictionary(p => p.Name, p => p.Item2, StringComparer.Ordinal);
            if (Interpreter.Run(columns.Bind(columns.Where!).Root, inputs) is { IsNull: false } keep && keep.AsBool)
                rows.Add(Text([.. schema.Fields.Select(f => columns.IsDerived(f.Name) ? Interpreter.Run(columns.Bind(f.Name).Root, inputs) : inputs[f.Name])]));
        }
        return rows;
    }

    static string Text(Value[] row) => string.Join(", ", row.Select(v => v.IsNull ? "null" : $"{v.Kind} {v}"));

    List<Value[]> Query(string sql, TableInput table, RowColumns columns, Schema schema)
    {
        QueryRequest request = new() { Name = "view 'v'", Sql = sql, Tables = new Dictionary<string, TableInput> { ["t"] = table }, Rows = new Dictionary<string, RowColumns> { ["t"] = columns } };
        Assert.Equal(schema.Fields.Select(f => f.Name), Engine.DescribeQuery(request, None).Fields.Select(f => f.Name));
        using var reader = Engine.Query(request with { Columns = [.. schema.Fields.Select(f => new ScanColumn(f.Name, f))] }, None);
        List<Value[]> rows = [];
        ColumnBatch batch = new(reader.Schema);
        while (reader.Read(batch, None))
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }

    [Fact]
    public void Types_of_a_table_that_DuckDB_would_convert_otherwise_are_not_handed_over()
    {
        var path = Parquet("t.parquet", "select 1::utinyint as a, 18446744073709551615::ubigint as big, 'x'::enum('x') as e, timestamp_s '2020-01-01' as s, 'infinity'::timestamp as i, 2::integer as n");
        RowColumns Of(string filter, Field data) => new("source 't'", [data], [], filter);
        Assert.Single(Query("select * from t", Table(path), Of("n > 1 and n = 2.0", new("n", FeatureType.Int64)), new([new("n", FeatureType.Int64)])));
        Assert.Single(Query("select * from t", Table(path), Of("a = 1", new("a", FeatureType.Int32)), new([new("a", FeatureType.Int32)])));
        Assert.Single(Query("select * from t", Table(path), Of("e = 'x'", new("e", FeatureType.String)), new([new("e", FeatureType.String)])));
        Assert.Single(Query("select * from t", Table(path), Of("s < timestamp '2020-01-02'", new("s", FeatureType.Timestamp)), new([new("s", FeatureType.Timestamp)])));
        Assert.Single(Query("select i > timestamptz '2020-01-02' as i from t", Table(path), Of("i > timestamp '2020-01-02'", new("i", FeatureType.Timestamp)), new([new("i", FeatureType.Bool)])));
        Assert.Contains("18446744073709551615", Assert.Throws<LockstepException>(() => Query("select * from t", Table(path), Of("big > 0", new("big", FeatureType.Int64)), new([new("big", FeatureType.Int64)]))).Message, StringComparison.Ordinal);
        Assert.Contains("differ only in case", Assert.Throws<LockstepException>(() => Engine.DescribeQuery(new()
        {
            Name = "v",
            Sql = "select * from t",
            Tables = new Dictionary<string, TableInput> { ["t"] = Table(path) },
            Rows = new Dictionary<string, RowColumns> { ["t"] = new("source 't'", [new("n", FeatureType.Int32)], [new("N", "n + 1")]) },
        }, None)).Message, StringComparison.Ordinal);
    }
}
