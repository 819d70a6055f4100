using System.Buffers;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>
/// Values of JSON into columns, by <see cref="Conversion"/>: numbers by their digits, so that no int64 goes through a double; bytes in
/// base64; a number, boolean, list or object that is declared as string keeps its own text.
/// </summary>
static class JsonValues
{
    /// <summary>Appends a text that is one JSON value.</summary>
    public static bool TryAppend(ReadOnlySpan<byte> json, Column to, ref long nonFinite)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            return reader.Read() && TryAppend(ref reader, json, to, ref nonFinite) && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Appends the value that the reader stands at and leaves the reader at its end. <paramref name="json"/> is what it reads, from its start.</summary>
    public static bool TryAppend(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Column to, ref long nonFinite)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                to.AppendNull();
                return true;
            case JsonTokenType.True or JsonTokenType.False:
                return Conversion.Append(Scalar.Bool(reader.TokenType == JsonTokenType.True), to, ref nonFinite);
            case JsonTokenType.Number:
                return Conversion.Append(Scalar.Text(reader.ValueSpan), to, ref nonFinite);
            case JsonTokenType.String:
                return TryAppendString(ref reader, to, ref nonFinite);
            case JsonTokenType.StartArray when to is ListColumn list:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    if (!TryAppend(ref reader, json, list.Elements, ref nonFinite)) return false;
                list.EndRow();
                return true;
            case JsonTokenType.StartArray or JsonTokenType.StartObject when to.Type.Kind == TypeKind.String:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                ((BytesColumn)to).Append(json[start..(int)reader.BytesConsumed]);
                return true;
            default:
                return false;
        }
    }

    static bool TryAppendString(ref Utf8JsonReader reader, Column to, ref long nonFinite)
    {
        if (to.Type.Kind == TypeKind.List) return false;
        if (!reader.ValueIsEscaped) return Conversion.Append(Scalar.Text(reader.ValueSpan), to, ref nonFinite);
        var buffer = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            var length = reader.CopyString(buffer);
            return Conversion.Append(Scalar.Text(buffer.AsSpan(0, length)), to, ref nonFinite);
        }
        catch (InvalidOperationException)
        {
            return false; // an escape that is half a character: no UTF-8 can hold it
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
