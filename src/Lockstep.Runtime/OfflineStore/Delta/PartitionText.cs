using System.Globalization;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Brings partition values, which each writer spells its own way, into our text formats; the empty text is null, as the protocol says.</summary>
internal static class PartitionText
{
    public static string? Read(string? text, Field column)
    {
        if (string.IsNullOrEmpty(text)) return null;
        switch (column.Type.Kind)
        {
            case TypeKind.String:
                return text;
            case TypeKind.Bool when bool.TryParse(text, out var value):
                return value ? "true" : "false";
            case TypeKind.Int32 or TypeKind.Int64 when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value):
                return value.ToString(CultureInfo.InvariantCulture);
            case TypeKind.Float32 or TypeKind.Float64 when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value):
                return value.ToString("R", CultureInfo.InvariantCulture);
            case TypeKind.Decimal when Value.TryParseDecimal(text, column.Type.Precision, column.Type.Scale, out var value):
                return Value.FormatDecimal(value, column.Type.Scale);
            case TypeKind.Timestamp when Instant.TryParse(text, out var value):
                return Instant.Format(value);
            case TypeKind.Date when Instant.TryParseDate(text, out var value):
                return Instant.FormatDate(value);
            default:
                throw new JsonException($"the partition value '{text}' of column '{column.Name}' is not of its type {column.Type}");
        }
    }
}
