using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(10)]
internal sealed class Count : AggregateFunction
{
    public override string Name => "count";
    public override string Summary => "How many events; with a column, how many with a value in it. Of none it is 0.";
    public override bool CountsRows => true;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window) => new(new CountSpec { Column = column }, new CountOutput());
}

/// <summary>A state that knows how many values went in.</summary>
internal interface ICounted
{
    long Count { get; }
}

internal sealed record CountSpec : AccumulatorSpec
{
    public override string Name => Column is null ? "count" : $"count({Column})";
    public override Accumulator Create() => new CountAccumulator();
    public override int? MaxBytes => 9;
}

// State: the number of bytes of the count (0 to 8), then these.
internal sealed class CountAccumulator : Accumulator, ICounted
{
    public long Count { get; set; }

    public override void Clear() => Count = 0;

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        Count += rows.Length;
        if (column is null || !column.HasNulls) return;
        foreach (var row in rows)
            if (column.IsNull(row)) Count--;
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = Read(state, out var count);
        Count += count;
        return length;
    }

    public override unsafe int MergeRun(ReadOnlySpan<byte> states, int count)
    {
        var at = 0;
        while (count > 0)
        {
            if (states.Length - at < 9)
            {
                at += Merge(states[at..]);
                count--;
                continue;
            }
            fixed (byte* begin = states)
            {
                byte* from = begin + at, last = begin + states.Length - 9;
                ulong total = 0;
                for (; count > 0 && from <= last && (uint)*from - 1 < 8; count--)
                {
                    int length = *from;
                    total += *(ulong*)(from + 1) & ulong.MaxValue >> (64 - 8 * length); // bytes behind are cut off
                    from += 1 + length;
                }
                Count += (long)total;
                at = (int)(from - begin);
            }
            if (count == 0) break;
            at += Merge(states[at..]);
            count--;
        }
        return at;
    }

    public override int Measure(ReadOnlySpan<byte> state) => Read(state, out _);

    public override void MergeFrom(Accumulator other) => Count += ((ICounted)other).Count;

    public override bool CanSubtract => true;

    public override int Subtract(ReadOnlySpan<byte> state)
    {
        var length = Read(state, out var count);
        Count -= count;
        return length;
    }

    public override void Write(IBufferWriter<byte> to)
    {
        var length = StateBytes.LengthOf((ulong)Count);
        var span = to.GetSpan(9);
        span[0] = (byte)length;
        StateBytes.Write(span[1..], (ulong)Count, length);
        to.Advance(1 + length);
    }

    static int Read(ReadOnlySpan<byte> state, out long count)
    {
        if (state.IsEmpty || state.Length < 1 + state[0]) throw StateBytes.Short(state.Length);
        if (state[0] > 8) throw StateBytes.Header("count", state[0]);
        count = (long)StateBytes.ReadUnsigned(state[1..], state[0]);
        return 1 + state[0];
    }
}

internal sealed class CountOutput : AggregateOutput
{
    public override FeatureType Type => FeatureType.Int64;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        ((FixedColumn<long>)to).Append(((ICounted)state).Count);
        return AggregateStatus.Present;
    }

    public override AggregateStatus Number(Accumulator state, in WindowBounds window, out double value)
    {
        value = ((ICounted)state).Count;
        return AggregateStatus.Present;
    }
}
