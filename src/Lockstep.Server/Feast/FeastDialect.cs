using System.Globalization;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Server.Feast;

/// <summary>
/// Values as Feast's Python server writes them: timestamps are whole seconds since 1970 (the format has no finer ones; rounded down, S1),
/// a float32 is widened, and a double keeps a point so that Python reads it as a float.
/// </summary>
readonly struct FeastDialect : IJsonDialect
{
    public static void Timestamp(Utf8Buffer to, long micros) => JsonText.Integer(to, Instant.Floor(micros, Instant.Second) / Instant.Second);

    public static void Float32(Utf8Buffer to, float value) => Float64(to, value);

    public static void Float64(Utf8Buffer to, double value)
    {
        var start = to.Count;
        JsonText.Float64(to, value);
        if (double.IsFinite(value) && to.Written[start..].IndexOfAny((byte)'.', (byte)'E', (byte)'e') < 0) to.Write(".0"u8);
    }

    /// <summary>Event timestamps: RFC 3339 with 0, 3 or 6 digits of the second, as protobuf's JSON has them.</summary>
    public static void EventTimestamp(Utf8Buffer to, long micros)
    {
        to.Write((byte)'"');
        InstantText.Instant(to, micros);
        var fraction = micros - Instant.Floor(micros, Instant.Second);
        if (fraction != 0)
        {
            // Instant writes no zeros at the end: put back those up to three or six digits.
            to.Truncate(to.Count - 1);
            var digits = fraction % 1_000 == 0 ? 3 : 6;
            var written = to.Count - 1 - to.Written.LastIndexOf((byte)'.');
            for (; written < digits; written++) to.Write((byte)'0');
            to.Write((byte)'Z');
        }
        to.Write((byte)'"');
    }

    /// <summary>A key as it was understood: encoded as <see cref="KeyParts"/>.</summary>
    public static void Key(Utf8Buffer to, ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty) { JsonText.Null(to); return; }
        switch ((TypeKind)part[0])
        {
            case TypeKind.Bool: JsonText.Bool(to, KeyParts.Integer(part) != 0); break;
            case TypeKind.Int32 or TypeKind.Int64: JsonText.Integer(to, KeyParts.Integer(part)); break;
            case TypeKind.String: JsonText.String(to, KeyParts.Bytes(part)); break;
            case TypeKind.Bytes: JsonText.Base64(to, KeyParts.Bytes(part)); break;
            default: throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture, $"Type {part[0]} in a key."));
        }
    }
}
