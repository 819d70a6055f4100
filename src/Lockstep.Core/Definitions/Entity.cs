using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>Something that features describe, with the columns that name it.</summary>
public sealed record Entity : Definition
{
    public const string KindName = "entity";
    public override string Kind => KindName;

    /// <summary>Key columns in order; their types are of <see cref="FeatureType.IsKey"/>.</summary>
    public required IReadOnlyList<Field> JoinKeys { get; init; }
}
