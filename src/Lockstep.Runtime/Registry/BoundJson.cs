using System.Text.Json.Nodes;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>What an apply finds out about an object, as JSON: it is stored with the definition, so that a catalog loads without looking at any data.</summary>
internal static class BoundJson
{
    public const string Nothing = "{}";

    public static string Write(ViewVersion view) => DefinitionJson.Write(view);

    /// <summary>Columns that were read from the data; null where the author declared them or there were no data.</summary>
    public static string Write(IReadOnlyList<Field>? columns) => columns is null ? Nothing : new JsonObject
    {
        ["columns"] = new JsonArray([.. columns.Select(f => new JsonObject { ["name"] = f.Name, ["type"] = f.Type.ToString() })]),
    }.ToJsonString();

    /// <summary>The version that each selection of a service was resolved to, in order: <c>weather@1.0.0</c>.</summary>
    public static string Write(FeatureService exact)
        => new JsonObject { ["pins"] = new JsonArray([.. exact.Features.Select(f => JsonValue.Create(f.View + f.Version))]) }.ToJsonString();

    public static ViewVersion ReadView(ObjectRecord record) => DefinitionJson.ReadViewVersion(record.Bound) with { Retired = record.State == ObjectState.Retired };

    public static IReadOnlyList<Field>? ReadColumns(string bound) => JsonNode.Parse(bound)!["columns"] is { } columns
        ? [.. columns.AsArray().Select(f => new Field(f!["name"]!.GetValue<string>(), FeatureType.Parse(f["type"]!.GetValue<string>())))]
        : null;

    public static IReadOnlyList<ObjectKey> ReadPins(string bound)
    {
        List<ObjectKey> pins = [];
        foreach (var pin in JsonNode.Parse(bound)!["pins"]!.AsArray()) pins.Add(ViewOf(pin!.GetValue<string>()));
        return pins;
    }

    /// <summary>The view versions that an on-demand view reads, each once.</summary>
    public static IEnumerable<ObjectKey> ReadsOf(ViewVersion view) => view.References.Values.Distinct(StringComparer.Ordinal).Select(ViewOf);

    static ObjectKey ViewOf(string id) => id.LastIndexOf('@') is var at ? new(ObjectCategory.View, id[..at], id[(at + 1)..]) : default;
}
