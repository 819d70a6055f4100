using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Apply;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.Tests.OnlineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>What is online and not in the store when a process ends is applied again by the next.</summary>
public sealed class WrittenPlaceTests
{
    [Fact]
    public async Task S15_the_place_that_is_recorded_is_that_of_what_the_store_has()
    {
        using TempFolder folder = new();
        ManualClock clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var (now, view) = (Instant.Now(clock), StreamProject.PushedView);
        FailingStore? failing = null;
        StreamProject first = new(folder.Path, clock, store: inner => failing = new(inner) { Fails = merge => merge is ValueCellMerge ? new LockstepException(ErrorKind.Failed, "the disk is full") : null });
        var host = await first.StartAsync();
        List<Seen> rows = [.. Enumerable.Range(0, 5).Select(i => new Seen("x0", now - 10 + i, null, i + 1, null))];
        foreach (var row in rows) Assert.True((await StreamProject.PushAsync(host, "pushed", [row])).Visible);
        await failing!.Failed;
        var follower = host.Find("pushed").Followers.Single();
        Assert.Equal((4, -1, "the disk is full"), (follower.Place, follower.Written, follower.Problem));
        Assert.Equal(-1, await AppliedPlace.ReadAsync(first.Online, view.Id, follower.Partition, CancellationToken.None));
        await first.JudgeAsync(view, rows, ["x0"], [now - 7, now], "of the process that was pushed to");

        await host.DisposeAsync(); // the store fails until its end
        await first.DisposeAsync();
        await using StreamProject second = new(folder.Path, clock);
        var next = await second.StartAsync();
        await next.Find("pushed").DrainAsync(CancellationToken.None);
        follower = next.Find("pushed").Followers.Single();
        Assert.Equal((4, 4), (follower.Place, follower.Written));
        await second.JudgeAsync(view, rows, ["x0"], [now - 7, now], "of the next");
        await next.DisposeAsync();
        Assert.Equal(4, await AppliedPlace.ReadAsync(second.Online, view.Id, follower.Partition, CancellationToken.None));
    }
}
