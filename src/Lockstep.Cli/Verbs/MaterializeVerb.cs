using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Cli.Verbs;

/// <summary>Brings value views online.</summary>
internal sealed class MaterializeVerb : Verb
{
    readonly Option<string[]> _view = Completions.View(new("--view") { Description = "Only this view, in all its versions, or one version (weather@1.0.0); may be repeated. Default: all that are served online", HelpName = "name" });
    readonly Option<string?> _from = new("--from") { Description = "Leave out rows before this instant; a later run without it takes them", HelpName = "instant" };
    readonly Option<string?> _to = new("--to") { Description = "Leave out rows after this instant; a later run takes them. Default: now", HelpName = "instant" };
    readonly Option<bool> _full = new("--full") { Description = "Compute everything afresh, whatever is recorded" };

    public override string Name => "materialize";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Fill the online store: by what changed since the last run, late rows and corrections included";
    public override string Details => "What a run has read is recorded (new and changed files, Delta commits), so the next one takes what came since. A run that was stopped or killed leaves nothing half done: run it again and it goes on. Serving goes on meanwhile. Views by SQL are computed once a run and stored offline, where training sets read them too.";
    public override IReadOnlyList<Option> Options => [_view, _from, _to, _full];
    public override IReadOnlyList<Example> Examples => [new("lockstep materialize", "what changed"), new("lockstep materialize --view weather --full", "one view, afresh")];
    public override string WhenInterrupted => "What was written stays and is right as far as it goes; run it again to go on.";

    public override string JsonSample => $$"""
        {
          "succeeded": true, "seconds": 0.52,
          "views": [
            {
              "view": "weather@1.0.0", "run": 3, "mode": "added", "reason": null, "rows_read": 196, "rows_dropped": 0, "keys": 3, "keys_removed": 0,
              "rows_ahead": 0, "rows_without_key": 0, "rows_without_time": 0, "non_finite": {},
              "expectations": [ {{ExpectationLines.Sample}} ],
              "started_at": "2026-01-05T10:00:00Z", "ended_at": "2026-01-05T10:00:01Z", "error": null
            }
          ]
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var console = context.Console;
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        var request = new MaterializeRequest
        {
            Catalog = catalog,
            Views = context.Get(_view) ?? [],
            From = Instants.Parse(context.Get(_from)),
            To = Instants.Parse(context.Get(_to)),
            Full = context.Get(_full),
        };
        var begin = console.Clock.GetTimestamp();
        var report = await ProgressDisplay.RunAsync(console, progress => host.Materializer.RunAsync(request, progress, token));
        var elapsed = console.Clock.GetElapsedTime(begin);
        if (context.Json) context.WriteJson(new JsonObject { ["succeeded"] = report.Succeeded, ["seconds"] = Math.Round(elapsed.TotalSeconds, 3), ["views"] = RegistryJson.List(report.Views, MaterializationJson.Of) });
        else Write(report, context);
        foreach (var view in report.Views.Where(v => v.Error is not null)) context.Say($"{console.ErrorPaint.Red("error:")} {view.View}: {view.Error!.Message}");
        context.Say(report.Views.Count == 0 ? "No registered view is served online from a table."
            : $"{(report.Succeeded ? console.ErrorPaint.Green("Done") : console.ErrorPaint.Red("Failed"))}: {Words.Count(report.Views.Sum(v => v.RowsRead), "row")} read, {Words.Count(report.Views.Sum(v => v.Keys), "key")} in {Words.Count(report.Views.Count, "view")} brought online in {Words.Duration(elapsed)}.");
        return report.Succeeded ? ExitCode.Done : (int)ErrorOf(report);
    }

    /// <summary>The kind that all failures share, or that it failed.</summary>
    static ErrorKind ErrorOf(MaterializeReport report)
        => report.Views.Select(v => v.Error).OfType<LockstepException>().Select(e => e.Kind).Distinct().ToList() is [var one] ? one : ErrorKind.Failed;

    static void Write(MaterializeReport report, VerbContext context)
    {
        if (report.Views.Count == 0) return;
        var table = new TextTable("view", "run", "rows read", "dropped", "keys", "removed", "ahead", "did").Right(1, 2, 3, 4, 5, 6);
        foreach (var view in report.Views)
            table.Add(view.View, Words.Number(view.Run), Words.Number(view.RowsRead), Words.Number(view.RowsDropped), Words.Number(view.Keys), Words.Number(view.KeysRemoved), Words.Number(view.RowsAhead), view.Error is null ? Did(view) : "failed");
        table.Write(context.Console);
        ExpectationLines.Write([.. report.Views.SelectMany(v => v.Expectations)], context.Console);
        foreach (var view in report.Views)
        {
            ExpectationLines.Warn(view.Expectations, context);
            if (view.RowsWithoutKey > 0) context.Warn($"{view.View}: {Words.Count(view.RowsWithoutKey, "row")} with a null in the key were left out: nobody can ask for them.");
            if (view.RowsWithoutTime > 0) context.Warn($"{view.View}: {Words.Count(view.RowsWithoutTime, "row")} without an event timestamp were left out: nobody knows when they hold.");
            foreach (var (feature, count) in view.NonFinite.Where(n => n.Value > 0)) context.Warn($"{view.View}: {Words.Count(count, "value")} of {feature} were not finite and read as null.");
        }
    }

    static string Did(ViewRunReport view) => view.Mode switch
    {
        RunMode.Nothing when view.TakenFrom is not null => $"tiles of {view.TakenFrom}",
        RunMode.Added or RunMode.Keys when view.TakenFrom is not null => $"tiles of {view.TakenFrom}, and what has changed since",
        RunMode.Nothing => "nothing" + Because(view),
        RunMode.Added => "what was added" + Because(view),
        RunMode.Keys => "changed keys",
        _ => "all" + Because(view),
    };

    static string Because(ViewRunReport view) => view.Reason is null ? "" : $": {view.Reason}";
}
