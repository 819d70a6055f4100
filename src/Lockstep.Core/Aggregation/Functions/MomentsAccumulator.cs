using System.Buffers;
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

    void Add<T, TScale>(FixedColumn<T> column, ReadOnlySpan<int> rows) where TScale : IScale<T>
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

    // The usual state: nothing outside, a sum of at most 16 bytes, squares of at most 32. Words are read whole and cut, which needs bytes
    // behind; and low and high words are added up apart, each in 128 bits, and put together once.
    public override unsafe int MergeRun(ReadOnlySpan<byte> states, int count)
    {
        var at = 0;
        while (count > 0)
        {
            if (states.Length - at >= 64)
                fixed (byte* begin = states) at += (int)(squares ? Usual(begin + at, begin + states.Length - 64, ref count) : UsualSums(begin + at, begin + states.Length - 32, ref count));
            if (count == 0) break;
            at += Merge(states[at..]);
            count--;
        }
        return at;
    }

    unsafe long UsualSums(byte* from, byte* last, ref int count)
    {
        var at = from;
        ulong n = 0, low = 0, lowCarry = 0, high = 0, highCarry = 0;
        for (; count > 0 && at <= last; count--)
        {
            int counted = at[0], sum = at[1];
            if ((uint)counted - 1 >= 8 || (uint)sum - 1 >= 16) break;
            n += *(ulong*)(at + 2) & ulong.MaxValue >> (64 - 8 * counted);
            at += 2 + counted;
            Sum(at, sum, ref low, ref lowCarry, ref high, ref highCarry);
            at += sum;
        }
        Take(n, low, lowCarry, high, highCarry);
        return at - from;
    }

    unsafe long Usual(byte* from, byte* last, ref int count)
    {
        var at = from;
        ulong n = 0, low = 0, lowCarry = 0, high = 0, highCarry = 0;
        for (; count > 0 && at <= last; count--)
        {
            int counted = at[0], sum = at[1], square = at[2];
            if ((uint)counted - 1 >= 8 || (uint)sum - 1 >= 16 || (uint)square - 1 >= 32) break;
            n += *(ulong*)(at + 3) & ulong.MaxValue >> (64 - 8 * counted);
            at += 3 + counted;
            Sum(at, sum, ref low, ref lowCarry, ref high, ref highCarry);
            at += sum;
            if (square <= 16) _state.Squares.Add(Cut(at, Math.Min(8, square)), square > 8 ? Cut(at + 8, square - 8) : 0, 0, 0, 0);
            else _state.Squares.Add(*(ulong*)at, *(ulong*)(at + 8), Cut(at + 16, Math.Min(8, square - 16)), square > 24 ? Cut(at + 24, square - 24) : 0, 0);
            at += square;
        }
        Take(n, low, lowCarry, high, highCarry);
        return at - from;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Sum(byte* at, int length, ref ulong low, ref ulong lowCarry, ref ulong high, ref ulong highCarry)
    {
        ulong word;
        long top;
        if (length <= 8)
        {
            var value = (long)(*(ulong*)at << (64 - 8 * length)) >> (64 - 8 * length);
            (word, top) = ((ulong)value, value >> 63);
        }
        else (word, top) = (*(ulong*)at, (long)(*(ulong*)(at + 8) << (128 - 8 * length)) >> (128 - 8 * length));
        low += word;
        if (low < word) lowCarry++;
        high += (ulong)top;
        highCarry += (ulong)(top >> 63) + (high < (ulong)top ? 1UL : 0);
    }

    void Take(ulong n, ulong low, ulong lowCarry, ulong high, ulong highCarry)
    {
        _state.Count += (long)n;
        _state.Sum.Add(low, lowCarry, 0);
        _state.Sum.Add(0, high, highCarry);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe ulong Cut(byte* at, int length) => *(ulong*)at & ulong.MaxValue >> (64 - 8 * length);

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
    static abstract bool TryScale(T value, out Words128 scaled);
}

internal readonly struct OfDouble : IScale<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(double value, out Words128 scaled) => ScaledDouble.TryScale(value, out scaled);
}

internal readonly struct OfFloat : IScale<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(float value, out Words128 scaled) => ScaledDouble.TryScale(value, out scaled);
}

internal readonly struct OfLong : IScale<long>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(long value, out Words128 scaled)
    {
        scaled = value;
        return true;
    }
}

internal readonly struct OfInt : IScale<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(int value, out Words128 scaled)
    {
        scaled = value;
        return true;
    }
}

internal readonly struct OfDecimal : IScale<Int128>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(Int128 value, out Words128 scaled)
    {
        scaled = value;
        return true;
    }
}
