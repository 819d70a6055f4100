namespace Lockstep.Server.Api;

/// <summary>Requests that read whole tables take turns, two at a time: each may take most of a gigabyte.</summary>
sealed class OfflineTurns : IDisposable
{
    readonly SemaphoreSlim _atOnce = new(2, 2);

    /// <summary>Does it off the connection's thread when its turn has come.</summary>
    public async Task<T> TakeAsync<T>(Func<T> work, CancellationToken token)
    {
        await _atOnce.WaitAsync(token);
        try
        {
            return await Task.Run(work, token);
        }
        finally
        {
            _atOnce.Release();
        }
    }

    public void Dispose() => _atOnce.Dispose();
}
