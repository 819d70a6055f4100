using Lockstep.Compliance;
using Lockstep.Core;

namespace Lockstep.Kafka.Tests;

/// <summary>Where the log cannot say any more where to go on: reading stops with a choice, and goes on as somebody has chosen.</summary>
public sealed class LostPositionTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    static string NewTopic() => $"t{Guid.NewGuid():N}";

    [Fact]
    public async Task S15_a_topic_that_was_made_anew_is_not_read_before_somebody_has_chosen()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic, 1);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var before = Click.Random(1, 10, 3);
        await producer.SendAsync(topic, before);
        await using (await project.StreamAsync()) await project.JudgeAsync(before, 3, "before");
        await broker.DeleteAsync(topic);
        await broker.CreateAsync(topic, 1);
        // More than there were: the offset that is due exists, of another event.
        var after = Click.Random(2, 25, 3, first: 100);
        await producer.SendAsync(topic, after);

        using var worker = project.StartWorker();
        await worker.HearsAsync($"partition 0 of topic '{topic}': the topic was deleted and made anew since offset 10 was due; it holds offsets 0 to 24. Nothing of source 'clicks' is read until you choose:");
        await project.JudgeAsync(before, 3, "nothing was read");
        using (var reset = new Worker(project.Folder, "stream", "reset", "clicks", "--to", "earliest"))
        {
            Assert.Equal(0, await reset.EndAsync());
            Assert.Equal("Partition 0 goes on at offset 0.", reset.Said);
        }
        List<Click> all = [.. before, .. after];
        await project.JudgeAsync(all, 3, "earliest"); // the worker found it by itself
        await worker.KillAsync();
        project.JudgeLog(all);
        Assert.Equal((25L, 10L), project.Positions().Values.Select(p => (p.Next, p.Shift)).Single());
        using var again = new Worker(project.Folder, "stream", "reset", "clicks", "--to", "latest");
        Assert.Equal(0, await again.EndAsync());
        Assert.Equal("Partition 0 goes on at offset 25: there is nothing to choose.", again.Said);
    }

    [Fact]
    public async Task A_topic_that_is_made_anew_while_it_is_read_stops_its_source()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic, 2);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var before = Click.Random(3, 50, 5);
        await producer.SendAsync(topic, before);
        Lines told = new();
        await using var streams = await project.StreamAsync(told.Add);
        await project.JudgeAsync(before, 5);
        await broker.DeleteAsync(topic);
        await broker.CreateAsync(topic, 2);
        await producer.SendAsync(topic, Click.Random(4, 5, 5, first: 1_000)); // fewer than there were
        var problem = await told.HearAsync($"of topic '{topic}': the topic was deleted and made anew since offset ");
        Assert.Contains("; it holds offsets 0 to ", problem, StringComparison.Ordinal);
        var status = streams.Find("clicks").ReaderStatus!;
        Assert.Equal((true, problem), (status.IsStopped, status.Problem));
        project.JudgeLog(before); // none of the new topic's
    }

    [Fact]
    public async Task Events_that_retention_has_removed_unread_are_told_and_latest_passes_over_the_others()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic, 1);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var clicks = Click.Random(4, 30, 4);
        await producer.SendAsync(topic, clicks.Take(10));
        await using (await project.StreamAsync()) await project.JudgeAsync(clicks[..10], 4);
        await producer.SendAsync(topic, clicks.Skip(10).Take(10));
        await broker.RemoveBeforeAsync(topic, 0, 15);
        Lines told = new();
        await using (var streams = await project.StreamAsync(told.Add))
        {
            await told.HearAsync("until you choose");
            var status = streams.Find("clicks").ReaderStatus!;
            Assert.True(status.IsStopped);
            Assert.StartsWith($"partition 0 of topic '{topic}': offset 10 is due, but 5 events from there on have been removed before they were read (retention); it holds offsets 15 to 19. Nothing of source 'clicks' is read until you choose: `lockstep stream reset clicks --to earliest`", status.Problem, StringComparison.Ordinal);
            var reader = streams.Find("clicks").Reader!;
            foreach (var (to, wrong) in new[] { ("12", $"Partition 0 of topic '{topic}' has no offset 12: it holds 15 to 19."), ("first", "'--to first' is not a place in a topic. It is earliest, latest, or an offset.") })
                Assert.Equal(wrong, (await Assert.ThrowsAsync<LockstepException>(() => reader.ResetAsync(to, CancellationToken.None))).Message);
            Assert.Equal(["Partition 0 goes on at offset 18."], await reader.ResetAsync("18", CancellationToken.None));
        }
        await producer.SendAsync(topic, clicks.Skip(20));
        List<Click> kept = [.. clicks.Take(10), .. clicks.Skip(18)];
        await using (await project.StreamAsync()) await project.JudgeAsync(kept, 4, "from 18 on");
        project.JudgeLog(kept);
        Assert.Equal((30L, 0L), project.Positions().Values.Select(p => (p.Next, p.Shift)).Single());
    }
}
