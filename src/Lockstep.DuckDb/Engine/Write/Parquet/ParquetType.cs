using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

/// <summary>How a type stands in a Parquet file; lists are not among them.</summary>
/// <param name="Physical">The number of the physical type.</param>
/// <param name="Length">Bytes of a value of fixed length that is not a number; 0 for others.</param>
internal readonly record struct ParquetType(int Physical, int Length = 0)
{
    public const int Boolean = 0, Int32 = 1, Int64 = 2, Float = 4, Double = 5, ByteArray = 6, FixedByteArray = 7;

    public static ParquetType Of(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => new(Boolean),
        TypeKind.Int32 or TypeKind.Date => new(Int32),
        TypeKind.Int64 or TypeKind.Timestamp => new(Int64),
        TypeKind.Float32 => new(Float),
        TypeKind.Float64 => new(Double),
        TypeKind.Decimal => type.Precision <= 9 ? new(Int32) : type.Precision <= 18 ? new(Int64) : new(FixedByteArray, 16),
        TypeKind.String or TypeKind.Bytes => new(ByteArray),
        _ => throw new NotSupportedException($"No flat Parquet type for {type}."),
    };

    /// <summary>The SchemaElement of a column: what it is called and what it means, in the words of old and of new readers.</summary>
    public static void Describe(ThriftWriter to, Field field)
    {
        const int optional = 1, utf8 = 0, @decimal = 5, date = 6, micros = 10;
        var (type, physical) = (field.Type, Of(field.Type));
        to.Int(1, physical.Physical);
        if (physical.Length > 0) to.Int(2, physical.Length);
        to.Int(3, optional);
        to.Text(4, field.Name);
        switch (type.Kind)
        {
            case TypeKind.String:
                to.Int(6, utf8);
                to.Begin(10);
                to.Empty(1);
                to.End();
                break;
            case TypeKind.Decimal:
                to.Int(6, @decimal);
                to.Int(7, type.Scale);
                to.Int(8, type.Precision);
                to.Begin(10);
                to.Begin(5);
                to.Int(1, type.Scale);
                to.Int(2, type.Precision);
                to.End();
                to.End();
                break;
            case TypeKind.Date:
                to.Int(6, date);
                to.Begin(10);
                to.Empty(6);
                to.End();
                break;
            case TypeKind.Timestamp:
                to.Int(6, micros);
                to.Begin(10);
                to.Begin(8);
                to.Bool(1, true); // UTC
                to.Begin(2);
                to.Empty(2); // microseconds
                to.End();
                to.End();
                to.End();
                break;
        }
    }
}
