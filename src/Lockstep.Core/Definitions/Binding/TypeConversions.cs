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
/// In CSV and JSON a value is what its text says, and the type of a column only a guess from its first rows: each value is looked at.
/// Elsewhere a type was chosen by whoever wrote the data. Numbers, instants and flags have exact texts; a text is a number, or bytes,
/// only by convention, so an author has to say in SQL that it is one.
/// </summary>
public static class TypeConversions
{
    public static TypeConversion Find(FeatureType from, FeatureType to, TableFormat format)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (format.IsText()) return TypeConversion.Checked;
        if (from == to) return TypeConversion.Exact;
        return (from.Kind, to.Kind) switch
        {
            (not (TypeKind.Bytes or TypeKind.List), TypeKind.String) => TypeConversion.Exact,
            (TypeKind.Int32, TypeKind.Int64 or TypeKind.Float64) => TypeConversion.Exact,
            (TypeKind.Int64, TypeKind.Int32 or TypeKind.Float64) => TypeConversion.Checked,
            (TypeKind.Int32 or TypeKind.Int64, TypeKind.Float32 or TypeKind.Decimal) => TypeConversion.Checked,
            (TypeKind.Float32, TypeKind.Float64) => TypeConversion.Exact,
            (TypeKind.Float64, TypeKind.Float32) => TypeConversion.Rounded,
            (TypeKind.Float32 or TypeKind.Float64, TypeKind.Int32 or TypeKind.Int64) => TypeConversion.Checked,
            (TypeKind.Decimal, TypeKind.Decimal) => to.Scale >= from.Scale && to.Precision - to.Scale >= from.Precision - from.Scale ? TypeConversion.Exact : TypeConversion.Checked,
            (TypeKind.Decimal, TypeKind.Int32 or TypeKind.Int64 or TypeKind.Float32 or TypeKind.Float64) => TypeConversion.Checked,
            (TypeKind.Date, TypeKind.Timestamp) => TypeConversion.Exact,
            (TypeKind.Timestamp, TypeKind.Date) => TypeConversion.Checked,
            (TypeKind.String, TypeKind.Timestamp or TypeKind.Date) => TypeConversion.Checked,
            (TypeKind.List, TypeKind.List) => Find(from.Element!, to.Element!, format),
            _ => TypeConversion.Refused,
        };
    }
}
