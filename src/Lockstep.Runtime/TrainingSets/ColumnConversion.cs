using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Where a column stands, for messages; rows count from 1.</summary>
internal readonly record struct ColumnPlace(string Table, long FirstRow, string Column, string Purpose);

/// <summary>Converts a spine column to the type that a key or timestamp needs, before it is encoded (S4), by the rules for sources (S2).</summary>
internal static class ColumnConversion
{
    public static bool CanConvert(FeatureType from, FeatureType to)
        => from == to || (from.Kind != TypeKind.List && Conversion.Exists(KindOf(from), to));

    /// <summary>The column itself when it has the type already.</summary>
    public static Column Convert(Column column, FeatureType to, in ColumnPlace place)
    {
        if (column.Type == to) return column;
        var result = Column.Create(to, column.Count);
        var nonFinite = 0L;
        for (var row = 0; row < column.Count; row++)
        {
            if (column.IsNull(row)) result.AppendNull();
            else if (!Conversion.Append(At(column, row), result, ref nonFinite))
                throw new LockstepException(ErrorKind.Failed, $"{place.Table}, row {place.FirstRow + row}, column '{place.Column}' ({column.Type}): {At(column, row).ToString()} does not convert to {to}, which {place.Purpose} needs, without loss.");
        }
        return result;
    }

    static ScalarKind KindOf(FeatureType type) => type.Kind switch
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

    static Scalar At(Column column, int row) => (column, column.Type.Kind) switch
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
