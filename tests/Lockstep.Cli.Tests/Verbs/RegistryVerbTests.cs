using System.Text.Json.Nodes;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>The verbs over the registry, on the smallest project.</summary>
public sealed class RegistryVerbTests : IDisposable
{
    const string Definitions = "features/machines.yaml";

    readonly TempFolder _temp = new();
    readonly Run _run;

    public RegistryVerbTests()
    {
        _run = new Run { Folder = _temp.Path, Variables = { ["LOCKSTEP_AUTHOR"] = "ana" } };
        _run.VerbAsync("init -t minimal").GetAwaiter().GetResult().Ok();
    }

    void Edit(string from, string to)
    {
        var text = File.ReadAllText(_temp[Definitions]);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(_temp[Definitions], text.Replace(from, to, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Validate_counts_what_is_right()
    {
        var run = (await _run.VerbAsync("validate")).Ok();
        Assert.Equal("Valid: 1 entity, 1 source, 1 view, 1 service.\n", run.Error);
        var json = (await _run.VerbAsync("validate --json")).Ok().Json;
        Assert.True((bool)json["valid"]!);
        Assert.Equal((1, 1, 1, 1), ((int)json["entities"]!, (int)json["sources"]!, (int)json["views"]!, (int)json["services"]!));
    }

    [Fact]
    public async Task Validate_reports_all_mistakes_as_data_with_exit_code_3()
    {
        Edit("entity: machine\nsource: readings", "entity: machin\nsource: reading");
        var run = await _run.VerbAsync("validate");
        Assert.Equal(ExitCode.DefinitionsInvalid, run.Code);
        var lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, l => l.StartsWith(Definitions, StringComparison.Ordinal) && l.Contains("'machin'", StringComparison.Ordinal) && l.Contains("'machine'", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("Did you mean 'readings'?", StringComparison.Ordinal));
        var json = await _run.VerbAsync("validate --json");
        Assert.Equal(ExitCode.DefinitionsInvalid, json.Code);
        Assert.Equal(lines.Length, json.Json["problems"]!.AsArray().Count);
        Assert.Equal((Definitions, "error"), ((string?)json.Json["problems"]![0]!["file"], (string?)json.Json["problems"]![0]!["severity"]));
        Assert.Equal(ExitCode.DefinitionsInvalid, (await _run.VerbAsync("plan")).Code);
        Assert.Equal(ExitCode.DefinitionsInvalid, (await _run.VerbAsync("apply --yes")).Code);
    }

    [Fact]
    public async Task Describe_says_by_what_a_feature_is_computed()
    {
        using var temp = new TempFolder();
        (await new Run { Folder = temp.Path }.VerbAsync("init flights -t flights")).Ok();
        var run = new Run { Folder = temp["flights"] };
        (await run.VerbAsync("apply --yes")).Ok();
        Assert.Contains("  late_24h           int64    count(*) where arr_delay > 30 over 24h\n  worst_24h          float64  percentile(arr_delay, q 0.95) over 24h\n", (await run.VerbAsync("describe carrier_delays")).Ok().Out, StringComparison.Ordinal);
        Assert.Contains("  long_haul    bool     distance > 1500\n", (await run.VerbAsync("describe flight_context")).Ok().Out, StringComparison.Ordinal);
        var plane = (await run.VerbAsync("describe value_view/plane --json")).Ok().Json[0]!["features"]!.AsArray();
        Assert.Equal(["year", null, null], plane.Select(f => (string?)f!["computed"]));
    }

    [Fact]
    public async Task Plan_apply_and_look()
    {
        var plan = (await _run.VerbAsync("plan")).Ok();
        Assert.Contains("+ value_view reading@1.0.0: new", plan.Out, StringComparison.Ordinal);
        Assert.Contains("lockstep apply", plan.Error, StringComparison.Ordinal);

        var apply = (await _run.VerbAsync("apply", "--yes", "--reason", "the first")).Ok();
        Assert.Contains("Applied as number 1: 4 objects.", apply.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing to change", (await _run.VerbAsync("plan")).Ok().Out, StringComparison.Ordinal);

        var list = (await _run.VerbAsync("list --json")).Ok().Json.AsArray();
        Assert.Equal(["machine", "readings", "reading", "failure"], list.Select(o => (string?)o!["name"]));
        Assert.Equal("machine", (string?)(await _run.VerbAsync("list entities --json")).Ok().Json[0]!["name"]);
        Assert.Contains("value_view", (await _run.VerbAsync("list views")).Ok().Out, StringComparison.Ordinal);

        var described = (await _run.VerbAsync("describe reading --json")).Ok().Json[0]!;
        Assert.Equal("feature_service failure@1", (string?)described["used_by"]![0]);
        Assert.Equal("machine", (string?)described["keys"]![0]!["name"]);
        var text = (await _run.VerbAsync("describe reading")).Ok().Out;
        Assert.Contains("value_view reading@1.0.0", text, StringComparison.Ordinal);
        Assert.Contains("temperature", text, StringComparison.Ordinal);
        Assert.Contains("by ana, apply 1: the first", text, StringComparison.Ordinal);

        Assert.Equal("reading", (string?)(await _run.VerbAsync("search temperature kind:value_view --json")).Ok().Json[0]!["object"]!["name"]);
        Assert.Contains("reading", (await _run.VerbAsync("search pressure")).Ok().Out, StringComparison.Ordinal);

        var history = (await _run.VerbAsync("history --json")).Ok().Json[0]!;
        Assert.Equal((1, "ana", "the first", "apply", 4), ((int)history["number"]!, (string?)history["author"], (string?)history["reason"], (string?)history["verb"], (int)history["changes"]!));
        Assert.Contains("the first", (await _run.VerbAsync("history")).Ok().Out, StringComparison.Ordinal);
        Assert.Equal("active", (string?)(await _run.VerbAsync("versions reading --json")).Ok().Json[0]!["state"]);
    }

    [Fact]
    public async Task A_changed_meaning_is_refused_and_a_new_version_stands_beside_the_old()
    {
        (await _run.VerbAsync("apply --yes")).Ok();
        Edit("ttl: 1d", "ttl: 2d");
        var refused = await _run.VerbAsync("plan");
        Assert.Equal(ExitCode.Conflict, refused.Code);
        Assert.Contains("! refused", refused.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Conflict, (await _run.VerbAsync("apply --yes")).Code);
        Assert.Single((await _run.VerbAsync("history --json")).Ok().Json.AsArray());

        Edit("name: reading\nversion: 1.0.0", "name: reading\nversion: 2.0.0");
        Assert.Contains("reading@2.0.0: new version; against reading@1.0.0", (await _run.VerbAsync("apply --yes")).Ok().Out, StringComparison.Ordinal);
        var diff = (await _run.VerbAsync("diff reading@1.0.0 reading@2.0.0 --json")).Ok().Json;
        Assert.False((bool)diff["same_meaning"]!);
        Assert.Equal(["ttl", "version"], diff["changes"]!.AsArray().Select(c => (string?)c!["path"]).Order(StringComparer.Ordinal));
        Assert.Contains("mean different things", (await _run.VerbAsync("diff reading@1.0.0 reading@2.0.0")).Ok().Error, StringComparison.Ordinal);

        // The service has pinned what it was applied with.
        Assert.Equal(ExitCode.Conflict, (await _run.VerbAsync("retire reading@1.0.0")).Code);
        Edit("name: failure\nversion: 1", "name: failure\nversion: 2");
        (await _run.VerbAsync("apply --yes")).Ok();
        (await _run.VerbAsync("retire failure@1")).Ok();
        Assert.Contains("Retired: value_view reading@1.0.0", (await _run.VerbAsync("retire reading@1.0.0")).Ok().Error, StringComparison.Ordinal);
        Assert.Equal(["retired", "active"], (await _run.VerbAsync("versions reading --json")).Ok().Json.AsArray().Select(v => (string?)v!["state"]));
        Assert.Contains("retired already", (await _run.VerbAsync("retire reading@1.0.0")).Ok().Error, StringComparison.Ordinal);

        (await _run.VerbAsync("apply --rollback 1 --yes")).Ok();
        Assert.Equal("rollback", (string?)(await _run.VerbAsync("history --json")).Ok().Json[0]!["verb"]);
        Assert.Equal(ExitCode.NotFound, (await _run.VerbAsync("apply --rollback 99 --yes")).Code);
    }

    [Fact]
    public async Task A_saved_plan_is_applied_as_it_is_and_refused_when_it_is_stale()
    {
        Assert.Contains("lockstep apply next.plan", (await _run.VerbAsync("plan --out next.plan")).Ok().Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(_temp["next.plan"]), (await _run.VerbAsync("plan --json")).Ok().Out);
        Assert.Contains("4 new", (await _run.VerbAsync("apply next.plan --yes")).Ok().Out, StringComparison.Ordinal);
        var stale = await _run.VerbAsync("apply next.plan --yes");
        Assert.Equal(ExitCode.Conflict, stale.Code);
        Assert.Equal(ExitCode.NotFound, (await _run.VerbAsync("apply other.plan --yes")).Code);
        File.WriteAllText(_temp["bad.plan"], "{}");
        Assert.Equal(ExitCode.BadArguments, (await _run.VerbAsync("apply bad.plan --yes")).Code);
    }

    [Theory]
    [InlineData("y\n", 0, 1)]
    [InlineData("\n", 1, 0)]
    [InlineData("no\n", 1, 0)]
    public async Task Apply_asks_a_person(string answer, int code, int applies)
    {
        var asked = await new Run { Folder = _temp.Path, Input = answer, InputIsTerminal = true }.VerbAsync("apply");
        Assert.Equal(code, asked.Code);
        Assert.Contains("Apply these changes? [y/N]", asked.Error, StringComparison.Ordinal);
        Assert.Equal(applies, (await _run.VerbAsync("history --json")).Ok().Json.AsArray().Count);
    }

    [Fact]
    public async Task Apply_without_a_person_wants_yes()
    {
        var run = await _run.VerbAsync("apply");
        Assert.Equal(ExitCode.BadArguments, run.Code);
        Assert.Contains("--yes", run.Error, StringComparison.Ordinal);
        Assert.Empty((await _run.VerbAsync("history --json")).Ok().Json.AsArray());
    }

    [Theory]
    [InlineData("describe readin", ExitCode.NotFound, "Did you mean 'reading'?")]
    [InlineData("versions nothing", ExitCode.NotFound, "'nothing' is not registered")]
    [InlineData("diff reading@1.0.0 reading@9.0.0", ExitCode.NotFound, "Versions: 1.0.0")]
    [InlineData("describe a@b@c", ExitCode.BadArguments, "does not name a registered object")]
    [InlineData("retire reading@1.0.0", ExitCode.Conflict, "feature_service failure@1")]
    public async Task A_wrong_name_says_what_would_be_right(string line, int code, string message)
    {
        (await _run.VerbAsync("apply --yes")).Ok();
        var run = await _run.VerbAsync(line);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task Outside_of_a_project_it_says_how_to_get_one()
    {
        using var elsewhere = new TempFolder();
        var run = await new Run { Folder = elsewhere.Path }.VerbAsync("list");
        Assert.Equal(ExitCode.NotFound, run.Code);
        Assert.Contains("lockstep init", run.Error, StringComparison.Ordinal);
        (await new Run { Folder = elsewhere.Path }.VerbAsync("list", "--project", _temp.Path)).Ok();
        Directory.CreateDirectory(_temp["a/b"]);
        (await new Run { Folder = _temp["a/b"] }.VerbAsync("list")).Ok();
        Assert.Equal(ExitCode.NotFound, (await new Run { Folder = elsewhere.Path }.VerbAsync("list", "--project", elsewhere["none"])).Code);
    }

    [Fact]
    public async Task Names_are_completed_from_the_registry()
    {
        (await _run.VerbAsync("apply --yes")).Ok();
        foreach (var (line, expected) in new[] { ($"lockstep describe --project {_temp.Path} read", "reading readings"), ($"lockstep get --project {_temp.Path} --service fai", "failure") })
        {
            var words = (await _run.VerbAsync("__complete", $"{line.Length}", line)).Ok().Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(expected, string.Join(' ', words.Order(StringComparer.Ordinal)));
        }
    }

    [Fact]
    public async Task An_empty_registry_is_no_error()
    {
        Assert.Contains("lockstep apply", (await _run.VerbAsync("list")).Ok().Error, StringComparison.Ordinal);
        Assert.Empty((await _run.VerbAsync("list --json")).Ok().Json.AsArray());
        Assert.Contains("Nothing was applied yet", (await _run.VerbAsync("history")).Ok().Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, (await _run.VerbAsync("get --service failure machine=press-1")).Code);
    }

    [Fact]
    public async Task Every_JSON_sample_has_the_keys_of_what_is_printed()
    {
        (await _run.VerbAsync("apply --yes")).Ok();
        foreach (var line in new[] { "validate", "list", "describe reading", "versions reading", "history", "diff reading reading", "search pressure", "version" })
        {
            var printed = (await _run.VerbAsync(line + " --json")).Ok().Json;
            var sample = JsonNode.Parse(new CommandLine().Find(line.Split(' ')[0])!.JsonSample!)!;
            Assert.Equal(Keys(sample), Keys(printed));
        }

        static string Keys(JsonNode node) => node is JsonArray list ? $"[{Keys(list[0]!)}]" : string.Join(',', node.AsObject().Select(p => p.Key));
    }

    public void Dispose() => _temp.Dispose();
}
