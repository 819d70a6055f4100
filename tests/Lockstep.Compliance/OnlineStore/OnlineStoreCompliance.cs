using System.Buffers.Binary;
using System.Text;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

/// <summary>
/// What every online store promises. A store passes by a subclass that opens it; a test opens it several times, as several processes
/// would. The parts: cells, writes side by side, leases, scans, and the end of a process in the middle of its work.
/// </summary>
public abstract partial class OnlineStoreCompliance : IAsyncLifetime
{
    protected static readonly CancellationToken None = CancellationToken.None;
    protected const string Table = "weather@1.0.0";

    readonly List<IOnlineStore> _open = [];

    protected ManualClock Clock { get; } = new(new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Opens the store of this test, which is empty at first; another call opens the same one again.</summary>
    protected abstract ValueTask<IOnlineStore> OpenStoreAsync(TimeProvider clock);

    /// <summary>Removes what the test left.</summary>
    protected abstract ValueTask DeleteStoreAsync();

    protected async Task<IOnlineStore> OpenAsync()
    {
        var store = await OpenStoreAsync(Clock);
        _open.Add(store);
        return store;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _open) await store.DisposeAsync();
        await DeleteStoreAsync();
        GC.SuppressFinalize(this);
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static byte[] Number(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }

    protected static long Number(ReadOnlyMemory<byte> cell) => cell.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(cell.Span);

    protected static ValueTask<bool> WriteAsync(IOnlineStore store, ICellMerge merge, Fence fence, params (byte[] Key, byte[] Update)[] entries)
        => WriteAsync(store, Table, merge, fence, entries);

    protected static ValueTask<bool> WriteAsync(IOnlineStore store, string table, ICellMerge merge, Fence fence, params (byte[] Key, byte[] Update)[] entries)
    {
        var updates = new CellUpdates();
        foreach (var (key, update) in entries) updates.Add(key, update);
        return store.WriteAsync(table, updates, merge, fence, None);
    }

    protected static async Task PutAsync(IOnlineStore store, params (byte[] Key, byte[] Cell)[] entries)
        => Assert.True(await WriteAsync(store, new TakeUpdate(), Fence.None, entries));

    protected static async Task<byte[]> ReadAsync(IOnlineStore store, byte[] key, string table = Table)
    {
        var batch = new OnlineReadBatch();
        Add(batch, key, table);
        await store.ReadAsync(batch, None);
        return batch.Cell(0).ToArray();
    }

    protected static async Task<string> TextAsync(IOnlineStore store, byte[] key, string table = Table)
        => Encoding.UTF8.GetString(await ReadAsync(store, key, table));

    protected static void Add(OnlineReadBatch batch, byte[] key, string table = Table)
    {
        key.CopyTo(batch.KeyBuffer.GetSpan(key.Length));
        batch.KeyBuffer.Advance(key.Length);
        batch.Add(table);
    }

    protected static async Task<List<(byte[] Key, byte[] Cell)>> ScanAsync(IOnlineStore store, string table = Table)
    {
        List<(byte[] Key, byte[] Cell)> all = [];
        await foreach (var entry in store.ScanAsync(table, None)) all.Add(entry);
        return all;
    }
}
