using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(70)]
internal sealed class TimeSinceFirst() : TimeSince(false, "time_since_first", "Seconds from the oldest event (with a value in the column) to the instant of the request or label.");

[AggregateFunction(71)]
internal sealed class TimeSinceLast() : TimeSince(true, "time_since_last", "Seconds from the newest event (with a value in the column) to the instant of the request or label.");

internal abstract class TimeSince(bool newest, string name, string summary) : AggregateFunction
{
    public override string Name => name;
    public override string Summary => summary;
    public override bool CountsRows => true;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new EventTimeSpec(newest) { Column = column }, new TimeSinceOutput());
}

/// <summary>The timestamp of the newest or the oldest event, of those with a value where there is a column.</summary>
internal sealed record EventTimeSpec(bool Newest) : AccumulatorSpec
{
    public override string Name => $"{(Newest ? "newest" : "oldest")}_time{(Column is null ? "" : $"({Column})")}";
    public override Accumulator Create() => new EventTimeAccumulator(Newest);
    public override int? MaxBytes => 9;
}

// State: 0 for none; or 1 and the time.
internal sealed class EventTimeAccumulator(bool newest) : Accumulator
{
    public bool Some { get; private set; }
    public long Time { get; private set; }

    public override void Clear() => (Some, Time) = (false, 0);

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            if (column is null || !column.IsNull(row)) Offer(times[row]);
    }

    public void Offer(long time)
    {
        if (!Some || (newest ? time > Time : time < Time)) (Some, Time) = (true, time);
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = Measure(state);
        if (length > 1) Offer(BinaryPrimitives.ReadInt64LittleEndian(state[1..]));
        return length;
    }

    public override int Measure(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] > 1) throw StateBytes.Header("time", state[0]);
        return state[0] == 0 ? 1 : state.Length >= 9 ? 9 : throw StateBytes.Short(state.Length);
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (EventTimeAccumulator)other;
        if (from.Some) Offer(from.Time);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        var span = to.GetSpan(9);
        span[0] = Some ? (byte)1 : (byte)0;
        if (Some) BinaryPrimitives.WriteInt64LittleEndian(span[1..], Time);
        to.Advance(Some ? 9 : 1);
    }
}

internal sealed class TimeSinceOutput : AggregateOutput
{
    public override FeatureType Type => FeatureType.Float64;
    public override bool ReadsInstant => true;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        var time = (EventTimeAccumulator)state;
        if (!time.Some)
        {
            to.AppendNull();
            return AggregateStatus.Null;
        }
        ((FixedColumn<double>)to).Append(Seconds(window.At, time.Time));
        return AggregateStatus.Present;
    }

    public static double Seconds(long at, long time) => Rounding.Divide(new((Int128)at - time), 1_000_000, 0);
}
