using System.Text;
using System.Text.Json.Nodes;

namespace Lockstep.Server.Tests.Api;

/// <summary>Events over HTTP: taken, refused, served and counted.</summary>
public sealed class SourceEventTests : IAsyncLifetime
{
    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user_id: int64 }
        ---
        kind: source
        name: clicks
        stream: { push: {}, timestamp: at }
        columns: { user_id: int64, at: timestamp, page: string, price: float64, cents: int64 }
        ---
        kind: value_view
        name: last_click
        entity: user
        source: clicks
        features: { page: string, price: { type: float64, default: 0 } }
        ---
        kind: aggregation_view
        name: spend
        entity: user
        source: clicks
        features: { total: { sum: cents, windows: [1h] }, clicks: { count: "*", windows: [1h] } }
        """;

    TestProject _project = null!;

    public async ValueTask InitializeAsync()
    {
        _project = TestProject.Create("2026-06-01T00:00:00Z", ("lockstep.yaml", "project: clicks\nserver: { max_push_bytes: 2000, max_event_bytes: 500 }\n"), ("features/clicks.yaml", Definitions));
        await _project.ApplyAsync();
        await _project.ServeAsync(_project.Host.Settings.Server);
    }

    public ValueTask DisposeAsync() => _project.DisposeAsync();

    async Task<(int Status, JsonNode Answer)> PushAsync(string body, string type = "application/x-ndjson", string? key = null, string source = "clicks")
    {
        using HttpRequestMessage message = new(HttpMethod.Post, $"/api/v1/sources/{source}/events") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        message.Content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        if (key is not null) message.Headers.Add("Idempotency-Key", key);
        using var response = await _project.Http.SendAsync(message);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    async Task<string> PageAsync(int user)
    {
        var (status, body) = await _project.PostAsync("/api/v1/features/online", $$"""{"features":["last_click:page"],"entities":[{"user_id":{{user}}}]}""");
        Assert.True(status == 200, body);
        var row = JsonNode.Parse(body)!["rows"]![0]!;
        return $"{row["values"]![0]?.ToJsonString() ?? "null"} {row["statuses"]![0]}";
    }

    [Fact]
    public async Task What_is_sent_is_served_as_soon_as_it_is_answered()
    {
        Assert.Equal("null NOT_FOUND", await PageAsync(1));
        var (status, answer) = await PushAsync("""
            {"user_id":1,"at":"2026-05-31T23:00:00Z","page":"home","price":1.5}
            {"user_id":2,"at":"2026-05-31T23:00:00Z","page":"shop"}
            """);
        Assert.Equal(200, status);
        Assert.Equal("""{"source":"clicks","accepted":2,"refused":0,"visible":true,"repeated":false,"refused_events":[],"unknown_columns":[],"log":{"partition":0,"place":1}}""", answer.ToJsonString());
        Assert.Equal("\"home\" PRESENT", await PageAsync(1));
        Assert.Equal("\"shop\" PRESENT", await PageAsync(2));
        Assert.Equal(200, (await PushAsync("""[{"user_id":1,"at":"2026-05-31T23:30:00Z","page":"cart"}]""", "application/json")).Status);
        Assert.Equal(200, (await PushAsync("""{"user_id":2,"at":"2026-05-31T22:30:00Z","page":"older"}""", "application/json; charset=utf-8")).Status);
        Assert.Equal("\"cart\" PRESENT", await PageAsync(1));
        Assert.Equal("\"shop\" PRESENT", await PageAsync(2));
    }

    [Fact]
    public async Task Each_event_is_taken_or_refused_by_itself_and_both_are_counted()
    {
        var (status, answer) = await PushAsync("{\"user_id\":1,\"at\":\"2026-05-31T23:00:00Z\"}\n{\"user_id\":1.5,\"at\":\"2026-05-31T23:00:00Z\"}\n{\n{\"at\":\"2026-05-31T23:00:00Z\"}\n");
        Assert.Equal((207, 1, 3), (status, (int)answer["accepted"]!, (int)answer["refused"]!));
        Assert.Equal((2, "column 'user_id': 1.5 does not convert to int64 without loss"), ((int)answer["refused_events"]![0]!["row"]!, (string)answer["refused_events"]![0]!["reason"]!));
        Assert.Equal("there is no 'user_id': an event needs its key", (string)answer["refused_events"]![2]!["reason"]!);
        (status, answer) = await PushAsync("{}");
        Assert.Equal((422, 0), (status, (int)answer["accepted"]!));
        var (_, metrics) = await _project.GetAsync("/metrics");
        Assert.Contains("lockstep_stream_events_total{source=\"clicks\",outcome=\"accepted\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("lockstep_stream_events_total{source=\"clicks\",outcome=\"refused\"} 4\n", metrics, StringComparison.Ordinal);
        Assert.Contains("lockstep_stream_lag_places{source=\"clicks\",view=\"last_click@1.0.0\",partition=\"0\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("lockstep_stream_applied_total{source=\"clicks\",view=\"last_click@1.0.0\",partition=\"0\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_in_the_middle_of_many_keeps_none_of_the_others_out()
    {
        const string Good = """{"user_id":1,"at":"2026-05-31T23:00:00Z","page":"home"}""";
        var future = """{"user_id":1,"at":"2026-06-01T00:10:01Z"}""";
        var (status, answer) = await PushAsync($"{Good}\n{{\"user_id\":1,\n{future}\n{{\"user_id\":1}}\n{{\"user_id\":1,\"at\":\"2026-05-31\",\"page\":\"{new string('x', 500)}\"}}\n{Good}\n");
        Assert.Equal((207, 2), (status, (int)answer["accepted"]!));
        Assert.Equal(
        [
            "2: not JSON: Expected start of a property name or value, but instead reached end of data",
            "3: 'at' is 2026-06-01T00:10:01Z, which is more than 10m ahead of the clock (2026-06-01T00:00:00Z)",
            "4: there is no 'at': an event needs its timestamp",
            "5: the event has 541 bytes; the limit is 500 (max_event_bytes)",
        ], answer["refused_events"]!.AsArray().Select(e => $"{e!["row"]}: {e["reason"]}"));
        // In an array what stands behind a mistake cannot be told apart; what stands before it is kept.
        (status, answer) = await PushAsync($"[{Good},{{\"user_id\":1}},{Good},{{\"user_id\":1,]", "application/json");
        Assert.Equal((207, 2), (status, (int)answer["accepted"]!));
        Assert.Equal(["2: there is no 'at': an event needs its timestamp", "4: not JSON from here on: ']' is an invalid start of a property name. Expected a '\"'"],
            answer["refused_events"]!.AsArray().Select(e => $"{e!["row"]}: {e["reason"]}"));
    }

    [Fact]
    public async Task S13_a_sum_that_does_not_fit_is_told_and_stops_nothing_else()
    {
        await PushAsync($$"""
            {"user_id":1,"at":"2026-05-31T23:30:00Z","cents":{{long.MaxValue}}}
            {"user_id":2,"at":"2026-05-31T23:30:00Z","cents":5}
            """);
        Assert.Equal($"[{long.MaxValue},1] [\"PRESENT\",\"PRESENT\"]", await SpendAsync(1));
        var (status, _) = await PushAsync("""{"user_id":1,"at":"2026-05-31T23:31:00Z","cents":1}""");
        Assert.Equal(200, status); // the event is right; its sum is not
        Assert.Equal("[null,2] [\"OUT_OF_RANGE\",\"PRESENT\"]", await SpendAsync(1));
        Assert.Equal("[5,1] [\"PRESENT\",\"PRESENT\"]", await SpendAsync(2));
        await PushAsync("""{"user_id":1,"at":"2026-05-31T23:32:00Z","cents":-1}""");
        Assert.Equal($"[{long.MaxValue},3] [\"PRESENT\",\"PRESENT\"]", await SpendAsync(1)); // whatever the order, it fits again
    }

    async Task<string> SpendAsync(int user)
    {
        var (status, body) = await _project.PostAsync("/api/v1/features/online", $$"""{"features":["spend:*"],"entities":[{"user_id":{{user}}}]}""");
        Assert.True(status == 200, body);
        var row = JsonNode.Parse(body)!["rows"]![0]!;
        return $"{row["values"]!.ToJsonString()} {row["statuses"]!.ToJsonString()}";
    }

    [Fact]
    public async Task S15_a_key_makes_a_push_safe_to_repeat()
    {
        const string Body = """{"user_id":1,"at":"2026-05-31T23:00:00Z","page":"home"}""";
        Assert.False((bool)(await PushAsync(Body, key: "a")).Answer["repeated"]!);
        var (status, answer) = await PushAsync(Body, key: "a");
        Assert.Equal((200, true, 1), (status, (bool)answer["repeated"]!, (int)answer["accepted"]!));
        (status, answer) = await PushAsync(Body, key: new string('k', 300));
        Assert.Equal(400, status);
        Assert.Contains("300 characters", (string)answer["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_taken_at_all_says_what_would_be_right()
    {
        var (status, answer) = await PushAsync("{}", source: "clikcs");
        Assert.Equal((404, "There is no source 'clikcs'. Did you mean 'clicks'?"), (status, (string)answer["detail"]!));
        (status, answer) = await PushAsync("a,b", "text/csv");
        Assert.Equal(415, status);
        Assert.Contains("application/x-ndjson", (string)answer["detail"]!, StringComparison.Ordinal);
        (status, answer) = await PushAsync(new string(' ', 2001));
        Assert.Equal((413, "max_push_bytes", 2000), (status, (string)answer["limit"]!, (int)answer["limit_value"]!));
        (status, answer) = await PushAsync($$"""{"user_id":1,"at":"2026-05-31T23:00:00Z","page":"{{new string('x', 500)}}"}""");
        Assert.Equal(422, status);
        Assert.Contains("the limit is 500 (max_event_bytes)", (string)answer["refused_events"]![0]!["reason"]!, StringComparison.Ordinal);
    }
}
