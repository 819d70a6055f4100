using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Cli.Verbs;

/// <summary>The point-in-time join.</summary>
internal sealed class TrainingSetVerb : Verb
{
    readonly FeatureSelections _which = new();
    readonly Option<string> _spine = new("--spine") { Description = "Table of label rows: join keys, a timestamp, any other columns; .parquet, .csv, .jsonl or .json", HelpName = "file", Required = true };
    readonly Option<string?> _out = new("--out", "-o") { Description = "File to write; .parquet, .csv, .jsonl or .json", HelpName = "file" };
    readonly Option<string?> _timestamp = new("--timestamp") { Description = $"The spine's timestamp column. Default: {TrainingSetRequest.DefaultTimestamp}", HelpName = "column" };
    readonly Option<bool> _asKnown = new("--as-known") { Description = "Only what was known at each row's instant: rows that were written later do not count" };
    readonly Option<string?> _again = new("--again") { Description = "Read what an earlier training set read, by the record beside it: the same versions, files and commits", HelpName = "file" };
    readonly Option<bool> _prove = new("--prove") { Description = "Prove on these data that nothing after a row's instant changes the row" };
    readonly Option<int> _cuts = new("--cuts") { Description = $"Instants that the proof tries. Default: {TrainingSetProof.DefaultCuts}", HelpName = "number", DefaultValueFactory = static _ => TrainingSetProof.DefaultCuts };

    public override string Name => "training-set";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Join labels with features, each as of the label's own instant";
    public override string Details => "Every spine row comes back once, in order, all its columns first, then the features. Beside the output stands a record (`<out>.lockstep.json`) of what was read, for `--again`. The proof makes the set several times, without what came after some instants and with made-up rows in its place, and compares bits; use a spine of some thousand rows for it.";
    public override IReadOnlyList<Option> Options => [_spine, .. _which.All, _out, _timestamp, _asKnown, _again, _prove, _cuts];
    public override string WhenInterrupted => "Nothing was written; run it again.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("lockstep training-set --spine labels.csv --service late_flight --out train.parquet", "the features of a service"),
        new("lockstep training-set --spine labels.csv --features weather:wind_speed,plane:* --out train.csv", "some features"),
        new("lockstep training-set --spine labels.csv --service late_flight --prove", "no leak from the future"),
    ];

    public override string JsonSample => $$"""
        {
          "rows": 1969, "out": "train.parquet", "record": "train.parquet.lockstep.json", "seconds": 0.41,
          "columns": [ { "name": "event_timestamp", "type": "timestamp" } ],
          "lookups": [ { "view": "weather@1.0.0", "alias": null, "rows_read": 196, "rows_dropped": 0, "found": 1960, "not_found": 0, "outside_max_age": 9, "known_later": 0, "non_finite": {} } ],
          "expectations": [ {{ExpectationLines.Sample}} ], "warnings": [],
          "proof": { "holds": true, "cuts": [ { "cut": "2013-01-02T12:00:00Z", "compared": 1200, "dropped": 900, "made_up": 300, "difference": null } ] }
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var console = context.Console;
        var prove = context.Get(_prove);
        var output = context.Get(_out);
        if (output is null && !prove) throw new LockstepException(ErrorKind.BadArguments, "Say where the training set goes: --out <file>. (Without it, --prove only proves.)");
        var again = context.Get(_again) is { } record ? TrainingSetRecord.Load(RecordPath(console.FullPath(record))) : null;
        var query = again is not null && !_which.AreGiven(context) ? null : _which.Query(context);
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        query?.Resolve(catalog); // says what is wrong with the names before any file is opened
        var request = new TrainingSetRequest
        {
            Catalog = catalog,
            Spine = Spine.File(console.FullPath(context.Get(_spine)!)),
            Service = query?.Service is { } service ? catalog.FindService(service, query.ServiceVersion) : null,
            Features = query?.Features ?? [],
            Timestamp = context.Get(_timestamp),
            FullNames = query?.FullNames ?? false,
            AsKnown = context.Get(_asKnown),
            Again = again,
            Output = output is null ? null : new(console.FullPath(output), FormatOf(output)),
        };
        var begin = console.Clock.GetTimestamp();
        var proof = prove ? await ProgressDisplay.RunAsync(console, progress => Task.FromResult(host.TrainingSetProof.Run(request with { Output = null }, context.Get(_cuts), progress, token))) : null;
        var report = output is null ? proof!.TrainingSet : await ProgressDisplay.RunAsync(console, progress => Task.FromResult(host.TrainingSets.Run(request, progress, token)));
        var elapsed = console.Clock.GetElapsedTime(begin);
        if (context.Json) context.WriteJson(ToJson(report, proof, output, elapsed));
        else Write(context, report, proof, output, elapsed);
        return proof is { Holds: false } ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>The training set itself may be named, too.</summary>
    static string RecordPath(string given) => TrainingSetRecord.PathFor(given) is var beside && File.Exists(beside) ? beside : given;

    static TableFormat FormatOf(string path) => TableFormats.TryInfer(path, out var format) && format != TableFormat.Delta
        ? format
        : throw new LockstepException(ErrorKind.BadArguments, $"The format of '{path}' is not clear from its name. Name it .parquet, .csv, .jsonl or .json.");

    static void Write(VerbContext context, TrainingSetReport report, ProofReport? proof, string? output, TimeSpan elapsed)
    {
        var table = new TextTable("view", "rows read", "dropped", "found", "not found", "too old").Right(1, 2, 3, 4, 5);
        foreach (var lookup in report.Lookups)
            table.Add(lookup.View + (lookup.Alias is null ? "" : $" as {lookup.Alias}"), Words.Number(lookup.RowsRead), Words.Number(lookup.RowsDropped), Words.Number(lookup.Found), Words.Number(lookup.NotFound), Words.Number(lookup.OutsideMaxAge));
        table.Write(context.Console);
        ExpectationLines.Write(report.Expectations, context.Console);
        foreach (var warning in report.Warnings) context.Warn(warning);
        ExpectationLines.Warn(report.Expectations, context);
        if (proof is not null) context.Out.WriteLine(proof.ToString());
        if (output is not null)
            context.Say($"{context.Console.ErrorPaint.Green("Wrote")} {output}: {Words.Count(report.Rows, "row")} × {Words.Count(report.Columns.Count, "column")} in {Words.Duration(elapsed)}.");
    }

    static JsonObject ToJson(TrainingSetReport report, ProofReport? proof, string? output, TimeSpan elapsed) => new()
    {
        ["rows"] = report.Rows,
        ["out"] = output,
        ["record"] = output is null ? null : TrainingSetRecord.PathFor(output),
        ["seconds"] = Math.Round(elapsed.TotalSeconds, 3),
        ["columns"] = RegistryJson.List(report.Columns.Fields, f => new JsonObject { ["name"] = f.Name, ["type"] = f.Type.ToString() }),
        ["lookups"] = RegistryJson.List(report.Lookups, l => new JsonObject
        {
            ["view"] = l.View,
            ["alias"] = l.Alias,
            ["rows_read"] = l.RowsRead,
            ["rows_dropped"] = l.RowsDropped,
            ["found"] = l.Found,
            ["not_found"] = l.NotFound,
            ["outside_max_age"] = l.OutsideMaxAge,
            ["known_later"] = l.KnownLater,
            ["non_finite"] = new JsonObject(l.NonFinite.Select(n => KeyValuePair.Create(n.Key, (JsonNode?)n.Value))),
        }),
        ["expectations"] = ExpectationJson.ToNode(report.Expectations),
        ["warnings"] = RegistryJson.Texts(report.Warnings),
        ["proof"] = proof is null ? null : new JsonObject
        {
            ["holds"] = proof.Holds,
            ["cuts"] = RegistryJson.List(proof.Cuts, c => new JsonObject
            {
                ["cut"] = Instant.Format(c.Cut),
                ["compared"] = c.Compared,
                ["dropped"] = c.Dropped,
                ["made_up"] = c.MadeUp,
                ["difference"] = c.Difference,
            }),
        },
    };
}
