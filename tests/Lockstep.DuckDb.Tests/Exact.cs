using System.Globalization;
using System.Numerics;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Tests;

internal readonly record struct Fraction(BigInteger Num, BigInteger Den)
{
    public static Fraction Of(BigInteger num, BigInteger den)
    {
        var common = BigInteger.GreatestCommonDivisor(num, den);
        return new(num / common, den / common);
    }

    public static Fraction Of(double value)
    {
        if (!double.IsFinite(value)) return default;
        var bits = BitConverter.DoubleToInt64Bits(value);
        var (exponent, mantissa) = ((int)(bits >> 52 & 0x7FF), bits & 0xF_FFFF_FFFF_FFFF);
        mantissa |= exponent == 0 ? 0 : 1L << 52;
        exponent = Math.Max(exponent, 1) - 1075;
        var signed = value < 0 ? -(BigInteger)mantissa : mantissa;
        return exponent >= 0 ? Of(signed << exponent, 1) : Of(signed, BigInteger.One << -exponent);
    }
}

/// <summary>A value with all that is true of it, made beside its SQL: the naive twin's own view of what a file holds.</summary>
internal sealed record Exact(string Kind, string Sql)
{
    public Fraction? Number { get; init; }
    public double? Real { get; init; }
    public string? Decimal { get; init; }
    public bool NonFinite { get; init; }
    public string? Text { get; init; }
    public string? AsText { get; init; }
    public byte[]? Raw { get; init; }
    public long? Micros { get; init; }

    public static Exact Random(Random random, string type) => type switch
    {
        "boolean" => random.Next(2) is var b && b == 1 ? Of("bool", "true", 1) with { AsText = "true" } : Of("bool", "false", 0) with { AsText = "false" },
        "tinyint" => Integer(random, sbyte.MinValue, sbyte.MaxValue),
        "smallint" => Integer(random, short.MinValue, short.MaxValue),
        "integer" => Integer(random, int.MinValue, int.MaxValue),
        "bigint" => Integer(random, long.MinValue, long.MaxValue),
        "utinyint" => Integer(random, 0, byte.MaxValue),
        "usmallint" => Integer(random, 0, ushort.MaxValue),
        "uinteger" => Integer(random, 0, uint.MaxValue),
        "ubigint" => Integer(random, 0, ulong.MaxValue),
        "float" => Float(random, true),
        "double" => Float(random, false),
        "varchar" => String(random),
        "blob" => Blob(random),
        "date" => Date(random),
        "timestamp" or "timestamptz" => Micro(Pick(random, -1, 0, 1, Instant.Day, 19_000 * Instant.Day, random.NextInt64(-10_000_000_000_000_000, 10_000_000_000_000_000)), type),
        "timestamp_ms" => Micro(random.NextInt64(-10_000_000_000_000, 10_000_000_000_000) * 1000, "timestamp"),
        "timestamp_ns" => Nano(Pick(random, -1, -1000, -1001, 0, 999, 1_500_000_000_000_000_000, random.NextInt64(-8_000_000_000_000_000_000, 8_000_000_000_000_000_000))),
        _ => AnyDecimal(random, FeatureType.Parse(type)),
    };

    static T Pick<T>(Random random, params T[] from) => from[random.Next(from.Length)];

    static Exact Of(string kind, string sql, BigInteger number) => new(kind, sql)
    {
        Number = Fraction.Of(number, 1),
        Decimal = number.ToString(CultureInfo.InvariantCulture),
        AsText = number.ToString(CultureInfo.InvariantCulture),
    };

    static Exact Integer(Random random, BigInteger min, BigInteger max)
    {
        var any = min + new BigInteger(random.NextInt64()) * 2 % (max - min);
        var number = Pick(random, 0, 1, min, max, any, (1L << 24) + 1, (1L << 53) + 1, 99999);
        if (number > max) number = max;
        return Of("integer", $"'{number}'", number);
    }

    static Exact Float(Random random, bool single)
    {
        var value = Pick(random, 0.0, -0.0, 0.5, 1, -3, 0.1, 1e-30, 16777217, 9007199254740993, 1e18, 9.3e18, 1e30, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
            1e39, 5e-46, -1e-50, random.NextDouble(), random.Next(1000) / 4.0);
        if (single) value = (float)value;
        var text = single ? ((float)value).ToString("R", CultureInfo.InvariantCulture) : value.ToString("R", CultureInfo.InvariantCulture);
        return new("float", $"'{text}'")
        {
            Number = double.IsFinite(value) ? Fraction.Of(value) : null,
            Real = value,
            NonFinite = !double.IsFinite(value),
            AsText = value == 0 ? "0" : text,
        };
    }

    static Exact AnyDecimal(Random random, FeatureType type)
    {
        var limit = BigInteger.Pow(10, type.Precision) - 1;
        var unscaled = Pick(random, 0, 1, limit, -limit, 5 * BigInteger.Pow(10, type.Scale), 25 * BigInteger.Pow(10, Math.Max(0, type.Scale - 2)), 16777217 * BigInteger.Pow(10, type.Scale), new BigInteger(random.NextInt64()) % limit);
        if (BigInteger.Abs(unscaled) > limit) unscaled = limit;
        var text = Value.FormatDecimal((Int128)unscaled, type.Scale);
        return new("decimal", $"'{text}'") { Number = Fraction.Of(unscaled, BigInteger.Pow(10, type.Scale)), Decimal = text, AsText = text };
    }

    static Exact String(Random random)
    {
        var text = Pick(random, "", "abc", "true", "false", "1", "0", "7", "-12", "007", "+5", "5.0", "1e3", "0.1", "12.34", "1.005", "99999999999999999999", "2147483648", "9223372036854775807",
            "NaN", "inf", "-Infinity", "1e400", "1e39", "1e-400", "2020-01-02", "2020-01-02T03:04:05Z", "2020-01-02 03:04:05.1234567+01:30", "1969-12-31T23:59:59.9999999Z", "2020-02-30", "0x10", "Zürich", "'");
        Exact value = new("text", $"'{text.Replace("'", "''", StringComparison.Ordinal)}'") { Text = text, AsText = text, Raw = Encoding.UTF8.GetBytes(text) };
        if (text is "NaN" or "inf" or "-Infinity") return value with { NonFinite = true };
        if (Fractions.TryGetValue(text, out var fraction)) value = value with { Number = fraction, Decimal = text };
        return Instants.TryGetValue(text, out var micros) ? value with { Micros = micros } : value;
    }

    static readonly Dictionary<string, Fraction> Fractions = new()
    {
        ["1"] = new(1, 1),
        ["0"] = new(0, 1),
        ["7"] = new(7, 1),
        ["-12"] = new(-12, 1),
        ["007"] = new(7, 1),
        ["+5"] = new(5, 1),
        ["5.0"] = new(5, 1),
        ["1e3"] = new(1000, 1),
        ["0.1"] = new(1, 10),
        ["12.34"] = new(617, 50),
        ["1.005"] = new(201, 200),
        ["99999999999999999999"] = new(BigInteger.Pow(10, 20) - 1, 1),
        ["2147483648"] = new(2147483648, 1),
        ["9223372036854775807"] = new(long.MaxValue, 1),
        ["1e400"] = new(BigInteger.Pow(10, 400), 1),
        ["1e39"] = new(BigInteger.Pow(10, 39), 1),
        ["1e-400"] = new(1, BigInteger.Pow(10, 400)),
    };

    static readonly Dictionary<string, long> Instants = new()
    {
        ["2020-01-02"] = 1577923200_000000,
        ["2020-01-02T03:04:05Z"] = 1577934245_000000,
        ["2020-01-02 03:04:05.1234567+01:30"] = 1577934245_123456 - 5400_000000,
        ["1969-12-31T23:59:59.9999999Z"] = -1,
    };

    static Exact Blob(Random random)
    {
        var raw = Pick<byte[]>(random, [], [65, 66], [0xFF], [0xC3, 0xBC], [0], [0xC3]);
        var valid = raw is not [0xFF] and not [0xC3];
        return new("blob", $"unhex('{Convert.ToHexString(raw)}')") { Raw = raw, AsText = valid ? Encoding.UTF8.GetString(raw) : null };
    }

    static Exact Date(Random random)
    {
        var days = Pick(random, 0, -1, 1, 19_000, -700_000, 2_900_000, random.Next(-100_000, 100_000));
        return new("date", $"(date '1970-01-01' + ({days}))") { Micros = days * Instant.Day, AsText = Instant.FormatDate(days) };
    }

    static Exact Micro(long micros, string type) => new("timestamp", $"make_{type}({micros})") { Micros = micros, AsText = Instant.Format(micros) };

    static Exact Nano(long nanos)
    {
        var micros = (long)Math.Floor((decimal)nanos / 1000);
        return new("timestamp", $"make_timestamp_ns({nanos})") { Micros = micros, AsText = Instant.Format(micros) };
    }
}
