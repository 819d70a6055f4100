using Lockstep.Compliance.Aggregation;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>S8 where a table and a log meet: as it was known at t, the table ends where it did at t.</summary>
public sealed class KnownEndTests : IDisposable
{
    static readonly Window Week = Window.TryParse("7d", null, out var week) ? week : default;
    static readonly Window Hour = Window.TryParse("1h", null, out var hour) ? hour : default;

    static readonly ViewVersion View = new()
    {
        View = new AggregationView
        {
            Name = "w",
            Source = "both",
            Entities = ["user"],
            Features = [new() { Name = "n", Function = "count", Windows = [Week, Hour] }, new() { Name = "s", Function = "sum", Column = "a", Windows = [Week] }],
        },
        Fingerprint = "w",
        Keys = new([new("id", FeatureType.String)]),
        Features = new([new("n_7d", FeatureType.Int64), new("n_1h", FeatureType.Int64), new("s_7d", FeatureType.Float64)]),
        Defaults = [Value.Null, Value.Null, Value.Null],
        Sources = new Dictionary<string, Source> { ["both"] = StreamProject.Both },
    };

    static readonly Catalog Catalog = new(1, [], [StreamProject.Both], [View], []);

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    long Now => Instant.Now(_clock);

    [Fact]
    public async Task S8_the_end_is_the_one_recorded_last_at_the_instant()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync(Catalog);
        var (monday, start) = (Instant.Floor(Now, Instant.Day), Now);
        project.WriteFile("sunday", [new("x", monday - Instant.Hour, start - Instant.Hour, 1, null), new("x", monday + 1, start - Instant.Hour, 1, null)]);
        await project.RunAsync(View, catalog: Catalog);
        await StreamProject.PushAsync(host, "both", [new("x", monday + Instant.Hour, null, 10, null), new("x", monday + 2 * Instant.Hour, null, 10, null)]);
        _clock.Advance(TimeSpan.FromDays(1));
        // Of the day that the log brought the table has three rows, and the end moves behind them.
        project.WriteFile("monday", [new("x", monday + Instant.Hour, start + Instant.Hour, 100, null), new("x", monday + 2 * Instant.Hour, start + Instant.Hour, 100, null), new("x", monday + 3 * Instant.Hour, start + Instant.Hour, 100, null), new("x", monday + Instant.Day + 1, start + Instant.Hour, 100, null)]);
        await project.RunAsync(View, catalog: Catalog);
        long[] instants = [start - 1, start, Now - 1, Now];
        List<Value> Sums(bool asKnown, TrainingSetRecord? again = null) => project.Train(Catalog, ["w"], [.. instants.Select(at => ("x", at))], asKnown, again).ConvertAll(r => r[2]);

        Assert.Equal([Value.Of(302.0), Value.Of(302.0), Value.Of(302.0), Value.Of(302.0)], Sums(asKnown: false)); // the end that stands now
        Assert.Equal([Value.Of(1.0), Value.Of(21.0), Value.Of(21.0), Value.Of(302.0)], Sums(asKnown: true));
        var record = project.Record!;
        Assert.Equal([null, Instant.Format(Now)], record.Views.Single().Ends!.Select(e => e.RecordedAt));

        // Asked for again, with the ends of then.
        _clock.Advance(TimeSpan.FromDays(1));
        await project.RunAsync(View, catalog: Catalog);
        Assert.Equal([Value.Of(1.0), Value.Of(21.0), Value.Of(21.0), Value.Of(302.0)], Sums(asKnown: true, again: record));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S8_S25_as_known_training_reads_the_table_and_the_log_of_each_instant(int seed)
    {
        Random random = new(seed);
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync(Catalog);
        List<Seen> table = [], log = []; // of events of the log, when they were logged is when they were made
        var begin = Now;
        for (var step = 0; step < 25; step++)
        {
            if (random.Next(2) == 0)
            {
                List<Seen> file = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Row())];
                table.AddRange(file);
                project.WriteFile($"f{step}", file);
            }
            if (random.Next(2) == 0)
            {
                List<Seen> events = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Row() with { Made = Now })];
                log.AddRange(events);
                Assert.Equal(0, (await StreamProject.PushAsync(host, "both", events)).Refused);
            }
            if (random.Next(4) == 0) Assert.Null((await project.RunAsync(View, catalog: Catalog)).Error);
            _clock.Advance(TimeSpan.FromMinutes(random.Next(0, 700)));
        }
        Assert.Null((await project.RunAsync(View, catalog: Catalog)).Error);
        var ends = await project.Runs.EndsAsync(View.Id, CancellationToken.None);
        Assert.True(ends.Count > 2 && ends.All(e => e.Stands), $"seed {seed}: {ends.Count} ends");
        string[] ids = ["x0", "x1"];
        long[] instants = [.. ends.SelectMany(e => new[] { e.RecordedAt - 1, e.RecordedAt }), .. Enumerable.Range(0, 30).Select(_ => random.NextInt64(begin - Instant.Day, Now + Instant.Day))];

        var trained = project.Train(Catalog, ["w"], [.. ids.SelectMany(id => instants.Select(at => (id, at)))], asKnown: true);

        NaiveFeature[] features = [new("count", -1, null, Week), new("count", -1, null, Hour), new("sum", 0, FeatureType.Float64, Week)];
        var row = 0;
        foreach (var id in ids)
            foreach (var at in instants)
            {
                var end = (ends.LastOrDefault(e => e.RecordedAt <= at) ?? ends[0]).End;
                NaiveEvent[] truth = [.. table.Where(r => r.Time < end).Concat(log.Where(r => r.Time >= end)).Select(r => new NaiveEvent([Value.Of(r.Id!)], r.Time, [r.A is { } a ? Value.Of(a) : Value.Null], [], r.Made))];
                Value[] expected = [.. features.Select(f => NaiveWindows.Compute(truth, [Value.Of(id)], at, f, asKnown: true).Value)];
                Assert.True(expected.SequenceEqual(trained[row]), $"seed {seed}, {id} at {Instant.Format(at)}, end {Instant.Format(end)}: [{string.Join(", ", trained[row])}] instead of [{string.Join(", ", expected)}]");
                row++;
            }

        Seen Row()
        {
            var time = Now - random.NextInt64(0, random.Next(3) == 0 ? 4 * Instant.Day : 5 * Instant.Hour);
            return new($"x{random.Next(2)}", time, random.Next(8) == 0 ? null : time + random.NextInt64(0, 2 * Instant.Day), random.Next(5) == 0 ? null : random.Next(100) * 0.1, null);
        }
    }
}
