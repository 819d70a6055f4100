using System.Buffers;
using System.Text;
using System.Text.Json;
using Lockstep.Core.Definitions.Avro;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Intake.Avro;

/// <summary>Single values, and whole ones as JSON in the formats of the interfaces: instants as RFC 3339, decimals as text, bytes in base64.</summary>
static class AvroScalars
{
    const long NanosPerMicro = 1_000, MicrosPerMilli = 1_000;

    /// <summary>A value that is neither a union nor made of others.</summary>
    public static Scalar Read(ref AvroBytes input, AvroSchema schema)
    {
        switch (schema.Kind)
        {
            case AvroKind.Boolean: return Scalar.Bool(input.Boolean());
            case AvroKind.Int: return schema.Logical == AvroLogical.Date ? Scalar.Date(input.Int()) : Scalar.Integer(input.Int());
            case AvroKind.Long: return Long(input.Long(), schema.Logical);
            case AvroKind.Float: return Scalar.Float32(input.Float());
            case AvroKind.Double: return Scalar.Float64(input.Double());
            case AvroKind.String: return Scalar.String(input.String());
            case AvroKind.Enum: return Scalar.String(Encoding.UTF8.GetBytes(schema.Symbols[input.Index(schema.Symbols.Count, "symbol")]));
            case AvroKind.Bytes or AvroKind.Fixed:
                var bytes = schema.Kind == AvroKind.Fixed ? input.Take(schema.Size) : input.Bytes();
                return schema.Logical switch
                {
                    AvroLogical.Decimal => Decimal(bytes, schema.Scale),
                    AvroLogical.Uuid => Scalar.String(Encoding.UTF8.GetBytes(new Guid(bytes, bigEndian: true).ToString())),
                    _ => Scalar.Blob(bytes),
                };
            default: throw new InvalidOperationException($"{schema.Kind} is no single value.");
        }
    }

    static Scalar Long(long value, AvroLogical logical) => logical switch
    {
        AvroLogical.TimestampMicros => Scalar.Timestamp(value),
        AvroLogical.TimestampMillis => value is <= long.MaxValue / MicrosPerMilli and >= long.MinValue / MicrosPerMilli
            ? Scalar.Timestamp(value * MicrosPerMilli) : throw new AvroException(FormattableString.Invariant($"the instant {value} ms does not fit into microseconds")),
        AvroLogical.TimestampNanos => Scalar.Timestamp(value / NanosPerMicro - (value % NanosPerMicro < 0 ? 1 : 0)), // down, S1
        _ => Scalar.Integer(value),
    };

    static Scalar Decimal(ReadOnlySpan<byte> bytes, int scale)
    {
        var sign = bytes.Length > 0 && bytes[0] >= 0x80 ? (byte)0xFF : (byte)0;
        while (bytes.Length > 16 && bytes[0] == sign) bytes = bytes[1..];
        if (bytes.Length > 16 || (bytes.Length == 16 && (bytes[0] >= 0x80) != (sign != 0))) throw new AvroException($"a decimal of {bytes.Length} bytes has more than {FeatureType.MaxPrecision} digits");
        Int128 value = sign == 0 ? 0 : -1;
        foreach (var one in bytes) value = (value << 8) | one;
        return Scalar.Decimal(value, scale);
    }

    /// <summary>Null: it ends within, or is something else.</summary>
    public static byte[]? TryJson(ReadOnlySpan<byte> record, AvroSchema schema)
    {
        try
        {
            var input = new AvroBytes(record);
            var to = new ArrayBufferWriter<byte>();
            Json(ref input, schema, to);
            return input.AtEnd ? to.WrittenSpan.ToArray() : null;
        }
        catch (AvroException)
        {
            return null;
        }
    }

    public static void Json(ref AvroBytes input, AvroSchema schema, ArrayBufferWriter<byte> to)
    {
        using var json = new Utf8JsonWriter(to, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        Json(ref input, schema, json, 0);
    }

    static void Json(ref AvroBytes input, AvroSchema schema, Utf8JsonWriter json, int depth)
    {
        if (depth > AvroBytes.MaxDepth) throw AvroBytes.TooDeep();
        switch (schema.Kind)
        {
            case AvroKind.Null:
                json.WriteNullValue();
                break;
            case AvroKind.Union:
                Json(ref input, input.Branch(schema), json, depth + 1);
                break;
            case AvroKind.Record:
                json.WriteStartObject();
                foreach (var field in schema.Fields)
                {
                    json.WritePropertyName(field.Name);
                    Json(ref input, field.Schema, json, depth + 1);
                }
                json.WriteEndObject();
                break;
            case AvroKind.Array:
                json.WriteStartArray();
                for (var count = input.Block(); count > 0; count = input.Block())
                    for (var i = 0; i < count; i++) Json(ref input, schema.Items!, json, depth + 1);
                json.WriteEndArray();
                break;
            case AvroKind.Map:
                json.WriteStartObject();
                for (var count = input.Block(); count > 0; count = input.Block())
                    for (var i = 0; i < count; i++)
                    {
                        json.WritePropertyName(input.String());
                        Json(ref input, schema.Items!, json, depth + 1);
                    }
                json.WriteEndObject();
                break;
            default:
                Write(json, Read(ref input, schema));
                break;
        }
    }

    static void Write(Utf8JsonWriter json, in Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Bool: json.WriteBooleanValue(value.Number != 0); break;
            case ScalarKind.Integer: json.WriteNumberValue((long)value.Number); break;
            case ScalarKind.Float32 or ScalarKind.Float64 when !double.IsFinite(value.Real): json.WriteNullValue(); break; // S3
            case ScalarKind.Float32: json.WriteNumberValue((float)value.Real); break;
            case ScalarKind.Float64: json.WriteNumberValue(value.Real); break;
            case ScalarKind.String: json.WriteStringValue(value.Bytes); break;
            case ScalarKind.Bytes: json.WriteBase64StringValue(value.Bytes); break;
            default: json.WriteStringValue(value.ToString()); break;
        }
    }
}
