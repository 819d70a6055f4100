using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class PlanTests
{
    static ServingWorld World()
    {
        ServingWorld world = new(new() { MaxEntities = 3, MaxFeatures = 4 });
        Field[] key = [ServingWorld.F("airport", "string")];
        foreach (var (version, value) in new[] { ("1.0.0", 100L), ("1.2.0", 120L), ("2.0.0", 200L) })
        {
            var view = world.View("weather", key, [ServingWorld.F("temp", "int64"), ServingWorld.F("wind", "int64")], version: version);
            foreach (var airport in new[] { "JFK", "MIA" })
                world.Put(view, [Value.Of(airport)], (world.Now, [Value.Of(value + (airport == "MIA" ? 1 : 0)), Value.Of(-value)]));
        }
        world.View("secret", key, [ServingWorld.F("x", "int64")], online: false);
        world.Service("trip", 1, ServingWorld.Selection("weather@1.0.0:temp"));
        world.Service("trip", 2, ServingWorld.Selection("weather@1:temp"),
            new() { View = "weather", Alias = "dest", Keys = new Dictionary<string, string> { ["airport"] = "to" }, Features = ["temp", "wind"] });
        return world;
    }

    [Theory]
    [InlineData("weather:temp", 200), InlineData("weather@1:temp", 120), InlineData("weather@1.0:temp", 100), InlineData("weather@1.0.0:temp", 100), InlineData("weather@1.2.0:temp", 120), InlineData("weather@2:temp", 200)]
    public void S24_a_reference_reads_the_version_that_it_names(string feature, int expected)
        => Assert.Equal($"{expected}", World().Cell($$"""{"features":["{{feature}}"],"entities":[{"airport":"JFK"}]}""").Value);

    [Fact]
    public void S24_a_service_reads_its_own_versions_and_an_alias_its_own_key_columns()
    {
        var world = World();
        Assert.Equal("100", world.Cell("""{"service":"trip@1","entities":[{"airport":"JFK"}]}""").Value);
        Assert.Equal("100", world.Cell("""{"service":"trip","service_version":1,"entities":[{"airport":"JFK"}]}""").Value);
        using var answer = JsonDocument.Parse(world.Post("""{"service":"trip","entities":[{"airport":"JFK","to":"MIA"}]}"""));
        Assert.Equal("""{"features":["temp","dest__temp","dest__wind"],"versions":{"weather":"1.2.0","dest":"2.0.0"},"as_of":"2026-11-01T12:00:00Z"}""", answer.RootElement.GetProperty("metadata").GetRawText());
        Assert.Equal("[120,201,-200]", answer.RootElement.GetProperty("rows")[0].GetProperty("values").GetRawText());
    }

    [Fact]
    public void Features_can_be_given_like_in_a_service_with_an_alias()
    {
        using var answer = JsonDocument.Parse(World().Post("""{"features":[{"view":"weather@1","as":"from","keys":{"airport":"a"},"features":["wind"]},{"view":"weather","as":"to","keys":{"airport":"b"},"features":["*"]}],"entities":[{"a":"JFK","b":"JFK"}]}"""));
        Assert.Equal("""["from__wind","to__temp","to__wind"]""", answer.RootElement.GetProperty("metadata").GetProperty("features").GetRawText());
        Assert.Equal("[-120,200,-200]", answer.RootElement.GetProperty("rows")[0].GetProperty("values").GetRawText());
    }

    [Fact]
    public void The_same_key_of_the_same_view_is_read_once()
    {
        var world = World();
        var request = world.Server.Rent();
        Lockstep.Runtime.Serving.Json.OnlineRequestJson.Read("""{"features":[{"view":"weather","as":"a","keys":{"airport":"x"}},{"view":"weather","as":"b","keys":{"airport":"y"}}],"entities":[{"x":"JFK","y":"MIA"},{"x":"MIA","y":"JFK"},{"x":"JFK","y":"JFK"}]}"""u8, world.Server.Current, request, 100, world.Now);
        Assert.Equal(2, request.Reads);
        world.Server.Return(request);
    }

    [Fact]
    public void Full_names_can_come_behind_the_rows()
    {
        var world = World();
        for (var i = 0; i < 2; i++) // the second time the plan without full names is known
        {
            using var plain = JsonDocument.Parse(world.Post("""{"features":["weather:temp"],"entities":[{"airport":"JFK"}]}"""));
            using var answer = JsonDocument.Parse(world.Post("""{"features":["weather:temp"],"entities":[{"airport":"JFK"}],"full_names":true}"""));
            Assert.Equal("""["weather__temp"]""", answer.RootElement.GetProperty("metadata").GetProperty("features").GetRawText());
            Assert.Equal(1, answer.RootElement.GetProperty("rows").GetArrayLength());
            using var turned = JsonDocument.Parse(world.Post("""{"entities":[{"airport":"JFK"}],"full_names":true,"features":["weather:temp"]}"""));
            Assert.Equal(answer.RootElement.GetRawText(), turned.RootElement.GetRawText());
        }
    }

    [Theory]
    [InlineData("""{"service":"tripp","entities":[]}""", ErrorKind.NotFound, "There is no service 'tripp'. Did you mean 'trip'?")]
    [InlineData("""{"service":"trip@3","entities":[]}""", ErrorKind.NotFound, "Service 'trip' has no version 3. Versions: 1, 2.")]
    [InlineData("""{"features":["wether:temp"],"entities":[]}""", ErrorKind.NotFound, "Did you mean 'weather'?")]
    [InlineData("""{"features":["weather@3:temp"],"entities":[]}""", ErrorKind.NotFound, "Versions: 1.0.0, 1.2.0, 2.0.0")]
    [InlineData("""{"features":["weather:tmp"],"entities":[]}""", ErrorKind.NotFound, "Did you mean 'temp'?")]
    [InlineData("""{"features":["secret:x"],"entities":[]}""", ErrorKind.BadArguments, "View 'secret@1.0.0' is not served online: it says 'online: false'.")]
    [InlineData("""{"features":["weather:temp","weather@1:temp"],"entities":[]}""", ErrorKind.BadArguments, "The name 'temp' occurs twice")]
    [InlineData("""{"features":["temp"],"entities":[]}""", ErrorKind.BadArguments, "'temp' names no feature. Write view:feature")]
    [InlineData("""{"features":[],"entities":[]}""", ErrorKind.BadArguments, "No features are asked for")]
    [InlineData("""{"features":["weather:*","weather@1.0.0:*","weather@1.2.0:*"],"entities":[],"full_names":false}""", ErrorKind.BadArguments, "occurs twice")]
    [InlineData("""{"features":[{"view":"weather","as":"a"},{"view":"weather","as":"b"},{"view":"weather","as":"c"}],"entities":[]}""", ErrorKind.BadArguments, "The request asks for 6 features; the limit is 4 (max_features")]
    [InlineData("""{"features":["weather:temp"],"entities":[{"airport":"a"},{"airport":"a"},{"airport":"a"},{"airport":"a"}]}""", ErrorKind.BadArguments, "the limit is 3 (max_entities")]
    [InlineData("""{"features":["weather:temp"]}""", ErrorKind.BadArguments, "no \"entities\"")]
    [InlineData("""{"entities":[]}""", ErrorKind.BadArguments, "asks for nothing")]
    [InlineData("""{"service":"trip","features":["weather:temp"],"entities":[]}""", ErrorKind.BadArguments, "both \"service\" and \"features\"")]
    [InlineData("""{"features":["weather:temp"],"service_version":1,"entities":[]}""", ErrorKind.BadArguments, "no \"service\"")]
    [InlineData("""{"service":"trip@1","service_version":1,"entities":[]}""", ErrorKind.BadArguments, "given twice")]
    [InlineData("""{"service":"trip","service_version":1.5,"entities":[]}""", ErrorKind.BadArguments, "\"service_version\" is the number 1.5")]
    [InlineData("""{"service":"trip","service":"trip","entities":[]}""", ErrorKind.BadArguments, "\"service\" occurs twice")]
    [InlineData("""{"service":"trip","entites":[]}""", ErrorKind.BadArguments, "Did you mean 'entities'?")]
    [InlineData("""{"service":7,"entities":[]}""", ErrorKind.BadArguments, "\"service\" is the number 7")]
    [InlineData("""{"features":"weather:temp","entities":[]}""", ErrorKind.BadArguments, "\"features\" is the text \"weather:temp\"")]
    [InlineData("""{"features":[1],"entities":[]}""", ErrorKind.BadArguments, "features[0] is the number 1")]
    [InlineData("""{"features":[{"veiw":"weather"}],"entities":[]}""", ErrorKind.BadArguments, "Did you mean 'view'?")]
    [InlineData("""{"features":["weather:temp"],"entities":{}}""", ErrorKind.BadArguments, "\"entities\" is an object")]
    [InlineData("""{"features":["weather:temp"],"entities":[["JFK"]]}""", ErrorKind.BadArguments, "entities[0] is an array")]
    [InlineData("""{"features":["weather:temp"],"entities":[{"airport":"a","airport":"b"}]}""", ErrorKind.BadArguments, "entities[0] has 'airport' twice")]
    [InlineData("""{"features":["weather:temp"],"entities":[{"airport":"a"}],"request":[]}""", ErrorKind.BadArguments, "\"request\" has 0 rows and \"entities\" 1")]
    [InlineData("""{"features":["weather:temp"],"entities":[],"full_names":1}""", ErrorKind.BadArguments, "\"full_names\" is the number 1")]
    [InlineData("[]", ErrorKind.BadArguments, "The body is an array")]
    [InlineData("", ErrorKind.BadArguments, "The body is empty")]
    public void A_mistake_says_what_was_found_and_what_would_be_right(string body, ErrorKind kind, string says)
    {
        var world = World();
        for (var time = 0; time < 2; time++)
        {
            var error = Assert.ThrowsAny<LockstepException>(() => world.Post(body));
            Assert.Equal(kind, error.Kind);
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_empty_batch_is_answered_without_rows()
        => Assert.EndsWith("\"rows\":[]}", World().Post("""{"service":"trip","entities":[]}"""), StringComparison.Ordinal);

    [Fact]
    public void Fields_that_nothing_needs_are_ignored_whatever_they_hold()
        => Assert.Equal("200", World().Cell("""{"features":["weather:temp"],"entities":[{"x":{"airport":[1,{}]},"airport":"JFK","y":[[]]}],"request":[{"z":1}]}""").Value);

    [Fact]
    public void A_caller_that_never_repeats_a_shape_does_not_fill_the_memory()
    {
        var world = World();
        for (var i = 0; i < 3_000; i++) world.Post($$"""{"features":["weather:temp"{{new string(' ', i)}}],"entities":[]}""");
        Assert.InRange(world.Server.Current.Plans, 1, 1_024);
    }

    [Fact]
    public async Task Typed_access_gives_the_same_as_text()
    {
        var world = World();
        var vectors = await world.Server.GetAsync(FeatureQuery.OfService("trip"), [new Dictionary<string, Value> { ["airport"] = Value.Of("JFK"), ["to"] = Value.Null }], CancellationToken.None);
        Assert.Equal(["temp", "dest__temp", "dest__wind"], vectors.Names);
        Assert.Equal([(Value.Of(120L), FeatureStatus.Present), (Value.Null, FeatureStatus.NotFound), (Value.Null, FeatureStatus.NotFound)], vectors.Rows[0].Select(v => (v.Value, v.Status)));
        Assert.Contains("is 1 (Int64); the join key is string", (await Assert.ThrowsAsync<LockstepException>(async () =>
            await world.Server.GetAsync(FeatureQuery.OfFeatures(["weather:temp"]), [new Dictionary<string, Value> { ["airport"] = Value.Of(1L) }], CancellationToken.None))).Message, StringComparison.Ordinal);
    }
}
