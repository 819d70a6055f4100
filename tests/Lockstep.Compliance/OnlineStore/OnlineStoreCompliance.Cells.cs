using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

public abstract partial class OnlineStoreCompliance
{
    [Fact]
    public async Task What_was_written_is_read_and_nothing_else()
    {
        var store = await OpenAsync();
        await PutAsync(store, (Bytes("a"), Bytes("1")), (Bytes("ab"), Bytes("2")));
        Assert.Equal("1", await TextAsync(store, Bytes("a")));
        Assert.Equal("2", await TextAsync(store, Bytes("ab")));
        Assert.Empty(await ReadAsync(store, Bytes("b")));
        Assert.Empty(await ReadAsync(store, Bytes("a"), "another@1.0.0"));
    }

    [Fact]
    public async Task A_batch_is_answered_in_its_order_over_all_its_tables()
    {
        var store = await OpenAsync();
        await WriteAsync(store, "t1", new TakeUpdate(), Fence.None, (Bytes("k"), Bytes("one")));
        await WriteAsync(store, "t2", new TakeUpdate(), Fence.None, (Bytes("k"), Bytes("two")));
        var batch = new OnlineReadBatch();
        foreach (var round in new[] { 0, 1 }) // the second from a cache, where there is one
        {
            batch.Clear();
            foreach (var table in new[] { "t2", "missing", "t1", "t2", "t2" }) Add(batch, Bytes("k"), table);
            Add(batch, Bytes("absent"), "t1");
            await store.ReadAsync(batch, None);
            Assert.Equal(["two", "", "one", "two", "two", ""], Enumerable.Range(0, batch.Count).Select(i => System.Text.Encoding.UTF8.GetString(batch.Cell(i).Span)));
        }
    }

    [Fact]
    public async Task Keys_and_cells_of_any_bytes_and_length()
    {
        var store = await OpenAsync();
        var random = new Random(5);
        List<(byte[] Key, byte[] Cell)> entries = [([], [1])];
        for (var b = 0; b < 256; b++) entries.Add(([(byte)b], [(byte)b]));
        for (var length = 1; length <= 4096; length *= 4)
        {
            var key = new byte[length];
            random.NextBytes(key);
            entries.Add(([0, .. key], key));
        }
        entries.Add(([0], [0])); // an empty key and a zero byte are two keys
        foreach (var size in new[] { 100_000, 5_000_000 })
        {
            var cell = new byte[size];
            random.NextBytes(cell);
            entries.Add((Bytes($"large {size}"), cell));
        }
        entries = [.. entries.GroupBy(e => Convert.ToHexString(e.Key)).Select(g => g.Last())];
        await PutAsync(store, [.. entries]);
        var batch = new OnlineReadBatch();
        foreach (var (key, _) in entries) Add(batch, key);
        for (var round = 0; round < 2; round++)
        {
            await store.ReadAsync(batch, None);
            for (var i = 0; i < entries.Count; i++) Assert.True(entries[i].Cell.AsSpan().SequenceEqual(batch.Cell(i).Span), $"key {Convert.ToHexString(entries[i].Key)}");
        }
        Assert.Equal(entries.Count, (await ScanAsync(store)).Count);
    }

    [Fact]
    public async Task A_merge_sees_the_cell_and_its_update_and_decides()
    {
        var store = await OpenAsync();
        await PutAsync(store, (Bytes("keep"), Bytes("k")), (Bytes("remove"), Bytes("r")), (Bytes("change"), Bytes("c")));
        List<string> seen = [];
        var merge = new MergeBy((cell, update) =>
        {
            var (before, text) = (System.Text.Encoding.UTF8.GetString(cell), System.Text.Encoding.UTF8.GetString(update));
            lock (seen) seen.Add($"{before}<-{text}");
            return text switch { "leave" => null, "remove" => [], _ => [.. cell, .. update] };
        });
        Assert.True(await WriteAsync(store, merge, Fence.None, (Bytes("keep"), Bytes("leave")), (Bytes("remove"), Bytes("remove")), (Bytes("change"), Bytes("d")),
            (Bytes("new"), Bytes("n")), (Bytes("never"), Bytes("leave")), (Bytes("gone"), Bytes("remove"))));
        Assert.Equal(["<-leave", "<-n", "<-remove", "c<-d", "k<-leave", "r<-remove"], seen.Distinct().Order(StringComparer.Ordinal)); // perhaps more than once
        Assert.Equal(["change=cd", "keep=k", "new=n"], (await ScanAsync(store)).Select(e => $"{System.Text.Encoding.UTF8.GetString(e.Key)}={System.Text.Encoding.UTF8.GetString(e.Cell)}"));
        Assert.Empty(await ReadAsync(store, Bytes("remove")));
    }

    [Fact]
    public async Task A_merge_that_throws_leaves_the_key_and_the_store_as_they_were()
    {
        var store = await OpenAsync();
        await PutAsync(store, (Bytes("a"), Bytes("1")));
        var broken = new MergeBy((_, _) => throw new InvalidDataException("broken"));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await WriteAsync(store, broken, Fence.None, (Bytes("a"), Bytes("2"))));
        Assert.Equal("1", await TextAsync(store, Bytes("a")));
        await PutAsync(store, (Bytes("a"), Bytes("3")));
        Assert.Equal("3", await TextAsync(store, Bytes("a")));
    }

    [Fact]
    public async Task A_cell_that_was_given_out_never_changes()
    {
        var store = await OpenAsync();
        await PutAsync(store, (Bytes("a"), Bytes("before")));
        var batch = new OnlineReadBatch();
        Add(batch, Bytes("a"));
        await store.ReadAsync(batch, None);
        var held = batch.Cell(0);
        await PutAsync(store, (Bytes("a"), Bytes("AFTER!")));
        batch.Clear();
        Assert.Equal("before"u8, held.Span);
    }

    [Fact]
    public async Task Cells_outlive_the_store_that_wrote_them()
    {
        await using (var store = await OpenStoreAsync(Clock))
            await PutAsync(store, (Bytes("a"), Bytes("1")));
        Assert.Equal("1", await TextAsync(await OpenAsync(), Bytes("a")));
    }

    [Fact]
    public async Task An_empty_write_and_an_empty_read_do_nothing()
    {
        var store = await OpenAsync();
        Assert.True(await WriteAsync(store, new TakeUpdate(), Fence.None));
        await store.ReadAsync(new OnlineReadBatch(), None);
        Assert.Empty(await ScanAsync(store));
    }

    [Fact]
    public async Task A_dropped_table_is_gone_for_everyone_and_begins_anew()
    {
        var (store, other) = (await OpenAsync(), await OpenAsync());
        await PutAsync(store, (Bytes("a"), Bytes("1")), (Bytes("b"), Bytes("2")));
        await WriteAsync(store, "other", new TakeUpdate(), Fence.None, (Bytes("a"), Bytes("3")));
        Assert.Equal("1", await TextAsync(other, Bytes("a")));
        await store.DropAsync(Table, None);
        foreach (var client in new[] { store, other })
        {
            Assert.Empty(await ReadAsync(client, Bytes("a")));
            Assert.Empty(await ScanAsync(client));
            Assert.DoesNotContain(await client.ListAsync(None), t => t.Name == Table);
            Assert.Equal("3", await TextAsync(client, Bytes("a"), "other"));
        }
        await PutAsync(other, (Bytes("b"), Bytes("4")));
        Assert.Empty(await ReadAsync(store, Bytes("a")));
        Assert.Equal("4", await TextAsync(store, Bytes("b")));
        await store.DropAsync("never there", None);
    }

    [Fact]
    public async Task Tables_are_listed_with_their_numbers_of_cells()
    {
        var store = await OpenAsync();
        await PutAsync(store, (Bytes("a"), Bytes("1")), (Bytes("b"), Bytes("2")), (Bytes("c"), Bytes("3")));
        await WriteAsync(store, "other", new TakeUpdate(), Fence.None, (Bytes("a"), new byte[1_000]));
        await WriteAsync(store, new TakeUpdate(), Fence.None, (Bytes("a"), Bytes("longer")), (Bytes("b"), [])); // one changed, one removed
        var tables = await store.ListAsync(None);
        Assert.Equal([("other", 1L), (Table, 2L)], tables.Select(t => (t.Name, t.Cells)).Order());
        Assert.True(tables.Single(t => t.Name == "other").Bytes >= 1_000);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task Random_writes_agree_with_a_dictionary(int seed)
    {
        var random = new Random(seed);
        var (store, other) = (await OpenAsync(), await OpenAsync());
        var twin = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var round = 0; round < 150; round++)
        {
            var client = random.Next(3) == 0 ? other : store;
            var keys = Enumerable.Range(0, random.Next(1, 20)).Select(_ => $"{random.Next(60):D2}").Distinct().ToList();
            var entries = keys.Select(k => (Bytes(k), random.Next(4) == 0 ? [] : Bytes($"{round}"))).ToArray();
            await PutAsync(client, entries);
            foreach (var (key, cell) in entries)
            {
                if (cell.Length == 0) twin.Remove(System.Text.Encoding.UTF8.GetString(key));
                else twin[System.Text.Encoding.UTF8.GetString(key)] = System.Text.Encoding.UTF8.GetString(cell);
            }
            var reader = random.Next(2) == 0 ? other : store;
            for (var i = 0; i < 5; i++)
            {
                var key = $"{random.Next(60):D2}";
                Assert.True(twin.GetValueOrDefault(key, "") == System.Text.Encoding.UTF8.GetString(await ReadAsync(reader, Bytes(key))), $"seed {seed}, round {round}, key {key}");
            }
        }
        Assert.Equal(twin.Select(e => $"{e.Key}={e.Value}"), (await ScanAsync(other)).Select(e => $"{System.Text.Encoding.UTF8.GetString(e.Key)}={System.Text.Encoding.UTF8.GetString(e.Cell)}"));
        Assert.Equal(twin.Count, (await store.ListAsync(None)).Single().Cells);
    }
}
