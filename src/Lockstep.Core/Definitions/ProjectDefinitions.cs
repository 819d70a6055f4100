namespace Lockstep.Core.Definitions;

/// <summary>Everything that a project's files, or its C# code, define. Order is that of the files.</summary>
public sealed record ProjectDefinitions
{
    public IReadOnlyList<Entity> Entities { get; init; } = [];
    public IReadOnlyList<Source> Sources { get; init; } = [];
    public IReadOnlyList<FeatureView> Views { get; init; } = [];
    public IReadOnlyList<Transformation> Transformations { get; init; } = [];
    public IReadOnlyList<LookupTable> LookupTables { get; init; } = [];
    public IReadOnlyList<FeatureService> Services { get; init; } = [];

    /// <summary>Names of definitions that could not be read at all: references to them are not reported again.</summary>
    internal IReadOnlySet<string> Unreadable { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    internal IEnumerable<Definition> All => [.. Entities, .. Sources, .. LookupTables, .. Transformations, .. Views, .. Services];
}
