using Lockstep.Core;

namespace Lockstep.Sqlite.OnlineStore;

// SQLite brings the log into the file within the commit that makes it long enough, and whoever waits for that commit waits for it: a
// fifth of a second under a stream of events. Here it happens beside the writes, in two steps:
//  1. what is in the log, while writes go on behind it;
//  2. the little that came meanwhile, between two writes. Now the file has all of the log, and the next write begins it anew.
// A reader in the middle of a snapshot can keep step 2 from that; the next commit then tries again. Writes wait only when the log has
// become several times as long as it should be.
/// <summary>Keeps the log of the file short.</summary>
internal sealed class WalCheckpoints(OnlineFile file, SemaphoreSlim write)
{
    readonly Lock _gate = new();
    Task _running = Task.CompletedTask;
    volatile bool _tooLong;
    bool _closed;

    /// <summary>Pages of the log from which on it is brought into the file.</summary>
    public uint Pages { get; set; } = OnlineSchema.LogPages;

    /// <summary>Waits while the log is too long; not to be called with the write lock.</summary>
    public async ValueTask RoomAsync(CancellationToken token)
    {
        if (!_tooLong) return;
        await _running.WaitAsync(token);
        _tooLong = false;
    }

    /// <summary>After each commit, with the write lock.</summary>
    public void Committed()
    {
        if (file.Clock is not { } clock) return; // SQLite does it
        var pages = clock.LogPages;
        if (pages < Pages) return;
        lock (_gate)
            if (_running.IsCompleted && !_closed) _running = Task.Run(RunAsync);
        _tooLong = pages > 4 * Pages;
    }

    async Task RunAsync()
    {
        try
        {
            using var connection = file.OpenCheckpointer();
            connection.Checkpoint();
            await write.WaitAsync();
            try
            {
                connection.Checkpoint();
            }
            finally
            {
                write.Release();
            }
        }
        catch (LockstepException)
        {
            // The disk is full, say: the log holds everything, and the next commit tries again.
        }
    }

    /// <summary>With the write lock given back: who has begun wants it.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            return _running;
        }
    }
}
