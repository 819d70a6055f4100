using System.Diagnostics;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>What one run reads and writes, after what has happened.</summary>
public sealed class MaterializerTests : IDisposable
{
    readonly List<MaterializationLab> _labs = [];

    public void Dispose() => _labs.ForEach(l => l.Dispose());

    MaterializationLab Lab(TableFormat format = TableFormat.Parquet, long ttl = 0)
    {
        _labs.Add(new(format, ttl));
        return _labs[^1];
    }

    static LabRow Row(string key, long time, int a = 0) => new(key, time, null, a, null);

    [Fact]
    public async Task S7_where_nothing_has_changed_nothing_is_read()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        Assert.Equal(RunMode.Whole, (await lab.RunWellAsync()).Mode);
        var scans = lab.Scans.Count;
        var report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Nothing, "the source is as the last run read it", 0L, 0L, scans), (report.Mode, report.Reason, report.RowsRead, report.Keys, lab.Scans.Count));
        await lab.JudgeAsync("nothing");
    }

    ViewVersion Expecting(MaterializationLab lab, params Expectation[] expectations)
    {
        var source = lab.View.Sources["src"] with { Columns = [new("id", FeatureType.String), new("a", FeatureType.Int32), new("b", FeatureType.String)], Derived = [new("twice", "a * 2")], Expect = [Expectation.Parse("twice < 100")] };
        return lab.View with { View = (ValueView)lab.View.View with { Expect = expectations }, Sources = new Dictionary<string, Source> { ["src"] = source } };
    }

    [Fact]
    public async Task Expectations_are_counted_once_for_each_row_read_and_recorded()
    {
        var lab = Lab(TableFormat.Delta);
        lab.View = Expecting(lab, Expectation.Parse("a > 0 mostly 0.5"));
        lab.Put("a", Row("x", lab.Now - 10 * Instant.Second, 60), Row("x", lab.Now - 5 * Instant.Second, -3), new("y", lab.Now, null, null, "b"));
        var report = await lab.RunWellAsync();
        Assert.Equal([("v@1.0.0", 1L, 1L, 1L, true), ("source 'src'", 1L, 1L, 1L, false)], report.Expectations.Select(e => (e.Of, e.Passed, e.Failed, e.Nulls, e.Holds)));
        Assert.Equal(["id=x", "event_timestamp=" + Instant.Format(lab.Now - 10 * Instant.Second), "a=60"], report.Expectations[1].Examples[0].Select(v => $"{v.Key}={v.Value}"));
        lab.Put("b", Row("z", lab.Now, 1));
        Assert.Equal(1, (await lab.RunWellAsync()).Expectations[0].Rows); // the new file's
        lab.Put("c", Row("z", lab.Now, 2));
        lab.Remove("a");
        report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Keys, 2L), (report.Mode, report.Expectations[0].Rows)); // of the whole source, each once
        Assert.Equal(report.Expectations.Select(e => e.Describe()), (await lab.Runs.ListAsync(lab.View.Id, 1, CancellationToken.None))[0].End!.Expectations.Select(e => e.Describe()));
        await lab.JudgeAsync("expected");
    }

    // Nothing of a blocked run is visible; the next run, when the rows are right, brings all of it.
    [Theory, InlineData("added"), InlineData("keys"), InlineData("whole")]
    public async Task S21_a_run_that_an_expectation_blocks_leaves_what_is_online_as_it_was(string how)
    {
        var lab = Lab(TableFormat.Delta);
        lab.View = Expecting(lab, Expectation.Parse("a >= 0 mostly 0.9") with { OnFailure = FailureAction.Block });
        lab.Put("a", Row("x", lab.Now - 10 * Instant.Second, 2), Row("y", lab.Now - 10 * Instant.Second, 2));
        await lab.RunWellAsync();
        var (x, y) = (await lab.CellAsync("x"), await lab.CellAsync("y"));
        lab.Put("wrong", Row("x", lab.Now, -1), Row("new", lab.Now, 1));
        if (how == "keys") lab.Replace("a", "b", Row("y", lab.Now - 20 * Instant.Second, 7));
        var report = await lab.RunAsync(r => r with { Full = how == "whole" });
        var error = Assert.IsType<Core.Expectations.ExpectationsFailedException>(report.Error);
        Assert.Equal(ErrorKind.ExpectationsFailed, error.Kind);
        Assert.StartsWith("Nothing of this run was brought online. v@1.0.0: 1 of ", error.Message, StringComparison.Ordinal);
        Assert.Contains("fail 'a >= 0'", error.Message, StringComparison.Ordinal);
        Assert.Contains("id=x", error.Message, StringComparison.Ordinal);
        Assert.Equal(x, await lab.CellAsync("x"));
        Assert.Equal(y, await lab.CellAsync("y"));
        Assert.Empty(await lab.CellAsync("new"));
        var recorded = (await lab.Runs.ListAsync(lab.View.Id, 1, CancellationToken.None))[0];
        Assert.Equal((RunState.Failed, 1L), (recorded.State, recorded.End!.Expectations[0].Failed));
        lab.Replace("wrong", "right", Row("x", lab.Now, 1), Row("new", lab.Now, 1));
        await lab.RunWellAsync();
        await lab.JudgeAsync("after the block");
    }

    [Fact]
    public async Task S7_rows_that_a_filter_drops_are_as_if_they_were_not_there()
    {
        var lab = Lab(TableFormat.Delta);
        var source = lab.View.Sources["src"] with { Columns = [new("id", FeatureType.String), new("a", FeatureType.Int32), new("b", FeatureType.String)], Derived = [new("even", "a % 2 = 0")], Where = "b is null" };
        lab.View = lab.View with { View = (ValueView)lab.View.View with { Where = "even" }, Sources = new Dictionary<string, Source> { ["src"] = source } };
        lab.Put("a", Row("x", lab.Now - 10 * Instant.Second, 2), Row("x", lab.Now - 5 * Instant.Second, 3), Row("odd", lab.Now - 10 * Instant.Second, 1), new("y", lab.Now, null, 4, "b"));
        var report = await lab.RunWellAsync();
        Assert.Equal((4L, 3L, 1L), (report.RowsRead, report.RowsDropped, report.Keys));
        lab.Put("b", Row("odd", lab.Now - 20 * Instant.Second, 6), Row("x", lab.Now - 1 * Instant.Second, 7));
        report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Added, 2L, 1L, 1L), (report.Mode, report.RowsRead, report.RowsDropped, report.Keys));
        Assert.Equal(report.RowsDropped, (await lab.Runs.ListAsync(lab.View.Id, 1, CancellationToken.None))[0].End!.RowsDropped);
        lab.Remove("a"); // its keys are computed afresh: of x nothing is left
        report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Keys, 1L, 2L), (report.Mode, report.Keys, report.KeysRemoved));
        Assert.True(new ValueCellReader(await lab.CellAsync("x")).IsRemoved);
        Assert.True(new ValueCellReader(await lab.CellAsync("odd")).TryNewest(lab.Now, out var time, out _));
        Assert.Equal(lab.Now - 20 * Instant.Second, time);
    }

    [Fact]
    public async Task S7_of_new_files_only_these_are_read_and_their_late_rows_arrive()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now - 10 * Instant.Second), Row("y", lab.Now - 90 * Instant.Second));
        await lab.RunWellAsync();
        lab.Put("late", Row("x", lab.Now - 20 * Instant.Second), Row("y", lab.Now - 60 * Instant.Second), Row("z", lab.Now - 1_000_000 * Instant.Second));
        var report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Added, 3L, 3L), (report.Mode, report.RowsRead, report.Keys));
        Assert.Equal(["late"], lab.Scans[^1].Table.Files.Select(f => lab.NameOf(f.Path)));
        await lab.JudgeAsync("late rows");
    }

    [Fact]
    public async Task S7_a_corrected_row_replaces_a_newer_wrong_one_and_a_key_without_rows_goes()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now - 10 * Instant.Second), Row("gone", lab.Now - 10 * Instant.Second));
        lab.Put("b", Row("x", lab.Now - 30 * Instant.Second, 7));
        await lab.RunWellAsync();
        lab.Put("a", Row("y", lab.Now - 40 * Instant.Second));
        var report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Whole, 1L), (report.Mode, report.KeysRemoved));
        Assert.EndsWith("a holds other rows than before", report.Reason, StringComparison.Ordinal);
        await lab.JudgeAsync("corrected");
        Assert.True(new ValueCellReader(await lab.CellAsync("gone")).IsRemoved);
    }

    [Fact]
    public async Task S7_of_a_delta_table_only_the_keys_of_removed_files_are_computed_afresh()
    {
        var lab = Lab(TableFormat.Delta);
        lab.Put("a", Row("x", lab.Now - 10 * Instant.Second), Row("gone", lab.Now - 10 * Instant.Second));
        lab.Put("b", Row("x", lab.Now - 30 * Instant.Second), Row("other", lab.Now - 30 * Instant.Second));
        await lab.RunWellAsync();
        var other = await lab.CellAsync("other");
        lab.Remove("a");
        var report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Keys, 1L, 1L), (report.Mode, report.Keys, report.KeysRemoved));
        await lab.JudgeAsync("removed");
        Assert.Equal(other, await lab.CellAsync("other"));
        lab.Remove("b");
        lab.Put("c", Row("y", lab.Now));
        lab.Vacuum("b");
        report = await lab.RunWellAsync();
        Assert.Equal(RunMode.Whole, report.Mode);
        Assert.EndsWith("b is removed and vacuumed, and with it the keys it held", report.Reason, StringComparison.Ordinal);
        await lab.JudgeAsync("vacuumed");
    }

    [Fact]
    public async Task S14_a_row_too_far_ahead_is_taken_by_the_first_run_that_reaches_it()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now), Row("x", lab.Now + 100 * Instant.Second, 1), Row("x", lab.Now + 300 * Instant.Second, 2), Row("far", lab.Now + 101 * Instant.Second));
        var report = await lab.RunWellAsync();
        Assert.Equal((2L, 1L), (report.RowsAhead, report.Keys));
        await lab.JudgeAsync("first");
        lab.Clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(RunMode.Nothing, (await lab.RunWellAsync()).Mode);
        lab.Clock.Advance(TimeSpan.FromMilliseconds(1));
        report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Added, 1L, 1L), (report.Mode, report.Keys, report.RowsAhead));
        await lab.JudgeAsync("second");
        lab.Clock.Advance(TimeSpan.FromSeconds(250));
        report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Added, 1L, 1L, 0L), (report.Mode, report.RowsRead, report.Keys, report.RowsAhead)); // only from the row left out on
        await lab.JudgeAsync("third");
        Assert.Equal(RunMode.Nothing, (await lab.RunWellAsync()).Mode);
    }

    [Fact]
    public async Task S7_what_an_end_left_out_the_next_run_takes()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now - 300 * Instant.Second, 1), Row("x", lab.Now - 200 * Instant.Second, 2), Row("x", lab.Now - 100 * Instant.Second, 3));
        foreach (var (to, expected) in new (long, int?)[] { (-301, null), (-300, 1), (-101, 2), (-250, 2), (-100, 3) })
        {
            await lab.RunWellAsync(r => r with { To = lab.Now + to * Instant.Second });
            var found = new ValueCellReader(await lab.CellAsync("x")).TryNewest(lab.Now, out _, out var row) ? new RowReader(lab.Layout, row).Int32(0) : (int?)null;
            Assert.Equal(expected, found);
        }
        lab.Put("b", Row("x", lab.Now - 50 * Instant.Second, 4));
        await lab.RunWellAsync(r => r with { To = lab.Now - 60 * Instant.Second });
        await lab.RunWellAsync();
        await lab.JudgeAsync("without an end");
        Assert.Equal(RunMode.Nothing, (await lab.RunWellAsync()).Mode);
    }

    [Fact]
    public async Task S7_a_run_with_a_beginning_does_not_stand_for_the_whole_source()
    {
        var lab = Lab();
        lab.Put("a", Row("old", lab.Now - 300 * Instant.Second), Row("new", lab.Now - 100 * Instant.Second));
        var report = await lab.RunWellAsync(r => r with { From = lab.Now - 200 * Instant.Second });
        Assert.Equal((RunMode.Added, 1L), (report.Mode, report.Keys));
        Assert.Empty(await lab.CellAsync("old"));
        Assert.Equal(RunMode.Whole, (await lab.RunWellAsync()).Mode);
        await lab.JudgeAsync("whole");
    }

    [Fact]
    public async Task S7_a_lost_online_store_or_record_is_noticed_and_everything_is_computed_afresh()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now), Row("y", lab.Now));
        await lab.RunWellAsync();
        lab.Online = new MemoryOnlineStore(lab.Clock);
        Assert.Equal(RunMode.Whole, (await lab.RunWellAsync()).Mode);
        await lab.JudgeAsync("the store is new");
        ((MemoryRunStore)lab.Runs).Forget();
        lab.Put("a", Row("x", lab.Now));
        var report = await lab.RunWellAsync();
        Assert.Equal((RunMode.Whole, "the last run of the online store is not in the record of runs", 1L), (report.Mode, report.Reason, report.KeysRemoved));
        await lab.JudgeAsync("the record is new");
    }

    [Fact]
    public async Task S23_rows_of_another_meaning_under_the_same_name_go_first()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        await lab.RunWellAsync();
        lab.View = lab.View with { Fingerprint = "f2" };
        var number = new ValueCellReader(await lab.CellAsync("x")).Run;
        var steps = new Steps();
        steps.DieAt(8); // behind the beginning, before anything is written
        await Assert.ThrowsAsync<DeathException>(() => lab.RunAsync(null, steps));
        Assert.Empty(await lab.CellAsync("x"));
        lab.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(RunMode.Whole, (await lab.RunWellAsync()).Mode);
        await lab.JudgeAsync("the new meaning");
        Assert.True(new ValueCellReader(await lab.CellAsync("x")).Run > number);
    }

    [Fact]
    public async Task Full_computes_everything_afresh()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now), Row(null!, lab.Now), new("y", null, null, 1, null));
        await lab.RunWellAsync();
        var report = await lab.RunWellAsync(r => r with { Full = true });
        Assert.Equal((RunMode.Whole, "asked for", 3L, 1L, 1L, 1L), (report.Mode, report.Reason, report.RowsRead, report.Keys, report.RowsWithoutKey, report.RowsWithoutTime));
    }

    [Fact]
    public async Task A_view_that_is_being_materialized_is_a_conflict()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        Assert.NotNull(await lab.Online.TryAcquireLeaseAsync(lab.View.Id, "another", TimeSpan.FromMinutes(1), CancellationToken.None));
        var report = await lab.RunAsync();
        Assert.Equal(ErrorKind.Conflict, Assert.IsType<LockstepException>(report.Error).Kind);
        Assert.StartsWith("View 'v@1.0.0' is being materialized by another run.", report.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(await lab.Runs.ListAsync(null, 10, CancellationToken.None));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task S7_the_lease_of_a_process_that_has_ended_is_not_waited_for(bool dead)
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        using var process = Process.Start("dotnet", "--version");
        await process.WaitForExitAsync();
        var owner = $"{Environment.MachineName}/{(dead ? process.Id : Environment.ProcessId)}";
        var lease = await lab.Online.TryAcquireLeaseAsync(lab.View.Id, owner, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.NotNull(lease);
        await lab.Runs.BeginAsync(new() { View = lab.View.Id, Fingerprint = lab.View.Fingerprint, Store = lab.Options.OnlineStore, Token = Guid.NewGuid(), Lease = lease.Number, Owner = owner, StartedAt = lab.Now, Horizon = lab.Now }, CancellationToken.None);
        var report = await lab.RunAsync();
        Assert.Equal(dead, report.Error is null);
        var first = (await lab.Runs.ListAsync(null, 10, CancellationToken.None))[^1];
        Assert.Equal(dead ? RunState.Abandoned : RunState.Running, first.State);
    }

    [Fact]
    public async Task A_push_that_no_source_has_is_said()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        lab.Push(Row("x", lab.Now, 5));
        await lab.ApplyPushesAsync();
        lab.Vacuum("log00000");
        lab.Remove("log00000");
        lab.ForgetPushes();
        var report = await lab.RunAsync();
        Assert.Contains("1 keys hold pushed rows that source 'src' does not have", report.Error?.Message, StringComparison.Ordinal);
        Assert.Equal(RunState.Failed, (await lab.Runs.ListAsync(null, 1, CancellationToken.None)).Single().State);
    }

    [Fact]
    public async Task A_cancelled_run_is_recorded_lets_go_and_is_completed_by_the_next()
    {
        var lab = Lab();
        lab.Put("a", [.. Enumerable.Range(0, 20).Select(i => Row($"{i}", lab.Now))]);
        using var cancel = new CancellationTokenSource();
        var steps = new Steps();
        steps.At(18, () =>
        {
            cancel.Cancel();
            return Task.CompletedTask;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lab.Materializer(steps).RunAsync(new() { Catalog = lab.Catalog }, null, cancel.Token));
        var run = (await lab.Runs.ListAsync(null, 1, CancellationToken.None)).Single();
        Assert.Equal((RunState.Failed, "cancelled"), (run.State, run.End!.Error));
        Assert.Equal(RunMode.Whole, (await lab.RunWellAsync()).Mode);
        await lab.JudgeAsync("completed");
    }

    [Fact]
    public async Task S21_requests_are_answered_at_every_step_of_a_run()
    {
        var lab = Lab();
        lab.Put("a", [.. Enumerable.Range(0, 10).Select(i => Row($"{i}", lab.Now - 50 * Instant.Second, 1))]);
        await lab.RunWellAsync();
        lab.Put("a", [.. Enumerable.Range(0, 10).Select(i => Row($"{i}", lab.Now - 60 * Instant.Second, 2))]);
        var steps = new Steps();
        var asked = 0;
        for (var step = 1; step <= 60; step++)
            steps.At(step, async () =>
            {
                for (var i = 0; i < 10; i++)
                {
                    var value = Newest(lab, await lab.CellAsync($"{i}"));
                    Assert.True(value is 1 or 2, $"key {i}: {value}");
                }
                asked++;
            });
        Assert.Null((await lab.RunAsync(null, steps)).Error);
        Assert.True(asked > 20, $"{asked}");
        await lab.JudgeAsync("after");

        static int? Newest(MaterializationLab lab, byte[] cell) => new ValueCellReader(cell).TryNewest(lab.Now, out _, out var row) ? new RowReader(lab.Layout, row).Int32(0) : null;
    }

    [Fact]
    public async Task Progress_names_the_step_and_its_view()
    {
        var lab = Lab();
        lab.Put("a", [.. Enumerable.Range(0, 20).Select(i => Row($"{i}", lab.Now))]);
        var steps = new List<string>();
        await lab.Materializer().RunAsync(new() { Catalog = lab.Catalog }, new Reports(steps), CancellationToken.None);
        Assert.Equal(["reading v@1.0.0", "writing v@1.0.0"], steps.Distinct());
    }

    sealed class Reports(List<string> steps) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => steps.Add(value.Step);
    }

    [Fact]
    public async Task S20_cleaning_takes_nothing_that_can_still_be_told()
    {
        const long ttl = 100 * Instant.Second;
        var lab = Lab(ttl: ttl);
        lab.Put("a", Row("old", lab.Now - 50 * Instant.Second), Row("both", lab.Now - 50 * Instant.Second), Row("both", lab.Now + 50 * Instant.Second), Row("gone", lab.Now));
        await lab.RunWellAsync();
        Assert.Equal(default, await OnlineCleanup.CleanAsync(lab.Online, lab.View, lab.Clock, CancellationToken.None));
        lab.Put("a", Row("old", lab.Now - 50 * Instant.Second), Row("both", lab.Now - 50 * Instant.Second), Row("both", lab.Now + 50 * Instant.Second));
        await lab.RunWellAsync();
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(new(2, 1), await OnlineCleanup.CleanAsync(lab.Online, lab.View, lab.Clock, CancellationToken.None));
        Assert.Equal((false, true), (Newest("old", out var time), (await lab.CellAsync("old")).Length > 0));
        Assert.Equal(lab.Now - 2 * Instant.Day - 50 * Instant.Second, time);
        Assert.Equal(1, new ValueCellReader(await lab.CellAsync("both")).Count);
        Assert.Empty(await lab.CellAsync("gone"));
        Assert.Equal(RunMode.Nothing, (await lab.RunWellAsync()).Mode); // the mark is still there
        Assert.Equal(default, await OnlineCleanup.CleanAsync(lab.Online, lab.View, lab.Clock, CancellationToken.None));

        bool Newest(string key, out long eventTimestamp)
            => new ValueCellReader(lab.CellAsync(key).GetAwaiter().GetResult()).TryNewest(lab.Now, out eventTimestamp, out var row) && !row.IsEmpty;
    }

    [Fact]
    public async Task S24_upkeep_drops_what_is_retired_and_nothing_else_and_a_version_brought_back_is_computed_again()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        await lab.RunWellAsync();
        Catalog Catalog(bool retired) => new(1, [], lab.View.Sources.Values, [lab.View with { Retired = retired }], []);
        CellUpdates other = new();
        other.Add([1], [2]);
        Assert.True(await lab.Online.WriteAsync("someone's@1.0.0", other, new ValueCellAny(), Fence.None, CancellationToken.None));

        var kept = await OnlineUpkeep.RunAsync(lab.Online, Catalog(retired: false), lab.Clock, CancellationToken.None);
        Assert.Equal((0, 0), (kept.Cleaned.Count, kept.Dropped.Count));
        Assert.Equal(RunMode.Nothing, (await lab.RunWellAsync()).Mode);
        Assert.Empty((await OnlineUpkeep.RunAsync(lab.Online, Catalog(retired: true), lab.Clock, CancellationToken.None, ["another"])).Dropped);

        var dropped = await OnlineUpkeep.RunAsync(lab.Online, Catalog(retired: true), lab.Clock, CancellationToken.None);
        Assert.Equal(lab.View.Id, Assert.Single(dropped.Dropped).Name);
        Assert.Empty(await lab.CellAsync("x"));
        Assert.Equal(["someone's@1.0.0"], (await lab.Online.ListAsync(CancellationToken.None)).Select(t => t.Name));

        Assert.NotEqual(RunMode.Nothing, (await lab.RunWellAsync()).Mode);
        await lab.JudgeAsync("brought back");
    }

    sealed class ValueCellAny : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, System.Buffers.IBufferWriter<byte> merged)
        {
            System.Buffers.BuffersExtensions.Write(merged, update);
            return true;
        }
    }

    [Fact]
    public async Task Several_views_run_side_by_side_and_one_that_fails_stops_no_other()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        ViewVersion View(string name, string column) => lab.View with { View = (ValueView)lab.View.View with { Name = name, Features = [new() { Name = "a", Column = column, Type = FeatureType.Int32 }] }, Features = new([new("a", FeatureType.Int32)]), Defaults = [Value.Null] };
        var views = new[] { View("one", "a"), View("broken", "nowhere"), View("two", "a") };
        var report = await lab.Materializer().RunAsync(new() { Catalog = new(1, [], lab.View.Sources.Values, views, []), Parallelism = 3 }, null, CancellationToken.None);
        Assert.Equal(["broken@1.0.0", "one@1.0.0", "two@1.0.0"], report.Views.Select(v => v.View));
        Assert.Equal([true, false, false], report.Views.Select(v => v.Error is not null));
        Assert.False(report.Succeeded);
        Assert.Contains("no column 'nowhere'", report.Views[0].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(["one@1.0.0", "two@1.0.0"], (await lab.Online.ListAsync(CancellationToken.None)).Where(t => t.Cells > 1).Select(t => t.Name).Order());
    }

    [Fact]
    public async Task What_cannot_be_asked_for_is_said_before_anything_is_done()
    {
        var lab = Lab();
        lab.Put("a", Row("x", lab.Now));
        var offline = lab.View with { View = (ValueView)lab.View.View with { Name = "offline", Online = false } };
        var retired = lab.View with { View = (ValueView)lab.View.View with { Name = "retired" }, Retired = true };
        var catalog = new Catalog(1, [], lab.View.Sources.Values, [lab.View, offline, retired], []);
        await RefusedAsync(ErrorKind.NotFound, "There is no view 'w'.", r => r with { Views = ["w"] });
        await RefusedAsync(ErrorKind.BadArguments, "View 'retired' is retired", r => r with { Views = ["retired"] });
        await RefusedAsync(ErrorKind.BadArguments, "View 'offline@1.0.0' is not served online", r => r with { Views = ["v", "offline"] });
        await RefusedAsync(ErrorKind.BadArguments, "is before the beginning", r => r with { From = 2, To = 1 });
        await RefusedAsync(ErrorKind.BadArguments, "A full run takes all rows", r => r with { From = 2, Full = true });
        Assert.Empty(await lab.Runs.ListAsync(null, 10, CancellationToken.None));
        Assert.Equal(["v@1.0.0"], (await lab.Materializer().RunAsync(new() { Catalog = catalog }, null, CancellationToken.None)).Views.Select(v => v.View));

        async Task RefusedAsync(ErrorKind kind, string message, Func<MaterializeRequest, MaterializeRequest> change)
        {
            var error = await Assert.ThrowsAsync<LockstepException>(() => lab.Materializer().RunAsync(change(new() { Catalog = catalog }), null, CancellationToken.None));
            Assert.Equal(kind, error.Kind);
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Views_wait_for_those_whose_stored_tables_they_read()
    {
        var lab = Lab();
        ViewVersion View(string name, string path) => lab.View with
        {
            View = (ValueView)lab.View.View with { Name = name },
            Sources = new Dictionary<string, Source> { ["s"] = new() { Name = "s", Table = new() { Path = path, Format = TableFormat.Delta, Timestamp = "ts" } } },
        };
        var (a, b, c) = (View("a", "data/offline/c@1.0.0"), View("b", "raw"), View("c", "data/offline/b@1.0.0/"));
        Assert.Equal([["b"], ["c"], ["a"]], ViewOrder.Sort([a, b, c], "/p", "/p/data/offline").Select(g => g.Select(v => v.Name)));
        var error = Assert.Throws<LockstepException>(() => ViewOrder.Sort([View("a", "data/offline/b@1.0.0"), View("b", "data/offline/a@1.0.0")], "/p", "/p/data/offline"));
        Assert.Contains("'a@1.0.0', 'b@1.0.0' wait for each other", error.Message, StringComparison.Ordinal);
    }
}
