using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving.Json;

/// <summary>How far a wire format goes to take a JSON value for a key's type.</summary>
public enum KeyConversion
{
    /// <summary>JSON's own type only: a number for integers, a text for strings and base64, true or false for bool.</summary>
    Strict,

    /// <summary>As Feast's clients send them: also the text of an integer for an integer, and a number for a string.</summary>
    Feast,
}

/// <summary>Converts JSON values to the types of keys (S4): without loss or not at all.</summary>
public static class JsonKeys
{
    /// <summary>Encodes the value under the reader; what does not convert is an error that names field and row.</summary>
    public static KeyPart Read(ref Utf8JsonReader reader, KeyField field, KeyConversion conversion, Utf8Buffer to, int row)
    {
        if (reader.TokenType == JsonTokenType.Null) return KeyPart.Null;
        var start = to.Count;
        if (!TryEncode(ref reader, field.Type.Kind, conversion, to))
        {
            to.Truncate(start);
            throw new LockstepException(ErrorKind.BadArguments, $"entities[{row}].{field.Name} is {Found(ref reader)}; {field.Expected}.");
        }
        return new(start, to.Count - start);
    }

    static bool TryEncode(ref Utf8JsonReader reader, TypeKind kind, KeyConversion conversion, Utf8Buffer to)
    {
        var token = reader.TokenType;
        switch (kind)
        {
            case TypeKind.String when token == JsonTokenType.String: return TryText(ref reader, to);
            case TypeKind.String when token == JsonTokenType.Number && conversion == KeyConversion.Feast:
                EntityKey.Bytes(to, TypeKind.String, reader.ValueSpan);
                return true;
            case TypeKind.Int64 when TryInteger(ref reader, conversion, out var n):
                EntityKey.Int64(to, n);
                return true;
            case TypeKind.Int32 when TryInteger(ref reader, conversion, out var n) && n == (int)n:
                EntityKey.Int32(to, (int)n);
                return true;
            case TypeKind.Bool when token is JsonTokenType.True or JsonTokenType.False:
                EntityKey.Bool(to, token == JsonTokenType.True);
                return true;
            case TypeKind.Bytes when token == JsonTokenType.String && reader.TryGetBytesFromBase64(out var bytes):
                EntityKey.Bytes(to, TypeKind.Bytes, bytes);
                return true;
            default: return false;
        }
    }

    static bool TryText(ref Utf8JsonReader reader, Utf8Buffer to)
    {
        if (!reader.ValueIsEscaped)
        {
            EntityKey.Bytes(to, TypeKind.String, reader.ValueSpan);
            return true;
        }
        if (!TryUnescape(ref reader, out var text)) return false;
        EntityKey.Bytes(to, TypeKind.String, text);
        return true;
    }

    /// <summary>The text of a string with escapes; false for half a surrogate pair, which no UTF-8 can hold.</summary>
    public static bool TryUnescape(ref Utf8JsonReader reader, out ReadOnlySpan<byte> text)
    {
        var bytes = new byte[reader.ValueSpan.Length];
        try
        {
            text = bytes.AsSpan(0, reader.CopyString(bytes));
            return true;
        }
        catch (InvalidOperationException)
        {
            text = default;
            return false;
        }
    }

    /// <summary>Whether the name or text under the reader is this one; escapes that are no text are none.</summary>
    public static bool IsText(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
        => reader.ValueIsEscaped ? TryUnescape(ref reader, out var plain) && plain.SequenceEqual(text) : reader.ValueSpan.SequenceEqual(text);

    static bool TryInteger(ref Utf8JsonReader reader, KeyConversion conversion, out long value)
    {
        value = 0;
        if (reader.TokenType == JsonTokenType.String)
            return conversion == KeyConversion.Feast && !reader.ValueIsEscaped
                && Utf8Parser.TryParse(reader.ValueSpan, out value, out var used) && used == reader.ValueSpan.Length;
        if (reader.TokenType != JsonTokenType.Number) return false;
        if (reader.TryGetInt64(out value)) return true;
        // 1.0 and 1e3 are whole numbers too; beyond what a decimal holds exactly nothing is taken.
        var text = reader.ValueSpan;
        return text.Length <= 28 && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && decimal.IsInteger(number) && number is >= long.MinValue and <= long.MaxValue && (value = (long)number) == number
            && (value != 0 || text[..(text.IndexOfAny((byte)'e', (byte)'E') is var e and >= 0 ? e : text.Length)].IndexOfAnyInRange((byte)'1', (byte)'9') < 0); // 1e-30 has become 0
    }

    /// <summary>What stands under the reader, for a message.</summary>
    public static string Found(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => $"the text \"{Short(reader.ValueSpan)}\"",
        JsonTokenType.Number => $"the number {Short(reader.ValueSpan)}",
        JsonTokenType.Null => "null",
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => "nothing",
    };

    static string Short(ReadOnlySpan<byte> utf8)
    {
        var text = Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 80)]);
        return utf8.Length > 80 ? text + "…" : text;
    }
}
