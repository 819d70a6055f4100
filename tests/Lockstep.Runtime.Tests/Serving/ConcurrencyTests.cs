using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class ConcurrencyTests
{
    [Theory, InlineData(1), InlineData(2)]
    public async Task S21_a_reader_sees_a_row_before_or_after_a_write_never_half_and_never_goes_back(int seed)
    {
        ServingWorld world = new();
        var features = Enumerable.Range(0, 20).Select(i => ServingWorld.F($"f{i}", i % 3 == 0 ? "string" : i % 3 == 1 ? "int64" : "list<int64>")).ToArray();
        var view = world.View("v", [ServingWorld.F("k", "int64")], features);
        Write(0);
        using CancellationTokenSource done = new();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() => Read(done.Token))).ToList();
        var random = new Random(seed);
        for (var n = 1; n < 400; n++)
        {
            Write(n);
            if (random.Next(3) == 0) await Task.Yield(); // now and then nothing is written for a while
        }
        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), seen => Assert.InRange(seen, 1, long.MaxValue));
        Assert.Equal(399, Numbers(world.Post(Body)).Min());

        void Write(long n)
        {
            for (var key = 0L; key < 3; key++)
                world.Put(view, [Value.Of(key)], (world.Now - 1_000 + n, [.. features.Select(f => f.Type.Kind switch
                {
                    TypeKind.String => Value.Of($"{n}"),
                    TypeKind.Int64 => Value.Of(n),
                    _ => Value.List(Value.Of(n), Value.Of(n)),
                })]));
        }

        long Read(CancellationToken token)
        {
            var (last, rounds) = (new long[3], 0L);
            while (!token.IsCancellationRequested || rounds == 0)
            {
                var numbers = Numbers(world.Post(Body));
                for (var key = 0; key < 3; key++)
                {
                    Assert.True(numbers[key] >= last[key], $"seed {seed}: key {key} went back from {last[key]} to {numbers[key]}");
                    last[key] = numbers[key];
                }
                rounds++;
            }
            return rounds;
        }

        // The one number that all values and the instant of a row agree on.
        long[] Numbers(string text)
        {
            using var answer = JsonDocument.Parse(text);
            return [.. answer.RootElement.GetProperty("rows").EnumerateArray().Select(row =>
            {
                var numbers = row.GetProperty("values").EnumerateArray().SelectMany(v => v.ValueKind switch
                {
                    JsonValueKind.String => [long.Parse(v.GetString()!, System.Globalization.CultureInfo.InvariantCulture)],
                    JsonValueKind.Number => [v.GetInt64()],
                    _ => v.EnumerateArray().Select(e => e.GetInt64()),
                }).Concat(row.GetProperty("event_timestamps").EnumerateArray().Select(t => Instant.Parse(t.GetString()!) - world.Now + 1_000)).Distinct().ToList();
                return Assert.Single(numbers);
            })];
        }
    }

    const string Body = """{"features":["v:*"],"entities":[{"k":0},{"k":1},{"k":2}]}""";

    [Fact]
    public async Task S21_a_request_is_answered_by_one_catalog_whole_while_applies_go_on()
    {
        ServingWorld world = new();
        Field[] key = [ServingWorld.F("k", "int64")];
        var (one, two) = (world.View("v", key, [ServingWorld.F("a", "int64"), ServingWorld.F("b", "int64")]), world.View("v", key, [ServingWorld.F("b", "int64"), ServingWorld.F("c", "int64")], version: "2.0.0"));
        world.Put(one, [Value.Of(1L)], (world.Now, [Value.Of(10L), Value.Of(11L)]));
        world.Put(two, [Value.Of(1L)], (world.Now, [Value.Of(21L), Value.Of(22L)]));
        Catalog first = new(1, [], [], [one], []), second = new(2, [], [], [one, two], []);
        world.Server.Replace(first);
        string[] allowed =
        [
            """{"metadata":{"features":["a","b"],"versions":{"v":"1.0.0"},"as_of":"2026-11-01T12:00:00Z"},"rows":[{"values":[10,11],"statuses":["PRESENT","PRESENT"],"event_timestamps":["2026-11-01T12:00:00Z","2026-11-01T12:00:00Z"]}]}""",
            """{"metadata":{"features":["b","c"],"versions":{"v":"2.0.0"},"as_of":"2026-11-01T12:00:00Z"},"rows":[{"values":[21,22],"statuses":["PRESENT","PRESENT"],"event_timestamps":["2026-11-01T12:00:00Z","2026-11-01T12:00:00Z"]}]}""",
        ];
        using CancellationTokenSource done = new();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            HashSet<string> seen = [];
            while (!done.IsCancellationRequested || seen.Count == 0) seen.Add(world.Post("""{"features":["v:*"],"entities":[{"k":1}]}"""));
            return seen;
        })).ToList();
        for (var i = 0; i < 2_000; i++)
        {
            world.Server.Replace(i % 2 == 0 ? second : first);
            if (i % 50 == 0) await Task.Yield();
        }
        await done.CancelAsync();
        foreach (var seen in await Task.WhenAll(readers)) Assert.Subset(new HashSet<string>(allowed), seen);
    }
}
