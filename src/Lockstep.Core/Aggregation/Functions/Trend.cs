using System.Buffers;
using System.Numerics;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(65)]
internal sealed class Trend : AggregateFunction
{
    public override string Name => "trend";
    public override string Summary => "The slope of the least-squares line through the values over their event timestamps, per second or per `per`, rounded once from exact sums. Null of fewer than two different instants.";
    public override string Takes => "numbers only";
    public override bool Accepts(FeatureType type) => type.IsNumeric;
    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("per", ParameterKind.Duration, "The unit of time of rate and trend, like 1h.") { Default = "1s" }];

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new TrendSpec { Column = column }, new TrendOutput(column!, arguments.Duration("per")));
}

internal sealed record TrendSpec : AccumulatorSpec
{
    public override string Name => $"trend({Column})";
    public override Accumulator Create() => new TrendAccumulator();
    public override bool Covers(AccumulatorSpec other) => other == this || (other is CountSpec && Column == other.Column);
    public override int? MaxBytes => 5 + 8 + 8 + 3 * 24 + 40;
}

/// <summary>Exact sums over values x, as integers (S13), at instants t.</summary>
internal struct TrendState
{
    public long Count, Outside;
    public Int192 X, T, TT;
    public Int320 TX;

    public void Add(long time, Int128 value)
    {
        Count++;
        X.Add(value);
        T.Add((Int128)time);
        TT.Add((Int128)time * time);
        Product(time, value, out var product);
        TX.Add(product);
    }

    public void Add(in TrendState other)
    {
        Count += other.Count;
        Outside += other.Outside;
        X.Add(other.X);
        T.Add(other.T);
        TT.Add(other.TT);
        TX.Add(other.TX);
    }

    public void Subtract(in TrendState other)
    {
        Count -= other.Count;
        Outside -= other.Outside;
        X.Subtract(other.X);
        T.Subtract(other.T);
        TT.Subtract(other.TT);
        TX.Subtract(other.TX);
    }

    static void Product(long time, Int128 value, out Int320 product)
    {
        var size = (UInt128)(value < 0 ? -value : value);
        var factor = time < 0 ? 0 - (ulong)time : (ulong)time;
        var high = Math.BigMul((ulong)size, factor, out var a);
        var top = Math.BigMul((ulong)(size >> 64), factor, out var b);
        b += high;
        if (b < high) top++;
        product = default;
        if (time < 0 != value < 0) product.Subtract(a, b, top, 0, 0);
        else product.Add(a, b, top, 0, 0);
    }

    /// <summary>The slope per <paramref name="per"/> microseconds; false of fewer than two different instants.</summary>
    public readonly bool TrySlope(FeatureType column, long per, out double slope)
    {
        slope = 0;
        if (Count < 2) return false;
        var (n, t) = ((BigInteger)Count, Rounding.ToBig(T));
        var spread = n * Rounding.ToBig(TT) - t * t;
        if (spread.IsZero) return false;
        var together = n * Rounding.ToSignedBig(TX) - t * Rounding.ToBig(X);
        var unit = column.IsFloat ? BigInteger.One << 64 : BigInteger.Pow(10, column.Scale);
        slope = Rounding.Quotient(together * per, spread * unit, 0);
        return true;
    }
}

// State: bytes of the count (0 to 8; plus 16 when values were outside of the range); if 0, that is all. Then bytes of the sums of x, t, t²
// and t x; then the count, the count of those outside (8 bytes), and the sums.
internal sealed class TrendAccumulator : Accumulator, ICounted
{
    const int OutsideFlag = 16;

    TrendState _state;

    public ref readonly TrendState State => ref _state;
    public ref TrendState Writable => ref _state;
    public long Count => _state.Count + _state.Outside;

    public override void Clear() => _state = default;

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            if (column!.IsNull(row)) continue;
            if (ScaledNumber.TryOf(column, row, out var value)) _state.Add(times[row], value);
            else _state.Outside++;
        }
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = Read(state, out var other);
        _state.Add(other);
        return length;
    }

    public override int Measure(ReadOnlySpan<byte> state) => Read(state, out _);
    public override void MergeFrom(Accumulator other) => _state.Add(((TrendAccumulator)other)._state);
    public override bool CanSubtract => true;

    public override int Subtract(ReadOnlySpan<byte> state)
    {
        var length = Read(state, out var other);
        _state.Subtract(other);
        return length;
    }

    public override void Write(IBufferWriter<byte> to)
    {
        var span = to.GetSpan(5 + 8 + 8 + 3 * 24 + 40);
        if (Count == 0)
        {
            span[0] = 0;
            to.Advance(1);
            return;
        }
        var n = StateBytes.LengthOf((ulong)_state.Count);
        span[0] = (byte)(n | (_state.Outside > 0 ? OutsideFlag : 0));
        var at = 5 + StateBytes.Write(span[5..], (ulong)_state.Count, n);
        if (_state.Outside > 0) at += StateBytes.Write(span[at..], (ulong)_state.Outside, 8);
        span[1] = (byte)StateBytes.LengthOf(_state.X);
        at += StateBytes.Write(span[at..], _state.X, span[1]);
        span[2] = (byte)StateBytes.LengthOf(_state.T);
        at += StateBytes.Write(span[at..], _state.T, span[2]);
        span[3] = (byte)StateBytes.LengthOf(_state.TT);
        at += StateBytes.Write(span[at..], _state.TT, span[3]);
        span[4] = (byte)StateBytes.LengthOfSigned(_state.TX);
        at += StateBytes.Write(span[at..], _state.TX, span[4]);
        to.Advance(at);
    }

    static int Read(ReadOnlySpan<byte> from, out TrendState state)
    {
        state = default;
        if (from.IsEmpty) throw StateBytes.Short(0);
        if (from[0] == 0) return 1;
        if (from.Length < 5) throw StateBytes.Short(from.Length);
        var (n, x, t, tt, tx) = (from[0] & ~OutsideFlag, from[1], from[2], from[3], from[4]);
        if (n > 8 || x > 24 || t > 24 || tt > 24 || tx > 40) throw StateBytes.Header("trend", from[0]);
        var outside = (from[0] & OutsideFlag) != 0 ? 8 : 0;
        var length = 5 + n + outside + x + t + tt + tx;
        if (length > from.Length) throw StateBytes.Short(from.Length);
        var at = 5;
        state.Count = (long)StateBytes.ReadUnsigned(from[at..], n);
        state.Outside = (long)StateBytes.ReadUnsigned(from[(at += n)..], outside);
        state.X = StateBytes.ReadSigned(from[(at += outside)..], x);
        state.T = StateBytes.ReadSigned(from[(at += x)..], t);
        state.TT = StateBytes.ReadSigned(from[(at += t)..], tt);
        state.TX = StateBytes.ReadLong(from[(at + tt)..], tx, signed: true);
        return length;
    }
}

internal sealed class TrendOutput(FeatureType column, long per) : AggregateOutput
{
    public override FeatureType Type => FeatureType.Float64;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to) => Append(((TrendAccumulator)state).State, to);

    internal AggregateStatus Append(in TrendState state, Column to)
    {
        if (state.Outside == 0 && state.TrySlope(column, per, out var slope))
        {
            ((FixedColumn<double>)to).Append(slope);
            return AggregateStatus.Present;
        }
        to.AppendNull();
        return state.Outside > 0 ? AggregateStatus.OutOfRange : AggregateStatus.Null;
    }
}
