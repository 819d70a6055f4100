using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>Values in states. Fixed types by their width, little-endian; texts and bytes behind their length (LEB128); lists behind the number of elements, each behind a byte that is 0 for null.</summary>
internal static class StateValues
{
    public static void Write(Column column, int row, IBufferWriter<byte> to)
    {
        switch (column)
        {
            case FixedColumn<byte> c: Fixed(c, row, to); break;
            case FixedColumn<int> c: Fixed(c, row, to); break;
            case FixedColumn<long> c: Fixed(c, row, to); break;
            case FixedColumn<float> c: Fixed(c, row, to); break;
            case FixedColumn<double> c: Fixed(c, row, to); break;
            case FixedColumn<Int128> c: Fixed(c, row, to); break;
            case BytesColumn c:
                StateBytes.WriteVarint(to, (ulong)c[row].Length);
                to.Write(c[row]);
                break;
            case ListColumn c:
                StateBytes.WriteVarint(to, (ulong)c.Length(row));
                for (var i = c.Start(row); i < c.Ends[row]; i++)
                {
                    to.GetSpan(1)[0] = c.Elements.IsNull(i) ? (byte)0 : (byte)1;
                    to.Advance(1);
                    if (!c.Elements.IsNull(i)) Write(c.Elements, i, to);
                }
                break;
            default: throw new NotSupportedException($"No state of {column.Type}.");
        }
    }

    static void Fixed<T>(FixedColumn<T> column, int row, IBufferWriter<byte> to) where T : unmanaged, IComparable<T>
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("States are written on little-endian machines.");
        var value = column.Values[row];
        to.Write(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in value, 1)));
    }

    /// <summary>Appends the value at a place to a column of its type.</summary>
    public static void Read(ReadOnlySpan<byte> from, ref int at, Column to)
    {
        switch (to)
        {
            case FixedColumn<byte> c: c.Append(from[at]); break;
            case FixedColumn<int> c: c.Append(BinaryPrimitives.ReadInt32LittleEndian(from[at..])); break;
            case FixedColumn<long> c: c.Append(BinaryPrimitives.ReadInt64LittleEndian(from[at..])); break;
            case FixedColumn<float> c: c.Append(BinaryPrimitives.ReadSingleLittleEndian(from[at..])); break;
            case FixedColumn<double> c: c.Append(BinaryPrimitives.ReadDoubleLittleEndian(from[at..])); break;
            case FixedColumn<Int128> c: c.Append(BinaryPrimitives.ReadInt128LittleEndian(from[at..])); break;
            case BytesColumn c:
                var length = StateBytes.ReadCount(from, ref at);
                c.Append(from.Slice(at, length));
                at += length;
                return;
            case ListColumn c:
                for (var left = StateBytes.ReadCount(from, ref at); left > 0; left--)
                    if (from[at++] == 0) c.Elements.AppendNull();
                    else Read(from, ref at, c.Elements);
                c.EndRow();
                return;
            default: throw new NotSupportedException($"No state of {to.Type}.");
        }
        at += to.Type.Width;
    }

    /// <summary>Passes over a value.</summary>
    public static void Skip(ReadOnlySpan<byte> from, ref int at, FeatureType type)
    {
        if (type.Width > 0) at += type.Width;
        else if (type.Kind != TypeKind.List)
        {
            var length = StateBytes.ReadCount(from, ref at);
            at += length;
        }
        else
        {
            for (var left = StateBytes.ReadCount(from, ref at); left > 0; left--)
            {
                if ((uint)at >= (uint)from.Length) throw StateBytes.Short(from.Length);
                if (from[at++] != 0) Skip(from, ref at, type.Element!);
            }
        }
        if ((uint)at > (uint)from.Length) throw StateBytes.Short(from.Length);
    }
}
