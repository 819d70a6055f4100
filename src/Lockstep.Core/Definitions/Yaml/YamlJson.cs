using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>What YAML and JSON both can say, as JSON. A scalar without quotes is what it looks like.</summary>
static class YamlJson
{
    public static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonNode? Of(YamlNode node)
    {
        switch (node)
        {
            case YamlMap map:
                JsonObject entries = [];
                foreach (var (key, value) in map.Entries) entries[key.Text] = Of(value);
                return entries;
            case YamlList list:
                return new JsonArray([.. list.Items.Select(Of)]);
            case YamlScalar { Plain: true } plain when plain.IsNull: return null;
            case YamlScalar { Plain: true, Text: "true" or "false" or [>= '0' and <= '9' or '-', ..] } plain: return TryParse(plain.Text) ?? JsonValue.Create(plain.Text);
            default: return JsonValue.Create(((YamlScalar)node).Text);
        }
    }

    /// <summary>A text that holds JSON counts as that JSON.</summary>
    public static JsonNode? Parsed(YamlNode node) => node is YamlScalar { Text: var text } ? TryParse(text) ?? JsonValue.Create(text) : Of(node);

    static JsonNode? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
