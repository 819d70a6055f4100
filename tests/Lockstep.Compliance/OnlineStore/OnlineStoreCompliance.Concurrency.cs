using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

public abstract partial class OnlineStoreCompliance
{
    [Fact]
    public async Task Merges_side_by_side_lose_nothing()
    {
        const int writers = 6, rounds = 60, keys = 5;
        var clients = new[] { await OpenAsync(), await OpenAsync() };
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var round = 0; round < rounds; round++)
            {
                var entries = Enumerable.Range(0, keys).OrderBy(_ => random.Next()).Select(k => (Number(k), Number(1))).ToArray();
                Assert.True(await WriteAsync(clients[writer % 2], new AddNumbers(), Fence.None, entries));
            }
        })));
        foreach (var client in clients)
            for (var key = 0; key < keys; key++) Assert.Equal(writers * rounds, Number(await ReadAsync(client, Number(key))));
    }

    [Fact]
    public async Task S21_a_reader_sees_a_cell_before_or_after_a_change_and_never_half_of_it()
    {
        var (store, other) = (await OpenAsync(), await OpenAsync());
        await PutAsync(store, (Bytes("a"), new byte[20_000]));
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(reader => Task.Run(async () =>
        {
            var reads = 0;
            do
            {
                var cell = await ReadAsync(reader == 0 ? other : store, Bytes("a"));
                Assert.Equal(20_000, cell.Length);
                Assert.True(cell.AsSpan().IndexOfAnyExcept(cell[0]) < 0, "half of a cell");
                reads++;
            }
            while (!stop.IsCancellationRequested);
            return reads;
        })).ToArray();
        for (var round = 1; round <= 200; round++)
        {
            var cell = new byte[20_000];
            cell.AsSpan().Fill((byte)round);
            await PutAsync(round % 2 == 0 ? store : other, (Bytes("a"), cell));
        }
        await stop.CancelAsync();
        foreach (var reads in await Task.WhenAll(readers)) Assert.True(reads > 0);
    }

    [Fact]
    public async Task A_read_after_a_write_sees_it_and_later_reads_never_less()
    {
        // Numbers only grow. What was acknowledged, by whichever client, is the least that a read which begins then may see.
        const int keys = 3, rounds = 400;
        var clients = new[] { await OpenAsync(), await OpenAsync() };
        var acknowledged = new long[keys];
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var round = 0; round < rounds; round++)
            {
                var key = random.Next(keys);
                long written = 0;
                var merge = new MergeBy((cell, _) => Number(written = Number(cell) + 1));
                Assert.True(await WriteAsync(clients[writer], merge, Fence.None, (Number(key), Number(0))));
                for (var seen = Interlocked.Read(ref acknowledged[key]); seen < written; seen = Interlocked.Read(ref acknowledged[key]))
                    Interlocked.CompareExchange(ref acknowledged[key], written, seen);
            }
        })).ToArray();
        var readers = Enumerable.Range(0, 4).Select(reader => Task.Run(async () =>
        {
            var random = new Random(100 + reader);
            var last = new long[keys];
            while (!stop.IsCancellationRequested)
            {
                var key = random.Next(keys);
                var least = Math.Max(last[key], Interlocked.Read(ref acknowledged[key]));
                var value = Number(await ReadAsync(clients[reader % 2], Number(key)));
                Assert.True(value >= least, $"reader {reader} read {value} of key {key} after {least}");
                last[key] = value;
            }
        })).ToArray();
        await Task.WhenAll(writers);
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        var total = 0L;
        for (var key = 0; key < keys; key++) total += Number(await ReadAsync(clients[key % 2], Number(key)));
        Assert.Equal(2 * rounds, total);
    }

    [Fact]
    public async Task A_cancelled_token_ends_every_call_and_nothing_is_half_written()
    {
        var store = await OpenAsync();
        await PutAsync(store, (Bytes("a"), Bytes("1")));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var updates = new CellUpdates();
        updates.Add(Bytes("a"), Bytes("2"));
        var batch = new OnlineReadBatch();
        Add(batch, Bytes("a"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.ReadAsync(batch, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.WriteAsync(Table, updates, new TakeUpdate(), Fence.None, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.TryAcquireLeaseAsync(Table, "me", TimeSpan.FromMinutes(1), cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.DropAsync(Table, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => { await foreach (var _ in store.ScanAsync(Table, cancelled.Token)) { } });
        Assert.Equal("1", await TextAsync(store, Bytes("a")));

        // In the middle of a write: each key is as before or as after, and the next write goes on.
        using var soon = new CancellationTokenSource();
        var many = new CellUpdates();
        for (var i = 0; i < 5_000; i++) many.Add(Number(i), Bytes("new"));
        var merged = 0;
        var merge = new MergeBy((_, update) =>
        {
            if (Interlocked.Increment(ref merged) == 1_000) soon.Cancel();
            return update;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.WriteAsync(Table, many, merge, Fence.None, soon.Token));
        foreach (var (key, cell) in await ScanAsync(store)) Assert.True(key.SequenceEqual(Bytes("a")) || cell.SequenceEqual(Bytes("new")));
        await PutAsync(store, (Bytes("a"), Bytes("3")));
        Assert.Equal("3", await TextAsync(store, Bytes("a")));
    }

    [Fact]
    public async Task A_scan_gives_every_key_once_in_the_order_of_bytes()
    {
        var store = await OpenAsync();
        var random = new Random(9);
        var keys = new SortedSet<string>(StringComparer.Ordinal) { "" };
        for (var i = 0; i < 5_000; i++)
        {
            var key = new byte[random.Next(1, 4)];
            random.NextBytes(key);
            keys.Add(Convert.ToHexString(key));
        }
        await PutAsync(store, [.. keys.OrderBy(_ => random.Next()).Select(k => (Convert.FromHexString(k), Bytes(k + ".")))]);
        var scanned = await ScanAsync(store);
        Assert.Equal(keys, scanned.Select(e => Convert.ToHexString(e.Key))); // hex digits order as their bytes do
        Assert.All(scanned, e => Assert.Equal(Bytes(Convert.ToHexString(e.Key) + "."), e.Cell));
    }

    [Fact]
    public async Task A_scan_goes_on_beside_writes()
    {
        var store = await OpenAsync();
        await PutAsync(store, [.. Enumerable.Range(0, 4_000).Select(i => (Bytes($"{i:D5}"), Bytes("old")))]);
        List<string> seen = [];
        var written = 0;
        await foreach (var (key, cell) in store.ScanAsync(Table, None))
        {
            seen.Add(System.Text.Encoding.UTF8.GetString(key));
            Assert.True(cell.SequenceEqual(Bytes("old")) || cell.SequenceEqual(Bytes("new")));
            if (seen.Count % 500 != 0) continue;
            await PutAsync(store, (Bytes($"{written++:D5}"), Bytes("new")), (Bytes($"{3_999 - written:D5}"), Bytes("new")), (Bytes($"{4_000 + written:D5}"), Bytes("new")));
        }
        Assert.True(written >= 8);
        Assert.Equal(seen.Distinct().Order(StringComparer.Ordinal), seen);
        Assert.Equal(4_000, seen.Count(k => string.CompareOrdinal(k, "04000") < 0));
    }
}
