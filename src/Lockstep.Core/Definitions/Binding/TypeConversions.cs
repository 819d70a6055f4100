using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>What becomes of the values of a column that is read as another type (S2).</summary>
public enum TypeConversion
{
    /// <summary>Refused when definitions are bound: no value, or only by accident one, would convert.</summary>
    Refused,

    /// <summary>Every value converts without loss.</summary>
    Exact,

    /// <summary>Each value is looked at; one that does not convert without loss is an error that names file, column, row and value.</summary>
    Checked,

    /// <summary>float64 to float32, which the author declares by the type: to the nearest.</summary>
    Rounded,
}

/// <summary>
/// The table of conversions from the columns of sources to declared types (S2); docs/reference/definitions.md shows it.
/// In CSV everything is text, so any value is checked on its own. In JSON a text can also be a decimal, bytes in base64, an instant
/// or a date, and an engine may have guessed that a column of texts holds instants.
/// </summary>
public static class TypeConversions
{
    public static TypeConversion Find(FeatureType from, FeatureType to, TableFormat format)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (format == TableFormat.Csv) return TypeConversion.Checked;
        if (from == to) return TypeConversion.Exact;
        var json = format is TableFormat.Json or TableFormat.JsonLines;
        return (from.Kind, to.Kind) switch
        {
            (TypeKind.Int32, TypeKind.Int64 or TypeKind.Float64) => TypeConversion.Exact,
            (TypeKind.Int64, TypeKind.Int32 or TypeKind.Float64) => TypeConversion.Checked,
            (TypeKind.Int32 or TypeKind.Int64, TypeKind.Float32 or TypeKind.Decimal) => TypeConversion.Checked,
            (TypeKind.Float32, TypeKind.Float64) => TypeConversion.Exact,
            (TypeKind.Float64, TypeKind.Float32) => TypeConversion.Rounded,
            (TypeKind.Float32 or TypeKind.Float64, TypeKind.Int32 or TypeKind.Int64) => TypeConversion.Checked,
            (TypeKind.Float32 or TypeKind.Float64, TypeKind.Decimal) => json ? TypeConversion.Checked : TypeConversion.Refused,
            (TypeKind.Decimal, TypeKind.Decimal) => to.Scale >= from.Scale && to.Precision - to.Scale >= from.Precision - from.Scale ? TypeConversion.Exact : TypeConversion.Checked,
            (TypeKind.Decimal, TypeKind.Int32 or TypeKind.Int64 or TypeKind.Float32 or TypeKind.Float64) => TypeConversion.Checked,
            (TypeKind.Date, TypeKind.Timestamp) => TypeConversion.Exact,
            (TypeKind.Timestamp, TypeKind.Date) => TypeConversion.Checked,
            (TypeKind.String, TypeKind.Timestamp or TypeKind.Date) => TypeConversion.Checked,
            (TypeKind.String or TypeKind.Timestamp or TypeKind.Date, TypeKind.String or TypeKind.Bytes or TypeKind.Decimal) => json ? TypeConversion.Checked : TypeConversion.Refused,
            (TypeKind.List, TypeKind.List) => Find(from.Element!, to.Element!, format),
            _ => TypeConversion.Refused,
        };
    }
}
