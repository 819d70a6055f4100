using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Expressions;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

/// <summary>A filter at the scan: fewer rows come, the same are kept.</summary>
public sealed class ScanConditionTests : EngineTest
{
    static readonly Schema s_columns = new(RandomExpressions.Columns.Fields.Where(f => f.Type.Kind is not (TypeKind.List or TypeKind.Decimal)));

    // What a file can hold and an engine's own comparison sees: NaN, infinities, -0, ends of types.
    static readonly Dictionary<string, string[]> s_values = new()
    {
        ["flag"] = ["true", "false", "null"],
        ["small"] = ["1::integer", "-1", "2147483647", "null"],
        ["big"] = ["1::bigint", "0", "'-9223372036854775808'::bigint", "9223372036854775807", "9007199254740993", "null"],
        ["f"] = ["'nan'::float", "'inf'::float", "'-inf'::float", "'-0.0'::float", "0.5::float", "1e-45::float", "null"],
        ["d"] = ["'nan'::double", "'inf'::double", "'-inf'::double", "'-0.0'::double", "0::double", "1.5::double", "9007199254740992::double", "1e308::double", "null"],
        ["name"] = ["''", "'é'", "'a''b'", "'z'", "null"],
        ["at"] = ["timestamp '1969-12-31 23:59:59.999999'", "timestamp '2020-02-29 12:00:00'", "'infinity'::timestamp", "null"],
        ["day"] = ["date '1969-12-31'", "date '2020-02-29'", "date '1970-01-01'", "null"],
    };

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public void S16_a_filter_at_the_scan_keeps_what_the_filter_keeps(int seed)
    {
        var random = new Random(seed);
        var expressions = new RandomExpressions(seed);
        List<string> rows = [];
        for (var row = 0; row < 300; row++) rows.Add($"({string.Join(", ", s_columns.Fields.Select(f => s_values[f.Name][random.Next(s_values[f.Name].Length)]))})");
        var path = Parquet("t.parquet", $"select * replace ({(seed == 2 ? "\"at\"::timestamptz" : "\"at\"")} as \"at\") from (values {string.Join(", ", rows)}) as t({string.Join(", ", s_columns.Fields.Select(f => $"\"{f.Name}\""))})");
        var saved = 0L;
        for (var round = 0; round < 60; round++)
        {
            var filter = round switch
            {
                < 30 => $"{Pick(s_columns[random.Next(s_columns.Count)].Name)} and {Pick("d")}",
                _ => Filter(expressions),
            };
            RowColumns columns = new("source 't'", s_columns.Fields, [], filter);
            var program = RowProgram.Compile(columns, [.. s_columns.Fields.Select(f => new RowOutput(f, f.Name))]);
            var bounds = round % 3 == 0;
            ScanRequest request = new()
            {
                Table = Table(path),
                Columns = [.. program.Inputs.Select(i => new ScanColumn(i.Column, i.As))],
                KeepOrder = true,
                TimeColumn = bounds ? "at" : null,
                NotAfter = bounds ? Instant.Parse("2000-01-01T00:00:00Z") : long.MaxValue,
            };
            var (all, dropped, _) = Run(request, program);
            var (found, left, leftOut) = Run(request with { Where = program.Conditions }, program);
            Assert.True(all.SequenceEqual(found) && dropped == left + leftOut, $"seed {seed}, round {round}: {filter}: {all.Count} and {found.Count} rows; dropped {dropped}, {left} and {leftOut} at the scan");
            saved += leftOut;
        }
        Assert.True(saved > 3_000, $"Only {saved} rows were left out at the scan.");

        string Pick(string column)
        {
            string[] constants = column switch
            {
                "name" => ["'é'", "''", "'m'"],
                "at" => ["timestamp '2020-02-29T12:00:00Z'", "timestamp '1969-12-31T23:59:59.999999Z'"],
                "day" => ["date '1970-01-01'"],
                "flag" => ["true"],
                _ => ["0", "1", "-1", "0.5", "9007199254740993", "9223372036854775807", "1e308"],
            };
            var (constant, symbol) = (constants[random.Next(constants.Length)], new[] { "=", "<>", "<", "<=", ">", ">=" }[random.Next(6)]);
            return random.Next(3) == 0 ? $"{constant} {symbol} {column}" : $"{column} {symbol} {constant}";
        }
    }

    static string Filter(RandomExpressions random)
    {
        string text;
        do text = $"{random.Bool(2)} and {random.Bool(1)}";
        while (new[] { "vector", "numbers", "words", "price", "share" }.Any(n => text.Contains(n, StringComparison.Ordinal)));
        return text;
    }

    (List<string> Rows, long Dropped, long LeftOut) Run(ScanRequest request, RowProgram program)
    {
        using var reader = Engine.Scan(request, None);
        var run = program.Open();
        List<string> rows = [];
        while (reader.Read(run.Input, None))
        {
            run.Run();
            for (var row = 0; row < run.Output.Count; row++) rows.Add(string.Join(", ", run.Output.GetRow(row)));
        }
        return (rows, run.Dropped, reader.LeftOut);
    }

    [Fact]
    public void A_column_that_is_read_as_another_type_or_is_not_in_the_file_is_filtered_after_reading()
    {
        var path = Parquet("t.parquet", "select range as n, range::varchar as s from range(10)");
        RowColumns columns = new("source 't'", [new("n", FeatureType.Float64), new("s", FeatureType.String), new("later", FeatureType.Int64)], [], "n > 5 and s > '7' and later is null");
        var program = RowProgram.Compile(columns, [new(new("n", FeatureType.Float64), "n")]);
        var other = Parquet("other.parquet", "select 99 as n, 'x' as s, 1::bigint as later");
        var (rows, dropped, leftOut) = Run(new() { Table = Table(path, other), Columns = [.. program.Inputs.Select(i => new ScanColumn(i.Column, i.As))], Where = program.Conditions, KeepOrder = true }, program);
        Assert.Equal(["8", "9"], rows);
        Assert.Equal((0L, 9L), (dropped, leftOut)); // s > '7' of the first file; later is null of the second
    }
}
