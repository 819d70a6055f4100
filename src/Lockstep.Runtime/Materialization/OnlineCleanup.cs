using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>What a clean-up took away.</summary>
/// <param name="Shrunk">Cells that are smaller now: rows that newer ones have replaced for good, features that ttl has put out of reach.</param>
/// <param name="Removed">Marks of removed keys that nothing older can bring back.</param>
public readonly record struct CleanupReport(long Shrunk, long Removed);

/// <summary>
/// Takes from a view's table only what is past every use. A key whose rows are all too old stays, with the timestamp of the
/// newest: it is OUTSIDE_MAX_AGE and must not become NOT_FOUND (S20). Of tiles those go that no window reaches any more. Safe at any time, beside runs and requests.
/// </summary>
public static class OnlineCleanup
{
    const int KeysPerWrite = 5_000;

    public static async Task<CleanupReport> CleanAsync(IOnlineStore store, ViewVersion view, TimeProvider clock, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(view);
        var now = Instant.Now(clock);
        var clean = view.View switch
        {
            ValueView definition => (ICellMerge)new ValueCellClean(now, definition.Ttl, MarkLifetime),
            AggregationView => new TileClean(EventProgram.Of(view).Layout, now),
            _ => throw new ArgumentException($"View '{view.Id}' is not stored online.", nameof(view)),
        };
        var (updates, scratch) = (new CellUpdates(), new ArrayBufferWriter<byte>());
        var (shrunk, removed) = (0L, 0L);
        await foreach (var (key, cell) in store.ScanAsync(view.Id, token))
        {
            scratch.ResetWrittenCount();
            if (MaterializationMark.IsMark(key) || !clean.Merge(cell, default, scratch)) continue;
            if (scratch.WrittenCount == 0) removed++; else shrunk++;
            updates.Add(key, default);
            if (updates.Count == KeysPerWrite) await WriteAsync();
        }
        await WriteAsync();
        return new(shrunk, removed);

        async Task WriteAsync()
        {
            if (updates.Count > 0) await store.WriteAsync(view.Id, updates, clean, Fence.None, token);
            updates.Clear();
        }
    }

    /// <summary>A run that was asleep for longer than a day is refused by its lease at the latest; a push that late is read from the log.</summary>
    const long MarkLifetime = Instant.Day;
}
