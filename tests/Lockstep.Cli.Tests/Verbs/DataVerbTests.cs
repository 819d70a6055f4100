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

    public void Dispose() => _temp.Dispose();
}
