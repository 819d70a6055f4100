using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>A small table that expressions read by key: dimensions, embeddings. One row a key, no time.</summary>
public sealed record LookupTable : Definition
{
    public const string KindName = "lookup_table";
    public override string Kind => KindName;

    public SemanticVersion Version { get; init; } = SemanticVersion.Default;

    /// <summary>Key columns in order; their types are of <see cref="FeatureType.IsKey"/>.</summary>
    public required IReadOnlyList<Field> Key { get; init; }

    /// <summary>What can be looked up, in schema order.</summary>
    public required IReadOnlyList<ValueFeature> Columns { get; init; }

    /// <summary>A file, a pattern with <c>*</c> and <c>**</c>, or the folder of a Delta table; relative to the project folder.</summary>
    public required string Path { get; init; }

    public required TableFormat Format { get; init; }
}
