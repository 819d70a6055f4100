using Lockstep.Core.Definitions;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Intake;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Streaming.Readers;

namespace Lockstep.Runtime.Streaming;

/// <summary>What streams work with.</summary>
public sealed record StreamContext
{
    public required EventLogs Logs { get; init; }
    public required IOnlineStore Online { get; init; }
    public required TimeProvider Clock { get; init; }

    /// <summary>Where the ends of aggregation views are recorded (S25).</summary>
    public IRunStore? Runs { get; init; }

    /// <summary>Records the first end of an aggregation view over a table and a stream, where nobody has.</summary>
    public Func<ViewVersion, Catalog, CancellationToken, ValueTask>? RecordFirstEnd { get; init; }

    /// <summary>The reader of a source whose events come from outside; gives null for one whose events are pushed.</summary>
    public Func<SourceFeed, IStreamReader?>? Reader { get; init; }

    public EventLimits Limits { get; init; } = new();

    /// <summary>How long a push waits to be visible before it is answered that it is logged only. Default: 5 s.</summary>
    public TimeSpan VisibleWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Told of what people should know; by the name of the source.</summary>
    public Action<string, string>? Warn { get; init; }
}
