using System.Globalization;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>Random well-typed expressions as text, over the columns of <see cref="Columns"/>.</summary>
/// <param name="seed">Of the random choices.</param>
/// <param name="tableColumns">Columns of lookup tables, where expressions use the transformations and tables of the tests.</param>
sealed class RandomExpressions(int seed, params string[] tableColumns)
{
    public static readonly Schema Columns = new(
    [
        new("flag", FeatureType.Bool), new("small", FeatureType.Int32), new("big", FeatureType.Int64), new("f", FeatureType.Float32), new("d", FeatureType.Float64),
        new("price", FeatureType.Decimal(12, 2)), new("share", FeatureType.Decimal(30, 20)), new("name", FeatureType.String), new("at", FeatureType.Timestamp), new("day", FeatureType.Date),
        new("vector", FeatureType.List(FeatureType.Float32)), new("numbers", FeatureType.List(FeatureType.Float64)), new("words", FeatureType.List(FeatureType.String)),
    ]);

    readonly Random _random = new(seed);

    string Pick(params string[] from) => from[_random.Next(from.Length)];

    public string Any(int depth) => tableColumns.Length > 0 && _random.Next(3) == 0 ? Constant(depth) : _random.Next(6) switch
    {
        0 => Bool(depth),
        1 => Int(depth),
        2 => Text(depth),
        3 => Pick("at", "day", "date_trunc('hour', at)", "date_trunc('months', at)", "date_trunc('era', at)", "date_add('month', 1, at)", "in_zone(at, 'America/New_York')", "in_zone(at, 'Mars')", "cast(day as timestamp)", "case when flag then at end", "greatest(at, day)"),
        4 => List(depth),
        _ => Float(depth),
    };

    string Constant(int depth) => _random.Next(9) switch
    {
        0 => $"standard({Number(depth - 1)})",
        1 => $"{Pick("range", "clipped")}({Number(depth - 1)})",
        2 => $"bins({Number(depth - 1)})",
        3 => $"{Pick("names", "names_or_null")}({Text(depth - 1)})",
        4 => $"{Pick("numbers_seen", "numbers_mean")}({Int(depth - 1)})",
        5 => $"flags({Bool(depth - 1)})",
        6 => $"words_of({Pick(Text(depth - 1), "words")})",
        7 => $"lookup(by_name, {Text(depth - 1)}, {Pick(tableColumns)})",
        _ => $"lookup(by_two@{Pick("1", "1.0", "1.0.0")}, {Pick("name", Text(depth - 1))}, {Pick("small", Int(0))}, {Pick("flag", Bool(0))}, {Pick(tableColumns)})",
    };

    public string Bool(int depth) => depth <= 0 ? Pick("flag", "true", "false", "name is null", "d > 0") : _random.Next(12) switch
    {
        0 => $"({Bool(depth - 1)} and {Bool(depth - 1)})",
        1 => $"({Bool(depth - 1)} or {Bool(depth - 1)} or {Bool(depth - 2)})",
        2 => $"(not {Bool(depth - 1)})",
        3 => $"({Any(depth - 1)} is {Pick("", "not ")}null)",
        4 => $"({Number(depth - 1)} {Comparison()} {Number(depth - 1)})",
        5 => $"({Text(depth - 1)} {Comparison()} {Text(depth - 1)})",
        6 => $"({Number(depth - 1)} {Pick("", "not ")}in ({Number(depth - 1)}, {Number(0)}, 1))",
        7 => $"({Number(depth - 1)} {Pick("", "not ")}between {Number(depth - 1)} and {Number(depth - 1)})",
        8 when _random.Next(2) == 0 => Pick($"{Text(0)} in ('', 'é', 'a''b', {Text(0)}, 'naïve')", $"({Text(depth - 1)} like '{Pick("%", "a%", "%b", "%é%", "_", "%a%b%", "a_%")}')",
            $"starts_with({Text(depth - 1)}, {Text(0)})", $"is_weekend(at)", $"regexp_matches({Text(0)}, '[a-f]+')"),
        8 => $"({Pick("at", "day")} {Comparison()} {Pick("at", "day", "timestamp '2020-02-29T12:00:00Z'", "date '1969-12-31'")})",
        9 => $"{Pick("list_any", "list_all")}({Pick("vector", "numbers")}, x -> x {Comparison()} {Number(depth - 1)})",
        10 => $"case when {Bool(depth - 1)} then {Bool(depth - 1)} else {Bool(depth - 1)} end",
        _ => $"({Pick("price", "share")} {Comparison()} {Pick("price", "share", "d", "big")})",
    };

    public string Number(int depth) => _random.Next(2) == 0 ? Int(depth) : Float(depth);

    string IntCall(int depth) => Pick($"length({Text(depth - 1)})", $"date_diff('{Pick("second", "hours", "day", "week", "month", "fortnight")}', {Pick("at", "cast(day as timestamp)")}, at)", "hour(at)", "dayofweek(at)",
        $"bucketize({Float(depth - 1)}, [-1.0, 0.0, 1.5, 100.0, 1e9])", $"bucketize({Float(0)}, [0.0, null])", $"hash_bucket({Text(depth - 1)}, {Pick("10", "0")})", $"clip({Int(depth - 1)}, -2, {Int(0)})");

    string FloatCall(int depth) => Pick($"round({Float(depth - 1)}, {Pick("0", "1", "2", "17", "-2")})", $"log1p({Float(depth - 1)})", $"sin({Float(depth - 1)})", $"sqrt({Float(depth - 1)})", $"clip({Float(depth - 1)}, -1.5, {Float(0)})",
        $"cosine_similarity({Pick("vector, vector", "numbers, numbers", "[1.0, 2.0], [0.5, -0.1]")})", "haversine(d, 10.0, 52.5, d)", $"pow({Float(depth - 1)}, {Float(0)})");

    public string Int(int depth) => depth <= 0 ? Pick("small", "big", "0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808") : _random.Next(9) switch
    {
        8 => IntCall(depth),
        0 or 1 or 2 => $"({Int(depth - 1)} {Pick("+", "-", "*", "//", "%")} {Int(depth - 1)})",
        3 => $"(- {Int(depth - 1)})",
        4 => $"case when {Bool(depth - 1)} then {Int(depth - 1)} when {Bool(depth - 1)} then {Int(depth - 1)} end",
        5 => $"coalesce({Int(depth - 1)}, {Int(depth - 1)})",
        6 => $"try_cast({Float(depth - 1)} as int64)",
        _ => $"nullif({Int(depth - 1)}, {Int(depth - 1)})",
    };

    public string Float(int depth) => depth <= 0 ? Pick("f", "d", "0.0", "1.5", "-0.1", "1e308", "price", "share") : _random.Next(9) switch
    {
        8 => FloatCall(depth),
        0 or 1 or 2 => $"({Float(depth - 1)} {Pick("+", "-", "*", "/", "//", "%")} {Number(depth - 1)})",
        3 => $"({Int(depth - 1)} / {Int(depth - 1)})",
        4 => $"case when {Bool(depth - 1)} then {Float(depth - 1)} else {Number(depth - 1)} end",
        5 => $"{Pick("coalesce", "greatest", "least")}({Float(depth - 1)}, {Number(depth - 1)}, null)",
        6 => $"(- {Float(depth - 1)})",
        _ => $"cast({Int(depth - 1)} as float64)",
    };

    public string Text(int depth) => depth <= 0 ? Pick("name", "''", "'é'", "'a''b'") : _random.Next(6) switch
    {
        5 => $"{Pick("lower", "upper", "trim", "reverse")}({Text(depth - 1)})",
        0 => $"({Text(depth - 1)} || {Text(depth - 1)})",
        1 => $"concat({Text(depth - 1)}, {Pick(Text(depth - 1), "null", "flag", "big", "at")})",
        2 => $"case when {Bool(depth - 1)} then {Text(depth - 1)} end",
        3 => $"cast({Pick(Int(depth - 1), Float(depth - 1), Bool(depth - 1), "at", "day", "price")} as string)",
        _ => $"coalesce({Text(depth - 1)}, {Text(depth - 1)})",
    };

    string List(int depth) => _random.Next(5) switch
    {
        0 => Pick("vector", "numbers", "words"),
        1 => $"[{Float(depth - 1)}, {Number(depth - 1)}, null]",
        2 => $"list_transform({Pick("vector", "numbers")}, x -> x * {Number(depth - 1)})",
        3 => $"list_filter({Pick("vector", "numbers")}, x -> x > {Number(depth - 1)} or {Bool(depth - 1)})",
        _ => $"list_transform(words, w -> w || {Text(depth - 1)})",
    };

    string Comparison() => Pick("=", "<>", "<", "<=", ">", ">=");

    public static Value[] Row(RandomValues values)
    {
        var row = values.Row(Columns);
        // Sources never hold a negative zero or a value that is not finite (S3); small numbers make equalities likely.
        for (var i = 0; i < row.Length; i++)
            if (Columns[i].Type.Kind == TypeKind.Int64 && !row[i].IsNull && values.Random.Next(2) == 0) row[i] = Value.Of((long)values.Random.Next(-2, 3));
            else if (Columns[i].Type.Kind is TypeKind.Timestamp && !row[i].IsNull) row[i] = Value.Timestamp(values.Pick(0L, -1, Instant.Day, 1_582_977_600_000_000));
            else if (Columns[i].Type.Kind is TypeKind.Date && !row[i].IsNull) row[i] = Value.Date(values.Pick(0, -1, 1, 18321));
        return row;
    }

    public override string ToString() => seed.ToString(CultureInfo.InvariantCulture);
}
