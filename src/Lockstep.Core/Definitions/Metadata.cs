namespace Lockstep.Core.Definitions;

/// <summary>What people know of an object and no value depends on: never part of a fingerprint (S23).</summary>
public sealed record Metadata
{
    public static readonly Metadata None = new();

    public string? Description { get; init; }
    public string? Owner { get; init; }
    public string? Domain { get; init; }

    /// <summary>How fresh the values shall be, in microseconds; null when nobody promised.</summary>
    public long? FreshnessSla { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>Anything with a name in the registry.</summary>
public abstract record Definition
{
    public required string Name { get; init; }
    public Metadata Metadata { get; init; } = Metadata.None;

    /// <summary>Where it was written; not part of its meaning.</summary>
    public Location? Location { get; init; }

    /// <summary>The word behind <c>kind:</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Places of its parts, for messages.</summary>
    internal Places Places { get; init; } = Places.None;

    /// <summary>Problems were found while it was read: what can be told of it is here, and nothing more is reported of it.</summary>
    internal bool Incomplete { get; init; }

    /// <summary>The place of a value in it, or of the definition.</summary>
    internal Location? At(string path) => Places.Value(path) ?? Location;

    /// <summary>The place of a name in it, or of the definition.</summary>
    internal Location? KeyAt(string path) => Places.Key(path) ?? Location;
}
