using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

// Functions that order the events with a value by (event timestamp, value as in S6): one state lists the events at one end.

[AggregateFunction(50)]
internal sealed class First() : OneOrdered(false, "first", "The oldest value: the least by (event timestamp, value).");

[AggregateFunction(51)]
internal sealed class Last() : OneOrdered(true, "last", "The newest value: the greatest by (event timestamp, value).");

[AggregateFunction(52)]
internal sealed class FirstN() : ManyOrdered(false, false, "first_n", "The n oldest values, the oldest first.");

[AggregateFunction(53)]
internal sealed class LastN() : ManyOrdered(true, false, "last_n", "The n newest values, the newest first.");

[AggregateFunction(54)]
internal sealed class LastDistinctN() : ManyOrdered(true, true, "last_distinct_n", "The n newest different values, each by its newest event, the newest first.");

[AggregateFunction(55)]
internal sealed class Lag : AggregateFunction
{
    public override string Name => "lag";
    public override string Summary => "The value n events before the newest one; null when there are not as many. lag 1 is the one before last.";
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("n", ParameterKind.Integer, "How many events back: first_n, last_n, last_distinct_n list so many.") { Range = (1, 9_999) }];

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new OrderedSpec(true, false, arguments.Integer("n") + 1) { Column = column }, new OrderedOutput(column!, arguments.Integer("n"), null));
}

internal abstract class OneOrdered(bool newest, string name, string summary) : AggregateFunction
{
    public override string Name => name;
    public override string Summary => summary;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new OrderedSpec(newest, false, 1) { Column = column }, new OrderedOutput(column!, 0, null));
}

internal abstract class ManyOrdered(bool newest, bool distinct, string name, string summary) : AggregateFunction
{
    public override string Name => name;
    public override string Summary => summary;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;
    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("n", ParameterKind.Integer, "How many values: first_n, last_n, last_distinct_n; how many events back: lag.")];

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new OrderedSpec(newest, distinct, arguments.Integer("n")) { Column = column }, new OrderedOutput(column!, -1, arguments.Integer("n")));
}

/// <summary>The events with a value at one end of the order, at most so many; each value once where distinct.</summary>
internal sealed record OrderedSpec(bool Newest, bool Distinct, int Limit) : AccumulatorSpec
{
    public override string Name => $"{(Newest ? "newest" : "oldest")}{(Distinct ? "_distinct" : "")}({Column}, {Limit})";
    public override Accumulator Create() => new OrderedAccumulator(this);
    public override bool Covers(AccumulatorSpec other)
        => other is OrderedSpec ordered && Column == ordered.Column && Newest == ordered.Newest && Distinct == ordered.Distinct && Limit >= ordered.Limit;

    public override int? MaxBytes => Column!.Width > 0 ? 3 + Limit * (8 + Column.Width) : null;
}

/// <summary>One of the listed values by its place, or the first so many as a list.</summary>
internal sealed class OrderedOutput(FeatureType column, int place, int? many) : AggregateOutput
{
    public override FeatureType Type { get; } = many is null ? column : FeatureType.List(column);

    public int Place => place;
    public int? Many => many;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        var ordered = (OrderedAccumulator)state;
        if (many is null ? ordered.Count <= place : ordered.Count == 0)
        {
            to.AppendNull();
            return AggregateStatus.Null;
        }
        if (many is null) to.AppendFrom(ordered.Values, ordered.RowAt(place));
        else
        {
            var list = (ListColumn)to;
            for (var i = 0; i < Math.Min(many.Value, ordered.Count); i++) list.Elements.AppendFrom(ordered.Values, ordered.RowAt(i));
            list.EndRow();
        }
        return AggregateStatus.Present;
    }
}
