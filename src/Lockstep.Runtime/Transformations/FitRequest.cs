using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Transformations;

/// <summary>What a fit learns from.</summary>
public sealed record FitRequest
{
    /// <summary>The transformation.</summary>
    public required string Name { get; init; }

    public required Spine Spine { get; init; }

    /// <summary>The spine as the caller named it, for the record.</summary>
    public required string SpineName { get; init; }

    /// <summary>Rows after this instant are left out, microseconds.</summary>
    public required long At { get; init; }

    /// <summary>The spine's timestamp column. Default: <c>event_timestamp</c>.</summary>
    public string? Timestamp { get; init; }

    /// <summary>Only what was known at each row's own instant (S8).</summary>
    public bool AsKnown { get; init; }
}

/// <summary>What was learned.</summary>
public sealed record FitReport
{
    public required Fit Fit { get; init; }

    /// <summary>The line in the history; null: an earlier fit learned the same, so nothing was registered.</summary>
    public RegistryApply? Apply { get; init; }

    /// <summary>Name and value, for people.</summary>
    public required IReadOnlyList<(string Name, string Value)> Parameters { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>View versions that go on using an earlier fit.</summary>
    public required IReadOnlyList<string> UseEarlier { get; init; }
}
