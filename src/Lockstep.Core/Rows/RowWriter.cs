using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lockstep.Core.Rows;

/// <summary>Packs rows of one layout. Keeps its buffer: one writer a thread.</summary>
public sealed class RowWriter(RowLayout layout)
{
    readonly ArrayBufferWriter<byte> _buffer = new(256);
    readonly ColumnBatch _single = new(layout.Schema);

    /// <summary>The packed row; valid until the next call.</summary>
    public ReadOnlySpan<byte> Write(ColumnBatch batch, int row) => Write(batch.Columns, row);

    /// <summary>The packed row of values given one by one; valid until the next call.</summary>
    public ReadOnlySpan<byte> Write(params ReadOnlySpan<Value> values)
    {
        _single.Clear();
        _single.AppendRow(values);
        return Write(_single.Columns, 0);
    }

    /// <summary>The packed row of columns in the layout's order; valid until the next call.</summary>
    public ReadOnlySpan<byte> Write(IReadOnlyList<Column> columns, int row)
    {
        _buffer.ResetWrittenCount();
        var variable = layout.FixedSize;
        var head = _buffer.GetSpan(layout.FixedSize)[..layout.FixedSize];
        head.Clear();
        _buffer.Advance(layout.FixedSize);
        head[0] = RowLayout.FormatVersion;
        BinaryPrimitives.WriteUInt16LittleEndian(head[1..], (ushort)columns.Count);
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            if (column.IsNull(row))
            {
                Head()[RowLayout.HeaderSize + (i >> 3)] |= (byte)(1 << (i & 7));
                if (column.Type.Width == 0) WriteEnd(i);
                continue;
            }
            if (column.Type.Width == 0)
            {
                WriteVariable(_buffer, column, row);
                WriteEnd(i);
            }
            else WriteFixed(Head()[layout.Offsets[i]..], column, row);
        }
        return _buffer.WrittenSpan;

        // The buffer may have moved: the written part is asked for afresh.
        Span<byte> Head() => MemoryMarshal.AsMemory(_buffer.WrittenMemory).Span;
        void WriteEnd(int i) => BinaryPrimitives.WriteInt32LittleEndian(Head()[layout.Offsets[i]..], _buffer.WrittenCount - variable);
    }

    static void WriteFixed(Span<byte> to, Column column, int row)
    {
        switch (column)
        {
            case FixedColumn<byte> c: to[0] = c.Values[row]; break;
            case FixedColumn<int> c: BinaryPrimitives.WriteInt32LittleEndian(to, c.Values[row]); break;
            case FixedColumn<long> c: BinaryPrimitives.WriteInt64LittleEndian(to, c.Values[row]); break;
            case FixedColumn<float> c: BinaryPrimitives.WriteSingleLittleEndian(to, c.Values[row]); break;
            case FixedColumn<double> c: BinaryPrimitives.WriteDoubleLittleEndian(to, c.Values[row]); break;
            case FixedColumn<Int128> c: BinaryPrimitives.WriteInt128LittleEndian(to, c.Values[row]); break;
            default: throw new NotSupportedException($"No packed form for {column.Type}.");
        }
    }

    static void WriteVariable(ArrayBufferWriter<byte> buffer, Column column, int row)
    {
        if (column is BytesColumn bytes)
        {
            buffer.Write(bytes[row]);
            return;
        }
        // A list: count, null bits, then the elements side by side, or their ends and then their bytes.
        var list = (ListColumn)column;
        var (start, count) = (list.Start(row), list.Length(row));
        var width = list.Elements.Type.Width;
        var headSize = sizeof(int) + ((count + 7) >> 3);
        var fixedSize = headSize + count * (width == 0 ? sizeof(int) : width);
        var at = buffer.WrittenCount;
        buffer.GetSpan(fixedSize)[..fixedSize].Clear();
        buffer.Advance(fixedSize);
        BinaryPrimitives.WriteInt32LittleEndian(Written(), count);
        for (var i = 0; i < count; i++)
        {
            var isNull = list.Elements.IsNull(start + i);
            if (isNull) Written()[sizeof(int) + (i >> 3)] |= (byte)(1 << (i & 7));
            if (width == 0)
            {
                if (!isNull) WriteVariable(buffer, list.Elements, start + i);
                BinaryPrimitives.WriteInt32LittleEndian(Written()[(headSize + i * sizeof(int))..], buffer.WrittenCount - at - fixedSize);
            }
            else if (!isNull) WriteFixed(Written()[(headSize + i * width)..], list.Elements, start + i);
        }

        Span<byte> Written() => MemoryMarshal.AsMemory(buffer.WrittenMemory).Span[at..];
    }
}
