using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

// A stamp is a promise: equal stamps mean equal cells. A store that cannot promise it says so.
public abstract partial class OnlineStoreCompliance
{
    [Fact]
    public async Task S21_a_write_changes_the_stamp_for_everybody_before_it_returns()
    {
        var (here, there) = (await OpenAsync(), await OpenAsync());
        if (!here.TryGetStamp(out _)) Assert.Skip("the store has no stamps");
        HashSet<StoreStamp> seen = [Stamp(here)];
        for (var i = 0; i < 20; i++)
        {
            await PutAsync(i % 2 == 0 ? here : there, (Bytes("k"), Bytes($"{i}")));
            Assert.True(seen.Add(Stamp(here)), $"write {i} left a stamp that had been there");
            Assert.Equal(Stamp(here), Stamp(there));
            await ReadAsync(here, Bytes("k"));
            Assert.Contains(Stamp(here), seen);
        }
        await here.DropAsync(Table, None);
        Assert.True(seen.Add(Stamp(there)), "dropping the table left a stamp that had been there");
    }

    [Fact]
    public async Task S21_what_is_read_between_equal_stamps_is_the_same_whenever_they_come()
    {
        var (store, other) = (await OpenAsync(), await OpenAsync());
        if (!store.TryGetStamp(out _)) Assert.Skip("the store has no stamps");
        await PutAsync(store, (Bytes("k"), Number(1)));
        using CancellationTokenSource done = new();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            Dictionary<StoreStamp, long> values = [];
            while (!done.IsCancellationRequested)
            {
                var before = Stamp(store);
                var value = Number(await ReadAsync(store, Bytes("k")));
                if (Stamp(store) != before) continue;
                if (!values.TryAdd(before, value)) Assert.Equal(values[before], value);
            }
            return values.Count;
        })).ToList();
        for (var i = 2; i < 200; i++) await PutAsync(i % 3 == 0 ? other : store, (Bytes("k"), Number(i)));
        await done.CancelAsync();
        foreach (var reader in readers) Assert.True(await reader >= 0);
    }

    static StoreStamp Stamp(IOnlineStore store)
    {
        Assert.True(store.TryGetStamp(out var stamp));
        return stamp;
    }
}
