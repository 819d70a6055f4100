using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

public abstract partial class OnlineStoreCompliance
{
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task S7_one_holds_a_lease_until_it_expires_by_the_clock()
    {
        var (store, other) = (await OpenAsync(), await OpenAsync());
        var first = await store.TryAcquireLeaseAsync(Table, "first", Minute, None);
        Assert.NotNull(first);
        Assert.Equal((Table, "first"), (first.Table, first.Owner));
        Assert.True(first.Number > 0);
        Assert.Null(await other.TryAcquireLeaseAsync(Table, "second", Minute, None));
        Assert.Null(await store.TryAcquireLeaseAsync(Table, "first", Minute, None)); // an owner is a name, not a right
        Assert.NotNull(await other.TryAcquireLeaseAsync("another@1.0.0", "second", Minute, None));
        Clock.Advance(Minute - TimeSpan.FromSeconds(1));
        Assert.Null(await other.TryAcquireLeaseAsync(Table, "second", Minute, None));
        Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await other.TryAcquireLeaseAsync(Table, "second", Minute, None);
        Assert.NotNull(second);
        Assert.True(second.Number > first.Number);
    }

    [Fact]
    public async Task S7_a_lease_is_prolonged_while_it_is_held()
    {
        var store = await OpenAsync();
        var lease = await store.TryAcquireLeaseAsync(Table, "me", Minute, None);
        Assert.NotNull(lease);
        Clock.Advance(TimeSpan.FromSeconds(50));
        Assert.True(await store.RenewLeaseAsync(lease, Minute, None));
        Clock.Advance(TimeSpan.FromSeconds(50));
        Assert.Null(await store.TryAcquireLeaseAsync(Table, "you", Minute, None));
        Clock.Advance(TimeSpan.FromSeconds(20)); // expired, but nobody has taken it: it is still mine
        Assert.True(await store.RenewLeaseAsync(lease, Minute, None));
        Clock.Advance(Minute);
        var next = await store.TryAcquireLeaseAsync(Table, "you", Minute, None);
        Assert.NotNull(next);
        Assert.False(await store.RenewLeaseAsync(lease, Minute, None));
        await store.ReleaseLeaseAsync(lease, None); // not his any more: without effect
        Assert.Null(await store.TryAcquireLeaseAsync(Table, "third", Minute, None));
    }

    [Fact]
    public async Task S7_a_released_lease_is_free_and_numbers_grow_for_ever()
    {
        var store = await OpenAsync();
        var last = 0L;
        for (var round = 0; round < 5; round++)
        {
            var lease = await store.TryAcquireLeaseAsync(Table, "me", Minute, None);
            Assert.NotNull(lease);
            Assert.True(lease.Number > last);
            last = lease.Number;
            if (round == 3) await store.DropAsync(Table, None);
            else await store.ReleaseLeaseAsync(lease, None);
            Assert.False(await store.RenewLeaseAsync(lease, Minute, None));
        }
    }

    [Fact]
    public async Task S7_whoever_has_lost_the_lease_writes_nothing()
    {
        var (store, other) = (await OpenAsync(), await OpenAsync());
        var first = await store.TryAcquireLeaseAsync(Table, "first", Minute, None);
        Assert.NotNull(first);
        Assert.True(await WriteAsync(store, new TakeUpdate(), new(first.Number), (Bytes("a"), Bytes("1"))));
        Clock.Advance(Minute); // expired, but not passed on
        Assert.True(await WriteAsync(store, new TakeUpdate(), new(first.Number), (Bytes("a"), Bytes("2"))));
        var second = await other.TryAcquireLeaseAsync(Table, "second", Minute, None);
        Assert.NotNull(second);
        Assert.False(await WriteAsync(store, new TakeUpdate(), new(first.Number), (Bytes("a"), Bytes("3")), (Bytes("b"), Bytes("3"))));
        Assert.False(await WriteAsync(store, new TakeUpdate(), new(second.Number + 1), (Bytes("a"), Bytes("4"))));
        Assert.Equal("2", await TextAsync(store, Bytes("a")));
        Assert.Empty(await ReadAsync(other, Bytes("b")));
        Assert.True(await WriteAsync(other, new TakeUpdate(), new(second.Number), (Bytes("a"), Bytes("5"))));
        Assert.True(await WriteAsync(store, new TakeUpdate(), Fence.None, (Bytes("b"), Bytes("push"))));
        await other.DropAsync(Table, None);
        Assert.False(await WriteAsync(other, new TakeUpdate(), new(second.Number), (Bytes("a"), Bytes("6"))));
        Assert.Empty(await ReadAsync(store, Bytes("a")));
    }

    [Fact]
    public async Task S7_many_who_want_a_lease_at_once_get_it_one_after_the_other()
    {
        const int takers = 8;
        var clients = new[] { await OpenAsync(), await OpenAsync() };
        var (inside, most) = (0, 0);
        var numbers = new List<long>();
        await Task.WhenAll(Enumerable.Range(0, takers).Select(taker => Task.Run(async () =>
        {
            var store = clients[taker % 2];
            for (var got = 0; got < 5;)
            {
                if (await store.TryAcquireLeaseAsync(Table, $"taker {taker}", Minute, None) is not { } lease)
                {
                    await Task.Yield();
                    continue;
                }
                got++;
                var now = Interlocked.Increment(ref inside);
                lock (numbers)
                {
                    most = Math.Max(most, now);
                    numbers.Add(lease.Number);
                }
                Assert.True(await WriteAsync(store, new AddNumbers(), new(lease.Number), (Bytes("count"), Number(1))));
                Interlocked.Decrement(ref inside);
                await store.ReleaseLeaseAsync(lease, None);
            }
        })));
        Assert.Equal(1, most);
        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal(takers * 5, numbers.Distinct().Count());
        Assert.Equal(takers * 5, Number(await ReadAsync(clients[0], Bytes("count"))));
    }
}
