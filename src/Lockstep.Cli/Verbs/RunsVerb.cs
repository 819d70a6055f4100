using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Cli.Verbs;

/// <summary>The record of materializations.</summary>
internal sealed class RunsVerb : Verb
{
    readonly Option<string?> _view = new("--view") { Description = "Only of this view version, such as weather@1.0.0", HelpName = "name" };
    readonly Option<int> _limit = new("--limit", "-n") { Description = "How many. Default: 20", HelpName = "number", DefaultValueFactory = static _ => 20 };

    public override string Name => "runs";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "List the last materializations: when, what they took, how they ended";
    public override IReadOnlyList<Option> Options => [_view, _limit];

    public override string JsonSample => $$"""
        [
          {
            "run": 3, "view": "weather@1.0.0", "state": "finished", "mode": "added", "started_at": "2026-01-05T10:00:00Z", "ended_at": "2026-01-05T10:00:01Z",
            "from": null, "to": null, "full": false, "rows_read": 196, "rows_dropped": 0, "keys": 3, "keys_removed": 0, "rows_ahead": 0,
            "expectations": [ {{ExpectationLines.Sample}} ], "error": null
          }
        ]
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var runs = await host.Runs.ListAsync(context.Get(_view), context.Get(_limit), token);
        if (context.Json)
        {
            context.WriteJson(RegistryJson.List(runs, ToJson));
            return ExitCode.Done;
        }
        if (runs.Count == 0)
        {
            context.Say("Nothing was materialized yet.");
            return ExitCode.Done;
        }
        var table = new TextTable("run", "view", "state", "started", "took", "rows read", "dropped", "keys", "removed", "expected", "what").Right(0, 4, 5, 6, 7, 8);
        foreach (var run in runs)
            table.Add(Words.Number(run.Number), run.Start.View, RegistryJson.Word(run.State), Instant.Format(run.Start.StartedAt),
                run.End is { } end ? Words.Duration(TimeSpan.FromMicroseconds(end.EndedAt - run.Start.StartedAt)) : "",
                Words.Number(run.End?.RowsRead ?? 0), Words.Number(run.End?.RowsDropped ?? 0), Words.Number(run.End?.Keys ?? 0), Words.Number(run.End?.KeysRemoved ?? 0), ExpectationLines.Summary(run.End?.Expectations ?? []), run.End?.Error ?? (run.End is null ? "" : RegistryJson.Word(run.End.Mode)));
        table.Write(context.Console);
        return ExitCode.Done;
    }

    static JsonObject ToJson(RecordedRun run) => new()
    {
        ["run"] = run.Number,
        ["view"] = run.Start.View,
        ["state"] = RegistryJson.Word(run.State),
        ["mode"] = run.End is null ? null : RegistryJson.Word(run.End.Mode),
        ["started_at"] = Instant.Format(run.Start.StartedAt),
        ["ended_at"] = run.End is null ? null : Instant.Format(run.End.EndedAt),
        ["from"] = run.Start.From is { } from ? Instant.Format(from) : null,
        ["to"] = run.Start.To is { } to ? Instant.Format(to) : null,
        ["full"] = run.Start.Full,
        ["rows_read"] = run.End?.RowsRead ?? 0,
        ["rows_dropped"] = run.End?.RowsDropped ?? 0,
        ["keys"] = run.End?.Keys ?? 0,
        ["keys_removed"] = run.End?.KeysRemoved ?? 0,
        ["rows_ahead"] = run.End?.RowsAhead ?? 0,
        ["expectations"] = ExpectationJson.ToNode(run.End?.Expectations ?? []),
        ["error"] = run.End?.Error,
    };
}
