using System.Globalization;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>A value with its kind: <c>{"float64":"0.5"}</c>. Texts, so that no reader of JSON can round a number.</summary>
internal static class ValueJson
{
    public static void Write(Utf8JsonWriter json, Value value)
    {
        json.WriteStartObject();
        if (value.Kind == TypeKind.List)
        {
            json.WriteStartArray("list");
            foreach (var element in value.AsList) Write(json, element);
            json.WriteEndArray();
        }
        else if (value.Kind == TypeKind.Decimal) json.WriteString(string.Create(CultureInfo.InvariantCulture, $"decimal({value.DecimalScale})"), value.ToString());
        else json.WriteString(Word(value.Kind), value.ToString());
        json.WriteEndObject();
    }

    public static Value Read(JsonElement json)
    {
        var property = json.EnumerateObject().Single();
        if (property.Name == "list") return Value.List([.. property.Value.EnumerateArray().Select(Read)]);
        var text = property.Value.GetString()!;
        if (property.Name.StartsWith("decimal(", StringComparison.Ordinal))
        {
            var scale = int.Parse(property.Name.AsSpan(8, property.Name.Length - 9), NumberStyles.None, CultureInfo.InvariantCulture);
            return Value.TryParseDecimal(text, FeatureType.MaxPrecision, scale, out var unscaled) ? Value.Decimal(unscaled, scale) : throw new FormatException($"'{text}' is not a decimal.");
        }
        return ValueText.TryParse(text, FeatureType.Parse(property.Name), out var value) ? value : throw new FormatException($"'{text}' is not of type {property.Name}.");
    }

    static string Word(TypeKind kind) => kind.ToString().ToLowerInvariant();
}
