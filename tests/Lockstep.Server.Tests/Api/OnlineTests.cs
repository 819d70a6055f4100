using System.Net;
using System.Text;
using System.Text.Json;

namespace Lockstep.Server.Tests.Api;

public sealed class OnlineTests(WeatherProject weather) : IClassFixture<WeatherProject>
{
    const string Path = "/api/v1/features/online";

    TestProject Project => weather.Project;

    [Fact]
    public async Task S20_a_service_is_answered_row_by_row_with_statuses_and_event_timestamps()
    {
        var (status, body) = await Project.PostAsync(Path, """{"service":"trip","entities":[{"airport":"JFK","dest":"MIA"},{"airport":"LGA","dest":null},{"airport":"XXX","dest":"JFK"}]}""");
        Assert.Equal(200, status);
        Assert.Equal("""
            {"metadata":{"features":["temp","dest__visib"],"versions":{"weather":"1.0.0","dest":"1.0.0"},"as_of":"2026-11-01T12:00:00Z"},"rows":[
            {"values":[11.5,9.5],"statuses":["PRESENT","PRESENT"],"event_timestamps":["2026-11-01T11:00:00Z","2026-11-01T10:30:00Z"]},
            {"values":[10,null],"statuses":["OUTSIDE_MAX_AGE","NOT_FOUND"],"event_timestamps":["2026-11-01T08:59:59.999999Z",null]},
            {"values":[10,null],"statuses":["NOT_FOUND","NULL_VALUE"],"event_timestamps":[null,"2026-11-01T11:00:00Z"]}]}
            """.ReplaceLineEndings(""), body);
    }

    [Fact]
    public async Task The_text_formats_of_all_types()
    {
        var (_, body) = await Project.PostAsync(Path, """{"features":["weather:*","gate:open"],"entities":[{"airport":"JFK","gate_no":7}]}""");
        using var json = JsonDocument.Parse(body);
        Assert.Equal("""[11.5,null,"12.30","2026-11-01T10:59:59.5Z","2026-11-01",9007199254740993,true]""", json.RootElement.GetProperty("rows")[0].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task S16_on_demand_features_are_computed_from_the_request_and_the_store()
    {
        var (status, body) = await Project.PostAsync(Path, """{"features":["context:*","weather:temp"],"entities":[{"airport":"JFK"},{"airport":null}],"request":[{"distance":500,"planned_at":"2026-11-01T13:30:00Z"},{"distance":2e3,"planned_at":null}]}""");
        Assert.Equal(200, status);
        Assert.Equal("""
            {"metadata":{"features":["hour","chill","parts","temp"],"versions":{"weather":"1.0.0","context":"1.0.0"},"as_of":"2026-11-01T12:00:00Z"},"rows":[
            {"values":[13,11,[500,null],11.5],"statuses":["PRESENT","PRESENT","PRESENT","PRESENT"],"event_timestamps":[null,null,null,"2026-11-01T11:00:00Z"]},
            {"values":[null,8,[2000,null],10],"statuses":["NULL_VALUE","NOT_FOUND","NOT_FOUND","NOT_FOUND"],"event_timestamps":[null,null,null,null]}]}
            """.ReplaceLineEndings(""), body);
    }

    [Theory]
    [InlineData("""{"features":["context:chill"],"entities":[{"airport":"JFK"}]}""", 400, "bad-arguments", "The request lacks \"request\": 'distance' (float64), read by 'context@1.0.0'.")]
    [InlineData("""{"service":"tripp","entities":[]}""", 404, "not-found", "There is no service 'tripp'. Did you mean 'trip'?")]
    [InlineData("""{"features":["hidden:temp"],"entities":[]}""", 400, "bad-arguments", "View 'hidden@1.0.0' is not served online")]
    [InlineData("""{"features":["gate:open"],"entities":[{"airport":"JFK","gate_no":7.5}]}""", 400, "bad-arguments", "entities[0].gate_no is the number 7.5; it is int32")]
    [InlineData("""{"features":["gate:open"],"entities":[{"airport":"JFK"}]}""", 400, "bad-arguments", "entities[0] lacks 'gate_no' (int32), a join key of 'gate@1.0.0'")]
    [InlineData("""{"service":"trip","entities":[""", 400, "bad-arguments", "The body is not JSON")]
    [InlineData("""{"service":"trip","entities":[]} x""", 400, "bad-arguments", "The body is not JSON")]
    [InlineData("", 400, "bad-arguments", "The body is empty")]
    public async Task A_mistake_is_a_problem_that_says_what_would_be_right(string body, int status, string type, string detail)
    {
        var (code, answer) = await Project.PostAsync(Path, body);
        using var problem = JsonDocument.Parse(answer);
        Assert.Equal(status, code);
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Equal("urn:lockstep:" + type, problem.RootElement.GetProperty("type").GetString());
        Assert.Contains(detail, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_mistakes_come_as_one_list()
    {
        var (status, answer) = await Project.PostAsync(Path, """{"features":["wether:temp","weather:tmp"],"entities":[]}""");
        using var problem = JsonDocument.Parse(answer);
        Assert.Equal(404, status);
        Assert.Equal(2, problem.RootElement.GetProperty("errors").GetArrayLength());
    }

    [Fact]
    public async Task A_request_over_a_limit_is_refused_by_the_name_of_the_limit()
    {
        var rows = string.Join(",", Enumerable.Repeat("""{"airport":"A"}""", 1_001));
        await Refused($$"""{"features":["weather:n"],"entities":[{{rows}}]}""", 400, "max_entities", 1000);
        var features = string.Join(",", Enumerable.Range(0, 21).Select(i => $$"""{"view":"weather","as":"a{{i}}","features":["n"]}"""));
        await Refused($$"""{"features":[{{features}}],"entities":[]}""", 400, "max_features", 20);
        await Refused($$"""{"service":"trip","entities":[],"x":"{{new string('x', 20_000)}}"}""", 413, "max_request_bytes", 20_000);

        async Task Refused(string body, int status, string limit, int value)
        {
            var (code, answer) = await Project.PostAsync(Path, body);
            using var problem = JsonDocument.Parse(answer);
            Assert.Equal(status, code);
            Assert.Equal((limit, value), (problem.RootElement.GetProperty("limit").GetString(), problem.RootElement.GetProperty("limit_value").GetInt32()));
            Assert.Contains(limit, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_without_a_length_that_comes_in_pieces_is_read_whole_and_held_to_the_limit()
    {
        var rows = Enumerable.Repeat("""{"airport":"JFK","dest":"MIA"}""", 500).ToList();
        var (status, answer) = await Send($$"""{"service":"trip","entities":[{{string.Join(",", rows)}}]}""");
        Assert.Equal(HttpStatusCode.OK, status);
        using (var json = JsonDocument.Parse(answer)) Assert.Equal(500, json.RootElement.GetProperty("rows").GetArrayLength());
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Send($$"""{"service":"trip","entities":[{{string.Join(",", rows.Concat(rows))}}]}""")).Status);

        async Task<(HttpStatusCode Status, string Answer)> Send(string body)
        {
            using HttpRequestMessage message = new(HttpMethod.Post, Path) { Content = new Pieces(Encoding.UTF8.GetBytes(body), 777) };
            message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json; charset=utf-8");
            message.Headers.TransferEncodingChunked = true;
            using var response = await Project.Http.SendAsync(message);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    sealed class Pieces(byte[] body, int size) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var at = 0; at < body.Length; at += size)
            {
                await stream.WriteAsync(body.AsMemory(at, Math.Min(size, body.Length - at)));
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length) => (length = 0) != 0;
    }

    [Theory]
    [InlineData("text/plain", 415), InlineData(null, 415), InlineData("application/x-www-form-urlencoded", 415), InlineData("application/json; charset=utf-8", 200), InlineData("application/vnd.x+json", 200), InlineData("APPLICATION/JSON", 200)]
    public async Task The_content_type_has_to_be_json(string? contentType, int status)
        => Assert.Equal(status, (await Project.PostAsync(Path, """{"service":"trip","entities":[]}""", contentType)).Status);

    [Fact]
    public async Task Another_method_or_path_says_what_is_there()
    {
        using var wrong = await Project.Http.GetAsync(Path);
        Assert.Equal(405, (int)wrong.StatusCode);
        Assert.Equal("POST", string.Join(",", wrong.Content.Headers.Allow));
        Assert.Contains("it answers POST", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var (status, body) = await Project.GetAsync("/api/v1/featurs");
        Assert.Equal(404, status);
        Assert.Contains("There is nothing at /api/v1/featurs", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_counted()
    {
        await Project.PostAsync(Path, """{"service":"trip","entities":[]}""");
        await Project.PostAsync(Path, "[]");
        var (_, text) = await Project.GetAsync("/metrics");
        Assert.Matches("lockstep_http_requests_total\\{endpoint=\"features_online\",status=\"2xx\"\\} [1-9]", text);
        Assert.Matches("lockstep_http_requests_total\\{endpoint=\"features_online\",status=\"4xx\"\\} [1-9]", text);
        Assert.Matches("lockstep_http_request_duration_seconds_count\\{endpoint=\"features_online\"\\} [1-9]", text);
    }

    [Theory, InlineData(1), InlineData(2)]
    public async Task Whatever_the_body_the_server_makes_no_mistake(int seed)
    {
        var random = new Random(seed);
        string[] seeds = ["""{"features":["context:*"],"entities":[{"airport":"JFK"}],"request":[{"distance":500,"planned_at":"2026-11-01T13:30:00Z"}]}""", """{"features":["context:*"],"entities":{"airport":["JFK",null],"distance":[1,2.5],"planned_at":[null,"2026-11-01T13:30:00Z"]}}""", """{"service":"trip","entities":[{"airport":"JFK","dest":"MIA"}]}""", """{"features":["weather:temp"],"entities":{"airport":["JFK",null]},"full_feature_names":true}""", """{"feature_service":"trip","entities":{"airport":["JFK"],"dest":["MIA"]}}"""];
        for (var i = 0; i < 600; i++)
        {
            var text = new StringBuilder(seeds[random.Next(seeds.Length)]);
            for (var n = random.Next(3); n >= 0; n--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0) text.Remove(at, Math.Min(random.Next(1, 5), text.Length - at));
                else text.Insert(at, new[] { "{", "}", "[", "]", "\"", ",", ":", "null", "1.5", "\\ud800", "é", "\0" }[random.Next(12)]);
            }
            foreach (var path in new[] { Path, "/get-online-features" })
            {
                var (status, answer) = await Project.PostAsync(path, text.ToString());
                Assert.True(status < 500, $"seed {seed}, {i}: {path} {text}\n{status} {answer}");
                using var json = JsonDocument.Parse(answer);
            }
        }
    }
}
