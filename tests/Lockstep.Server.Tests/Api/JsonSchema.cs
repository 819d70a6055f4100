using System.Text.Json.Nodes;

namespace Lockstep.Server.Tests.Api;

/// <summary>Holds JSON against the part of JSON Schema that openapi.json uses; a keyword that is not known here fails.</summary>
sealed class JsonSchema(JsonNode document)
{
    static readonly HashSet<string> Ignored = ["description", "default", "example", "examples"];

    /// <summary>What is wrong, each with its place; nothing when all is right.</summary>
    public List<string> Check(JsonNode schema, JsonNode? value)
    {
        List<string> wrong = [];
        Check(schema, value, "$", wrong);
        return wrong;
    }

    public JsonNode Resolve(string reference)
        => reference.Split('/').Skip(1).Aggregate(document, (node, step) => node[step.Replace("~1", "/", StringComparison.Ordinal)] ?? throw new KeyNotFoundException(reference));

    void Check(JsonNode schema, JsonNode? value, string at, List<string> wrong)
    {
        foreach (var (keyword, rule) in schema.AsObject())
            switch (keyword)
            {
                case "$ref": Check(Resolve((string)rule!), value, at, wrong); break;
                case "type":
                    var types = rule is JsonArray several ? several.Select(t => (string)t!).ToList() : [(string)rule!];
                    if (!types.Any(t => Is(t, value))) wrong.Add($"{at} is {value?.ToJsonString() ?? "null"}, not {string.Join(" or ", types)}");
                    break;
                case "enum": if (!rule!.AsArray().Any(v => (string?)v == (string?)value)) wrong.Add($"{at} is {value}, which is not listed"); break;
                case "format":
                    if (value is not null && (string)rule! == "date-time" && !Core.Rows.Instant.TryParse((string)value!, out _)) wrong.Add($"{at} is {value}, no instant");
                    break;
                case "required":
                    if (value is JsonObject given) wrong.AddRange(rule!.AsArray().Where(n => !given.ContainsKey((string)n!)).Select(n => $"{at} lacks {n}"));
                    break;
                case "properties":
                    if (value is JsonObject map)
                        foreach (var (name, member) in map)
                            if (rule![name] is { } known) Check(known, member, $"{at}.{name}", wrong);
                    break;
                case "additionalProperties":
                    if (value is JsonObject all)
                        foreach (var (name, member) in all.Where(m => schema["properties"]?[m.Key] is null))
                            if (rule is JsonObject one) Check(one, member, $"{at}.{name}", wrong);
                            else wrong.Add($"{at} has {name}, which is not described");
                    break;
                case "items":
                    if (value is JsonArray list)
                        for (var i = 0; i < list.Count; i++) Check(rule!, list[i], $"{at}[{i}]", wrong);
                    break;
                case "anyOf": if (rule!.AsArray().All(one => Check(one!, value).Count > 0)) wrong.Add($"{at} is none of several"); break;
                default: if (!Ignored.Contains(keyword)) wrong.Add($"{at}: the schema has '{keyword}', which this check does not know"); break;
            }
    }

    static bool Is(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == System.Text.Json.JsonValueKind.String,
        "boolean" => value?.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        "integer" => value?.GetValueKind() == System.Text.Json.JsonValueKind.Number && long.TryParse(value.ToJsonString(), out _),
        "number" => value?.GetValueKind() == System.Text.Json.JsonValueKind.Number,
        _ => false,
    };
}
