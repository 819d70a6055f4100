using Lockstep.Core;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>Holds a view's lease while a run works and prolongs it; <see cref="Token"/> is cancelled when it has passed on.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    readonly IOnlineStore _store;
    readonly CancellationTokenSource _lost;
    readonly CancellationTokenSource _stop = new();
    readonly Task _renewing;

    LeaseKeeper(IOnlineStore store, Lease lease, TimeSpan duration, TimeProvider clock, CancellationToken token)
    {
        (_store, Lease) = (store, lease);
        _lost = CancellationTokenSource.CreateLinkedTokenSource(token);
        _renewing = RenewAsync(duration, clock);
    }

    public Lease Lease { get; }

    /// <summary>The caller's token, cancelled as well when the lease is lost.</summary>
    public CancellationToken Token => _lost.Token;

    public bool IsLost { get; private set; }

    public static async Task<LeaseKeeper> TakeAsync(IOnlineStore store, string view, string owner, MaterializerOptions options, TimeProvider clock, Func<Task> held, CancellationToken token)
    {
        var begun = TimeProvider.System.GetTimestamp();
        for (var tries = 0; ; tries++)
        {
            if (await store.TryAcquireLeaseAsync(view, owner, options.LeaseDuration, token) is { } lease)
                return new(store, lease, options.LeaseDuration, clock, token);
            if (tries == 0)
            {
                await held(); // perhaps its holder is dead
                continue;
            }
            if (TimeProvider.System.GetElapsedTime(begun) >= options.LeaseWait)
                throw new LockstepException(ErrorKind.Conflict, $"View '{view}' is being materialized by another run. Wait until that is done, or stop it, and try again; a run that was killed lets go after {options.LeaseDuration.TotalSeconds:0} s.");
            await Task.Delay(TimeSpan.FromMilliseconds(250), token);
        }
    }

    async Task RenewAsync(TimeSpan duration, TimeProvider clock)
    {
        using var timer = new PeriodicTimer(duration / 3, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    if (await _store.RenewLeaseAsync(Lease, duration, _stop.Token)) continue;
                    IsLost = true;
                    await _lost.CancelAsync();
                    return;
                }
                catch (LockstepException)
                {
                    // The store cannot be reached just now. If that lasts the lease runs out, and the fence refuses what is written then.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the run has ended
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewing;
        try
        {
            if (!IsLost) await _store.ReleaseLeaseAsync(Lease, CancellationToken.None);
        }
        catch (LockstepException)
        {
            // it runs out by itself
        }
        finally
        {
            _stop.Dispose();
            _lost.Dispose();
        }
    }
}
