using System.Buffers;
using System.Diagnostics;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Runtime.Tests.OnlineStore;

/// <summary>What streams publish reads as if it had been written, whenever it is.</summary>
public sealed class WriteBehindStoreTests
{
    const string Table = "v@1.0.0";

    static readonly CancellationToken None = CancellationToken.None;
    static readonly Amounts How = new();
    static readonly WriteBehindOptions WhenTold = new() { MinPause = TimeSpan.FromHours(1), KeysPerWrite = 2 };

    static MemoryOnlineStore Memory() => new(TimeProvider.System);

    static ValueTask<Task> PublishAsync(IOnlineStore store, params (string Key, long Place, long Amount)[] some) => store.PublishAsync(Table, Updates(some), How, 0, None);

    static CellUpdates Updates(params (string Key, long Place, long Amount)[] some)
    {
        CellUpdates updates = new();
        foreach (var (key, place, amount) in some) updates.Add(System.Text.Encoding.UTF8.GetBytes(key), Amounts.Bytes(place, amount));
        return updates;
    }

    static async ValueTask<long> ReadAsync(IOnlineStore store, string key) => (await ReadAsync(store, [key]))[0];

    static async ValueTask<long[]> ReadAsync(IOnlineStore store, string[] keys)
    {
        OnlineReadBatch batch = new();
        foreach (var key in keys)
        {
            batch.KeyBuffer.Write(System.Text.Encoding.UTF8.GetBytes(key));
            batch.Add(Table);
        }
        await store.ReadAsync(batch, None);
        return [.. Enumerable.Range(0, keys.Length).Select(i => Amounts.Read(batch.Cell(i).Span).Total)];
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task S15_S21_every_read_is_that_of_a_store_that_writes_at_once(int seed)
    {
        Random random = new(seed);
        string[] keys = ["a", "b", "c", "d", "e", "f"];
        for (var round = 0; round < 30; round++)
        {
            MemoryOnlineStore.Data data = new();
            MemoryOnlineStore inner = new(data, TimeProvider.System), plain = Memory();
            FailingStore failing = new(inner);
            var store = new WriteBehindStore(failing, TimeProvider.System, WhenTold);
            await await PublishAsync(store, ("a", 0, 0)); // the first is written at once
            await plain.WriteAsync(Table, Updates(("a", 0, 0)), How, Fence.None, None);
            Dictionary<StoreStamp, string> seen = [];
            for (var (step, place) = (0, 1L); step < 40; step++)
            {
                switch (random.Next(6))
                {
                    case 0:
                        var left = random.Next(3); // a write fails after so many
                        failing.Fails = _ => left-- > 0 ? null : new LockstepException(ErrorKind.Failed, "the disk is full");
                        try
                        {
                            await store.FlushAsync(Table, None);
                        }
                        catch (LockstepException) when (left < 0)
                        {
                            Assert.Equal("the disk is full", store.WriteProblem(Table));
                        }
                        failing.Fails = _ => null;
                        break;
                    case 1:
                        await store.FlushAsync(Table, None);
                        Assert.Equal((0, null), (store.PendingBytes, store.WriteProblem(Table)));
                        break;
                    case 2 when random.Next(4) == 0: // another process begins: what was published is published again, from some earlier place
                        store = new(failing = new(inner), TimeProvider.System, WhenTold);
                        seen.Clear();
                        var again = Enumerable.Range(0, (int)place).Select(p => (keys[p % keys.Length], (long)p, p * 7L % 11)).Skip(random.Next(2)).ToList();
                        foreach (var (key, at, amount) in again) await PublishAsync(store, (key, at, amount));
                        break;
                    default:
                        var some = Enumerable.Range(0, random.Next(1, 4)).Select(_ => place++).Select(p => (keys[p % keys.Length], p, p * 7 % 11)).ToArray();
                        await PublishAsync(store, some);
                        await plain.WriteAsync(Table, Updates(some), How, Fence.None, None);
                        break;
                }
                Assert.True(store.TryGetStamp(out var stamp));
                var (expected, actual) = (await ReadAsync(plain, keys), await ReadAsync(store, keys));
                Assert.True(expected.SequenceEqual(actual), $"seed {seed}, round {round}, step {step}: {string.Join(" ", actual)} instead of {string.Join(" ", expected)}");
                if (!seen.TryAdd(stamp, string.Join(" ", actual))) Assert.Equal(seen[stamp], string.Join(" ", actual));
            }
            await store.DisposeAsync();
            Assert.Equal(await ReadAsync(plain, keys), await ReadAsync(new MemoryOnlineStore(data, TimeProvider.System), keys));
        }
    }

    [Fact]
    public async Task S21_no_reader_goes_back_while_updates_are_published_and_written()
    {
        using TempFolder folder = new();
        await using WriteBehindStore store = new(new SqliteOnlineStore(new() { Path = folder.At("online.db"), CacheBytes = 1 << 20 }, TimeProvider.System), TimeProvider.System, new() { MaxPause = TimeSpan.Zero, KeysPerWrite = 3 });
        string[] keys = ["a", "b", "c", "d", "e", "f", "g"];
        long published = 0;
        using CancellationTokenSource done = new();
        using CountdownEvent reading = new(2);
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var last = new long[keys.Length];
            Dictionary<StoreStamp, long> kept = [];
            for (var reads = 0; !done.IsCancellationRequested; reads++)
            {
                if (reads == 1) reading.Signal();
                var (least, known) = (Volatile.Read(ref published), store.TryGetStamp(out var stamp));
                var read = await ReadAsync(store, keys);
                for (var i = 0; i < keys.Length; i++)
                {
                    Assert.True(read[i] >= last[i], $"{keys[i]} was {last[i]} and is {read[i]}");
                    Assert.True(read[i] >= least, $"{keys[i]} is {read[i]}, of {least} that were published");
                }
                last = read;
                if (!known || !store.TryGetStamp(out var after) || after != stamp) continue;
                Assert.True(kept.TryAdd(stamp, read.Sum()) || kept[stamp] == read.Sum(), "one stamp, and two sums");
            }
        })).ToList();
        await Task.WhenAny([.. readers, Task.Run(() => reading.Wait())]);
        for (var place = 0L; place < 3_000; place++)
        {
            await PublishAsync(store, [.. keys.Select(k => (k, place, 1L))]);
            Volatile.Write(ref published, place + 1);
            if (place % 100 == 0) await Task.Yield();
        }
        await done.CancelAsync();
        await Task.WhenAll(readers);
        await store.FlushAsync(Table, None);
        Assert.All(await ReadAsync(store, keys), total => Assert.Equal(3_000, total));
    }

    [Fact]
    public async Task S7_what_a_run_writes_meanwhile_is_before_what_is_pending()
    {
        await using WriteBehindStore store = new(Memory(), TimeProvider.System, WhenTold);
        await await PublishAsync(store, ("a", 0, 1));
        await PublishAsync(store, ("a", 1, 10));
        await store.WriteAsync(Table, Updates(("a", 0, 0)), new SetTotal(500), Fence.None, None);
        Assert.Equal(510, await ReadAsync(store, "a"));
        await store.FlushAsync(Table, None);
        Assert.Equal(510, await ReadAsync(store, "a"));
    }

    [Fact]
    public async Task A_failing_store_is_tried_again_and_who_publishes_more_than_there_is_room_for_waits()
    {
        FailingStore failing = new(Memory()) { Fails = _ => new LockstepException(ErrorKind.Failed, "the disk is full") };
        await using WriteBehindStore store = new(failing, TimeProvider.System, new() { MaxBytes = 1 });
        var written = await PublishAsync(store, ("a", 0, 1)); // alone it may be larger than all there is
        var waits = PublishAsync(store, ("a", 1, 10)).AsTask();
        await failing.Failed;
        Assert.Equal((1, false, false), (await ReadAsync(store, "a"), written.IsCompleted, waits.IsCompleted));
        failing.Fails = _ => null;
        await written;
        await await waits;
        Assert.Equal((11, 0, null), (await ReadAsync(store, "a"), store.PendingBytes, store.WriteProblem(Table)));
    }

    [Fact]
    public async Task What_trying_again_does_not_help_is_told_to_whoever_publishes_and_hides_nothing()
    {
        FailingStore failing = new(Memory()) { Fails = _ => new InvalidOperationException("no cell of ours") };
        await using WriteBehindStore store = new(failing, TimeProvider.System);
        var written = await PublishAsync(store, ("a", 0, 1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => written);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await PublishAsync(store, ("a", 1, 1)));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.FlushAsync(Table, None));
        Assert.Equal(1, await ReadAsync(store, "a"));
    }

    [Fact]
    public async Task A_table_that_is_dropped_takes_with_it_what_is_pending()
    {
        MemoryOnlineStore inner = Memory();
        await using WriteBehindStore store = new(inner, TimeProvider.System, WhenTold);
        await await PublishAsync(store, ("a", 0, 1));
        var lost = await PublishAsync(store, ("a", 1, 10));
        Assert.True(store.TryGetStamp(out var before));
        await store.DropAsync(Table, None);
        Assert.True(store.TryGetStamp(out var after) && after != before);
        await Assert.ThrowsAsync<LockstepException>(() => lost);
        await store.FlushAsync(Table, None);
        Assert.Equal((0, 0, 0), (await ReadAsync(store, "a"), store.PendingBytes, (await inner.ListAsync(None)).Count));
    }

    [Fact]
    public async Task A_scan_sees_what_was_published()
    {
        await using WriteBehindStore store = new(Memory(), TimeProvider.System, WhenTold);
        await PublishAsync(store, ("a", 0, 1), ("b", 0, 2));
        await PublishAsync(store, ("c", 1, 3));
        List<long> totals = [];
        await foreach (var (_, cell) in store.ScanAsync(Table, None)) totals.Add(Amounts.Read(cell).Total);
        Assert.Equal([1L, 2L, 3L], totals);
    }

    [Fact]
    public async Task A_key_with_many_updates_is_written_without_a_pause()
    {
        await using WriteBehindStore store = new(Memory(), TimeProvider.System, WhenTold);
        await await PublishAsync(store, ("a", 0, 1));
        List<Task> written = [];
        for (var place = 1; place < 100; place++) written.Add(await PublishAsync(store, ("a", place, 1)));
        await written[0];
        Assert.Equal(100, await ReadAsync(store, "a"));
    }
}

/// <summary>What does not come from streams goes through it as it is.</summary>
public sealed class WriteBehindComplianceTests : OnlineStoreCompliance
{
    readonly MemoryOnlineStore.Data _data = new();

    protected override ValueTask<IOnlineStore> OpenStoreAsync(TimeProvider clock) => new(new WriteBehindStore(new MemoryOnlineStore(_data, clock), clock));
    protected override ValueTask DeleteStoreAsync() => default;
    protected override ProcessStartInfo? Writer() => null;
}
