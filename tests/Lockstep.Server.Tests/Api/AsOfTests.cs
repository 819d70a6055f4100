using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;
using Microsoft.Extensions.DependencyInjection;

namespace Lockstep.Server.Tests.Api;

/// <summary>Answers as of earlier instants: what was served then, word for word; and what is refused.</summary>
public sealed class AsOfTests
{
    const string Path = "/api/v1/features/online";
    const string Begin = "2026-11-01T12:00:00Z";

    // Windows with and without a delay, a total that does not fit, a ttl, a default, two aliases of one view, keys of two types from one
    // column, expressions over all of it; from a table, and from a stream.
    const string Definitions = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: entity
        name: number
        join_keys: { no: int64 }
        ---
        kind: source
        name: weather
        table: { path: weather.csv, timestamp: at, created: made }
        columns: { airport: string, at: timestamp, made: timestamp, temp: float64, words: list<string> }
        ---
        kind: source
        name: reports
        table: { path: reports.csv, timestamp: at }
        columns: { airport: string, at: timestamp, delay: float64, minutes: int64 }
        ---
        kind: source
        name: clicks
        stream: { push: {}, timestamp: at }
        columns: { no: int64, at: timestamp, price: float64 }
        ---
        kind: value_view
        name: weather
        entity: airport
        source: weather
        ttl: 40s
        features: { temp: { type: float64, default: 10 }, words: list<string> }
        ---
        kind: aggregation_view
        name: load
        entity: airport
        source: reports
        where: minutes is null or minutes > -5
        features:
          n: { count: "*", windows: [10s, 1m] }
          late: { count: "*", where: minutes > 5, windows: [1m] }
          total: { sum: delay, windows: [10s, 1m], default: -1 }
          worst: { max: minutes, windows: [1m] }
        ---
        kind: aggregation_view
        name: slow
        entity: airport
        source: reports
        delay: 20s
        features:
          n: { count: "*", windows: [30s] }
          spread: { stddev_pop: delay, windows: [30s, lifetime] }
        ---
        kind: value_view
        name: last_click
        entity: number
        source: clicks
        ttl: 30s
        features: { price: float64 }
        ---
        kind: aggregation_view
        name: clicks
        entity: number
        source: clicks
        features:
          paid: { sum: price, windows: [30s], hop: 1us }
          n: { count: "*", windows: [30s] }
        ---
        kind: on_demand_view
        name: context
        request: { scale: float64 }
        features:
          chill: weather:temp * scale
          busy: load:n_1m + 1
          sum: coalesce(load:total_10s, scale)
          since: now()
        ---
        kind: feature_service
        name: all
        version: 1
        features:
          - "weather:*"
          - { view: weather, as: dest, keys: { airport: dest }, features: [temp] }
          - "load:*"
          - { view: slow, as: slow, features: [n_30s, spread_30s, spread_lifetime] }
          - "last_click:*"
          - { view: clicks, as: clicks, features: [paid_30s, n_30s] }
          - "context:*"
        """;

    static readonly string[] Airports = ["JFK", "LGA", "EWR", "XXX"]; // nothing is known of the last
    static readonly long Start = Instant.Parse(Begin);

    static string At(long micros) => Instant.Format(micros);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S20_S22_an_answer_of_an_earlier_instant_is_word_for_word_what_was_served_then(int seed)
    {
        Random random = new(seed);
        StringBuilder weather = new("airport,at,made,temp,words\n"), reports = new("airport,at,delay,minutes\n");
        List<long> times = [];
        for (var i = 0; i < 60; i++)
        {
            times.Add(Start + random.Next(0, 50) * 4 * Instant.Second);
            if (i % 4 == 0) weather.Append(CultureInfo.InvariantCulture, $"{Airports[random.Next(3)]},{At(times[^1])},{(random.Next(4) == 0 ? "" : At(times[^1] + random.Next(3)))},{(random.Next(4) == 0 ? "" : random.Next(-9, 9) / 8.0)},{(random.Next(2) == 0 ? "" : "\"[\"\"a\"\",null]\"")}\n");
            times.Add(Start + random.Next(0, 100) * 2 * Instant.Second);
            reports.Append(CultureInfo.InvariantCulture, $"{Airports[random.Next(3)]},{At(times[^1])},{(random.Next(5) == 0 ? "" : random.Next(8) == 0 ? "1e300" : random.Next(-99, 99) / 8.0)},{(random.Next(5) == 0 ? "" : random.Next(-9, 15))}\n");
        }
        await using var project = TestProject.Create(Begin, ("lockstep.yaml", "project: as_of\n"), ("features/all.yaml", Definitions), ("weather.csv", weather.ToString()), ("reports.csv", reports.ToString()));
        await project.ApplyAsync();
        await project.ServeAsync();

        // Where something begins or ends to count, and a microsecond beside it.
        long[] edges = [0, 10 * Instant.Second, 20 * Instant.Second, 30 * Instant.Second, 40 * Instant.Second, 50 * Instant.Second, 60 * Instant.Second];
        var instants = Enumerable.Range(0, 24).Select(_ => times[random.Next(times.Count)] + edges[random.Next(edges.Length)] + random.Next(-1, 2)).Where(t => t > Start).Distinct().Order().ToList();
        List<(string Body, string Answer)> served = [];
        var before = Start;
        foreach (var at in instants)
        {
            project.Clock.Now = DateTimeOffset.UnixEpoch.AddTicks(at * 10);
            await project.MaterializeAsync();
            var (status, pushed) = await project.PostAsync("/api/v1/sources/clicks/events", $$"""[{"no":{{random.Next(2)}},"at":"{{At(Math.Max(before + 1, at - random.Next(2)))}}","price":{{random.Next(9)}} }]""");
            Assert.True(status == 200, pushed);
            await project.Server.Services.GetRequiredService<StreamService>().Host.Find("clicks").DrainAsync(CancellationToken.None); // however long it takes here
            var rows = string.Join(',', Enumerable.Range(0, 4).Select(_ => $$"""{"airport":{{Airport(random)}},"dest":{{Airport(random)}},"no":{{(random.Next(6) == 0 ? "null" : random.Next(3))}} }"""));
            var body = $$"""{"service":"all","full_names":true,"entities":[{{rows}}],"request":{"scale":{{random.Next(4) / 2.0}} } }""";
            (status, var answer) = await project.PostAsync(Path, body);
            Assert.True(status == 200, answer);
            served.Add((body, answer));
            before = at; // an event that comes later may not change it (S22)
        }
        Assert.All(["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE", "OUT_OF_RANGE"], s => Assert.Contains(served, a => a.Answer.Contains($"\"{s}\"", StringComparison.Ordinal)));

        project.Clock.Advance(TimeSpan.FromMinutes(5));
        for (var i = 0; i < instants.Count; i++)
        {
            // Before the rows in the body or behind them: the same.
            var asked = $"\"as_of\":\"{At(instants[i])}\"";
            var body = i % 2 == 0 ? $"{{{asked},{served[i].Body[1..]}" : $"{served[i].Body[..^1]},{asked}}}";
            var (status, answer) = await project.PostAsync(Path, body);
            Assert.True((status, answer) == (200, served[i].Answer), $"seed {seed}, as of {At(instants[i])}\n{body}\nserved then: {served[i].Answer}\nof history:  {answer}");
        }
    }

    static string Airport(Random random) => random.Next(6) == 0 ? "null" : $"\"{Airports[random.Next(4)]}\"";

    [Fact]
    public async Task S20_S22_it_has_the_values_of_a_training_row_of_the_instant_and_of_the_verb()
    {
        await using var project = TestProject.Create(Begin, ("lockstep.yaml", "project: as_of\n"), ("features/all.yaml", Definitions),
            ("weather.csv", "airport,at,made,temp,words\nJFK,2026-11-01T11:59:30Z,,1.5,\nLGA,2026-11-01T11:00:00Z,,2.5,\n"), ("reports.csv", "airport,at,delay,minutes\nJFK,2026-11-01T11:59:40Z,0.1,3\nJFK,2026-11-01T11:59:55Z,0.2,9\nLGA,2026-11-01T11:59:55Z,1e300,9\n"),
            ("spine.csv", "airport,dest,no,scale,event_timestamp\nJFK,LGA,1,0.5,2026-11-01T11:59:58.5Z\nLGA,,1,0.5,2026-11-01T11:59:58.5Z\n"));
        await project.ApplyAsync();
        await project.ServeAsync();
        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        Runtime.Engine.RowsKeeper kept = new();
        project.Host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.File(System.IO.Path.Combine(project.Folder, "spine.csv")), Service = catalog.FindService("all"), FullNames = true, Writer = kept.For }, null, CancellationToken.None);
        var trained = kept.Rows.ConvertAll(r => r[5..]);
        var set = FeatureQuery.OfService("all", fullNames: true).Resolve(catalog);
        var at = Instant.Parse("2026-11-01T11:59:58.5Z");
        var history = project.Host.History(catalog).Get(set,
            [.. new[] { ("JFK", Value.Of("LGA")), ("LGA", Value.Null) }.Select(r => HistoryRow.Of(set, new Dictionary<string, Value> { ["airport"] = Value.Of(r.Item1), ["dest"] = r.Item2, ["no"] = Value.Of(1L) }, new Dictionary<string, Value> { ["scale"] = Value.Of(0.5) }))], at, CancellationToken.None);
        Assert.Equal(trained, history.Rows.Select(r => r.Select(v => v.Value).ToArray()));
        var (status, body) = await project.PostAsync(Path, """{"service":"all","full_names":true,"as_of":"2026-11-01T11:59:58.5Z","entities":[{"airport":"JFK","dest":"LGA","no":1},{"airport":"LGA","dest":null,"no":1}],"request":{"scale":0.5}}""");
        Assert.True(status == 200, body);
        var answer = JsonNode.Parse(body)!;
        Assert.Equal("2026-11-01T11:59:58.5Z", (string)answer["metadata"]!["as_of"]!);
        for (var row = 0; row < 2; row++)
            Assert.Equal(history.Rows[row].Select(v => (v.Status.ToText(), v.EventTimestamp is { } time ? At(time) : null)), answer["rows"]![row]!["statuses"]!.AsArray().Zip(answer["rows"]![row]!["event_timestamps"]!.AsArray()).Select(p => ((string)p.First!, (string?)p.Second)));
        int Place(string name) => history.Names.ToList().IndexOf(name);
        Assert.Equal(new ServedValue(Value.Of(-1.0), FeatureStatus.OutOfRange, Instant.Parse("2026-11-01T11:59:55Z")), history.Rows[1][Place("load__total_10s")]);
        Assert.Equal(new ServedValue(Value.Of(10.0), FeatureStatus.OutsideMaxAge, Instant.Parse("2026-11-01T11:00:00Z")), history.Rows[1][Place("weather__temp")]);
    }

    [Theory]
    [InlineData("\"2026-11-01T12:00:00.000001Z\"", "2026-11-01T12:00:00.000001Z is still to come: nothing is known of it. It is 2026-11-01T12:00:00Z")]
    [InlineData("\"soon\"", "\"as_of\" is \"soon\"; it has to be an instant like")]
    [InlineData("5", "as_of is the number 5; it has to be a text")]
    public async Task A_mistake_in_the_instant_is_said(string asOf, string says)
    {
        await using var project = await (await WeatherProject.Create().ApplyAsync()).ServeAsync();
        var (status, body) = await project.PostAsync(Path, $$"""{"features":["weather:temp"],"entities":[{"airport":"JFK"}],"as_of":{{asOf}} }""");
        Assert.Equal(400, status);
        Assert.Contains(says, (string)JsonNode.Parse(body)!["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Null_is_now_and_the_last_second_of_before_is_answered_without_a_run()
    {
        await using var project = await (await WeatherProject.Create().ApplyAsync()).ServeAsync();
        var (_, now) = await project.PostAsync(Path, """{"features":["weather:temp"],"entities":[{"airport":"MIA"}],"as_of":null}""");
        Assert.Contains("NOT_FOUND", now, StringComparison.Ordinal); // nothing was materialized
        var (_, then) = await project.PostAsync(Path, """{"features":["weather:temp"],"entities":[{"airport":"MIA"}],"as_of":"2026-11-01T12:00:00Z"}""");
        Assert.Contains("27.25", then, StringComparison.Ordinal);
        var (_, metrics) = await project.GetAsync("/metrics");
        Assert.Contains("lockstep_http_requests_total{endpoint=\"features_as_of\",status=\"2xx\"} 1\n", metrics, StringComparison.Ordinal); // not among those that take microseconds
        Assert.Contains("lockstep_http_requests_total{endpoint=\"features_online\",status=\"2xx\"} 1\n", metrics, StringComparison.Ordinal);
        var (status, empty) = await project.PostAsync(Path, """{"features":["weather:temp"],"entities":[],"as_of":"2026-11-01T12:00:00Z"}""");
        Assert.True(status == 200 && empty.EndsWith("\"rows\":[]}", StringComparison.Ordinal), empty);
    }
}
