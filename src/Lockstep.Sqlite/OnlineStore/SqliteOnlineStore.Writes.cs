using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Sqlite.OnlineStore;

public sealed partial class SqliteOnlineStore
{
    public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentNullException.ThrowIfNull(updates);
        ArgumentNullException.ThrowIfNull(merge);
        return TransactAsync(write => write.Apply(table, updates, merge, fence, token), token);
    }

    public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentException.ThrowIfNullOrEmpty(owner);
        return TransactAsync<Lease?>(write =>
        {
            var now = Instant.Now(_clock);
            if (write.FindLease(table) is { Owner: not null } held && held.Expires > now) return null;
            var number = write.NextLeaseNumber();
            write.SetLease(table, number, owner, Until(now, duration));
            return new(table, owner, number);
        }, token);
    }

    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return TransactAsync(write =>
        {
            if (write.FindLease(lease.Table) is not { Owner: not null } held || held.Number != lease.Number) return false;
            write.SetLease(lease.Table, lease.Number, lease.Owner, Until(Instant.Now(_clock), duration));
            return true;
        }, token);
    }

    public async ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await TransactAsync(write =>
        {
            if (write.FindLease(lease.Table)?.Number == lease.Number) write.SetLease(lease.Table, lease.Number, null, 0);
            return true;
        }, token);
    }

    public async ValueTask DropAsync(string table, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        await TransactAsync(write => write.Drop(table), token);
    }

    /// <summary>For tests: the instant at which another process may commit before this one has looked.</summary>
    internal Action? Committed { get; set; }

    /// <summary>For tests: a log that is soon long.</summary>
    internal uint LogPages { set => _checkpoints.Pages = value; }

    /// <summary>For tests: as if the disk were full.</summary>
    internal void LimitPages(int pages) => _file.Writer.Int64(FormattableString.Invariant($"PRAGMA max_page_count={pages}"));

    static long Until(long now, TimeSpan duration) => now + duration.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>One transaction. What the cache holds of it is put right before anybody can know that it has been committed.</summary>
    async ValueTask<T> TransactAsync<T>(Func<OnlineWrite, T> body, CancellationToken token)
    {
        await _checkpoints.RoomAsync(token);
        await _write.WaitAsync(token);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            await _file.BeginWriteAsync(token);
            var done = false;
            try
            {
                FileState state;
                lock (_sync) state = Resync(); // from here on nobody else can commit
                using var write = new OnlineWrite(_file.Writer, _cache, state.Tables);
                var result = body(write);
                Commit(write);
                done = true;
                _checkpoints.Committed();
                return result;
            }
            finally
            {
                if (!done) _file.Writer.TryExecute("ROLLBACK");
            }
        }
        finally
        {
            _write.Release();
        }
    }

    void Commit(OnlineWrite write)
    {
        uint before;
        lock (_sync)
        {
            before = (_file.Clock?.Read() ?? default).Counter;
            _committing = true;
        }
        write.CloseCache();
        var committed = false;
        try
        {
            _file.Writer.Execute("COMMIT");
            committed = true;
            Committed?.Invoke();
        }
        finally
        {
            lock (_sync)
            {
                var stamp = _file.Clock?.Read() ?? default;
                if (committed && stamp.Counter - before <= 1 && _file.Clock is not null)
                {
                    write.FillCache();
                    _state = new(stamp, write.Tables);
                }
                else
                {
                    _cache?.Clear(); // another process has committed after us, or nobody knows what happened
                    _state = null;
                }
                _committing = false;
            }
            write.OpenCache();
        }
    }
}
