using System.Buffers;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

/// <summary>Element by element: exact sums of lists of floats of one length.</summary>
internal sealed record VectorSpec : AccumulatorSpec
{
    public override string Name => $"vector({Column})";
    public override Accumulator Create() => new VectorAccumulator();
    public override int? MaxBytes => null;
}

// Sums and counts by place. Lists of another length than the others make the window OUT_OF_RANGE: no element has a meaning then.
// State: 0 for none; 2: lists of different lengths, or a value out of range, and nothing more; or 1, the length (LEB128), and for each
// place the sums as MomentsFormat writes them without squares, a byte 0 where every element was null.
internal sealed class VectorAccumulator : Accumulator
{
    MomentsState[] _sums = [];

    /// <summary>Elements of a list; -1 before the first.</summary>
    public int Length { get; private set; } = -1;

    public bool Broken { get; private set; }
    public ReadOnlySpan<MomentsState> Sums => _sums.AsSpan(0, Math.Max(0, Length));

    public override void Clear() => (Length, Broken) = (-1, false);

    /// <summary>Prepares for lists of this length; false when they do not go together.</summary>
    bool Fit(int length)
    {
        if (Broken) return false;
        if (Length < 0)
        {
            if (_sums.Length < length) _sums = new MomentsState[length];
            _sums.AsSpan(0, length).Clear();
            Length = length;
        }
        else if (Length != length) Break();
        return !Broken;
    }

    void Break() => (Length, Broken) = (-1, true);

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        var lists = (ListColumn)column!;
        foreach (var row in rows)
        {
            if (lists.IsNull(row) || !Fit(lists.Length(row))) continue;
            var start = lists.Start(row);
            for (var i = 0; i < Length && !Broken; i++)
            {
                if (lists.Elements.IsNull(start + i)) continue;
                if (ScaledNumber.TryOf(lists.Elements, start + i, out var value)) _sums[i].Add(value, false);
                else Break();
            }
        }
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var kind = Kind(state);
        if (kind == 2) Break();
        if (kind != 1) return 1;
        var at = 1;
        var length = StateBytes.ReadCount(state, ref at);
        if (length > state.Length) throw StateBytes.Short(state.Length);
        if (!Fit(length)) return Measure(state);
        for (var i = 0; i < length; i++)
        {
            at += MomentsFormat.Read(state[at..], false, out var sums);
            _sums[i].Add(sums, false);
        }
        return at;
    }

    public override int Measure(ReadOnlySpan<byte> state)
    {
        if (Kind(state) != 1) return 1;
        var at = 1;
        for (var left = StateBytes.ReadCount(state, ref at); left > 0; left--) at += MomentsFormat.Measure(state[at..], false);
        return at;
    }

    static int Kind(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        return state[0] <= 2 ? state[0] : throw StateBytes.Header("vector", state[0]);
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (VectorAccumulator)other;
        if (from.Broken) Break();
        if (from.Length < 0 || !Fit(from.Length)) return;
        for (var i = 0; i < Length; i++) _sums[i].Add(from._sums[i], false);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        to.GetSpan(1)[0] = Broken ? (byte)2 : Length < 0 ? (byte)0 : (byte)1;
        to.Advance(1);
        if (Broken || Length < 0) return;
        StateBytes.WriteVarint(to, (ulong)Length);
        foreach (ref readonly var sums in Sums) MomentsFormat.Write(sums, false, to);
    }
}

internal sealed class VectorOutput(bool mean) : AggregateOutput
{
    public override FeatureType Type { get; } = FeatureType.List(FeatureType.Float64);

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        var vector = (VectorAccumulator)state;
        if (vector.Broken || vector.Length < 0)
        {
            to.AppendNull();
            return vector.Broken ? AggregateStatus.OutOfRange : AggregateStatus.Null;
        }
        var list = (ListColumn)to;
        var elements = (FixedColumn<double>)list.Elements;
        foreach (ref readonly var sums in vector.Sums)
            if (sums.Count == 0) elements.AppendNull();
            else elements.Append(mean ? Rounding.Divide(sums.Sum, (ulong)sums.Count, -64) : Rounding.ToDouble(sums.Sum, -64));
        list.EndRow();
        return AggregateStatus.Present;
    }
}
