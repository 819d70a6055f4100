using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lockstep.Server.Tests.Api;

/// <summary>The description of the API against the API.</summary>
public sealed class OpenApiTests(WeatherProject weather) : IClassFixture<WeatherProject>
{
    TestProject Project => weather.Project;

    async Task<JsonNode> Document()
    {
        var (status, text) = await Project.GetAsync("/openapi/v1.json");
        Assert.True(status == 200, text);
        return JsonNode.Parse(text)!;
    }

    [Fact]
    public async Task It_lists_every_path_and_method_that_is_there_and_no_other()
    {
        var document = await Document();
        Assert.StartsWith("3.1", (string)document["openapi"]!, StringComparison.Ordinal);
        var described = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(m => $"{m.Key.ToUpperInvariant()} {p.Key}")).Order(StringComparer.Ordinal);
        var mapped = Project.Server.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText != "/openapi/{documentName}.json")
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Select(m => $"{m} {e.RoutePattern.RawText}")).Order(StringComparer.Ordinal);
        Assert.Equal(string.Join("\n", mapped), string.Join("\n", described));
    }

    [Fact]
    public async Task Its_examples_are_what_it_describes_and_the_server_answers_them_so()
    {
        var document = await Document();
        JsonSchema schemas = new(document);
        var sent = 0;
        foreach (var (path, methods) in document["paths"]!.AsObject())
            foreach (var (method, operation) in methods!.AsObject())
                foreach (var (body, contentType) in Requests(operation!, schemas))
                {
                    using HttpRequestMessage message = new(new(method.ToUpperInvariant()), Address(path, operation!));
                    if (body is not null)
                    {
                        message.Content = new StringContent(body);
                        message.Content.Headers.ContentType = new(contentType!);
                    }
                    using var response = await Project.Http.SendAsync(message);
                    await Check(schemas, operation!, response, $"{method} {message.RequestUri}");
                    Assert.True(response.IsSuccessStatusCode, $"{method} {message.RequestUri} {body}: {await response.Content.ReadAsStringAsync()}");
                    sent++;
                }
        Assert.InRange(sent, 19, 100);
    }

    [Theory]
    [InlineData("POST", "/api/v1/features/online", "{}"), InlineData("POST", "/api/v1/features/online", """{"service":"x","entities":[]}"""), InlineData("POST", "/api/v1/features/historical?service=trip&format=x", "a"), InlineData("POST", "/api/v1/features/historical?service=x", "a")]
    [InlineData("GET", "/api/v1/registry/objects/nothing", null), InlineData("GET", "/api/v1/registry/objects/nothing/versions", null), InlineData("GET", "/api/v1/registry/search", null), InlineData("GET", "/api/v1/registry/diff?left=weather", null), InlineData("GET", "/api/v1/registry/diff?left=weather&right=nothing", null), InlineData("GET", "/api/v1/registry/objects?all=maybe", null)]
    [InlineData("GET", "/api/v1/materializations/77", null), InlineData("POST", "/api/v1/materializations", """{"views":["nothing"]}"""), InlineData("POST", "/api/v1/materializations", """{"veiws":[]}"""), InlineData("POST", "/api/v1/materializations", "[]"), InlineData("POST", "/get-online-features", """{"entities":{}}"""), InlineData("POST", "/get-online-features", "[]")]
    public async Task A_refusal_is_as_described(string method, string path, string? body)
    {
        var document = await Document();
        using HttpRequestMessage message = new(new(method), path);
        if (body is not null)
        {
            message.Content = new StringContent(body);
            message.Content.Headers.ContentType = new("application/json");
        }
        using var response = await Project.Http.SendAsync(message);
        Assert.InRange((int)response.StatusCode, 400, 499);
        var route = document["paths"]!.AsObject().Single(p => p.Key.Split('/').Length == path.Split('?')[0].Split('/').Length && p.Key.Split('/').Zip(path.Split('?')[0].Split('/')).All(s => s.First == s.Second || s.First.StartsWith('{'))).Value!;
        await Check(new(document), route[method.ToLowerInvariant()]!, response, path);
    }

    static IEnumerable<(string? Body, string? ContentType)> Requests(JsonNode operation, JsonSchema schemas)
    {
        if (operation["requestBody"]?["content"] is not JsonObject content)
        {
            yield return (null, null);
            yield break;
        }
        foreach (var (type, media) in content)
        {
            var examples = media!["examples"]?.AsObject().Select(e => e.Value!["value"]).ToList() ?? (media["example"] is { } one ? [one] : []);
            foreach (var example in examples)
            {
                Assert.Empty(schemas.Check(media["schema"]!, example));
                yield return (type == "application/json" ? example!.ToJsonString() : (string)example!, type);
            }
        }
    }

    // Required parameters, and those with an example.
    static string Address(string path, JsonNode operation)
    {
        List<string> query = [];
        foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
        {
            if (parameter!["example"] is not { } example) { Assert.NotEqual(true, (bool?)parameter["required"]); continue; }
            if ((string)parameter["in"]! == "path") path = path.Replace($"{{{parameter["name"]}}}", Uri.EscapeDataString((string)example!), StringComparison.Ordinal);
            else query.Add($"{parameter["name"]}={Uri.EscapeDataString((string)example!)}");
        }
        return query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
    }

    static async Task Check(JsonSchema schemas, JsonNode operation, HttpResponseMessage response, string what)
    {
        var described = operation["responses"]![$"{(int)response.StatusCode}"];
        Assert.True(described is not null, $"{what}: status {(int)response.StatusCode} is not described: {await response.Content.ReadAsStringAsync()}");
        if (described["$ref"] is { } reference) described = schemas.Resolve((string)reference!);
        if (described["content"] is not JsonObject content)
        {
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());
            return;
        }
        var type = response.Content.Headers.ContentType!.MediaType!;
        Assert.True(content.ContainsKey(type), $"{what}: {type} is not described");
        if (!type.EndsWith("json", StringComparison.Ordinal) || type == "application/x-ndjson") return;
        var wrong = schemas.Check(content[type]!["schema"]!, JsonNode.Parse(await response.Content.ReadAsStringAsync()));
        Assert.True(wrong.Count == 0, $"{what}: {string.Join("; ", wrong)}");
        if (content[type]!["example"] is { } shown) Assert.Empty(schemas.Check(content[type]!["schema"]!, shown));
    }
}
