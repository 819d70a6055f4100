using System.Buffers;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>Writes the cells of one run under its lease, many keys at a time, and keeps the keys that have to be computed again.</summary>
internal sealed class OnlineWriter(IOnlineStore store, string table, RowLayout layout, Lease lease, IReadOnlyList<LogPlace> log, TimeProvider clock, int keysPerWrite)
{
    const long BytesPerWrite = 16 << 20;

    readonly CellUpdates _updates = new();
    readonly ArrayBufferWriter<byte> _update = new(256);
    readonly ArrayBufferWriter<byte> _removal = new(64);

    /// <summary>Keys that met a push which the run has not read.</summary>
    public KeySet Conflicts { get; private set; } = new();

    public long Written { get; private set; }

    public bool IsFull => _updates.Count >= keysPerWrite || _updates.Bytes >= BytesPerWrite;

    /// <summary>Begins the cell of a key: this run, and what it has read of the log.</summary>
    public void Begin(ValueCellWriter cell)
    {
        cell.Begin(lease.Number);
        foreach (var place in log) cell.AddPlace(place);
    }

    public void Add(ValueUpdateKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> cell)
    {
        _update.ResetWrittenCount();
        ValueCellUpdate.Write(_update, kind, _updates.Count, cell);
        _updates.Add(key, _update.WrittenSpan);
    }

    /// <summary>The source has no row of the key that counts.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        var cell = new ValueCellWriter();
        Begin(cell);
        cell.MarkRemoved(Instant.Now(clock));
        _removal.ResetWrittenCount();
        cell.Write(_removal);
        Add(ValueUpdateKind.Replace, key, _removal.WrittenSpan);
    }

    public async ValueTask FlushAsync(CancellationToken token)
    {
        if (_updates.Count == 0) return;
        var merge = new ValueCellMerge(layout, Instant.Now(clock), _updates.Count);
        if (!await store.WriteAsync(table, _updates, merge, new(lease.Number), token)) throw new LeaseLostException(table);
        for (var tag = 0; tag < _updates.Count; tag++)
        {
            var outcome = merge.Outcome(tag);
            if (outcome == ValueCellOutcome.Conflict) Conflicts.Add(_updates.Key(tag));
            else if (outcome == ValueCellOutcome.Superseded)
                throw new LockstepException(ErrorKind.Failed, $"Online table '{table}' holds cells of later runs than {lease.Number}, which holds its lease. Was the store put together from several? Drop the table, and materialize the view again.");
        }
        Written += _updates.Count;
        _updates.Clear();
    }

    public KeySet TakeConflicts()
    {
        var conflicts = Conflicts;
        Conflicts = new();
        return conflicts;
    }
}

/// <summary>Another run has taken the view's lease: what this one would still write is refused.</summary>
internal sealed class LeaseLostException(string view)
    : LockstepException(ErrorKind.Conflict, $"The run over view '{view}' has lost its lease to another run, which does its work anew. Nothing that it wrote is wrong.");
