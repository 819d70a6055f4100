using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>S7 at random: whatever happens between runs, beside them and to them, a run that ends well leaves what the source says.</summary>
public sealed class MaterializationRandomTests
{
    static readonly string[] Keys = ["a", "b", "c", "d", "e"];

    [Theory]
    [InlineData(TableFormat.Parquet, 1)]
    [InlineData(TableFormat.Parquet, 2)]
    [InlineData(TableFormat.Parquet, 3)]
    [InlineData(TableFormat.Delta, 4)]
    [InlineData(TableFormat.Delta, 5)]
    [InlineData(TableFormat.Delta, 6)]
    [InlineData(TableFormat.Delta, 7)]
    public Task S7_files_come_change_and_go_runs_overlap_die_and_are_repeated(TableFormat format, int seed)
        => HistoriesAsync(format, seed, _ => new(format), (lab, where) => lab.JudgeAsync(where));

    [Theory]
    [InlineData(TableFormat.Parquet, 1, false)]
    [InlineData(TableFormat.Parquet, 2, true)]
    [InlineData(TableFormat.Parquet, 3, true)]
    [InlineData(TableFormat.Delta, 4, false)]
    [InlineData(TableFormat.Delta, 5, true)]
    [InlineData(TableFormat.Delta, 6, true)]
    public Task S15_S25_tiles_are_what_table_and_log_say_whatever_happens_to_runs(TableFormat format, int seed, bool stream)
        => HistoriesAsync(format, seed, random => MaterializationLab.OfWindows(format, stream, random.Next(3) == 0 ? random.NextInt64(1, 20 * Instant.Second) : 0), (lab, where) => lab.JudgeWindowsAsync(where));

    [Theory]
    [InlineData(TableFormat.Parquet, 11, false)]
    [InlineData(TableFormat.Parquet, 12, true)]
    [InlineData(TableFormat.Parquet, 13, true)]
    [InlineData(TableFormat.Delta, 14, false)]
    [InlineData(TableFormat.Delta, 15, true)]
    [InlineData(TableFormat.Delta, 16, true)]
    public Task S7_S15_S24_S25_tiles_that_a_next_version_takes_over_are_what_table_and_log_say(TableFormat format, int seed, bool stream)
        => HistoriesAsync(format, seed, random => MaterializationLab.OfWindows(format, stream, random.Next(3) == 0 ? random.NextInt64(1, 20 * Instant.Second) : 0), (lab, where) => lab.JudgeWindowsAsync(where), Less);

    /// <summary>The next version: fewer features, under which the widest window stays.</summary>
    static AggregationView Less(AggregationView view, Random random) => view with
    {
        Version = new(1, 1, 0),
        Features = [.. view.Features.Select(f => f with { Windows = [.. f.Windows.Where(w => w.IsLifetime && f.Name == "n" || random.Next(2) == 0)] }).Where(f => f.Windows.Count > 0)],
    };

    static async Task HistoriesAsync(TableFormat format, int seed, Func<Random, MaterializationLab> make, Func<MaterializationLab, string, Task> judge, Func<AggregationView, Random, AggregationView>? next = null)
    {
        var modes = new Dictionary<RunMode, int>();
        var (deaths, failures, lost, takenOver, refused) = (0, 0, 0, 0, 0);
        for (var history = 0; history < 70; history++)
        {
            var random = new Random(seed * 1_000 + history);
            using var lab = make(random);
            if (random.Next(3) == 0) lab.Options = lab.Options with { MemoryBytes = 0 }; // everything spills
            lab.Put("first", Rows(random, lab.Now));
            for (var step = 0; step < 14; step++)
            {
                World(lab, random);
                if (next is not null && step == 5) await lab.UpgradeAsync(next((AggregationView)lab.View.View, random));
                if (random.Next(2) == 0) await lab.ApplyPushesToOlderAsync(random.Next(3));
                if (random.Next(2) == 0) await RunAsync(lab, random, depth: 0);
                if (random.Next(4) == 0) await lab.ApplyPushesAsync(random.Next(3));
                if (random.Next(4) == 0) await CleanRunAsync(lab, $"seed {seed}, history {history}, step {step}");
            }
            await CleanRunAsync(lab, $"seed {seed}, history {history}, end");
            await lab.ApplyPushesAsync(random.Next(3));
            await judge(lab, $"seed {seed}, history {history}, after the last pushes");
        }
        Assert.True(next is null || takenOver > 25, $"{takenOver} taken over, {refused} not");
        // The histories must contain what they are about.
        Assert.True(deaths > 40 && failures > 8 && lost > 2, $"{deaths} deaths, {failures} failures, {lost} lost leases");
        Assert.True(modes.GetValueOrDefault(RunMode.Nothing) > 5 && modes.GetValueOrDefault(RunMode.Added) > 10 && modes.GetValueOrDefault(RunMode.Whole) > 20, string.Join(", ", modes));
        if (format == TableFormat.Delta) Assert.True(modes.GetValueOrDefault(RunMode.Keys) > 20, string.Join(", ", modes));

        async Task CleanRunAsync(MaterializationLab lab, string where)
        {
            await lab.ApplyPushesAsync(); // the server has caught up
            lab.Clock.Advance(lab.Options.LeaseDuration);
            var report = await lab.RunWellAsync();
            modes[report.Mode] = modes.GetValueOrDefault(report.Mode) + 1;
            Count(report);
            await judge(lab, $"{where} ({report.Mode}: {report.Reason})");
        }

        void Count(ViewRunReport report)
        {
            if (report.Reason?.Contains("were taken over", StringComparison.Ordinal) == true) takenOver++;
            if (report.Reason?.Contains("cannot be taken over", StringComparison.Ordinal) == true) refused++;
        }

        // A run during which the world goes on, that may be overtaken by another and may die.
        async Task RunAsync(MaterializationLab lab, Random random, int depth)
        {
            var steps = new Steps();
            var at = random.Next(1, 30);
            switch (random.Next(6))
            {
                case 0: steps.DieAt(at); break;
                case 1: steps.At(at, () => { World(lab, random); return Task.CompletedTask; }); break;
                case 2 when depth == 0:
                    steps.At(at, async () =>
                    {
                        if (random.Next(4) != 0) lab.Clock.Advance(lab.Options.LeaseDuration); // it was asleep for too long
                        await RunAsync(lab, random, depth + 1);
                        if (random.Next(2) == 0) await lab.ApplyPushesToOlderAsync();
                        if (random.Next(3) == 0) World(lab, random);
                    });
                    if (random.Next(3) == 0) steps.DieAt(at + random.Next(1, 10));
                    break;
                case 3:
                    steps.At(at, () =>
                    {
                        lab.Push(RandomRow(random, lab.Now, pushed: true));
                        return lab.ApplyPushesAsync(random.Next(3));
                    });
                    break;
                case 4 when format != TableFormat.Delta: // other rows for a while
                    var name = lab.NameOf(lab.Paths.ElementAt(random.Next(lab.Paths.Count())));
                    steps.At(at, () => { lab.Put(name, Rows(random, lab.Now)); return Task.CompletedTask; });
                    if (random.Next(3) > 0) steps.At(at + random.Next(1, 4), () => { lab.PutBack(name); return Task.CompletedTask; });
                    if (random.Next(3) == 0) steps.DieAt(at + random.Next(4, 10));
                    break;
                default: break;
            }
            Func<MaterializeRequest, MaterializeRequest>? change = random.Next(8) switch
            {
                0 => r => r with { Full = true },
                1 => r => r with { To = lab.Now + random.NextInt64(-60, 60) * Instant.Second },
                2 => r => r with { From = lab.Now - random.NextInt64(60) * Instant.Second },
                _ => null,
            };
            try
            {
                var older = lab.Older.Count > 0 && random.Next(3) == 0 ? lab.Older[0].Id : null;
                var report = await lab.RunAsync(r => (change?.Invoke(r) ?? r) is var asked && older is not null ? asked with { Views = [older] } : asked, steps);
                Count(report);
                if (report.Error is { } error) failures++;
                if (report.Error is LeaseLostException) lost++;
            }
            catch (DeathException)
            {
                deaths++;
            }
        }
    }

    static void World(MaterializationLab lab, Random random)
    {
        var paths = lab.Paths.Select(lab.NameOf).ToList();
        var name = paths[random.Next(paths.Count)];
        switch (random.Next(8))
        {
            case 0:
            case 1:
                lab.Put($"file{random.Next(1_000_000)}", Rows(random, lab.Now));
                break;
            case 2:
                if (lab.View.Sources["src"].Table!.Format == TableFormat.Delta) lab.Replace(name, $"file{random.Next(1_000_000)}", Rows(random, lab.Now));
                else lab.Put(name, Rows(random, lab.Now));
                break;
            case 3 when paths.Count > 1:
                lab.Remove(name);
                if (lab.View.Sources["src"].Table!.Format == TableFormat.Delta && random.Next(3) == 0) lab.Vacuum(name);
                break;
            case 4:
                lab.Push(RandomRow(random, lab.Now, pushed: true));
                break;
            case 5:
            case 6:
                lab.Clock.Advance(TimeSpan.FromSeconds(random.Next(3) == 0 ? random.Next(200) : random.Next(4)));
                break;
            default: break;
        }
    }

    static LabRow[] Rows(Random random, long now) => [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRow(random, now, pushed: false))];

    /// <summary>Few instants and values, so that ties and edges come often: rows far behind, around grace, ahead, and too far ahead.</summary>
    static LabRow RandomRow(Random random, long now, bool pushed) => new(
        !pushed && random.Next(20) == 0 ? null : Keys[random.Next(Keys.Length)],
        !pushed && random.Next(20) == 0 ? null : Instant.Floor(now, Instant.Second) + random.Next(pushed ? 5 : 6) switch
        {
            0 => -random.Next(1, 4) * 1_000 * Instant.Second,
            1 => -ValueCell.Grace + random.Next(-1, 2),
            2 => random.Next(-3, 4) * Instant.Second,
            3 => -random.Next(1, 100) * Instant.Second,
            4 => random.Next(1, 100) * Instant.Second,
            _ => random.Next(100, 400) * Instant.Second,
        },
        random.Next(3) == 0 ? null : random.Next(3),
        random.Next(3) == 0 ? null : random.Next(2),
        random.Next(3) == 0 ? null : new[] { "", "x", "longer text" }[random.Next(3)]);
}
