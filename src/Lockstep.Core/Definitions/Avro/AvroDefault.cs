using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Lockstep.Core.Definitions.Avro;

/// <summary>Writes the default of a field as a message would hold it, so that it is read like any value.</summary>
public static class AvroDefault
{
    /// <exception cref="FormatException">It is no value of the field.</exception>
    public static byte[] Encode(AvroField field, string json)
    {
        ArgumentNullException.ThrowIfNull(field);
        var to = new ArrayBufferWriter<byte>();
        using var document = JsonDocument.Parse(json);
        try
        {
            Write(field.Schema, document.RootElement, to);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or OverflowException)
        {
            throw new FormatException($"the default of field '{field.Name}' is {json}, which is no {field.Schema}", e);
        }
        return to.WrittenSpan.ToArray();
    }

    static void Write(AvroSchema schema, JsonElement value, ArrayBufferWriter<byte> to)
    {
        switch (schema.Kind)
        {
            case AvroKind.Null:
                if (value.ValueKind != JsonValueKind.Null) throw new FormatException();
                break;
            case AvroKind.Boolean: to.Write([value.GetBoolean() ? (byte)1 : (byte)0]); break;
            case AvroKind.Int: Long(value.GetInt32(), to); break;
            case AvroKind.Long: Long(value.GetInt64(), to); break;
            case AvroKind.Float:
                BinaryPrimitives.WriteSingleLittleEndian(to.GetSpan(4), value.GetSingle());
                to.Advance(4);
                break;
            case AvroKind.Double:
                BinaryPrimitives.WriteDoubleLittleEndian(to.GetSpan(8), value.GetDouble());
                to.Advance(8);
                break;
            case AvroKind.String: Bytes(Encoding.UTF8.GetBytes(Text(value)), to); break;
            case AvroKind.Bytes: Bytes(OneEach(value), to); break;
            case AvroKind.Fixed:
                if (OneEach(value) is var bytes && bytes.Length != schema.Size) throw new FormatException();
                to.Write(bytes);
                break;
            case AvroKind.Enum:
                var symbol = schema.Symbols.ToList().IndexOf(Text(value));
                if (symbol < 0) throw new FormatException();
                Long(symbol, to);
                break;
            case AvroKind.Union:
                Union(schema, value, to);
                break;
            case AvroKind.Record:
                foreach (var field in schema.Fields) Write(field.Schema, value.TryGetProperty(field.Name, out var part) ? part : throw new FormatException(), to);
                break;
            case AvroKind.Array:
                if (value.GetArrayLength() > 0) Long(value.GetArrayLength(), to);
                foreach (var item in value.EnumerateArray()) Write(schema.Items!, item, to);
                Long(0, to);
                break;
            default:
                var entries = value.EnumerateObject().ToList();
                if (entries.Count > 0) Long(entries.Count, to);
                foreach (var entry in entries)
                {
                    Bytes(Encoding.UTF8.GetBytes(entry.Name), to);
                    Write(schema.Items!, entry.Value, to);
                }
                Long(0, to);
                break;
        }
    }

    // Of the first branch by the older rule, of any that it fits by the newer one.
    static void Union(AvroSchema union, JsonElement value, ArrayBufferWriter<byte> to)
    {
        for (var i = 0; i < union.Branches.Count; i++)
        {
            var branch = new ArrayBufferWriter<byte>();
            try
            {
                Write(union.Branches[i], value, branch);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or OverflowException)
            {
                continue;
            }
            Long(i, to);
            to.Write(branch.WrittenSpan);
            return;
        }
        throw new FormatException();
    }

    static string Text(JsonElement value) => value.GetString() ?? throw new FormatException();

    // Each character is a byte.
    static byte[] OneEach(JsonElement value) => [.. Text(value).Select(c => checked((byte)c))];

    static void Bytes(ReadOnlySpan<byte> bytes, ArrayBufferWriter<byte> to)
    {
        Long(bytes.Length, to);
        to.Write(bytes);
    }

    static void Long(long value, ArrayBufferWriter<byte> to)
    {
        var rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7) to.Write([(byte)(rest | 0x80)]);
        to.Write([(byte)rest]);
    }
}
