using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation.Tiles;

/// <summary>Cells by themselves: their bytes, cuts that must not show, bad bytes.</summary>
public sealed class TileCellTests
{
    static readonly long Now = 20_000 * Instant.Day + 3 * Instant.Hour;

    static NaiveEvent At(long time, double? amount = null, long? items = null, string? place = null, bool a = false, bool b = false)
        => new([Value.Of("k")], time, [amount is { } x ? Value.Of(x) : Value.Null, items is { } n ? Value.Of(n) : Value.Null, place is null ? Value.Null : Value.Of(place)], [a, b]);

    [Fact]
    public void Golden_bytes_of_a_cell()
    {
        TileLab lab = new(0, ("count", -1, "1m", null, -1), ("max", 1, "1h", null, -1));
        var cell = lab.Apply([], lab.LogUpdate(TileCell.LogAlone, (new(3, 9), At(Now - 61 * Instant.Second, items: 7)), (new(3, 10), At(Now - 6 * Instant.Second, items: -1)), (new(5, 1), At(Now - 2, items: 2))), Now, out _);
        Assert.Equal(
            "01" + "01" + "0000000000000000" + Hex(long.MinValue) + Hex(Now - 5 * Instant.Second) // version, flags, run, end, cut
            + "0200" + "03000000" + Hex(10) + "05000000" + Hex(1) // places
            + "2C000000" + "21000000" + "37000000" // lengths of the sections: the single event, tiles of 1s, tiles of 1m with their newest events
            + "01000000" + "04" + Hex(Now - 2) + "00000000" + "02000000" + "00000000" + "09000000" + "00000000" + "0101" + "010200000000000000"
            + "02000000" + "04" + Hex(Now - 61 * Instant.Second) + "00000000" + "37000000" + "04000000" + "02000000" + "0101" + "0101"
            + "02000000" + "04" + Hex(Now - 120 * Instant.Second) + "00000000" + "01000000" + "C0448403" + "80F93703"
            + "12000000" + "09000000" + "010700000000000000" + "01FFFFFFFFFFFFFFFF",
            Convert.ToHexString(cell));
    }

    [Fact]
    public void Golden_bytes_of_a_cell_in_two_parts()
    {
        TileLab lab = new(0, parted: true, [("max", 2, "1m", null, -1)]);
        var text = new string('x', 800);
        var cell = lab.Apply([], lab.LogUpdate(TileCell.LogAlone, (new(3, 9), At(Now - 20 * Instant.Second, place: text)), (new(3, 10), At(Now, place: "y"))), Now, out _);
        // Of the second before the last of the body's, and one of its own.
        cell = lab.Apply(cell, lab.LogUpdate(TileCell.LogAlone, (new(3, 11), At(Now - 20 * Instant.Second, place: "z"))), Now, out _);

        Assert.Equal(
            "01" + "03" + "0000000000000000" + Hex(long.MinValue) + Hex(Now - 5 * Instant.Second) + "0100" + "03000000" + Hex(11) // the places of the whole
            + "62030000" // length of the body
            + "1C000000" + "20000000"
            + "01000000" + "04" + Hex(Now) + "00000000" + "03000000" + "00000000" + "010179"
            + "01000000" + "04" + Hex(Now - 20 * Instant.Second) + "00000000" + "00000000" + "03000000" + "00000000" + "01017A"
            + "01" + "00" + "0000000000000000" + Hex(long.MinValue) + Hex(Now - 5 * Instant.Second)
            + "00000000" + "40030000" + "01000000" + "04" + Hex(Now - 20 * Instant.Second) + "00000000" + "00000000" + "23030000" + "00000000" + "01A006",
            Convert.ToHexString(cell.AsSpan(..^800)));
    }

    public static TheoryData<string, long?, long> Bounds => new()
    {
        { "15d", null, 0 }, { "1m", null, 0 }, { "59s", null, 0 }, { "5h", null, 0 }, { "24h", null, 0 }, { "60d", null, 0 }, { "90d", null, 0 }, { "7d", Instant.Hour, 3 * Instant.Day }, { "1h", null, Instant.Second },
    };

    /// <summary>What explain shows of a key's tiles, with an event in every hop, as late and as early as they may come.</summary>
    [Theory, MemberData(nameof(Bounds))]
    public void S10_S14_a_tier_holds_no_more_tiles_than_its_bound_and_can_hold_as_many(string window, long? hop, long delay)
    {
        TileLab lab = new(delay, ("count", -1, window, hop, -1));
        var (tier, bound) = (lab.Plan.Tiers[0], lab.Layout.MaxTiles(0)!.Value);
        if (delay == 0 && tier.Widest <= 60 * Instant.Day) Assert.InRange(bound, 1, 361);
        var most = 0;
        var random = new Random(1);
        for (var at = 0; at < 6; at++)
        {
            var now = Now + random.NextInt64(0, 2 * tier.Hop); // wherever the clock stands within a hop
            if (at == 0) now = Now + ValueCell.Grace;          // the cut on a boundary
            var (from, to) = (Instant.Floor(now - tier.Widest - delay - 3 * tier.Hop, tier.Hop), now + ValueCell.DefaultMaxFuture);
            var every = Math.Max(1, (to - from) / tier.Hop > 4_000 ? (to - from) / 4_000 / tier.Hop : 1) * tier.Hop;
            List<(LogPlace, NaiveEvent)> events = [];
            for (var time = from; time <= to; time += every) events.Add((new(0, events.Count), At(time)));
            var cell = lab.Apply([], lab.LogUpdate(TileCell.LogAlone, events), now, out _);
            most = Math.Max(most, new TileCellReader(lab.Layout, cell).Tiles(1));
        }
        Assert.InRange(most, bound - 2, bound);
    }

    /// <summary>S14: an event may be late by any amount, and is added where a window still reaches it; what none does goes.</summary>
    [Fact]
    public void S14_an_event_of_years_ago_is_added_for_lifetime_alone_and_older_tiles_go_with_the_clock()
    {
        TileLab lab = new(0, ("count", -1, "lifetime", null, -1), ("count", -1, "90d", null, -1), ("sum", 1, "10m", null, -1));
        List<NaiveEvent> events = [.. Enumerable.Range(0, 50).Select(i => At(Now - i * Instant.Minute, items: i))];
        var cell = lab.Apply([], lab.LogUpdate(TileCell.LogAlone, events.Select((e, i) => (new LogPlace(0, i), e))), Now, out _);
        foreach (var late in new[] { 3_000 * Instant.Day, 91 * Instant.Day, 89 * Instant.Day, 2 * Instant.Hour, 9 * Instant.Minute, 400_000 * Instant.Day })
        {
            events.Add(At(Now - late, items: 7));
            cell = lab.Apply(cell, lab.LogUpdate(TileCell.LogAlone, (new(0, events.Count), events[^1])), Now, out _);
            lab.Check(cell, events, Now, $"late by {late}");
        }
        var size = cell.Length;
        for (var passed = Instant.Minute; passed < 200 * Instant.Day; passed *= 3)
        {
            cell = lab.Apply(cell, TileLab.Bytes(to => TileUpdate.Clean(to, 0)), Now + passed, out _);
            lab.Check(cell, events, Now + passed, $"{passed} later");
        }
        Assert.True(cell.Length < size, "nothing was dropped");
        Assert.Equal((0, 5), (new TileCellReader(lab.Layout, cell).Tiles(1), new TileCellReader(lab.Layout, cell).Tiles(2))); // a tile for each day that had events
    }

    static string Hex(long number) => Convert.ToHexString(BitConverter.GetBytes(number));

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void S13_however_events_are_cut_the_bytes_are_the_same(int seed)
    {
        Random random = new(seed);
        var lab = TileLab.Everything(seed % 2 == 0 ? 0 : 3 * Instant.Second);
        List<NaiveEvent> events = [.. Enumerable.Range(0, 300).Select(_ => TileLab.Event(random, Now + random.Next(4) switch { 0 => random.NextInt64(0, Instant.Minute), 1 => -random.NextInt64(0, 10 * Instant.Second), 2 => -random.NextInt64(0, Instant.Hour), _ => -random.NextInt64(0, 4 * Instant.Day) }))];
        var whole = lab.Apply([], TileLab.Bytes(to => TileUpdate.Replace(to, 0, [DayRange.All], lab.Build(events, Now, 0, TileCell.LogAlone)!)), Now, out _);

        var order = events.ToArray();
        random.Shuffle(order);
        // In parts, by a spill.
        var parts = order.Chunk(70).Select(part => lab.Build(part, Now, 0, TileCell.LogAlone)!).ToList();
        var combined = parts.Aggregate((a, b) => lab.Apply(a, TileLab.Bytes(to => TileUpdate.Combine(to, b)), Now, out _));
        Assert.Equal(whole, lab.Apply([], TileLab.Bytes(to => TileUpdate.Replace(to, 0, [DayRange.All], combined)), Now, out _));
        // By the log, in batches, at instants up to then.
        var streamed = Array.Empty<byte>();
        var (place, at) = (0L, Now - 20 * Instant.Second);
        foreach (var batch in order.Chunk(37))
        {
            streamed = lab.Apply(streamed, lab.LogUpdate(TileCell.LogAlone, [.. batch.Select(e => (new LogPlace(0, ++place), e))]), at, out _);
            at = Math.Min(Now, at + random.NextInt64(0, 5 * Instant.Second));
        }
        streamed = lab.Apply(streamed, lab.LogUpdate(TileCell.LogAlone, (new(0, ++place), At(long.MinValue + 1))), Now, out _);
        var expected = lab.Apply(whole, lab.LogUpdate(TileCell.LogAlone, (new(0, place), At(long.MinValue + 1))), Now, out _);
        Assert.Equal(expected, streamed);
    }

    [Fact]
    public void S15_an_older_run_changes_nothing()
    {
        var lab = TileLab.Everything(0);
        byte[] Replace(long run, params IEnumerable<NaiveEvent> events) => TileLab.Bytes(to => TileUpdate.Replace(to, 0, [DayRange.All], lab.Build(events, Now, run, TileCell.TableAlone)!));
        var cell = lab.Apply([], Replace(7, At(Now - 1)), Now, out _);
        Assert.Same(cell, lab.Apply(cell, Replace(6, At(Now - 2)), Now, out var outcome));
        Assert.Equal(TileOutcome.Superseded, outcome);
        lab.Apply(cell, Replace(7, At(Now - 2)), Now, out outcome);
        Assert.Equal(TileOutcome.Changed, outcome);
    }

    [Fact]
    public void S25_events_before_the_end_and_events_that_come_again_are_counted()
    {
        var lab = TileLab.Everything(0);
        var end = Instant.Floor(Now, Instant.Day);
        var cell = lab.Apply([], lab.LogUpdate(end, (new(0, 1), At(end - 1)), (new(0, 2), At(end))), Now, out _);
        Assert.Equal((1, 0), (lab.Merger.BeforeEnd, lab.Merger.Repeated));
        lab.Check(cell, [At(end)], Now, "the end is in");
        // A key keeps the end that it was built with.
        lab.Apply(cell, lab.LogUpdate(end + Instant.Day, (new(0, 2), At(end)), (new(0, 3), At(end + 1))), Now, out _);
        Assert.Equal((0, 1), (lab.Merger.BeforeEnd, lab.Merger.Repeated));
    }

    [Theory, InlineData(1), InlineData(-1)]
    public void S25_updates_made_one_build_a_key_with_the_end_of_the_first_that_counts(long first)
    {
        var lab = TileLab.Everything(0);
        var end = Instant.Floor(Now, Instant.Day) - Instant.Day;
        List<ReadOnlyMemory<byte>> updates = [lab.LogUpdate(end, (new(0, 1), At(end + first))), lab.LogUpdate(end + Instant.Day, (new(0, 2), At(end + 2)), (new(1, 1), At(Now)))];
        byte[] one = [];
        foreach (var update in updates) one = lab.Apply(one, update.ToArray(), Now, out _);
        var together = lab.Apply([], TileLab.Bytes(to => TileEvents.Combine(updates, to)), Now, out _);
        Assert.Equal(Convert.ToHexString(one), Convert.ToHexString(together));
        lab.Check(together, first > 0 ? [At(end + 1), At(end + 2), At(Now)] : [At(Now)], Now, "both");
    }

    [Fact]
    public void Bytes_that_are_no_cell_are_refused()
    {
        var lab = TileLab.Everything(0);
        Random random = new(5);
        var cell = lab.Build([.. Enumerable.Range(0, 40).Select(_ => TileLab.Event(random, Now - random.NextInt64(0, 10 * Instant.Second)))], Now, 1, 2)!;
        for (var length = 1; length < cell.Length; length++)
        {
            var cut = cell[..length];
            Assert.Throws<RowFormatException>(() => lab.Windows.Read(cut, Now));
        }
        Assert.Contains("Tile format 9", Assert.Throws<RowFormatException>(() => lab.Windows.Read([9], Now)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_was_never_seen_has_no_events()
    {
        var lab = TileLab.Everything(0);
        lab.Check([], [], Now, "never seen");
        lab.Check(lab.Nothing(3, Now), [], Now, "removed");
    }

    [Fact]
    public void Reading_windows_allocates_nothing()
    {
        TileLab lab = new(0, ("count", -1, "1m", null, -1), ("sum", 0, "1h", null, -1), ("stddev_pop", 0, "1d", null, 0), ("max", 1, "7d", null, -1), ("sum", 0, "30m", null, -1));
        Random random = new(7);
        var cell = lab.Build([.. Enumerable.Range(0, 4000).Select(_ => At(Now - random.NextInt64(0, 8 * Instant.Day), random.Next(100), random.Next(100), null, true))], Now, 1, 2)!;
        for (var i = 0; i < 3; i++) lab.Windows.Read(cell, Now);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) lab.Windows.Read(cell, Now + i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
