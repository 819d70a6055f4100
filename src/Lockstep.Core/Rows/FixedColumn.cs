using System.Runtime.CompilerServices;

namespace Lockstep.Core.Rows;

/// <summary>Values of one width, side by side.</summary>
/// <remarks>The type is one of those that <see cref="Column"/> names. No constraint says so: generic code with one would not be compiled ahead of time.</remarks>
public sealed class FixedColumn<T>(FeatureType type) : Column(type)
{
    T[] _values = [];

    public ReadOnlySpan<T> Values => _values.AsSpan(0, Count);

    /// <summary>The values to change in place; nulls keep whatever stands there.</summary>
    public Span<T> Writable => _values.AsSpan(0, Count);

    internal T[] Buffer => _values;

    public override long Bytes => (long)Count * Type.Width;

    /// <summary>Makes an empty column one of so many rows, none null, and gives their place to be filled.</summary>
    internal T[] Take(int rows)
    {
        if (Count > 0) throw new InvalidOperationException("The column has rows.");
        if (_values.Length < rows) _values = GC.AllocateUninitializedArray<T>(rows); // every place is written before it is read
        Count = rows;
        return _values;
    }

    internal override bool TryTake(int rows)
    {
        Take(rows);
        return true;
    }

    internal override void Place(int first, Column rows)
    {
        var from = (FixedColumn<T>)rows;
        from.Values.CopyTo(_values.AsSpan(first));
        if (from.Validity.IsEmpty) return;
        lock (_values) MarkRange(first, from.Count, from.Validity); // neighbours share a word of the bitmap
    }

    public override void Reserve(int rows)
    {
        if (_values.Length < rows) Array.Resize(ref _values, Math.Max(rows, Math.Max(16, _values.Length * 2)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(T value)
    {
        if (Count == _values.Length) Reserve(Count + 1);
        MarkNext(true);
        _values[Count++] = value;
    }

    public override void AppendNull()
    {
        if (Count == _values.Length) Reserve(Count + 1);
        MarkNext(false);
        _values[Count++] = default!;
    }

    /// <summary>Appends values in one copy; an empty bitmap means that none is null.</summary>
    public void AppendRange(ReadOnlySpan<T> values, ReadOnlySpan<ulong> validity)
    {
        Reserve(Count + values.Length);
        values.CopyTo(_values.AsSpan(Count));
        var first = Count;
        Count += values.Length;
        MarkRange(first, values.Length, validity);
    }

    /// <summary>Takes over the rows that were written into the <see cref="Buffer"/> of the empty column.</summary>
    internal void Filled(int rows, ReadOnlySpan<ulong> validity)
    {
        Count = rows;
        MarkRange(0, rows, validity);
    }

    /// <summary>Replaces the value of a row.</summary>
    public void Set(int row, T value)
    {
        SetValid(row);
        Writable[row] = value;
    }

    public override void AppendFrom(Column source, int row)
    {
        if (row < 0 || source.IsNull(row)) AppendNull();
        else Append(((FixedColumn<T>)source)._values[row]);
    }

    public override void AppendRows(Column source, ReadOnlySpan<int> rows)
    {
        Reserve(Count + rows.Length);
        var from = (FixedColumn<T>)source;
        var values = from.Values;
        var done = 0;
        if (Validity.IsEmpty && from.Validity.IsEmpty)
        {
            // No null on either side: the common case, a plain gather, up to the first row that is asked for as null.
            var to = _values.AsSpan(Count);
            for (; done < rows.Length && (uint)rows[done] < (uint)values.Length; done++) to[done] = values[rows[done]];
            Count += done;
        }
        var validity = from.ValidityBuffer;
        while (done < rows.Length)
        {
            // With nulls: 64 rows at a time, which share a word of the bitmap.
            var some = rows.Slice(done, Math.Min(64, rows.Length - done));
            var to = _values.AsSpan(Count);
            var bits = 0UL;
            for (var i = 0; i < some.Length; i++)
            {
                var row = some[i];
                var valid = row < 0 ? 0UL : validity is null ? 1 : validity[row >> 6] >> (row & 63) & 1;
                to[i] = valid != 0 ? values[row] : default!;
                bits |= valid << i;
            }
            done += some.Length;
            Count += some.Length;
            MarkRange(Count - some.Length, some.Length, bits == ulong.MaxValue >> (64 - some.Length) ? [] : [bits]);
        }
    }

    protected override void MoveDown(ReadOnlySpan<int> rows)
    {
        var values = _values.AsSpan(0, Count);
        for (var i = 0; i < rows.Length; i++) values[i] = values[rows[i]];
    }

    public override void Append(Value value)
    {
        if (value.IsNull) { AppendNull(); return; }
        switch (this)
        {
            case FixedColumn<byte> c: c.Append(value.AsBool ? (byte)1 : (byte)0); break;
            case FixedColumn<int> c: c.Append(checked((int)value.AsInt64)); break;
            case FixedColumn<long> c: c.Append(value.AsInt64); break;
            case FixedColumn<float> c: c.Append(value.AsFloat32); break;
            case FixedColumn<double> c: c.Append(value.AsFloat64); break;
            case FixedColumn<Int128> c: c.Append(value.AsDecimal); break;
            default: throw new NotSupportedException($"No value of type {Type} in a column of {typeof(T)}.");
        }
    }

    public override Value GetValue(int row) => IsNull(row) ? Value.Null : this switch
    {
        FixedColumn<byte> c => Value.Of(c.Values[row] != 0),
        FixedColumn<int> c => Type.Kind == TypeKind.Date ? Value.Date(c.Values[row]) : Value.Of(c.Values[row]),
        FixedColumn<long> c => Type.Kind == TypeKind.Timestamp ? Value.Timestamp(c.Values[row]) : Value.Of(c.Values[row]),
        FixedColumn<float> c => Value.Of(c.Values[row]),
        FixedColumn<double> c => Value.Of(c.Values[row]),
        FixedColumn<Int128> c => Value.Decimal(c.Values[row], Type.Scale),
        _ => throw new NotSupportedException($"No value of type {Type} in a column of {typeof(T)}."),
    };

    protected override int CompareValid(int row, Column other, int otherRow)
        => Comparer<T>.Default.Compare(_values[row], ((FixedColumn<T>)other)._values[otherRow]);
}
