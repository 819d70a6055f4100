using System.Globalization;
using System.Numerics;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Tests;

/// <summary>Every pair of a source's type and a declared one, against conversions written from S1 to S3 over exact fractions.</summary>
public sealed class ConversionTests : EngineTest
{
    static readonly string[] Sources =
    [
        "boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "float", "double",
        "decimal(4,1)", "decimal(9,3)", "decimal(18,2)", "decimal(38,5)", "varchar", "blob", "date", "timestamp", "timestamptz", "timestamp_ns", "timestamp_ms",
    ];

    static readonly FeatureType[] Targets =
    [
        FeatureType.Bool, FeatureType.Int32, FeatureType.Int64, FeatureType.Float32, FeatureType.Float64, FeatureType.Decimal(6, 2), FeatureType.Decimal(38, 10),
        FeatureType.String, FeatureType.Bytes, FeatureType.Timestamp, FeatureType.Date,
    ];

    public static TheoryData<string, int> Cases => new(Sources.SelectMany((s, i) => new[] { (s, i), (s, i + 1000) }));

    [Theory, MemberData(nameof(Cases))]
    public void S2_a_value_converts_without_loss_or_is_named(string source, int seed)
    {
        var random = new Random(seed);
        foreach (var target in Targets)
        {
            var values = Enumerable.Range(0, 120).Select(_ => random.Next(6) == 0 ? null : Exact.Random(random, source)).ToList();
            var good = values.Where(v => v is null || Naive(v, target) is not null).ToList();
            var bad = values.Where(v => v is not null && Naive(v, target) is null).ToList();
            if (good.All(v => v is null)) continue; // no such conversion: its own test
            AssertConverts(source, target, good, $"seed {seed}, {source} to {target}");
            if (bad.Count > 0) AssertNames(source, target, good, bad[0]!, random.Next(good.Count + 1), $"seed {seed}, {source} to {target}");
        }
    }

    void AssertConverts(string source, FeatureType target, List<Exact?> values, string what)
    {
        var path = Write("good.parquet", source, values);
        var (rows, nonFinite) = Scan(Request(Table(path), ("v", target)));
        AssertSame([.. values.Select(v => new[] { v is null ? Value.Null : Naive(v, target)!.Value })], rows, what);
        Assert.True(nonFinite[0] == values.Count(v => v is not null && Naive(v, target)!.Value.IsNull), what);
    }

    void AssertNames(string source, FeatureType target, List<Exact?> good, Exact bad, int at, string what)
    {
        List<Exact?> values = [.. good[..at], bad, .. good[at..]];
        var paths = new[] { Write("first.parquet", source, good), Write("second.parquet", source, values) };
        var error = Assert.Throws<LockstepException>(() => Scan(Table(paths), ("v", target)));
        Assert.True(error.Message.Contains($"{paths[1]}, row {at + 1}, column 'v'", StringComparison.Ordinal) && error.Message.Contains(target.ToString(), StringComparison.Ordinal)
            && error.Kind == ErrorKind.Failed, $"{what}, row {at + 1}: {error.Message}");
    }

    string Write(string name, string type, List<Exact?> values)
        => Parquet(name, $"select v::{type} as v from (values {string.Join(", ", values.Select((v, i) => $"({i}, {v?.Sql ?? "null"}::{type})"))}) t(i, v) order by i");

    [Theory]
    [InlineData("date", "int64")]
    [InlineData("timestamp", "float64")]
    [InlineData("bigint", "timestamp")]
    [InlineData("double", "bytes")]
    [InlineData("boolean", "int64")]
    [InlineData("struct(a integer)", "string")]
    [InlineData("integer[]", "int64")]
    [InlineData("time", "timestamp")]
    public void S2_types_that_never_convert_are_named(string source, string target)
    {
        var path = Parquet("x.parquet", $"select null::{source} as v");
        var error = Assert.Throws<LockstepException>(() => Scan(Table(path), ("v", FeatureType.Parse(target))));
        Assert.Contains($"{path}, column 'v' is ", error.Message, StringComparison.Ordinal);
        Assert.Contains($"cannot be read as {target}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S3_what_is_not_finite_is_null_and_counted_also_in_lists()
    {
        var path = Parquet("x.parquet", """
            select * from (values
                (1, 'nan'::double, 'inf'::float, ['nan'::double, 1, '-inf'::double, null, -0.0], 1e300::double),
                (2, -0.0::double, -0.0::float, [], -1e-300::double),
                (3, null, null, null, null),
                (4, 2.5, 2.5, [-0.0], 'nan'::double)) t(i, d, f, l, n)
            """);
        var (rows, nonFinite) = Scan(Request(Table(path), ("d", FeatureType.Float64), ("f", FeatureType.Float32), ("l", FeatureType.List(FeatureType.Float64)), ("n", FeatureType.Float32)));

        var zero = Value.Of(0.0);
        AssertSame(
        [
            [Value.Null, Value.Null, Value.List(Value.Null, Value.Of(1.0), Value.Null, Value.Null, zero), Value.Null],
            [zero, Value.Of(0f), Value.List(), Value.Of(0f)],
            [Value.Null, Value.Null, Value.Null, Value.Null],
            [Value.Of(2.5), Value.Of(2.5f), Value.List(zero), Value.Null],
        ], rows, "S3");
        Assert.Equal([1, 1, 2, 2], nonFinite);
    }

    [Theory, InlineData(5), InlineData(64), InlineData(2048), InlineData(5000)]
    public void S3_holds_wherever_in_a_vector_the_value_stands(int rows)
    {
        var path = Parquet("x.parquet", $"select case when i % 37 = 5 then 'nan'::double when i % 41 = 3 then -0.0::double when i % 43 = 2 then null else i end as d from range({rows}) t(i)");
        var (read, nonFinite) = Scan(Request(Table(path), ("d", FeatureType.Float64)));
        var expected = Enumerable.Range(0, rows).Select(i => new[] { i % 37 == 5 ? Value.Null : i % 41 == 3 ? Value.Of(0.0) : i % 43 == 2 ? Value.Null : Value.Of((double)i) }).ToList();
        AssertSame(expected, read, $"{rows} rows");
        Assert.Equal(Enumerable.Range(0, rows).Count(i => i % 37 == 5), nonFinite[0]);
    }

    [Fact]
    public void S2_a_value_in_a_list_that_loses_something_names_its_row()
    {
        var path = Parquet("x.parquet", "select case when i = 4321 then [1.0::double, 2.5, 3] when i % 3 = 0 then [] else [i, i + 1] end as l from range(6000) t(i)");
        var error = Assert.Throws<LockstepException>(() => Scan(Table(path), ("l", FeatureType.List(FeatureType.Int64))));
        Assert.Contains("row 4322, column 'l'", error.Message, StringComparison.Ordinal);
        Assert.Contains("2.5 in the list", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S1_nanoseconds_are_rounded_down_before_1970_too()
    {
        var path = Parquet("x.parquet", "select make_timestamp_ns(i) as t from (values (-1001), (-1000), (-999), (-1), (0), (1), (999), (1000)) v(i)");
        AssertSame([.. new long[] { -2, -1, -1, -1, 0, 0, 0, 1 }.Select(t => new[] { Value.Timestamp(t) })], Scan(Table(path), ("t", FeatureType.Timestamp)), "S1");
    }

    [Fact]
    public void Enumerations_uuids_and_arrays_are_read_as_what_they_stand_for()
    {
        var path = Parquet("x.parquet", "select 'b'::enum('a', 'b') as e, '00112233-4455-6677-8899-aabbccddeeff'::uuid as u, [1, 2, 3]::float[3] as a");
        AssertSame([[Value.Of("b"), Value.Of("00112233-4455-6677-8899-aabbccddeeff"), Value.List(Value.Of(1f), Value.Of(2f), Value.Of(3f))]],
            Scan(Table(path), ("e", FeatureType.String), ("u", FeatureType.String), ("a", FeatureType.List(FeatureType.Float32))), "types");
    }

    /// <summary>Null: it would lose something. A null value: it was not finite.</summary>
    static Value? Naive(Exact value, FeatureType to)
    {
        switch (to.Kind)
        {
            case TypeKind.Bool:
                return value.Number is { } b && (value.Kind is "bool" or "integer") && b.Den == 1 && (b.Num == 0 || b.Num == 1) ? Value.Of(b.Num == 1)
                    : value.Text is "true" or "false" or "1" or "0" ? Value.Of(value.Text is "true" or "1") : null;
            case TypeKind.Int32 or TypeKind.Int64 or TypeKind.Decimal:
                if (value.Kind is "bool" or "date" or "timestamp") return null;
                if (value.NonFinite) return Value.Null;
                if (value.Number is not { } n) return null;
                var scaled = n.Num * BigInteger.Pow(10, to.Scale);
                if (!(scaled % n.Den).IsZero) return null;
                scaled /= n.Den;
                if (to.Kind == TypeKind.Decimal) return BigInteger.Abs(scaled) < BigInteger.Pow(10, to.Precision) ? Value.Decimal((Int128)scaled, to.Scale) : null;
                if (to.Kind == TypeKind.Int32) return scaled >= int.MinValue && scaled <= int.MaxValue ? Value.Of((int)scaled) : null;
                return scaled >= long.MinValue && scaled <= long.MaxValue ? Value.Of((long)scaled) : null;
            case TypeKind.Float32 or TypeKind.Float64:
                if (value.Kind is "bool" or "date" or "timestamp") return null;
                if (value.NonFinite) return Value.Null;
                if (value.Number is not { } r) return null;
                var real = value.Real ?? double.Parse(value.Decimal!, CultureInfo.InvariantCulture); // the nearest double
                var rounds = value.Kind is "float" or "text"; // a float is given as it is, text stands for the double nearest to it
                if (!rounds && Fraction.Of(real) != r) return null;
                if (to.Kind == TypeKind.Float64) return double.IsFinite(real) ? Value.Of(real == 0 ? 0 : real) : Value.Null;
                if (!rounds && (double)(float)real != real) return null;
                return float.IsFinite((float)real) ? Value.Of((float)real == 0 ? 0 : (float)real) : Value.Null;
            case TypeKind.String:
                return value.NonFinite && value.Text is null ? Value.Null : value.AsText is { } text ? Value.Of(text) : null;
            case TypeKind.Bytes:
                return value.Raw is { } raw ? Value.Of(raw) : null;
            case TypeKind.Timestamp:
                return value.Micros is { } micros ? Value.Timestamp(micros) : null;
            default:
                return value.Micros is { } instant && instant % Instant.Day == 0 ? Value.Date((int)(instant / Instant.Day)) : null;
        }
    }
}
