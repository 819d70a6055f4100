using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation.Tiles;

/// <summary>A version that keeps less takes over the cells of one that keeps more.</summary>
public sealed class TileProjectionTests
{
    const long Now = 16_000 * Instant.Day + 9 * Instant.Hour;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 200)];

    [Theory, MemberData(nameof(Seeds))]
    public void S13_S15_S25_a_cell_that_is_taken_over_is_the_cell_that_the_events_make(int seed)
    {
        Random random = new(seed);
        var delay = random.Next(3) < 2 ? 0 : random.NextInt64(1, 20 * Instant.Second);
        var from = new TileLab(delay, random.Next(2) == 0, [.. TileLab.AllFeatures, .. More]);
        var to = Subset(random, delay);
        var projection = TileProjection.Find(from.Layout, to.Layout, out var missing);
        Assert.Null(missing);
        List<NaiveEvent> table = [.. Enumerable.Range(0, random.Next(40)).Select(_ => TileLab.Event(random, Now - random.NextInt64(0, random.Next(2) == 0 ? 3 * Instant.Day : Instant.Minute)))];
        List<(LogPlace Place, NaiveEvent Event)> log = [.. Enumerable.Range(1, random.Next(1, 30)).Select(i => (new LogPlace((uint)random.Next(2), i), TileLab.Event(random, Now + random.NextInt64(-Instant.Hour * 12, Instant.Minute))))];
        var end = random.Next(3) switch { 0 => TileCell.LogAlone, 1 => TileCell.TableAlone, _ => Instant.Floor(Now, Instant.Day) };
        var (cut, now) = (random.Next(log.Count + 1), Now + random.NextInt64(0, Instant.Minute));

        var whole = Both(from, log.Count);
        if (whole.Length == 0) return;
        var wanted = Both(to, log.Count);
        var before = Events(to, [], 0, cut, Now); // what a stream has brought to the new version so far
        var update = TileLab.Bytes(u => TileUpdate.TakeOver(u, 7, TileLab.Bytes(c => projection!.Write(whole, 0, c))));
        var taken = to.Apply(before, update, now, out var outcome);

        // The judge applies nothing more, but passes the same time.
        wanted = to.Apply(wanted, TileLab.Bytes(u => TileUpdate.Replace(u, 0, [], to.Nothing(3, end))), now, out _);
        Assert.NotEqual(TileOutcome.Behind, outcome);
        Assert.Equal(WithoutRun(wanted), WithoutRun(taken));
        // What it holds already changes nothing when the stream brings it again.
        Assert.Equal(taken, Events(to, taken, 0, log.Count, now));

        // The other way: one that lacks an event which this one has applied is not taken.
        if (before.Length == 0) return;
        var late = Both(from, cut - 1);
        if (late.Length == 0) return;
        var kept = to.Apply(before, TileLab.Bytes(u => TileUpdate.TakeOver(u, 0, TileLab.Bytes(c => projection!.Write(late, 0, c)))), now, out outcome);
        Assert.Equal((TileOutcome.Behind, before), (outcome, kept));

        byte[] Both(TileLab lab, int logged)
        {
            var cell = end != TileCell.LogAlone && lab.Build(table.Where(e => e.Time < end), Now, 3, end) is { } built
                ? lab.Apply([], TileLab.Bytes(u => TileUpdate.Replace(u, 0, [DayRange.All], built)), Now, out _) : [];
            return Events(lab, cell, 0, logged, Now);
        }

        byte[] Events(TileLab lab, byte[] cell, int first, int count, long at)
            => count == first ? cell : lab.Apply(cell, lab.LogUpdate(end, [.. log.Skip(first).Take(count - first)]), at, out _);
    }

    // States that cover others: moments for sums and counts, a longer list for a shorter one.
    static readonly (string, int, string, long?, int)[] More = [("stddev_pop", 0, "2d", null, -1), ("stddev_samp", 0, "1m", null, -1), ("stddev_samp", 1, "10m", null, -1)];
    static readonly (string, int, string, long?, int)[] Covered = [("sum", 0, "2d", null, -1), ("count", 0, "1m", null, -1), ("avg", 1, "5m", null, -1), ("count", -1, "20h", null, -1), ("sum", 1, "lifetime", null, -1)];

    // The widest window stays: when the newest event of a tile was is kept with its tiles alone.
    static TileLab Subset(Random random, long delay)
        => new(delay, [.. TileLab.AllFeatures.Concat(Covered).Where(_ => random.Next(3) == 0), ("min", 2, "lifetime", null, 1)]);

    static byte[] WithoutRun(byte[] cell)
    {
        if (cell.Length == 0) return cell;
        cell = [.. cell];
        cell.AsSpan(2, 8).Clear();
        return cell;
    }

    [Theory]
    [InlineData("count,-1,7d", "count,-1,30d", "no tiles of 6h")]
    [InlineData("count,-1,7d", "count,-1,14d", "tiles of 1h for 7d only, not for 14d")]
    [InlineData("count,-1,60h", "count,-1,61h", "tiles of 1h for 60h only, not for 61h")]
    [InlineData("count,-1,lifetime", "count,-1,90d", null)]
    [InlineData("count,-1,90d", "count,-1,lifetime", "tiles of 1d for 90d only, not for lifetime")]
    [InlineData("count,-1,7d", "sum,0,7d", "no sums(float64) of 'amount' in tiles of 1h")]
    [InlineData("stddev_pop,0,7d;count,-1,7d", "sum,0,7d;count,0,3d", null)]
    [InlineData("sum,0,7d", "stddev_pop,0,7d", "no moments(float64) of 'amount' in tiles of 1h")]
    [InlineData("sum,0,7d;sum,0,1h", "sum,0,1h", "its newest events with tiles of 1h, not of 1m: its widest window is another")]
    public void What_an_older_version_lacks_is_named(string old, string wanted, string? missing)
    {
        TileLab from = new(0, Parse(old)), to = new(0, Parse(wanted));

        Assert.Equal(missing is null, TileProjection.Find(from.Layout, to.Layout, out var found) is not null);
        Assert.Equal(missing, found);

        static (string, int, string, long?, int)[] Parse(string text) => [.. text.Split(';').Select(f => f.Split(',')).Select(f => (f[0], int.Parse(f[1], System.Globalization.CultureInfo.InvariantCulture), f[2], (long?)null, -1))];
    }
}
