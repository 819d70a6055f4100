using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving.Json;

/// <summary>Writes single values as JSON text in UTF-8.</summary>
public static class JsonText
{
    /// <summary>For names and defaults: only what JSON demands is escaped.</summary>
    public static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly SearchValues<byte> Escaped = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    public static void Null(Utf8Buffer to) => to.Write("null"u8);

    public static void Bool(Utf8Buffer to, bool value) => to.Write(value ? "true"u8 : "false"u8);

    public static void Integer(Utf8Buffer to, long value)
    {
        Utf8Formatter.TryFormat(value, to.Room(20), out var written);
        to.Advance(written);
    }

    /// <summary>The shortest text that reads back to the same bits; null where JSON has no number.</summary>
    public static void Float64(Utf8Buffer to, double value)
    {
        if (!double.IsFinite(value)) { Null(to); return; }
        to.Advance(ShortestFloat.Write(to.Room(ShortestFloat.MaxLength), value));
    }

    public static void Float32(Utf8Buffer to, float value)
    {
        if (!float.IsFinite(value)) { Null(to); return; }
        to.Advance(ShortestFloat.Write(to.Room(ShortestFloat.MaxLength), value));
    }

    /// <summary>Text in quotes, with as little escaped as JSON allows; bytes that are no UTF-8 become U+FFFD.</summary>
    public static void String(Utf8Buffer to, ReadOnlySpan<byte> utf8)
    {
        if (!Ascii.IsValid(utf8) && !Utf8.IsValid(utf8)) utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
        to.Write((byte)'"');
        while (utf8.IndexOfAny(Escaped) is var at and >= 0)
        {
            to.Write(utf8[..at]);
            Escape(to, utf8[at]);
            utf8 = utf8[(at + 1)..];
        }
        to.Write(utf8);
        to.Write((byte)'"');
    }

    public static void Base64(Utf8Buffer to, ReadOnlySpan<byte> bytes)
    {
        to.Write((byte)'"');
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, to.Room(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out var written);
        to.Advance(written);
        to.Write((byte)'"');
    }

    /// <summary>All digits of the scale, in quotes: a JSON number would pass through a double at many a reader.</summary>
    public static void Decimal(Utf8Buffer to, Int128 unscaled, int scale)
    {
        var text = Value.FormatDecimal(unscaled, scale);
        to.Write((byte)'"');
        to.Advance(Encoding.ASCII.GetBytes(text, to.Room(text.Length)));
        to.Write((byte)'"');
    }

    public static void Date(Utf8Buffer to, int days)
    {
        to.Write((byte)'"');
        InstantText.Date(to, days);
        to.Write((byte)'"');
    }

    public static void Timestamp(Utf8Buffer to, long micros)
    {
        to.Write((byte)'"');
        InstantText.Instant(to, micros);
        to.Write((byte)'"');
    }

    static void Escape(Utf8Buffer to, byte value)
    {
        switch (value)
        {
            case (byte)'"': to.Write("\\\""u8); break;
            case (byte)'\\': to.Write("\\\\"u8); break;
            case (byte)'\n': to.Write("\\n"u8); break;
            case (byte)'\r': to.Write("\\r"u8); break;
            case (byte)'\t': to.Write("\\t"u8); break;
            default:
                to.Write("\\u00"u8);
                to.Write((byte)('0' + (value >> 4)));
                to.Write((byte)((value & 15) is var low && low < 10 ? '0' + low : 'a' + low - 10));
                break;
        }
    }
}
