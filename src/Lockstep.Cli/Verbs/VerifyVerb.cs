using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Verification;

namespace Lockstep.Cli.Verbs;

/// <summary>Measures S22 on live data.</summary>
internal sealed class VerifyVerb : Verb
{
    readonly Option<string[]> _view = Completions.View(new("--view") { Description = "Only this view, or one version (weather@1.0.0); may be repeated. Default: all that are served online", HelpName = "name" });
    readonly Option<int> _sample = new("--sample") { Description = "Entities of each view. Default: 10000", HelpName = "number", DefaultValueFactory = static _ => 10_000 };
    readonly Option<string?> _at = new("--at") { Description = "The instant to compare at. Default: now", HelpName = "instant" };
    readonly Option<long> _seed = new("--seed") { Description = "Another number chooses other entities", HelpName = "number" };

    public override string Name => "verify";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "Hold the online store against the offline data: every value of a sample, bit for bit";
    public override string Details => """
        For each view a sample of its entities, from the online store and from the source, is served as a request would be, and made as a training set makes it, at one instant. Each difference is named with its cause, which explains the value: made again without what it names, the training set has what is served.

        - `never_materialized`, `older_version`: no run has brought the view online, or one of another meaning of it
        - `healing_due`: the table or the clock has moved on since the last run; `lockstep materialize` heals it
        - `behind`: events are logged and not applied yet; `lockstep serve` and `lockstep stream run` apply them
        - `late_event`: an event came after the instant of the comparison and belongs before it: no failure
        - `not_in_log`: the online store has applied events that the log does not hold
        - `ttl`: a row's features are gone online as past their ttl, by a clock that was ahead
        - `missing_row`, `unexplained`: nothing is online for the key, or something that nothing explains

        Exit code 1 when anything differs but by late events. At an earlier instant (`--at`) only those entities can be compared of which the online store can still tell: of values the row that stands, of windows a key that nothing was written to since; the others are counted.
        """;
    public override IReadOnlyList<Option> Options => [_view, _sample, _at, _seed];
    public override IReadOnlyList<Example> Examples => [new("lockstep verify", "all views"), new("lockstep verify --view weather --sample 100000", "one, thoroughly")];

    public override string JsonSample => """
        {
          "equal": false, "as_of": "2026-01-05T10:00:00Z",
          "views": [
            {
              "view": "weather@1.0.0", "stored": true, "keys": 3, "keys_not_kept": 0, "values": 15, "equal": 14, "different": 1, "causes": { "healing_due": 1 },
              "examples": [ { "key": { "airport": "JFK" }, "feature": "temp", "online": 39.02, "offline": 41, "cause": "healing_due" } ]
            }
          ]
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        ParityRequest request = new() { Catalog = catalog, Views = context.Get(_view) ?? [], Sample = context.Get(_sample), At = Instants.Parse(context.Get(_at)), Seed = (ulong)context.Get(_seed) };
        var report = await ProgressDisplay.RunAsync(context.Console, progress => host.Parity.RunAsync(request, progress, token));
        if (context.Json) context.WriteJson(ToJson(report));
        else Write(report, context);
        return report.IsEqual ? ExitCode.Done : ExitCode.Failed;
    }

    static void Write(ParityReport report, VerbContext context)
    {
        var paint = context.Console.ErrorPaint;
        var asOf = Instant.Format(report.AsOf);
        if (report.Views.Count == 0)
        {
            context.Say("No registered view is served online from a table.");
            return;
        }
        TextTable table = new("view", "entities", "values", "equal", "different", "cause");
        table.Right(1, 2, 3, 4);
        foreach (var view in report.Views)
            table.Add(view.View, Words.Number(view.Keys), Words.Number(view.Values), Words.Number(view.Equal), Words.Number(view.Different),
                !view.IsStored ? "no run has stored its rows" : string.Join(", ", view.Causes.Select(c => $"{Words.Number(c.Value)} {RegistryJson.Word(c.Key)}")));
        table.Write(context.Console);
        foreach (var view in report.Views)
        {
            foreach (var example in view.Examples)
                context.Say($"{view.View} {string.Join(" ", example.Key.Select(k => $"{k.Key}={k.Value}"))}: {example.Feature} is {example.Online} online, {example.Offline} offline ({RegistryJson.Word(example.Cause)})");
            if (view.NotKept > 0) context.Say($"{view.View}: {Words.Count(view.NotKept, "more entity", "more entities")} could not be compared: the online store does not keep rows as old as {asOf}.");
        }
        var values = report.Views.Sum(v => v.Values);
        context.Say(report.IsEqual
            ? $"{paint.Green("Equal")}: {Words.Count(values, "value")} as of {asOf}, the same bits online and offline."
            : $"{paint.Red("Different")}: {Words.Number(report.Views.Sum(v => v.Different))} of {Words.Count(values, "value")} as of {asOf}.{Advice(report)}");
    }

    static string Advice(ParityReport report)
    {
        var causes = report.Views.SelectMany(v => v.Causes.Keys).ToHashSet();
        List<string> advice = [];
        if (causes.Contains(DifferenceCause.Behind)) advice.Add("Apply what is logged with: lockstep serve, or lockstep stream run.");
        if (causes.Contains(DifferenceCause.NotInLog)) advice.Add("The log lacks events that are online: bring its folder back from a copy, or compute the view afresh without them.");
        if (causes.Overlaps([DifferenceCause.Unexplained, DifferenceCause.MissingRow, DifferenceCause.NotInLog, DifferenceCause.Ttl])) advice.Add("Compute the view afresh with: lockstep materialize --full");
        else if (causes.Overlaps([DifferenceCause.NeverMaterialized, DifferenceCause.OlderVersion, DifferenceCause.HealingDue])) advice.Add("Bring online what has changed with: lockstep materialize");
        return string.Concat(advice.Select(a => " " + a));
    }

    static JsonObject ToJson(ParityReport report) => new()
    {
        ["equal"] = report.IsEqual,
        ["as_of"] = Instant.Format(report.AsOf),
        ["views"] = RegistryJson.List(report.Views, view => new JsonObject
        {
            ["view"] = view.View,
            ["stored"] = view.IsStored,
            ["keys"] = view.Keys,
            ["keys_not_kept"] = view.NotKept,
            ["values"] = view.Values,
            ["equal"] = view.Equal,
            ["different"] = view.Different,
            ["causes"] = new JsonObject(view.Causes.Select(c => KeyValuePair.Create(RegistryJson.Word(c.Key), (JsonNode?)c.Value))),
            ["examples"] = RegistryJson.List(view.Examples, e => new JsonObject
            {
                ["key"] = new JsonObject(e.Key.Select(k => KeyValuePair.Create(k.Key, JsonValues.Of(k.Value)))),
                ["feature"] = e.Feature,
                ["online"] = JsonValues.Of(e.Online),
                ["offline"] = JsonValues.Of(e.Offline),
                ["cause"] = RegistryJson.Word(e.Cause),
            }),
        }),
    };
}
