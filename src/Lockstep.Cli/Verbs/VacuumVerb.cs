using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Cli.Verbs;

/// <summary>Deletes what nothing needs any more: files of the offline store, and old cells and tables of the online store.</summary>
internal sealed class VacuumVerb : Verb
{
    readonly Option<string[]> _view = Completions.View(new("--view") { Description = "Only this view; may be repeated. Default: all", HelpName = "name" });
    readonly Option<string?> _retention = new("--retention") { Description = $"Keep what was current within this time. Default: {DeltaTable.DefaultRetention.TotalDays:0}d", HelpName = "duration" };
    readonly Option<bool> _dryRun = new("--dry-run") { Description = "Only say which files would be deleted; leave the online store alone" };

    public override string Name => "vacuum";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Delete what nothing needs any more, offline and online";
    public override string Details => "Training sets made with `--again` need the files that they read: what is older than the retention cannot be read again. Online, rows that can no longer be asked for go, and tables of retired versions; a server does that once an hour by itself.";
    public override IReadOnlyList<Option> Options => [_view, _retention, _dryRun];
    public override IReadOnlyList<Example> Examples => [new("lockstep vacuum --dry-run", "look"), new("lockstep vacuum --retention 30d", "keep a month")];
    public override string WhenInterrupted => "Files that were deleted were needed by nothing; run it again to go on.";

    public override string JsonSample => """
        { "dry_run": false, "tables": [ { "view": "last_arrival@1.0.0", "files": 3, "bytes": 120345 } ], "online": [ { "view": "weather@1.0.0", "shrunk": 120, "removed": 3, "dropped": 0 }, { "view": "weather@0.9.0", "shrunk": 0, "removed": 0, "dropped": 2000 } ] }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        TimeSpan? retention = null;
        if (context.Get(_retention) is { } text)
            retention = Duration.TryParse(text, out var micros) ? TimeSpan.FromMicroseconds(micros)
                : throw new LockstepException(ErrorKind.BadArguments, $"'{text}' is no retention. Write {Duration.Known}.");
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        var wanted = context.Get(_view) ?? [];
        foreach (var name in wanted.Where(n => catalog.VersionsOf(n).Count == 0))
            throw new LockstepException(ErrorKind.NotFound, $"There is no view '{name}'.{NearestName.Hint(name, catalog.Views.Select(v => v.Name), "Views")}");
        var dryRun = context.Get(_dryRun);
        List<(string View, VacuumResult Result)> done = [];
        foreach (var view in catalog.Views.Where(v => (wanted.Length == 0 || wanted.Contains(v.Name)) && host.OfflineStore.Has(v)))
            done.Add((view.Id, host.OfflineStore.Table(view).Vacuum(retention, dryRun, token)));
        var online = dryRun ? new([], []) : await OnlineUpkeep.RunAsync(host.OnlineStore, catalog, host.Clock, token, wanted);
        if (context.Json)
            context.WriteJson(new JsonObject
            {
                ["dry_run"] = dryRun,
                ["tables"] = RegistryJson.List(done, d => new JsonObject { ["view"] = d.View, ["files"] = d.Result.Files.Count, ["bytes"] = d.Result.Bytes }),
                ["online"] = RegistryJson.List([.. online.Cleaned.Select(c => (c.View, c.Taken, Dropped: 0L)), .. online.Dropped.Select(t => (View: t.Name, Taken: default(CleanupReport), Dropped: t.Cells))],
                    o => new JsonObject { ["view"] = o.View, ["shrunk"] = o.Taken.Shrunk, ["removed"] = o.Taken.Removed, ["dropped"] = o.Dropped }),
            });
        else if (done.Count > 0)
        {
            var table = new TextTable("view", "files", "size").Right(1, 2);
            foreach (var (view, result) in done) table.Add(view, Words.Number(result.Files.Count), Words.Bytes(result.Bytes));
            table.Write(context.Console);
        }
        context.Say(done.Count == 0 ? "The offline store has no tables: only views by SQL are stored there." : $"{(dryRun ? "Would delete" : "Deleted")} {Words.Count(done.Sum(d => (long)d.Result.Files.Count), "file")}, {Words.Bytes(done.Sum(d => d.Result.Bytes))}.");
        foreach (var (view, taken) in online.Cleaned) context.Say($"Online, {view}: {Words.Count(taken.Shrunk, "cell")} made smaller, {Words.Number(taken.Removed)} removed.");
        foreach (var table in online.Dropped) context.Say($"Online, {table.Name}: retired, its table of {Words.Count(table.Cells, "cell")} dropped.");
        return ExitCode.Done;
    }
}
