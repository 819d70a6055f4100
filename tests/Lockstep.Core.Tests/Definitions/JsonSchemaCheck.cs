using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>As much of JSON Schema (draft 7) as our schema uses; a word that it does not know is an error.</summary>
internal sealed class JsonSchemaCheck(JsonObject root)
{
    public List<string> Check(JsonNode? value) => Check(root, value, "$");

    List<string> Check(JsonObject schema, JsonNode? value, string at)
    {
        List<string> wrong = [];
        foreach (var (word, rule) in schema)
            switch (word)
            {
                case "$schema" or "title" or "description" or "definitions" or "examples" or "then": break;
                case "$ref": wrong.AddRange(Check((JsonObject)root["definitions"]![rule!.GetValue<string>()["#/definitions/".Length..]]!, value, at)); break;
                case "type":
                    if (!(rule is JsonArray types ? types.Select(t => t!.GetValue<string>()) : [rule!.GetValue<string>()]).Contains(Type(value)) && !(Type(value) == "integer" && rule.ToJsonString().Contains("number", StringComparison.Ordinal)))
                        wrong.Add($"{at} is {Type(value)}, not {rule!.ToJsonString()}");
                    break;
                case "const": if (!JsonNode.DeepEquals(rule, value)) wrong.Add($"{at} is not {rule}"); break;
                case "enum": if (!((JsonArray)rule!).Any(v => JsonNode.DeepEquals(v, value))) wrong.Add($"{at} is none of {rule!.ToJsonString()}"); break;
                case "pattern": if (value is JsonValue && Type(value) == "string" && !Regex.IsMatch(value.GetValue<string>(), rule!.GetValue<string>())) wrong.Add($"{at} '{value}' does not match {rule}"); break;
                case "anyOf": if (((JsonArray)rule!).All(s => Check((JsonObject)s!, value, at).Count > 0)) wrong.Add($"{at} fits nothing of anyOf"); break;
                case "allOf": foreach (var s in (JsonArray)rule!) wrong.AddRange(Check((JsonObject)s!, value, at)); break;
                case "if": if (Check((JsonObject)rule!, value, at).Count == 0) wrong.AddRange(Check((JsonObject)schema["then"]!, value, at)); break;
                case "items": if (value is JsonArray list) for (var i = 0; i < list.Count; i++) wrong.AddRange(Check((JsonObject)rule!, list[i], $"{at}[{i}]")); break;
                case "required": if (value is JsonObject o) wrong.AddRange(((JsonArray)rule!).Select(r => r!.GetValue<string>()).Where(r => !o.ContainsKey(r)).Select(r => $"{at} lacks {r}")); break;
                case "properties": if (value is JsonObject p) foreach (var (name, s) in (JsonObject)rule!) if (p.ContainsKey(name)) wrong.AddRange(Check((JsonObject)s!, p[name], $"{at}.{name}")); break;
                case "propertyNames": if (value is JsonObject n) foreach (var (name, _) in n) wrong.AddRange(Check((JsonObject)rule!, JsonValue.Create(name), $"{at}/{name}")); break;
                case "additionalProperties":
                    if (value is JsonObject more)
                        foreach (var (name, v) in more.Where(m => schema["properties"] is not JsonObject known || !known.ContainsKey(m.Key)))
                            if (rule is JsonObject s) wrong.AddRange(Check(s, v, $"{at}.{name}"));
                            else wrong.Add($"{at}.{name} is not known");
                    break;
                default: throw new NotSupportedException(word);
            }
        return wrong;
    }

    static string Type(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ when value.GetValueKind() == System.Text.Json.JsonValueKind.String => "string",
        _ when value.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
        _ => value.GetValue<double>() == Math.Floor(value.GetValue<double>()) ? "integer" : "number",
    };
}
