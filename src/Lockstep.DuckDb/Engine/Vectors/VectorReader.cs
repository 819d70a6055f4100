using System.Runtime.CompilerServices;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Vectors;

/// <summary>
/// Copies one column of DuckDB's chunks into a <see cref="Column"/> of its declared type, by S1 to S3. The pair of types is looked at once,
/// in <see cref="For"/>: pairs with the same bytes are one copy a chunk, the usual others a tight loop, the rest go value by value.
/// </summary>
internal abstract unsafe class VectorReader
{
    long _nonFinite;

    /// <summary>Values that became null because they were not finite.</summary>
    public ref long NonFinite => ref _nonFinite;

    /// <summary>The type that a column has when nothing is declared; null for types that are not of S2.</summary>
    public static FeatureType? NaturalType(DuckType type) => type.Id switch
    {
        TypeId.Boolean => FeatureType.Bool,
        TypeId.TinyInt or TypeId.SmallInt or TypeId.Integer or TypeId.UTinyInt or TypeId.USmallInt => FeatureType.Int32,
        TypeId.BigInt or TypeId.UInteger or TypeId.UBigInt or TypeId.HugeInt or TypeId.UHugeInt => FeatureType.Int64,
        TypeId.Float => FeatureType.Float32,
        TypeId.Double => FeatureType.Float64,
        TypeId.Decimal => FeatureType.Decimal(type.Width, type.Scale),
        TypeId.Varchar or TypeId.Enum or TypeId.Uuid => FeatureType.String,
        TypeId.Blob => FeatureType.Bytes,
        TypeId.Timestamp or TypeId.TimestampTz or TypeId.TimestampS or TypeId.TimestampMs or TypeId.TimestampNs => FeatureType.Timestamp,
        TypeId.Date => FeatureType.Date,
        TypeId.List or TypeId.Array => NaturalType(type.Element!) is { } element ? FeatureType.List(element) : null,
        _ => null,
    };

    /// <summary>Null when no value of the one type can become one of the other.</summary>
    public static VectorReader? For(DuckType from, FeatureType to) => (from.Id, to.Kind) switch
    {
        (TypeId.SqlNull, _) => new NullReader(),
        (TypeId.Boolean, TypeKind.Bool) => new CopyReader<byte>(),
        (TypeId.Integer, TypeKind.Int32) => new CopyReader<int>(),
        (TypeId.BigInt, TypeKind.Int64) => new CopyReader<long>(),
        (TypeId.Date, TypeKind.Date) => new CopyReader<int>(),
        (TypeId.Timestamp or TypeId.TimestampTz, TypeKind.Timestamp) => new CopyReader<long>(), // DuckDB's infinity is the last microsecond of int64
        (TypeId.TimestampS, TypeKind.Timestamp) => new InstantReader(Instant.Second, 1),
        (TypeId.TimestampMs, TypeKind.Timestamp) => new InstantReader(Instant.Millisecond, 1),
        (TypeId.TimestampNs, TypeKind.Timestamp) => new InstantReader(1, 1000),
        (TypeId.Double, TypeKind.Float64) => new Float64Reader(),
        (TypeId.Float, TypeKind.Float32) => new Float32Reader(),
        (TypeId.Double, TypeKind.Float32) => new NarrowReader(),
        (TypeId.Float, TypeKind.Float64) => new WidenFloatReader(),
        (TypeId.TinyInt, TypeKind.Int32) => new WidenReader<sbyte, int>(),
        (TypeId.SmallInt, TypeKind.Int32) => new WidenReader<short, int>(),
        (TypeId.UTinyInt, TypeKind.Int32) => new WidenReader<byte, int>(),
        (TypeId.USmallInt, TypeKind.Int32) => new WidenReader<ushort, int>(),
        (TypeId.TinyInt, TypeKind.Int64) => new WidenReader<sbyte, long>(),
        (TypeId.SmallInt, TypeKind.Int64) => new WidenReader<short, long>(),
        (TypeId.UTinyInt, TypeKind.Int64) => new WidenReader<byte, long>(),
        (TypeId.USmallInt, TypeKind.Int64) => new WidenReader<ushort, long>(),
        (TypeId.Integer, TypeKind.Int64) => new WidenReader<int, long>(),
        (TypeId.UInteger, TypeKind.Int64) => new WidenReader<uint, long>(),
        (TypeId.Integer, TypeKind.Float64) => new WidenReader<int, double>(),
        (TypeId.SmallInt, TypeKind.Float64) => new WidenReader<short, double>(),
        (TypeId.Varchar, TypeKind.String or TypeKind.Bytes) or (TypeId.Blob, TypeKind.Bytes) => new BytesReader(),
        (TypeId.Decimal, TypeKind.Decimal) when from.Storage == TypeId.HugeInt && from.Scale == to.Scale && from.Width <= to.Precision => new CopyReader<Int128>(),
        (TypeId.List or TypeId.Array, TypeKind.List) => For(from.Element!, to.Element!) is { } elements ? new ListReader(elements, from.ArraySize) : null,
        _ => ScalarReader.For(from, to),
    };

    /// <summary>Appends <paramref name="count"/> rows of the vector from <paramref name="first"/> on. The bitmap is that of these rows; empty when none is null.</summary>
    protected abstract void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to);

    public void Append(nint vector, int first, int count, Column to)
    {
        if (count == 0) return;
        var bits = Api.duckdb_vector_get_validity(vector);
        if (bits == null) { Append(vector, first, count, default, to); return; }
        if ((first & 63) == 0)
        {
            Append(vector, first, count, new ReadOnlySpan<ulong>(bits + (first >> 6), (count + 63) >> 6), to);
            return;
        }
        var words = (count + 63) >> 6;
        var shifted = words <= 256 ? stackalloc ulong[256] : new ulong[words];
        var (shift, last) = (first & 63, (first + count - 1) >> 6);
        for (var word = 0; word < words; word++)
        {
            var at = (first >> 6) + word;
            shifted[word] = bits[at] >> shift | (at < last ? bits[at + 1] << (64 - shift) : 0);
        }
        Append(vector, first, count, shifted[..words], to);
    }

    /// <summary>A whole chunk's column.</summary>
    public void Append(nint vector, int rows, Column to) => Append(vector, 0, rows, to);

    protected static bool IsValid(ReadOnlySpan<ulong> validity, int row) => validity.IsEmpty || (validity[row >> 6] >> (row & 63) & 1) != 0;

    protected static ReadOnlySpan<T> Values<T>(nint vector, int first, int count)
        => new((byte*)Api.duckdb_vector_get_data(vector) + (long)first * Unsafe.SizeOf<T>(), count);
}

/// <summary>A value does not convert without loss. The reader that asked for it finds the file and the row.</summary>
internal sealed class LossyValueException(int row, string value, FeatureType type) : Exception($"{value} does not convert to {type} without loss")
{
    /// <summary>In the rows that were being appended.</summary>
    public int Row { get; } = row;
    public string Value { get; } = value;
    public FeatureType Type { get; } = type;
}
