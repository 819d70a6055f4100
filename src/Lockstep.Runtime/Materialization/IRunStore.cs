using Lockstep.Core.Expectations;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>What is known of every run: intervals, what each has read, how it ended. Durable when a call returns.</summary>
public interface IRunStore : IAsyncDisposable
{
    /// <summary>Records a run that begins, and any of the same view and store that is still recorded as running as abandoned. Returns its number.</summary>
    ValueTask<long> BeginAsync(RunStart start, CancellationToken token);

    /// <summary>Records what the run is about to read. Before it writes anything of that (S7).</summary>
    ValueTask AddReadAsync(long run, TableState state, CancellationToken token);

    ValueTask EndAsync(long run, RunEnd end, CancellationToken token);

    /// <summary>The run with this token; null: it is not recorded here, or what it read is not kept any more.</summary>
    ValueTask<RecordedRun?> FindAsync(string view, string store, Guid token, CancellationToken cancellation);

    /// <summary>Runs of a view over a store from a number on, oldest first, with what they read.</summary>
    ValueTask<IReadOnlyList<RecordedRun>> FromAsync(string view, string store, long run, CancellationToken token);

    /// <summary>The last runs, newest first, of one view or all, without what they read.</summary>
    ValueTask<IReadOnlyList<RecordedRun>> ListAsync(string? view, int limit, CancellationToken token);

    /// <summary>The version of a SQL view's own table as of its last finished run; null: none has finished. What training reads.</summary>
    ValueTask<long?> StoredVersionAsync(string view, CancellationToken token);

    /// <summary>Records an end of a view's table (S25), which is that of this project's online store, before anything is written that stands on it; by a run; or the first one, by <c>apply</c> or whoever needs it first (null), which is recorded only where there is none. One before another that is recorded is not: ends never go back, whoever was asleep meanwhile.</summary>
    ValueTask RecordEndAsync(string view, long end, long recordedAt, long? run, CancellationToken token);

    /// <summary>All ends of a view, in the order in which they were recorded.</summary>
    ValueTask<IReadOnlyList<RecordedEnd>> EndsAsync(string view, CancellationToken token);
}

public enum RunState
{
    // Stored by name.
    Running,
    Finished,
    Failed,

    /// <summary>It never said how it ended, and another has begun since.</summary>
    Abandoned,
}

/// <summary>A run as it begins.</summary>
public sealed record RunStart
{
    public required string View { get; init; }

    /// <summary>The view's fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The online store, see <see cref="MaterializerOptions.OnlineStore"/>.</summary>
    public required string Store { get; init; }

    /// <summary>By which the online store knows it (<see cref="MaterializationMark"/>).</summary>
    public required Guid Token { get; init; }

    public required long Lease { get; init; }
    public required string Owner { get; init; }
    public required long StartedAt { get; init; }

    /// <summary>What was asked for.</summary>
    public long? From { get; init; }

    public long? To { get; init; }
    public bool Full { get; init; }

    /// <summary>The latest instant of which it takes rows.</summary>
    public required long Horizon { get; init; }
}

/// <summary>How a run ended.</summary>
public sealed record RunEnd
{
    public required RunState State { get; init; }
    public required long EndedAt { get; init; }
    public RunMode Mode { get; init; }

    /// <summary>Rows up to here have been taken; not later than the run's horizon.</summary>
    public long TakenUpTo { get; init; }

    /// <summary>The earliest row that was left out because it is later; null: there is none.</summary>
    public long? LeftOut { get; init; }

    /// <summary>The version of its own table that a SQL view stored.</summary>
    public long? StoredVersion { get; init; }

    public long RowsRead { get; init; }
    public long Keys { get; init; }
    public long KeysRemoved { get; init; }

    /// <summary>Rows that filters dropped.</summary>
    public long RowsDropped { get; init; }

    public long RowsAhead { get; init; }

    /// <summary>What became of the expectations, over the rows read.</summary>
    public IReadOnlyList<ExpectationResult> Expectations { get; init; } = [];

    public string? Error { get; init; }
}

/// <summary>A run as it is recorded.</summary>
/// <param name="Number">Grows from run to run.</param>
/// <param name="Start">How it began.</param>
/// <param name="State">What is known of its end.</param>
/// <param name="End">Null while nobody has recorded one.</param>
/// <param name="Reads">What it read: first what all that it wrote stands on, then what single keys were computed from again. Empty: nothing, so that it wrote nothing.</param>
public sealed record RecordedRun(long Number, RunStart Start, RunState State, RunEnd? End, IReadOnlyList<TableState> Reads);
