using System.Buffers;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>
/// Cells by (table, key). A table is one version of one view (<see cref="Core.Definitions.ViewVersion.Id"/>); a cell is the bytes of
/// one entity in it, whose format the store does not know. Every store passes the compliance suite.
/// </summary>
public interface IOnlineStore : IAsyncDisposable
{
    /// <summary>Reads cells as of one moment each. Completes synchronously where the store is in the process. Safe for any number of threads.</summary>
    ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token);

    /// <summary>
    /// Tells states of the store apart: as long as the stamp stays the same, no cell has changed, by whichever process; a write changes it
    /// before it returns. False: the store cannot say cheaply, and nothing that was read may be kept.
    /// </summary>
    bool TryGetStamp(out StoreStamp stamp)
    {
        stamp = default;
        return false;
    }

    /// <summary>
    /// For each key, atomically: the cell becomes what <paramref name="merge"/> makes of it and the update. Durable when it returns.
    /// Keys are unique within a call. Refused (false, nothing written) when the table's lease has passed on from <paramref name="fence"/>.
    /// </summary>
    ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token);

    /// <summary>
    /// Applies updates of streams, which are in the log. From when it returns every read of this store object sees them; the task that it
    /// gives ends when they are durable, and other processes see them.
    /// </summary>
    async ValueTask<Task> PublishAsync(string table, CellUpdates updates, IStreamUpdates how, long now, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(how);
        await WriteAsync(table, updates, how.Merge(now), Fence.None, token);
        return Task.CompletedTask;
    }

    /// <summary>Completes when everything that was published of a table is durable.</summary>
    ValueTask FlushAsync(string table, CancellationToken token) => ValueTask.CompletedTask;

    /// <summary>Why what was published of a table is not durable yet; null: nothing is in the way.</summary>
    string? WriteProblem(string table) => null;

    /// <summary>All keys and cells of a table, in the order of their bytes, as of some moment during the call.</summary>
    IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, CancellationToken token);

    /// <summary>
    /// Takes the table's lease when it is free or has expired, and gives it a number greater than any before. Null: another holds it.
    /// Whoever held it before is fenced off from then on.
    /// </summary>
    ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token);

    /// <summary>Prolongs a lease that is still held; false: it has passed on.</summary>
    ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token);

    ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token);

    /// <summary>Removes a table with its lease; what a retired version leaves.</summary>
    ValueTask DropAsync(string table, CancellationToken token);

    /// <summary>Tables with their numbers of cells and bytes.</summary>
    ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token);
}

/// <summary>A state of an online store, to be compared only.</summary>
public readonly record struct StoreStamp(ulong High, ulong Low, long Published = 0);

/// <summary>A table of an online store.</summary>
public sealed record OnlineTable(string Name, long Cells, long Bytes);

/// <summary>The right to run over a table; its number grows with every holder (S7).</summary>
public sealed record Lease(string Table, string Owner, long Number);

/// <summary>What a write is checked against: a lease number, or nothing for writes that need none (pushes).</summary>
public readonly record struct Fence(long LeaseNumber)
{
    public static readonly Fence None;
    public bool IsNone => LeaseNumber == 0;
}

/// <summary>Turns a cell and an update into the new cell. Pure: a store may call it again with a newer cell.</summary>
public interface ICellMerge
{
    /// <param name="cell">The stored bytes; empty when there is none.</param>
    /// <param name="update">The bytes handed to the write.</param>
    /// <param name="merged">Where the new cell goes; nothing written means that the cell is removed.</param>
    /// <returns>False: leave the cell as it is.</returns>
    bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged);
}

/// <summary>
/// Cells whose end stays as it is from most updates to the next: their body. A store may keep it apart, so that a write of a large cell
/// is not all of it again. To everybody else a cell is whole: the front, then the body.
/// </summary>
public interface IPartedMerge : ICellMerge
{
    /// <summary>How many bytes at the end of a whole cell are its body; 0: it has none. The front alone says so as well.</summary>
    int BodyOf(ReadOnlySpan<byte> cell);

    /// <summary>Merges into the front of a cell that has a body, which stays. False, and nothing written: <see cref="ICellMerge.Merge"/> is to be asked, with the whole cell.</summary>
    bool TryMergeFront(ReadOnlySpan<byte> front, ReadOnlySpan<byte> update, IBufferWriter<byte> merged, out bool changed);
}
