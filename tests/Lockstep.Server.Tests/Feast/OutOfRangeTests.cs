using System.Text.Json.Nodes;

namespace Lockstep.Server.Tests.Feast;

public sealed class OutOfRangeTests
{
    /// <summary>The format's statuses are an enum of its protobuf, which has no such member: a client would fail to read the answer.</summary>
    [Fact]
    public async Task S20_what_is_out_of_range_is_a_null_value_in_feasts_format()
    {
        await using var project = TestProject.Create("2026-11-01T12:00:00Z", ("lockstep.yaml", "project: p\n"), ("rows.csv", "id,at,x\na,2026-11-01T11:59:59Z,1e300\n"), ("features/all.yaml", """
            kind: entity
            name: e
            join_keys: { id: string }
            ---
            kind: source
            name: s
            table: { path: rows.csv, timestamp: at }
            columns: { id: string, at: timestamp, x: float64 }
            ---
            kind: aggregation_view
            name: w
            entity: e
            source: s
            features: { total: { sum: x, windows: [1m] }, n: { count: "*", windows: [1m] } }
            """));
        await (await (await project.ApplyAsync()).MaterializeAsync()).ServeAsync();
        var (_, native) = await project.PostAsync("/api/v1/features/online", """{"features":["w:*"],"entities":[{"id":"a"}]}""");
        Assert.Contains("\"values\":[null,1],\"statuses\":[\"OUT_OF_RANGE\",\"PRESENT\"],\"event_timestamps\":[\"2026-11-01T11:59:59Z\"", native, StringComparison.Ordinal);
        var (status, body) = await project.PostAsync("/get-online-features", """{"features":["w:total_1m","w:n_1m"],"entities":{"id":["a"]}}""");
        Assert.True(status == 200, body);
        Assert.Equal(["""{"values":["a"],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z"]}""", """{"values":[null],"statuses":["NULL_VALUE"],"event_timestamps":["2026-11-01T11:59:59Z"]}""", """{"values":[1],"statuses":["PRESENT"],"event_timestamps":["2026-11-01T11:59:59Z"]}"""],
            JsonNode.Parse(body)!["results"]!.AsArray().Select(r => r!.ToJsonString()));
    }
}
