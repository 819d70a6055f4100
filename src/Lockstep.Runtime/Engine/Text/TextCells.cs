using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>
/// Values in the text formats of the interfaces: RFC 3339 in UTC, the shortest float that reads back to the same bits, base64, int64 as a
/// number, decimals as text, lists as arrays. A float that is not finite, which S3 keeps out of tables, would be null.
/// </summary>
static class TextCells
{
    public static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static void WriteJson(Utf8JsonWriter to, Column column, int row)
    {
        if (column.IsNull(row)) { to.WriteNullValue(); return; }
        switch (column)
        {
            case FixedColumn<byte> c: to.WriteBooleanValue(c.Values[row] != 0); break;
            case FixedColumn<int> c when column.Type.Kind == TypeKind.Int32: to.WriteNumberValue(c.Values[row]); break;
            case FixedColumn<long> c when column.Type.Kind == TypeKind.Int64: to.WriteNumberValue(c.Values[row]); break;
            case FixedColumn<float> c when float.IsFinite(c.Values[row]): to.WriteNumberValue(c.Values[row]); break;
            case FixedColumn<double> c when double.IsFinite(c.Values[row]): to.WriteNumberValue(c.Values[row]); break;
            case FixedColumn<float> or FixedColumn<double>: to.WriteNullValue(); break;
            case BytesColumn c when column.Type.Kind == TypeKind.Bytes: to.WriteBase64StringValue(c[row]); break;
            case BytesColumn c: to.WriteStringValue(c[row]); break;
            case ListColumn c:
                to.WriteStartArray();
                for (var i = c.Start(row); i < c.Ends[row]; i++) WriteJson(to, c.Elements, i);
                to.WriteEndArray();
                break;
            default:
                Span<byte> text = stackalloc byte[64];
                to.WriteStringValue(text[..Format(column, row, text)]);
                break;
        }
    }

    /// <summary>Instants, days and decimals; at most 64 bytes.</summary>
    static int Format(Column column, int row, Span<byte> to)
    {
        Span<char> chars = stackalloc char[64];
        int length;
        if (column.Type.Kind == TypeKind.Timestamp) Instant.TryFormat(((FixedColumn<long>)column).Values[row], chars, out length);
        else
        {
            var text = column.Type.Kind == TypeKind.Date
                ? Instant.FormatDate(((FixedColumn<int>)column).Values[row])
                : Value.FormatDecimal(((FixedColumn<Int128>)column).Values[row], column.Type.Scale);
            text.CopyTo(chars);
            length = text.Length;
        }
        System.Text.Encoding.ASCII.GetBytes(chars[..length], to);
        return length;
    }

    static readonly SearchValues<byte> Special = SearchValues.Create(",\"\r\n"u8);

    /// <summary>A field of CSV, quoted where it must be; nothing for null.</summary>
    public static void WriteCsv(ArrayBufferWriter<byte> to, Column column, int row, ArrayBufferWriter<byte> scratch)
    {
        if (column.IsNull(row)) return;
        switch (column)
        {
            case FixedColumn<byte> c: to.Write(c.Values[row] != 0 ? "true"u8 : "false"u8); break;
            case FixedColumn<int> c when column.Type.Kind == TypeKind.Int32: Number(to, c.Values[row]); break;
            case FixedColumn<long> c when column.Type.Kind == TypeKind.Int64: Number(to, c.Values[row]); break;
            case FixedColumn<float> c: if (float.IsFinite(c.Values[row])) Number(to, c.Values[row]); break;
            case FixedColumn<double> c: if (double.IsFinite(c.Values[row])) Number(to, c.Values[row]); break;
            case BytesColumn c when column.Type.Kind == TypeKind.Bytes:
                if (c[row].IsEmpty) { to.Write("\"\""u8); break; }
                Base64.EncodeToUtf8(c[row], to.GetSpan(Base64.GetMaxEncodedToUtf8Length(c[row].Length)), out _, out var written);
                to.Advance(written);
                break;
            case BytesColumn c: Quote(to, c[row]); break;
            case ListColumn:
                scratch.Clear();
                using (var json = new Utf8JsonWriter(scratch, JsonOptions)) WriteJson(json, column, row);
                Quote(to, scratch.WrittenSpan);
                break;
            default:
                to.Advance(Format(column, row, to.GetSpan(64)));
                break;
        }
    }

    static void Number<T>(ArrayBufferWriter<byte> to, T value) where T : IUtf8SpanFormattable
    {
        value.TryFormat(to.GetSpan(40), out var length, default, CultureInfo.InvariantCulture);
        to.Advance(length);
    }

    /// <summary>Text of CSV. Blanks at the ends are quoted too, because some readers strip them.</summary>
    public static void Quote(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty && !text.ContainsAny(Special) && text[0] != ' ' && text[^1] != ' ') { to.Write(text); return; }
        to.Write("\""u8);
        while (text.IndexOf((byte)'"') is >= 0 and var quote)
        {
            to.Write(text[..(quote + 1)]);
            to.Write("\""u8);
            text = text[(quote + 1)..];
        }
        to.Write(text);
        to.Write("\""u8);
    }
}
