using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Expressions;
using Lockstep.Core.Tests.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Server.Tests;

/// <summary>
/// Random expressions over random rows through everything real: files, apply, materialize, HTTP on one side, files and a training set
/// of the same instant on the other.
/// </summary>
public sealed class OnDemandParityTests
{
    const string Now = "2026-11-01T12:00:00.123456Z";

    static readonly string[] s_stored = ["small", "f", "d", "share", "name", "day", "vector", "words"];

    static readonly Field[] s_requested = [.. RandomExpressions.Columns.Fields.Where(f => !s_stored.Contains(f.Name))];

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task S16_S22_a_served_value_has_the_bits_of_the_training_set_of_the_same_instant(int seed)
    {
        RandomValues values = new(seed);
        var expressions = Expressions(seed, 24);
        await using var project = TestProject.Create(Now, ("lockstep.yaml", "project: p"), ("features/all.yaml", Definitions(values, expressions)));
        var (ids, now) = (Enumerable.Range(0, 40).ToList(), Instant.Parse(Now));
        // Several rows a key, some to come, some older than the ttl; the last two keys have none at all.
        Schema source = new([new("id", FeatureType.Int64), new("at_", FeatureType.Timestamp), .. s_stored.Select(Column)]);
        Write(project, "rows.parquet", source, ids.SkipLast(2).SelectMany(id => Enumerable.Range(0, 3).Select(_ =>
            (Value[])[Value.Of((long)id), Value.Timestamp(now + values.Pick(-2 * Instant.Hour, -Instant.Hour, -1, 0, 1) - id), .. RandomExpressions.Row(values).Where((_, i) => s_stored.Contains(RandomExpressions.Columns[i].Name))])));
        List<(Value Id, Value[] Request)> spine = [.. ids.Select(id => (Value.Of((long)id), Request(values))), (Value.Null, Request(values))];
        Write(project, "spine.parquet", new([new("id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp), .. s_requested]),
            spine.Select(s => (Value[])[s.Id, Value.Timestamp(now), .. s.Request]));
        await project.ApplyAsync();
        await project.MaterializeAsync();
        await project.ServeAsync();

        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        var output = Path.Combine(project.Folder, "out.parquet");
        var report = project.Host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.File(Path.Combine(project.Folder, "spine.parquet")), Service = catalog.FindService("all"), FullNames = true, Output = new(output, TableFormat.Parquet) }, null, CancellationToken.None);
        var trained = Read(project, output, report.Columns).ConvertAll(r => r[(2 + s_requested.Length)..]);
        var types = report.Columns.Fields.Skip(2 + s_requested.Length).Select(f => f.Type).ToList();

        var typed = await project.Host.CreateFeatureServer(catalog).GetAsync(FeatureQuery.OfService("all", fullNames: true), [.. spine.Select(s => new Dictionary<string, Value> { ["id"] = s.Id })], CancellationToken.None,
            [.. spine.Select(s => s_requested.Select((f, i) => (f.Name, s.Request[i])).ToDictionary(r => r.Name, r => r.Item2))]);
        Assert.Equal(types, typed.Types);
        var (status, body) = await project.PostAsync("/api/v1/features/online", Body(spine));
        Assert.True(status == 200, body);
        using var http = JsonDocument.Parse(body);
        var present = 0;
        for (var row = 0; row < spine.Count; row++)
            for (var i = 0; i < types.Count; i++)
            {
                var what = $"seed {seed}, id {spine[row].Id}, {typed.Names[i]} = {(i < expressions.Count ? expressions[i] : "")}";
                Assert.True(trained[row][i] == typed.Rows[row][i].Value, $"{what}: trained {trained[row][i]}, served {typed.Rows[row][i].Value}");
                Assert.Equal(Json(trained[row][i]), http.RootElement.GetProperty("rows")[row].GetProperty("values")[i].GetRawText());
                if (typed.Rows[row][i].Status == FeatureStatus.Present) present++;
            }
        Assert.True(present > spine.Count * types.Count / 4, $"seed {seed}: only {present} values were there");
    }

    static List<string> Expressions(int seed, int count)
    {
        RandomExpressions random = new(seed);
        List<string> found = [];
        while (found.Count < count)
        {
            var text = random.Any(3);
            try
            {
                if (Binder.Bind(text, new Scope(RandomExpressions.Columns.Fields), new BoundTree()).Type is not null) found.Add(text);
            }
            catch (ExpressionException)
            {
                // not every random text is an expression
            }
        }
        return found;
    }

    // Stored columns under their own names, so that the expressions read requests and features alike; half of the stored ones have defaults.
    static string Definitions(RandomValues values, IReadOnlyList<string> expressions)
    {
        StringBuilder yaml = new("""
            kind: entity
            name: thing
            join_keys: { id: int64 }
            ---
            kind: source
            name: rows
            table: { path: rows.parquet, timestamp: at_ }
            ---
            kind: value_view
            name: rows
            entity: thing
            source: rows
            ttl: 90m
            features:

            """);
        foreach (var name in s_stored) yaml.Append($"  {name}: {{ type: \"{Column(name).Type}\"{Default(Column(name).Type)} }}\n");
        yaml.Append("---\nkind: on_demand_view\nname: calc\nrequest:\n");
        foreach (var field in s_requested) yaml.Append($"  {field.Name}: \"{field.Type}\"\n");
        yaml.Append("features:\n");
        for (var i = 0; i < expressions.Count; i++) yaml.Append($"  x{i}: {JsonSerializer.Serialize(expressions[i])}\n");
        foreach (var name in s_stored) yaml.Append($"  {name}: rows:{name}\n");
        yaml.Append("  at_request: now()\n---\nkind: feature_service\nname: all\nversion: 1\nfeatures: [ \"calc:*\", \"rows:*\" ]\n");
        return yaml.ToString();

        string Default(FeatureType type) => values.Random.Next(2) == 0 ? "" : type.Kind switch
        {
            TypeKind.List => type.Element!.Kind == TypeKind.String ? ", default: [\"x\", \"é\"]" : ", default: [0.5, 2]",
            TypeKind.String => ", default: \"none\"",
            TypeKind.Date => ", default: 2026-11-01",
            _ => ", default: 1",
        };
    }

    static Field Column(string name) => RandomExpressions.Columns[RandomExpressions.Columns.IndexOf(name)];

    static Value[] Request(RandomValues values) => [.. RandomExpressions.Row(values).Where((_, i) => !s_stored.Contains(RandomExpressions.Columns[i].Name))];

    static void Write(TestProject project, string name, Schema schema, IEnumerable<Value[]> rows)
    {
        using var writer = project.Host.Engine.CreateFile(new(Path.Combine(project.Folder, name), TableFormat.Parquet), schema, CancellationToken.None);
        var batch = new ColumnBatch(schema);
        foreach (var row in rows) batch.AppendRow(row);
        writer.Write(batch, CancellationToken.None);
        writer.Complete(CancellationToken.None);
    }

    static List<Value[]> Read(TestProject project, string path, Schema schema)
    {
        using var reader = project.Host.Engine.Scan(new() { Table = new() { Name = "out", Format = TableFormat.Parquet, Files = [new(path)] }, Columns = [.. schema.Fields.Select(f => new Runtime.Engine.ScanColumn(f.Name, f))], KeepOrder = true }, CancellationToken.None);
        List<Value[]> rows = [];
        var batch = new ColumnBatch(reader.Schema);
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }

    static string Body(List<(Value Id, Value[] Request)> spine) => new JsonObject
    {
        ["service"] = "all",
        ["full_names"] = true,
        ["entities"] = new JsonArray([.. spine.Select(s => new JsonObject { ["id"] = JsonNode.Parse(Json(s.Id)) })]),
        ["request"] = new JsonArray([.. spine.Select(s => new JsonObject(s_requested.Select((f, i) => KeyValuePair.Create(f.Name, JsonNode.Parse(Json(s.Request[i]))))))]),
    }.ToJsonString(JsonText.Options);

    static string Json(Value value)
    {
        Utf8Buffer to = new();
        PackedJson.Write<NativeDialect>(to, value);
        return Encoding.UTF8.GetString(to.Written);
    }
}
