using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>What an apply finds out about an object, as JSON: it is stored with the definition, so that a catalog loads without looking at any data.</summary>
internal static class BoundJson
{
    public const string Nothing = "{}";

    public static string Write(ViewVersion view) => DefinitionJson.Write(view);

    public static string Write(TransformationVersion transformation) => new JsonObject
    {
        ["meaning"] = transformation.Meaning,
        ["inputs"] = JsonNode.Parse(DefinitionJson.Write(transformation.Inputs)),
    }.ToJsonString(Plain);

    public static string Write(LookupTableVersion table) => new JsonObject
    {
        ["meaning"] = table.Meaning,
        ["content"] = new JsonObject { ["hash"] = table.Content.Hash, ["rows"] = table.Content.Rows, ["bytes"] = table.Content.Bytes, ["rows_without_key"] = table.Content.RowsWithoutKey },
    }.ToJsonString(Plain);

    public static TransformationVersion ReadTransformation(ObjectRecord record)
    {
        var bound = JsonNode.Parse(record.Bound)!;
        return new()
        {
            Transformation = (Transformation)DefinitionJson.Read(record.Definition),
            Fingerprint = record.Fingerprint,
            Meaning = bound["meaning"]!.GetValue<string>(),
            Inputs = DefinitionJson.ReadViewVersion(bound["inputs"]!.ToJsonString(Plain)),
            Retired = record.State == ObjectState.Retired,
        };
    }

    public static LookupTableVersion ReadTable(ObjectRecord record)
    {
        var bound = JsonNode.Parse(record.Bound)!;
        var content = bound["content"]!;
        return new()
        {
            Table = (LookupTable)DefinitionJson.Read(record.Definition),
            Fingerprint = record.Fingerprint,
            Meaning = bound["meaning"]!.GetValue<string>(),
            Content = new(content["hash"]!.GetValue<string>(), content["rows"]!.GetValue<long>(), content["bytes"]!.GetValue<long>(), content["rows_without_key"]!.GetValue<long>()),
            Retired = record.State == ObjectState.Retired,
        };
    }

    static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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

    /// <summary>The fits and lookup tables that a view uses, each once.</summary>
    public static IEnumerable<ObjectKey> ConstantsOf(ViewVersion view) => view.Constants.Values.Distinct(StringComparer.Ordinal).Select(ObjectKey.OfPin).OfType<ObjectKey>();

    static ObjectKey ViewOf(string id) => id.LastIndexOf('@') is var at ? new(ObjectCategory.View, id[..at], id[(at + 1)..]) : default;
}
