using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Tests.TrainingSets;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class OnDemandServingTests
{
    const string Views = """
        kind: on_demand_view
        name: trip
        version: 1.0.0
        request: { distance: float64, planned_at: timestamp }
        features:
          chill: weather:temp - coalesce(weather:wind, 0) / 2
          far: { expression: "distance > 1000", default: false }
          wait_s: { expression: "date_diff('second', now(), planned_at)" }
          label: "weather:name || ' ' || cast(hour(planned_at) as string)"
        ---
        kind: on_demand_view
        name: stored_only
        features: { warm: "weather:temp > 10", calm: { expression: "weather:wind < 5", default: true } }
        ---
        kind: on_demand_view
        name: fields_only
        request: { distance: float64 }
        features: { twice: distance * 2, parts: "[distance, null, distance / 3]" }
        ---
        kind: on_demand_view
        name: clock_only
        features: { at: now() }
        ---
        kind: on_demand_view
        name: hidden
        online: false
        features: { x: "weather:temp" }
        ---
        kind: on_demand_view
        name: other_distance
        request: { distance: int64 }
        features: { half: distance // 2 }
        """;

    readonly ServingWorld _world = new();

    public OnDemandServingTests()
    {
        var weather = _world.View("weather", [ServingWorld.F("airport", "string")], [ServingWorld.F("temp", "float64"), ServingWorld.F("wind", "int32"), ServingWorld.F("name", "string")], ttl: Instant.Hour,
            defaults: [Value.Of(5d), Value.Null, Value.Null]);
        _world.Put(weather, [Value.Of("JFK")], (_world.Now - Instant.Minute, [Value.Of(20d), Value.Of(6), Value.Of("Jamaica")]));
        _world.Put(weather, [Value.Of("MIA")], (_world.Now - Instant.Minute, [Value.Null, Value.Null, Value.Null]));
        _world.Put(weather, [Value.Of("OLD")], (_world.Now - Instant.Day, [Value.Of(30d), Value.Of(1), Value.Of("Old")]));
        _world.Server.Replace(WithYaml.Of(_world.Server.Current.Catalog, Views));
    }

    const string Request = "\"request\":[{\"distance\":2475,\"planned_at\":\"2026-11-01T12:30:00.5Z\"}]";

    string Rows(string body)
    {
        using var answer = JsonDocument.Parse(_world.Post(body));
        return string.Join("\n", answer.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetRawText()));
    }

    [Fact]
    public void S16_S20_computed_values_come_with_statuses_and_without_event_timestamps()
    {
        var body = "{\"features\":[\"trip:*\",\"weather:temp\"],\"entities\":[{\"airport\":\"JFK\"}]," + Request + "}";
        Assert.Equal("""{"values":[17,true,1800,"Jamaica 12",20],"statuses":["PRESENT","PRESENT","PRESENT","PRESENT","PRESENT"],"event_timestamps":[null,null,null,null,"2026-11-01T11:59:00Z"]}""", Rows(body));
        using var answer = JsonDocument.Parse(_world.Post(body));
        Assert.Equal("""{"features":["chill","far","wait_s","label","temp"],"versions":{"weather":"1.0.0","trip":"1.0.0"},"as_of":"2026-11-01T12:00:00Z"}""", answer.RootElement.GetProperty("metadata").GetRawText());
    }

    [Theory]
    [InlineData("\"MIA\"", """{"values":[5,true,null],"statuses":["PRESENT","PRESENT","NULL_VALUE"],"event_timestamps":[null,null,null]}""")]
    [InlineData("\"nobody\"", """{"values":[5,true,null],"statuses":["PRESENT","PRESENT","NULL_VALUE"],"event_timestamps":[null,null,null]}""")]
    [InlineData("\"OLD\"", """{"values":[5,true,null],"statuses":["PRESENT","PRESENT","NULL_VALUE"],"event_timestamps":[null,null,null]}""")]
    [InlineData("null", """{"values":[5,true,null],"statuses":["NOT_FOUND","PRESENT","NOT_FOUND"],"event_timestamps":[null,null,null]}""")]
    public void S20_not_found_is_only_for_a_null_in_a_key_that_the_feature_reads(string airport, string expected)
        => Assert.Equal(expected, Rows($$"""{"features":["trip:chill","trip:far","trip:label"],"entities":[{"airport":{{airport}}}],{{Request}}}"""));

    [Fact]
    public void S20_a_default_replaces_a_computed_null_and_the_status_tells()
        => Assert.Equal("""{"values":[false,null],"statuses":["NULL_VALUE","NULL_VALUE"],"event_timestamps":[null,null]}""",
            Rows("""{"features":["trip:far","trip:wait_s"],"entities":[{}],"request":[{"distance":null,"planned_at":null}]}"""));

    [Fact]
    public void S16_now_is_the_instant_of_the_request()
    {
        const string Body = """{"features":["clock_only:at","stored_only:warm"],"entities":[{"airport":"JFK"}]}""";
        Assert.StartsWith("""{"values":["2026-11-01T12:00:00Z",true]""", Rows(Body), StringComparison.Ordinal);
        _world.Clock.Advance(TimeSpan.FromMicroseconds(7));
        Assert.StartsWith("""{"values":["2026-11-01T12:00:00.000007Z",true]""", Rows(Body), StringComparison.Ordinal);
    }

    [Fact]
    public void Members_may_come_in_any_order_and_more_fields_than_are_read()
        => Assert.Equal(Rows("{\"features\":[\"trip:*\"],\"entities\":[{\"airport\":\"JFK\"}]," + Request + "}"),
            Rows("""{"request":[{"planned_at":"2026-11-01T12:30:00.5Z","colour":{"a":[1]},"distance":2475.0}],"entities":[{"airport":"JFK","x":1}],"features":["trip:*"]}"""));

    [Fact]
    public void One_object_holds_for_all_rows_and_an_array_goes_row_by_row()
    {
        const string Entities = """{"features":["trip:far","weather:temp"],"entities":[{"airport":"JFK"},{"airport":"MIA"},{"airport":"JFK"}],""";
        Assert.Equal(["true", "true", "true"], Far(Entities + "\"request\":{\"distance\":1001}}"));
        Assert.Equal(["true", "false", "false"], Far(Entities + "\"request\":[{\"distance\":1001},{\"distance\":1000},{\"distance\":null}]}"));

        IEnumerable<string> Far(string body)
        {
            using var answer = JsonDocument.Parse(_world.Post(body));
            return [.. answer.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("values")[0].GetRawText())];
        }
    }

    [Fact]
    public void What_needs_no_key_is_asked_for_by_request_rows_alone()
    {
        Assert.Equal("""
            {"values":[3,[1.5,null,0.5]],"statuses":["PRESENT","PRESENT"],"event_timestamps":[null,null]}
            {"values":[null,[null,null,null]],"statuses":["NULL_VALUE","PRESENT"],"event_timestamps":[null,null]}
            """.ReplaceLineEndings("\n"), Rows("""{"features":["fields_only:*"],"request":[{"distance":1.5},{"distance":null}]}"""));
        Assert.Equal("""{"values":[3],"statuses":["PRESENT"],"event_timestamps":[null]}""", Rows("""{"features":["fields_only:twice"],"request":{"distance":1.5}}"""));
    }

    [Theory]
    [InlineData("""{"features":["trip:*"],"entities":[{"airport":"JFK"}]}""", "The request lacks \"request\": 'distance' (float64), 'planned_at' (timestamp), read by 'trip@1.0.0'. Give an object for each entity row, or one for all of them.")]
    [InlineData("""{"features":["trip:*"],"entities":[{"airport":"JFK"}],"request":[{}]}""", "request[0] lacks 'distance' (float64), 'planned_at' (timestamp), read by 'trip@1.0.0'. Give a value, or null for none.")]
    [InlineData("""{"features":["trip:*"],"entities":[{"airport":"JFK"}],"request":{"distance":1}}""", "request[0] lacks 'planned_at' (timestamp), read by 'trip@1.0.0'.")]
    [InlineData("""{"features":["trip:far"],"entities":[{},{}],"request":[{"distance":1},{"distance":"far"}]}""", "request[1].distance is the text \"far\"; it is float64, a number.")]
    [InlineData("""{"features":["trip:far"],"entities":[{}],"request":[{"distance":[1]}]}""", "request[0].distance is an array; it is float64, a number.")]
    [InlineData("""{"features":["trip:wait_s"],"entities":[{}],"request":[{"planned_at":1793534400}]}""", "request[0].planned_at is the number 1793534400; it is timestamp, an instant like 2026-11-01T12:00:00Z.")]
    [InlineData("""{"features":["trip:wait_s"],"entities":[{}],"request":[{"planned_at":"soon"}]}""", "request[0].planned_at is the text \"soon\"; it is timestamp")]
    [InlineData("""{"features":["trip:far"],"entities":[{}],"request":[{"distance":1,"distance":2}]}""", "request[0] has 'distance' twice.")]
    [InlineData("""{"features":["trip:far"],"entities":[{},{}],"request":[{"distance":1}]}""", "\"request\" has 1 rows and \"entities\" 2; they go together, row by row. One object instead of an array holds for all rows.")]
    [InlineData("""{"features":["trip:far"],"entities":[{}],"request":[1]}""", "request[0] is the number 1; it has to be an object.")]
    [InlineData("""{"features":["trip:far"],"entities":[{}],"request":7}""", "\"request\" is the number 7; it has to be an array of objects, one a row, or one object for all rows.")]
    [InlineData("""{"features":["fields_only:twice"]}""", "The body has no \"entities\"")]
    [InlineData("""{"features":["trip:chill"],"request":[{}]}""", "The body has no \"entities\"")]
    [InlineData("""{"features":["trip:chill"],"entities":[{}]}""", "entities[0] lacks 'airport' (string), a join key of 'weather@1.0.0'")]
    [InlineData("""{"features":["hidden:x"],"entities":[{"airport":"JFK"}]}""", "View 'hidden@1.0.0' is not served online")]
    [InlineData("""{"features":["trip:far","other_distance:half"],"entities":[{}],"request":[{"distance":1}]}""", "The request field 'distance' is float64 in one on-demand view and int64 in 'other_distance@1.0.0'")]
    public void A_mistake_in_the_request_says_what_would_be_right(string body, string says)
    {
        var thrown = Assert.ThrowsAny<LockstepException>(() => _world.Post(body));
        Assert.Equal(ErrorKind.BadArguments, thrown.Kind);
        Assert.Contains(says, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S20_what_reads_the_request_or_the_clock_is_never_answered_from_the_cache_and_the_rest_is()
    {
        Assert.True(Cached("""{"features":["stored_only:*"],"entities":[{"airport":"JFK"}]}"""));
        Assert.False(Cached("""{"features":["stored_only:*","clock_only:at"],"entities":[{"airport":"JFK"}]}"""));
        Assert.False(Cached("{\"features\":[\"trip:*\"],\"entities\":[{\"airport\":\"JFK\"}]," + Request + "}"));

        bool Cached(string body)
        {
            for (var i = 0; i < 3; i++) _world.Post(body);
            var request = _world.Server.Rent();
            Runtime.Serving.Json.OnlineRequestJson.Read(System.Text.Encoding.UTF8.GetBytes(body), _world.Server.Current, request, 10, _world.Now);
            try
            {
                return request.Answer(0) is not null;
            }
            finally
            {
                _world.Server.Return(request);
            }
        }
    }

    [Fact]
    public void A_cached_row_of_computed_features_ends_with_the_ttl_of_what_they_read()
    {
        const string Body = """{"features":["stored_only:warm"],"entities":[{"airport":"JFK"}]}""";
        for (var i = 0; i < 3; i++) Assert.StartsWith("{\"values\":[true]", Rows(Body), StringComparison.Ordinal);
        _world.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.StartsWith("{\"values\":[true]", Rows(Body), StringComparison.Ordinal);
        _world.Clock.Advance(TimeSpan.FromMicroseconds(1));
        Assert.StartsWith("{\"values\":[false]", Rows(Body), StringComparison.Ordinal); // 5, the default, is not warm
    }

    [Fact]
    public async Task Tools_give_typed_values()
    {
        var answer = await _world.Server.GetAsync(FeatureQuery.OfFeatures(["trip:far", "weather:temp"]), [new Dictionary<string, Value> { ["airport"] = Value.Of("JFK") }], CancellationToken.None,
            [new Dictionary<string, Value> { ["distance"] = Value.Of(2000d) }]);
        Assert.Equal([new(Value.Of(true), FeatureStatus.Present, null), new(Value.Of(20d), FeatureStatus.Present, _world.Now - Instant.Minute)], answer.Rows[0]);
        await Assert.ThrowsAsync<LockstepException>(async () => await _world.Server.GetAsync(FeatureQuery.OfFeatures(["trip:far"]), [new Dictionary<string, Value>()], CancellationToken.None,
            [new Dictionary<string, Value> { ["distance"] = Value.Of("2000") }]));
    }

    [Fact]
    public void Memory_that_one_large_request_needed_is_let_go()
    {
        var plan = ServingPlan.Compile(WithYaml.Of(_world.Server.Current.Catalog, "kind: on_demand_view\nname: texts\nrequest: { text: string }\nfeatures: { loud: \"upper(text) || text\" }"), FeatureQuery.OfFeatures(["texts:loud"]));
        Assert.True(IsKept("a"));
        Assert.False(IsKept(new string('a', 400_000)));

        bool IsKept(string text)
        {
            var request = _world.Server.Rent();
            request.Begin(plan, _world.Now);
            request.AddRow([]);
            var state = plan.OnDemand!.Rent();
            state.Begin();
            state.Requests.AppendRow(Value.Of(text));
            state.Compute(request, 0);
            Assert.Equal(Value.Of(text.ToUpperInvariant() + text), state.Row(0).GetValue(0));
            _world.Server.Return(request);
            state.Begin();
            return state.IsWorthKeeping;
        }
    }

    [Theory, InlineData("trip:chill"), InlineData("trip:far"), InlineData("trip:wait_s"), InlineData("trip:label"), InlineData("fields_only:parts"), InlineData("clock_only:at"), InlineData("trip:*")]
    public void A_computed_feature_allocates_nothing_once_it_is_warm(string feature)
    {
        var server = _world.Server;
        var plain = ServingPlan.Compile(server.Current.Catalog, FeatureQuery.OfFeatures(["weather:*"]));
        var computed = ServingPlan.Compile(server.Current.Catalog, FeatureQuery.OfFeatures(["weather:*", feature]));
        Assert.True(Answer(computed).Length > Answer(plain).Length);
        Assert.Equal(BytesOf(plain), BytesOf(computed));

        string Answer(ServingPlan plan)
        {
            var request = Run(plan);
            var answer = System.Text.Encoding.UTF8.GetString(Runtime.Serving.Json.OnlineResponseJson.ToArray(request));
            server.Return(request);
            return answer;
        }

        long BytesOf(ServingPlan plan)
        {
            for (var i = 0; i < 50; i++) server.Return(Run(plan));
            return Enumerable.Range(0, 5).Min(_ =>
            {
                // What the runtime allocates once, where it compiles a loop anew, is in one round and not in all.
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < 100; i++) server.Return(Run(plan));
                return GC.GetAllocatedBytesForCurrentThread() - before;
            });
        }

        ServingRequest Run(ServingPlan plan)
        {
            var request = server.Rent();
            request.Begin(plan, _world.Now);
            foreach (var airport in (ReadOnlySpan<string>)["JFK", "MIA"])
            {
                request.RowParts[0] = KeyParts.Write(request.Parts, Value.Of(airport));
                request.AddRow(request.RowParts);
            }
            var json = """{"distance":2475,"planned_at":"2026-11-01T12:30:00.5Z"}"""u8;
            Utf8JsonReader reader = new(json);
            reader.Read();
            if (plan.OnDemand is not null) Runtime.Serving.Json.JsonRequestFields.ReadRow(ref reader, json, plan.OnDemand, request.Requests!, 0);
            request.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return request;
        }
    }
}
