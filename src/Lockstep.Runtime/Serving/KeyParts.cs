using System.Buffers.Binary;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving;

/// <summary>
/// The value of one key field of one row, encoded as <see cref="EntityKey"/> has it behind the version byte, in a buffer of the request.
/// </summary>
public readonly record struct KeyPart(int Start, int Length)
{
    /// <summary>The row did not name the field.</summary>
    public static readonly KeyPart Missing = new(-1, 0);

    /// <summary>The row gave null: the key matches nothing (S4).</summary>
    public static readonly KeyPart Null = new(0, 0);

    public bool IsMissing => Start < 0;
    public bool IsNull => Length == 0;
}

/// <summary>Writes and reads single parts of keys.</summary>
public static class KeyParts
{
    /// <summary>Encodes a value that already has the key's type.</summary>
    public static KeyPart Write(Utf8Buffer to, Value value)
    {
        if (value.IsNull) return KeyPart.Null;
        var start = to.Count;
        switch (value.Kind)
        {
            case TypeKind.Bool: EntityKey.Bool(to, value.AsBool); break;
            case TypeKind.Int32: EntityKey.Int32(to, value.AsInt32); break;
            case TypeKind.Int64: EntityKey.Int64(to, value.AsInt64); break;
            case TypeKind.String: EntityKey.Bytes(to, TypeKind.String, System.Text.Encoding.UTF8.GetBytes(value.AsString)); break;
            case TypeKind.Bytes: EntityKey.Bytes(to, TypeKind.Bytes, value.AsBytes); break;
            default: throw new NotSupportedException($"{value.Kind} cannot be a join key.");
        }
        return new(start, to.Count - start);
    }

    /// <summary>The integer of an encoded bool, int32 or int64.</summary>
    public static long Integer(ReadOnlySpan<byte> part) => (TypeKind)part[0] switch
    {
        TypeKind.Bool => part[1],
        TypeKind.Int32 => BinaryPrimitives.ReadInt32LittleEndian(part[1..]),
        _ => BinaryPrimitives.ReadInt64LittleEndian(part[1..]),
    };

    /// <summary>The bytes of an encoded string or bytes value: what stands behind its length.</summary>
    public static ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> part)
    {
        var at = 1;
        while (part[at++] >= 0x80)
        {
        }
        return part[at..];
    }
}
