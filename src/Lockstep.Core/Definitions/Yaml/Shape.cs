using System.Text.Json.Nodes;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>What may stand behind a key: in words for messages, and as JSON Schema for editors.</summary>
internal sealed record Shape(string Expected, Func<JsonNode> Schema)
{
    public static readonly Shape Text = new("a text", () => Type("string"));
    public static readonly Shape Name = new("a name", () => new JsonObject { ["type"] = "string", ["pattern"] = Names.Pattern });
    public static readonly Shape Word = new("a text", () => Type("string", "number", "boolean"));
    public static readonly Shape Flag = new("true or false", () => Type("boolean"));
    public static readonly Shape Integer = new("a whole number", () => Type("integer"));
    public static readonly Shape Number = new("a number", () => Type("number"));
    public static readonly Shape Share = new("a share above 0 and at most 1, like 0.99", () => Type("number"));
    public static readonly Shape Default = new("a value of the feature's type", () => Type("string", "number", "boolean", "array"));
    public static readonly Shape Instant = new("an instant like 2026-11-01 or 2026-11-01T12:00:00Z", () => Type("string"));
    public static readonly Shape Version = new("a version like 1.0.0", () => Any(new JsonObject { ["type"] = "string", ["pattern"] = @"^\d+(\.\d+(\.\d+)?)?$" }, Type("number")));
    public static readonly Shape Duration = new(Definitions.Duration.Known, () => new JsonObject { ["type"] = "string", ["pattern"] = @"^\d+ ?(us|ms|s|m|h|d|w)$" });
    public static readonly Shape FeatureType = new("a type", () => new JsonObject { ["type"] = "string", ["pattern"] = TypePattern, ["examples"] = Strings(Rows.FeatureType.SimpleNames) });
    public static readonly Shape Formula = new("an expression after '='", () => new JsonObject { ["type"] = "string", ["pattern"] = @"^\s*=" });
    public static readonly Shape AvroSchema = new("an Avro schema", () => Type("string", "object"));
    public static readonly Shape KeyType = new("a type", () => new JsonObject { ["enum"] = Strings(["string", "int32", "int64", "bytes", "bool"]) });

    const string TypePattern = @"^(list<)*(bool|int32|int64|float32|float64|string|bytes|timestamp|date|decimal\(\s*\d+\s*,\s*\d+\s*\))>*$";

    public static Shape Const(string value) => new($"'{value}'", () => new JsonObject { ["const"] = value });
    public static Shape OneOf(params string[] values) => new($"one of {string.Join(", ", values)}", () => new JsonObject { ["enum"] = Strings(values) });
    public static Shape ListOf(Shape item) => new($"a list of which each is {item.Expected}", () => new JsonObject { ["type"] = "array", ["items"] = item.Schema() });
    public static Shape MapOf(string expected, Shape value) => new(expected, () => new JsonObject { ["type"] = "object", ["additionalProperties"] = value.Schema() });
    public static Shape Either(string expected, params Shape[] shapes) => new(expected, () => Any([.. shapes.Select(s => s.Schema())]));
    public static Shape Object(KeyTable table) => new(table.Expected, table.Schema);

    static JsonObject Type(params string[] types) => new() { ["type"] = types.Length == 1 ? types[0] : Strings(types) };
    static JsonObject Any(params JsonNode[] schemas) => new() { ["anyOf"] = new JsonArray(schemas) };
    static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode)v)]);
}

/// <summary>A key that a mapping may have.</summary>
internal sealed record Key(string Name, Shape Shape, string Doc, bool Required = false);

/// <summary>The keys of one kind of mapping. The readers check against it and the JSON Schema is made from it: there is no second list.</summary>
internal sealed class KeyTable(string expected, params Key[] keys)
{
    readonly Dictionary<string, Key> _byName = keys.ToDictionary(k => k.Name, StringComparer.Ordinal);

    /// <summary>An example in words for messages.</summary>
    public string Expected { get; } = expected;

    public IReadOnlyList<Key> Keys { get; } = keys;

    /// <summary>Keys of which one is given, and in whose place may stand one that a program has registered: editors cannot know it. Empty: there are none.</summary>
    public IReadOnlyList<string> Registered { get; init; } = [];

    public IEnumerable<string> Names => Keys.Select(k => k.Name);
    public bool Knows(string name) => _byName.ContainsKey(name);

    /// <summary>A reader that asks for a key which the table lacks is a mistake of ours.</summary>
    public Key Get(string name) => _byName.TryGetValue(name, out var key) ? key : throw new InvalidOperationException($"The key table has no '{name}'.");

    public JsonObject Schema()
    {
        JsonObject properties = [];
        foreach (var key in Keys)
        {
            var schema = key.Shape.Schema();
            schema["description"] = key.Doc;
            properties[key.Name] = schema;
        }
        JsonObject result = new() { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (Registered.Count > 0)
        {
            result["additionalProperties"] = new JsonObject { ["type"] = "string", ["description"] = "A function that your program registers." };
            result["if"] = new JsonObject { ["anyOf"] = new JsonArray([.. Registered.Select(name => (JsonNode)new JsonObject { ["required"] = new JsonArray(name) })]) };
            result["then"] = new JsonObject { ["propertyNames"] = new JsonObject { ["enum"] = new JsonArray([.. Names.Select(n => (JsonNode)n)]) } };
        }
        if (Keys.Any(k => k.Required)) result["required"] = new JsonArray([.. Keys.Where(k => k.Required).Select(k => (JsonNode)k.Name)]);
        return result;
    }
}
