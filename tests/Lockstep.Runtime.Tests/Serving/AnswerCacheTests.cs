using System.Text;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class AnswerCacheTests
{
    const string Ask = """{"features":["v:n"],"entities":[{"k":1}]}""";

    static (ServingWorld World, Action<long, long> Put) World(long ttl = 0)
    {
        ServingWorld world = new();
        var view = world.View("v", [ServingWorld.F("k", "int64")], [ServingWorld.F("n", "int64")], ttl);
        return (world, (time, n) => world.Put(view, [Value.Of(1L)], (time, [Value.Of(n)])));
    }

    // Whether a row of the request comes from the cache.
    static bool Hits(ServingWorld world, string body = Ask)
    {
        var request = world.Server.Rent();
        OnlineRequestJson.Read(Encoding.UTF8.GetBytes(body), world.Server.Current, request, 10, world.Now);
        var hit = request.Answer(0) is not null;
        request.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        OnlineResponseJson.ToArray(request);
        world.Server.Return(request);
        return hit;
    }

    [Fact]
    public void S21_a_row_is_kept_from_the_second_time_on_until_anything_is_written()
    {
        var (world, put) = World();
        put(world.Now, 1);
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(_ => Hits(world)));
        put(world.Now + 1, 2); // ahead of the clock: the row stays the same, the store does not
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(_ => Hits(world)));
    }

    [Fact]
    public void S5_a_kept_row_ends_with_its_age_limit_and_with_the_next_row()
    {
        var (world, put) = World(ttl: 5);
        put(world.Now, 1);
        while (!Hits(world))
        {
        }
        world.Clock.Advance(TimeSpan.FromMicroseconds(5));
        Assert.True(Hits(world));
        Assert.Equal("PRESENT", world.Cell(Ask).Status);
        world.Clock.Advance(TimeSpan.FromMicroseconds(1));
        Assert.False(Hits(world));
        Assert.Equal("OUTSIDE_MAX_AGE", world.Cell(Ask).Status);
    }

    [Fact]
    public void S7_a_request_that_arrived_before_a_row_was_due_does_not_get_it_from_a_later_one()
    {
        var (world, put) = World();
        put(world.Now + 2, 1);
        var before = world.Clock.Now;
        world.Clock.Advance(TimeSpan.FromMicroseconds(2));
        while (!Hits(world))
        {
        }
        world.Clock.Now = before;
        Assert.Equal("NOT_FOUND", world.Cell(Ask).Status);
    }

    [Fact]
    public void Different_plans_and_keys_keep_rows_of_their_own()
    {
        ServingWorld world = new();
        var view = world.View("v", [ServingWorld.F("k", "string"), ServingWorld.F("l", "string")], [ServingWorld.F("n", "int64"), ServingWorld.F("m", "int64")]);
        world.Put(view, [Value.Of("1"), Value.Of("23")], (world.Now, [Value.Of(1L), Value.Of(2L)]));
        world.Put(view, [Value.Of("12"), Value.Of("3")], (world.Now, [Value.Of(3L), Value.Of(4L)]));
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("1", world.Cell("""{"features":["v:n"],"entities":[{"k":"1","l":"23"}]}""").Value);
            Assert.Equal("3", world.Cell("""{"features":["v:n"],"entities":[{"k":"12","l":"3"}]}""").Value);
            Assert.Equal("2", world.Cell("""{"features":["v:m"],"entities":[{"k":"1","l":"23"}]}""").Value);
            Assert.Equal("NOT_FOUND", world.Cell("""{"features":["v:n"],"entities":[{"k":"1","l":null}]}""").Status);
        }
    }

    [Fact]
    public void Keys_of_one_hash_are_told_apart()
    {
        var (world, _) = World();
        var plan = world.Server.Current.Compile(FeatureQuery.OfFeatures(["v:n"]));
        AnswerCache cache = new();
        for (var time = 0; time < 2; time++) cache.Offer(plan, [1], 77, default, 0, 10, [42]);
        Assert.Equal<byte[]>([42], cache.Find(plan, [1], 77, default, 5)!);
        Assert.Null(cache.Find(plan, [2], 77, default, 5));
    }

    [Fact]
    public void It_holds_no_more_bytes_than_it_may()
    {
        var (world, _) = World();
        var plan = world.Server.Current.Compile(FeatureQuery.OfFeatures(["v:n"]));
        AnswerCache cache = new(maxBytes: 10_000);
        StoreStamp stamp = new(1, 1);
        for (var i = 0UL; i < 1_000; i++)
            for (var time = 0; time < 2; time++) cache.Offer(plan, BitConverter.GetBytes(i), i * 77, stamp, 0, 10, new byte[100]);
        Assert.InRange(cache.Bytes, 5_000, 10_000);
        for (var i = 0UL; i < 1_000; i++) // another state of the store takes the place of the first
            for (var time = 0; time < 2; time++) cache.Offer(plan, BitConverter.GetBytes(i), i * 77, new(2, 2), 0, 10, new byte[200]);
        Assert.InRange(cache.Bytes, 5_000, 10_000);
        Assert.Contains(Enumerable.Range(0, 1_000), i => cache.Find(plan, BitConverter.GetBytes((ulong)i), (ulong)i * 77, new(2, 2), 5) is { Length: 200 });
        Assert.DoesNotContain(Enumerable.Range(0, 1_000), i => cache.Find(plan, BitConverter.GetBytes((ulong)i), (ulong)i * 77, stamp, 5) is not null);
    }
}
