using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>
/// The JSON Schema by which editors complete and check definition files and <c>lockstep.yaml</c>. Made from the key tables that the
/// readers use, so it knows every key that they know. Draft 7, which all editors understand.
/// </summary>
public static class DefinitionSchema
{
    static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Json()
    {
        JsonObject kinds = [];
        JsonArray branches = [];
        foreach (var (kind, table) in DefinitionKeys.Kinds)
        {
            kinds[kind] = table.Schema();
            branches.Add(Branch(new() { ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["const"] = kind } }, ["required"] = new JsonArray("kind") }, kind));
        }
        kinds["project"] = SettingsKeys.Project.Schema();
        branches.Add(Branch(new() { ["required"] = new JsonArray("project") }, "project"));
        JsonObject schema = new()
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "Lockstep definitions and lockstep.yaml",
            ["type"] = "object",
            ["anyOf"] = new JsonArray(
                new JsonObject
                {
                    ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["enum"] = new JsonArray([.. DefinitionKeys.Kinds.Keys.Select(k => (JsonNode)k)]) } },
                    ["required"] = new JsonArray("kind"),
                },
                new JsonObject { ["required"] = new JsonArray("project") }),
            ["allOf"] = branches,
            ["definitions"] = kinds,
        };
        return schema.ToJsonString(Options).ReplaceLineEndings("\n") + "\n";
    }

    static JsonObject Branch(JsonObject condition, string definition)
        => new() { ["if"] = condition, ["then"] = new JsonObject { ["$ref"] = $"#/definitions/{definition}" } };
}
