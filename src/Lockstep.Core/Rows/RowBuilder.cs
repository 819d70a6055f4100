using System.Buffers.Binary;

namespace Lockstep.Core.Rows;

/// <summary>
/// Packs rows of one layout value by value, one row behind the other in memory that is kept: for whoever computes rows and has no
/// columns of them. Columns go in ascending order, each once; a null is one that is left out.
/// </summary>
public sealed class RowBuilder(RowLayout layout)
{
    byte[] _bytes = new byte[512];
    int _used, _row, _column;

    public RowLayout Layout => layout;

    /// <summary>Bytes of memory held.</summary>
    public int Capacity => _bytes.Length;

    public void Clear() => _used = 0;

    /// <summary>Begins the next row, all of it null.</summary>
    public void Begin()
    {
        (_row, _column) = (_used, 0);
        var head = Room(layout.FixedSize);
        head.Clear();
        head[0] = RowLayout.FormatVersion;
        BinaryPrimitives.WriteUInt16LittleEndian(head[1..], (ushort)layout.Schema.Count);
        for (var i = 0; i < layout.Schema.Count; i++) head[RowLayout.HeaderSize + (i >> 3)] |= (byte)(1 << (i & 7));
        _used += layout.FixedSize;
    }

    /// <summary>Ends the row: where it stands among all, for <see cref="Row"/>.</summary>
    public (int Start, int Length) End()
    {
        EndVariables(layout.Schema.Count);
        return (_row, _used - _row);
    }

    public RowReader Row(int start, int length) => RowReader.OfChecked(layout, _bytes.AsSpan(start, length));

    /// <summary>The bytes of a row.</summary>
    public ReadOnlySpan<byte> Written(int start, int length) => _bytes.AsSpan(start, length);

    public void Bool(int column, bool value) => Fixed(column)[0] = value ? (byte)1 : (byte)0;
    public void Int32(int column, int value) => BinaryPrimitives.WriteInt32LittleEndian(Fixed(column), value);
    public void Int64(int column, long value) => BinaryPrimitives.WriteInt64LittleEndian(Fixed(column), value);
    public void Float32(int column, float value) => BinaryPrimitives.WriteSingleLittleEndian(Fixed(column), value);
    public void Float64(int column, double value) => BinaryPrimitives.WriteDoubleLittleEndian(Fixed(column), value);
    public void Decimal(int column, Int128 value) => BinaryPrimitives.WriteInt128LittleEndian(Fixed(column), value);

    /// <summary>Text as UTF-8, or bytes.</summary>
    public void Bytes(int column, ReadOnlySpan<byte> value)
    {
        Variable(column);
        Append(value);
    }

    /// <summary>Begins a list; its elements are given in order, and those that are not are null.</summary>
    public ListBuilder List(int column, int count)
    {
        Variable(column);
        return new(this, layout.Schema[column].Type.Element!, count);
    }

    /// <summary>Any value: lists of rarer types, tools and tests; it may allocate.</summary>
    public void Set(int column, Value value)
    {
        if (value.IsNull) return;
        var type = layout.Schema[column].Type;
        if (type.Kind == TypeKind.List) Fill(List(column, value.AsList.Length), type.Element!, value.AsList);
        else if (type.Width == 0) Bytes(column, Variable(value));
        else Write(Fixed(column), type.Kind, value);
    }

    static ReadOnlySpan<byte> Variable(Value value) => value.Kind == TypeKind.String ? System.Text.Encoding.UTF8.GetBytes(value.AsString) : value.AsBytes;

    static void Fill(ListBuilder list, FeatureType element, Value[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (element.Width != 0)
            {
                if (!values[i].IsNull) Write(list.Fixed(i), element.Kind, values[i]);
                continue;
            }
            if (!values[i].IsNull && element.Kind == TypeKind.List) Fill(list.List(i, values[i].AsList.Length), element.Element!, values[i].AsList);
            else if (!values[i].IsNull) list.Bytes(i, Variable(values[i]));
            list.EndElement(i);
        }
    }

    static void Write(Span<byte> to, TypeKind kind, Value value)
    {
        switch (kind)
        {
            case TypeKind.Bool: to[0] = value.AsBool ? (byte)1 : (byte)0; break;
            case TypeKind.Int32: BinaryPrimitives.WriteInt32LittleEndian(to, value.AsInt32); break;
            case TypeKind.Date: BinaryPrimitives.WriteInt32LittleEndian(to, (int)value.AsInt64); break;
            case TypeKind.Float32: BinaryPrimitives.WriteSingleLittleEndian(to, value.AsFloat32); break;
            case TypeKind.Float64: BinaryPrimitives.WriteDoubleLittleEndian(to, value.AsFloat64); break;
            case TypeKind.Decimal: BinaryPrimitives.WriteInt128LittleEndian(to, value.AsDecimal); break;
            default: BinaryPrimitives.WriteInt64LittleEndian(to, value.AsInt64); break;
        }
    }

    void Variable(int column)
    {
        EndVariables(column);
        SetPresent(column);
    }

    Span<byte> Fixed(int column)
    {
        SetPresent(column);
        return _bytes.AsSpan(_row + layout.Offsets[column]);
    }

    void SetPresent(int column) => _bytes[_row + RowLayout.HeaderSize + (column >> 3)] &= (byte)~(1 << (column & 7));

    // Varying columns before this one end where the row ends now, if they have not ended before.
    void EndVariables(int before)
    {
        for (; _column < before; _column++)
            if (layout.Schema[_column].Type.Width == 0)
                BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_row + layout.Offsets[_column]), _used - _row - layout.FixedSize);
    }

    Span<byte> Room(int size)
    {
        if (_bytes.Length - _used < size) Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max((long)_used + size, _bytes.Length * 2L)));
        return _bytes.AsSpan(_used, size);
    }

    void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _used += bytes.Length;
    }

    /// <summary>A list that is being packed: count, null bits, then the elements side by side, or their ends and then their bytes.</summary>
    public readonly ref struct ListBuilder
    {
        readonly RowBuilder _row;
        readonly FeatureType _element;
        readonly int _start, _fixedAt, _width, _variableAt;

        internal ListBuilder(RowBuilder row, FeatureType element, int count)
        {
            (_row, _element, _start, _width) = (row, element, row._used, element.Width);
            var nulls = (count + 7) >> 3;
            var size = sizeof(int) + nulls + count * (_width == 0 ? sizeof(int) : _width);
            var head = row.Room(size);
            head.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(head, count);
            head.Slice(sizeof(int), nulls).Fill(0xFF);
            if ((count & 7) != 0) head[sizeof(int) + nulls - 1] = (byte)((1 << (count & 7)) - 1);
            row._used += size;
            (_fixedAt, _variableAt) = (_start + sizeof(int) + nulls, row._used);
        }

        /// <summary>Marks an element as a value; for one of fixed width its place is returned.</summary>
        public Span<byte> Fixed(int index)
        {
            SetPresent(index);
            return _row._bytes.AsSpan(_fixedAt + index * _width, _width);
        }

        /// <summary>An element of varying width.</summary>
        public void Bytes(int index, ReadOnlySpan<byte> value)
        {
            SetPresent(index);
            _row.Append(value);
            EndElement(index);
        }

        /// <summary>An element that is a list itself; <see cref="EndElement"/> comes behind its own elements.</summary>
        public ListBuilder List(int index, int count)
        {
            SetPresent(index);
            return new(_row, _element.Element!, count);
        }

        /// <summary>Ends an element of varying width, or leaves it null: every one has an end.</summary>
        public void EndElement(int index) => BinaryPrimitives.WriteInt32LittleEndian(_row._bytes.AsSpan(_fixedAt + index * sizeof(int)), _row._used - _variableAt);

        void SetPresent(int index) => _row._bytes[_start + sizeof(int) + (index >> 3)] &= (byte)~(1 << (index & 7));
    }
}
