using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(12)]
internal sealed class Rate : AggregateFunction
{
    public override string Name => "rate";
    public override string Summary => "Events (with a value in the column) per second, or per `per`: their number × per / the window's length, rounded once.";
    public override bool CountsRows => true;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;
    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("per", ParameterKind.Duration, "The unit of time of rate and trend, like 1h.") { Default = "1s" }];
    public override string? CheckWindow(Window window, AggregateArguments arguments) => window.IsLifetime ? "rate needs a window with a length." : null;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new CountSpec { Column = column }, new RateOutput(arguments.Duration("per")));
}

internal sealed class RateOutput(long per) : AggregateOutput
{
    public override FeatureType Type => FeatureType.Float64;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        var count = ((ICounted)state).Count;
        if (count == 0)
        {
            to.AppendNull();
            return AggregateStatus.Null;
        }
        ((FixedColumn<double>)to).Append(Rounding.Divide(new((Int128)count * per), (ulong)window.Length, 0));
        return AggregateStatus.Present;
    }
}
