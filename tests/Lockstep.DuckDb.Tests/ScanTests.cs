using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

public sealed class ScanTests : EngineTest
{
    [Theory]
    [InlineData("a*b.parquet")]
    [InlineData("a?[x]].parquet")]
    [InlineData("[!a].parquet")]
    [InlineData("it's \"quoted\", ~{}.parquet")]
    [InlineData("day=2020-01-01.parquet")]
    [InlineData("Zürich 東京.parquet")]
    [InlineData("http:x.parquet")]
    public void A_path_may_hold_any_character_and_is_no_pattern(string name)
    {
        Parquet("plain.parquet", "select 1 as wrong");
        foreach (var decoy in new[] { "axb.parquet", "abx].parquet", "b.parquet" }) File.Copy(At("plain.parquet"), At(decoy)); // what the patterns would match
        var path = Parquet("plain2.parquet", "select 42 as v");
        File.Move(path, At(name));

        AssertSame([[Value.Of(42)]], Scan(Table(At(name)), ("v", FeatureType.Int32)), name);
        Assert.Equal("v int32", Engine.ReadSchema(Table(At(name)), None).ToString());
    }

    [Fact]
    public void A_folder_named_like_a_partition_adds_no_column()
    {
        Directory.CreateDirectory(At("day=2020-01-01"));
        var path = Parquet("day=2020-01-01/x.parquet", "select 1 as v");
        Assert.Equal("v int32", Engine.ReadSchema(Table(path), None).ToString());
    }

    [Fact]
    public void Files_of_different_columns_and_types_are_one_table()
    {
        var table = Table(
            Parquet("1.parquet", "select 1::integer as a, 'x' as b"),
            Parquet("2.parquet", "select 'y' as b, 5000000000::bigint as a, 1.5::double as c"),
            Parquet("3.parquet", "select 7::smallint as a"));

        Assert.Equal("a int64, b string, c float64", Engine.ReadSchema(table, None).ToString());
        AssertSame(
        [
            [Value.Of(1L), Value.Of("x"), Value.Null],
            [Value.Of(5_000_000_000), Value.Of("y"), Value.Of(1.5)],
            [Value.Of(7L), Value.Null, Value.Null],
        ], Scan(table, ("a", FeatureType.Int64), ("b", FeatureType.String), ("c", FeatureType.Float64)), "union");
    }

    [Fact]
    public void S2_the_first_files_type_does_not_round_the_others_values()
    {
        var table = Table(Parquet("1.parquet", "select 1 as a"), Parquet("2.parquet", "select 1.5::double as a"), Parquet("3.parquet", "select 2.25::decimal(6,2) as a"));
        AssertSame([[Value.Of(1.0)], [Value.Of(1.5)], [Value.Of(2.25)]], Scan(table, ("a", FeatureType.Float64)), "types");
        Assert.Contains("2.parquet, row 1, column 'a' (double): 1.5", Assert.Throws<LockstepException>(() => Scan(table, ("a", FeatureType.Int64))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S4_names_that_differ_in_case_are_different_columns()
    {
        var path = Parquet("x.parquet", "select 1 as v, 2 as other");
        var error = Assert.Throws<LockstepException>(() => Scan(Table(path), ("V", FeatureType.Int32)));
        Assert.Contains("there is no column 'V'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'v'?", error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_declared_column_that_no_file_has_is_null()
    {
        var table = Table(Parquet("x.parquet", "select 1 as a")) with { Schema = new([new("a", FeatureType.Int32), new("later", FeatureType.List(FeatureType.Float32))]) };
        AssertSame([[Value.Null, Value.Of(1)]], Scan(table, ("later", FeatureType.List(FeatureType.Float32)), ("a", FeatureType.Int32)), "null");
        AssertSame([[Value.Null]], Scan(table, ("later", FeatureType.List(FeatureType.Float32))), "null alone");
        Assert.Equal(table.Schema, Engine.ReadSchema(table, None));
    }

    [Fact]
    public void Partition_values_become_columns_of_the_declared_type()
    {
        TableFile File(int i, string? day, string? n) => new(Parquet($"{i}.parquet", $"select {i} as v, 'file' as kind from range(3)"))
        {
            Partition = new Dictionary<string, string?> { ["day"] = day, ["n"] = n },
        };
        var table = Table() with { Files = [File(1, "2020-01-01", "5"), File(2, null, "007"), File(3, "1969-12-31", null)] };

        var request = Request(table, ("day", FeatureType.Date), ("v", FeatureType.Int64), ("n", FeatureType.Int64));
        var rows = Scan(request with { Columns = [.. request.Columns, new ScanColumn("day", new Field("midnight", FeatureType.Timestamp))] }).Rows;
        AssertSame([.. new[] { 1, 2, 3 }.SelectMany(i => Enumerable.Repeat<Value[]>(
        [
            i == 1 ? Value.Date(18262) : i == 2 ? Value.Null : Value.Date(-1),
            Value.Of((long)i),
            i == 1 ? Value.Of(5L) : i == 2 ? Value.Of(7L) : Value.Null,
            i == 1 ? Value.Timestamp(18262 * Instant.Day) : i == 2 ? Value.Null : Value.Timestamp(-Instant.Day),
        ], 3))], rows, "partitions");

        var bad = Assert.Throws<LockstepException>(() => Scan(table, ("day", FeatureType.Int64)));
        Assert.Contains("1.parquet is of partition day='2020-01-01', which does not convert to int64", bad.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Time_bounds_keep_exactly_the_rows_within_them(int seed)
    {
        var random = new Random(seed);
        var nanos = Enumerable.Range(0, 400).Select(_ => random.Next(8) == 0 ? (long?)null : random.NextInt64(-40, 40) * 250).ToList();
        string Values(Func<long, string> sql) => $"(values {string.Join(", ", nanos.Select((n, i) => $"({i}, {(n is { } v ? sql(v) : "null")})"))}) t(i, t) order by i";
        var micros = nanos.Select(n => n is { } v ? (long?)Instant.Floor(v, 1000) / 1000 : null).ToList();
        var tables = new (string Type, TableInput Table, List<long?> Times)[]
        {
            ("ns", Table(Parquet("ns.parquet", $"from {Values(v => $"make_timestamp_ns({v})")}")), micros),
            ("us", Table(Parquet("us.parquet", $"from {Values(v => $"make_timestamp({v / 250})")}")), [.. nanos.Select(n => n / 250)]),
            ("tz", Table(Parquet("tz.parquet", $"from {Values(v => $"make_timestamptz({v / 250})")}")), [.. nanos.Select(n => n / 250)]),
            ("date", Table(Parquet("date.parquet", $"from {Values(v => $"(date '1970-01-01' + {v / 250}::integer)")}")), [.. nanos.Select(n => n / 250 * Instant.Day)]),
            ("text", Table(Parquet("text.parquet", $"from {Values(v => $"'{Instant.Format(v / 250)}'")}")), [.. nanos.Select(n => n / 250)]),
        };
        foreach (var (type, table, times) in tables)
            for (var round = 0; round < 12; round++)
            {
                var unit = type == "date" ? Instant.Day : 1;
                long from = round == 0 ? long.MinValue : random.NextInt64(-42, 42) * unit + random.Next(-1, 2), to = round == 1 ? long.MaxValue : random.NextInt64(-42, 42) * unit + random.Next(-1, 2);
                var rows = Scan(Request(table, ("i", FeatureType.Int32)) with { TimeColumn = "t", NotBefore = from, NotAfter = to }).Rows;
                var expected = times.Select((t, i) => (t, i)).Where(x => x.t is { } t && t >= from && t <= to).Select(x => new[] { Value.Of(x.i) }).ToList();
                AssertSame(expected, rows, $"seed {seed}, {type}, {from} to {to}");
            }
    }

    [Fact]
    public void Time_bounds_hold_for_a_partition_column_and_for_files_without_it()
    {
        var table = Table() with
        {
            Files =
            [
                new(Parquet("1.parquet", "select 1 as v")) { Partition = new Dictionary<string, string?> { ["day"] = "2020-01-01" } },
                new(Parquet("2.parquet", "select 2 as v")) { Partition = new Dictionary<string, string?> { ["day"] = "2020-01-02" } },
                new(Parquet("3.parquet", "select 3 as v")) { Partition = new Dictionary<string, string?> { ["day"] = null } },
            ],
            Schema = new([new("v", FeatureType.Int32), new("day", FeatureType.Date), new("never", FeatureType.Timestamp)]),
        };
        var request = Request(table, ("v", FeatureType.Int32)) with { TimeColumn = "day", NotBefore = 18263 * Instant.Day };
        AssertSame([[Value.Of(2)]], Scan(request).Rows, "partition");
        Assert.Empty(Scan(request with { TimeColumn = "never" }).Rows);
    }

    [Fact]
    public void S1_bounds_of_the_whole_time_line_are_no_error()
    {
        var path = Parquet("x.parquet", "select make_timestamptz(5) as a, make_timestamp_ns(5) as b, date '2020-01-01' as c");
        foreach (var column in new[] { "a", "b", "c" })
            foreach (var (from, to, count) in new[] { (long.MinValue + 1, long.MaxValue - 1, 1), (long.MinValue, 0L, 0), (long.MaxValue, long.MaxValue, 0), (long.MinValue, long.MinValue + 1, 0) })
            {
                var rows = Scan(Request(Table(path), (column, FeatureType.Timestamp)) with { TimeColumn = column, NotBefore = from, NotAfter = to }).Rows;
                Assert.True((column == "b" && count == 0 && to == 0 ? 1 : count) == rows.Count, $"{column}: {from} to {to} gives {rows.Count}");
            }
    }

    [Fact]
    public void Rows_come_in_the_order_of_files_and_rows_when_asked_for()
    {
        var files = Enumerable.Range(0, 6).Select(f => Parquet($"{f}.parquet", f % 2 == 0
            ? $"select i + {f * 30_000} as i from range(30000) t(i)"
            : $"select 'x' as extra, i + {f * 30_000} as i from range(30000) t(i)")).ToArray();
        var rows = Scan(Table(files), ("i", FeatureType.Int64));
        Assert.Equal(180_000, rows.Count);
        for (var i = 0; i < rows.Count; i++) Assert.True(rows[i][0] == Value.Of((long)i), $"row {i} is {rows[i][0]}");

        var unordered = Scan(Request(Table(files), ("i", FeatureType.Int64)) with { KeepOrder = false }).Rows;
        Assert.Equal(Enumerable.Range(0, 180_000).Select(i => (long)i), unordered.Select(r => r[0].AsInt64).Order());
    }

    [Fact]
    public void Several_scans_and_writers_run_side_by_side()
    {
        var path = Parquet("x.parquet", "select i, 'text ' || i as s from range(200000) t(i)");
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, n =>
        {
            using var reader = Engine.Scan(Request(Table(path), ("i", FeatureType.Int64), ("s", FeatureType.String)), None);
            using var writer = Engine.CreateFile(new(At($"copy{n}.parquet"), Core.Definitions.TableFormat.Parquet), reader.Schema, None);
            var batch = new ColumnBatch(reader.Schema);
            while (reader.Read(batch, None)) writer.Write(batch, None);
            writer.Complete(None);
        });
        for (var n = 0; n < 8; n++)
        {
            var rows = Scan(Table(At($"copy{n}.parquet")), ("i", FeatureType.Int64), ("s", FeatureType.String));
            Assert.Equal(200_000, rows.Count);
            Assert.Equal(Value.Of("text 199999"), rows[^1][1]);
        }
    }

    [Fact]
    public void A_table_without_files_has_no_rows_and_needs_declared_columns()
    {
        Assert.Empty(Scan(Table(), ("a", FeatureType.Int64)));
        Assert.Contains("has no files", Assert.Throws<LockstepException>(() => Engine.ReadSchema(Table(), None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_of_other_types_are_left_out_of_the_schema()
    {
        var path = Parquet("x.parquet", "select 1 as a, {'x': 1} as s, map {'k': 1} as m, time '12:00' as t, [{'y': 1}] as l, 1.25::decimal(6,3) as d, 'x'::blob as b, [[1]] as n");
        Assert.Equal("a int32, d decimal(6,3), b bytes, n list<list<int32>>", Engine.ReadSchema(Table(path), None).ToString());
    }

    [Fact]
    public void Files_whose_types_no_type_holds_are_named()
    {
        var table = Table(Parquet("1.parquet", "select 1 as a"), Parquet("2.parquet", "select 'x' as a"));
        var error = Assert.Throws<LockstepException>(() => Engine.ReadSchema(table, None));
        Assert.Contains("column 'a' is int32 in", error.Message, StringComparison.Ordinal);
        Assert.Contains("2.parquet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_goes_up_to_one()
    {
        var files = new[] { Parquet("1.parquet", "select i from range(300000) t(i)"), Parquet("2.parquet", "select i, 1 as b from range(300000) t(i)") };
        var table = Table() with { Files = [.. files.Select(f => new TableFile(f) { Size = new FileInfo(f).Length })] };
        using var reader = Engine.Scan(Request(table, ("i", FeatureType.Int64)), None);
        var batch = new ColumnBatch(reader.Schema);
        List<double> seen = [reader.Progress];
        while (reader.Read(batch, None)) seen.Add(reader.Progress);
        Assert.All(seen, p => Assert.InRange(p, 0, 1));
        Assert.Equal(1, seen[^1]);
        Assert.Contains(seen, p => p is > 0 and < 1);
    }

    [Fact]
    public void A_spill_folder_of_a_dead_process_is_swept_and_that_of_a_living_one_stays()
    {
        var parent = At("spills");
        using (var living = new SpillFolder(parent))
        {
            File.WriteAllText(Path.Combine(living.Path, "data"), "x");
            Directory.CreateDirectory(Path.Combine(parent, "spill-dead"));
            File.WriteAllText(Path.Combine(parent, "spill-dead.lock"), "");
            using (new SpillFolder(parent))
            {
                Assert.True(File.Exists(Path.Combine(living.Path, "data")));
                Assert.False(Directory.Exists(Path.Combine(parent, "spill-dead")));
            }
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(parent));
    }

    [Fact]
    public void One_file_is_one_database_in_a_process()
    {
        using var first = Database.Open(At("x.db"), new(), At("s"));
        using (var second = Database.Open(At("x.db"), new(), At("s")))
        using (var connection = second.Connect())
            connection.Execute("create table t as select 1 as a", None);
        using var again = first.Connect();
        using var rows = again.Stream("select a from t", None);
        Assert.True(rows.Next(None));
        Assert.Equal(1, rows.Rows);
    }
}
