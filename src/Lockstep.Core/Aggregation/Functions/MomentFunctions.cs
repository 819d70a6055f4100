using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

internal abstract class MomentFunction(Moment moment, string name, string summary) : AggregateFunction
{
    public override string Name => name;
    public override string Summary => summary;
    public override string Takes => moment <= Moment.Avg ? "numbers, and lists of floats element by element" : "numbers only";
    public override bool Accepts(FeatureType type) => type.IsNumeric || (moment <= Moment.Avg && type.Element is { IsFloat: true });

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window) => column!.Kind == TypeKind.List
        ? new(new VectorSpec { Column = column }, new VectorOutput(moment == Moment.Avg))
        : new(new MomentsSpec(moment > Moment.Avg) { Column = column }, new MomentOutput(moment, column!));
}

[AggregateFunction(30)]
internal sealed class Sum() : MomentFunction(Moment.Sum, "sum", "The exact sum, rounded once.");

[AggregateFunction(31)]
internal sealed class Avg() : MomentFunction(Moment.Avg, "avg", "The mean, rounded once from the exact quotient.");

[AggregateFunction(32)]
internal sealed class VarPop() : MomentFunction(Moment.VarPop, "var_pop", "The variance of the values as a whole population (divided by n).");

[AggregateFunction(33)]
internal sealed class VarSamp() : MomentFunction(Moment.VarSamp, "var_samp", "The variance estimated from the values as a sample (divided by n - 1); null of one value.");

[AggregateFunction(34)]
internal sealed class StddevPop() : MomentFunction(Moment.StddevPop, "stddev_pop", "The root of var_pop.");

[AggregateFunction(35)]
internal sealed class StddevSamp() : MomentFunction(Moment.StddevSamp, "stddev_samp", "The root of var_samp; null of one value.");

internal sealed class MomentOutput(Moment moment, FeatureType column) : AggregateOutput
{
    public Moment Moment => moment;
    public override FeatureType Type { get; } = Moments.TypeOf(moment, column);

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
        => Moments.AppendTo(moment, column, ((MomentsAccumulator)state).State, to);

    public override AggregateStatus Number(Accumulator state, in WindowBounds window, out double value)
    {
        ref readonly var moments = ref ((MomentsAccumulator)state).State;
        var status = Moments.StatusOf(moment, column, moments);
        value = status != AggregateStatus.Present ? 0 : moment == Moment.Sum ? Moments.SumAsDouble(column, moments) : Moments.Read(moment, column, moments);
        return status;
    }
}
