using Lockstep.Core.Aggregation;
using Lockstep.Core.Rows;
using System.Numerics;

namespace Lockstep.Compliance.Aggregation;

/// <summary>The functions beyond S13, as docs/reference/aggregates.md defines them.</summary>
public static partial class NaiveWindows
{
    static (Value, AggregateStatus) Ratio(IEnumerable<NaiveEvent> events, Value[] key, long t, NaiveFeature feature, long delay, bool asKnown)
    {
        var of = feature.Parameters["of"];
        Core.Definitions.Window.TryParse(feature.Parameters["over"], null, out var over);
        var (first, firstStatus) = Compute(events, key, t, feature with { Function = of }, delay, asKnown);
        var (second, secondStatus) = Compute(events, key, t, feature with { Function = of, Window = over }, delay, asKnown);
        if (firstStatus == AggregateStatus.OutOfRange || secondStatus == AggregateStatus.OutOfRange) return OutOfRange;
        if (first.IsNull || second.IsNull) return Null;
        var quotient = AsDouble(first) / AsDouble(second);
        return double.IsFinite(quotient) ? One(Value.Of(quotient == 0 ? 0 : quotient)) : Null;
    }

    static (Value, AggregateStatus) Vectors(NaiveFeature feature, List<(BigInteger Time, Value Value)> values)
        => throw new NotSupportedException($"The naive twin does not know {feature.Function} of lists.");

    static (Value, AggregateStatus) More(NaiveFeature feature, List<(BigInteger Time, Value Value)> ordered, long t, long delay)
        => throw new NotSupportedException($"The naive twin does not know '{feature.Function}'.");
}
