using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Tests.OwnAggregates;

// The code of docs/guide/own-aggregates.md, as it stands there: a test holds them together.
/// <summary>The greatest value less the least one.</summary>
public struct Spread : IAggregateState<Spread, double, double>
{
    double _least, _greatest;
    long _count;

    public void Add(double value, long time) => Merge(new() { _least = value, _greatest = value, _count = 1 });

    public void Merge(in Spread other)
    {
        if (_count == 0) this = other;
        else if (other._count > 0) (_least, _greatest, _count) = (Math.Min(_least, other._least), Math.Max(_greatest, other._greatest), _count + other._count);
    }

    public readonly AggregateStatus Finish(in WindowBounds window, out double value)
    {
        value = _greatest - _least;
        return AggregateStatus.Present;
    }
}

public static class Own
{
    public static readonly OwnAggregate<Spread, double, double> Spread = new("spread", "The greatest value less the least one.", FeatureType.Float64, FeatureType.Float64, version: "1.0.0");
}

public sealed class SpreadTests
{
    [Fact]
    public void Spread_keeps_the_laws()
    {
        Window.TryParse("1h", null, out var window);
        var bound = Own.Spread.Bind(FeatureType.Float64, new([], new Dictionary<string, string>()), window);
        for (var seed = 1; seed <= 20; seed++)
        {
            Random random = new(seed);
            (long, Value)[] events = [.. Enumerable.Range(0, 40).Select(i => (i * Instant.Minute, random.Next(5) == 0 ? Value.Null : Value.Of(random.NextDouble())))];
            AggregateLaws.Hold(bound, events, WindowBounds.Of(window, 0, Instant.Hour), seed);
        }
    }
}
