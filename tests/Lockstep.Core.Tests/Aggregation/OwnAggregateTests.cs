using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation;

public sealed class OwnAggregateTests
{
    /// <summary>The greatest fall of a counter would need order; the spread of values does not.</summary>
    struct Spread : IAggregateState<Spread, long, long>
    {
        long _least, _greatest, _count;

        public void Add(long value, long time) => Merge(new() { _least = value, _greatest = value, _count = 1 });

        public void Merge(in Spread other)
        {
            if (_count == 0) this = other;
            else if (other._count > 0) (_least, _greatest, _count) = (Math.Min(_least, other._least), Math.Max(_greatest, other._greatest), _count + other._count);
        }

        public readonly AggregateStatus Finish(in WindowBounds window, out long value)
        {
            value = unchecked(_greatest - _least);
            return value < 0 ? AggregateStatus.OutOfRange : AggregateStatus.Present;
        }
    }

    /// <summary>Breaks the laws: the last one merged wins.</summary>
    struct LastMerged : IAggregateState<LastMerged, long, long>
    {
        long _value;

        public void Add(long value, long time) => _value = value;
        public void Merge(in LastMerged other) => _value = other._value;

        public readonly AggregateStatus Finish(in WindowBounds window, out long value)
        {
            value = _value;
            return AggregateStatus.Present;
        }
    }

    struct Gaps : IAggregateState<Gaps, long, long>
    {
        byte _flag;
        long _value;

        public void Add(long value, long time) => (_flag, _value) = (1, value);
        public void Merge(in Gaps other) => this = other;

        public readonly AggregateStatus Finish(in WindowBounds window, out long value)
        {
            value = _value + _flag;
            return AggregateStatus.Present;
        }
    }

    static readonly Window s_hour = new("1h", Instant.Hour, Instant.Minute);
    static readonly (long, Value)[] s_events = [.. Enumerable.Range(0, 30).Select(i => (i * Instant.Minute, i % 7 == 0 ? Value.Null : Value.Of((long)(i * 37 % 11))))];

    [Fact]
    public void A_type_of_ones_own_is_a_function_that_the_catalog_binds_and_the_sweep_computes()
    {
        var catalog = AggregateCatalog.BuiltIn.With(new OwnAggregate<Spread, long, long>("spread", "The greatest value less the least.", FeatureType.Int64, FeatureType.Int64));
        Assert.Contains("spread", catalog.CheckType("sum", "x", FeatureType.Int64) ?? "spread", StringComparison.Ordinal);
        var bound = catalog.Bind("spread", FeatureType.Int64, new Dictionary<string, string>(), s_hour);

        var (value, status) = AggregateLaws.Hold(bound, s_events, WindowBounds.Of(s_hour, 0, Instant.Hour), 1);

        Assert.Equal((Value.Of(10L), AggregateStatus.Present), (value, status));
        Assert.Equal("spread takes int64 only, and 'x' is string. For string there is", catalog.CheckType("spread", "x", FeatureType.String)![..63]);
        // By the sweep: two stacks over the hops, against the accumulator.
        var plan = new WindowPlanBuilder([FeatureType.Int64], 0, catalog).Add("s", "spread", new("x", FeatureType.Int64), new("10m", 10 * Instant.Minute, Instant.Second)).Build();
        var index = new Core.PointInTime.LabelIndex([FeatureType.Int64]);
        var (keys, times) = (new FixedColumn<long>(FeatureType.Int64), new FixedColumn<long>(FeatureType.Timestamp));
        for (var i = 0; i < 40; i++)
        {
            keys.Append(1);
            times.Append(i * Instant.Minute + i % 3);
        }
        index.Add([keys], times);
        index.Build();
        var batch = new ColumnBatch(new([new("k", FeatureType.Int64), new("t", FeatureType.Timestamp), new("x", FeatureType.Int64)]));
        foreach (var (time, x) in s_events) batch.AppendRow(Value.Of(1L), Value.Timestamp(time), x);
        var sweep = new Core.Aggregation.PointInTime.WindowSweep(index, plan);
        sweep.Add(batch);
        var (rows, places, found) = (sweep.Finish(CancellationToken.None), new int[40], Column.Create(FeatureType.Int64));
        rows.Find(0, places);
        rows.AppendTo(found, 0, Value.Null, places);
        for (var label = 0; label < 40; label++)
        {
            var bounds = plan.Bounds(0, times.Values[label]);
            var inside = s_events.Where(e => e.Item1 >= bounds.From && e.Item1 < bounds.To && !e.Item2.IsNull).Select(e => e.Item2.AsInt64).ToList();
            Assert.Equal(inside.Count == 0 ? Value.Null : Value.Of(inside.Max() - inside.Min()), found.GetValue(label));
        }
    }

    [Fact]
    public void One_that_depends_on_the_order_is_found_out()
    {
        var bound = new OwnAggregate<LastMerged, long, long>("last_merged", "", FeatureType.Int64, FeatureType.Int64).Bind(FeatureType.Int64, new([], new Dictionary<string, string>()), s_hour);

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AggregateLaws.Hold(bound, s_events, WindowBounds.Of(s_hour, 0, Instant.Hour), 1));
    }

    [Fact]
    public void A_struct_whose_bytes_are_not_its_value_is_refused()
    {
        var refused = Assert.Throws<ArgumentException>(() => new OwnAggregate<Gaps, long, long>("gaps", "", FeatureType.Int64, FeatureType.Int64));

        Assert.Contains("Gaps has gaps between its fields", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new OwnAggregate<Spread, long, long>("spread", "", FeatureType.String, FeatureType.Int64));
    }
}
