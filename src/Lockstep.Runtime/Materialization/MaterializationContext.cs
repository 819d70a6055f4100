using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>What materialization works with.</summary>
public sealed record MaterializationContext
{
    public required ITrackedTables Tables { get; init; }

    /// <summary>Where the rows of SQL views are stored.</summary>
    public required OfflineViewStore Offline { get; init; }

    public required IBatchEngine Engine { get; init; }
    public required IOnlineStore Online { get; init; }
    public required IRunStore Runs { get; init; }
    public required TimeProvider Clock { get; init; }
    public required MaterializerOptions Options { get; init; }
}
