using System.Runtime.CompilerServices;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>The end of a process: whatever it still calls fails as well.</summary>
internal sealed class DeathException() : Exception("killed");

/// <summary>
/// What happens at the steps of one run, before and after each call that it makes: it may die, or the world may go on meanwhile
/// (files change, the clock moves, another run overtakes it).
/// </summary>
internal sealed class Steps
{
    readonly SortedDictionary<int, Func<Task>> _at = [];
    bool _dead;

    public int Count { get; private set; }

    public void DieAt(int step) => At(step, () =>
    {
        _dead = true;
        return Task.CompletedTask;
    });

    public void At(int step, Func<Task> action) => _at[step] = action;

    public async Task NextAsync()
    {
        Count++;
        if (!_dead && _at.Remove(Count, out var action)) await action();
        if (_dead) throw new DeathException();
    }

    public void Next() => NextAsync().GetAwaiter().GetResult();
}

internal sealed class HookedOnlineStore(IOnlineStore store, Steps steps) : IOnlineStore
{
    public async ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
    {
        await steps.NextAsync();
        await store.ReadAsync(batch, token);
    }

    public async ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
    {
        await steps.NextAsync();
        var written = await store.WriteAsync(table, updates, merge, fence, token);
        await steps.NextAsync();
        return written;
    }

    public async IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var entry in store.ScanAsync(table, token))
        {
            await steps.NextAsync();
            yield return entry;
        }
    }

    public async ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token)
    {
        await steps.NextAsync();
        var lease = await store.TryAcquireLeaseAsync(table, owner, duration, token);
        await steps.NextAsync();
        return lease;
    }

    public async ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token)
    {
        await steps.NextAsync();
        return await store.RenewLeaseAsync(lease, duration, token);
    }

    public async ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token)
    {
        await steps.NextAsync();
        await store.ReleaseLeaseAsync(lease, token);
    }

    public async ValueTask DropAsync(string table, CancellationToken token)
    {
        await steps.NextAsync();
        await store.DropAsync(table, token);
    }

    public async ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token)
    {
        await steps.NextAsync();
        return await store.ListAsync(token);
    }

    public ValueTask DisposeAsync() => default;
}

internal sealed class HookedRunStore(IRunStore store, Steps steps) : IRunStore
{
    public async ValueTask<long> BeginAsync(RunStart start, CancellationToken token)
    {
        await steps.NextAsync();
        var number = await store.BeginAsync(start, token);
        await steps.NextAsync();
        return number;
    }

    public async ValueTask AddReadAsync(long run, TableState state, CancellationToken token)
    {
        await steps.NextAsync();
        await store.AddReadAsync(run, state, token);
        await steps.NextAsync();
    }

    public async ValueTask EndAsync(long run, RunEnd end, CancellationToken token)
    {
        await steps.NextAsync();
        await store.EndAsync(run, end, token);
        await steps.NextAsync();
    }

    public async ValueTask<RecordedRun?> FindAsync(string view, string name, Guid token, CancellationToken cancellation)
    {
        await steps.NextAsync();
        return await store.FindAsync(view, name, token, cancellation);
    }

    public async ValueTask<IReadOnlyList<RecordedRun>> FromAsync(string view, string name, long run, CancellationToken token)
    {
        await steps.NextAsync();
        return await store.FromAsync(view, name, run, token);
    }

    public ValueTask<IReadOnlyList<RecordedRun>> ListAsync(string? view, int limit, CancellationToken token) => store.ListAsync(view, limit, token);
    public ValueTask<long?> StoredVersionAsync(string view, CancellationToken token) => store.StoredVersionAsync(view, token);

    public async ValueTask RecordEndAsync(string view, long end, long recordedAt, long? run, CancellationToken token)
    {
        await steps.NextAsync();
        await store.RecordEndAsync(view, end, recordedAt, run, token);
        await steps.NextAsync();
    }

    public ValueTask<IReadOnlyList<RecordedEnd>> EndsAsync(string view, CancellationToken token) => store.EndsAsync(view, token);
    public ValueTask DisposeAsync() => default;
}

internal sealed class HookedEngine(IBatchEngine engine, Steps steps) : IBatchEngine
{
    public Schema ReadSchema(TableInput table, CancellationToken token) => engine.ReadSchema(table, token);
    public Schema DescribeQuery(QueryRequest request, CancellationToken token) => engine.DescribeQuery(request, token);
    public BatchWriter CreateFile(TableOutput output, Schema schema, CancellationToken token) => engine.CreateFile(output, schema, token);

    public ScanReader Scan(ScanRequest request, CancellationToken token)
    {
        steps.Next();
        try
        {
            return engine.Scan(request, token);
        }
        catch (KeyNotFoundException e)
        {
            throw new LockstepException(ErrorKind.NotFound, $"{request.Table.Name}: a file is gone.", e);
        }
    }

    public ScanReader Query(QueryRequest request, CancellationToken token)
    {
        steps.Next();
        return engine.Query(request, token);
    }

    public void Dispose()
    {
    }
}

internal sealed class HookedTables(ITrackedTables tables, Steps steps) : ITrackedTables
{
    public TableInput Source(Source source) => tables.Source(source);
    public TableInput View(ViewVersion view, Catalog catalog) => tables.View(view, catalog);
    public TableLook Look(Source source, TableState? since, CancellationToken token) => tables.Look(source, since, token);
    public TableInput Reopen(Source source, TableState state, CancellationToken token) => tables.Reopen(source, state, token);
    public TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token) => tables.Reopen(view, catalog, state, token);

    public TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token)
    {
        steps.Next();
        return tables.Look(view, catalog, since, token);
    }
}
