using Lockstep.Compliance;
using Lockstep.Compliance.Aggregation;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Tests.Materialization;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>S25 before anybody has recorded where a table ends: a view that is applied while its stream runs, by another process.</summary>
public sealed class FirstEndTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;
    static readonly Window Month = Window.TryParse("30d", null, out var month) ? month : default;

    static readonly ViewVersion View = new()
    {
        View = new AggregationView { Name = "w", Source = "both", Entities = ["user"], Features = [new() { Name = "s", Function = "sum", Column = "a", Windows = [Month] }] },
        Fingerprint = "w",
        Keys = new([new("id", FeatureType.String)]),
        Features = new([new("s_30d", FeatureType.Float64)]),
        Defaults = [Value.Null],
        Sources = new Dictionary<string, Source> { ["both"] = StreamProject.Both },
    };

    static readonly Catalog Catalog = new(1, [], [StreamProject.Both], [View], []);

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
    readonly List<Seen> _table = [], _log = [];

    public void Dispose() => _folder.Dispose();

    long Now => Instant.Now(_clock);
    long Day(int days) => Instant.Floor(Now, Instant.Day) + days * Instant.Day;

    void WriteFile(StreamProject project, string name, params Seen[] rows)
    {
        _table.AddRange(rows);
        project.WriteFile(name, rows);
    }

    async Task PushAsync(StreamHost host, params Seen[] events)
    {
        _log.AddRange(events);
        await StreamProject.PushAsync(host, "both", events);
    }

    async ValueTask RecordFirstAsync(StreamProject project, CancellationToken token)
        => await ViewEnds.RecordFirstAsync(project.Runs, project.Engine, View, project.Tables.View(View, Catalog), Now, token);

    /// <summary>Everyone is asked after for the one end that stands.</summary>
    async Task JudgeAsync(StreamProject project, string where)
    {
        var end = (await project.Runs.EndsAsync(View.Id, None)).Last(e => e.Stands).End;
        FeatureServer server = new(project.Online, _clock, new(), Catalog);
        var truth = _table.Where(r => r.Time < end).Concat(_log.Where(r => r.Time >= end)).Select(e => new NaiveEvent([Value.Of(e.Id!)], e.Time, [Value.Of(e.A!.Value)], [])).ToList();
        foreach (var id in _table.Concat(_log).Select(e => e.Id!).Distinct())
        {
            var row = (await server.GetAsync(new() { Features = [new() { View = "w" }] }, [new Dictionary<string, Value> { ["id"] = Value.Of(id) }], None)).Rows[0];
            var expected = NaiveWindows.Compute(truth, [Value.Of(id)], Now, new NaiveFeature("sum", 0, FeatureType.Float64, Month)).Value;
            Assert.True(row[0].Value == expected, $"{where}: {id} is {row[0].Value} instead of {expected}, end {Instant.Format(end)}");
            Assert.True(project.Train(Catalog, ["w"], [(id, Now)])[0][0] == expected, $"{where}: {id} is trained otherwise");
        }
    }

    /// <summary>Lets a writer of tiles sleep between looking the end up and writing.</summary>
    sealed class SleepyRuns(IRunStore runs) : IRunStore
    {
        public Func<int, Task>? Sleep { get; set; }
        int _asked;

        public async ValueTask<IReadOnlyList<RecordedEnd>> EndsAsync(string view, CancellationToken token)
        {
            var ends = await runs.EndsAsync(view, token);
            if (Sleep is { } sleep) await sleep(++_asked);
            return ends;
        }

        public ValueTask<long> BeginAsync(RunStart start, CancellationToken token) => runs.BeginAsync(start, token);
        public ValueTask AddReadAsync(long run, TableState state, CancellationToken token) => runs.AddReadAsync(run, state, token);
        public ValueTask EndAsync(long run, RunEnd end, CancellationToken token) => runs.EndAsync(run, end, token);
        public ValueTask<RecordedRun?> FindAsync(string view, string store, Guid token, CancellationToken cancellation) => runs.FindAsync(view, store, token, cancellation);
        public ValueTask<IReadOnlyList<RecordedRun>> FromAsync(string view, string store, long run, CancellationToken token) => runs.FromAsync(view, store, run, token);
        public ValueTask<IReadOnlyList<RecordedRun>> ListAsync(string? view, int limit, CancellationToken token) => runs.ListAsync(view, limit, token);
        public ValueTask<long?> StoredVersionAsync(string view, CancellationToken token) => runs.StoredVersionAsync(view, token);
        public ValueTask RecordEndAsync(string view, long end, long recordedAt, long? run, CancellationToken token) => runs.RecordEndAsync(view, end, recordedAt, run, token);
        public ValueTask DisposeAsync() => default;
    }

    [Fact]
    public async Task S25_who_writes_tiles_before_an_end_is_recorded_records_the_first_one()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        project.Context = project.Context with { RecordFirstEnd = (_, _, token) => RecordFirstAsync(project, token) };
        WriteFile(project, "a", new Seen("x", Day(-2), null, 1, null), new Seen("x", Day(-1) + 1, null, 2, null));
        await using var host = await project.StartAsync(Catalog);
        await PushAsync(host, new Seen("x", Day(-2) + 5, null, 10, null), new Seen("y", Day(-3), null, 20, null), new Seen("x", Day(-1) + 5, null, 40, null));
        Assert.Equal([Day(-1)], (await project.Runs.EndsAsync(View.Id, None)).Select(e => e.End));
        Assert.Equal(2, host.Find("both").Followers.Sum(f => f.Counts.BeforeEnd));
        await RecordFirstAsync(project, None); // apply comes to it
        Assert.Single(await project.Runs.EndsAsync(View.Id, None));
        await project.RunAsync(View, catalog: Catalog);
        await JudgeAsync(project, "after the run");
    }

    /// <summary>A registry that was made anew: whichever comes first, the stream or a run, the other leaves what it has made.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task S23_a_run_and_a_stream_of_another_meaning_begin_afresh_once(bool streamFirst)
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        WriteFile(project, "a", new Seen("x", Day(-2), null, 1, null), new Seen("x", Day(-1) + 1, null, 2, null));
        await RecordFirstAsync(project, None);
        await using (var host = await project.StartAsync(Catalog))
        {
            await PushAsync(host, new Seen("x", Day(-1) + 5, null, 10, null), new Seen("y", Day(-1) + 6, null, 20, null));
            await project.RunAsync(View, catalog: Catalog);
            await JudgeAsync(project, "before");
        }
        var view = View with { View = (AggregationView)View.View with { Features = [new() { Name = "s", Function = "max", Column = "a", Windows = [Month] }] }, Fingerprint = "another" };
        Catalog other = new(2, [], [StreamProject.Both], [view], []);
        if (!streamFirst) await project.RunAsync(view, catalog: other);
        await using (var host = await project.StartAsync(other))
        {
            await host.Find("both").DrainAsync(None);
            if (streamFirst) await project.RunAsync(view, catalog: other);
            await StreamProject.PushAsync(host, "both", [new("y", Day(-1) + 7, null, 15, null), new("z", Day(-1) + 7, null, 5, null)]);
            FeatureServer server = new(project.Online, _clock, new(), other);
            foreach (var (id, max) in new[] { ("x", 10.0), ("y", 20), ("z", 5) })
            {
                var row = (await server.GetAsync(new() { Features = [new() { View = "w" }] }, [new Dictionary<string, Value> { ["id"] = Value.Of(id) }], None)).Rows[0];
                Assert.Equal((id, Value.Of(max), Value.Of(max)), (id, row[0].Value, project.Train(other, ["w"], [(id, Now)])[0][0]));
            }
        }
    }

    [Fact]
    public async Task S25_nothing_is_written_while_the_end_is_not_known()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        project.Context = project.Context with { VisibleWithin = TimeSpan.Zero };
        await using var host = await project.StartAsync(Catalog);
        await PushAsync(host, new Seen("x", Day(-2), null, 10, null));
        var follower = host.Find("both").Followers.Single();
        await Poll.UntilAsync("a problem", () => follower.Problem, p => p is not null);
        Assert.Equal("View 'w@1.0.0' reads a table and a stream, and where the table ends is not recorded yet. Run: lockstep apply", follower.Problem);
        WriteFile(project, "a", new Seen("x", Day(-1) + 1, null, 1, null));
        await RecordFirstAsync(project, None);
        var drained = host.Find("both").DrainAsync(None);
        while (!drained.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(5)); // it tries again, later and later
            await Task.Yield();
        }
        await project.RunAsync(View, catalog: Catalog);
        await JudgeAsync(project, "after the run");
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S25_a_writer_that_slept_while_the_end_came_and_moved_writes_nothing_that_is_before_it(int asleepAt)
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        SleepyRuns runs = new(project.Runs);
        TaskCompletionSource sleeping = new(TaskCreationOptions.RunContinuationsAsynchronously), wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
        runs.Sleep = asked =>
        {
            if (asked != asleepAt) return Task.CompletedTask;
            sleeping.SetResult();
            return wake.Task;
        };
        project.Context = project.Context with { Runs = runs, RecordFirstEnd = (_, _, token) => RecordFirstAsync(project, token), VisibleWithin = TimeSpan.Zero };
        WriteFile(project, "a", new Seen("x", Day(-3), null, 1, null), new Seen("x", Day(-2) + 1, null, 2, null));
        await using var host = await project.StartAsync(Catalog);
        // Keys that the table has and has not; before the first end, and before the second.
        await PushAsync(host, new Seen("x", Day(-4), null, 10, null), new Seen("y", Day(-4), null, 20, null), new Seen("y", Day(-2) + 5, null, 40, null), new Seen("z", Day(-2) + 7, null, 80, null), new Seen("z", Day(0), null, 160, null));
        if (asleepAt == 3) await PushAsync(host, new Seen("u", Day(-2) + 9, null, 320, null));
        await sleeping.Task;
        await RecordFirstAsync(project, None);
        await project.RunAsync(View, catalog: Catalog);
        WriteFile(project, "b", new Seen("x", Day(0) + 5, null, 4, null));
        await project.RunAsync(View, catalog: Catalog);
        wake.SetResult();
        await host.Find("both").DrainAsync(None);
        Assert.Equal(Day(0), (await project.Runs.EndsAsync(View.Id, None))[^1].End);
        await JudgeAsync(project, "after it woke");
    }

    [Fact]
    public async Task S25_a_run_uses_the_end_that_another_records_meanwhile()
    {
        for (var step = 1; ; step++)
        {
            _table.Clear();
            _log.Clear();
            var root = Path.Combine(_folder.Path, $"s{step}");
            await using var project = new StreamProject(root, _clock);
            project.Context = project.Context with { RecordFirstEnd = (_, _, token) => RecordFirstAsync(project, token) };
            WriteFile(project, "a", new Seen("x", Day(-3) + 1, null, 1, null));
            var host = await project.StartAsync(Catalog);
            Steps steps = new();
            steps.At(step, async () =>
            {
                WriteFile(project, "b", new Seen("x", Day(-1) + 1, null, 2, null), new Seen("y", Day(-1) + 1, null, 4, null));
                await PushAsync(host, new Seen("x", Day(-2) + 5, null, 10, null), new Seen("z", Day(-2) + 5, null, 20, null), new Seen("z", Day(-1), null, 40, null));
            });
            Assert.Null((await project.RunAsync(View, steps: steps, catalog: Catalog)).Error);
            if (steps.Count < step)
            {
                await host.DisposeAsync();
                break;
            }
            Assert.Null((await project.RunAsync(View, catalog: Catalog)).Error);
            await JudgeAsync(project, $"step {step}");
            await host.DisposeAsync();
        }
    }
}
