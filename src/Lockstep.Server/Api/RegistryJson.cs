using System.Text.Json.Nodes;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Registry;

namespace Lockstep.Server.Api;

/// <summary>Objects of the registry as JSON: the same over HTTP and from the verbs with <c>--json</c>.</summary>
public static class RegistryJson
{
    public static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];

    public static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonNode> one) => [.. items.Select(one)];

    public static string Word<T>(T value) where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public static JsonObject Of(ObjectSummary item) => new()
    {
        ["kind"] = item.Kind,
        ["name"] = item.Name,
        ["version"] = item.Version.Length == 0 ? null : item.Version,
        ["state"] = Word(item.State),
        ["description"] = item.Description,
        ["owner"] = item.Owner,
        ["domain"] = item.Domain,
        ["tags"] = new JsonObject(item.Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
        ["entities"] = Texts(item.Entities),
        ["sources"] = Texts(item.Sources),
        ["features"] = Texts(item.Features),
        ["apply"] = item.Apply,
    };

    public static JsonObject Of(FeatureDescription feature) => new()
    {
        ["name"] = feature.Name,
        ["type"] = feature.Type,
        ["default"] = feature.Default,
        ["description"] = feature.Description,
        ["computed"] = feature.Computed,
    };

    public static JsonObject Of(RegistryApply apply) => new()
    {
        ["number"] = apply.Number,
        ["at"] = Instant.Format(apply.At),
        ["author"] = apply.Author,
        ["reason"] = apply.Reason,
        ["verb"] = Word(apply.Verb),
        ["restored"] = apply.Restored,
        ["changes"] = apply.Changes,
    };

    public static JsonObject Of(PropertyChange change) => new() { ["path"] = change.Path, ["old"] = change.Old, ["new"] = change.New };

    public static JsonObject Of(ObjectDescription item) => new()
    {
        ["object"] = Of(item.Object),
        ["fingerprint"] = item.Fingerprint,
        ["keys"] = List(item.Keys, Of),
        ["features"] = List(item.Features, Of),
        ["facts"] = List(item.Facts, f => new JsonObject { ["name"] = f.Name, ["value"] = f.Value }),
        ["reads"] = Texts(item.Reads),
        ["used_by"] = Texts(item.UsedBy),
        ["versions"] = Texts(item.Versions),
        ["last_change"] = Of(item.LastChange),
        ["definition"] = JsonNode.Parse(item.Definition),
    };

    public static JsonObject Of(ObjectLineage item) => new()
    {
        ["kind"] = item.Kind,
        ["name"] = item.Name,
        ["version"] = item.Version.Length == 0 ? null : item.Version,
        ["reads"] = List(item.Reads, n => Of(n, "reads")),
        ["used_by"] = List(item.UsedBy, n => Of(n, "used_by")),
    };

    static JsonObject Of(LineageNode node, string beyond) => new()
    {
        ["kind"] = node.Kind,
        ["name"] = node.Name,
        ["version"] = node.Version.Length == 0 ? null : node.Version,
        [beyond] = List(node.Beyond, n => Of(n, beyond)),
    };

    public static JsonObject Of(SearchHit hit) => new()
    {
        ["object"] = Of(hit.Object),
        ["features"] = Texts(hit.Features),
        ["matched"] = Texts(hit.Matched),
    };

    public static JsonObject Of(VersionDescription version) => new()
    {
        ["kind"] = version.Kind,
        ["version"] = version.Version.Length == 0 ? null : version.Version,
        ["state"] = Word(version.State),
        ["fingerprint"] = version.Fingerprint,
        ["used_by"] = Texts(version.UsedBy),
        ["revisions"] = List(version.Revisions, r => new JsonObject { ["apply"] = Of(r.Apply), ["state"] = Word(r.State), ["changes"] = List(r.Changes, Of) }),
    };
}
