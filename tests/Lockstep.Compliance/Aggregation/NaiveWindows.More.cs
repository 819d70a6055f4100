using System.Globalization;
using System.Numerics;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Numerics;
using Lockstep.Core.Rows;

namespace Lockstep.Compliance.Aggregation;

/// <summary>The functions beyond S13, as docs/reference/aggregates.md defines them.</summary>
public static partial class NaiveWindows
{
    static (Value, AggregateStatus) Ratio(IEnumerable<NaiveEvent> events, Value[] key, long t, NaiveFeature feature, long delay, bool asKnown)
    {
        var of = feature.Parameters["of"];
        Assert.True(Window.TryParse(feature.Parameters["over"], null, out var over));
        var (first, firstStatus) = Compute(events, key, t, feature with { Function = of }, delay, asKnown);
        var (second, secondStatus) = Compute(events, key, t, feature with { Function = of, Window = over }, delay, asKnown);
        if (firstStatus == AggregateStatus.OutOfRange || secondStatus == AggregateStatus.OutOfRange) return OutOfRange;
        if (first.IsNull || second.IsNull) return Null;
        var quotient = AsDouble(first) / AsDouble(second);
        return double.IsFinite(quotient) ? One(Value.Of(quotient == 0 ? 0 : quotient)) : Null;
    }

    static (Value, AggregateStatus) Vectors(NaiveFeature feature, List<(BigInteger Time, Value Value)> values)
    {
        if (values.Count == 0) return Null;
        var lists = values.Select(v => v.Value.AsList).ToList();
        if (lists.Any(l => l.Length != lists[0].Length) || lists.Any(l => l.Any(e => !e.IsNull && Exact(e) is null))) return OutOfRange;
        return One(Value.List([.. Enumerable.Range(0, lists[0].Length).Select(i => Moments(feature.Function, feature.Type!.Element!, [.. lists.Select(l => l[i]).Where(e => !e.IsNull)]).Item1)]));
    }

    static (Value, AggregateStatus) More(NaiveFeature feature, List<(BigInteger Time, Value Value)> ordered, long t, long delay)
    {
        if (ordered.Count == 0) return Null;
        var values = ordered.Select(v => v.Value).ToList();
        long Length(string name) => Duration.TryParse(feature.Parameters.GetValueOrDefault(name, "1s"), out var micros) ? micros : throw new ArgumentException(name);
        switch (feature.Function)
        {
            case "lag":
                var n = int.Parse(feature.Parameters["n"], CultureInfo.InvariantCulture);
                return values.Count > n ? One(values[values.Count - 1 - n]) : Null;
            case "rate": return One(Value.Of(Nearest((BigInteger)values.Count * Length("per"), feature.Window.Length)));
            case "time_since_first": return One(Value.Of(Nearest(t - ordered[0].Time, 1_000_000)));
            case "time_since_last": return One(Value.Of(Nearest(t - ordered[^1].Time, 1_000_000)));
            case "mode" or "top_k":
                var counts = values.GroupBy(v => v).Select(g => (Value: g.Key, Count: g.Count())).ToList();
                if (counts.Count > 1024) return OutOfRange;
                counts.Sort((a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : Value.CompareForNewest(a.Value, b.Value));
                return feature.Function == "mode" ? One(counts[0].Value) : Many(counts.Take(int.Parse(feature.Parameters["k"], CultureInfo.InvariantCulture)).Select(c => c.Value));
            case "exp_decay_count": return Decay([.. ordered.Select(v => (v.Time, Value.Of(1L)))], FeatureType.Int64);
            case "exp_decay_sum": return Decay(ordered, feature.Type!);
            case "trend": return Trend(ordered, feature.Type!, Length("per"));
            default: throw new NotSupportedException($"The naive twin does not know '{feature.Function}'.");
        }

        (Value, AggregateStatus) Decay(List<(BigInteger Time, Value Value)> events, FeatureType type)
        {
            if (events.Any(v => Exact(v.Value) is null)) return OutOfRange;
            var hop = feature.Window.Hop;
            // An instant below the first multiple of the hop that fits stands with the first instant of all.
            BigInteger Hop(BigInteger time) => BigInteger.Max(Floor(time, hop), long.MinValue);
            var newest = Hop(Bounds(feature.Window, delay, t).To);
            var unit = type.IsFloat ? BigInteger.One << 64 : BigInteger.Pow(10, type.Scale);
            var total = 0d;
            foreach (var tile in events.GroupBy(v => Hop(v.Time)).OrderBy(g => g.Key))
                total += Elementary.Pow(2, -(Nearest(newest - tile.Key, 1) / Length("half_life"))) * Nearest(tile.Aggregate(BigInteger.Zero, (a, v) => a + Exact(v.Value)!.Value), unit);
            return One(Value.Of(total == 0 ? 0 : total));
        }
    }

    static (Value, AggregateStatus) Trend(List<(BigInteger Time, Value Value)> events, FeatureType type, long per)
    {
        if (events.Any(v => Exact(v.Value) is null)) return OutOfRange;
        BigInteger n = events.Count, t = 0, x = 0, tt = 0, tx = 0;
        foreach (var (time, value) in events)
        {
            var exact = Exact(value)!.Value;
            t += time;
            x += exact;
            tt += time * time;
            tx += time * exact;
        }
        var spread = n * tt - t * t;
        return spread.IsZero ? Null : One(Value.Of(Nearest((n * tx - t * x) * per, spread * (type.IsFloat ? BigInteger.One << 64 : BigInteger.Pow(10, type.Scale)))));
    }
}
