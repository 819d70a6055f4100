using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(60)]
internal sealed class Percentile : AggregateFunction
{
    public override string Name => "percentile";
    public override string Summary => "The quantile q within 1 % of a value (DDSketch): it depends only on the values, not on their order.";
    public override string Takes => "numbers only";
    public override bool Accepts(FeatureType type) => type.IsNumeric;
    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("q", ParameterKind.Number, "Which quantile, from 0 to 1: percentile.") { Range = (0, 1) }];

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new SketchSpec { Column = column }, new PercentileOutput(arguments.Number("q")));
}

internal sealed record SketchSpec : AccumulatorSpec
{
    public override string Name => $"sketch({Column})";
    public override Accumulator Create() => new SketchAccumulator();
    public override bool Covers(AccumulatorSpec other) => other == this || (other is CountSpec && Column == other.Column);
    public override int? MaxBytes => 32 + 2 * Sketch.MaxBuckets * 8; // a bucket takes 2 or 3 bytes usually, 8 with counts beyond 2^28
}

internal sealed class PercentileOutput(double q) : AggregateOutput
{
    public double Q => q;
    public override FeatureType Type => FeatureType.Float64;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to) => Append(((SketchAccumulator)state).Sketch, q, to);

    public static AggregateStatus Append(Sketch sketch, double q, Column to)
    {
        if (sketch.Count == 0)
        {
            to.AppendNull();
            return AggregateStatus.Null;
        }
        ((FixedColumn<double>)to).Append(sketch.Quantile(q));
        return AggregateStatus.Present;
    }
}
