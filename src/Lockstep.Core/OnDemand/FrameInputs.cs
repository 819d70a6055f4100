using System.Buffers.Binary;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.OnDemand;

/// <summary>
/// Puts values into a frame from where they stand: a column of a packed row, or a row of a column. Texts and lists are copied into
/// scratch of the caller's, so that a frame holds nothing of what it was filled from.
/// </summary>
public static class FrameInputs
{
    public static void Set(EvaluationFrame frame, Slot slot, FeatureType type, RowReader row, int column, Scratch scratch)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (row.IsNull(column))
        {
            frame.SetNull(slot);
            return;
        }
        switch (type.Kind)
        {
            case TypeKind.Float64: frame.Set(slot, row.Float64(column)); break;
            case TypeKind.Int64: frame.Set(slot, row.Int64(column)); break;
            case TypeKind.Float32: frame.Set<double>(slot, row.Float32(column)); break;
            case TypeKind.Int32: frame.Set<long>(slot, row.Int32(column)); break;
            case TypeKind.Bool: frame.Set(slot, row.Bool(column)); break;
            case TypeKind.Timestamp: frame.Set(slot, new Micros(row.Int64(column))); break;
            case TypeKind.Date: frame.Set(slot, new Days(row.Int32(column))); break;
            case TypeKind.Decimal: frame.Set(slot, row.Decimal(column)); break;
            case TypeKind.String: frame.Set(slot, scratch.Text(row.Bytes(column))); break;
            case TypeKind.Bytes: frame.Set(slot, new Blob(scratch.Text(row.Bytes(column)))); break;
            default: SetList(frame, slot, row.List(column), row, column, scratch); break;
        }
    }

    public static void Set(EvaluationFrame frame, Slot slot, Column column, int row, Scratch scratch)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (column.IsNull(row))
        {
            frame.SetNull(slot);
            return;
        }
        switch (column)
        {
            case FixedColumn<double> c: frame.Set(slot, c.Values[row]); break;
            case FixedColumn<long> c when column.Type.Kind == TypeKind.Timestamp: frame.Set(slot, new Micros(c.Values[row])); break;
            case FixedColumn<long> c: frame.Set(slot, c.Values[row]); break;
            case FixedColumn<float> c: frame.Set<double>(slot, c.Values[row]); break;
            case FixedColumn<int> c when column.Type.Kind == TypeKind.Date: frame.Set(slot, new Days(c.Values[row])); break;
            case FixedColumn<int> c: frame.Set<long>(slot, c.Values[row]); break;
            case FixedColumn<byte> c: frame.Set(slot, c.Values[row] != 0); break;
            case FixedColumn<Int128> c: frame.Set(slot, c.Values[row]); break;
            case BytesColumn c when column.Type.Kind == TypeKind.Bytes: frame.Set(slot, new Blob(scratch.Text(c[row]))); break;
            case BytesColumn c: frame.Set(slot, scratch.Text(c[row])); break;
            case ListColumn { Elements: FixedColumn<double> c } list: SetList(frame, slot, list, c, row, scratch); break;
            case ListColumn { Elements: FixedColumn<float> c } list: SetList(frame, slot, list, c, row, scratch); break;
            case ListColumn { Elements: FixedColumn<long> c } list when c.Type.Kind == TypeKind.Int64: SetList(frame, slot, list, c, row, scratch); break;
            case ListColumn { Elements: FixedColumn<int> c } list when c.Type.Kind == TypeKind.Int32: SetList(frame, slot, list, c, row, scratch); break;
            default: frame.SetValue(slot, column.GetValue(row), column.Type); break;
        }
    }

    // Embeddings and the like in place; lists of anything else by way of values, which allocates.
    static void SetList(EvaluationFrame frame, Slot slot, PackedList list, RowReader row, int column, Scratch scratch)
    {
        var from = list.FixedElements;
        switch (list.Element.Kind)
        {
            case TypeKind.Float32:
                var floats = scratch.RentList<float>(list.Count, out var start);
                for (var i = 0; i < list.Count; i++) floats[start + i] = BinaryPrimitives.ReadSingleLittleEndian(from[(i * sizeof(float))..]);
                frame.Set(slot, new ListValue<float>(floats, start, list.Count, Validity(list, scratch, out var word), word << 6));
                break;
            case TypeKind.Float64:
                var doubles = scratch.RentList<double>(list.Count, out start);
                for (var i = 0; i < list.Count; i++) doubles[start + i] = BinaryPrimitives.ReadDoubleLittleEndian(from[(i * sizeof(double))..]);
                frame.Set(slot, new ListValue<double>(doubles, start, list.Count, Validity(list, scratch, out word), word << 6));
                break;
            case TypeKind.Int64:
                var longs = scratch.RentList<long>(list.Count, out start);
                for (var i = 0; i < list.Count; i++) longs[start + i] = BinaryPrimitives.ReadInt64LittleEndian(from[(i * sizeof(long))..]);
                frame.Set(slot, new ListValue<long>(longs, start, list.Count, Validity(list, scratch, out word), word << 6));
                break;
            case TypeKind.Int32:
                var ints = scratch.RentList<int>(list.Count, out start);
                for (var i = 0; i < list.Count; i++) ints[start + i] = BinaryPrimitives.ReadInt32LittleEndian(from[(i * sizeof(int))..]);
                frame.Set(slot, new ListValue<int>(ints, start, list.Count, Validity(list, scratch, out word), word << 6));
                break;
            case TypeKind.String:
                var texts = scratch.RentList<Utf8Text>(list.Count, out start);
                for (var i = 0; i < list.Count; i++) texts[start + i] = list.IsNull(i) ? default : scratch.Text(list.Bytes(i));
                frame.Set(slot, new ListValue<Utf8Text>(texts, start, list.Count, Validity(list, scratch, out word), word << 6));
                break;
            default:
                frame.SetValue(slot, row.GetValue(column), FeatureType.List(list.Element));
                break;
        }
    }

    static ulong[]? Validity(PackedList list, Scratch scratch, out int word)
    {
        word = 0;
        var any = false;
        for (var i = 0; i < list.Count && !any; i++) any = list.IsNull(i);
        if (!any) return null;
        var words = scratch.RentList<ulong>((list.Count + 63) >> 6, out word);
        words.AsSpan(word, (list.Count + 63) >> 6).Clear();
        for (var i = 0; i < list.Count; i++)
            if (!list.IsNull(i)) words[word + (i >> 6)] |= 1UL << (i & 63);
        return words;
    }

    static void SetList<T>(EvaluationFrame frame, Slot slot, ListColumn list, FixedColumn<T> elements, int row, Scratch scratch) where T : unmanaged, IComparable<T>
    {
        var (first, count) = (list.Start(row), list.Length(row));
        var items = scratch.RentList<T>(count, out var start);
        elements.Values.Slice(first, count).CopyTo(items.AsSpan(start));
        ulong[]? validity = null;
        var word = 0;
        if (elements.HasNulls)
        {
            validity = scratch.RentList<ulong>((count + 63) >> 6, out word);
            validity.AsSpan(word, (count + 63) >> 6).Clear();
            for (var i = 0; i < count; i++)
                if (!elements.IsNull(first + i)) validity[word + (i >> 6)] |= 1UL << (i & 63);
        }
        frame.Set(slot, new ListValue<T>(items, start, count, validity, word << 6));
    }
}
