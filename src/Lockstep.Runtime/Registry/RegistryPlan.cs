using System.Text.Json.Serialization;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

public enum ChangeAction
{
    // Written by name into saved plans: append only, never rename.
    /// <summary>A name that is not registered.</summary>
    Create = 1,

    /// <summary>A version beside registered ones (S24).</summary>
    NewVersion = 2,

    /// <summary>Registered before, then removed; back with the same meaning.</summary>
    Restore = 3,

    /// <summary>Other properties under the same meaning, or a changed entity or source.</summary>
    Update = 4,

    /// <summary>Not in the definitions any more.</summary>
    Remove = 5,
}

public enum Recompute
{
    // Written by name into saved plans: append only, never rename.
    None = 0,
    Full = 1,

    /// <summary>What another version keeps is copied; what has changed since its last run is computed.</summary>
    Copy = 2,
}

/// <summary>One object that an apply would change: how, why, and what follows from it.</summary>
public sealed record PlannedChange
{
    public required ChangeAction Action { get; init; }

    /// <summary>What would be written; everything but its state is as registered when it is removed.</summary>
    public required ObjectRecord After { get; init; }

    /// <summary>Fingerprint that is registered now; null: none.</summary>
    public string? FingerprintBefore { get; init; }

    /// <summary>What differs from what is registered, or for a new version from the newest one before it.</summary>
    public IReadOnlyList<PropertyChange> Properties { get; init; } = [];

    /// <summary>For a new version, the one that <see cref="Properties"/> compares with.</summary>
    public string? ComparedWith { get; init; }

    public Recompute Recompute { get; init; }

    /// <summary>Why it is recomputed, or why not; empty where there is nothing to say.</summary>
    public string RecomputeReason { get; init; } = "";

    /// <summary>Who reads it after the apply, or for a removal before it: <c>service late_flight@1 (model late_flight_gbm)</c>.</summary>
    public IReadOnlyList<string> UsedBy { get; init; } = [];

    [JsonIgnore] public ObjectKey Key => After.Key;
}

/// <summary>
/// What an apply would do to the registry as of <see cref="Base"/>. It holds everything that is written, so it can be saved, read by
/// people and applied later without the files; when the registry has moved on it is stale.
/// </summary>
public sealed record RegistryPlan
{
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>Number of the apply that it was made for.</summary>
    public required long Base { get; init; }

    public required string RegistryId { get; init; }

    /// <summary>By category, name and version.</summary>
    public required IReadOnlyList<PlannedChange> Changes { get; init; }

    public int Unchanged { get; init; }

    /// <summary>Versions that the definitions no longer hold and that stay registered and served (S24).</summary>
    public IReadOnlyList<string> Kept { get; init; } = [];

    /// <summary>Why it cannot be applied: a changed meaning under an unchanged version (S23), something removed that is in use.</summary>
    public IReadOnlyList<Problem> Refusals { get; init; } = [];

    /// <summary>What the author should know and nothing prevents.</summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];

    [JsonIgnore] public bool IsEmpty => Changes.Count == 0 && Refusals.Count == 0;

    /// <summary>Ends the verb with <see cref="ErrorKind.Conflict"/> when something is refused.</summary>
    public void ThrowIfRefused()
    {
        if (Refusals.Count > 0) throw new LockstepException(ErrorKind.Conflict, Refusals);
    }
}
