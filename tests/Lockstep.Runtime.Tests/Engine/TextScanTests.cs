using System.IO.Compression;
using System.Text;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Engine.Text;

namespace Lockstep.Runtime.Tests.Engine;

public sealed class TextScanTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-text-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    TableInput Table(TableFormat format, params string[] contents) => new()
    {
        Name = "source 'test'",
        Format = format,
        Files = [.. contents.Select((c, i) =>
        {
            File.WriteAllText(Path.Combine(_folder, $"{i}"), c);
            return new TableFile(Path.Combine(_folder, $"{i}"));
        })],
    };

    static string Infer(TableInput table, int rows = 1000) => TextScan.ReadSchema(table, rows, CancellationToken.None).ToString();

    static List<Value[]> Scan(TableInput table, ScanRequest? bounds = null, params (string Name, FeatureType Type)[] columns)
    {
        var request = (bounds ?? new ScanRequest { Table = table, Columns = [] }) with { Table = table, Columns = [.. columns.Select(c => new ScanColumn(c.Name, new Field(c.Name, c.Type)))] };
        using var reader = TimeFilter.Open(request, r => new TextScan(r));
        List<Value[]> rows = [];
        for (var batch = new ColumnBatch(reader.Schema); reader.Read(batch, CancellationToken.None);)
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }

    [Theory]
    [InlineData("1\n-5\n", "int64")]
    [InlineData("007\n1\n", "string")]
    [InlineData("+1\n", "string")]
    [InlineData("1\n2.5\n", "float64")]
    [InlineData("1\nNaN\n", "float64")]
    [InlineData("9223372036854775808\n1\n", "string")]
    [InlineData("true\nfalse\n", "bool")]
    [InlineData("true\n1\n", "string")]
    [InlineData("2020-01-01\n", "date")]
    [InlineData("2020-01-01\n2020-01-01 05:00:00\n", "timestamp")]
    [InlineData("2020-01-01T00:00:00Z\nx\n", "string")]
    [InlineData("\n\n", "string")]
    [InlineData("\"\"\n1\n", "string")]
    [InlineData("0\n-0.5\n1e5\n", "float64")]
    public void The_type_of_a_csv_column_is_what_holds_every_value(string values, string type)
        => Assert.Equal($"v {type}", Infer(Table(TableFormat.Csv, "v\n" + values)));

    [Fact]
    public void The_types_of_json_come_from_its_tokens()
        => Assert.Equal("i int64, f float64, b bool, t timestamp, s string, l list<float64>, n string",
            Infer(Table(TableFormat.JsonLines, "{\"i\":1,\"f\":1,\"b\":true,\"t\":\"2020-01-01T00:00:00Z\",\"s\":\"1\",\"l\":[],\"o\":{},\"n\":null}\n{\"f\":0.5,\"l\":[1,2.5],\"o\":1}\n")));

    [Fact]
    public void Files_unite_their_columns_and_lacking_ones_are_null()
    {
        var table = Table(TableFormat.Csv, "a,b\n1,x\n", "b,c\ny,2.5\n");
        Assert.Equal("a int64, b string, c float64", Infer(table));
        Assert.Equal([[Value.Of(1L), Value.Of("x"), Value.Null], [Value.Null, Value.Of("y"), Value.Of(2.5)]],
            Scan(table, null, ("a", FeatureType.Int64), ("b", FeatureType.String), ("c", FeatureType.Float64)));
    }

    [Theory]
    [InlineData(TableFormat.Csv, "user,n\na,1\n")]
    [InlineData(TableFormat.JsonLines, "{\"user\":\"a\",\"n\":1}\n")]
    public void A_column_that_no_file_has_is_a_mistake_unless_it_is_declared(TableFormat format, string content)
    {
        var table = Table(format, content);
        var error = Assert.Throws<LockstepException>(() => Scan(table, null, ("n", FeatureType.Int64), ("usr", FeatureType.String)));
        Assert.Contains("there is no column 'usr'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'user'?", error.Message, StringComparison.Ordinal);
        Assert.Equal([[Value.Null]], Scan(table with { Schema = new([new("usr", FeatureType.String)]) }, null, ("usr", FeatureType.String)));
    }

    [Fact]
    public void Declared_types_decide_how_text_is_read()
    {
        var table = Table(TableFormat.Csv, "v\n007\n1.50\n");
        Assert.Equal([[Value.Of("007")], [Value.Of("1.50")]], Scan(table, null, ("v", FeatureType.String)));
        Assert.Equal([[Value.Of(7.0)], [Value.Of(1.5)]], Scan(table, null, ("v", FeatureType.Float64)));
        Assert.Equal([[Value.Decimal(700, 2)], [Value.Decimal(150, 2)]], Scan(table, null, ("v", FeatureType.Decimal(5, 2))));
        var error = Assert.Throws<LockstepException>(() => Scan(table, null, ("v", FeatureType.Int64)));
        Assert.Contains("row 2 (line 3): column 'v': '1.50' does not convert to int64 without loss", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Time_bounds_leave_rows_out()
    {
        var table = Table(TableFormat.JsonLines, string.Concat(Enumerable.Range(0, 10).Select(i => $"{{\"i\":{i},\"t\":\"1970-01-01T00:00:0{i}Z\"}}\n")) + "{\"i\":99}\n");
        var bounds = new ScanRequest { Table = table, Columns = [], TimeColumn = "t", NotBefore = 2 * Instant.Second, NotAfter = 4 * Instant.Second };
        Assert.Equal([[Value.Of(2)], [Value.Of(3)], [Value.Of(4)]], Scan(table, bounds, ("i", FeatureType.Int32)));
    }

    [Fact]
    public void Gzip_is_read_as_what_is_in_it()
    {
        var table = Table(TableFormat.Csv, "");
        using (var gzip = new GZipStream(File.Create(table.Files[0].Path), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes("a\n1\n"));
        Assert.Equal([[Value.Of(1L)]], Scan(table, null, ("a", FeatureType.Int64)));

        var bytes = File.ReadAllBytes(table.Files[0].Path);
        bytes[12] ^= 0xFF;
        File.WriteAllBytes(table.Files[0].Path, bytes);
        Assert.Contains(table.Files[0].Path, Assert.Throws<LockstepException>(() => Scan(table, null, ("a", FeatureType.Int64))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_no_utf8_is_refused_where_it_stands()
    {
        var table = Table(TableFormat.Csv, "");
        File.WriteAllBytes(table.Files[0].Path, [.. "a\nx\n"u8, 0xFF, (byte)'\n']);
        Assert.Contains("row 2 (line 3): column 'a'", Assert.Throws<LockstepException>(() => Scan(table, null, ("a", FeatureType.String))).Message, StringComparison.Ordinal);
    }
}
