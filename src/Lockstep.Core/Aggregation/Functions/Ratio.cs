using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

/// <summary>One function over two windows: what share of a week was today.</summary>
[AggregateFunction(80)]
internal sealed class Ratio : AggregateFunction
{
    public override string Name => "ratio";
    public override string Summary => "The value of the function `of` over the window, divided by its value over the window `over`: two roundings and one division (IEEE). Null when one of them is null or the divisor is 0.";
    public override bool CountsRows => true;
    public override string Takes => "numbers only";
    public override bool Accepts(FeatureType type) => type.IsNumeric;

    public override IReadOnlyList<AggregateParameter> Parameters { get; } =
    [
        new("of", ParameterKind.Word, "The function whose values are divided: count, sum or avg.") { Words = ["count", "sum", "avg"] },
        new("over", ParameterKind.Window, "The window of the divisor, like 7d."),
    ];

    public override string? CheckRows(IReadOnlyDictionary<string, string> parameters)
        => parameters.TryGetValue("of", out var of) && of != "count" ? $"needs a column: '*' is for a ratio of count, not of {of}." : null;

    public override string? CheckWindow(Window window, AggregateArguments arguments)
        => arguments.Window("over") is var over && over.Length == window.Length ? "it is the window it is divided by." : null;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
    {
        AggregateFunction of = arguments.Text("of") switch { "count" => new Count(), "sum" => new Sum(), _ => new Avg() };
        return of.Bind(column, arguments, window) with { Over = arguments.Window("over") };
    }

    internal static AggregateStatus Append(AggregateStatus first, double value, AggregateStatus second, double divisor, Column to)
    {
        var status = (AggregateStatus)Math.Max((byte)first, (byte)second);
        var quotient = value / divisor;
        if (status == AggregateStatus.Present && !double.IsFinite(quotient)) status = AggregateStatus.Null;
        if (status == AggregateStatus.Present) ((FixedColumn<double>)to).Append(quotient == 0 ? 0 : quotient);
        else to.AppendNull();
        return status;
    }
}
