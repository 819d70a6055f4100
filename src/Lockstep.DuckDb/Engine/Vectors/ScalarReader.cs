using System.Text;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Vectors;

/// <summary>Any pair of types, value by value through <see cref="Conversion"/>.</summary>
internal sealed unsafe class ScalarReader : VectorReader
{
    delegate Scalar Get(void* data, int row);

    readonly Get _get;

    ScalarReader(Get get) => _get = get;

    public static new ScalarReader? For(DuckType from, FeatureType to)
    {
        (ScalarKind Kind, Get Get)? source = from.Id switch
        {
            TypeId.Boolean => (ScalarKind.Bool, static (d, i) => Scalar.Bool(((byte*)d)[i] != 0)),
            TypeId.TinyInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((sbyte*)d)[i])),
            TypeId.SmallInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((short*)d)[i])),
            TypeId.Integer => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((int*)d)[i])),
            TypeId.BigInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((long*)d)[i])),
            TypeId.UTinyInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((byte*)d)[i])),
            TypeId.USmallInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((ushort*)d)[i])),
            TypeId.UInteger => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((uint*)d)[i])),
            TypeId.UBigInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(((ulong*)d)[i])),
            TypeId.HugeInt => (ScalarKind.Integer, static (d, i) => Scalar.Integer(Huge(d, i))),
            TypeId.UHugeInt => (ScalarKind.Integer, static (d, i) => Huge(d, i) is var n && n >= 0
                ? Scalar.Integer(n)
                : Scalar.String(Encoding.UTF8.GetBytes(((UInt128)n).ToString(System.Globalization.CultureInfo.InvariantCulture)))),
            TypeId.Float => (ScalarKind.Float32, static (d, i) => Scalar.Float32(((float*)d)[i])),
            TypeId.Double => (ScalarKind.Float64, static (d, i) => Scalar.Float64(((double*)d)[i])),
            TypeId.Decimal => (ScalarKind.Decimal, Decimal(from)),
            TypeId.Varchar => (ScalarKind.String, static (d, i) => Scalar.String(DuckString.Span((DuckString*)d + i))),
            TypeId.Blob => (ScalarKind.Bytes, static (d, i) => Scalar.Blob(DuckString.Span((DuckString*)d + i))),
            TypeId.Date => (ScalarKind.Date, static (d, i) => Scalar.Date(((int*)d)[i])),
            TypeId.Timestamp or TypeId.TimestampTz => (ScalarKind.Timestamp, static (d, i) => Scalar.Timestamp(((long*)d)[i])),
            TypeId.TimestampS => (ScalarKind.Timestamp, static (d, i) => Scalar.Timestamp(checked(((long*)d)[i] * Instant.Second))),
            TypeId.TimestampMs => (ScalarKind.Timestamp, static (d, i) => Scalar.Timestamp(checked(((long*)d)[i] * Instant.Millisecond))),
            TypeId.TimestampNs => (ScalarKind.Timestamp, static (d, i) => Scalar.Timestamp(Instant.Floor(((long*)d)[i], 1000) / 1000)),
            TypeId.Enum => (ScalarKind.String, Enumeration(from)),
            TypeId.Uuid => (ScalarKind.String, static (d, i) => Scalar.String(Uuid(Huge(d, i)))),
            _ => null,
        };
        return source is { } known && Conversion.Exists(known.Kind, to) ? new(known.Get) : null;
    }

    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var data = Api.duckdb_vector_get_data(vector);
        for (var i = 0; i < count; i++)
        {
            if (!IsValid(validity, i)) { to.AppendNull(); continue; }
            Scalar value;
            try
            {
                value = _get(data, first + i);
            }
            catch (OverflowException)
            {
                throw new LossyValueException(i, "an instant beyond the microseconds of int64", to.Type);
            }
            if (!Conversion.Append(value, to, ref NonFinite)) throw new LossyValueException(i, value.ToString(), to.Type);
        }
    }

    static Int128 Huge(void* data, int row)
    {
        var words = (ulong*)data + 2 * row;
        return new(words[1], words[0]);
    }

    static Get Decimal(DuckType type)
    {
        int scale = type.Scale;
        return type.Storage switch
        {
            TypeId.SmallInt => (d, i) => Scalar.Decimal(((short*)d)[i], scale),
            TypeId.Integer => (d, i) => Scalar.Decimal(((int*)d)[i], scale),
            TypeId.BigInt => (d, i) => Scalar.Decimal(((long*)d)[i], scale),
            _ => (d, i) => Scalar.Decimal(Huge(d, i), scale),
        };
    }

    static Get Enumeration(DuckType type)
    {
        var texts = type.Texts;
        return type.Storage switch
        {
            TypeId.UTinyInt => (d, i) => Scalar.String(texts[((byte*)d)[i]]),
            TypeId.USmallInt => (d, i) => Scalar.String(texts[((ushort*)d)[i]]),
            _ => (d, i) => Scalar.String(texts[((uint*)d)[i]]),
        };
    }

    // DuckDB keeps a UUID as a hugeint with the top bit flipped, so that it sorts.
    static byte[] Uuid(Int128 stored)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt128BigEndian(bytes, stored ^ (Int128.One << 127));
        return Encoding.ASCII.GetBytes(new Guid(bytes, bigEndian: true).ToString());
    }
}
