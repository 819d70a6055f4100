using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>S25: a server looks the end up, a run moves it and is done, and only then the server makes the cell of a key that nobody knew.</summary>
public sealed class StaleEndTests
{
    [Theory, InlineData(1), InlineData(-3 * Instant.Day)]
    public async Task S25_a_key_made_with_an_end_that_has_moved_meanwhile_counts_nothing_before_the_new_one(long firstEvent)
    {
        using var lab = MaterializationLab.OfWindows(TableFormat.Parquet, stream: true);
        LabRow Row(string key, long time) => new(key, time, null, null, null);
        lab.Put("yesterday", Row("known", lab.Now - Instant.Hour));
        await lab.RunWellAsync();
        var end = await ViewEnds.ForWritersAsync(lab.Runs, lab.View, CancellationToken.None);
        lab.Clock.Advance(TimeSpan.FromDays(1.5));
        var midnight = Instant.Floor(lab.Now, Instant.Day);
        lab.Push(Row("new", midnight + firstEvent));
        lab.Put("today", Row("known", midnight + Instant.Hour));
        await lab.RunWellAsync();
        Assert.Equal(midnight, await ViewEnds.ForWritersAsync(lab.Runs, lab.View, CancellationToken.None));

        await lab.ApplyPushesAsync(end: end);
        lab.Push(Row("new", midnight - Instant.Hour)); // of a day that is the table's by now
        await lab.ApplyPushesAsync();

        await lab.JudgeWindowsAsync("after the late event");
        await lab.RunWellAsync();
        await lab.JudgeWindowsAsync("after another run");
    }
}
