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
        => from == to || (from.Kind != TypeKind.List && Conversion.Exists(ColumnCast.KindOf(from), to));

    /// <summary>The column itself when it has the type already.</summary>
    public static Column Convert(Column column, FeatureType to, in ColumnPlace place)
    {
        if (column.Type == to) return column;
        var result = Column.Create(to, column.Count);
        var nonFinite = 0L;
        for (var row = 0; row < column.Count; row++)
        {
            if (column.IsNull(row)) result.AppendNull();
            else if (!Conversion.Append(ColumnCast.At(column, row), result, ref nonFinite))
                throw new LockstepException(ErrorKind.Failed, $"{place.Table}, row {place.FirstRow + row}, column '{place.Column}' ({column.Type}): {ColumnCast.At(column, row).ToString()} does not convert to {to}, which {place.Purpose} needs, without loss.");
        }
        return result;
    }
}
