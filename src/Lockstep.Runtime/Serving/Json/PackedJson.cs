using System.Buffers.Binary;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving.Json;

/// <summary>In which text a wire format writes the types that formats differ in.</summary>
public interface IJsonDialect
{
    static abstract void Timestamp(Utf8Buffer to, long micros);
    static abstract void Float32(Utf8Buffer to, float value);
    static abstract void Float64(Utf8Buffer to, double value);
}

/// <summary>The text formats of the interfaces: RFC 3339, the shortest floats.</summary>
public readonly struct NativeDialect : IJsonDialect
{
    public static void Timestamp(Utf8Buffer to, long micros) => JsonText.Timestamp(to, micros);
    public static void Float32(Utf8Buffer to, float value) => JsonText.Float32(to, value);
    public static void Float64(Utf8Buffer to, double value) => JsonText.Float64(to, value);
}

/// <summary>Values as JSON, straight from where they stand in a packed row. A struct as the dialect: the compiler makes code of its own for each.</summary>
public static class PackedJson
{
    /// <summary>A value that is not null.</summary>
    public static void Write<TDialect>(Utf8Buffer to, TypeKind kind, RowReader row, int column, int scale) where TDialect : struct, IJsonDialect
    {
        switch (kind)
        {
            case TypeKind.Float64: TDialect.Float64(to, row.Float64(column)); break;
            case TypeKind.Int64: JsonText.Integer(to, row.Int64(column)); break;
            case TypeKind.Float32: TDialect.Float32(to, row.Float32(column)); break;
            case TypeKind.Int32: JsonText.Integer(to, row.Int32(column)); break;
            case TypeKind.Bool: JsonText.Bool(to, row.Bool(column)); break;
            case TypeKind.String: JsonText.String(to, row.Bytes(column)); break;
            case TypeKind.Bytes: JsonText.Base64(to, row.Bytes(column)); break;
            case TypeKind.Timestamp: TDialect.Timestamp(to, row.Int64(column)); break;
            case TypeKind.Date: JsonText.Date(to, row.Int32(column)); break;
            case TypeKind.Decimal: JsonText.Decimal(to, row.Decimal(column), scale); break;
            case TypeKind.List: Write<TDialect>(to, row.List(column)); break;
            default: throw new NotSupportedException($"No JSON for {kind}.");
        }
    }

    static void Write<TDialect>(Utf8Buffer to, PackedList list) where TDialect : struct, IJsonDialect
    {
        to.Write((byte)'[');
        for (var i = 0; i < list.Count; i++)
        {
            if (i > 0) to.Write((byte)',');
            if (list.IsNull(i)) JsonText.Null(to);
            else WriteElement<TDialect>(to, list, i);
        }
        to.Write((byte)']');
    }

    static void WriteElement<TDialect>(Utf8Buffer to, PackedList list, int index) where TDialect : struct, IJsonDialect
    {
        var type = list.Element;
        var at = type.Width == 0 ? list.Bytes(index) : list.FixedElements.Slice(index * type.Width, type.Width);
        switch (type.Kind)
        {
            case TypeKind.Float32: TDialect.Float32(to, BinaryPrimitives.ReadSingleLittleEndian(at)); break;
            case TypeKind.Float64: TDialect.Float64(to, BinaryPrimitives.ReadDoubleLittleEndian(at)); break;
            case TypeKind.Int64: JsonText.Integer(to, BinaryPrimitives.ReadInt64LittleEndian(at)); break;
            case TypeKind.Int32: JsonText.Integer(to, BinaryPrimitives.ReadInt32LittleEndian(at)); break;
            case TypeKind.Bool: JsonText.Bool(to, at[0] != 0); break;
            case TypeKind.String: JsonText.String(to, at); break;
            case TypeKind.Bytes: JsonText.Base64(to, at); break;
            case TypeKind.Timestamp: TDialect.Timestamp(to, BinaryPrimitives.ReadInt64LittleEndian(at)); break;
            case TypeKind.Date: JsonText.Date(to, BinaryPrimitives.ReadInt32LittleEndian(at)); break;
            case TypeKind.Decimal: JsonText.Decimal(to, BinaryPrimitives.ReadInt128LittleEndian(at), type.Scale); break;
            default: Write<TDialect>(to, list.GetValue(index)); break; // a list in a list
        }
    }

    /// <summary>A value by itself: defaults, keys, tools.</summary>
    public static void Write<TDialect>(Utf8Buffer to, Value value) where TDialect : struct, IJsonDialect
    {
        if (value.IsNull) { JsonText.Null(to); return; }
        switch (value.Kind)
        {
            case TypeKind.Float32: TDialect.Float32(to, value.AsFloat32); break;
            case TypeKind.Float64: TDialect.Float64(to, value.AsFloat64); break;
            case TypeKind.Int32 or TypeKind.Int64: JsonText.Integer(to, value.AsInt64); break;
            case TypeKind.Bool: JsonText.Bool(to, value.AsBool); break;
            case TypeKind.String: JsonText.String(to, Encoding.UTF8.GetBytes(value.AsString)); break;
            case TypeKind.Bytes: JsonText.Base64(to, value.AsBytes); break;
            case TypeKind.Timestamp: TDialect.Timestamp(to, value.AsInt64); break;
            case TypeKind.Date: JsonText.Date(to, (int)value.AsInt64); break;
            case TypeKind.Decimal: JsonText.Decimal(to, value.AsDecimal, value.DecimalScale); break;
            default:
                to.Write((byte)'[');
                for (var i = 0; i < value.AsList.Length; i++)
                {
                    if (i > 0) to.Write((byte)',');
                    Write<TDialect>(to, value.AsList[i]);
                }
                to.Write((byte)']');
                break;
        }
    }
}
