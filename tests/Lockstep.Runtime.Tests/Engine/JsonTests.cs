using System.Text;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine.Text;

namespace Lockstep.Runtime.Tests.Engine;

public sealed class JsonTests
{
    static (List<Value[]> Rows, long[] NonFinite) Read(string json, TableFormat format, int trickle, params (string Name, FeatureType Type)[] fields)
    {
        using var records = TextRecords.Open(new TrickleStream(Encoding.UTF8.GetBytes(json), trickle), format, "test.json");
        var columns = fields.Select(f => Column.Create(f.Type)).ToArray();
        var nonFinite = new long[columns.Length];
        records.Select([.. fields.Select(f => f.Name)]);
        while (records.TryAppend(columns, nonFinite)) { }
        return ([.. Enumerable.Range(0, columns[0].Count).Select(row => columns.Select(c => c.GetValue(row)).ToArray())], nonFinite);
    }

    static void AssertRows(string lines, (string Name, FeatureType Type)[] fields, params Value[][] expected)
    {
        var array = $" [ {string.Join(",\n\t", lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))} ]\n";
        foreach (var trickle in new[] { 1, 3, int.MaxValue })
        {
            Assert.Equal(expected, Read(lines, TableFormat.JsonLines, trickle, fields).Rows);
            Assert.Equal(expected, Read(array, TableFormat.Json, trickle, fields).Rows);
        }
    }

    [Fact]
    public void S2_numbers_keep_all_their_digits()
        => AssertRows("{\"i\":9007199254740993,\"d\":12345678901234567890.123456789,\"f\":0.1}\n{\"f\":1e2,\"i\":\"-9223372036854775808\",\"d\":\"0.5\"}\n",
            [("i", FeatureType.Int64), ("d", FeatureType.Decimal(38, 9)), ("f", FeatureType.Float64)],
            [Value.Of(9007199254740993), Value.Decimal(Int128.Parse("12345678901234567890123456789", null), 9), Value.Of(0.1)],
            [Value.Of(long.MinValue), Value.Decimal(500_000_000, 9), Value.Of(100.0)]);

    [Fact]
    public void Names_may_be_missing_in_any_order_and_asked_for_twice()
        => AssertRows("{\"b\":1,\"a\":\"x\",\"other\":{\"a\":[1,{}]}}\n{}\n{\"a\":null}\n{\"a\":\"\\u00e9\",\"b\":2}\n",
            [("a", FeatureType.String), ("b", FeatureType.Int32), ("b", FeatureType.Float64)],
            [Value.Of("x"), Value.Of(1), Value.Of(1.0)], [Value.Null, Value.Null, Value.Null], [Value.Null, Value.Null, Value.Null], [Value.Of("é"), Value.Of(2), Value.Of(2.0)]);

    [Fact]
    public void Lists_bytes_instants_and_what_is_declared_as_text()
        => AssertRows("{\"l\":[1,null,2.5],\"b\":\"aGk=\",\"t\":\"2020-01-01T01:00:00+01:00\",\"s\":{\"x\": [1]}}\n{\"l\":[],\"b\":\"\",\"t\":\"2020-01-01\",\"s\":1.50}\n{\"s\":true}\n{\"s\":[ 1 ]}\n",
            [("l", FeatureType.List(FeatureType.Float32)), ("b", FeatureType.Bytes), ("t", FeatureType.Timestamp), ("s", FeatureType.String)],
            [Value.List(Value.Of(1f), Value.Null, Value.Of(2.5f)), Value.Of("hi"u8.ToArray()), Value.Timestamp(1_577_836_800_000_000), Value.Of("{\"x\": [1]}")],
            [Value.List(), Value.Of(Array.Empty<byte>()), Value.Timestamp(1_577_836_800_000_000), Value.Of("1.50")],
            [Value.Null, Value.Null, Value.Null, Value.Of("true")], [Value.Null, Value.Null, Value.Null, Value.Of("[ 1 ]")]);

    [Fact]
    public void S3_what_is_not_finite_is_null_and_counted()
    {
        var (rows, nonFinite) = Read("{\"f\":1e39,\"l\":[\"NaN\",-0.0,\"-inf\"]}\n{\"f\":-0.0}\n", TableFormat.JsonLines, 9, ("f", FeatureType.Float32), ("l", FeatureType.List(FeatureType.Float64)));
        Assert.Equal([[Value.Null, Value.List(Value.Null, Value.Of(0.0), Value.Null)], [Value.Of(0f), Value.Null]], rows);
        Assert.Equal([1, 2], nonFinite);
    }

    [Theory]
    [InlineData(TableFormat.JsonLines, "{\"a\":1}\n\n{\"a\":1.5}\n", "row 2 (line 3): column 'a': 1.5 does not convert to int64")]
    [InlineData(TableFormat.JsonLines, "{\"a\":{\"b\":1}}\n", "row 1 (line 1): column 'a': {\"b\":1} does not convert to int64")]
    [InlineData(TableFormat.JsonLines, "{\"a\":1,\"a\":2}\n", "row 1 (line 1): 'a' occurs twice")]
    [InlineData(TableFormat.JsonLines, "{\"a\":1} {\"a\":2}\n", "row 1 (line 1): not JSON")]
    [InlineData(TableFormat.JsonLines, "{\"a\":\n1}\n", "row 1 (line 1): not JSON")]
    [InlineData(TableFormat.JsonLines, "[1]\n", "row 1 (line 1): each row is an object")]
    [InlineData(TableFormat.Json, "[{\"a\":1},{\"a\":\"\\ud800\"}]", "row 2: column 'a'")]
    [InlineData(TableFormat.Json, "{\"a\":1}", "row 1: a .json table is an array of objects")]
    [InlineData(TableFormat.Json, "[{\"a\":1}", "row 2: the file ends within the array")]
    [InlineData(TableFormat.Json, "[{\"a\":1},", "row 2: not JSON")]
    [InlineData(TableFormat.Json, "[{\"a\":1", "row 1: ")]
    [InlineData(TableFormat.Json, "[{\"a\":1} {\"a\":1}]", "row 2: between two rows stands no comma")]
    [InlineData(TableFormat.Json, "[{\"a\":1}] x", "row 2: something stands behind the array")]
    [InlineData(TableFormat.Json, "", "row 1: there is no array")]
    [InlineData(TableFormat.Json, "[,{\"a\":1}]", "row 1: not JSON")]
    public void What_is_no_table_is_named(TableFormat format, string json, string expected)
    {
        foreach (var trickle in new[] { 1, int.MaxValue })
        {
            var error = Assert.Throws<LockstepException>(() => Read(json, format, trickle, ("a", FeatureType.Int64)));
            Assert.StartsWith("test.json, ", error.Message, StringComparison.Ordinal);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }
}
