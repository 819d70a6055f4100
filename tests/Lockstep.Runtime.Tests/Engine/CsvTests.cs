using System.Text;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine.Text;

namespace Lockstep.Runtime.Tests.Engine;

public sealed class CsvTests
{
    static List<string?[]> Read(string csv, int trickle = int.MaxValue)
    {
        using var records = TextRecords.Open(new TrickleStream(Encoding.UTF8.GetBytes(csv), trickle), TableFormat.Csv, "test.csv");
        var columns = records.Names!.Select(_ => Column.Create(FeatureType.String)).ToArray();
        records.Select(records.Names!);
        while (records.TryAppend(columns, new long[columns.Length])) { }
        List<string?[]> rows = [[.. records.Names!]];
        for (var row = 0; row < columns[0].Count; row++) rows.Add([.. columns.Select(c => c.IsNull(row) ? null : c.GetValue(row).AsString)]);
        return rows;
    }

    static void AssertRows(string csv, params string?[][] expected)
    {
        foreach (var trickle in new[] { 1, 2, 3, int.MaxValue }) Assert.Equal(expected, Read(csv, trickle));
    }

    [Fact]
    public void An_empty_field_is_null_and_empty_quotes_are_the_empty_text()
        => AssertRows("a,b,c\n,\"\",x\n", ["a", "b", "c"], [null, "", "x"]);

    [Fact]
    public void Quotes_hold_commas_line_ends_and_doubled_quotes()
        => AssertRows("a,b\n\"x, y\",\"one\r\ntwo\"\n\"\"\"q\"\"\",\"\"\"\"\n", ["a", "b"], ["x, y", "one\r\ntwo"], ["\"q\"", "\""]);

    [Fact]
    public void Lines_end_in_lf_crlf_or_with_the_file()
        => AssertRows("a,b\r\n1,2\r\n3,4\n\"5\",\"6\"\r\n7,8", ["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]);

    [Fact]
    public void The_file_may_end_in_an_empty_field() => AssertRows("a,b\n1,", ["a", "b"], ["1", null]);

    [Fact]
    public void Blanks_and_lone_quotes_belong_to_the_text()
        => AssertRows("a,b\n x , y\"z\" \n", ["a", "b"], [" x ", " y\"z\" "]);

    [Fact]
    public void Empty_lines_are_skipped_except_where_they_are_the_nulls_of_one_column()
    {
        AssertRows("a,b\n\n1,2\n\r\n3,4\n\n", ["a", "b"], ["1", "2"], ["3", "4"]);
        AssertRows("a\nx\n\ny\n", ["a"], ["x"], [null], ["y"]);
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_first_name() => AssertRows("\uFEFFa,b\n1,2\n", ["a", "b"], ["1", "2"]);

    [Theory]
    [InlineData("a,b\n1\n", "row 1 (line 2): there are 1 fields, and 2 in the header")]
    [InlineData("a,b\n\"x\ny\",1\n1,2,3\n", "row 2 (line 4): there are 3 fields")]
    [InlineData("a,b\n\"x,2\n3,4\n", "line 2: the quote of field 1 is not closed")]
    [InlineData("a,b\n\"x\"y,2\n", "line 2: after the closing quote of field 1 stands 'y'")]
    [InlineData("a,a\n1,2\n", "line 1: the header names column 'a' twice")]
    [InlineData("", "line 1: there is no header")]
    public void What_is_no_csv_is_named(string csv, string expected)
    {
        foreach (var trickle in new[] { 1, int.MaxValue })
        {
            var error = Assert.Throws<LockstepException>(() => Read(csv, trickle));
            Assert.StartsWith("test.csv, ", error.Message, StringComparison.Ordinal);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Any_text_comes_back_however_the_bytes_arrive(int seed)
    {
        var random = new Random(seed);
        string?[] pieces = ["a", "\"", ",", "\n", "\r\n", "\r", " ", "é", "🚀", "0"];
        for (var round = 0; round < 60; round++)
        {
            var width = random.Next(1, 4);
            var rows = Enumerable.Range(0, random.Next(0, 8)).Select(_ => Enumerable.Range(0, width)
                .Select(_ => random.Next(5) == 0 ? null : string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => pieces[random.Next(pieces.Length)]))).ToArray()).ToList();
            var schema = new Schema(Enumerable.Range(0, width).Select(i => new Field($"c\"{i},", FeatureType.String)));
            var written = new MemoryStream();
            using (var writer = TextTableWriter.Create(written, TableFormat.Csv, schema))
            {
                var batch = new ColumnBatch(schema);
                foreach (var row in rows) batch.AppendRow([.. row.Select(v => v is null ? Value.Null : Value.Of(v))]);
                writer.Write(batch, CancellationToken.None);
                writer.Complete(CancellationToken.None);
            }
            var csv = Encoding.UTF8.GetString(written.ToArray());
            var read = Read(csv, random.Next(1, 9));
            Assert.True(rows.Count == read.Count - 1 && rows.Zip(read.Skip(1)).All(p => p.First.SequenceEqual(p.Second)), $"seed {seed}, round {round}: {csv}");
        }
    }

    [Fact]
    public void The_formats_of_the_interfaces_are_written()
    {
        var schema = new Schema([new("t", FeatureType.Timestamp), new("d", FeatureType.Date), new("f", FeatureType.Float64), new("g", FeatureType.Float32), new("n", FeatureType.Decimal(6, 3)),
            new("b", FeatureType.Bytes), new("l", FeatureType.List(FeatureType.String)), new("s", FeatureType.String), new("i", FeatureType.Int64), new("z", FeatureType.Bool)]);
        Value[] row = [Value.Timestamp(1_577_836_800_120_000), Value.Date(-1), Value.Of(0.1), Value.Of(1e10f), Value.Decimal(-12340, 3), Value.Of("hi"u8.ToArray()),
            Value.List(Value.Of("a\"b"), Value.Null), Value.Of(""), Value.Of(long.MinValue), Value.Of(true)];
        string Written(TableFormat format)
        {
            var stream = new MemoryStream();
            using var writer = TextTableWriter.Create(stream, format, schema);
            var batch = new ColumnBatch(schema);
            batch.AppendRow(row);
            batch.AppendRow(new Value[row.Length]);
            writer.Write(batch, CancellationToken.None);
            writer.Complete(CancellationToken.None);
            return Encoding.UTF8.GetString(stream.ToArray());
        }
        Assert.Equal("t,d,f,g,n,b,l,s,i,z\n2020-01-01T00:00:00.12Z,1969-12-31,0.1,1E+10,-12.340,aGk=,\"[\"\"a\\\"\"b\"\",null]\",\"\",-9223372036854775808,true\n,,,,,,,,,\n", Written(TableFormat.Csv));
        const string First = "{\"t\":\"2020-01-01T00:00:00.12Z\",\"d\":\"1969-12-31\",\"f\":0.1,\"g\":1E+10,\"n\":\"-12.340\",\"b\":\"aGk=\",\"l\":[\"a\\\"b\",null],\"s\":\"\",\"i\":-9223372036854775808,\"z\":true}";
        const string Second = "{\"t\":null,\"d\":null,\"f\":null,\"g\":null,\"n\":null,\"b\":null,\"l\":null,\"s\":null,\"i\":null,\"z\":null}";
        Assert.Equal($"{First}\n{Second}\n", Written(TableFormat.JsonLines));
        Assert.Equal($"[\n{First},\n{Second}\n]\n", Written(TableFormat.Json));
    }
}

/// <summary>Gives at most so many bytes at a time, as a socket may.</summary>
sealed class TrickleStream(byte[] bytes, int most) : MemoryStream(bytes)
{
    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(most, buffer.Length)]);
}
