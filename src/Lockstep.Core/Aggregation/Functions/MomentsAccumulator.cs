using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

/// <summary>Exact sums of a column of numbers, with or without those of the squares.</summary>
internal sealed record MomentsSpec(bool Squares) : AccumulatorSpec
{
    public override string Name => $"{(Squares ? "moments" : "sums")}({Column})";
    public override Accumulator Create() => new MomentsAccumulator(Squares);
    public override bool Covers(AccumulatorSpec other)
        => (other is MomentsSpec moments && Column == moments.Column && (Squares || !moments.Squares)) || (other is CountSpec && Column == other.Column);

    public override int? MaxBytes => Squares ? 3 + 8 + 8 + 24 + 40 : 2 + 8 + 8 + 24;
}

internal sealed class MomentsAccumulator(bool squares) : Accumulator, ICounted
{
    MomentsState _state;

    public ref readonly MomentsState State => ref _state;
    public ref MomentsState Writable => ref _state;

    /// <summary>All values, those outside of the range too.</summary>
    public long Count => _state.Count + _state.Outside;

    public override void Clear() => _state = default;

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        switch (column)
        {
            case FixedColumn<double> c: Add<double, OfDouble>(c, rows); break;
            case FixedColumn<float> c: Add<float, OfFloat>(c, rows); break;
            case FixedColumn<long> c: Add<long, OfLong>(c, rows); break;
            case FixedColumn<int> c: Add<int, OfInt>(c, rows); break;
            default: Add<Int128, OfDecimal>((FixedColumn<Int128>)column!, rows); break;
        }
    }

    void Add<T, TScale>(FixedColumn<T> column, ReadOnlySpan<int> rows) where T : unmanaged, IComparable<T> where TScale : IScale<T>
    {
        var values = column.Values;
        var nullable = column.HasNulls;
        foreach (var row in rows)
        {
            if (nullable && column.IsNull(row)) continue;
            if (TScale.TryScale(values[row], out var scaled)) _state.Add(scaled, squares);
            else _state.Outside++;
        }
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = MomentsFormat.Read(state, squares, out var other);
        _state.Add(other, squares);
        return length;
    }

    public override int MergeRun(ReadOnlySpan<byte> states, int count)
    {
        // The usual state: nothing outside, a sum of at most 16 bytes, squares of at most 32; words are read whole and cut, which needs bytes behind.
        var (at, behind) = (0, squares ? 64 : 32);
        while (count > 0)
        {
            int n, s, q;
            if (states.Length - at >= behind && (uint)(n = states[at]) - 1 < 8 && (uint)(s = states[at + 1]) - 1 < 16 && (uint)(q = squares ? states[at + 2] : 1) - 1 < 32)
            {
                var from = states.Slice(at, behind);
                var data = squares ? 3 : 2;
                _state.Count += (long)(Word(from, data) & ulong.MaxValue >> (64 - 8 * n));
                data += n;
                if (s <= 8)
                {
                    var low = (long)(Word(from, data) << (64 - 8 * s)) >> (64 - 8 * s);
                    _state.Sum.Add((ulong)low, (ulong)(low >> 63), (ulong)(low >> 63));
                }
                else
                {
                    var high = (long)(Word(from, data + 8) << (128 - 8 * s)) >> (128 - 8 * s);
                    _state.Sum.Add(Word(from, data), (ulong)high, (ulong)(high >> 63));
                }
                if (squares)
                {
                    data += s;
                    if (q <= 16) _state.Squares.Add(Cut(from, data, q), q > 8 ? Cut(from, data + 8, q - 8) : 0, 0, 0, 0);
                    else _state.Squares.Add(Word(from, data), Word(from, data + 8), Cut(from, data + 16, Math.Min(8, q - 16)), q > 24 ? Cut(from, data + 24, q - 24) : 0, 0);
                    at += data + q;
                }
                else at += data + s;
            }
            else at += Merge(states[at..]);
            count--;
        }
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Word(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt64LittleEndian(from[at..]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Cut(ReadOnlySpan<byte> from, int at, int length) => length >= 8 ? Word(from, at) : Word(from, at) & ulong.MaxValue >> (64 - 8 * length);

    public override int Measure(ReadOnlySpan<byte> state) => MomentsFormat.Measure(state, squares);

    public override void MergeFrom(Accumulator other) => _state.Add(((MomentsAccumulator)other)._state, squares);

    public override bool CanSubtract => true;

    public override int Subtract(ReadOnlySpan<byte> state)
    {
        var length = MomentsFormat.Read(state, squares, out var other);
        _state.Subtract(other, squares);
        return length;
    }

    public override void Write(IBufferWriter<byte> to) => MomentsFormat.Write(_state, squares, to);
}

/// <summary>A number as the integer that is summed.</summary>
internal interface IScale<T>
{
    static abstract bool TryScale(T value, out Int128 scaled);
}

internal readonly struct OfDouble : IScale<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(double value, out Int128 scaled) => ScaledDouble.TryScale(value, out scaled);
}

internal readonly struct OfFloat : IScale<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(float value, out Int128 scaled) => ScaledDouble.TryScale(value, out scaled);
}

internal readonly struct OfLong : IScale<long>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(long value, out Int128 scaled)
    {
        scaled = value;
        return true;
    }
}

internal readonly struct OfInt : IScale<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(int value, out Int128 scaled)
    {
        scaled = value;
        return true;
    }
}

internal readonly struct OfDecimal : IScale<Int128>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(Int128 value, out Int128 scaled)
    {
        scaled = value;
        return true;
    }
}
