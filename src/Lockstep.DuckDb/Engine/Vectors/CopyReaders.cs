using System.Numerics;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Vectors;

/// <summary>Same bytes on both sides.</summary>
internal sealed class CopyReader<T> : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
        => ((FixedColumn<T>)to).AppendRange(Values<T>(vector, first, count), validity);
}

/// <summary>Nothing but nulls.</summary>
internal sealed class NullReader : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        for (var i = 0; i < count; i++) to.AppendNull();
    }
}

/// <summary>Seconds, milliseconds or nanoseconds to microseconds, rounded down (S1).</summary>
internal sealed class InstantReader(long multiply, long divide) : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var column = (FixedColumn<long>)to;
        var values = Values<long>(vector, first, count);
        var start = column.Count;
        column.AppendRange(values, validity);
        var micros = column.Writable[start..];
        if (divide > 1)
        {
            for (var i = 0; i < count; i++) micros[i] = Instant.Floor(micros[i], divide) / divide;
            return;
        }
        for (var i = 0; i < count; i++)
        {
            var exact = Math.BigMul(micros[i], multiply, out var low);
            if (exact != low >> 63 && IsValid(validity, i)) throw new LossyValueException(i, $"{micros[i]} (in units of {multiply} microseconds)", to.Type);
            micros[i] = low;
        }
    }
}

/// <summary>To a wider type that holds every value.</summary>
internal sealed class WidenReader<TFrom, TTo> : VectorReader
    where TFrom : unmanaged, INumberBase<TFrom> where TTo : unmanaged, INumberBase<TTo>
{
    readonly TTo[] _buffer = new TTo[2048];

    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var values = Values<TFrom>(vector, first, count);
        var wide = count <= _buffer.Length ? _buffer.AsSpan(0, count) : new TTo[count];
        for (var i = 0; i < count; i++) wide[i] = TTo.CreateTruncating(values[i]);
        ((FixedColumn<TTo>)to).AppendRange(wide, validity);
    }
}

/// <summary>Text as UTF-8, bytes as bytes.</summary>
internal sealed unsafe class BytesReader : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var column = (BytesColumn)to;
        column.Reserve(column.Count + count);
        var texts = (DuckString*)Api.duckdb_vector_get_data(vector) + first;
        if (validity.IsEmpty)
        {
            for (var i = 0; i < count; i++) column.Append(DuckString.Span(texts + i));
            return;
        }
        for (var i = 0; i < count; i++)
        {
            if (IsValid(validity, i)) column.Append(DuckString.Span(texts + i));
            else column.AppendNull();
        }
    }
}
