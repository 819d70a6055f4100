using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>Gives typed columns another type by <see cref="Conversion"/>: the same value as a scan of a file with the same types gives.</summary>
static class ColumnCast
{
    public static bool Exists(FeatureType from, FeatureType to) => from == to
        || (from.Kind == TypeKind.List ? to.Kind == TypeKind.List && Exists(from.Element!, to.Element!) : Conversion.Exists(KindOf(from), to));

    /// <summary>Appends one row; false: it does not convert without loss, and <paramref name="to"/> is as it was.</summary>
    public static bool Append(Column from, int row, Column to, ref long nonFinite)
    {
        if (from.IsNull(row))
        {
            to.AppendNull();
            return true;
        }
        if (from.Type == to.Type)
        {
            to.AppendFrom(from, row);
            return true;
        }
        if (from is not ListColumn list) return Conversion.Append(At(from, row), to, ref nonFinite);
        var into = (ListColumn)to;
        for (var i = list.Start(row); i < list.Ends[row]; i++)
        {
            if (Append(list.Elements, i, into.Elements, ref nonFinite)) continue;
            into.Truncate(into.Count);
            return false;
        }
        into.EndRow();
        return true;
    }

    /// <summary>Appends rows from <paramref name="first"/> up to <paramref name="end"/>; returns the first that does not convert, or -1.</summary>
    public static int Append(Column from, int first, int end, Column to, ref long nonFinite)
    {
        for (var row = first; row < end; row++)
            if (!Append(from, row, to, ref nonFinite)) return row;
        return -1;
    }

    /// <summary>As messages show the value.</summary>
    public static string Show(Column column, int row) => column is ListColumn ? column.GetValue(row).ToString() : At(column, row).ToString();

    public static ScalarKind KindOf(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => ScalarKind.Bool,
        TypeKind.Int32 or TypeKind.Int64 => ScalarKind.Integer,
        TypeKind.Float32 => ScalarKind.Float32,
        TypeKind.Float64 => ScalarKind.Float64,
        TypeKind.Decimal => ScalarKind.Decimal,
        TypeKind.Bytes => ScalarKind.Bytes,
        TypeKind.Timestamp => ScalarKind.Timestamp,
        TypeKind.Date => ScalarKind.Date,
        _ => ScalarKind.String,
    };

    public static Scalar At(Column column, int row) => (column, column.Type.Kind) switch
    {
        (FixedColumn<byte> c, _) => Scalar.Bool(c.Values[row] != 0),
        (FixedColumn<int> c, TypeKind.Date) => Scalar.Date(c.Values[row]),
        (FixedColumn<int> c, _) => Scalar.Integer(c.Values[row]),
        (FixedColumn<long> c, TypeKind.Timestamp) => Scalar.Timestamp(c.Values[row]),
        (FixedColumn<long> c, _) => Scalar.Integer(c.Values[row]),
        (FixedColumn<float> c, _) => Scalar.Float32(c.Values[row]),
        (FixedColumn<double> c, _) => Scalar.Float64(c.Values[row]),
        (FixedColumn<Int128> c, _) => Scalar.Decimal(c.Values[row], column.Type.Scale),
        (BytesColumn c, TypeKind.Bytes) => Scalar.Blob(c[row]),
        (BytesColumn c, _) => Scalar.String(c[row]),
        _ => throw new NotSupportedException($"No conversion from {column.Type}."),
    };
}
