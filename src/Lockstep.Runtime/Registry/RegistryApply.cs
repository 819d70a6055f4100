namespace Lockstep.Runtime.Registry;

public enum ApplyVerb
{
    // Stored by name in registries: append only, never rename.
    Apply = 1,
    Rollback = 2,
    Retire = 3,
    Unretire = 4,

    /// <summary>The parameters of a transformation were learned.</summary>
    Fit = 5,
}

/// <summary>One line of the history: who changed the registry, when and why.</summary>
/// <param name="Number">From 1, without gaps.</param>
/// <param name="At">Microseconds since 1970.</param>
/// <param name="Restored">For a rollback the apply whose objects it brought back.</param>
/// <param name="Changes">How many objects it wrote.</param>
public sealed record RegistryApply(long Number, long At, string Author, string Reason, ApplyVerb Verb, long? Restored, int Changes);

/// <summary>What one transaction appends.</summary>
public sealed record ChangeSet
{
    /// <summary>The apply that these changes were made for; another one in between makes them stale.</summary>
    public required long Base { get; init; }

    /// <summary>The registry they were made for; empty for one that did not exist yet.</summary>
    public required string RegistryId { get; init; }

    public required long At { get; init; }
    public required string Author { get; init; }
    public string Reason { get; init; } = "";
    public ApplyVerb Verb { get; init; } = ApplyVerb.Apply;
    public long? Restored { get; init; }

    /// <summary>At least one, each key once.</summary>
    public required IReadOnlyList<ObjectRecord> Records { get; init; }
}
