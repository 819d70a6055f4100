using Lockstep.Compliance;

namespace Lockstep.Kafka.Tests;

/// <summary>Processes that are killed and paused under load, and a broker that is.</summary>
public sealed class WorkerTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    const int Users = 60;

    static string NewTopic() => $"t{Guid.NewGuid():N}";

    /// <summary>Sends events all the time.</summary>
    sealed class Load
    {
        // Few enough for what is left at the end to be read soon.
        static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);

        readonly Lines _sent = new();
        readonly Task<List<Click>> _running;
        int _rounds;
        volatile bool _stop;

        public Load(Clicks producer, string topic, int seed) => _running = Task.Run(async () =>
        {
            List<Click> sent = [];
            using PeriodicTimer pace = new(s_pace);
            for (; !_stop; await pace.WaitForNextTickAsync())
            {
                var some = Click.Random(seed + _rounds, 400, Users, first: sent.Count + seed * 100_000);
                await producer.SendAsync(topic, some);
                sent.AddRange(some);
                _sent.Add($"round {Interlocked.Increment(ref _rounds)}.");
            }
            return sent;
        });

        /// <summary>Returns when the broker has so many rounds of them more.</summary>
        public Task MoreAsync(int rounds) => _sent.HearAsync($"round {Volatile.Read(ref _rounds) + rounds}.");

        /// <summary>What the broker has.</summary>
        public Task<List<Click>> EndAsync()
        {
            _stop = true;
            return _running;
        }
    }

    [Fact]
    public async Task S15_a_worker_that_is_killed_again_and_again_under_load_loses_and_doubles_nothing()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var load = new Load(producer, topic, 1);
        var (random, kills, logged) = (new Random(5), 0, 0L);
        for (; kills < 6; kills++)
        {
            using var worker = project.StartWorker();
            // Somewhere in the midst of its work: when the log has grown by so much.
            logged = await LoggedAsync(project, logged + random.Next(1, 1_500));
            await worker.KillAsync();
        }
        var sent = await load.EndAsync();
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

    /// <summary>Waits for so many events of the log. A worker tells nobody of what it logs, and the reader of a log looks too.</summary>
    static Task<long> LoggedAsync(ShopProject project, long count) => Poll.UntilAsync($"{count} events in the log", () => Logged(project), n => n >= count);

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
        var load = new Load(producer, topic, 2);
        await HoldersAsync(project, holders => holders.Count == 4 && holders.Count(h => h == one.Id) == 2 && holders.Count(h => h == two.Id) == 2);
        await one.KillAsync();
        await HoldersAsync(project, holders => holders.Count == 4 && holders.All(h => h == two.Id));
        var sent = await load.EndAsync();
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
        var load = new Load(producer, topic, 3);
        using var old = project.StartWorker();
        await HoldersAsync(project, holders => holders.Count == 4 && holders.All(h => h == old.Id));
        await LoggedAsync(project, 1_000);
        await old.SignalAsync("STOP");
        using var successor = project.StartWorker();
        await successor.HearsAsync($"is held by process {old.Id} on {Environment.MachineName} since "); // the group has given it partitions that the old one still holds
        var logged = Logged(project);
        await load.MoreAsync(20);
        Assert.Equal(logged, Logged(project)); // of all that came meanwhile, nothing: nobody writes: the lock is the paused one's
        await old.SignalAsync("CONT");
        await HoldersAsync(project, holders => holders.Contains(successor.Id));
        await HoldersAsync(project, holders => holders.Count == 4 && holders.Count(h => h == old.Id) == 2 && holders.Count(h => h == successor.Id) == 2);
        var sent = await load.EndAsync();
        await project.JudgeAsync(sent, Users, "after the pause");
        await old.KillAsync();
        await successor.KillAsync();
        project.JudgeLog(sent);
        Assert.Equal(sent.Count, project.Positions().Values.Sum(p => p.Next));
    }

    /// <summary>Waits until the processes that took the partitions last are as they should be. The group of the broker decides, and who holds a lock says so only in its file.</summary>
    static Task HoldersAsync(ShopProject project, Func<List<int>, bool> wanted) => Poll.UntilAsync("partitions to change hands",
        () => project.Log.Partitions().Select(p => project.Log.HolderOf(p)).Where(h => h.Length > 0).Select(h => int.Parse(h.Split(' ')[1])).ToList(),
        wanted, holders => $"held by {string.Join(", ", holders)}");

    [Fact]
    public async Task A_broker_that_is_killed_under_load_and_comes_back_costs_nothing()
    {
        await using var broker = await Broker.StartAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        using var worker = project.StartWorker();
        var load = new Load(producer, topic, 4);
        for (var kill = 1; kill <= 2; kill++)
        {
            await LoggedAsync(project, Logged(project) + 1_000);
            await broker.KillAsync();
            if (kill == 1) await worker.HearsAsync($"no broker of {broker.Servers} can be reached");
            await broker.RunAsync();
        }
        await worker.HearsAsync("events are read again.");
        var sent = await load.EndAsync();
        await project.JudgeAsync(sent, Users, "after the broker's return");
        await worker.KillAsync();
        project.JudgeLog(sent);
    }
}
