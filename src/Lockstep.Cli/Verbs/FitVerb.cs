using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Runtime.Transformations;

namespace Lockstep.Cli.Verbs;

/// <summary>Learns the parameters of transformations.</summary>
internal sealed class FitVerb : Verb
{
    readonly Argument<string[]> _names = new("name") { Description = "Transformations, as defined or registered. Default: all that are defined", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string> _spine = new("--spine") { Description = "Table of rows to learn from: join keys, a timestamp, and the columns that the inputs read; .parquet, .csv, .jsonl or .json", HelpName = "file", Required = true };
    readonly Option<string> _at = new("--at") { Description = "Learn as of this instant: later rows are left out", HelpName = "instant", Required = true };
    readonly Option<string?> _timestamp = new("--timestamp") { Description = $"The spine's timestamp column. Default: {TrainingSetRequest.DefaultTimestamp}", HelpName = "column" };
    readonly Option<bool> _asKnown = new("--as-known") { Description = "Only what was known at each row's instant: rows that were written later do not count" };
    readonly Option<string?> _reason = new("--reason", "-m") { Description = "Why, for the history", HelpName = "text" };

    public override string Name => "fit";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Learn the parameters of transformations from rows up to an instant";
    public override string Details => "Makes a training set of the input over the spine, learns from its rows up to the instant, and registers what was learned beside earlier fits, which stay as they are. Views that are applied afterwards use the newest fit; registered ones go on using theirs until their version is raised, and `lockstep plan` says which. Where the parameters come out the same nothing is registered.";
    public override IReadOnlyList<Argument> Arguments => [_names];
    public override IReadOnlyList<Option> Options => [_spine, _at, _timestamp, _asKnown, _reason];
    public override string WhenInterrupted => "A fit is one transaction: see 'lockstep history' which were done.";
    public override IReadOnlyList<Example> Examples => [new("lockstep fit distance_scale --spine labels.csv --at 2013-01-03", "learn from what was known before that day"), new("lockstep describe fit/distance_scale", "what was learned, and from what")];

    public override string JsonSample => """
        {
          "fits": [
            {
              "transformation": "distance_scale@1.0.0", "fit": 1, "registered": true, "at": "2013-01-03T00:00:00Z",
              "rows": 1314, "nulls": 0, "rows_after": 655, "rows_without_time": 0,
              "parameters": { "mean": 1047.5, "stddev": 733.2 }, "use_earlier": [], "warnings": []
            }
          ]
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var console = context.Console;
        var at = Instants.Parse(context.Get(_at))!.Value;
        var spine = Spine.File(console.FullPath(context.Get(_spine)!));
        await using var host = context.OpenProject();
        var read = host.Folder.ReadDefinitions();
        var names = context.Get(_names) is { Length: > 0 } given ? given : [.. read.Definitions.Transformations.Select(t => t.Name).Distinct()];
        if (names.Length == 0) throw new LockstepException(ErrorKind.NotFound, "The project defines no transformation, so there is nothing to fit.");
        List<FitReport> reports = [];
        foreach (var name in names)
            reports.Add(await ProgressDisplay.RunAsync(console, progress => host.Fitter(token).FitAsync(read.Definitions, read.Problems, new()
            {
                Name = name,
                Spine = spine,
                SpineName = context.Get(_spine)!,
                At = at,
                Timestamp = context.Get(_timestamp),
                AsKnown = context.Get(_asKnown),
            }, console.Author, context.Get(_reason) ?? "", progress, token)));
        if (context.Json) context.WriteJson(new JsonObject { ["fits"] = RegistryJson.List(reports, ToJson) });
        foreach (var report in reports) Write(report, context);
        return ExitCode.Done;
    }

    static void Write(FitReport report, VerbContext context)
    {
        var (fit, paint) = (report.Fit, context.Console.ErrorPaint);
        if (!context.Json)
        {
            context.Out.WriteLine(context.Console.OutPaint.Bold($"{fit.Name}@{fit.Transformation} fit {fit.Number}"));
            var table = new TextTable("", "");
            table.Add("learned from", $"{Words.Count(fit.Statistics.Rows, "row")} up to {Instant.Format(fit.AsOf)}{(fit.Statistics.Nulls > 0 ? $", {Words.Number(fit.Statistics.Nulls)} of them null" : "")}");
            foreach (var (name, value) in report.Parameters) table.Add(name, value);
            table.Write(context.Console, "  ");
        }
        foreach (var warning in report.Warnings) context.Warn(warning);
        var later = fit.Statistics.RowsAfter == 0 ? "" : $" {Words.Count(fit.Statistics.RowsAfter, "row")} after the instant left out.";
        context.Say(report.Apply is { } apply ? $"{paint.Green("Registered")} as fit {fit.Number} of {fit.Name} (apply {apply.Number}).{later}"
            : $"The parameters are those of fit {fit.Number} of {fit.Name}: nothing was registered.{later}");
        if (report.UseEarlier.Count > 0) context.Say($"{string.Join(", ", report.UseEarlier)} {(report.UseEarlier.Count == 1 ? "goes" : "go")} on using an earlier fit. Raise the version and apply to use this one.");
    }

    static JsonObject ToJson(FitReport report) => new()
    {
        ["transformation"] = $"{report.Fit.Name}@{report.Fit.Transformation}",
        ["fit"] = report.Fit.Number,
        ["registered"] = report.Apply is not null,
        ["at"] = Instant.Format(report.Fit.AsOf),
        ["rows"] = report.Fit.Statistics.Rows,
        ["nulls"] = report.Fit.Statistics.Nulls,
        ["rows_after"] = report.Fit.Statistics.RowsAfter,
        ["rows_without_time"] = report.Fit.Statistics.RowsWithoutTime,
        ["parameters"] = JsonNode.Parse(report.Fit.Parameters),
        ["use_earlier"] = RegistryJson.Texts(report.UseEarlier),
        ["warnings"] = RegistryJson.Texts(report.Warnings),
    };
}
