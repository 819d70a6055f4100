using System.Globalization;
using System.Numerics;
using System.Text;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Compliance.Aggregation;

/// <summary>An event as values. <paramref name="Passes"/> says for each filter of a feature whether it passes; <paramref name="Known"/> is when it was known and <paramref name="Until"/> until when (S8, S25), for tests of that.</summary>
public sealed record NaiveEvent(Value[] Key, long? Time, Value[] Values, bool[] Passes, long? Known = null, long? Until = null);

/// <summary>A feature over one window. A column of -1 is <c>"*"</c>; a filter of -1 is none.</summary>
public sealed record NaiveFeature(string Function, int Column, FeatureType? Type, Window Window)
{
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
    public int Filter { get; init; } = -1;

    public override string ToString() => $"{Function}({(Column < 0 ? "*" : $"#{Column} {Type}")}) over {Window.Name} hop {Window.Hop}us filter {Filter} {string.Join(",", Parameters.Select(p => $"{p.Key}={p.Value}"))}";
}

/// <summary>S9 to S13 written from the definition, a loop over all events for each label: slow, obvious, and the judge.</summary>
public static partial class NaiveWindows
{
    /// <summary>The value of a feature as of an instant. A null in the key, or no instant, gives null (S4, S18).</summary>
    /// <param name="asKnown">S8: only events that were known at the instant.</param>
    public static (Value Value, AggregateStatus Status) Compute(IEnumerable<NaiveEvent> events, Value[] key, long? at, NaiveFeature feature, long delay = 0, bool asKnown = false)
    {
        if (at is not { } t || key.Any(k => k.IsNull)) return (Value.Null, AggregateStatus.Null);
        var (from, to) = Bounds(feature.Window, delay, t);
        var inside = events
            .Where(e => e.Key.SequenceEqual(key) && e.Time is { } ts && ts >= from && ts < to)
            .Where(e => feature.Filter < 0 || e.Passes[feature.Filter])
            .Where(e => !asKnown || (e.Known is { } known && known <= t && !(e.Until <= t)));
        var values = inside.Select(e => (Time: (BigInteger)e.Time!.Value, Value: feature.Column < 0 ? Value.Of(true) : e.Values[feature.Column])).Where(e => !e.Value.IsNull).ToList();
        if (feature.Function == "ratio") return Ratio(events, key, t, feature, delay, asKnown);
        return Of(feature, values, t, delay);
    }

    /// <summary>S9: from (included) and to (excluded).</summary>
    public static (BigInteger From, BigInteger To) Bounds(Window window, long delay, long t)
    {
        var to = delay == 0 ? (BigInteger)t : Floor((BigInteger)t - delay, window.Hop);
        return (window.IsLifetime ? -BigInteger.Pow(2, 100) : Floor((BigInteger)t - delay - window.Length, window.Hop), to);
    }

    static BigInteger Floor(BigInteger value, long unit)
    {
        var rest = BigInteger.Remainder(value, unit);
        return value - rest - (rest.Sign < 0 ? unit : 0);
    }

    static (Value, AggregateStatus) Of(NaiveFeature feature, List<(BigInteger Time, Value Value)> values, long t, long delay)
    {
        var type = feature.Type;
        List<(BigInteger Time, Value Value)> ordered = [.. values];
        ordered.Sort((a, b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : Value.CompareForNewest(a.Value, b.Value));
        int N(string name = "n") => int.Parse(feature.Parameters[name], CultureInfo.InvariantCulture);
        switch (feature.Function)
        {
            case "count": return (Value.Of((long)values.Count), AggregateStatus.Present);
            case "sum" or "avg" or "var_pop" or "var_samp" or "stddev_pop" or "stddev_samp" when type!.Kind == TypeKind.List: return Vectors(feature, values);
            case "sum" or "avg" or "var_pop" or "var_samp" or "stddev_pop" or "stddev_samp": return Moments(feature.Function, type!, [.. values.Select(v => v.Value)]);
            case "min": return One(values.Count == 0 ? Value.Null : values.Select(v => v.Value).Aggregate((a, b) => Value.CompareForNewest(a, b) <= 0 ? a : b));
            case "max": return One(values.Count == 0 ? Value.Null : values.Select(v => v.Value).Aggregate((a, b) => Value.CompareForNewest(a, b) >= 0 ? a : b));
            case "first": return One(ordered.Count == 0 ? Value.Null : ordered[0].Value);
            case "last": return One(ordered.Count == 0 ? Value.Null : ordered[^1].Value);
            case "first_n": return Many(ordered.Select(v => v.Value).Take(N()));
            case "last_n": return Many(ordered.Select(v => v.Value).Reverse().Take(N()));
            case "last_distinct_n": return Many(ordered.Select(v => v.Value).Reverse().Distinct().Take(N()));
            case "distinct_count": return (Value.Of(DistinctCount([.. values.Select(v => v.Value)])), AggregateStatus.Present);
            case "percentile": return Percentile([.. values.Select(v => v.Value)], double.Parse(feature.Parameters["q"], CultureInfo.InvariantCulture));
            default: return More(feature, ordered, t, delay);
        }
    }

    static (Value, AggregateStatus) One(Value value) => (value, value.IsNull ? AggregateStatus.Null : AggregateStatus.Present);

    static (Value, AggregateStatus) Many(IEnumerable<Value> values) => values.ToArray() is { Length: > 0 } some ? (Value.List(some), AggregateStatus.Present) : (Value.Null, AggregateStatus.Null);

    static (Value, AggregateStatus) Null => (Value.Null, AggregateStatus.Null);
    static (Value, AggregateStatus) OutOfRange => (Value.Null, AggregateStatus.OutOfRange);

    /// <summary>The exact value as numerator over 10^scale or 2^64, by type; null outside of the range of S13.</summary>
    static BigInteger? Exact(Value value) => value.Kind switch
    {
        TypeKind.Float32 => Scaled(value.AsFloat32),
        TypeKind.Float64 => Scaled(value.AsFloat64),
        TypeKind.Decimal => (BigInteger)value.AsDecimal,
        _ => value.AsInt64,
    };

    /// <summary>round(x 2^64), ties to even.</summary>
    public static BigInteger? Scaled(double x)
    {
        if (!(x >= -9223372036854775808.0 && x < 9223372036854775808.0)) return null;
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) & 0x7FF;
        BigInteger mantissa = bits & 0xFFFFFFFFFFFFF;
        if (exponent == 0) exponent = 1; else mantissa += BigInteger.One << 52;
        if (bits < 0) mantissa = -mantissa;
        var shift = exponent - 1075 + 64;
        return shift >= 0 ? mantissa << shift : NearestInteger(mantissa, BigInteger.One << -shift);
    }

    static BigInteger NearestInteger(BigInteger numerator, BigInteger denominator)
    {
        var floor = BigInteger.DivRem(numerator, denominator, out var rest);
        if (rest.Sign < 0) (floor, rest) = (floor - 1, rest + denominator);
        var twice = rest * 2;
        return twice > denominator || (twice == denominator && !floor.IsEven) ? floor + 1 : floor;
    }

    /// <summary>The double nearest to a fraction, ties to even.</summary>
    public static double Nearest(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero) return 0;
        var size = BigInteger.Abs(numerator);
        // The exponent e for which 2^52 <= size / denominator / 2^e < 2^53.
        var e = (int)(size.GetBitLength() - denominator.GetBitLength()) - 53;
        while (Scale(e) is var (n, d) && n >= d << 53) e++;
        var (num, den) = Scale(e);
        var result = Math.ScaleB((double)NearestInteger(num, den), e);
        return numerator.Sign < 0 ? -result : result;

        (BigInteger, BigInteger) Scale(int by) => by >= 0 ? (size, denominator << by) : (size << -by, denominator);
    }

    static (Value, AggregateStatus) Moments(string function, FeatureType type, Value[] values)
    {
        var exact = values.Select(Exact).ToArray();
        if (exact.Any(x => x is null)) return OutOfRange;
        if (exact.Length == 0) return Null;
        BigInteger n = exact.Length, s = exact.Aggregate(BigInteger.Zero, (a, x) => a + x!.Value), q = exact.Aggregate(BigInteger.Zero, (a, x) => a + x!.Value * x.Value);
        var unit = type.IsFloat ? BigInteger.One << 64 : BigInteger.Pow(10, type.Scale);
        switch (function)
        {
            case "sum" when type.IsFloat: return One(Value.Of(Nearest(s, unit)));
            case "sum" when type.Kind == TypeKind.Decimal: return BigInteger.Abs(s) < BigInteger.Pow(10, 38) ? One(Value.Decimal((Int128)s, type.Scale)) : OutOfRange;
            case "sum": return s >= long.MinValue && s <= long.MaxValue ? One(Value.Of((long)s)) : OutOfRange;
            case "avg": return One(Value.Of(Nearest(s, n * unit)));
            default:
                var sample = function.EndsWith("_samp", StringComparison.Ordinal);
                if (sample && n == 1) return Null;
                var variance = Nearest(n * q - s * s, n * (sample ? n - 1 : n) * unit * unit);
                return One(Value.Of(function.StartsWith("stddev", StringComparison.Ordinal) ? Math.Sqrt(variance) : variance));
        }
    }

    /// <summary>The bytes that are hashed (S13).</summary>
    static byte[] HashedBytes(Value value) => value.Kind switch
    {
        TypeKind.String => Encoding.UTF8.GetBytes(value.AsString),
        TypeKind.Bytes => value.AsBytes,
        TypeKind.Float32 => BitConverter.GetBytes((double)value.AsFloat32),
        TypeKind.Float64 => BitConverter.GetBytes(value.AsFloat64),
        TypeKind.Decimal => [.. BitConverter.GetBytes(value.AsDecimal)],
        TypeKind.Bool => BitConverter.GetBytes(value.AsBool ? 1L : 0L),
        TypeKind.List => [.. value.AsList.SelectMany(e => e.IsNull ? [0] : new byte[] { 1 }.Concat(BitConverter.GetBytes(HashedBytes(e).Length)).Concat(HashedBytes(e)))],
        _ => BitConverter.GetBytes(value.AsInt64),
    };

    static long DistinctCount(Value[] values)
    {
        var hashes = values.Select(v => XxHash64.Hash(HashedBytes(v))).ToHashSet();
        if (hashes.Count <= 1024) return hashes.Count;
        // HyperLogLog with 2^12 registers: the first 12 bits choose one, it holds the greatest place of the first one bit among the other 52.
        var registers = new int[4096];
        foreach (var hash in hashes)
        {
            var rank = 1;
            for (var bit = 51; bit >= 0 && (hash >> bit & 1) == 0; bit--) rank++;
            registers[hash >> 52] = Math.Max(registers[hash >> 52], rank);
        }
        // Ertl 2017, algorithm 6: the improved raw estimator over the histogram of registers.
        const int q = 52;
        const double m = 4096;
        var histogram = new int[q + 2];
        foreach (var register in registers) histogram[register]++;
        var z = m * Tau(1 - histogram[q + 1] / m);
        for (var k = q; k >= 1; k--) z = 0.5 * (z + histogram[k]);
        z += m * Sigma(histogram[0] / m);
        return (long)Math.Round(m * m * (1 / (2 * 0.6931471805599453)) / z, MidpointRounding.ToEven);
    }

    static double Sigma(double x)
    {
        if (x == 1) return double.PositiveInfinity;
        double y = 1, z = x, before;
        do
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        }
        while (z != before);
        return z;
    }

    static double Tau(double x)
    {
        if (x is 0 or 1) return 0;
        double y = 1, z = 1 - x, before;
        do
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }
        while (z != before);
        return z / 3;
    }

    static double AsDouble(Value value) => value.Kind switch
    {
        TypeKind.Float32 => value.AsFloat32,
        TypeKind.Float64 => value.AsFloat64,
        TypeKind.Decimal => Nearest((BigInteger)value.AsDecimal, BigInteger.Pow(10, value.DecimalScale)),
        _ => value.AsInt64,
    };

    static (Value, AggregateStatus) Percentile(Value[] values, double q)
    {
        if (values.Length == 0) return Null;
        const double gamma = 1.01 / 0.99;
        var log = Core.Numerics.Elementary.Log(gamma);
        SortedDictionary<int, long> negative = [], positive = [];
        var zero = 0L;
        foreach (var x in values.Select(AsDouble))
        {
            if (x == 0) zero++;
            else
            {
                var side = x < 0 ? negative : positive;
                var bucket = (int)Math.Ceiling(Core.Numerics.Elementary.Log(Math.Abs(x)) / log);
                side[bucket] = side.GetValueOrDefault(bucket) + 1;
            }
        }
        foreach (var side in new[] { negative, positive })
            while (side.Count > 2048)
            {
                var nearest = side.Keys.First();
                var count = side[nearest];
                side.Remove(nearest);
                side[side.Keys.First()] += count;
            }
        List<(double Value, long Count)> buckets =
        [
            .. negative.Reverse().Select(b => (-Middle(b.Key), b.Value)), (0, zero), .. positive.Select(b => (Middle(b.Key), b.Value)),
        ];
        var rank = q * (values.Length - 1);
        var cumulative = 0L;
        foreach (var (value, count) in buckets.Where(b => b.Count > 0))
        {
            cumulative += count;
            if (cumulative > rank) return One(Value.Of(value));
        }
        return One(Value.Of(buckets.Last(b => b.Count > 0).Value));

        double Middle(int bucket) => 2 * Core.Numerics.Elementary.Pow(gamma, bucket) / (gamma + 1);
    }
}
