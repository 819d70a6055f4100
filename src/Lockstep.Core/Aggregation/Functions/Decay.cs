using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Definitions;
using Lockstep.Core.Numerics;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(36)]
internal sealed class ExpDecaySum : ExpDecay
{
    public override string Name => "exp_decay_sum";
    public override string Summary => "The sum in which a value counts half after each `half_life`. Its age is counted in whole hops, so it is made of exact sums of hops: Σ 2^(-(floor(t, hop) - hop) / half_life) × sum of the hop, the oldest hop first, in float64.";
    public override string Takes => "numbers only";
    public override bool Accepts(FeatureType type) => type.IsNumeric;
    private protected override bool Values => true;
}

[AggregateFunction(13)]
internal sealed class ExpDecayCount : ExpDecay
{
    public override string Name => "exp_decay_count";
    public override string Summary => "The number of events (with a value in the column) in which one counts half after each `half_life`; as exp_decay_sum of ones.";
    public override bool CountsRows => true;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;
    private protected override bool Values => false;
}

internal abstract class ExpDecay : AggregateFunction
{
    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("half_life", ParameterKind.Duration, "After this time an event counts half: exp_decay_sum, exp_decay_count.")];

    private protected abstract bool Values { get; }

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new DecaySpec(window.Hop, Values) { Column = column }, new DecayOutput(column, Values, arguments.Duration("half_life")));
}

/// <summary>The exact sum, or number, of each hop by itself: a tile of that hop holds one.</summary>
internal sealed record DecaySpec(long Hop, bool Values) : AccumulatorSpec
{
    public override string Name => $"hops({(Values ? "sum" : "count")}{(Column is null ? "" : $" {Column}")}, {Hop})";
    public override Accumulator Create() => new DecayAccumulator(this);

    /// <summary>Of a tile, which is one hop.</summary>
    public override int? MaxBytes => 1 + 8 + 2 + 8 + 8 + 24;
}

// State: the number of hops (LEB128), then in ascending order each as its start (8 bytes) and its sums (MomentsFormat without squares).
internal sealed class DecayAccumulator(DecaySpec spec) : Accumulator
{
    long[] _starts = new long[2];
    MomentsState[] _states = new MomentsState[2];

    public int Count { get; private set; }
    public ReadOnlySpan<long> Starts => _starts.AsSpan(0, Count);
    public ReadOnlySpan<MomentsState> States => _states.AsSpan(0, Count);

    public override void Clear() => Count = 0;

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            if (column is not null && column.IsNull(row)) continue;
            ref var state = ref At(Instant.Floor(times[row], spec.Hop));
            if (!spec.Values) state.Count++;
            else if (ScaledNumber.TryOf(column!, row, out var value)) state.Add(value, false);
            else state.Outside++;
        }
    }

    /// <summary>Appends a hop that is after all others; one without events is left out.</summary>
    public void Append(long start, in MomentsState sums)
    {
        if (sums.Count != 0 || sums.Outside != 0) At(start) = sums;
    }

    /// <summary>The sums of a hop, made when there are none.</summary>
    ref MomentsState At(long start)
    {
        var place = Count == 0 || _starts[Count - 1] < start ? ~Count : _starts.AsSpan(0, Count).BinarySearch(start);
        if (place >= 0) return ref _states[place];
        place = ~place;
        if (Count == _starts.Length)
        {
            Array.Resize(ref _starts, Count * 2);
            Array.Resize(ref _states, Count * 2);
        }
        Array.Copy(_starts, place, _starts, place + 1, Count - place);
        Array.Copy(_states, place, _states, place + 1, Count - place);
        Count++;
        (_starts[place], _states[place]) = (start, default);
        return ref _states[place];
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var at = 0;
        for (var left = StateBytes.ReadCount(state, ref at); left > 0; left--)
        {
            if (state.Length - at < 8) throw StateBytes.Short(state.Length);
            var start = BinaryPrimitives.ReadInt64LittleEndian(state[at..]);
            at += 8 + MomentsFormat.Read(state[(at + 8)..], false, out var sums);
            At(start).Add(sums, false);
        }
        return at;
    }

    public override int Measure(ReadOnlySpan<byte> state)
    {
        var at = 0;
        for (var left = StateBytes.ReadCount(state, ref at); left > 0; left--)
        {
            if (state.Length - at < 8) throw StateBytes.Short(state.Length);
            at += 8 + MomentsFormat.Measure(state[(at + 8)..], false);
        }
        return at;
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (DecayAccumulator)other;
        for (var i = 0; i < from.Count; i++) At(from._starts[i]).Add(from._states[i], false);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        StateBytes.WriteVarint(to, (ulong)Count);
        for (var i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(8), _starts[i]);
            to.Advance(8);
            MomentsFormat.Write(_states[i], false, to);
        }
    }
}

internal sealed class DecayOutput(FeatureType? column, bool values, long halfLife) : AggregateOutput
{
    public override FeatureType Type => FeatureType.Float64;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        var hops = (DecayAccumulator)state;
        return Append(hops.Starts, hops.States, window, to);
    }

    internal AggregateStatus Append(ReadOnlySpan<long> starts, ReadOnlySpan<MomentsState> states, in WindowBounds window, Column to)
    {
        var status = starts.IsEmpty ? AggregateStatus.Null : AggregateStatus.Present;
        var newest = Instant.Floor(window.To, window.Hop);
        var total = 0d;
        for (var i = 0; i < starts.Length; i++)
        {
            if (states[i].Outside > 0) status = AggregateStatus.OutOfRange;
            total += Weight(newest, starts[i], halfLife) * (values ? Number(states[i]) : states[i].Count);
        }
        if (status == AggregateStatus.Present) ((FixedColumn<double>)to).Append(total + 0.0); // no negative zero
        else to.AppendNull();
        return status;
    }

    static double Weight(long newest, long start, long halfLife) => Elementary.Pow(2, -(Rounding.ToDouble(new((Int128)newest - start), 0) / halfLife));

    double Number(in MomentsState state) => Moments.SumAsDouble(column!, state);
}
