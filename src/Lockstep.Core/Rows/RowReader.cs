using System.Buffers.Binary;
using System.Text;

namespace Lockstep.Core.Rows;

/// <summary>
/// Reads a packed row in place. The constructor checks version, size and the ends of varying values once; after that no read leaves
/// the span. Bytes of another format are a <see cref="RowFormatException"/>, never a wrong read.
/// </summary>
public readonly ref struct RowReader
{
    readonly ReadOnlySpan<byte> _row;
    readonly RowLayout _layout;

    public RowReader(RowLayout layout, ReadOnlySpan<byte> row)
    {
        _layout = layout;
        _row = row;
        if (row.Length < layout.FixedSize) throw new RowFormatException($"A row of {row.Length} bytes; its fixed part has {layout.FixedSize}.");
        if (row[0] != RowLayout.FormatVersion) throw new RowFormatException($"Row format {row[0]}; this program reads {RowLayout.FormatVersion}.");
        var columns = BinaryPrimitives.ReadUInt16LittleEndian(row[1..]);
        if (columns != layout.Schema.Count) throw new RowFormatException($"A row of {columns} columns; the schema has {layout.Schema.Count}.");
        var last = 0;
        for (var i = layout.LastVariable; i >= 0; i = layout.PreviousVariable[i])
        {
            var end = BinaryPrimitives.ReadInt32LittleEndian(row[layout.Offsets[i]..]);
            var start = layout.PreviousVariable[i] is >= 0 and var p ? BinaryPrimitives.ReadInt32LittleEndian(row[layout.Offsets[p]..]) : 0;
            if (start < 0 || end < start) throw new RowFormatException($"Column '{layout.Schema[i].Name}' ends at {end}, before its start {start}.");
            if (i == layout.LastVariable) last = end;
        }
        if (last != row.Length - layout.FixedSize)
            throw new RowFormatException($"The varying part ends at {last}; the row has {row.Length - layout.FixedSize} bytes of it.");
    }

    RowReader(ReadOnlySpan<byte> row, RowLayout layout)
    {
        _layout = layout;
        _row = row;
    }

    /// <summary>Opens bytes that the constructor has checked before and that have not changed since; no read leaves the span here either.</summary>
    public static RowReader OfChecked(RowLayout layout, ReadOnlySpan<byte> row) => new(row, layout);

    public bool IsNull(int column) => (_row[RowLayout.HeaderSize + (column >> 3)] >> (column & 7) & 1) != 0;

    public bool Bool(int column) => _row[_layout.Offsets[column]] != 0;
    public int Int32(int column) => BinaryPrimitives.ReadInt32LittleEndian(_row[_layout.Offsets[column]..]);
    public long Int64(int column) => BinaryPrimitives.ReadInt64LittleEndian(_row[_layout.Offsets[column]..]);
    public float Float32(int column) => BinaryPrimitives.ReadSingleLittleEndian(_row[_layout.Offsets[column]..]);
    public double Float64(int column) => BinaryPrimitives.ReadDoubleLittleEndian(_row[_layout.Offsets[column]..]);
    public Int128 Decimal(int column) => BinaryPrimitives.ReadInt128LittleEndian(_row[_layout.Offsets[column]..]);

    /// <summary>Text as UTF-8, bytes, or a list in its packed form.</summary>
    public ReadOnlySpan<byte> Bytes(int column)
    {
        var start = _layout.PreviousVariable[column] is >= 0 and var p ? Int32(p) : 0;
        return _row[(_layout.FixedSize + start)..(_layout.FixedSize + Int32(column))];
    }

    public PackedList List(int column) => new(_layout.Schema[column].Type.Element!, Bytes(column));

    public Value GetValue(int column)
    {
        if (IsNull(column)) return Value.Null;
        var type = _layout.Schema[column].Type;
        return type.Width == 0 ? PackedValue.Variable(type, Bytes(column)) : PackedValue.Fixed(type, _row[_layout.Offsets[column]..]);
    }
}

/// <summary>A list inside a packed row, read in place.</summary>
public readonly ref struct PackedList
{
    readonly ReadOnlySpan<byte> _bytes;
    readonly int _fixedAt;
    readonly int _variableAt;

    internal PackedList(FeatureType element, ReadOnlySpan<byte> bytes)
    {
        Element = element;
        _bytes = bytes;
        if (bytes.Length < sizeof(int)) throw new RowFormatException("A list without its count.");
        Count = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var width = element.Width == 0 ? sizeof(int) : element.Width;
        var size = Count < 0 ? long.MaxValue : sizeof(int) + ((Count + 7L) >> 3) + (long)Count * width;
        if (size > bytes.Length) throw new RowFormatException($"A list of {Count} elements in {bytes.Length} bytes.");
        _fixedAt = sizeof(int) + ((Count + 7) >> 3);
        _variableAt = (int)size;
        if (element.Width != 0 && size != bytes.Length) throw new RowFormatException($"A list of {Count} elements followed by {bytes.Length - size} more bytes.");
    }

    public FeatureType Element { get; }
    public int Count { get; }

    public bool IsNull(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        return (_bytes[sizeof(int) + (index >> 3)] >> (index & 7) & 1) != 0;
    }

    /// <summary>The elements side by side; nulls are zeros. For types of fixed width.</summary>
    public ReadOnlySpan<byte> FixedElements => _bytes[_fixedAt.._variableAt];

    /// <summary>The bytes of an element of varying width.</summary>
    public ReadOnlySpan<byte> Bytes(int index)
    {
        var start = index == 0 ? 0 : End(index - 1);
        var end = End(index);
        if (start < 0 || end < start || end > _bytes.Length - _variableAt) throw new RowFormatException($"Element {index} of a list stands at {start} to {end} of {_bytes.Length - _variableAt} bytes.");
        return _bytes[(_variableAt + start)..(_variableAt + end)];
    }

    int End(int index) => BinaryPrimitives.ReadInt32LittleEndian(_bytes[(_fixedAt + index * sizeof(int))..]);

    public Value GetValue(int index)
    {
        if (IsNull(index)) return Value.Null;
        return Element.Width == 0 ? PackedValue.Variable(Element, Bytes(index)) : PackedValue.Fixed(Element, FixedElements[(index * Element.Width)..]);
    }
}

static class PackedValue
{
    public static Value Fixed(FeatureType type, ReadOnlySpan<byte> at) => type.Kind switch
    {
        TypeKind.Bool => Value.Of(at[0] != 0),
        TypeKind.Int32 => Value.Of(BinaryPrimitives.ReadInt32LittleEndian(at)),
        TypeKind.Date => Value.Date(BinaryPrimitives.ReadInt32LittleEndian(at)),
        TypeKind.Int64 => Value.Of(BinaryPrimitives.ReadInt64LittleEndian(at)),
        TypeKind.Timestamp => Value.Timestamp(BinaryPrimitives.ReadInt64LittleEndian(at)),
        TypeKind.Float32 => Value.Of(BinaryPrimitives.ReadSingleLittleEndian(at)),
        TypeKind.Float64 => Value.Of(BinaryPrimitives.ReadDoubleLittleEndian(at)),
        TypeKind.Decimal => Value.Decimal(BinaryPrimitives.ReadInt128LittleEndian(at), type.Scale),
        _ => throw new NotSupportedException($"{type} has no fixed width."),
    };

    public static Value Variable(FeatureType type, ReadOnlySpan<byte> bytes)
    {
        if (type.Kind == TypeKind.String) return Value.Of(Encoding.UTF8.GetString(bytes));
        if (type.Kind == TypeKind.Bytes) return Value.Of(bytes.ToArray());
        var list = new PackedList(type.Element!, bytes);
        var elements = new Value[list.Count];
        for (var i = 0; i < elements.Length; i++) elements[i] = list.GetValue(i);
        return Value.List(elements);
    }
}
