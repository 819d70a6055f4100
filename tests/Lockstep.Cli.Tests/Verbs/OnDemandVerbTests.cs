using System.Text.Json.Nodes;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>On-demand features through the verbs, on the smallest project.</summary>
public sealed class OnDemandVerbTests : IDisposable
{
    readonly TempFolder _temp = new();
    readonly Run _run;

    public OnDemandVerbTests()
    {
        _run = new Run { Folder = _temp.Path };
        _run.VerbAsync("init -t minimal").GetAwaiter().GetResult().Ok();
        File.WriteAllText(_temp["features/load.yaml"], """
            kind: on_demand_view
            name: load
            request: { limit: float64, since: timestamp }
            features:
              over: reading:temperature > limit
              margin: { expression: limit - reading:temperature, default: -1 }
              hours: seconds_between(since, now()) / 3600
            ---
            kind: feature_service
            name: both
            version: 1
            features: [ "reading:*", "load:*" ]
            """);
        _run.VerbAsync("apply --yes").GetAwaiter().GetResult().Ok();
    }

    static string[] Get(string machine, params string[] more) => ["get", "--service", "both", $"machine={machine}", "limit=65", "since=2026-01-05T08:00:00Z", "--json", .. more];

    static string Row(RunResult run) => run.Ok().Json["rows"]![0]!.ToJsonString();

    [Fact]
    public async Task S16_an_instant_of_the_past_is_answered_by_the_program_of_training_sets()
    {
        Assert.Equal("""{"values":[63.25,2.2,false,1.75,1],"statuses":["PRESENT","PRESENT","PRESENT","PRESENT","PRESENT"],"event_timestamps":["2026-01-05T09:00:00Z","2026-01-05T09:00:00Z",null,null,null]}""",
            Row(await _run.VerbAsync(Get("press-1", "--at", "2026-01-05T09:00:00Z"))));
        Assert.Equal("""{"values":[null,null,null,-1,1],"statuses":["NOT_FOUND","NOT_FOUND","NULL_VALUE","NULL_VALUE","PRESENT"],"event_timestamps":[null,null,null,null,null]}""",
            Row(await _run.VerbAsync(Get("press-9", "--at", "2026-01-05T09:00:00Z"))));

        File.WriteAllText(_temp["spine.csv"], "machine,event_timestamp,limit,since\npress-1,2026-01-05T09:00:00Z,65,2026-01-05T08:00:00Z\npress-9,2026-01-05T09:00:00Z,65,2026-01-05T08:00:00Z\n");
        (await _run.VerbAsync("training-set --spine spine.csv --features load:* --out train.csv")).Ok();
        var trained = File.ReadAllLines(_temp["train.csv"]).Skip(1).Select(l => string.Join(',', l.Split(',').Skip(4))).ToList();
        foreach (var (machine, row) in new[] { ("press-1", trained[0]), ("press-9", trained[1]) })
            Assert.Equal(row, string.Join(',', (await _run.VerbAsync(Get(machine, "--at", "2026-01-05T09:00:00Z"))).Ok().Json["rows"]![0]!["values"]!.AsArray().Skip(2).Select(v => v?.ToJsonString() ?? "")));
    }

    [Fact]
    public async Task S22_batch_scoring_is_a_training_set_of_now_and_gives_what_requests_get()
    {
        var now = Core.Rows.Instant.Format(Core.Rows.Instant.Now(TimeProvider.System));
        File.AppendAllText(_temp["raw/readings.csv"], $"press-1,{now},70,3\n");
        (await _run.VerbAsync("materialize")).Ok();
        File.WriteAllText(_temp["tonight.csv"], $"machine,event_timestamp,limit,since\npress-1,{now},65,2026-01-05T08:00:00Z\npress-2,{now},65,2026-01-05T08:00:00Z\nnobody,{now},65,2026-01-05T08:00:00Z\n");
        (await _run.VerbAsync("training-set --spine tonight.csv --features load:over,load:margin --out scored.jsonl")).Ok();
        var scored = File.ReadAllLines(_temp["scored.jsonl"]).Select(l => JsonNode.Parse(l)!).ToList();
        foreach (var row in scored)
        {
            var served = (await _run.VerbAsync(Get((string)row["machine"]!))).Ok().Json["rows"]![0]!["values"]!;
            Assert.Equal((row["over"]?.ToJsonString(), row["margin"]?.ToJsonString()), (served[2]?.ToJsonString(), served[3]?.ToJsonString()));
        }
        Assert.Equal(3, scored.Count);
        Assert.Contains(scored, r => r["over"] is not null);
    }

    [Fact]
    public async Task Describe_and_explain_say_what_is_read_and_who_reads_it()
    {
        var described = (await _run.VerbAsync("describe load")).Ok().Out;
        Assert.Matches("request +limit float64, since timestamp", described);
        Assert.Matches("reads +reading@1.0.0", described);
        Assert.Matches("used by +feature_service both@1", described);
        Assert.Contains("on_demand_view load@1.0.0", (await _run.VerbAsync("describe reading")).Ok().Out, StringComparison.Ordinal);

        var explained = (await _run.VerbAsync("explain --features load:over,load:hours")).Ok().Out;
        Assert.Matches("for expressions +temperature", explained);
        Assert.Contains("reading:temperature > limit", explained, StringComparison.Ordinal);
        Assert.Contains("reading@1.0.0:temperature", explained, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_field_that_nothing_asked_for_reads_may_be_given()
        => Assert.Equal("PRESENT", (string?)(await _run.VerbAsync("get --features load:over machine=press-1 limit=65 since=2026-01-05T08:00:00Z --at 2026-01-05T09:00:00Z --json")).Ok().Json["rows"]![0]!["statuses"]![0]);

    [Theory]
    [InlineData("get --features load:over machine=press-1 limit=65 since=noon", "'noon' is no value for request field 'since'")]
    [InlineData("get --features load:over machine=press-1", "The request field 'limit' is missing. Write limit=…; it is float64, a finite number.")]
    [InlineData("get --features load:over machine=press-1 limit=high", "'high' is no value for request field 'limit': it is float64, a finite number.")]
    [InlineData("get --features load:over machine=press-1 limit=1 limits=2", "There is no key or request field 'limits' here. Did you mean 'limit'?")]
    [InlineData("get --features load:over machine=press-1 --at 2026-01-05T09:00:00Z", "The request field 'limit' is missing.")]
    [InlineData("training-set --spine labels.csv --features load:* --out x.csv", "has no column 'limit', a request field (float64) of the on-demand features asked for.")]
    [InlineData("materialize --view load", "is computed at the request: there is nothing to materialize.")]
    public async Task A_mistake_says_what_would_be_right(string line, string says)
    {
        var run = await _run.VerbAsync(line);
        Assert.Equal(ExitCode.BadArguments, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _temp.Dispose();
}
