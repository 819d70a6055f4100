using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lockstep.Core.Rows;

// Rows column by column, as segments of the event log hold them (docs/formats.md, "Segments of the event log"); what leaves memory for a
// while goes by the same bytes. Little-endian. A column is:
//   nulls 1 (0: none; 1: a bitmap of 8-byte words follows, bit i & 63 of word i >> 6 set where row i has a value)
//   fixed width: the values side by side | text, bytes: where each ends (4 each), then the bytes | list: where each ends (4 each), the
//   number of elements (4), then the elements as a column of their own.
/// <summary>Batches of rows as bytes and back.</summary>
public static class ColumnBlock
{
    public static void Write(ArrayBufferWriter<byte> to, IReadOnlyList<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(columns);
        foreach (var column in columns) Write(to, column);
    }

    /// <summary>Appends the rows of a block to columns of the types that were written.</summary>
    public static void Read(ReadOnlySpan<byte> block, int rows, IReadOnlyList<Column> to)
    {
        ArgumentNullException.ThrowIfNull(to);
        var reader = new Reader(block);
        foreach (var column in to) reader.Read(column, rows);
        reader.End();
    }

    static void Write(ArrayBufferWriter<byte> to, Column column)
    {
        var nulls = column.HasNulls;
        to.GetSpan(1)[0] = nulls ? (byte)1 : (byte)0;
        to.Advance(1);
        if (nulls) Validity(to, column);
        switch (column)
        {
            case FixedColumn<byte> c: to.Write(c.Values); break;
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
                BinaryPrimitives.WriteInt32LittleEndian(to.GetSpan(4), c.Elements.Count);
                to.Advance(4);
                Write(to, c.Elements);
                break;
            default: throw new NotSupportedException($"No block of {column.Type}.");
        }
    }

    // Bits behind the last row mean nothing in memory; in a file they are zero.
    static void Validity(ArrayBufferWriter<byte> to, Column column)
    {
        var words = column.Validity;
        to.Write(MemoryMarshal.AsBytes(words[..^1]));
        var bits = column.Count & 63;
        BinaryPrimitives.WriteUInt64LittleEndian(to.GetSpan(8), bits == 0 ? words[^1] : words[^1] & ((1UL << bits) - 1));
        to.Advance(8);
    }

    ref struct Reader(ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<byte> _rest = rest;

        public readonly void End()
        {
            if (!_rest.IsEmpty) throw new RowFormatException($"{_rest.Length} bytes behind the columns of a block.");
        }

        ReadOnlySpan<byte> Take(long bytes)
        {
            if (bytes > _rest.Length) throw new RowFormatException($"A block of columns ends {bytes - _rest.Length} bytes early.");
            var taken = _rest[..(int)bytes];
            _rest = _rest[(int)bytes..];
            return taken;
        }

        public void Read(Column column, int rows)
        {
            var flag = Take(1)[0];
            if (flag > 1) throw new RowFormatException($"Null flag {flag} in a block of columns.");
            ulong[] validity = [];
            if (flag == 1)
            {
                validity = new ulong[(rows + 63) >> 6];
                Take(validity.Length * 8L).CopyTo(MemoryMarshal.AsBytes(validity.AsSpan()));
            }
            switch (column)
            {
                case FixedColumn<byte> c: Fixed(c, rows, validity); break;
                case FixedColumn<int> c: Fixed(c, rows, validity); break;
                case FixedColumn<long> c: Fixed(c, rows, validity); break;
                case FixedColumn<float> c: Fixed(c, rows, validity); break;
                case FixedColumn<double> c: Fixed(c, rows, validity); break;
                case FixedColumn<Int128> c: Fixed(c, rows, validity); break;
                case BytesColumn c:
                    var ends = Ends(rows);
                    var data = Take(rows == 0 ? 0 : ends[^1]);
                    c.Reserve(c.Count + rows);
                    for (var (row, start) = (0, 0); row < rows; start = ends[row++])
                        if (IsValid(validity, row)) c.Append(data[start..ends[row]]);
                        else c.AppendNull();
                    break;
                case ListColumn c: List(c, rows, validity); break;
                default: throw new NotSupportedException($"No block of {column.Type}.");
            }
        }

        void Fixed<T>(FixedColumn<T> column, int rows, ulong[] validity) where T : unmanaged
        {
            var bytes = Take((long)rows * Unsafe.SizeOf<T>());
            if (typeof(T) == typeof(Int128))
            {
                // the bytes need not stand where an Int128 may
                var values = new T[rows];
                bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                column.AppendRange(values, validity);
            }
            else column.AppendRange(MemoryMarshal.Cast<byte, T>(bytes), validity);
        }

        void List(ListColumn column, int rows, ulong[] validity)
        {
            var ends = Ends(rows).ToArray();
            var count = BinaryPrimitives.ReadInt32LittleEndian(Take(4));
            if (count < 0 || (rows == 0 ? 0 : ends[^1]) != count) throw new RowFormatException($"Lists of a block hold {(rows == 0 ? 0 : ends[^1])} elements; it has {count}.");
            var before = column.Elements.Count;
            Read(column.Elements, count);
            for (var row = 0; row < rows; row++)
            {
                // A null has no elements: it was written so.
                if (IsValid(validity, row)) column.EndRow(before + ends[row]);
                else column.AppendNull();
            }
        }

        ReadOnlySpan<int> Ends(int rows)
        {
            var ends = MemoryMarshal.Cast<byte, int>(Take(rows * 4L));
            for (var (i, before) = (0, 0); i < ends.Length; before = ends[i++])
                if (ends[i] < before) throw new RowFormatException("Ends of a block of columns are out of order.");
            return ends;
        }

        static bool IsValid(ulong[] validity, int row) => validity.Length == 0 || (validity[row >> 6] >> (row & 63) & 1) != 0;
    }
}
