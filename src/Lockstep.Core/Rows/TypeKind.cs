namespace Lockstep.Core.Rows;

/// <summary>The types of a feature, a key or a column (S2).</summary>
public enum TypeKind : byte
{
    // Stored in row schemas and key encodings: values are given by hand, append only, never reused.
    Bool = 1,
    Int32 = 2,
    Int64 = 3,
    Float32 = 4,
    Float64 = 5,
    Decimal = 6,
    String = 7,
    Bytes = 8,
    Timestamp = 9,
    Date = 10,
    List = 11,
}
