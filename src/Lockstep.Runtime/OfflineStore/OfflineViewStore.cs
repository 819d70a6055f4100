using System.Collections.Concurrent;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>
/// Where rows that we computed live: for each version of a SQL view a Delta table <c>view@version</c> in the offline folder, whose
/// versions are its runs. Safe for several threads and processes.
/// </summary>
public sealed class OfflineViewStore(string folder, IBatchEngine engine, TimeProvider clock)
{
    readonly ConcurrentDictionary<string, DeltaTable> _tables = new(StringComparer.Ordinal);

    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>The version of a view's table that its last finished run stored: what training reads while another run is under way. Null: the newest.</summary>
    public Func<ViewVersion, long?>? FinishedVersion { get; init; }

    /// <summary>The table of a view version, there or not yet.</summary>
    public DeltaTable Table(ViewVersion view) => _tables.GetOrAdd(view.Id, static (id, store) => store.Open(Path.Combine(store.Folder, id), $"stored rows of view '{id}'"), this);

    /// <summary>The logs of sources with a stream, in the same folder.</summary>
    public EventLogs Logs { get; } = new(folder, engine, clock);

    internal DeltaTable Open(string tableFolder, string name) => new(tableFolder, engine, clock, name);

    /// <summary>Whether a run has stored rows of it.</summary>
    public bool Has(ViewVersion view) => Table(view).Exists;

    /// <summary>Replaces all stored rows by these, at once for every reader; the older ones stay readable by their version.</summary>
    public DeltaWritten Replace(ViewVersion view, BatchReader rows, DeltaWrite write, CancellationToken token)
        => Table(view).Overwrite(rows, write with { TimeColumn = write.TimeColumn ?? TimeColumn(view) }, token);

    /// <summary>Replaces the stored rows between two midnights (UTC) by these, at once for every reader.</summary>
    internal DeltaWritten ReplaceDays(ViewVersion view, BatchReader rows, long start, long end, DeltaWrite write, CancellationToken token)
        => Table(view).ReplaceDays(rows, Instant.DayOf(start), Instant.DayOf(end), write with { TimeColumn = TimeColumn(view) }, token);

    /// <summary>Adds rows to those stored.</summary>
    public DeltaWritten Append(ViewVersion view, BatchReader rows, DeltaWrite write, CancellationToken token)
        => Table(view).Append(rows, write with { TimeColumn = write.TimeColumn ?? TimeColumn(view) }, token);

    /// <summary>The stored rows as of a version of the table, or the newest.</summary>
    public TableInput ViewTable(ViewVersion view, long? atVersion = null, CancellationToken token = default)
    {
        var table = Existing(view);
        return ((atVersion ?? FinishedVersion?.Invoke(view)) is { } version ? table.Snapshot(version, token) : table.Snapshot(token)).Input($"view '{view.Id}'", TimeColumn(view));
    }

    /// <summary>As of a version, or of the last finished run.</summary>
    internal TableLook Look(ViewVersion view, TableState? since, long now, CancellationToken token, long? atVersion = null)
        => DeltaLook.Take(Existing(view), $"view '{view.Id}'", TimeColumn(view), since, now, token, atVersion ?? FinishedVersion?.Invoke(view));

    internal TableInput Reopen(ViewVersion view, TableState state, CancellationToken token)
        => DeltaLook.Reopen(Existing(view), $"view '{view.Id}'", TimeColumn(view), state, token);

    static string? TimeColumn(ViewVersion view) => (view.View as ValueView)?.Timestamp;

    DeltaTable Existing(ViewVersion view) => Table(view) is { Exists: true } table ? table
        : throw new LockstepException(ErrorKind.NotFound, $"View '{view.Id}' is computed by SQL and no run has stored its rows yet. Run: lockstep materialize --view {view.Name}");
}
