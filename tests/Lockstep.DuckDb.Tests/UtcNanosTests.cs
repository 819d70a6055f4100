using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Scan;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

/// <summary>Nanoseconds in UTC, as pandas and pyarrow write them. DuckDB writes none, so its own are marked as UTC here.</summary>
public sealed class UtcNanosTests : EngineTest
{
    string Nanos(string name, string query)
    {
        Parquet("naive-" + name, query);
        ParquetFooter.CopyMarked(At("naive-" + name), At(name), utc: true);
        return At(name);
    }

    [Fact]
    public void S1_nanoseconds_in_utc_are_rounded_down_before_1970_too()
    {
        long[] nanos = [-1001, -1000, -999, -1, 0, 1, 999, 1000, 1_500_000_000_123_456_789, -1_500_000_000_123_456_789];
        var path = Nanos("x.parquet", $"select i, make_timestamp_ns(n) as t, [make_timestamp_ns(n)] as l, make_timestamp_ns(0) as late from (values {string.Join(", ", nanos.Select((n, i) => $"({i}, {n})"))}) v(i, n)");
        var expected = nanos.Select(n => Value.Timestamp((long)Math.Floor(n / 1000m))).ToList();
        var (timestamp, list) = (FeatureType.Timestamp, FeatureType.List(FeatureType.Timestamp));

        AssertSame([.. expected.Select(t => new[] { t, Value.List(t), Value.Timestamp(0) })], Scan(Table(path), ("t", timestamp), ("l", list), ("late", timestamp)), "scan");
        Assert.Equal("i int32, t timestamp, l list<timestamp>, late timestamp", Engine.ReadSchema(Table(path), None).ToString());
        using var query = Engine.Query(new() { Name = "view 'v'", Sql = "select t, l from x order by i", Tables = new Dictionary<string, TableInput> { ["x"] = Table(path) } }, None);
        AssertSame([.. expected.Select(t => new[] { t, Value.List(t) })], Drain(query), "query");

        var bounded = Request(Table(path), ("t", timestamp)) with { TimeColumn = "t", NotBefore = -1, NotAfter = 0 };
        AssertSame([[Value.Timestamp(-1)], [Value.Timestamp(-1)], [Value.Timestamp(-1)], [Value.Timestamp(0)], [Value.Timestamp(0)], [Value.Timestamp(0)]], Scan(bounded).Rows, "bounds");
    }

    [Fact]
    public void Only_files_that_reach_before_1970_are_copied_and_their_order_stays()
    {
        string[] paths = [Nanos("a.parquet", "select make_timestamp_ns(5000) as t"), Nanos("b.parquet", "select make_timestamp_ns(-5) as t"), Nanos("c.parquet", "select make_timestamp_ns(7000) as t")];
        AssertSame([[Value.Timestamp(5)], [Value.Timestamp(-1)], [Value.Timestamp(7)]], Scan(Table(paths), ("t", FeatureType.Timestamp)), "order");

        using (var reader = Engine.Scan(Request(Table(paths), ("t", FeatureType.Timestamp)), None))
            Assert.Single(Directory.GetFiles(At("spill"), "*.parquet", SearchOption.AllDirectories));
        Assert.Empty(Directory.GetFiles(At("spill"), "*.parquet", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_loss_is_named_in_the_file_and_not_in_its_copy()
    {
        var path = Nanos("x.parquet", "select make_timestamp_ns(i - 3) as t from range(5) v(i)");
        var error = Assert.Throws<LockstepException>(() => Scan(Table(path), ("t", FeatureType.Date)));
        Assert.Contains($"{path}, row 1, column 't'", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void A_damaged_footer_is_an_error_and_no_crash(int seed)
    {
        var bytes = File.ReadAllBytes(Nanos("x.parquet", "select make_timestamp_ns(-1) as t, 1 as a, 'x' as b, {'y': [1]} as c"));
        var footer = bytes[^(8 + BitConverter.ToInt32(bytes, bytes.Length - 8))..^8];
        Assert.Equal(1, ParquetFooter.MarkNanos((byte[])footer.Clone(), utc: true));
        var random = new Random(seed);
        for (var round = 0; round < 2000; round++)
        {
            var damaged = footer[..random.Next(footer.Length)];
            for (var i = 0; i < random.Next(4) && damaged.Length > 0; i++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                Assert.InRange(ParquetFooter.MarkNanos(damaged, utc: true), 0, damaged.Length);
            }
            catch (InvalidDataException)
            {
                continue; // said so
            }
        }
    }

    [Fact]
    public void A_replaced_file_is_read_anew()
    {
        for (var i = 0; i < 5; i++)
        {
            Write(At("x.parquet"), Core.Definitions.TableFormat.Parquet, new([new("v", FeatureType.Int32)]), [[Value.Of(i)]]);
            AssertSame([[Value.Of(i)]], Scan(Table(At("x.parquet")), ("v", FeatureType.Int32)), $"version {i}");
        }
    }
}
