using System.Globalization;

namespace Lockstep.Core.Rows;

/// <summary>Reads a value of a type from the text formats of the interfaces: what <see cref="Value.ToString"/> writes, except lists.</summary>
public static class ValueText
{
    /// <summary>
    /// False when the text is no value of the type, or one that does not fit it. Floats are rounded to the nearest; what is not
    /// finite is no value, and negative zero is zero (S3). Lists are read element by element by whoever knows how they are written.
    /// </summary>
    public static bool TryParse(string text, FeatureType type, out Value value)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(type);
        value = Value.Null;
        switch (type.Kind)
        {
            case TypeKind.Bool when text is "true" or "false":
                value = Value.Of(text == "true");
                break;
            case TypeKind.Int32 when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                value = Value.Of(number);
                break;
            case TypeKind.Int64 when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                value = Value.Of(number);
                break;
            case TypeKind.Float32 when IsNumber(text) && float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number):
                value = Value.Of(number == 0 ? 0f : number);
                break;
            case TypeKind.Float64 when IsNumber(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number):
                value = Value.Of(number == 0 ? 0d : number);
                break;
            case TypeKind.Decimal when Value.TryParseDecimal(text, type.Precision, type.Scale, out var unscaled):
                value = Value.Decimal(unscaled, type.Scale);
                break;
            case TypeKind.String:
                value = Value.Of(text);
                break;
            case TypeKind.Bytes:
                var bytes = new byte[text.Length];
                if (Convert.TryFromBase64String(text, bytes, out var written)) value = Value.Of(bytes[..written]);
                break;
            case TypeKind.Timestamp when Instant.TryParse(text, out var micros):
                value = Value.Timestamp(micros);
                break;
            case TypeKind.Date when Instant.TryParseDate(text, out var days):
                value = Value.Date(days);
                break;
            default:
                break;
        }
        return !value.IsNull;
    }

    // .NET also reads "Infinity", "NaN", blanks around and a currency-free "1," in some styles; a number here has digits only.
    static bool IsNumber(string text) => text.Length > 0 && text.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or '.' or 'e' or 'E');

    /// <summary>What such a text looks like, for messages.</summary>
    public static string Expected(FeatureType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Kind switch
        {
            TypeKind.Bool => "true or false",
            TypeKind.Int32 => "a whole number from -2147483648 to 2147483647",
            TypeKind.Int64 => "a whole number from -9223372036854775808 to 9223372036854775807",
            TypeKind.Float32 or TypeKind.Float64 => "a finite number",
            TypeKind.Decimal => $"a number with at most {type.Precision - type.Scale} digits before and {type.Scale} after the point",
            TypeKind.Bytes => "bytes in base64",
            TypeKind.Timestamp => "an instant like 2026-11-01T12:00:00Z",
            TypeKind.Date => "a date like 2026-11-01",
            TypeKind.List => $"a list of which each is {Expected(type.Element!)}",
            _ => "a text",
        };
    }
}
