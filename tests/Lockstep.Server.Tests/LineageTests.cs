using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Server.Tests;

/// <summary>The raw events of values: which count, where they stand, and that they alone give the value that history does.</summary>
public sealed class LineageTests
{
    const string Definitions = """
        kind: entity
        name: e
        join_keys: { id: string, no: int64 }
        ---
        kind: source
        name: rows
        table: { path: "raw/*.csv", timestamp: at, created: made, complete_until: 2026-11-02T00:00:00Z }
        stream: { push: {} }
        columns: { id: string, no: int64, at: timestamp, made: timestamp, x: float64, n: int64, double: { expression: x * 2 } }
        where: n is null or n <> 7
        ---
        kind: value_view
        name: v
        entity: e
        source: rows
        where: x is null or x < 100
        ttl: 6h
        features: { x: float64, twice: { type: float64, column: double, default: -1 } }
        ---
        kind: aggregation_view
        name: w
        entity: e
        source: rows
        where: x is null or x < 100 or x > 1e200
        features:
          n: { count: "*", windows: [1h, 1d], default: 5 }
          total: { sum: x, windows: [1h, 1d, lifetime] }
          most: { max: double, where: n > 3, windows: [6h] }
          worst: { percentile: x, q: 0.9, windows: [1d] }
          recent: { last_n: n, n: 3, windows: [1d] }
          share: { ratio: x, of: sum, over: 1d, windows: [1h] }
        ---
        kind: aggregation_view
        name: slow
        entity: e
        source: rows
        delay: 30m
        features: { spread: { stddev_samp: x, windows: [6h] } }
        ---
        kind: on_demand_view
        name: o
        request: { by: float64 }
        features: { scaled: v:twice * by + w:n_1h, hour: hour(now()) }
        """;

    static readonly CancellationToken None = CancellationToken.None;

    static string At(long micros) => Instant.Format(micros);

    sealed record Event(string Id, long No, long Time, long? Made, double? X, long? N, bool Streamed)
    {
        public string Csv => string.Create(CultureInfo.InvariantCulture, $"{Id},{No},{At(Time)},{(Made is { } made ? At(made) : "")},{X},{N}\n");
        public bool IsKept => N is not 7 && X is null or < 100 or > 1e200;
    }

    static string Number(double? x) => x?.ToString("R", CultureInfo.InvariantCulture) ?? "null";

    /// <summary>A project of these events: of the table in two files, of the stream in the log, half of it committed.</summary>
    static async Task<TestProject> StartAsync(IReadOnlyList<Event> events, string now = "2026-11-03T12:00:00Z")
    {
        var files = events.Where(e => !e.Streamed).Index().GroupBy(e => e.Index % 2, e => e.Item.Csv).Select(g => ($"raw/{g.Key}.csv", "id,no,at,made,x,n\n" + string.Concat(g)));
        var project = TestProject.Create(now, [("lockstep.yaml", "project: lineage\n"), ("raw/none.csv", "id,no,at,made,x,n\n"), ("features/all.yaml", Definitions), .. files]);
        await project.ApplyAsync();
        await project.Host.RecordFirstEndsAsync(None);
        var source = (await project.Host.LoadCatalogAsync(None)).Sources["rows"];
        await using var writer = project.Host.OfflineStore.Logs.Of(source).OpenPushWriter(None);
        foreach (var (i, e) in events.Where(e => e.Streamed).Index())
        {
            ColumnBatch rows = new(LogColumns.Of(source));
            rows.AppendRow(Value.Of(e.Id), Value.Of(e.No), Value.Timestamp(e.Time), e.Made is { } made ? Value.Timestamp(made) : Value.Null, e.X is { } x ? Value.Of(x) : Value.Null, e.N is { } n ? Value.Of(n) : Value.Null);
            await writer.AppendAsync(new() { Rows = rows }, None);
            if (i == events.Count(e => e.Streamed) / 2) await writer.FlushAsync(None);
        }
        return project;
    }

    static async Task<LineageReport> TraceAsync(TestProject project, string feature, string at, string? id = "a", long? no = 1, int limit = 20, double by = 0)
    {
        var catalog = await project.Host.LoadCatalogAsync(None);
        return await project.Host.Lineage(catalog).TraceAsync(new()
        {
            Catalog = catalog,
            Feature = FeatureQuery.ParseReference(feature),
            Keys = new Dictionary<string, Value> { ["id"] = id is null ? Value.Null : Value.Of(id), ["no"] = no is { } n ? Value.Of(n) : Value.Null },
            Request = new Dictionary<string, Value> { ["by"] = Value.Of(by) },
            At = Instant.Parse(at),
            Limit = limit,
        }, None);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S22_the_events_that_count_alone_give_the_value_that_history_does(int seed)
    {
        Random random = new(seed);
        var day = Instant.Parse("2026-11-01T00:00:00Z");
        var events = Enumerable.Range(0, 160).Select(_ => new Event(random.Next(3) == 0 ? "b" : "a", random.Next(1, 3), day + random.Next(0, 3 * 24 * 12) * 5 * Instant.Minute,
            random.Next(3) == 0 ? null : day + random.Next(3), random.Next(5) == 0 ? null : random.Next(40) == 0 ? 1e300 : random.Next(-900, 1000) / 8.0, random.Next(5) == 0 ? null : random.Next(9), random.Next(2) == 0)).ToList();
        await using var project = await StartAsync(events);
        var end = Instant.Parse("2026-11-02T00:00:00Z");
        var features = new[] { "v:x", "v:twice", "w:n_1h", "w:n_1d", "w:total_1h", "w:total_1d", "w:total_lifetime", "w:most_6h", "w:worst_1d", "w:recent_1d", "w:share_1h", "slow:spread_6h", "o:scaled", "o:hour" };
        HashSet<FeatureStatus> statuses = [];
        var committed = false;
        foreach (var feature in features)
            for (var i = 0; i < 4; i++)
            {
                var at = events[random.Next(events.Count)].Time + new[] { 0, Instant.Hour, 6 * Instant.Hour, 24 * Instant.Hour }[random.Next(4)] + random.Next(-1, 2);
                at = Math.Min(at, Instant.Parse("2026-11-03T12:00:00Z"));
                var (id, no) = (random.Next(8) == 0 ? null : random.Next(8) == 0 ? "nobody" : random.Next(3) == 0 ? "b" : "a", random.Next(8) == 0 ? (long?)null : random.Next(1, 3));
                var report = await TraceAsync(project, feature, At(at), id, no, limit: 1000, by: random.Next(4));
                Assert.True(report.IsEqual, $"seed {seed}, {feature} of {id}, {no} as of {At(at)}: {report.Value} {report.Status} {report.EventTimestamp} of the events, {report.Served} of history");
                statuses.Add(report.Status);
                foreach (var one in report.Inputs.Append(report))
                {
                    // Each event stands where it is said to, and is there once.
                    Assert.Equal(one.Events.Count, one.Events.Select(e => (e.Place.File, e.Place.Row)).Distinct().Count());
                    foreach (var e in one.Events)
                    {
                        committed |= e.Place.File.EndsWith(".parquet", StringComparison.Ordinal);
                        Assert.StartsWith(e.Place.IsStreamed ? "data/offline/events/rows/" : "raw/", e.Place.File, StringComparison.Ordinal);
                        if (!e.Place.IsStreamed) Assert.Contains($"{id},{no},{At(e.EventTimestamp)},", File.ReadAllLines(Path.Combine(project.Folder, e.Place.File))[e.Place.Row], StringComparison.Ordinal);
                        else Assert.Equal((id, no, e.EventTimestamp), events.Where(x => x.Streamed).Select(x => (x.Id, (long?)x.No, x.Time)).ElementAt((int)e.Place.Place!));
                    }
                    if (one.Windows is not [var window] || id is null || no is null) continue;
                    var inside = events.Where(e => e.Id == id && e.No == no && e.Time >= (window.From ?? long.MinValue) && e.Time < window.To).ToList();
                    long Of(params EventFate[] fates) => fates.Sum(f => one.Counts.GetValueOrDefault(f));
                    Assert.Equal(inside.Count(e => e.Streamed && e.Time < end), Of(EventFate.BeforeEnd));
                    Assert.Equal(inside.Count(e => !e.Streamed && e.Time >= end), Of(EventFate.AfterEnd));
                    if (one.View.StartsWith('w')) Assert.Equal(inside.Count(e => e.Streamed == e.Time >= end && !e.IsKept), Of(EventFate.Filtered));
                    if (feature.StartsWith("w:n_", StringComparison.Ordinal)) Assert.Equal(inside.Count(e => e.Streamed == e.Time >= end && e.IsKept), Of(EventFate.Counts));
                }
            }
        Assert.Superset(new HashSet<FeatureStatus> { FeatureStatus.Present, FeatureStatus.NullValue, FeatureStatus.NotFound }, statuses);
        Assert.True(committed);
    }

    [Fact]
    public async Task S5_S6_the_row_that_wins_and_why_the_others_do_not()
    {
        var (at, made) = (Instant.Parse("2026-11-03T10:00:00Z"), Instant.Parse("2026-11-03T09:00:00Z"));
        await using var project = await StartAsync(
        [
            new("a", 1, at + 1, made, 50, 1, false), // later
            new("a", 1, at, made + 1, 3, 1, true),   // wins
            new("a", 1, at, made + 1, 3, 2, false),  // is the same in all that decides
            new("a", 1, at, made + 1, null, 1, false),
            new("a", 1, at, made, 9, 1, true),
            new("a", 1, at, null, 9, 1, false),
            new("a", 1, at - 1, made + 9, 9, 1, false),
            new("a", 1, at, made + 5, 9, 7, false),  // not kept by the source
            new("a", 1, at, made + 5, 100, 1, true), // nor by the view
            new("a", 1, at - 6 * Instant.Hour - 1, made, 8, 1, false),
            new("a", 2, at, made + 8, 77, 1, false), // another key
        ]);
        var report = await TraceAsync(project, "v:x", At(at));
        Assert.Equal("1 Wins, 2 Filtered, 1 OlderEvent, 2 OlderCreated, 1 LesserValues, 1 SameRow, 1 TooOld, 1 AfterInstant", string.Join(", ", report.Counts.Select(c => $"{c.Value} {c.Key}")));
        Assert.Equal((Value.Of(3.0), FeatureStatus.Present, at, true), (report.Value, report.Status, report.EventTimestamp, report.IsEqual));
        Assert.Equal(["AfterInstant", "Filtered", "Filtered", "Wins", "SameRow", "LesserValues", "OlderCreated", "OlderCreated", "OlderEvent", "TooOld"], report.Events.Select(e => e.Fate.ToString()).OrderBy(f => f, StringComparer.Ordinal).OrderBy(f => Array.IndexOf(s_order, f)));
        Assert.Equal([KeyValuePair.Create("x", Value.Of(3.0)), KeyValuePair.Create("twice", Value.Of(6.0))], report.Events.First(e => e.Fate == EventFate.Wins).Values);

        // Whatever is left out of sight, the winner is shown.
        var few = await TraceAsync(project, "v:x", At(at), limit: 1);
        Assert.Contains(few.Events, e => e.Fate == EventFate.Wins);
        Assert.Equal(report.Counts, few.Counts);
        var none = await TraceAsync(project, "v:x", At(at), limit: 0);
        Assert.DoesNotContain(none.Events, e => e.Fate is EventFate.Wins or EventFate.OlderEvent);

        // Rows, but all too old, however old; and none at all.
        project.Clock.Advance(TimeSpan.FromDays(400));
        Assert.Equal((FeatureStatus.OutsideMaxAge, at + 1, true), await TraceAsync(project, "v:x", "2026-11-03T17:00:00Z") is var old ? (old.Status, old.EventTimestamp, old.IsEqual) : default);
        Assert.Equal((FeatureStatus.OutsideMaxAge, at + 1, true), await TraceAsync(project, "v:x", "2027-11-03T17:00:00Z") is var older ? (older.Status, older.EventTimestamp, older.IsEqual) : default);
        Assert.Equal((FeatureStatus.NotFound, true), await TraceAsync(project, "v:x", "2026-11-01T00:00:00Z") is var never ? (never.Status, never.IsEqual) : default);
    }

    [Fact]
    public async Task What_is_computed_of_a_row_that_a_filter_leaves_out_need_not_fit()
    {
        await using var project = TestProject.Create("2026-11-03T12:00:00Z", ("lockstep.yaml", "project: lineage\n"),
            ("rows.csv", "id,no,at,n\na,1,2026-11-01,3\na,1,2026-11-02,3000000000\nb,1,2026-11-02,4000000000\na,1,2026-11-03,\n"), ("features/all.yaml", """
            kind: entity
            name: e
            join_keys: { id: string, no: int64 }
            ---
            kind: source
            name: rows
            table: { path: rows.csv, timestamp: at }
            columns: { id: string, no: int64, at: timestamp, n: int64, twice: "= n * 2" }
            where: n < 1000000
            ---
            kind: value_view
            name: v
            entity: e
            source: rows
            features: { twice: int32 }
            """));
        await (await project.ApplyAsync()).MaterializeAsync();
        var report = await TraceAsync(project, "v:twice", "2026-11-03T11:00:00Z");
        Assert.Equal((Value.Of(6), true), (report.Value, report.IsEqual));
        Assert.Equal([(EventFate.Filtered, Value.Null), (EventFate.Filtered, Value.Null), (EventFate.Wins, Value.Of(6))], report.Events.Select(e => (e.Fate, e.Values.Single().Value)));
    }

    static readonly string[] s_order = ["AfterInstant", "Filtered", "Wins", "SameRow", "LesserValues", "OlderCreated", "OlderEvent", "TooOld"];

    [Fact]
    public async Task S9_S25_the_window_is_shown_with_its_bounds_and_the_end_and_what_lies_around()
    {
        var at = Instant.Parse("2026-11-03T10:00:00Z");
        await using var project = await StartAsync(
        [
            new("a", 1, at, null, 1, null, true),                                              // at the instant: after the window
            new("a", 1, at - Instant.Day, null, 2, null, true),
            new("a", 1, at - Instant.Day - 1, null, 4, null, true),                            // before its lower end, which the hop of 5 minutes divides
            new("a", 1, Instant.Parse("2026-11-02T12:00:00Z"), null, 8, null, false),          // the table has ended
            new("a", 1, at - 1, null, null, null, true),
            new("a", 1, at - 2, null, 150, null, true),
        ]);
        var report = await TraceAsync(project, "w:total_1d", At(at));
        Assert.Equal("sum(x)", report.Computed);
        Assert.Equal([new LineageWindow("1d", at - Instant.Day, at, 5 * Instant.Minute)], report.Windows);
        Assert.Equal((Instant.Parse("2026-11-02T00:00:00Z"), Value.Of(2.0), true), (report.End, report.Value, report.IsEqual));
        Assert.Equal("1 Counts, 1 NullValue, 1 Filtered, 1 AfterEnd, 1 BeforeWindow, 1 AfterWindow", string.Join(", ", report.Counts.Select(c => $"{c.Value} {c.Key}")));
        Assert.Equal(["AfterWindow", "NullValue", "Filtered", "AfterEnd", "Counts", "BeforeWindow"], report.Events.Select(e => e.Fate.ToString()));
        Assert.Equal([true, true, true, false, true, true], report.Events.Select(e => e.Place.IsStreamed));

        var early = await TraceAsync(project, "w:n_1d", "2026-11-02T00:00:00Z", limit: 0);
        Assert.Equal((Value.Of(0L), FeatureStatus.Present), (early.Value, early.Status)); // of no events, too
        var delayed = await TraceAsync(project, "slow:spread_6h", At(at));
        Assert.Equal((30 * Instant.Minute, at - 30 * Instant.Minute), (delayed.Delay, delayed.Windows[0].To));
        Assert.Equal(["1h", "1d"], (await TraceAsync(project, "w:share_1h", At(at))).Windows.Select(w => w.Name));
    }

    [Fact]
    public async Task An_expression_is_traced_to_what_it_reads()
    {
        var at = Instant.Parse("2026-11-03T10:00:00Z");
        await using var project = await StartAsync([new("a", 1, at - 1, null, 2, null, true)]);
        var report = await TraceAsync(project, "o:scaled", At(at), by: 10);
        Assert.Equal(("v:twice * by + w:n_1h", Value.Of(41.0), true), (report.Computed, report.Value, report.IsEqual));
        Assert.Equal(["v@1.0.0:twice = 4", "w@1.0.0:n_1h = 1"], report.Inputs.Select(i => $"{i.View}:{i.Feature} = {i.Value}").Order(StringComparer.Ordinal));
        Assert.Equal([KeyValuePair.Create("by", Value.Of(10.0))], report.Request);
    }

    [Theory]
    [InlineData("v:*", ErrorKind.BadArguments, "names 2 features; a value has one. Name one of: v:x, v:twice.")]
    [InlineData("v:y", ErrorKind.NotFound, "has no feature 'y'")]
    [InlineData("vv:x", ErrorKind.NotFound, "There is no view 'vv'")]
    public async Task A_mistake_is_said(string feature, ErrorKind kind, string says)
    {
        await using var project = await StartAsync([]);
        var wrong = await Assert.ThrowsAsync<LockstepException>(() => TraceAsync(project, feature, "2026-11-03T10:00:00Z"));
        Assert.Equal(kind, wrong.Kind);
        Assert.Contains(says, wrong.Message, StringComparison.Ordinal);
        Assert.Contains("is still to come", (await Assert.ThrowsAsync<LockstepException>(() => TraceAsync(project, "v:x", "2026-11-04T10:00:00Z"))).Message, StringComparison.Ordinal);
    }
}
