using System.Buffers;
using System.Text;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Apply;

// A registry may be made anew beside an online store that is not: then a version's table holds cells of another meaning under the same
// id, and events merged into them would give numbers that mean nothing. So the table says by one cell what the events that were applied to
// it mean. Whoever begins to apply drops a table of another meaning, under the view's lease: a run does the same, and drops none that
// says what the view does. Where nothing is said, a run may have dropped the table while an older process was about to record how far it
// had come: that is forgotten, and the log is applied from its beginning; each key knows which events it has.
/// <summary>What the events that were applied to a view's table mean, kept in the table.</summary>
public static class AppliedMeaning
{
    const byte Format = 0xA3; // no cell of a view begins so

    static readonly byte[] Key = [0, (byte)'M'];
    static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15);

    /// <summary>The fingerprint of the view whose events they are; null: none were applied.</summary>
    public static async ValueTask<string?> ReadAsync(IOnlineStore store, string table, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(store);
        var batch = new OnlineReadBatch();
        batch.KeyBuffer.Write(Key);
        batch.Add(table);
        await store.ReadAsync(batch, token);
        var cell = batch.Cell(0).Span;
        return cell.IsEmpty ? null
            : cell[0] == Format ? Encoding.UTF8.GetString(cell[1..])
            : throw new RowFormatException($"What was applied to table '{table}' has format {cell[0]}; this program reads {Format}.");
    }

    internal static async ValueTask WriteAsync(IOnlineStore store, ViewVersion view, CancellationToken token)
    {
        var updates = new CellUpdates();
        updates.Add(Key, [Format, .. Encoding.UTF8.GetBytes(view.Fingerprint)]);
        await store.WriteAsync(view.Id, updates, new Take(), Fence.None, token);
    }

    /// <summary>The view's table means what the view does when it returns: one that did not is empty.</summary>
    internal static async Task EnsureAsync(IOnlineStore store, ViewVersion view, EventLog log, CancellationToken token)
    {
        var applied = await ReadAsync(store, view.Id, token);
        if (applied == view.Fingerprint) return;
        if (await OfTableAsync(store, view.Id, token) is { } other && other != view.Fingerprint)
        {
            var lease = await store.TryAcquireLeaseAsync(view.Id, $"{Environment.MachineName}/{Environment.ProcessId}", LeaseDuration, token)
                ?? throw new LockstepException(ErrorKind.Conflict, $"The online table of view '{view.Id}' holds what another definition of it meant, and a run is at it. Events are applied when it is done.");
            try
            {
                if (await OfTableAsync(store, view.Id, token) is { } still && still != view.Fingerprint) await store.DropAsync(view.Id, token);
            }
            finally
            {
                await store.ReleaseLeaseAsync(lease, CancellationToken.None);
            }
        }
        else if (applied is null)
        {
            foreach (var partition in log.Partitions()) await AppliedPlace.ForgetAsync(store, view.Id, partition, token);
        }
        await WriteAsync(store, view, token);
    }

    /// <summary>The meaning of a table's cells, by what was applied to it or the last run that finished; null: neither is known.</summary>
    internal static async ValueTask<string?> OfTableAsync(IOnlineStore store, string table, CancellationToken token)
        => await ReadAsync(store, table, token) ?? (await MaterializationMark.ReadAsync(store, table, token))?.Fingerprint;

    sealed class Take : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            merged.Write(update);
            return true;
        }
    }
}

/// <summary>Sees to it once for all who apply events to a view in this process.</summary>
sealed class AppliedMeaningCheck(IOnlineStore store, ViewVersion view, EventLog log)
{
    readonly Lock _gate = new();
    Task? _seen;

    public string Fingerprint => view.Fingerprint;

    /// <summary>After a failure the next who asks tries again.</summary>
    public Task EnsureAsync(CancellationToken token)
    {
        lock (_gate)
        {
            if (_seen is null or { IsFaulted: true }) _seen = AppliedMeaning.EnsureAsync(store, view, log, CancellationToken.None); // for all who wait, whoever of them goes
            return _seen.WaitAsync(token);
        }
    }
}
