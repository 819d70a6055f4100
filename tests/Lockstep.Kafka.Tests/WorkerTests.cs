using System.Diagnostics;

namespace Lockstep.Kafka.Tests;

/// <summary>Processes that are killed and paused under load, and a broker that is.</summary>
public sealed class WorkerTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    const int Users = 60;

    static string NewTopic() => $"t{Guid.NewGuid():N}";

    /// <summary>Sends events all the time; each list is what the broker has.</summary>
    static async Task<List<Click>> LoadAsync(Clicks producer, string topic, int seed, Func<bool> more)
    {
        List<Click> sent = [];
        for (var round = 0; more(); round++)
        {
            var some = Click.Random(seed + round, 400, Users, first: sent.Count + seed * 100_000);
            await producer.SendAsync(topic, some);
            sent.AddRange(some);
            await Task.Delay(10);
        }
        return sent;
    }

    [Fact]
    public async Task S15_a_worker_that_is_killed_again_and_again_under_load_loses_and_doubles_nothing()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var killing = true;
        var load = LoadAsync(producer, topic, 1, () => Volatile.Read(ref killing));
        var (random, kills, logged) = (new Random(5), 0, 0L);
        for (; kills < 6; kills++)
        {
            using var worker = project.StartWorker();
            // Somewhere in the midst of its work: when the log has grown by so much.
            var wanted = logged + random.Next(1, 1_500);
            for (var limit = Stopwatch.StartNew(); (logged = Logged(project)) < wanted && limit.Elapsed < TimeSpan.FromSeconds(40);) await Task.Delay(5);
            await worker.KillAsync();
        }
        Volatile.Write(ref killing, false);
        var sent = await load;
        Assert.True(logged > 1_000, $"{logged} events were logged between the kills");
        using (var last = project.StartWorker())
        {
            await project.JudgeAsync(sent, Users, $"after {kills} kills");
            await last.SignalAsync("TERM");
            Assert.Equal(0, await last.EndAsync());
        }
        project.JudgeLog(sent);
        Assert.Equal(sent.Count, project.Positions().Values.Sum(p => p.Next));
    }

    static long Logged(ShopProject project) => project.Log.Look(CancellationToken.None).Places.Sum(p => p.Place + 1);

    [Fact]
    public async Task Two_workers_share_a_topic_and_one_takes_over_when_the_other_is_killed()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        using var one = project.StartWorker();
        await one.HearsAsync("Streaming clicks");
        using var two = project.StartWorker();
        var sharing = true;
        var load = LoadAsync(producer, topic, 2, () => Volatile.Read(ref sharing));
        await HoldersAsync(project, holders => holders.Count == 4 && holders.Count(h => h == one.Id) == 2 && holders.Count(h => h == two.Id) == 2);
        await one.KillAsync();
        await HoldersAsync(project, holders => holders.Count == 4 && holders.All(h => h == two.Id));
        Volatile.Write(ref sharing, false);
        var sent = await load;
        await project.JudgeAsync(sent, Users);
        await two.KillAsync();
        project.JudgeLog(sent);
    }

    [Fact]
    public async Task S15_a_worker_that_was_paused_beyond_its_session_writes_nothing_over_its_successor()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var loading = true;
        var load = LoadAsync(producer, topic, 3, () => Volatile.Read(ref loading));
        using var old = project.StartWorker();
        await HoldersAsync(project, holders => holders.Count == 4 && holders.All(h => h == old.Id));
        for (var limit = Stopwatch.StartNew(); Logged(project) < 1_000 && limit.Elapsed < TimeSpan.FromSeconds(40);) await Task.Delay(5);
        await old.SignalAsync("STOP");
        using var successor = project.StartWorker();
        await successor.HearsAsync($"is held by process {old.Id} on {Environment.MachineName} since "); // the group has given it partitions that the old one still holds
        var logged = Logged(project);
        await Task.Delay(1_000);
        Assert.Equal(logged, Logged(project)); // nobody writes: the lock is the paused one's
        await old.SignalAsync("CONT");
        await HoldersAsync(project, holders => holders.Contains(successor.Id));
        await HoldersAsync(project, holders => holders.Count == 4 && holders.Count(h => h == old.Id) == 2 && holders.Count(h => h == successor.Id) == 2);
        Volatile.Write(ref loading, false);
        var sent = await load;
        await project.JudgeAsync(sent, Users, "after the pause");
        await old.KillAsync();
        await successor.KillAsync();
        project.JudgeLog(sent);
        Assert.Equal(sent.Count, project.Positions().Values.Sum(p => p.Next));
    }

    /// <summary>Waits until the processes that took the partitions last are as they should be.</summary>
    static async Task HoldersAsync(ShopProject project, Func<List<int>, bool> wanted)
    {
        List<int> holders;
        for (var limit = Stopwatch.StartNew(); !wanted(holders = [.. project.Log.Partitions().Select(p => project.Log.HolderOf(p)).Where(h => h.Length > 0).Select(h => int.Parse(h.Split(' ')[1]))]); await Task.Delay(100))
            Assert.True(limit.Elapsed < TimeSpan.FromMinutes(1), $"Partitions are held by {string.Join(", ", holders)}");
    }

    [Fact]
    public async Task A_broker_that_is_killed_under_load_and_comes_back_costs_nothing()
    {
        await using var broker = await Broker.StartAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        using var worker = project.StartWorker();
        var killing = true;
        var load = LoadAsync(producer, topic, 4, () => Volatile.Read(ref killing));
        for (var kill = 1; kill <= 2; kill++)
        {
            var wanted = Logged(project) + 1_000;
            for (var limit = Stopwatch.StartNew(); Logged(project) < wanted && limit.Elapsed < TimeSpan.FromSeconds(60);) await Task.Delay(5);
            await broker.KillAsync();
            if (kill == 1) await worker.HearsAsync($"no broker of {broker.Servers} can be reached");
            await broker.RunAsync();
        }
        await worker.HearsAsync("events are read again.");
        Volatile.Write(ref killing, false);
        var sent = await load;
        await project.JudgeAsync(sent, Users, "after the broker's return");
        await worker.KillAsync();
        project.JudgeLog(sent);
    }
}
