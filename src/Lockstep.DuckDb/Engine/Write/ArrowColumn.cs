using System.Globalization;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Write;

/// <summary>Rows of a column in Arrow's layout, gathered from batches and then handed over to DuckDB without a further copy.</summary>
internal abstract unsafe class ArrowColumn : IDisposable
{
    ArrowBits _validity;

    public int Count { get; private set; }

    /// <summary>About how much memory it holds.</summary>
    public abstract long Bytes { get; }

    public static ArrowColumn Create(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => new BoolArrowColumn(),
        TypeKind.Int32 or TypeKind.Date => new FixedArrowColumn<int>(),
        TypeKind.Int64 or TypeKind.Timestamp => new FixedArrowColumn<long>(),
        TypeKind.Float32 => new FixedArrowColumn<float>(),
        TypeKind.Float64 => new FixedArrowColumn<double>(),
        TypeKind.Decimal => new FixedArrowColumn<Int128>(),
        TypeKind.String or TypeKind.Bytes => new BytesArrowColumn(),
        TypeKind.List => new ListArrowColumn(Create(type.Element!)),
        _ => throw new NotSupportedException($"No Arrow column of type {type}."),
    };

    /// <summary>Arrow's name of a type.</summary>
    public static string Format(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => "b",
        TypeKind.Int32 => "i",
        TypeKind.Int64 => "l",
        TypeKind.Float32 => "f",
        TypeKind.Float64 => "g",
        TypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"d:{type.Precision},{type.Scale}"),
        TypeKind.String => "u",
        TypeKind.Bytes => "z",
        TypeKind.Timestamp => "tsu:UTC",
        TypeKind.Date => "tdD",
        TypeKind.List => "+l",
        _ => throw new NotSupportedException($"No Arrow format for type {type}."),
    };

    public void Append(Column from, int first, int count)
    {
        _validity.Append(from.Validity, first, count);
        AppendValues(from, first, count);
        Count += count;
    }

    protected abstract void AppendValues(Column from, int first, int count);

    /// <summary>Moves the rows into an array, and starts anew.</summary>
    public ArrowArray* Export()
    {
        var nulls = _validity.Clear;
        var validity = (void*)_validity.Take();
        if (nulls == 0)
        {
            NativeMemory.Free(validity);
            validity = null;
        }
        var array = ArrowArrays.Create(Count, nulls);
        Count = 0;
        ExportValues(array, validity);
        return array;
    }

    protected abstract void ExportValues(ArrowArray* array, void* validity);

    public void Dispose()
    {
        _validity.Free();
        FreeValues();
    }

    protected abstract void FreeValues();
}

internal sealed unsafe class FixedArrowColumn<T> : ArrowColumn where T : unmanaged
{
    ArrowBuffer _values;

    public override long Bytes => _values.Length;

    protected override void AppendValues(Column from, int first, int count) => _values.Append(((FixedColumn<T>)from).Values.Slice(first, count));
    protected override void ExportValues(ArrowArray* array, void* validity) => ArrowArrays.SetBuffers(array, validity, _values.Take());
    protected override void FreeValues() => _values.Free();
}

internal sealed unsafe class BoolArrowColumn : ArrowColumn
{
    ArrowBits _values;

    public override long Bytes => Count / 8;

    protected override void AppendValues(Column from, int first, int count) => _values.AppendBytes(((FixedColumn<byte>)from).Values.Slice(first, count));
    protected override void ExportValues(ArrowArray* array, void* validity) => ArrowArrays.SetBuffers(array, validity, _values.Take());
    protected override void FreeValues() => _values.Free();
}

internal sealed unsafe class BytesArrowColumn : ArrowColumn
{
    ArrowBuffer _ends, _data;

    public override long Bytes => _ends.Length + _data.Length;

    protected override void AppendValues(Column from, int first, int count)
    {
        var bytes = (BytesColumn)from;
        var start = first == 0 ? 0 : bytes.Ends[first - 1];
        AppendEnds(ref _ends, bytes.Ends.Slice(first, count), checked((int)_data.Length) - start);
        _data.Append(bytes.Data(start, bytes.Ends[first + count - 1]));
    }

    /// <summary>Arrow's offsets begin with a 0, and go on from where the last batch ended.</summary>
    public static void AppendEnds(ref ArrowBuffer to, ReadOnlySpan<int> ends, int shift)
    {
        if (to.Length == 0) *(int*)to.Grow(sizeof(int)) = 0;
        var written = (int*)to.Grow((long)ends.Length * sizeof(int));
        for (var i = 0; i < ends.Length; i++) written[i] = checked(ends[i] + shift);
    }

    protected override void ExportValues(ArrowArray* array, void* validity)
    {
        if (_data.Data == null) _data.Grow(1);
        ArrowArrays.SetBuffers(array, validity, _ends.Take(), _data.Take());
    }

    protected override void FreeValues()
    {
        _ends.Free();
        _data.Free();
    }
}

internal sealed unsafe class ListArrowColumn(ArrowColumn elements) : ArrowColumn
{
    ArrowBuffer _ends;

    public override long Bytes => _ends.Length + elements.Bytes;

    protected override void AppendValues(Column from, int first, int count)
    {
        var list = (ListColumn)from;
        var start = list.Start(first);
        BytesArrowColumn.AppendEnds(ref _ends, list.Ends.Slice(first, count), elements.Count - start);
        if (list.Ends[first + count - 1] is var end && end > start) elements.Append(list.Elements, start, end - start);
    }

    protected override void ExportValues(ArrowArray* array, void* validity)
    {
        ArrowArrays.SetBuffers(array, validity, _ends.Take());
        ArrowArrays.SetChildren(array, [(nint)elements.Export()]);
    }

    protected override void FreeValues()
    {
        _ends.Free();
        elements.Dispose();
    }
}
