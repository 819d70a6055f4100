using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Lockstep.Core.Rows;

/// <summary>
/// Encodes join keys (S4): version, then for each key in the entity's order its type and its value, texts and bytes behind their
/// length, so that ("1","23") and ("12","3") never meet. Equal keys have equal bytes. A null in a key has no encoding: it matches nothing.
/// The format is written down in docs/formats.md.
/// </summary>
public static class EntityKey
{
    public const byte FormatVersion = 1;

    /// <summary>Writes the key of a row; false, with nothing written, when one of its parts is null.</summary>
    public static bool TryWrite(ReadOnlySpan<Column> keys, int row, IBufferWriter<byte> to)
    {
        foreach (var key in keys)
            if (key.IsNull(row)) return false;
        Version(to);
        foreach (var key in keys)
        {
            switch (key)
            {
                case FixedColumn<byte> c: Bool(to, c.Values[row] != 0); break;
                case FixedColumn<int> c: Int32(to, c.Values[row]); break;
                case FixedColumn<long> c: Int64(to, c.Values[row]); break;
                case BytesColumn c: Bytes(to, key.Type.Kind, c[row]); break;
                default: throw new NotSupportedException($"{key.Type} cannot be a join key.");
            }
        }
        return true;
    }

    /// <summary>Writes a key given by values that already have the entity's types; false, with nothing written, when one is null.</summary>
    public static bool TryWrite(ReadOnlySpan<Value> keys, IBufferWriter<byte> to)
    {
        foreach (var key in keys)
            if (key.IsNull) return false;
        Version(to);
        foreach (var key in keys)
        {
            switch (key.Kind)
            {
                case TypeKind.Bool: Bool(to, key.AsBool); break;
                case TypeKind.Int32: Int32(to, key.AsInt32); break;
                case TypeKind.Int64: Int64(to, key.AsInt64); break;
                case TypeKind.String: Bytes(to, TypeKind.String, Encoding.UTF8.GetBytes(key.AsString)); break;
                case TypeKind.Bytes: Bytes(to, TypeKind.Bytes, key.AsBytes); break;
                default: throw new NotSupportedException($"{key.Kind} cannot be a join key.");
            }
        }
        return true;
    }

    /// <summary>The parts of an encoded key, for messages and tools.</summary>
    public static Value[] Read(ReadOnlySpan<byte> key)
    {
        if (key.IsEmpty || key[0] != FormatVersion) throw new RowFormatException($"Key format {(key.IsEmpty ? "missing" : key[0])}; this program reads {FormatVersion}.");
        key = key[1..];
        List<Value> parts = [];
        while (!key.IsEmpty)
        {
            var kind = (TypeKind)key[0];
            key = key[1..];
            var size = kind switch
            {
                TypeKind.Bool => 1,
                TypeKind.Int32 => 4,
                TypeKind.Int64 => 8,
                TypeKind.String or TypeKind.Bytes => ReadLength(ref key),
                _ => throw new RowFormatException($"Type {(byte)kind} in a key."),
            };
            if (size < 0 || size > key.Length) throw new RowFormatException($"A key part of {size} bytes where {key.Length} are left.");
            parts.Add(kind switch
            {
                TypeKind.Bool => Value.Of(key[0] != 0),
                TypeKind.Int32 => Value.Of(BinaryPrimitives.ReadInt32LittleEndian(key)),
                TypeKind.Int64 => Value.Of(BinaryPrimitives.ReadInt64LittleEndian(key)),
                TypeKind.String => Value.Of(Encoding.UTF8.GetString(key[..size])),
                _ => Value.Of(key[..size].ToArray()),
            });
            key = key[size..];
        }
        return [.. parts];
    }

    /// <summary>Writes the version byte; the parts follow by <see cref="Bool"/>, <see cref="Int32"/>, <see cref="Int64"/>, <see cref="Bytes"/>.</summary>
    public static void Version(IBufferWriter<byte> to)
    {
        to.GetSpan(1)[0] = FormatVersion;
        to.Advance(1);
    }

    public static void Bool(IBufferWriter<byte> to, bool value)
    {
        var span = to.GetSpan(2);
        span[0] = (byte)TypeKind.Bool;
        span[1] = value ? (byte)1 : (byte)0;
        to.Advance(2);
    }

    public static void Int32(IBufferWriter<byte> to, int value)
    {
        var span = to.GetSpan(5);
        span[0] = (byte)TypeKind.Int32;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], value);
        to.Advance(5);
    }

    public static void Int64(IBufferWriter<byte> to, long value)
    {
        var span = to.GetSpan(9);
        span[0] = (byte)TypeKind.Int64;
        BinaryPrimitives.WriteInt64LittleEndian(span[1..], value);
        to.Advance(9);
    }

    public static void Bytes(IBufferWriter<byte> to, TypeKind kind, ReadOnlySpan<byte> value)
    {
        var span = to.GetSpan(value.Length + 6);
        span[0] = (byte)kind;
        var at = 1;
        for (var rest = (uint)value.Length; ; rest >>= 7)
        {
            span[at++] = (byte)(rest < 0x80 ? rest : rest | 0x80); // LEB128
            if (rest < 0x80) break;
        }
        value.CopyTo(span[at..]);
        to.Advance(at + value.Length);
    }

    static int ReadLength(ref ReadOnlySpan<byte> key)
    {
        uint length = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (key.IsEmpty) throw new RowFormatException("A key ends within a length.");
            var b = key[0];
            key = key[1..];
            length |= (uint)(b & 0x7f) << shift;
            if (b < 0x80) return length > int.MaxValue ? throw new RowFormatException($"A key part of {length} bytes.") : (int)length;
        }
        throw new RowFormatException("A length of more than five bytes in a key.");
    }
}
