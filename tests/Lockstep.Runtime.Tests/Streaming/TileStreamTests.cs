using Lockstep.Compliance.Aggregation;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>Windows over pushed events: served as the definition says, whatever the order, the restarts and what comes twice.</summary>
public sealed class TileStreamTests
{
    static readonly Source Clicks = new() { Name = "clicks", Stream = new PushStreamSource { Timestamp = "ts" }, Columns = [new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("a", FeatureType.Float64)] };

    static ViewVersion View()
    {
        Window minute = new("1m", Instant.Minute, Instant.Second), ten = new("10m", 10 * Instant.Minute, 5 * Instant.Second);
        var definition = new AggregationView
        {
            Name = "w",
            Source = "clicks",
            Entities = ["user"],
            Features =
            [
                new() { Name = "n", Function = "count", Windows = [minute, ten] },
                new() { Name = "s", Function = "sum", Column = "a", Where = "a > 1", Windows = [minute, ten] },
            ],
        };
        return new()
        {
            View = definition,
            Fingerprint = "w",
            Keys = new([new("id", FeatureType.String)]),
            Features = new([new("n_1m", FeatureType.Int64), new("n_10m", FeatureType.Int64), new("s_1m", FeatureType.Float64), new("s_10m", FeatureType.Float64)]),
            Defaults = [Value.Null, Value.Null, Value.Null, Value.Null],
            Sources = new Dictionary<string, Source> { ["clicks"] = Clicks },
        };
    }

    /// <summary>The source has got columns before the ones that an old version reads: it keeps its source as it was, and gets the events of the new one.</summary>
    [Fact]
    public async Task S24_an_old_version_reads_the_columns_that_it_knows_wherever_they_stand_in_the_source_now()
    {
        using var folder = new TempFolder();
        ManualClock clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        await using var project = new StreamProject(folder.Path, clock, new() { TailBytes = 1 });
        var source = Clicks with { Columns = [new("price", FeatureType.Float64), new("id", FeatureType.String), new("page", FeatureType.String), new("ts", FeatureType.Timestamp), new("a", FeatureType.Float64)] };
        var windows = View();
        ViewVersion rows = new()
        {
            View = new ValueView { Name = "last", Source = "clicks", Features = [new() { Name = "a", Column = "a", Type = FeatureType.Float64 }] },
            Fingerprint = "last",
            Keys = windows.Keys,
            Features = new([new("a", FeatureType.Float64)]),
            Defaults = [Value.Null],
            Sources = windows.Sources,
        };
        Catalog catalog = new(1, [], [source], [windows, rows], []);
        await using var host = await project.StartAsync(catalog);
        for (var i = 0; i < 3; i++)
            Assert.True((await StreamProject.PushAsync(host, "clicks", $$"""{"price":99,"id":"x","page":"y","ts":"2026-05-31T23:59:5{{i}}Z","a":2.5}""")).Visible);
        FeatureServer server = new(project.Online, clock, new(), catalog);
        Assert.True(FeatureSelection.TryParse("w:*", out var all));
        Assert.True(FeatureSelection.TryParse("last:*", out var last));
        var row = (await server.GetAsync(new() { Features = [all, last] }, [new Dictionary<string, Value> { ["id"] = Value.Of("x") }], CancellationToken.None)).Rows[0];
        Assert.Equal([Value.Of(3L), Value.Of(3L), Value.Of(7.5), Value.Of(7.5), Value.Of(2.5)], row.Select(v => v.Value));
    }

    /// <summary>A registry that was made anew, beside an online store that was not; while the stream runs, or before it runs again.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task S23_what_was_applied_under_another_meaning_of_the_same_name_is_applied_afresh(bool live)
    {
        using var folder = new TempFolder();
        ManualClock clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        await using var project = new StreamProject(folder.Path, clock);
        ViewVersion before = View(), after = Other(before);
        var host = await project.StartAsync(new(1, [], [Clicks], [before], []));
        await PushAsync("2026-05-31T23:59:50Z", 1.5);
        await PushAsync("2026-05-31T23:59:51Z", 7);
        if (live) await host.UpdateAsync(new(2, [], [Clicks], [after], []), CancellationToken.None);
        else
        {
            await host.DisposeAsync();
            host = await project.StartAsync(new(2, [], [Clicks], [after], []));
        }
        await host.Find("clicks").DrainAsync(CancellationToken.None);
        Assert.Equal([Value.Of(2L), Value.Of(2L), Value.Of(7.0), Value.Of(7.0)], await GetAsync());
        await PushAsync("2026-05-31T23:59:52Z", 3);
        await host.DisposeAsync();
        host = await project.StartAsync(new(2, [], [Clicks], [after], []));
        await PushAsync("2026-05-31T23:59:53Z", 9);
        Assert.Equal([Value.Of(4L), Value.Of(4L), Value.Of(9.0), Value.Of(9.0)], await GetAsync());
        await host.DisposeAsync();

        async Task PushAsync(string at, double a)
            => Assert.True((await StreamProject.PushAsync(host, "clicks", string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"id":"x","ts":"{{at}}","a":{{a}}}"""))).Visible);

        async Task<IEnumerable<Value>> GetAsync()
        {
            FeatureServer server = new(project.Online, clock, new(), new(2, [], [Clicks], [after], []));
            Assert.True(FeatureSelection.TryParse("w:*", out var all));
            return (await server.GetAsync(new() { Features = [all] }, [new Dictionary<string, Value> { ["id"] = Value.Of("x") }], CancellationToken.None)).Rows[0].Select(v => v.Value);
        }
    }

    static ViewVersion Other(ViewVersion view) => view with
    {
        View = (AggregationView)view.View with { Features = [.. ((AggregationView)view.View).Features.Select(f => f.Function == "sum" ? f with { Function = "max" } : f)] },
        Fingerprint = "another",
    };

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S9_S15_windows_over_pushed_events_are_what_the_definition_says(int seed)
    {
        var random = new Random(seed);
        using var folder = new TempFolder();
        ManualClock clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        await using var project = new StreamProject(folder.Path, clock, new() { TailBytes = seed == 1 ? 1 : 1 << 20 }, behind: seed == 2 ? null : StreamProject.WhenTold);
        var view = View();
        Catalog catalog = new(1, [], [Clicks], [view], []);
        List<Seen> events = [];
        var host = await project.StartAsync(catalog);
        for (var step = 0; step < 60; step++)
        {
            var now = Instant.Now(clock);
            List<Seen> some = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => new Seen($"x{random.Next(3)}", now + random.Next(4) switch
            {
                0 => random.Next(-3, 4) * Instant.Second,
                1 => -60 * Instant.Second + random.Next(-2, 3) * Instant.Second,
                2 => random.Next(1, 90) * Instant.Second,
                _ => -random.Next(1, 700) * Instant.Second,
            }, null, random.Next(4) == 0 ? null : random.Next(4) * 0.1 + 0.9, null))];
            var lines = string.Concat(some.Select(e => FormattableString.Invariant($"{{\"id\":\"{e.Id}\",\"ts\":\"{Instant.Format(e.Time)}\",\"a\":{(e.A is { } a ? a.ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "null")}}}\n")));
            var answer = await StreamProject.PushAsync(host, "clicks", lines, $"key {step}");
            Assert.True(answer.Visible && answer.Refused == 0);
            events.AddRange(some);
            if (random.Next(4) == 0) Assert.True((await StreamProject.PushAsync(host, "clicks", lines, $"key {step}")).Repeated);
            if (random.Next(8) == 0)
            {
                await host.DisposeAsync();
                host = await project.StartAsync(catalog);
            }
            if (random.Next(3) == 0) clock.Advance(TimeSpan.FromMilliseconds(random.Next(40_000)));
            await JudgeAsync($"seed {seed}, step {step}");
        }
        await host.DisposeAsync();

        async Task JudgeAsync(string where)
        {
            var now = Instant.Now(clock);
            FeatureServer server = new(project.Online, clock, new(), catalog);
            foreach (var id in new[] { "x0", "x1", "x2", "never" })
            {
                Assert.True(FeatureSelection.TryParse("w:*", out var all));
                var row = (await server.GetAsync(new() { Features = [all] }, [new Dictionary<string, Value> { ["id"] = Value.Of(id) }], CancellationToken.None)).Rows[0];
                var (i, truth) = (0, events.Select(e => new NaiveEvent([Value.Of(e.Id!)], e.Time, [e.A is { } a ? Value.Of(a) : Value.Null], [e.A > 1])).ToList());
                foreach (var feature in ((AggregationView)view.View).Features)
                    foreach (var window in feature.Windows)
                    {
                        NaiveFeature naive = new(feature.Function, feature.Column is null ? -1 : 0, FeatureType.Float64, window) { Filter = feature.Where is null ? -1 : 0 };
                        var expected = NaiveWindows.Compute(truth, [Value.Of(id)], now, naive).Value;
                        Assert.True(row[i].Value == expected, $"{where}: {id}, {view.Features[i].Name} is {row[i].Value} instead of {expected}");
                        i++;
                    }
            }
        }
    }
}
