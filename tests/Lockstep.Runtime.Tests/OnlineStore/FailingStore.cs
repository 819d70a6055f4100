using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Tests.OnlineStore;

/// <summary>A store whose writes fail when they are told to.</summary>
sealed class FailingStore(IOnlineStore inner) : IOnlineStore
{
    volatile TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Asked before each write; null: it is done.</summary>
    public Func<ICellMerge, Exception?> Fails { get; set; } = _ => null;

    /// <summary>Ends when a write has failed.</summary>
    public Task Failed => _failed.Task;

    public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
    {
        if (Fails(merge) is { } why)
        {
            _failed.TrySetResult();
            throw why;
        }
        return inner.WriteAsync(table, updates, merge, fence, token);
    }

    public bool TryGetStamp(out StoreStamp stamp) => inner.TryGetStamp(out stamp);
    public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token) => inner.ReadAsync(batch, token);
    public IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, CancellationToken token) => inner.ScanAsync(table, token);
    public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token) => inner.TryAcquireLeaseAsync(table, owner, duration, token);
    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token) => inner.RenewLeaseAsync(lease, duration, token);
    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token) => inner.ReleaseLeaseAsync(lease, token);
    public ValueTask DropAsync(string table, CancellationToken token) => inner.DropAsync(table, token);
    public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token) => inner.ListAsync(token);
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
