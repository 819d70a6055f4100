namespace Lockstep.Core.Rows;

/// <summary>The order of S6 over packed rows of one layout, without unpacking them.</summary>
public static class ValueCellOrder
{
    /// <summary>Compares (created, features in schema order): what decides between rows of one event timestamp. Null is lowest.</summary>
    public static int Compare(RowLayout layout, long? created, ReadOnlySpan<byte> row, long? otherCreated, ReadOnlySpan<byte> other)
    {
        if (created != otherCreated) return created is null ? -1 : otherCreated is null ? 1 : created.Value.CompareTo(otherCreated.Value);
        if (row.SequenceEqual(other)) return 0;
        if (row.IsEmpty || other.IsEmpty) return row.IsEmpty ? -1 : 1; // features gone: both rows are past ttl
        var a = new RowReader(layout, row);
        var b = new RowReader(layout, other);
        for (var i = 0; i < layout.Schema.Count; i++)
        {
            var (left, right) = (a.IsNull(i), b.IsNull(i));
            if (left || right)
            {
                if (left != right) return left ? -1 : 1;
                continue;
            }
            var order = layout.Schema[i].Type.Kind switch
            {
                TypeKind.Bool => a.Bool(i).CompareTo(b.Bool(i)),
                TypeKind.Int32 or TypeKind.Date => a.Int32(i).CompareTo(b.Int32(i)),
                TypeKind.Int64 or TypeKind.Timestamp => a.Int64(i).CompareTo(b.Int64(i)),
                TypeKind.Float32 => a.Float32(i).CompareTo(b.Float32(i)),
                TypeKind.Float64 => a.Float64(i).CompareTo(b.Float64(i)),
                TypeKind.Decimal => a.Decimal(i).CompareTo(b.Decimal(i)),
                TypeKind.String or TypeKind.Bytes => a.Bytes(i).SequenceCompareTo(b.Bytes(i)),
                _ => Lists(a.List(i), b.List(i)),
            };
            if (order != 0) return order;
        }
        return 0;
    }

    static int Lists(PackedList a, PackedList b)
    {
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            var (left, right) = (a.IsNull(i), b.IsNull(i));
            if (left || right)
            {
                if (left != right) return left ? -1 : 1;
                continue;
            }
            var order = a.Element.Kind switch
            {
                TypeKind.String or TypeKind.Bytes => a.Bytes(i).SequenceCompareTo(b.Bytes(i)),
                TypeKind.List => Lists(new(a.Element.Element!, a.Bytes(i)), new(b.Element.Element!, b.Bytes(i))),
                _ => Value.CompareForNewest(a.GetValue(i), b.GetValue(i)),
            };
            if (order != 0) return order;
        }
        return a.Count.CompareTo(b.Count);
    }
}
