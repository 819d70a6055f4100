using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lockstep.Core.Rows;

/// <summary>A batch as bytes and back, for what leaves memory while a program runs. Not a format on disk: one process writes and reads it.</summary>
public static class BatchBytes
{
    public static void Write(ColumnBatch batch, IBufferWriter<byte> to)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(to);
        foreach (var column in batch.Columns) Write(column, to);
    }

    static void Write(Column column, IBufferWriter<byte> to)
    {
        Number(column.Count, to);
        var validity = column.Validity;
        Number(validity.Length, to);
        to.Write(MemoryMarshal.AsBytes(validity));
        switch (column)
        {
            case FixedColumn<byte> c: to.Write(MemoryMarshal.AsBytes(c.Values)); break;
            case FixedColumn<int> c: to.Write(MemoryMarshal.AsBytes(c.Values)); break;
            case FixedColumn<long> c: to.Write(MemoryMarshal.AsBytes(c.Values)); break;
            case FixedColumn<float> c: to.Write(MemoryMarshal.AsBytes(c.Values)); break;
            case FixedColumn<double> c: to.Write(MemoryMarshal.AsBytes(c.Values)); break;
            case FixedColumn<Int128> c: to.Write(MemoryMarshal.AsBytes(c.Values)); break;
            case BytesColumn c:
                to.Write(MemoryMarshal.AsBytes(c.Ends));
                to.Write(c.Data(0, c.DataLength));
                break;
            case ListColumn c:
                to.Write(MemoryMarshal.AsBytes(c.Ends));
                Write(c.Elements, to);
                break;
            default: throw new NotSupportedException($"No bytes of a column of {column.Type}.");
        }
    }

    /// <summary>Replaces the content of the batch, which has the schema of the one that was written.</summary>
    public static void Read(ReadOnlySpan<byte> from, ColumnBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (var column in batch.Columns)
        {
            column.Clear();
            Read(ref from, column);
        }
        if (!from.IsEmpty) throw new RowFormatException($"{from.Length} bytes too many for a batch of {batch.Schema}.");
    }

    static void Read(ref ReadOnlySpan<byte> from, Column column)
    {
        var rows = Number(ref from);
        var validity = Take<ulong>(ref from, Number(ref from));
        switch (column)
        {
            case FixedColumn<byte> c: c.AppendRange(Take<byte>(ref from, rows), validity); break;
            case FixedColumn<int> c: c.AppendRange(Take<int>(ref from, rows), validity); break;
            case FixedColumn<long> c: c.AppendRange(Take<long>(ref from, rows), validity); break;
            case FixedColumn<float> c: c.AppendRange(Take<float>(ref from, rows), validity); break;
            case FixedColumn<double> c: c.AppendRange(Take<double>(ref from, rows), validity); break;
            case FixedColumn<Int128> c: c.AppendRange(Take<Int128>(ref from, rows), validity); break;
            case BytesColumn c:
                var ends = Take<int>(ref from, rows);
                var data = Take<byte>(ref from, rows == 0 ? 0 : ends[^1]);
                for (var row = 0; row < rows; row++)
                    if (IsNull(validity, row)) c.AppendNull();
                    else c.Append(data[(row == 0 ? 0 : ends[row - 1])..ends[row]]);
                break;
            case ListColumn c:
                var lists = Take<int>(ref from, rows);
                Read(ref from, c.Elements);
                for (var row = 0; row < rows; row++)
                    if (IsNull(validity, row)) c.AppendNull();
                    else c.EndRow(lists[row]);
                break;
            default: throw new NotSupportedException($"No bytes of a column of {column.Type}.");
        }
    }

    static bool IsNull(ReadOnlySpan<ulong> validity, int row) => !validity.IsEmpty && (validity[row >> 6] >> (row & 63) & 1) == 0;

    static void Number(int number, IBufferWriter<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to.GetSpan(4), number);
        to.Advance(4);
    }

    static int Number(ref ReadOnlySpan<byte> from) => Take<int>(ref from, 1)[0];

    static ReadOnlySpan<T> Take<T>(ref ReadOnlySpan<byte> from, int count) where T : unmanaged
    {
        var size = (long)count * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (count < 0 || size > from.Length) throw new RowFormatException("The bytes of a batch end too early.");
        var taken = MemoryMarshal.Cast<byte, T>(from[..(int)size]);
        from = from[(int)size..];
        return taken;
    }
}
