using System.Text.Json.Nodes;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>The verbs over data, on the smallest project. Its readings are few enough to know every answer.</summary>
public sealed class DataVerbTests : IDisposable
{
    readonly TempFolder _temp = new();
    readonly Run _run;

    public DataVerbTests()
    {
        _run = new Run { Folder = _temp.Path };
        _run.VerbAsync("init -t minimal").GetAwaiter().GetResult().Ok();
        _run.VerbAsync("apply --yes").GetAwaiter().GetResult().Ok();
    }

    [Fact]
    public async Task S18_a_training_set_has_every_label_in_order_with_the_values_of_its_instant()
    {
        var run = (await _run.VerbAsync("training-set --spine labels.csv --service failure --out train.csv")).Ok();
        Assert.Equal(
            """
            machine,event_timestamp,failed,temperature,pressure
            press-1,2026-01-05T08:59:59Z,false,61.5,2.1
            press-1,2026-01-05T10:00:00Z,true,70,2.9
            press-2,2026-01-05T09:30:00Z,false,,2
            press-3,2026-01-05T09:30:00Z,false,,
            """.ReplaceLineEndings("\n") + "\n", File.ReadAllText(_temp["train.csv"]).ReplaceLineEndings("\n"));
        Assert.Contains("Wrote train.csv: 4 rows × 5 columns", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(_temp["train.csv.lockstep.json"]));
    }

    [Fact]
    public async Task Formats_names_and_selections_can_be_chosen()
    {
        (await _run.VerbAsync("training-set --spine labels.csv --features reading:pressure --full-names --out a.jsonl")).Ok();
        var first = JsonNode.Parse(File.ReadLines(_temp["a.jsonl"]).First())!.AsObject();
        Assert.Equal(["machine", "event_timestamp", "failed", "reading__pressure"], first.Select(p => p.Key));
        (await _run.VerbAsync("training-set --spine a.jsonl --features reading@1:* --out b.parquet")).Ok();
        (await _run.VerbAsync("training-set --spine b.parquet --features reading:temperature --full-names --out c.json --json")).Ok();
        Assert.Equal(4, JsonNode.Parse(File.ReadAllText(_temp["c.json"]))!.AsArray().Count);
    }

    [Fact]
    public async Task S19_the_proof_runs_without_an_output_and_says_what_it_did()
    {
        var run = (await _run.VerbAsync("training-set --spine labels.csv --service failure --prove --cuts 2")).Ok();
        Assert.Contains("made 3 times", run.Out, StringComparison.Ordinal);
        Assert.Contains("(S19)", run.Out, StringComparison.Ordinal);
        var json = (await _run.VerbAsync("training-set --spine labels.csv --service failure --prove --json")).Ok().Json;
        Assert.True((bool)json["proof"]!["holds"]!);
        Assert.Null(json["out"]);
    }

    [Fact]
    public async Task S19_a_training_set_is_made_again_from_what_it_read()
    {
        (await _run.VerbAsync("training-set --spine labels.csv --service failure --out one.parquet")).Ok();
        (await _run.VerbAsync("training-set --spine labels.csv --again one.parquet --out two.parquet")).Ok();
        Assert.Equal(File.ReadAllBytes(_temp["one.parquet"]), File.ReadAllBytes(_temp["two.parquet"]));
    }

    [Theory]
    [InlineData("training-set --spine labels.csv --service failure", ExitCode.BadArguments, "--out <file>")]
    [InlineData("training-set --service failure --out x.csv", ExitCode.BadArguments, "--spine")]
    [InlineData("training-set --spine labels.csv --out x.csv", ExitCode.BadArguments, "--service <name>, or --features")]
    [InlineData("training-set --spine labels.csv --service failure --features reading:* --out x.csv", ExitCode.BadArguments, "not for both")]
    [InlineData("training-set --spine none.csv --service failure --out x.csv", ExitCode.NotFound, "There is no spine at")]
    [InlineData("training-set --spine labels.csv --service failur --out x.csv", ExitCode.NotFound, "Did you mean 'failure'?")]
    [InlineData("training-set --spine labels.csv --features reading:presure --out x.csv", ExitCode.NotFound, "Did you mean 'pressure'?")]
    [InlineData("training-set --spine labels.csv --service failure --out x.txt", ExitCode.BadArguments, "Name it .parquet, .csv, .jsonl or .json")]
    [InlineData("training-set --spine labels.csv --service failure --timestamp at --out x.csv", ExitCode.BadArguments, "at")]
    [InlineData("get --service failure machne=press-1", ExitCode.BadArguments, "Did you mean 'machine'?")]
    [InlineData("get --service failure", ExitCode.BadArguments, "The key 'machine' is missing")]
    [InlineData("get --service failure machine=a machine=b", ExitCode.BadArguments, "given twice")]
    [InlineData("get --service failure machine", ExitCode.BadArguments, "Write name=value, such as machine=")]
    [InlineData("get --service failure machine=press-1 --at yesterday", ExitCode.BadArguments, "'yesterday' is no instant")]
    [InlineData("get machine=press-1", ExitCode.BadArguments, "--service <name>, or --features")]
    [InlineData("verify --view readng", ExitCode.NotFound, "Did you mean 'reading'?")]
    [InlineData("verify --sample 0", ExitCode.BadArguments, "Ask for 1 or more")]
    [InlineData("verify --at 2999-01-01", ExitCode.BadArguments, "is still to come")]
    [InlineData("vacuum --retention soon", ExitCode.BadArguments, "'soon' is no retention")]
    [InlineData("vacuum --view readng", ExitCode.NotFound, "Did you mean 'reading'?")]
    public async Task A_mistake_is_named_and_nothing_is_written(string line, int code, string message)
    {
        var run = await _run.VerbAsync(line);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_temp.Path, "x.*"));
    }

    [Fact]
    public async Task S20_a_vector_of_history_has_the_values_and_statuses_of_its_instant()
    {
        Assert.Equal("[70,2.9] [\"PRESENT\",\"PRESENT\"] 2026-01-05T10:00:00Z", await AtAsync("press-1", "2026-01-05T10:00:00Z"));
        Assert.Equal("[63.25,2.2] [\"PRESENT\",\"PRESENT\"] 2026-01-05T09:00:00Z", await AtAsync("press-1", "2026-01-05T09:59:59.999999Z"));
        Assert.Equal("[null,2] [\"NULL_VALUE\",\"PRESENT\"] 2026-01-05T09:30:00Z", await AtAsync("press-2", "2026-01-05T12:00:00Z"));
        Assert.Equal("[null,null] [\"OUTSIDE_MAX_AGE\",\"OUTSIDE_MAX_AGE\"] 2026-01-05T10:00:00Z", await AtAsync("press-1", "2026-01-06T10:00:00.000001Z"));
        Assert.Equal("[70,2.9] [\"PRESENT\",\"PRESENT\"] 2026-01-05T10:00:00Z", await AtAsync("press-1", "2026-01-06T10:00:00Z"));
        Assert.Equal("[null,null] [\"NOT_FOUND\",\"NOT_FOUND\"] -", await AtAsync("press-9", "2026-01-05T10:00:00Z"));

        async Task<string> AtAsync(string machine, string at)
        {
            var json = (await _run.VerbAsync("get", "--service", "failure", $"machine={machine}", "--at", at, "--json")).Ok().Json;
            Assert.Equal("1.0.0", (string?)json["metadata"]!["versions"]!["reading"]);
            return $"{json["rows"]![0]!["values"]!.ToJsonString()} {json["rows"]![0]!["statuses"]!.ToJsonString()} {(string?)json["rows"]![0]!["event_timestamps"]![0] ?? "-"}";
        }
    }

    [Fact]
    public async Task S20_a_default_stands_for_what_is_missing_and_the_status_tells_why()
    {
        var file = _temp["features/machines.yaml"];
        File.WriteAllText(file, File.ReadAllText(file).Replace("version: 1.0.0", "version: 1.1.0", StringComparison.Ordinal).Replace("  temperature: float64", "  temperature: { type: float64, default: 20 }", StringComparison.Ordinal));
        (await _run.VerbAsync("apply --yes")).Ok();
        var json = (await _run.VerbAsync("get --features reading:temperature machine=press-2 --at 2026-01-05T12:00:00Z --json")).Ok().Json;
        Assert.Equal("[20] [\"NULL_VALUE\"]", $"{json["rows"]![0]!["values"]!.ToJsonString()} {json["rows"]![0]!["statuses"]!.ToJsonString()}");
    }

    [Fact]
    public async Task A_vector_is_printed_as_a_table()
    {
        var run = (await _run.VerbAsync("get --service failure machine=press-1 --at 2026-01-05T10:00:00Z")).Ok();
        Assert.Equal("feature      value  status   event timestamp\ntemperature  70     PRESENT  2026-01-05T10:00:00Z\npressure     2.9    PRESENT  2026-01-05T10:00:00Z\n", run.Out);
        Assert.Equal("as of 2026-01-05T10:00:00Z, reading@1.0.0\n", run.Error);
    }

    [Fact]
    public async Task A_view_that_is_not_served_has_a_history()
    {
        var file = _temp["features/machines.yaml"];
        File.WriteAllText(file, File.ReadAllText(file).Replace("ttl: 1d", "ttl: 1d\nonline: false", StringComparison.Ordinal).Replace("version: 1.0.0", "version: 1.1.0", StringComparison.Ordinal));
        (await _run.VerbAsync("apply --yes")).Ok();
        Assert.Equal(ExitCode.BadArguments, (await _run.VerbAsync("get --features reading:pressure machine=press-1")).Code);
        Assert.Equal(2.9, (double)(await _run.VerbAsync("get --features reading:pressure machine=press-1 --at 2026-01-05T10:00:00Z --json")).Ok().Json["rows"]![0]!["values"]![0]!);
    }

    [Fact]
    public async Task S7_materialize_takes_what_changed_and_a_vector_follows()
    {
        Assert.Equal("[\"NOT_FOUND\",\"NOT_FOUND\"]", await StatusesAsync());
        var first = (await _run.VerbAsync("materialize --json")).Ok().Json;
        Assert.Equal((true, "reading@1.0.0", "whole", 5, 2), ((bool)first["succeeded"]!, (string?)first["views"]![0]!["view"], (string?)first["views"]![0]!["mode"], (int)first["views"]![0]!["rows_read"]!, (int)first["views"]![0]!["keys"]!));
        Assert.Equal("[\"OUTSIDE_MAX_AGE\",\"OUTSIDE_MAX_AGE\"]", await StatusesAsync());

        var again = (await _run.VerbAsync("materialize")).Ok();
        Assert.Contains("nothing: the source is as the last run read it", again.Out, StringComparison.Ordinal);
        Assert.Contains("Done: 0 rows read", again.Error, StringComparison.Ordinal);

        File.AppendAllText(_temp["raw/readings.csv"], $"press-1,{DateTime.UtcNow.AddMinutes(-1):yyyy-MM-ddTHH:mm:ssZ},71,3\n");
        (await _run.VerbAsync("materialize --view reading")).Ok();
        Assert.Equal("[\"PRESENT\",\"PRESENT\"]", await StatusesAsync());

        var runs = (await _run.VerbAsync("runs --json")).Ok().Json.AsArray();
        Assert.Equal(["finished", "finished", "finished"], runs.Select(r => (string?)r!["state"]));
        Assert.Equal([3, 2, 1], runs.Select(r => (int)r!["run"]!));
        Assert.Contains("reading@1.0.0", (await _run.VerbAsync("runs --limit 1")).Ok().Out, StringComparison.Ordinal);

        async Task<string> StatusesAsync() => (await _run.VerbAsync("get --service failure machine=press-1 --json")).Ok().Json["rows"]![0]!["statuses"]!.ToJsonString();
    }

    [Theory]
    [InlineData("materialize --view readng", ExitCode.NotFound, "Did you mean 'reading'?")]
    [InlineData("materialize --from yesterday", ExitCode.BadArguments, "'yesterday' is no instant")]
    [InlineData("materialize --from 2026-01-02 --to 2026-01-01", ExitCode.BadArguments, "before the beginning")]
    public async Task What_cannot_be_materialized_is_named(string line, int code, string message)
    {
        var run = await _run.VerbAsync(line);
        Assert.Equal((code, ""), (run.Code, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing was materialized yet", (await _run.VerbAsync("runs")).Ok().Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_view_that_fails_is_named_with_what_is_wrong_in_its_data()
    {
        File.AppendAllText(_temp["raw/readings.csv"], "press-1,2026-01-05T11:00:00Z,warm,3\n");
        var run = await _run.VerbAsync("materialize");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("'warm'", run.Error, StringComparison.Ordinal);
        Assert.Contains("readings.csv", run.Error, StringComparison.Ordinal);
        var json = await _run.VerbAsync("materialize --json");
        Assert.False((bool)json.Json["succeeded"]!);
        Assert.Contains("'warm'", (string?)json.Json["views"]![0]!["error"], StringComparison.Ordinal);
        Assert.Equal("failed", (string?)(await _run.VerbAsync("runs --json")).Ok().Json[0]!["state"]);
    }

    [Fact]
    public async Task Environments_are_kept_apart()
    {
        File.AppendAllText(_temp["lockstep.yaml"], "environments: { dev: { registry: data/dev.db, online_store: \"embedded:data/dev-online.db\" } }\n");
        Assert.Empty((await _run.VerbAsync("list --env dev --json")).Ok().Json.AsArray());
        (await _run.VerbAsync("apply --env dev --yes")).Ok();
        (await _run.VerbAsync("materialize --env dev")).Ok();
        Assert.Equal("OUTSIDE_MAX_AGE", await StatusAsync("--env dev"));
        Assert.Equal("NOT_FOUND", await StatusAsync(""));
        Assert.Empty((await _run.VerbAsync("runs --json")).Ok().Json.AsArray());
        var unknown = await _run.VerbAsync("list --env prd");
        Assert.NotEqual(ExitCode.Done, unknown.Code);
        Assert.Contains("dev", unknown.Error, StringComparison.Ordinal);

        async Task<string?> StatusAsync(string options) => (string?)(await _run.VerbAsync($"get --service failure machine=press-1 --json {options}")).Ok().Json["rows"]![0]!["statuses"]![0];
    }

    [Fact]
    public async Task Explain_says_what_is_read()
    {
        var text = (await _run.VerbAsync("explain --service failure")).Ok().Out;
        Assert.Contains("the newest with t - 1d <= read_at <= t", text, StringComparison.Ordinal);
        Assert.Contains("source readings, raw/readings.csv: 1 file (csv)", text, StringComparison.Ordinal);
        var json = (await _run.VerbAsync("explain --features reading:pressure --json")).Ok().Json;
        Assert.Equal(("1d", "reading@1.0.0"), ((string?)json["lookups"]![0]!["ttl"], (string?)json["lookups"]![0]!["serving"]!["table"]));
        Assert.Equal(ExitCode.NotFound, (await _run.VerbAsync("explain --service failur")).Code);
    }

    [Fact]
    public async Task A_view_by_SQL_is_stored_and_vacuumed()
    {
        File.AppendAllText(_temp["features/machines.yaml"], """
            ---
            kind: value_view
            name: warmest
            entity: machine
            sql: select machine, read_at, temperature * 2 as twice from readings
            timestamp: read_at
            features: { twice: float64 }
            """);
        (await _run.VerbAsync("apply --yes")).Ok();
        Assert.Contains("no run has stored its rows yet", (await _run.VerbAsync("explain --features warmest:*")).Ok().Out, StringComparison.Ordinal);
        (await _run.VerbAsync("materialize")).Ok();
        Assert.Equal(140, (double)(await _run.VerbAsync("get --features warmest:twice machine=press-1 --json")).Ok().Json["rows"]![0]!["values"]![0]!);
        var vacuum = (await _run.VerbAsync("vacuum --dry-run --json")).Ok().Json;
        Assert.True((bool)vacuum["dry_run"]!);
        Assert.Equal(("warmest@1.0.0", 0), ((string?)vacuum["tables"]![0]!["view"], (int)vacuum["tables"]![0]!["files"]!));
        Assert.Contains("Deleted 0 files", (await _run.VerbAsync("vacuum --retention 30d")).Ok().Error, StringComparison.Ordinal);
        (await _run.VerbAsync("retire warmest")).Ok();
        Assert.Empty((await _run.VerbAsync("vacuum --dry-run --json")).Ok().Json["online"]!.AsArray());
        var online = (await _run.VerbAsync("vacuum --json")).Ok().Json["online"]!.AsArray();
        Assert.Equal("warmest@1.0.0", (string?)Assert.Single(online)!["view"]);
        Assert.True((int)online[0]!["dropped"]! > 1);
        Assert.Empty((await _run.VerbAsync("vacuum --json")).Ok().Json["online"]!.AsArray());
    }

    [Fact]
    public async Task S25_apply_records_where_the_table_ends_and_the_log_begins()
    {
        File.AppendAllText(_temp["features/machines.yaml"], "---\nkind: source\nname: live\ntable: { path: raw/readings.csv, timestamp: read_at }\nstream: { push: {} }\ncolumns: { machine: string, read_at: timestamp }\n---\nkind: aggregation_view\nname: heat\nentity: machine\nsource: live\nfeatures: { reports: { count: \"*\", windows: [24h] } }\n");
        (await _run.VerbAsync("apply --yes")).Ok();
        await using var host = Lockstep.Server.ProjectHost.Open(_temp.Path, null, static _ => null, TimeProvider.System);
        var end = Assert.Single(await host.Runs.EndsAsync("heat@1.0.0", CancellationToken.None));
        Assert.Equal("2026-01-05T00:00:00Z", Core.Rows.Instant.Format(end.End)); // the midnight before the newest reading
        (await _run.VerbAsync("apply --yes")).Ok();
        Assert.Single(await host.Runs.EndsAsync("heat@1.0.0", CancellationToken.None));
    }

    [Fact]
    public async Task Every_JSON_sample_has_the_keys_of_what_is_printed()
    {
        File.WriteAllText(_temp["features/hot.yaml"], "kind: on_demand_view\nname: hot\nrequest: { limit: float64 }\nfeatures: { is_hot: reading:temperature > limit }\n---\nkind: value_view\nname: warm\nentity: machine\nsource: readings\nwhere: temperature > -100\nexpect: [ warm ]\nfeatures: { warm: { type: bool, expression: temperature > 20 } }\n");
        File.WriteAllText(_temp["features/machines.yaml"], File.ReadAllText(_temp["features/machines.yaml"]).Replace("kind: value_view\n", "kind: value_view\nexpect: [ temperature > 1000 ]\n", StringComparison.Ordinal));
        (await _run.VerbAsync("apply --yes")).Ok();
        foreach (var line in new[] { "materialize", "runs", "explain --features warm:warm,hot:is_hot", "eval temperature>60 --view reading", "get --service failure machine=press-1", "training-set --spine labels.csv --service failure --prove --out t.csv" })
        {
            var printed = (await _run.VerbAsync(line + " --json")).Ok().Json;
            var sample = JsonNode.Parse(new CommandLine().Find(line.Split(' ')[0])!.JsonSample!)!;
            Assert.Equal(Keys(sample), Keys(printed));
        }
        (await _run.VerbAsync("verify")).Ok();
        File.AppendAllText(_temp["raw/readings.csv"], $"press-1,{DateTime.UtcNow.AddMinutes(-1):yyyy-MM-ddTHH:mm:ssZ},99,3\n");
        var different = await _run.VerbAsync("verify --json");
        Assert.Equal(ExitCode.Failed, different.Code);
        Assert.Equal(Keys(JsonNode.Parse(new CommandLine().Find("verify")!.JsonSample!)), Keys(different.Json));
        Assert.Contains("Bring online what has changed with: lockstep materialize", (await _run.VerbAsync("verify")).Error, StringComparison.Ordinal);

        static string Keys(JsonNode? node) => node switch
        {
            JsonArray { Count: > 0 } list when list[0] is JsonObject => $"[{Keys(list[0])}]",
            JsonObject map when map.ContainsKey("late_flight") || map.Count == 1 && map.First().Value is JsonValue => "{}",
            JsonObject map => $"{{{string.Join(',', map.Select(p => p.Key is "examples" or "definition" or "tags" ? p.Key : $"{p.Key}:{Keys(p.Value)}"))}}}",
            _ => "",
        };
    }

    public void Dispose() => _temp.Dispose();
}
