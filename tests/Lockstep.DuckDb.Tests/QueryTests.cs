using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

public sealed class QueryTests : EngineTest
{
    static QueryRequest Ask(string sql, params (string Name, TableInput Table)[] tables)
        => new() { Name = "view 'v'", Sql = sql, Tables = tables.ToDictionary(t => t.Name, t => t.Table) };

    List<Value[]> Rows(QueryRequest request)
    {
        using var reader = Engine.Query(request, None);
        var rows = Drain(reader);
        Assert.Equal(reader.Schema, request.Columns is null ? Engine.DescribeQuery(request, None) : reader.Schema);
        return rows;
    }

    [Fact]
    public void A_query_sees_tables_of_every_format()
    {
        var schema = new Schema([new("k", FeatureType.String), new("n", FeatureType.Int64)]);
        foreach (var format in new[] { TableFormat.Parquet, TableFormat.Csv, TableFormat.Json, TableFormat.JsonLines })
            Write(At(format.ToString()), format, schema, [[Value.Of("a"), Value.Of(1L)], [Value.Of("b"), Value.Of(2L)]]);
        var rows = Rows(Ask("select p.k, p.n + c.n * 10 + j.n * 100 + l.n * 1000 as n from \"the parquet\" p join c using (k) join j using (k) join l using (k) order by k",
            ("the parquet", Table(At("Parquet"))), ("c", Table(TableFormat.Csv, At("Csv"))), ("j", Table(TableFormat.Json, At("Json"))), ("l", Table(TableFormat.JsonLines, At("JsonLines")))));
        AssertSame([[Value.Of("a"), Value.Of(1111L)], [Value.Of("b"), Value.Of(2222L)]], rows, "join");
    }

    [Fact]
    public void Tables_of_several_shapes_partitions_and_odd_names_are_one_view()
    {
        TableFile File(string name, string sql, string? day) => new(Parquet(name, sql)) { Partition = new Dictionary<string, string?> { ["day"] = day } };
        var table = Table() with
        {
            Files = [File("a*1.parquet", "select 1::integer as n, 'x' as s", "2020-01-01"), File("b.parquet", "select 2::bigint as n", null), File("c.parquet", "select 3::integer as n, 'z' as s", "2020-01-03")],
            Schema = new([new("n", FeatureType.Int64), new("s", FeatureType.String), new("day", FeatureType.Date), new("later", FeatureType.Float64)]),
        };
        AssertSame(
        [
            [Value.Of(1L), Value.Of("x"), Value.Date(18262), Value.Null],
            [Value.Of(2L), Value.Null, Value.Null, Value.Null],
            [Value.Of(3L), Value.Of("z"), Value.Date(18264), Value.Null],
        ], Rows(Ask("select * from t order by n", ("t", table))), "view");
        Assert.Equal(table.Schema, Engine.DescribeQuery(Ask("from t", ("t", table)), None));
        Assert.Empty(Rows(Ask("from t", ("t", table with { Files = [] }))));
    }

    [Fact]
    public void S3_a_query_sees_what_a_scan_reads()
    {
        var path = Parquet("x.parquet", "select * from (values (1, 'nan'::double, '-0.0'::float, ['inf'::double, '-0.0'::double, 1], make_timestamp_ns(-1)), (2, '-0.0'::double, 1, null, make_timestamp_ns(1999))) t(i, d, f, l, t)");
        AssertSame(
        [
            [Value.Null, Value.Of(0f), Value.List(Value.Null, Value.Of(0.0), Value.Of(1.0)), Value.Timestamp(-1), Value.Of(true)],
            [Value.Of(0.0), Value.Of(1f), Value.Null, Value.Timestamp(1), Value.Of(false)],
        ], Rows(Ask("select d, f, l, t, d is null as n from t order by i", ("t", Table(path)))), "S3");
        AssertSame([[Value.Of("0.0")]], Rows(Ask("select min(d)::varchar as m from t", ("t", Table(path)))), "zero in SQL");
        AssertSame([[Value.Of(0.0), Value.Null]], Rows(Ask("select -0.0::double as z, 'nan'::double as n")), "zero of an expression");
    }

    [Fact]
    public void S1_instants_are_utc_in_a_query()
    {
        var path = Parquet("x.parquet", "select timestamptz '2020-01-01 00:30:00+00' as t");
        AssertSame([[Value.Of(0L), Value.Of(true), Value.Date(18262)]], Rows(Ask("select hour(t) as h, t = timestamp '2020-01-01 00:30:00' as same, t::date as d from t", ("t", Table(path)))), "UTC");
    }

    [Fact]
    public void Columns_are_converted_as_declared_and_a_loss_is_named()
    {
        var request = Ask("select i, i / 2 as half, sum(i) over () as total from range(3) t(i) order by i");
        AssertSame([[Value.Of(3L), Value.Of(0.0)], [Value.Of(3L), Value.Of(0.5)], [Value.Of(3L), Value.Of(1.0)]],
            Rows(request with { Columns = [new("total", new("total", FeatureType.Int64)), new("half", new("x", FeatureType.Float64))] }), "declared");

        var loss = Assert.Throws<LockstepException>(() => Rows(request with { Columns = [new("half", new("half", FeatureType.Int64))] }));
        Assert.Contains("view 'v': row 2 of its query, column 'half' (double): 0.5 does not convert to int64 without loss", loss.Message, StringComparison.Ordinal);
        var unknown = Assert.Throws<LockstepException>(() => Rows(request with { Columns = [new("hlaf", new("x", FeatureType.Float64))] }));
        Assert.Contains("no column 'hlaf'. Did you mean 'half'?", unknown.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.DefinitionsInvalid, unknown.Kind);
    }

    [Fact]
    public void Lists_come_back_whole_when_rows_are_left_out_and_repeated()
    {
        var path = Parquet("x.parquet", "select i, case when i % 7 = 0 then null else list_transform(range(i % 4), lambda e: i * 10 + e) end as l, [i, -i][:1 + i % 2] as n from range(5000) t(i)");
        var rows = Rows(Ask("select i, l from t join (values (0), (1), (1), (4)) m(r) on i % 5 = r order by i", ("t", Table(path))));
        var expected = Enumerable.Range(0, 5000).Where(i => i % 5 is 0 or 1 or 4).SelectMany(i => Enumerable.Repeat<Value[]>(
            [Value.Of((long)i), i % 7 == 0 ? Value.Null : Value.List([.. Enumerable.Range(0, i % 4).Select(e => Value.Of(i * 10L + e))])], i % 5 == 1 ? 2 : 1)).ToList();
        AssertSame(expected, rows, "lists");

        foreach (var sql in new[] { "select i, n from t where i % 5 in (1, 4)", "select i, n from t join (values (4), (1)) m(r) on i % 5 = r", "select i, n from t where hash(i) >= 0 and i % 5 in (1, 4) order by i desc" })
            AssertSame([.. Enumerable.Range(0, 5000).Where(i => i % 5 is 1 or 4).Select(i => new[] { Value.Of((long)i), Value.List([.. new[] { Value.Of((long)i), Value.Of((long)-i) }.Take(1 + i % 2)]) })],
                [.. Rows(Ask(sql, ("t", Table(path)))).OrderBy(r => r[0].AsInt64)], sql);
    }

    [Fact]
    public void A_query_over_structs_may_unpack_them()
        => AssertSame([[Value.Of(5)]], Rows(Ask("select s.a as a from t", ("t", Table(Parquet("x.parquet", "select {'a': 5} as s"))))), "struct");

    [Fact]
    public void Mistakes_in_sql_are_the_authors_and_name_the_view()
    {
        foreach (var (sql, expected) in new[]
        {
            ("selec 1", "syntax error"), ("select nope from t", "nope"), ("select 1 as a, 2 as a", "yields column 'a' 2 times"),
            ("", "must be one SELECT; this is empty"), ("select 1; select 2", "must be one SELECT; this has 2 statements"),
        })
        {
            var error = Assert.Throws<LockstepException>(() => Engine.DescribeQuery(Ask(sql, ("t", Table(Parquet("x.parquet", "select 1 as v")))), None));
            Assert.StartsWith("view 'v': ", error.Message, StringComparison.Ordinal);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
            Assert.Equal(ErrorKind.DefinitionsInvalid, error.Kind);
        }
        var atRun = Assert.Throws<LockstepException>(() => Rows(Ask("select error('at ' || i) as e from range(3) t(i)")));
        Assert.StartsWith("view 'v': ", atRun.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_value_of_a_text_table_is_named_in_a_query_too()
    {
        File.WriteAllText(At("x.csv"), "n\n1\nx\n");
        var table = Table(TableFormat.Csv, At("x.csv")) with { Schema = new([new("n", FeatureType.Int64)]) };
        var error = Assert.Throws<LockstepException>(() => Rows(Ask("select n from t", ("t", table))));
        Assert.Equal($"source 'test': {At("x.csv")}, row 2 (line 3): column 'n': 'x' does not convert to int64 without loss.", error.Message);
    }

    [Theory]
    [InlineData("create table x (a int)")]
    [InlineData("insert into t values (1)")]
    [InlineData("update t set v = 2")]
    [InlineData("delete from t")]
    [InlineData("drop view t")]
    [InlineData("copy t to '{0}/out.csv'")]
    [InlineData("copy (select 1) to '{0}/out.csv'")]
    [InlineData("attach '{0}/x.db'")]
    [InlineData("install httpfs")]
    [InlineData("load httpfs")]
    [InlineData("pragma database_list")]
    [InlineData("call pragma_version()")]
    [InlineData("set enable_external_access = true")]
    [InlineData("set threads = 1")]
    [InlineData("reset lock_configuration")]
    [InlineData("export database '{0}/dump'")]
    [InlineData("import database '{0}/dump'")]
    [InlineData("explain select 1")]
    [InlineData("begin transaction")]
    [InlineData("prepare p as select 1")]
    [InlineData("checkpoint")]
    [InlineData("create macro m() as 1")]
    [InlineData("create secret (type s3)")]
    [InlineData("select 1; copy t to '{0}/out.csv'")]
    public void Anything_but_one_select_is_refused(string sql)
    {
        var error = Refused(sql);
        Assert.Contains("must be one SELECT", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select * from read_csv('/etc/passwd')")]
    [InlineData("select * from read_text('/etc/passwd')")]
    [InlineData("select * from read_blob('/proc/self/environ')")]
    [InlineData("select * from read_json('/etc/passwd')")]
    [InlineData("select * from read_parquet('{0}/secret.parquet')")]
    [InlineData("select * from read_parquet('{0}/*.parquet')")]
    [InlineData("select * from '{0}/secret.parquet'")]
    [InlineData("select * from '{0}/../../../etc/passwd'")]
    [InlineData("select * from glob('/etc/*')")]
    [InlineData("select * from parquet_metadata('{0}/secret.parquet')")]
    [InlineData("select * from parquet_schema('{0}/secret.parquet')")]
    [InlineData("select * from sniff_csv('/etc/passwd')")]
    [InlineData("select * from read_csv('https://example.com/x.csv')")]
    [InlineData("select * from read_parquet('s3://bucket/x.parquet')")]
    [InlineData("select * from query('copy t to ''{0}/out.csv''')")]
    [InlineData("select * from query('select * from read_text(''/etc/passwd'')')")]
    [InlineData("select * from json_execute_serialized_sql(json_serialize_sql('select * from read_text(''/etc/passwd'')'))")]
    [InlineData("select getenv('HOME')")]
    [InlineData("select * from duckdb_secrets()")]
    [InlineData("with a as (select * from read_text('/etc/passwd')) select * from a")]
    [InlineData("select (select content from read_text('/etc/passwd'))")]
    public void No_other_file_can_be_read(string sql) => Refused(sql);

    LockstepException Refused(string sql)
    {
        var table = Table(Parquet("mine.parquet", "select 1 as v"));
        Parquet("secret.parquet", "select 2 as v");
        var before = Directory.GetFileSystemEntries(Folder).Order().ToList();
        var request = Ask(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, Folder), ("t", table));
        foreach (var act in new Action[] { () => Rows(request), () => Engine.DescribeQuery(request, None) })
        {
            if (act == null) continue;
            try
            {
                act();
            }
            catch (LockstepException e)
            {
                Assert.StartsWith("view 'v': ", e.Message, StringComparison.Ordinal);
                Assert.Equal(before, Directory.GetFileSystemEntries(Folder).Order());
                AssertSame([[Value.Of(1)]], Rows(Ask("select v from t", ("t", table))), "afterwards");
                return e;
            }
        }
        Assert.Fail($"{sql} was not refused");
        throw new InvalidOperationException();
    }

    [Fact]
    public void The_message_says_which_tables_there_are()
    {
        var error = Refused("select * from read_csv('/etc/passwd')");
        Assert.Contains("a query reads only its tables (t), no file and no network", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_differ_only_in_case_are_refused()
    {
        var table = Table(Parquet("x.parquet", "select 1 as v"));
        Assert.Contains("'t' and 'T' differ only in case", Assert.Throws<LockstepException>(() => Rows(Ask("select 1", ("t", table), ("T", table)))).Message, StringComparison.Ordinal);
    }
}
