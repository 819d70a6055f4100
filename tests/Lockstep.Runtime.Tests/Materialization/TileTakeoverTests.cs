using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>A next version takes over tiles while the log goes on: what the other version has not applied yet.</summary>
public sealed class TileTakeoverTests
{
    static async Task<MaterializationLab> LabAsync()
    {
        var lab = MaterializationLab.OfWindows(TableFormat.Parquet, stream: true);
        lab.Options = lab.Options with { KeysPerWrite = 100 };
        lab.Put("first", new LabRow("a", lab.Now - 26 * Instant.Hour, null, 1, "x"), new LabRow("b", lab.Now - 2 * Instant.Minute, null, 1, "y"));
        await lab.RunWellAsync();
        Push(lab, "a", 1);
        await lab.ApplyPushesAsync();
        await lab.UpgradeAsync((AggregationView)lab.View.View with { Version = new(1, 1, 0) });
        return lab;
    }

    static void Push(MaterializationLab lab, string key, int secondsAgo) => lab.Push(new(key, lab.Now - secondsAgo * Instant.Second, null, 1, "p"));

    [Fact]
    public async Task S15_events_that_only_the_new_version_has_applied_are_not_lost()
    {
        using var lab = await LabAsync();
        Push(lab, "a", 2);
        Push(lab, "new", 3);
        await lab.ApplyPushesAsync();

        var report = await lab.RunWellAsync();

        Assert.Equal(RunMode.Whole, report.Mode);
        Assert.Equal("tiles of w@1.0.0 cannot be taken over: w@1.1.0 has applied events of the log that w@1.0.0 has not: is its stream applied anywhere?", report.Reason);
        await lab.JudgeWindowsAsync("backfilled");
    }

    [Fact]
    public async Task S15_a_version_that_is_a_little_behind_is_waited_for()
    {
        using var lab = await LabAsync();
        Push(lab, "a", 2);
        await lab.ApplyPushesAsync();
        // Nothing but looking again reads the store after the copy was refused: the other version catches up before the third look.
        lab.Options = lab.Options with { BehindWait = TimeSpan.FromMinutes(1) };
        Steps steps = new();
        var caughtUp = false;
        for (var step = 1; step < 2_000; step++)
            steps.At(step, async () =>
            {
                var behind = (await lab.CellAsync("a")).Length > 0 && steps.Count > 60;
                if (!behind || caughtUp) return;
                caughtUp = true;
                await lab.ApplyPushesToOlderAsync();
            });

        var report = await lab.RunAsync(null, steps);

        Assert.Null(report.Error);
        Assert.True(caughtUp, $"only {steps.Count} steps");
        Assert.Equal("w@1.0.0", report.TakenFrom);
        await lab.JudgeWindowsAsync("taken over");
    }

    [Fact]
    public async Task S24_a_version_that_was_never_materialized_gives_nothing()
    {
        using var lab = MaterializationLab.OfWindows(TableFormat.Parquet, stream: false);
        lab.Put("first", new LabRow("a", lab.Now - Instant.Hour, null, 1, "x"));
        await lab.UpgradeAsync((AggregationView)lab.View.View with { Version = new(1, 1, 0) });

        var report = await lab.RunWellAsync();

        Assert.Equal((RunMode.Whole, "w@1.0.0, whose tiles it could take over, has not been materialized"), (report.Mode, report.Reason));
        await lab.JudgeWindowsAsync("backfilled");
    }
}
