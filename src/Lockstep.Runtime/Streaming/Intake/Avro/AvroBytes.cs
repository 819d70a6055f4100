using System.Buffers.Binary;
using System.Text.Unicode;
using Lockstep.Core.Definitions.Avro;

namespace Lockstep.Runtime.Streaming.Intake.Avro;

/// <summary>Bytes that are not what the schema says.</summary>
sealed class AvroException(string message) : Exception(message);

// A message may come from anyone: every length is held against what is left before it is believed, blocks cannot promise more elements
// than a message is long (a null takes no byte), and a schema that contains itself goes only so deep.
/// <summary>Reads the binary encoding, in place.</summary>
ref struct AvroBytes(ReadOnlySpan<byte> bytes)
{
    public const int MaxDepth = 64;
    const int MaxElements = 1 << 20;

    readonly ReadOnlySpan<byte> _bytes = bytes;
    int _at;
    int _elements;

    public readonly bool AtEnd => _at == _bytes.Length;
    public readonly int Left => _bytes.Length - _at;

    public ReadOnlySpan<byte> Take(long length)
    {
        if (length < 0 || length > Left) throw new AvroException(FormattableString.Invariant($"{length} bytes are announced at byte {_at}, and {Left} are left"));
        var taken = _bytes.Slice(_at, (int)length);
        _at += (int)length;
        return taken;
    }

    public long Long()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var one = Take(1)[0];
            if (shift == 63 && one > 1) break;
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80) return (long)(value >> 1) ^ -(long)(value & 1);
        }
        throw new AvroException(FormattableString.Invariant($"the number before byte {_at} has more than 64 bits"));
    }

    public int Int()
    {
        var value = Long();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw new AvroException(FormattableString.Invariant($"{value} is no int"));
    }

    public bool Boolean() => Take(1)[0] switch { 0 => false, 1 => true, var other => throw new AvroException($"a boolean is {other}") };
    public float Float() => BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));
    public ReadOnlySpan<byte> Bytes() => Take(Long());

    public ReadOnlySpan<byte> String()
    {
        var text = Bytes();
        return Utf8.IsValid(text) ? text : throw new AvroException("a string is not UTF-8");
    }

    public int Index(int count, string what)
    {
        var index = Long();
        return index >= 0 && index < count ? (int)index : throw new AvroException(FormattableString.Invariant($"{what} {index} of {count}"));
    }

    public AvroSchema Branch(AvroSchema union) => union.Branches[Index(union.Branches.Count, "branch")];

    /// <summary>Elements of the next block of an array or map; 0: there is none.</summary>
    public int Block()
    {
        var count = Long();
        if (count < 0)
        {
            count = count == long.MinValue ? long.MaxValue : -count;
            Long(); // its bytes, for who skips
        }
        if (count > MaxElements - _elements) throw new AvroException(FormattableString.Invariant($"more than {MaxElements} elements"));
        _elements += (int)count;
        return (int)count;
    }

    public void Skip(AvroSchema schema, int depth = 0)
    {
        if (depth > MaxDepth) throw TooDeep();
        switch (schema.Kind)
        {
            case AvroKind.Null: break;
            case AvroKind.Boolean: Boolean(); break;
            case AvroKind.Int: Int(); break;
            case AvroKind.Long: Long(); break;
            case AvroKind.Float: Take(4); break;
            case AvroKind.Double: Take(8); break;
            case AvroKind.Bytes: Bytes(); break;
            case AvroKind.String: String(); break;
            case AvroKind.Fixed: Take(schema.Size); break;
            case AvroKind.Enum: Index(schema.Symbols.Count, "symbol"); break;
            case AvroKind.Union: Skip(Branch(schema), depth + 1); break;
            case AvroKind.Record:
                foreach (var field in schema.Fields) Skip(field.Schema, depth + 1);
                break;
            default:
                for (var count = Block(); count > 0; count = Block())
                    for (var i = 0; i < count; i++)
                    {
                        if (schema.Kind == AvroKind.Map) String();
                        Skip(schema.Items!, depth + 1);
                    }
                break;
        }
    }

    public static AvroException TooDeep() => new($"values stand in each other more than {MaxDepth} deep");
}
