using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Server.Tests;

/// <summary>
/// S22 through everything: views of every kind over a source with a table and a stream, applied, materialized, pushed to over HTTP while
/// days of the table arrive and the end moves; at every step what is served over HTTP is the training row of the instant, and verify agrees.
/// </summary>
public sealed class PipelineTests
{
    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user_id: int64 }
        ---
        kind: source
        name: clicks
        table: { path: "clicks/*.csv", timestamp: at, created: loaded_at }
        stream: { push: {} }
        columns: { user_id: int64, at: timestamp, loaded_at: timestamp, page: string, price: float64, net: { expression: "price * 0.8" } }
        where: price is null or price < 1000
        ---
        kind: source
        name: accounts
        table: { path: "accounts/*.csv", timestamp: since }
        ---
        kind: value_view
        name: last_click
        entity: user
        source: clicks
        ttl: 2d
        features: { page: string, price: { type: float64, default: 0 }, net: float64 }
        ---
        kind: aggregation_view
        name: spend
        entity: user
        source: clicks
        features:
          n: { count: "*", windows: [10m, 24h, 7d] }
          total: { sum: price, windows: [1h, 7d, lifetime], default: 0 }
          mean: { avg: net, windows: [24h] }
          spread: { stddev_samp: price, windows: [7d] }
          pages: { distinct_count: page, windows: [7d] }
          typical: { percentile: price, q: 0.5, windows: [24h] }
          latest: { last_n: page, n: 3, windows: [lifetime] }
          homes: { count: "*", where: "page = 'home'", windows: [3d] }
        ---
        kind: aggregation_view
        name: settled
        entity: user
        source: clicks
        delay: 90s
        features:
          total: { sum: net, windows: [1h, 30d] }
        ---
        kind: value_view
        name: account
        entity: user
        sql: select user_id, max(since) as since, sum(credit) as credit from accounts group by user_id
        timestamp: since
        features: { credit: float64 }
        ---
        kind: on_demand_view
        name: risk
        request: { amount: float64 }
        features:
          share: "amount / spend:total_7d"
          left: "account:credit - spend:total_lifetime - amount"
          idle: "date_diff('second', last_seen, now())"
          last_seen: "coalesce(try_cast('2026-03-01' as timestamp), now())"
          word: "concat(last_click:page, '/', cast(spend:n_24h as string))"
        ---
        kind: feature_service
        name: all
        version: 1
        features: [ "last_click:*", "spend:*", { view: settled, as: settled }, "account:*", "risk:*" ]
        """;

    static readonly long[] Users = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    [Theory, InlineData(1), InlineData(2)]
    public async Task S22_the_whole_pipeline_serves_the_training_row_of_the_instant_and_verify_agrees(int seed)
    {
        Random random = new(seed);
        var (now, known) = (Instant.Parse("2026-03-02T21:00:00Z"), 0); // users come up one after the other
        await using var project = TestProject.Create(Instant.Format(now), ("lockstep.yaml", "project: pipeline\n"), ("features/all.yaml", Definitions), ("clicks/day0.csv", Csv([Click(2), Click(9), Click(30)])), ("accounts/a.csv", "user_id,since,credit\n1,2026-03-01T00:00:00Z,10.1\n2,2026-03-01T00:00:00Z,0.7\n1,2026-03-02T00:00:00Z,0.3\n"));
        await project.ApplyAsync();
        await project.Host.RecordFirstEndsAsync(CancellationToken.None);
        await project.MaterializeAsync();
        await project.ServeAsync();
        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        List<string> pushed = [];
        var (ends, present) = (new HashSet<long>(), 0);
        for (var step = 0; step < 30; step++)
        {
            project.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(0, 8 * 3600_000) : random.Next(0, 90_000)));
            (now, known) = (Instant.Now(project.Clock), step);
            if (random.Next(3) > 0) await PushAsync([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Click(random.Next(3) == 0 ? random.Next(60) : random.NextDouble() / 2))]);
            if (random.Next(5) == 0)
            {
                // The table gets days, of which the log had some events; some of them are in both.
                File.WriteAllText(Path.Combine(project.Folder, "clicks", $"day{step}.csv"), Csv([.. pushed.TakeLast(3), .. Enumerable.Range(0, 5).Select(_ => Click(random.NextDouble() * 30))]));
                if (random.Next(2) == 0) File.WriteAllText(Path.Combine(project.Folder, "accounts", "a.csv"), string.Create(CultureInfo.InvariantCulture, $"user_id,since,credit\n1,2026-03-02T00:00:00Z,{random.Next(100) * 0.1}\n3,2026-03-02T01:00:00Z,5\n"));
                await project.MaterializeAsync();
            }
            await CompareAsync($"seed {seed}, step {step}");
            foreach (var end in await project.Host.Runs.EndsAsync("spend@1.0.0", CancellationToken.None)) ends.Add(end.End);
        }
        Assert.True(ends.Count > 1 && present > 1000, $"seed {seed}: {ends.Count} ends, {present} values");

        // A click of some hours ago, by its JSON.
        string Click(double hoursAgo) => string.Create(CultureInfo.InvariantCulture, $$"""{"user_id":{{random.Next(1, 3 + known / 5)}},"at":"{{Instant.Format(now - (long)(hoursAgo * Instant.Hour))}}","loaded_at":"{{Instant.Format(now)}}","page":{{(random.Next(6) == 0 ? "null" : random.Next(2) == 0 ? "\"home\"" : $"\"p{random.Next(4)}\"")}},"price":{{(random.Next(6) == 0 ? "null" : random.Next(12) == 0 ? "5000" : (random.Next(1, 100) * 0.1).ToString("R", CultureInfo.InvariantCulture))}}}""");

        async Task PushAsync(string[] clicks)
        {
            pushed.AddRange(clicks);
            var (status, body) = await project.PostAsync("/api/v1/sources/clicks/events", string.Join('\n', clicks), "application/x-ndjson");
            Assert.True(status == 200 && (bool)JsonNode.Parse(body)!["visible"]!, body);
        }

        async Task CompareAsync(string where)
        {
            var amounts = Users.Select(_ => random.Next(100) * 0.1).ToArray();
            var (status, body) = await project.PostAsync("/api/v1/features/online", new JsonObject
            {
                ["service"] = "all",
                ["full_names"] = true,
                ["entities"] = new JsonArray([.. Users.Select(u => new JsonObject { ["user_id"] = u })]),
                ["request"] = new JsonArray([.. amounts.Select(a => new JsonObject { ["amount"] = a })]),
            }.ToJsonString());
            Assert.True(status == 200, body);
            using var served = JsonDocument.Parse(body);
            using RowsReader spine = new(new([new("user_id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp), new("amount", FeatureType.Float64)]), Users.Zip(amounts, (u, a) => new[] { Value.Of(u), Value.Timestamp(now), Value.Of(a) }));
            RowsKeeper trained = new();
            var columns = project.Host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.Of(spine, "the labels"), Service = catalog.FindService("all"), FullNames = true, Writer = trained.For }, null, CancellationToken.None).Columns;
            for (var row = 0; row < Users.Length; row++)
                for (var i = 3; i < columns.Count; i++)
                {
                    var value = served.RootElement.GetProperty("rows")[row].GetProperty("values")[i - 3].GetRawText();
                    Assert.True(Json(trained.Rows[row][i]) == value, $"{where}, user {Users[row]} at {Instant.Format(now)}, {columns[i].Name}: served {value}, trained {Json(trained.Rows[row][i])}");
                    if (value != "null") present++;
                }
            var parity = await project.Host.Parity.RunAsync(new() { Catalog = catalog }, null, CancellationToken.None);
            Assert.True(parity.Views.Count == 4 && parity.Views.All(v => v.IsStored && v.Different == 0), $"{where}: {string.Join("; ", parity.Views.Select(v => $"{v.View} {v.Different} of {v.Values}: {string.Join(", ", v.Examples)}"))}");
        }
    }

    static string Csv(IEnumerable<string> clicks) => "user_id,at,loaded_at,page,price\n" + string.Concat(clicks.Select(c => JsonNode.Parse(c)!).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c["user_id"]},{c["at"]},{c["loaded_at"]},{c["page"]},{c["price"]?.ToJsonString()}\n")));

    static string Json(Value value)
    {
        Utf8Buffer to = new();
        PackedJson.Write<NativeDialect>(to, value);
        return Encoding.UTF8.GetString(to.Written);
    }
}
