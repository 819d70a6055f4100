using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>
/// The type that a value written as text would have if nothing is declared. Only what is certain: <c>007</c> and <c>+1</c> are text because
/// a number would lose the zeros and the sign, and so is a whole number beyond int64.
/// </summary>
static class TextTypes
{
    public static FeatureType Of(ReadOnlySpan<byte> field, bool quoted)
    {
        if (quoted && field.IsEmpty) return FeatureType.String;
        if (field.SequenceEqual("true"u8) || field.SequenceEqual("false"u8)) return FeatureType.Bool;
        return Number(field) ?? Time(field) ?? FeatureType.String;
    }

    /// <summary>The type of a JSON value, and whether a column can have it; the reader is left at the value's end.</summary>
    public static (FeatureType? Type, bool Usable) Of(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: return (null, true);
            case JsonTokenType.True or JsonTokenType.False: return (FeatureType.Bool, true);
            case JsonTokenType.Number: return (Number(reader.ValueSpan) ?? FeatureType.String, true);
            case JsonTokenType.String: return (Time(reader.ValueSpan) ?? FeatureType.String, true);
            case JsonTokenType.StartArray:
                FeatureType? element = null;
                var usable = true;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var (type, fits) = Of(ref reader);
                    usable &= fits;
                    element = Wider(element, type);
                }
                return (element is null ? null : FeatureType.List(element), usable);
            default:
                reader.Skip();
                return (null, false);
        }
    }

    /// <summary>The narrowest type that both have; text where there is none.</summary>
    public static FeatureType? Wider(FeatureType? a, FeatureType? b)
    {
        if (a is null || b is null || a == b) return a ?? b;
        if (a.IsNumeric && b.IsNumeric) return FeatureType.Float64;
        if ((a.Kind, b.Kind) is (TypeKind.Date, TypeKind.Timestamp) or (TypeKind.Timestamp, TypeKind.Date)) return FeatureType.Timestamp;
        if (a.Kind == TypeKind.List && b.Kind == TypeKind.List) return FeatureType.List(Wider(a.Element, b.Element)!);
        return FeatureType.String;
    }

    static FeatureType? Number(ReadOnlySpan<byte> text)
    {
        var digits = text.StartsWith("-"u8) ? text[1..] : text;
        if (NumberText.IsNonFinite(text)) return FeatureType.Float64;
        if (digits.IsEmpty || !char.IsAsciiDigit((char)digits[0]) && digits[0] != '.') return null;
        if (digits.Length > 1 && digits[0] == '0' && char.IsAsciiDigit((char)digits[1])) return null;
        if (!digits.ContainsAny(".eE"u8)) return Utf8Parser.TryParse(text, out long _, out var read) && read == text.Length ? FeatureType.Int64 : null;
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) ? FeatureType.Float64 : null;
    }

    static FeatureType? Time(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 10 or > 40 || !Ascii.IsValid(text)) return null;
        Span<char> chars = stackalloc char[40];
        Ascii.ToUtf16(text, chars, out var length);
        return Instant.TryParseDate(chars[..length], out _) ? FeatureType.Date
            : Instant.TryParse(chars[..length], out _) ? FeatureType.Timestamp : null;
    }
}
