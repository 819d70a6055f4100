using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(40)]
internal sealed class Min() : Extreme(false, "min", "The least value, in the order of S6.");

[AggregateFunction(41)]
internal sealed class Max() : Extreme(true, "max", "The greatest value, in the order of S6.");

internal abstract class Extreme(bool greatest, string name, string summary) : AggregateFunction
{
    public override string Name => name;
    public override string Summary => summary;
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new ExtremeSpec(greatest) { Column = column }, new ValueOutput(column!));
}

internal sealed record ExtremeSpec(bool Greatest) : AccumulatorSpec
{
    public override string Name => $"{(Greatest ? "max" : "min")}({Column})";
    public override int? MaxBytes => Column!.Width > 0 ? 1 + Column.Width : null;

    public override Accumulator Create() => Column!.Kind switch
    {
        TypeKind.Bool => new ExtremeOf<byte>(Column, Greatest),
        TypeKind.Int32 or TypeKind.Date => new ExtremeOf<int>(Column, Greatest),
        TypeKind.Int64 or TypeKind.Timestamp => new ExtremeOf<long>(Column, Greatest),
        TypeKind.Float32 => new ExtremeOf<float>(Column, Greatest),
        TypeKind.Float64 => new ExtremeOf<double>(Column, Greatest),
        TypeKind.Decimal => new ExtremeOf<Int128>(Column, Greatest),
        _ => new ExtremeOfAny(Column, Greatest),
    };
}

/// <summary>A state that is one value, or none.</summary>
internal interface IOneValue
{
    void AppendTo(Column to);
}

internal sealed class ValueOutput(FeatureType type) : AggregateOutput
{
    public override FeatureType Type => type;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        ((IOneValue)state).AppendTo(to);
        return to.IsNull(to.Count - 1) ? AggregateStatus.Null : AggregateStatus.Present;
    }
}

// State: 0 for none; or 1 and the value.
internal sealed class ExtremeOf<T>(FeatureType type, bool greatest) : Accumulator, IOneValue where T : unmanaged, IComparable<T>
{
    bool _some;
    T _value;

    public override void Clear() => (_some, _value) = (false, default);

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        var typed = (FixedColumn<T>)column!;
        var values = typed.Values;
        var nullable = typed.HasNulls;
        foreach (var row in rows)
            if (!nullable || !typed.IsNull(row)) Offer(values[row]);
    }

    void Offer(T value)
    {
        if (_some && !(greatest ? IsLess(_value, value) : IsLess(value, _value))) return;
        (_some, _value) = (true, value);
    }

    // The usual types without a call; there is no NaN in a column (S3).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsLess(T a, T b)
    {
        if (typeof(T) == typeof(double)) return (double)(object)a < (double)(object)b;
        if (typeof(T) == typeof(float)) return (float)(object)a < (float)(object)b;
        if (typeof(T) == typeof(long)) return (long)(object)a < (long)(object)b;
        if (typeof(T) == typeof(int)) return (int)(object)a < (int)(object)b;
        return a.CompareTo(b) < 0;
    }

    public override unsafe int Merge(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] == 0) return 1;
        if (state[0] != 1) throw StateBytes.Header("min or max", state[0]);
        if (state.Length < 1 + sizeof(T)) throw StateBytes.Short(state.Length);
        Offer(MemoryMarshal.Read<T>(state[1..]));
        return 1 + sizeof(T);
    }

    public override unsafe int MergeRun(ReadOnlySpan<byte> states, int count)
    {
        var at = 0;
        while (count > 0)
        {
            at += Some(states[at..], ref count);
            if (count == 0) break;
            at += Merge(states[at..]);
            count--;
        }
        return at;
    }

    /// <summary>Merges states that hold a value, up to one that does not.</summary>
    unsafe int Some(ReadOnlySpan<byte> states, ref int count)
    {
        var size = 1 + sizeof(T);
        if (states.Length < size) return 0;
        fixed (byte* begin = states)
        {
            byte* at = begin, last = begin + states.Length - size;
            if (count == 0 || at > last || *at != 1) return 0;
            var best = _some ? _value : Unsafe.ReadUnaligned<T>(at + 1);
            for (; count > 0 && at <= last && *at == 1; count--, at += size)
            {
                var value = Unsafe.ReadUnaligned<T>(at + 1);
                if (greatest ? IsLess(best, value) : IsLess(value, best)) best = value;
            }
            (_some, _value) = (true, best);
            return (int)(at - begin);
        }
    }

    public override unsafe int Measure(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        var length = state[0] == 0 ? 1 : 1 + sizeof(T);
        return length <= state.Length ? length : throw StateBytes.Short(state.Length);
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (ExtremeOf<T>)other;
        if (from._some) Offer(from._value);
    }

    public override unsafe void Write(IBufferWriter<byte> to)
    {
        var span = to.GetSpan(1 + sizeof(T));
        span[0] = _some ? (byte)1 : (byte)0;
        if (_some) MemoryMarshal.Write(span[1..], in _value);
        to.Advance(_some ? 1 + sizeof(T) : 1);
    }

    public void AppendTo(Column to)
    {
        if (to.Type != type) throw new ArgumentException($"A {type} for a column of {to.Type}.", nameof(to));
        if (_some) ((FixedColumn<T>)to).Append(_value);
        else to.AppendNull();
    }
}

internal sealed class ExtremeOfAny(FeatureType type, bool greatest) : Accumulator, IOneValue
{
    readonly Column _value = Column.Create(type); // at most one row
    readonly Column _spare = Column.Create(type);

    public override void Clear() => _value.Clear();

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            if (!column!.IsNull(row)) Offer(column, row);
    }

    void Offer(Column column, int row)
    {
        if (_value.Count > 0)
        {
            var order = column.Compare(row, _value, 0);
            if (greatest ? order <= 0 : order >= 0) return;
            _value.Clear();
        }
        _value.AppendFrom(column, row);
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = Measure(state);
        if (length == 1 && state[0] == 0) return 1;
        var at = 1;
        _spare.Clear();
        StateValues.Read(state, ref at, _spare);
        Offer(_spare, 0);
        return at;
    }

    public override int Measure(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] > 1) throw StateBytes.Header("min or max", state[0]);
        var at = 1;
        if (state[0] == 1) StateValues.Skip(state, ref at, type);
        return at;
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (ExtremeOfAny)other;
        if (from._value.Count > 0) Offer(from._value, 0);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        to.GetSpan(1)[0] = (byte)_value.Count;
        to.Advance(1);
        if (_value.Count > 0) StateValues.Write(_value, 0, to);
    }

    public void AppendTo(Column to) => to.AppendFrom(_value, _value.Count - 1);
}
