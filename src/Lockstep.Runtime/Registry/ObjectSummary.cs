using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>One line of a list.</summary>
public sealed record ObjectSummary
{
    public required string Kind { get; init; }
    public required string Name { get; init; }

    /// <summary>Empty for entities and sources.</summary>
    public required string Version { get; init; }

    public required ObjectState State { get; init; }
    public string? Description { get; init; }
    public string? Owner { get; init; }
    public string? Domain { get; init; }
    public required IReadOnlyDictionary<string, string> Tags { get; init; }
    public required IReadOnlyList<string> Entities { get; init; }
    public required IReadOnlyList<string> Sources { get; init; }
    public required IReadOnlyList<string> Features { get; init; }

    /// <summary>Number of the apply that wrote it as it is.</summary>
    public required long Apply { get; init; }

    internal static ObjectSummary Of(RegisteredObject item) => new()
    {
        Kind = item.Record.Kind,
        Name = item.Key.Name,
        Version = item.Key.Version,
        State = item.State,
        Description = item.Definition.Metadata.Description,
        Owner = item.Definition.Metadata.Owner,
        Domain = item.Definition.Metadata.Domain,
        Tags = item.Definition.Metadata.Tags,
        Entities = item.Definition is FeatureView view ? view.Entities : [],
        Sources = item.View is { } bound ? [.. bound.Sources.Keys.Order(StringComparer.Ordinal)] : [],
        Features = item.View is { } features ? [.. features.Features.Fields.Select(f => f.Name)]
            : item.Definition is FeatureService service ? [.. service.Features.Select(f => f.ToString())] : [],
        Apply = item.Apply,
    };
}

/// <summary>Which objects to list; null lets all pass.</summary>
public sealed record ListFilter
{
    /// <summary>A kind (<c>value_view</c>) or a category (<c>view</c>), singular or plural.</summary>
    public string? Kind { get; init; }

    /// <summary>A tag's name, or <c>name=value</c>.</summary>
    public string? Tag { get; init; }

    public string? Owner { get; init; }
    public string? Domain { get; init; }
    public string? Entity { get; init; }
    public string? Source { get; init; }

    /// <summary>Retired and removed ones too.</summary>
    public bool All { get; init; }

    internal bool Passes(RegisteredObject item, ObjectSummary summary)
        => (All || item.IsActive)
        && (Kind is null || IsKind(item, Kind))
        && (Tag is null || HasTag(summary, Tag))
        && (Owner is null || summary.Owner == Owner)
        && (Domain is null || summary.Domain == Domain)
        && (Entity is null || summary.Entities.Contains(Entity) || (item.Key.Category == ObjectCategory.Entity && item.Key.Name == Entity))
        && (Source is null || summary.Sources.Contains(Source) || (item.Key.Category == ObjectCategory.Source && item.Key.Name == Source));

    internal static bool IsKind(RegisteredObject item, string kind)
    {
        var category = ObjectReference.Word(item.Key.Category);
        return item.Record.Kind == kind || category == kind || item.Record.Kind + "s" == kind || category + "s" == kind || (category == "entity" && kind == "entities");
    }

    internal static bool HasTag(ObjectSummary summary, string tag)
    {
        var at = tag.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? summary.Tags.ContainsKey(tag) : summary.Tags.TryGetValue(tag[..at], out var value) && value == tag[(at + 1)..];
    }
}
