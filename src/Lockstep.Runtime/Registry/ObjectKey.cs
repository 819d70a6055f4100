using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>What shares one space of names: a source and a view may both be called <c>weather</c>, a value view and an aggregation view may not.</summary>
public enum ObjectCategory
{
    // Stored by name in registries: append only, never rename.
    Entity = 1,
    Source = 2,
    View = 3,
    Service = 4,
    Transformation = 5,

    /// <summary>A lookup table.</summary>
    Table = 6,

    /// <summary>What a transformation learned once; its version is the number of the fit.</summary>
    Fit = 7,
}

public enum ObjectState
{
    // Stored by name in registries: append only, never rename.
    Active = 1,

    /// <summary>Known, not served any more (S24); by <c>retire</c> only.</summary>
    Retired = 2,

    /// <summary>Gone from the definitions. Its name, version and meaning stay taken.</summary>
    Removed = 3,
}

/// <summary>What a registry tells objects apart by. Entities and sources have no version (the text is empty).</summary>
public readonly record struct ObjectKey(ObjectCategory Category, string Name, string Version) : IComparable<ObjectKey>
{
    public static ObjectKey Of(Definition definition) => definition switch
    {
        Entity => new(ObjectCategory.Entity, definition.Name, ""),
        Source => new(ObjectCategory.Source, definition.Name, ""),
        FeatureView view => new(ObjectCategory.View, view.Name, view.Version.ToString()),
        Transformation transformation => new(ObjectCategory.Transformation, transformation.Name, transformation.Version.ToString()),
        LookupTable table => new(ObjectCategory.Table, table.Name, table.Version.ToString()),
        Fit fit => new(ObjectCategory.Fit, fit.Name, fit.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        FeatureService service => new(ObjectCategory.Service, service.Name, service.Version.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        _ => throw new ArgumentException($"A {definition?.GetType().Name} has no place in a registry.", nameof(definition)),
    };

    /// <summary>A key by the way in which views pin it: <c>table/airports@1.0.0</c>. Null: it is of no registry.</summary>
    internal static ObjectKey? OfPin(string pin)
    {
        var (slash, at) = (pin.IndexOf('/', StringComparison.Ordinal), pin.LastIndexOf('@'));
        return slash > 0 && at > slash && Enum.TryParse<ObjectCategory>(pin[..slash], ignoreCase: true, out var category) && Enum.IsDefined(category)
            ? new(category, pin[(slash + 1)..at], pin[(at + 1)..]) : null;
    }

    /// <summary>All but entities and sources have versions; each version keeps one meaning for ever.</summary>
    public bool IsVersioned => Category is not (ObjectCategory.Entity or ObjectCategory.Source);

    // In the order in which objects depend on each other.
    int Rank => Category switch
    {
        ObjectCategory.Table => 21,
        ObjectCategory.Transformation => 22,
        ObjectCategory.Fit => 23,
        var category => (int)category * 10,
    };

    /// <summary>By category, name, and version as numbers.</summary>
    public int CompareTo(ObjectKey other)
    {
        if (Rank.CompareTo(other.Rank) is var category and not 0) return category;
        if (string.CompareOrdinal(Name, other.Name) is var name and not 0) return name;
        return VersionOf(Version).CompareTo(VersionOf(other.Version));
    }

    public static bool operator <(ObjectKey left, ObjectKey right) => left.CompareTo(right) < 0;
    public static bool operator >(ObjectKey left, ObjectKey right) => left.CompareTo(right) > 0;
    public static bool operator <=(ObjectKey left, ObjectKey right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ObjectKey left, ObjectKey right) => left.CompareTo(right) >= 0;

    /// <summary><c>weather@1.0.0</c>, or the name alone where there is no version.</summary>
    public override string ToString() => Version is { Length: > 0 } ? $"{Name}@{Version}" : Name;

    static SemanticVersion VersionOf(string text) => SemanticVersion.TryParse(text, out var version) ? version : default;
}
