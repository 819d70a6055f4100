using System.Globalization;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore.Delta;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>Views by SQL with $start and $end: what runs store bit by bit is what one run over everything would.</summary>
public sealed class IncrementalSqlTests : IDisposable
{
    const string Plain = "select id, ts, a * 2 as a, b from src where ts >= $start and ts < $end";

    const string Rolling = """
        select * from (
            select id, ts, sum(a) over (partition by id order by ts range between interval 2 days preceding and current row) as a, b
            from src where ts >= $start - interval 2 days and ts < $end) -- $start
        where ts >= $start and ts < $end
        """;

    const string Lag = """
        select * from (
            select id, ts, b, case when lag(ts) over steps >= ts - interval 2 days then lag(a) over steps end as a
            from src where ts >= $start - interval 2 days and ts < $end window steps as (partition by id order by ts, a, b))
        where ts >= $start and ts < $end
        """;

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
    readonly DuckDbEngine _engine;

    public IncrementalSqlTests() => _engine = new(new() { MemoryLimit = 1L << 28, Threads = 1, SpillFolder = _folder.At("spill") });

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1, Plain, 0), InlineData(2, Rolling, 2), InlineData(3, Rolling, 2), InlineData(4, Rolling, null), InlineData(5, Lag, 2), InlineData(6, Lag, null)]
    public async Task S7_incremental_sql_stores_what_a_whole_run_would(int seed, string sql, int? days)
    {
        var random = new Random(seed);
        await using var project = new RealProject(_folder.Path, _clock);
        var view = View("steps", sql, days);
        List<string> files = [];
        var modes = new HashSet<RunMode>();
        for (var step = 0; step < 22; step++)
        {
            var what = files.Count == 0 ? 0 : random.Next(11);
            if (what < 7) files.Add(Write($"f{step}", random)); // early, late, in any order
            else if (what == 7) Write(files[random.Next(files.Count)], random);
            else if (what == 8 && files.Count > 1)
            {
                var gone = files[random.Next(files.Count)];
                File.Delete(_folder.At($"data/{gone}.csv"));
                files.Remove(gone);
            }
            else if (what == 9) view = view with { Fingerprint = $"f{step}" };
            modes.Add((await project.RunAsync(view)).Mode);
            await JudgeAsync(project, view, $"seed {seed}, step {step} ({what})");
        }
        Assert.Superset(new HashSet<RunMode> { RunMode.Added, RunMode.Whole }, modes);
    }

    [Fact]
    public async Task S7_a_late_file_is_computed_from_its_first_day_on_as_far_as_the_lookback()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var view = View("v", Rolling, 2);
        RealProject.WriteFile(_folder.Path, "a", [.. Enumerable.Range(0, 20).Select(day => new CsvRow("x", At(day), 1, "a"))]);
        Assert.Equal((RunMode.Whole, "computed whole: its rows are stored for the first time"), Did(await project.RunAsync(view)));
        Assert.Equal((RunMode.Nothing, "the sources are as the last run read them"), Did(await project.RunAsync(view)));
        var before = project.Offline.Table(view).Snapshot(CancellationToken.None);
        Assert.Equal((0L, 20), (before.Version, before.FileCount));

        RealProject.WriteFile(_folder.Path, "late", [new("x", At(5) + Instant.Hour, 8, "b")]);
        Assert.Equal((RunMode.Added, "computed from 2026-05-06T00:00:00Z to 2026-05-09T00:00:00Z, 4 rows, because files were added to source 'src': late.csv"), Did(await project.RunAsync(view)));
        await JudgeAsync(project, view, "late");
        var after = project.Offline.Table(view).Snapshot(CancellationToken.None);
        Assert.Equal(17, after.Files().Select(f => f.Path).Intersect(before.Files().Select(f => f.Path)).Count()); // the other days are as they were
        Assert.Equal("11", Read(project, view).Single(r => r.StartsWith($"x {At(7)} ", StringComparison.Ordinal)).Split(' ')[2]); // two days later it still counts

        Assert.Equal((RunMode.Whole, "computed whole: asked for"), Did(await project.RunAsync(view, r => r with { Full = true })));
        RealProject.WriteFile(_folder.Path, "late", [new("x", At(5), 9, "b")]);
        Assert.Equal((RunMode.Whole, "computed whole: files of source 'src' changed: late.csv"), Did(await project.RunAsync(view)));
        File.Delete(_folder.At("data/late.csv"));
        Assert.Equal((RunMode.Whole, "computed whole: files of source 'src' were removed: late.csv"), Did(await project.RunAsync(view)));
        Assert.Equal((RunMode.Whole, "computed whole: its stored rows are of another definition"), Did(await project.RunAsync(view with { Fingerprint = "other" })));
        await JudgeAsync(project, view, "end");
    }

    [Fact]
    public async Task A_lookback_that_is_less_than_what_the_sql_reads_stores_something_else_and_the_comparison_sees_it()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var (wrong, right) = (View("wrong", Rolling, 1), View("right", Rolling, null));
        RealProject.WriteFile(_folder.Path, "a", [.. Enumerable.Range(0, 20).Select(day => new CsvRow("x", At(day), 1, "a"))]);
        foreach (var view in new[] { wrong, right }) await project.RunAsync(view);
        RealProject.WriteFile(_folder.Path, "late", [new("x", At(5), 8, "b")]);
        foreach (var view in new[] { wrong, right }) Assert.Equal(RunMode.Added, (await project.RunAsync(view)).Mode);
        await JudgeAsync(project, right, "right");
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => JudgeAsync(project, wrong, "wrong"));
    }

    [Theory]
    [InlineData("select id, ts, a, b from src where ts < $end and $start is not null", "with timestamp 2026-05-01T00:00:00Z, before $start, 2026-05-04T00:00:00Z")]
    [InlineData("select id, ts, a, b from src where ts >= $start and $end is not null", "with timestamp 2026-05-09T00:00:00Z, not before $end, 2026-05-05T00:00:00Z")]
    [InlineData("select id, case when a = 3 then null else ts end as ts, a, b from src where ts >= $start and ts < $end", "without a timestamp, which is in no interval")]
    public async Task S7_rows_outside_of_the_interval_are_refused_and_the_stored_ones_stay(string sql, string message)
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var view = View("v", sql, 0);
        RealProject.WriteFile(_folder.Path, "a", [new("x", At(0), 1, "a"), new("x", At(8), 1, "a")]);
        await project.RunAsync(view);
        var before = Read(project, view);
        RealProject.WriteFile(_folder.Path, "b", [new("x", At(3), 3, "b")]);
        var report = (await project.Materializer().RunAsync(new() { Catalog = RealProject.CatalogOf(view) }, null, CancellationToken.None)).Views.Single();
        Assert.Equal($"View 'v@1.0.0': its SQL yields a row {message}. It must filter what it yields by both: ts >= $start and ts < $end. Nothing was stored.", report.Error?.Message);
        Assert.Equal(before, Read(project, view));
        Assert.Equal(0, project.Offline.Table(view).Snapshot(CancellationToken.None).Version);
    }

    [Fact]
    public async Task S7_a_run_that_dies_anywhere_is_completed_by_the_next()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var view = View("v", Rolling, 2);
        RealProject.WriteFile(_folder.Path, "a", [.. Enumerable.Range(0, 9).Select(day => new CsvRow("x", At(day), 1, "a"))]);
        await project.RunAsync(view);
        var (deaths, stored) = (0, 0);
        for (var at = 1; ; at++)
        {
            var before = Read(project, view);
            RealProject.WriteFile(_folder.Path, $"f{at}", [new("x", At(at % 9) + at, at, "b")]);
            var steps = new Steps();
            steps.DieAt(at);
            var version = project.Offline.Table(view).Snapshot(CancellationToken.None).Version;
            try
            {
                await project.RunAsync(view, null, steps);
                break;
            }
            catch (DeathException)
            {
                deaths++;
            }
            var visible = Read(project, view);
            if (project.Offline.Table(view).Snapshot(CancellationToken.None).Version > version) stored++;
            _clock.Advance(TimeSpan.FromMinutes(1)); // its lease ends
            await project.RunAsync(view);
            if (visible.Length != before.Length) Assert.Equal(visible, Read(project, view)); // it had finished
            else Assert.Equal(before, visible);
            await JudgeAsync(project, view, $"died at {at}");
        }
        Assert.True(deaths > 3 && stored > 0, $"{deaths} deaths, {stored} after it was stored");
    }

    [Fact]
    public async Task S7_of_two_runs_over_the_same_version_one_is_refused()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var view = View("v", Plain, 0);
        RealProject.WriteFile(_folder.Path, "a", [new("x", At(0), 1, "a")]);
        await project.RunAsync(view);
        var before = Read(project, view);
        foreach (var after in new long[] { -1, 1 })
        {
            using var rows = _engine.Scan(new() { Table = project.Offline.ViewTable(view), Columns = [.. new[] { "id", "ts", "a", "b" }.Zip(new[] { FeatureType.String, FeatureType.Timestamp, FeatureType.Float64, FeatureType.String }, (n, t) => new Lockstep.Runtime.Engine.ScanColumn(n, new(n, t)))] }, CancellationToken.None);
            var refused = Assert.Throws<LockstepException>(() => project.Offline.ReplaceDays(view, rows, At(0), At(1), new DeltaWrite { OnlyAfter = after }, CancellationToken.None));
            Assert.Equal(ErrorKind.Conflict, refused.Kind);
        }
        Assert.Equal(before, Read(project, view));
    }

    [Fact]
    public async Task S7_appends_to_a_delta_table_are_added_rows_and_an_overwrite_is_not()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var source = new Source { Name = "src", Table = new() { Path = "delta", Format = TableFormat.Delta, Timestamp = "ts" } };
        var view = View("v", Rolling, 2) with { Sources = new Dictionary<string, Source> { ["src"] = source } };
        var table = project.Offline.Open(_folder.At("delta"), "delta");
        Append(0, 4, 9);
        Assert.Equal(RunMode.Whole, (await project.RunAsync(view)).Mode);
        Append(3, 12);
        Assert.Equal((RunMode.Added, "2026-05-04T00:00:00Z"), ((await project.RunAsync(view)) is var r ? r.Mode : default, r.Reason!.Split(' ')[2]));
        await JudgeAsync(project, view, "appended");
        using (var rows = Rows(1)) table.Overwrite(rows, new() { TimeColumn = "ts" }, CancellationToken.None);
        Assert.Equal(RunMode.Whole, (await project.RunAsync(view)).Mode);
        await JudgeAsync(project, view, "overwritten");
        Assert.Single(Read(project, view));

        void Append(params int[] days)
        {
            using var rows = Rows(days);
            table.Append(rows, new() { TimeColumn = "ts" }, CancellationToken.None);
        }

        static OfflineStore.Delta.Rows Rows(params int[] days) => new(
            new([new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("a", FeatureType.Float64), new("b", FeatureType.String)]),
            [.. days.Select(d => new[] { Value.Of("x"), Value.Timestamp(At(d)), Value.Of(0.5 + d), Value.Of("b") })]);
    }

    [Fact]
    public async Task S7_rows_of_incremental_sql_are_served()
    {
        await using var project = new RealProject(_folder.Path, _clock);
        var view = View("v", Rolling, 2);
        view = view with { View = view.View with { Online = true } };
        RealProject.WriteFile(_folder.Path, "a", [new("x", At(0), 1, "a"), new("x", At(2), 2, "a")]);
        await project.RunAsync(view);
        RealProject.WriteFile(_folder.Path, "b", [new("x", At(1), 4, "b")]);
        var report = await project.RunAsync(view);
        Assert.Contains("computed from 2026-05-02T00:00:00Z", report.Reason, StringComparison.Ordinal);
        Assert.Equal((At(2), Value.Of(7.0), Value.Of("a")), await project.GetAsync(view, "x", At(30)));
    }

    static ViewVersion View(string name, string sql, int? days) => RealProject.SqlView with
    {
        View = (ValueView)RealProject.SqlView.View with { Name = name, Sql = sql, Timestamp = "ts", Online = false, Lookback = days * Instant.Day },
        Fingerprint = "f",
    };

    static (RunMode, string?) Did(ViewRunReport report) => (report.Mode, report.Reason);

    static long At(int day) => Instant.Parse("2026-05-01") + day * Instant.Day;

    // Instants upon and around midnights, so that the edges of days and of two days are hit.
    string Write(string name, Random random)
    {
        var day = random.Next(20);
        RealProject.WriteFile(_folder.Path, name, [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => new CsvRow(
            $"id{random.Next(2)}", At(day + random.Next(3)) + (random.Next(3) - 1) * random.Next(2) * (random.Next(2) == 0 ? 1 : 6 * Instant.Hour), random.Next(5) == 0 ? null : random.Next(40) / 4.0, random.Next(4) == 0 ? null : $"t{random.Next(3)}"))]);
        return name;
    }

    async Task JudgeAsync(RealProject project, ViewVersion view, string where)
    {
        var twin = view with { View = view.View with { Name = "twin" } };
        Assert.Equal(RunMode.Whole, (await project.RunAsync(twin, r => r with { Full = true })).Mode);
        var (expected, found) = (Read(project, twin), Read(project, view));
        Assert.True(expected.SequenceEqual(found), $"{where}: stored\n{string.Join('\n', found.Except(expected))}\ninstead of\n{string.Join('\n', expected.Except(found))}\n({found.Length} and {expected.Length} rows)");
    }

    /// <summary>All rows of the last finished run, all bits.</summary>
    string[] Read(RealProject project, ViewVersion view)
    {
        FeatureType[] types = [FeatureType.String, FeatureType.Timestamp, FeatureType.Float64, FeatureType.String];
        using var reader = _engine.Scan(new() { Table = project.Offline.ViewTable(view), Columns = [.. new[] { "id", "ts", "a", "b" }.Zip(types, (n, t) => new Lockstep.Runtime.Engine.ScanColumn(n, new(n, t)))] }, CancellationToken.None);
        ColumnBatch batch = new(reader.Schema);
        List<string> rows = [];
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++)
            {
                var a = batch[2].GetValue(row);
                rows.Add(string.Create(CultureInfo.InvariantCulture, $"{batch[0].GetValue(row)} {batch[1].GetValue(row).AsInt64} {(a.IsNull ? "null" : a.AsFloat64.ToString("R", CultureInfo.InvariantCulture))} {batch[3].GetValue(row)}"));
            }
        rows.Sort(StringComparer.Ordinal);
        return [.. rows];
    }
}
