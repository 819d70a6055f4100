using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Sqlite.Tests.OnlineStore;

public sealed class CellCacheTests
{
    static readonly byte[] Key = [1, 2, 3], Old = [10], New = [20];
    readonly CellCache _cache = new(1 << 20);
    ulong Hash => _cache.Hash(1, Key);

    [Fact]
    public void A_cell_that_was_read_before_a_write_began_does_not_enter_after_it()
    {
        var version = _cache.Version(Hash);
        Write(put: false);
        _cache.Add(1, Key, Hash, Old, version);
        Assert.Null(Find());
    }

    [Fact]
    public void While_a_write_commits_nothing_enters()
    {
        ulong closed = 0;
        _cache.Begin(1, Key, Hash, ref closed);
        _cache.Add(1, Key, Hash, Old, _cache.Version(Hash));
        Assert.Null(Find());
        _cache.End(closed);
        _cache.Add(1, Key, Hash, New, _cache.Version(Hash));
        Assert.Equal(New, Find());
    }

    [Fact]
    public void A_write_replaces_what_was_cached()
    {
        _cache.Add(1, Key, Hash, Old, _cache.Version(Hash));
        Write(put: true);
        Assert.Equal(New, Find());
        Write(put: false);
        Assert.Null(Find());
    }

    [Fact]
    public void Clearing_keeps_out_what_was_read_before()
    {
        _cache.Add(1, Key, Hash, Old, _cache.Version(Hash));
        var version = _cache.Version(Hash);
        _cache.Clear();
        Assert.Null(Find());
        _cache.Add(1, Key, Hash, Old, version);
        Assert.Null(Find());
        ulong closed = 0;
        _cache.Begin(1, Key, Hash, ref closed);
        _cache.Clear(); // in the middle of a write: its shard stays closed
        _cache.Add(1, Key, Hash, Old, _cache.Version(Hash));
        Assert.Null(Find());
        _cache.End(closed);
    }

    [Fact]
    public void Tables_do_not_meet()
    {
        _cache.Add(1, Key, Hash, Old, _cache.Version(Hash));
        Assert.False(_cache.TryGet(2, Key, _cache.Hash(2, Key), out _));
        Assert.False(_cache.TryGet(2, Key, Hash, out _));
    }

    [Fact]
    public void It_stays_within_its_bytes_and_keeps_what_is_used()
    {
        var cache = new CellCache(1 << 20);
        var hot = BitConverter.GetBytes(-1);
        cache.Add(1, hot, cache.Hash(1, hot), new byte[100], cache.Version(cache.Hash(1, hot)));
        for (var i = 0; i < 50_000; i++)
        {
            var key = BitConverter.GetBytes(i);
            var hash = cache.Hash(1, key);
            cache.Add(1, key, hash, new byte[i % 200], cache.Version(hash));
            Assert.True(cache.TryGet(1, hot, cache.Hash(1, hot), out _), $"the key in use was taken out after {i}");
        }
        Assert.InRange(cache.Bytes, 900_000, 1 << 20);
        var tooLarge = BitConverter.GetBytes(-2);
        cache.Add(1, tooLarge, cache.Hash(1, tooLarge), new byte[1 << 19], cache.Version(cache.Hash(1, tooLarge)));
        Assert.False(cache.Contains(1, tooLarge, cache.Hash(1, tooLarge)));
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Random_use_agrees_with_a_dictionary(int seed)
    {
        var random = new Random(seed);
        var twin = new Dictionary<int, byte[]>();
        var cache = new CellCache(64 << 10);
        var hits = 0;
        for (var step = 0; step < 50_000; step++)
        {
            var id = random.Next(400);
            var key = BitConverter.GetBytes(id);
            var hash = cache.Hash(1, key);
            if (random.Next(5) == 0)
            {
                ulong closed = 0;
                cache.Begin(1, key, hash, ref closed);
                twin[id] = BitConverter.GetBytes(step);
                if (random.Next(2) == 0) cache.Put(1, key, hash, twin[id]);
                cache.End(closed);
            }
            else if (cache.TryGet(1, key, hash, out var cell))
            {
                hits++;
                Assert.True(cell.Span.SequenceEqual(twin.GetValueOrDefault(id, [])), $"seed {seed}, step {step}");
            }
            else cache.Add(1, key, hash, twin.GetValueOrDefault(id, []), cache.Version(hash));
            if (random.Next(5_000) == 0) cache.Clear();
        }
        Assert.True(hits > 10_000, $"{hits} hits");
    }

    void Write(bool put)
    {
        ulong closed = 0;
        _cache.Begin(1, Key, Hash, ref closed);
        if (put) _cache.Put(1, Key, Hash, New);
        _cache.End(closed);
    }

    byte[]? Find() => _cache.TryGet(1, Key, Hash, out var cell) ? cell.ToArray() : null;
}
