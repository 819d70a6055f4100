using System.Security.Cryptography;
using System.Text;
using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>Definitions as the records that a registry stores.</summary>
internal static class RecordTexts
{
    public static ObjectRecord Of(Entity entity) => Record(entity, BoundJson.Nothing, Fingerprint(entity));

    public static ObjectRecord Of(Source source, IReadOnlyList<Field>? inferred) => Record(source, BoundJson.Write(inferred), Fingerprint(source));

    public static ObjectRecord Of(ViewVersion view) => Record(view.View, BoundJson.Write(view), view.Fingerprint);

    public static ObjectRecord Of(TransformationVersion transformation) => Record(transformation.Transformation, BoundJson.Write(transformation), transformation.Fingerprint);

    public static ObjectRecord Of(LookupTableVersion table) => Record(table.Table, BoundJson.Write(table), table.Fingerprint);

    public static ObjectRecord Of(Fit fit) => Record(fit, BoundJson.Nothing, fit.Fingerprint);

    public static ObjectRecord Of(BoundService service) => Record(service.Written, BoundJson.Write(service.Service), service.Fingerprint);

    // Of an entity or source: over what it says without metadata. Those of views and services come from the binder, which knows what can change a value.
    static string Fingerprint(Definition definition)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(DefinitionJson.Write(definition with { Metadata = Metadata.None }))));

    /// <summary>
    /// Property by property: what authors wrote, here and in the sources of a view; columns that were read from the data; versions that a
    /// service was resolved to.
    /// </summary>
    public static IReadOnlyList<PropertyChange> Differences(ObjectRecord before, ObjectRecord after)
        => [.. JsonDiff.Compare(before.Definition, after.Definition), .. before.Key.Category == ObjectCategory.Service
            ? Pins(BoundJson.ReadPins(before.Bound), BoundJson.ReadPins(after.Bound))
            : JsonDiff.Compare(before.Bound, after.Bound).Select(c => Bound(before.Key.Category, c)).OfType<PropertyChange>()];

    // View by view: the first version that only one side reads against the first that only the other does, and so on.
    static IEnumerable<PropertyChange> Pins(IReadOnlyList<ObjectKey> before, IReadOnlyList<ObjectKey> after)
    {
        foreach (var view in before.Concat(after).Select(p => p.Name).Distinct())
        {
            var gone = before.Where(p => p.Name == view).Except(after).ToList();
            var came = after.Where(p => p.Name == view).Except(before).ToList();
            for (var i = 0; i < Math.Max(gone.Count, came.Count); i++)
                yield return new("reads", i < gone.Count ? gone[i].ToString() : null, i < came.Count ? came[i].ToString() : null);
        }
    }

    static PropertyChange? Bound(ObjectCategory category, PropertyChange change) => category switch
    {
        ObjectCategory.Source => change with { Path = $"{change.Path} (read from the data)" },
        // The rest of what is bound repeats the definition, but for the types of keys.
        ObjectCategory.View when change.Path.StartsWith("sources.", StringComparison.Ordinal) => change with { Path = "source " + change.Path["sources.".Length..] },
        ObjectCategory.View when change.Path.StartsWith("keys.", StringComparison.Ordinal) => change,
        ObjectCategory.View when change.Path.StartsWith("constants.", StringComparison.Ordinal) => change with { Path = "uses " + change.Path["constants.".Length..] },
        ObjectCategory.Transformation when change.Path.StartsWith("inputs.constants.", StringComparison.Ordinal) => change with { Path = "uses " + change.Path["inputs.constants.".Length..] },
        ObjectCategory.Transformation when change.Path.StartsWith("inputs.references.", StringComparison.Ordinal) => change with { Path = "reads " + change.Path["inputs.references.".Length..] },
        ObjectCategory.Table when change.Path == "content.hash" => new("content (read from the data)", change.Old?[..Math.Min(12, change.Old.Length)], change.New?[..Math.Min(12, change.New.Length)]), // as much as tells them apart
        ObjectCategory.Table when change.Path == "content.rows" => change with { Path = "rows (read from the data)" },
        _ => null,
    };

    static ObjectRecord Record(Definition definition, string bound, string fingerprint) => new()
    {
        Key = ObjectKey.Of(definition),
        State = ObjectState.Active,
        Kind = definition.Kind,
        Definition = DefinitionJson.Write(definition),
        Bound = bound,
        Fingerprint = fingerprint,
    };
}
