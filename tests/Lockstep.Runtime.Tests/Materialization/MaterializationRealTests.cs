using System.Diagnostics;
using System.Globalization;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>Materialization with nothing replaced: CSV files, DuckDB, SQLite, and a process that is killed.</summary>
public sealed class MaterializationRealTests : IDisposable
{
    const string ChildVariable = "LOCKSTEP_TEST_MATERIALIZING_CHILD";

    const string Prefix = "lockstep: ";

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(1), InlineData(2)]
    public async Task S7_files_added_changed_and_removed_between_runs(int seed)
    {
        var random = new Random(seed);
        await using var project = new RealProject(_folder.Path, _clock);
        SortedDictionary<string, List<CsvRow>> files = new(StringComparer.Ordinal);
        var modes = new HashSet<RunMode>();
        for (var step = 0; step < 25; step++)
        {
            switch (files.Count > 1 ? random.Next(4) : 0)
            {
                case 0: Write($"f{step}"); break;
                case 1: Write(files.Keys.ElementAt(random.Next(files.Count))); break;
                case 2:
                    var gone = files.Keys.ElementAt(random.Next(files.Count));
                    File.Delete(_folder.At($"data/{gone}.csv"));
                    files.Remove(gone);
                    break;
                default: _clock.Advance(TimeSpan.FromMinutes(random.Next(20))); break;
            }
            modes.Add((await project.RunAsync(RealProject.View)).Mode);
            foreach (var after in new long[] { 0, ValueCell.DefaultMaxFuture })
                await project.JudgeAsync([.. files.Values.SelectMany(r => r)], Instant.Now(_clock) + after, $"seed {seed}, step {step}, {after} µs from now");
        }
        Assert.Superset(new HashSet<RunMode> { RunMode.Added, RunMode.Whole }, modes);

        void Write(string name)
        {
            files[name] = RandomRows(random, Instant.Now(_clock));
            RealProject.WriteFile(_folder.Path, name, files[name]);
        }
    }

    [Fact]
    public async Task S7_an_older_copy_of_the_online_store_is_brought_up_to_date()
    {
        var rows = new List<CsvRow> { new("id1", Now(-100), 1, "one"), new("id2", Now(-100), 1, null) };
        RealProject.WriteFile(_folder.Path, "a", rows);
        await using (var project = new RealProject(_folder.Path, _clock)) await project.RunAsync(RealProject.View);
        File.Copy(_folder.At("online.db"), _folder.At("backup.db"));
        List<CsvRow> more = [new("id1", Now(-50), 2, "two"), new("id3", Now(-50), 3, null)];
        RealProject.WriteFile(_folder.Path, "b", more);
        await using (var project = new RealProject(_folder.Path, _clock)) await project.RunAsync(RealProject.View);
        File.Copy(_folder.At("backup.db"), _folder.At("online.db"), overwrite: true);
        await using (var project = new RealProject(_folder.Path, _clock))
        {
            var report = await project.RunAsync(RealProject.View);
            Assert.Equal((RunMode.Added, 2L), (report.Mode, report.RowsRead)); // it knows what the copy stands on
            await project.JudgeAsync([.. rows, .. more], Now(0), "restored");
        }
    }

    [Fact]
    public async Task S7_what_sql_yields_is_stored_once_and_served_from_there()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        RealProject.WriteFile(_folder.Path, "a", [new("id1", Now(-100), 1.5, "x"), new("id1", Now(-50), 2.25, "y"), new("id2", Now(-10), null, "z")]);
        var report = await project.RunAsync(RealProject.SqlView);
        Assert.Equal((RunMode.Whole, 2L, 2L), (report.Mode, report.RowsRead, report.Keys));
        Assert.Equal((Now(-50), Value.Of(3.75), Value.Of("y")), await project.GetAsync(RealProject.SqlView, "id1", Now(0)));
        Assert.Equal((Now(-10), Value.Null, Value.Of("z")), await project.GetAsync(RealProject.SqlView, "id2", Now(0)));
        Assert.Equal(0, await project.Runs.StoredVersionAsync(RealProject.SqlView.Id, CancellationToken.None));

        RealProject.WriteFile(_folder.Path, "a", [new("id1", Now(-100), 1.5, "x"), new("id3", Now(-5), 1, null)]);
        var steps = new Steps();
        steps.DieAt(16); // stored, but not finished
        await Assert.ThrowsAsync<DeathException>(() => project.RunAsync(RealProject.SqlView, null, steps));
        Assert.Equal(1, project.Offline.Table(RealProject.SqlView).Snapshot(CancellationToken.None).Version);
        var training = project.Tables.Look(RealProject.SqlView, RealProject.CatalogOf(RealProject.SqlView), null, CancellationToken.None);
        Assert.Equal(0, training.State.DeltaVersion); // what was computed by a run that has not finished is nobody's yet

        _clock.Advance(TimeSpan.FromMinutes(1));
        report = await project.RunAsync(RealProject.SqlView);
        Assert.Equal(1L, report.KeysRemoved);
        Assert.Equal((Now(-160), Value.Of(1.5), Value.Of("x")), await project.GetAsync(RealProject.SqlView, "id1", Now(0)));
        Assert.Null(await project.GetAsync(RealProject.SqlView, "id2", Now(0)));
        Assert.Equal((Now(-65), Value.Of(1.0), Value.Null), await project.GetAsync(RealProject.SqlView, "id3", Now(0)));
        training = project.Tables.Look(RealProject.SqlView, RealProject.CatalogOf(RealProject.SqlView), null, CancellationToken.None);
        Assert.Equal(2, training.State.DeltaVersion);
    }

    [Fact]
    public async Task What_sql_yields_for_a_view_that_is_not_served_is_stored_only()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        RealProject.WriteFile(_folder.Path, "a", [new("id1", Now(-100), 1.5, "x")]);
        var view = RealProject.SqlView with { View = RealProject.SqlView.View with { Online = false } };
        await project.RunAsync(view);
        Assert.Empty(await project.Online.ListAsync(CancellationToken.None));
        Assert.Equal(0, await project.Runs.StoredVersionAsync(view.Id, CancellationToken.None));
    }

    [Fact]
    public async Task S7_killed_at_any_instant_a_run_is_completed_by_the_next()
    {
        var random = new Random(8);
        SortedDictionary<string, List<CsvRow>> files = new(StringComparer.Ordinal);
        var now = Instant.Now(TimeProvider.System);
        var runs = 0;
        for (var round = 0; round < 5; round++)
        {
            World();
            using var child = StartChild();
            Assert.Equal("ready", await HearAsync(child));
            var wanted = random.Next(1, 5);
            for (var run = 0; run < wanted; run++)
            {
                World(); // beside the run
                Assert.StartsWith("run", await HearAsync(child), StringComparison.Ordinal);
                runs++;
            }
            World();
            await Task.Delay(random.Next(0, 40)); // to be killed somewhere within a run, where nothing is said: any instant will do
            child.Kill();
            await child.WaitForExitAsync();
        }
        Assert.True(runs >= 5);
        await using var project = new RealProject(_folder.Path, TimeProvider.System);
        var report = (await project.Materializer(TimeSpan.FromSeconds(30)).RunAsync(new() { Catalog = RealProject.CatalogOf(RealProject.View) }, null, CancellationToken.None)).Views.Single();
        Assert.True(report.Error is null, report.Error?.ToString());
        await project.JudgeAsync([.. files.Values.SelectMany(r => r)], Instant.Now(TimeProvider.System), $"after {runs} runs and 5 deaths ({report.Mode})");
        var states = (await project.Runs.ListAsync(null, 1_000, CancellationToken.None)).Select(r => r.State).ToHashSet();
        Assert.Superset(new HashSet<RunState> { RunState.Finished }, states);

        void World()
        {
            for (var i = random.Next(1, 3); i > 0; i--)
            {
                var name = $"f{random.Next(8)}";
                if (files.Count > 2 && files.ContainsKey(name) && random.Next(2) == 0)
                {
                    files.Remove(name);
                    File.Delete(_folder.At($"data/{name}.csv"));
                    continue;
                }
                files[name] = RandomRows(random, now - Instant.Hour); // far from the edge of the clock, which goes on here
                RealProject.WriteFile(_folder.Path, name, files[name]);
            }
        }
    }

    long Now(long seconds) => Instant.Now(_clock) + seconds * Instant.Second;

    static List<CsvRow> RandomRows(Random random, long now) => [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => new CsvRow(
        $"id{random.Next(40)}",
        now + random.Next(-20, 12) * Instant.Minute,
        random.Next(4) == 0 ? null : random.Next(3) * 0.1,
        random.Next(4) == 0 ? null : new[] { "", "x", "é, \u00a0" }[random.Next(3)]))];

    /// <summary>Not a test: the program that the one above kills.</summary>
    [Fact(Explicit = true)]
    public async Task Child_that_materializes()
    {
        var folder = Environment.GetEnvironmentVariable(ChildVariable) ?? throw new InvalidOperationException($"{ChildVariable} is not set.");
        await using var project = new RealProject(folder, TimeProvider.System);
        Say("ready");
        for (var run = 1; ; run++)
        {
            // A dead child's lease runs out after two seconds here.
            var report = (await project.Materializer(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2)).RunAsync(new() { Catalog = RealProject.CatalogOf(RealProject.View) }, null, CancellationToken.None)).Views.Single();
            Say(string.Create(CultureInfo.InvariantCulture, $"run {run} {report.Mode} {report.Error?.Message.ReplaceLineEndings(" ")}"));
        }

        static void Say(string text)
        {
            Console.Out.WriteLine(Prefix + text);
            Console.Out.Flush();
        }
    }

    Process StartChild() => Process.Start(new ProcessStartInfo("dotnet", [typeof(MaterializationRealTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(MaterializationRealTests).FullName}.{nameof(Child_that_materializes)}"])
    {
        Environment = { [ChildVariable] = _folder.Path },
        RedirectStandardOutput = true,
        UseShellExecute = false,
    })!;

    static async Task<string> HearAsync(Process child)
    {
        while (await child.StandardOutput.ReadLineAsync() is { } line)
            if (line.IndexOf(Prefix, StringComparison.Ordinal) is >= 0 and var at) return line[(at + Prefix.Length)..];
        throw new InvalidOperationException("The child ended by itself.");
    }
}
