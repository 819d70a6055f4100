using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Cli.Verbs;

/// <summary>Deletes files of the offline store that no version within the retention needs.</summary>
internal sealed class VacuumVerb : Verb
{
    readonly Option<string[]> _view = Completions.View(new("--view") { Description = "Only this view; may be repeated. Default: all", HelpName = "name" });
    readonly Option<string?> _retention = new("--retention") { Description = $"Keep what was current within this time. Default: {DeltaTable.DefaultRetention.TotalDays:0}d", HelpName = "duration" };
    readonly Option<bool> _dryRun = new("--dry-run") { Description = "Only say what would be deleted" };

    public override string Name => "vacuum";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Delete files of the offline store that nothing needs any more";
    public override string Details => "Training sets made with `--again` need the files that they read: what is older than the retention cannot be read again.";
    public override IReadOnlyList<Option> Options => [_view, _retention, _dryRun];
    public override IReadOnlyList<Example> Examples => [new("lockstep vacuum --dry-run", "look"), new("lockstep vacuum --retention 30d", "keep a month")];
    public override string WhenInterrupted => "Files that were deleted were needed by nothing; run it again to go on.";

    public override string JsonSample => """
        { "dry_run": false, "tables": [ { "view": "last_arrival@1.0.0", "files": 3, "bytes": 120345 } ] }
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
        if (context.Json)
            context.WriteJson(new JsonObject
            {
                ["dry_run"] = dryRun,
                ["tables"] = RegistryJson.List(done, d => new JsonObject { ["view"] = d.View, ["files"] = d.Result.Files.Count, ["bytes"] = d.Result.Bytes }),
            });
        else if (done.Count > 0)
        {
            var table = new TextTable("view", "files", "size").Right(1, 2);
            foreach (var (view, result) in done) table.Add(view, Words.Number(result.Files.Count), Words.Bytes(result.Bytes));
            table.Write(context.Console);
        }
        context.Say(done.Count == 0 ? "The offline store has no tables: only views by SQL are stored there." : $"{(dryRun ? "Would delete" : "Deleted")} {Words.Count(done.Sum(d => (long)d.Result.Files.Count), "file")}, {Words.Bytes(done.Sum(d => d.Result.Bytes))}.");
        return ExitCode.Done;
    }
}
