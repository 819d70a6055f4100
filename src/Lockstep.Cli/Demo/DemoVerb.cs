using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Cli.Templates;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Demo;

/// <summary>The whole main job on made-up data, each step by the command that a user would type.</summary>
internal sealed class DemoVerb : Verb
{
    readonly Argument<string?> _folder = new("dir") { Description = "Where to put the project; new or empty. Default: a folder for temporary files", Arity = ArgumentArity.ZeroOrOne };

    public override string Name => "demo";
    public override VerbGroup Group => VerbGroup.Start;
    public override string Summary => "Show the whole job on made-up data, in under a minute";
    public override string Details => "Some 400,000 rows about card payments are made on the spot, the same on every machine but for the time they end at, which is now. The project stays there to be played with.";
    public override IReadOnlyList<Argument> Arguments => [_folder];
    public override string WhenInterrupted => "The demo's folder can be removed.";

    public override string JsonSample => """
        {
          "folder": "/tmp/lockstep-demo-x7Tq2v",
          "steps": [ { "title": "Check the definitions", "command": "lockstep validate", "seconds": 0.31 } ],
          "parity": { "vectors": 1000, "values": 6000, "present": 5873, "difference": null },
          "seconds": 6.02
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var folder = Folder(context);
        var demo = new DemoRun(context, folder);
        var paint = demo.Paint;
        var until = Instant.Now(context.Console.Clock);
        demo.Line(paint.Bold("Lockstep, from data to a served vector") + $"  in {folder}");

        await demo.StepAsync("Make data: card payments, and a project that describes them", null, async () =>
        {
            foreach (var file in Template.Files("demo"))
            {
                var path = Path.Combine(folder, file);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await using var from = Template.Open("demo", file);
                await using var to = File.Create(path);
                await from.CopyToAsync(to, token);
            }
            await using var host = demo.Open();
            var table = new TextTable("", "").Right(1);
            foreach (var (file, rows) in new DemoData(host.Engine, folder, until).Write(token)) table.Add(file, Words.Count(rows, "row"));
            table.Write(demo.Console);
            demo.Say("Features are defined in features/payments.yaml. One of its views:");
            demo.Say("");
            foreach (var line in View("merchant_sales")) demo.Say(paint.Cyan("  " + line));
            return ExitCode.Done;
        });
        await demo.StepAsync("Check the definitions, by themselves and against the data", "lockstep validate");
        await demo.StepAsync("See what would be registered, why, and who uses it", "lockstep plan --out first.plan");
        await demo.StepAsync("Register it: from now on the meaning of account@1.0.0 cannot change unnoticed", "lockstep apply first.plan --yes");
        await demo.StepAsync("Send the payments of the last days, as they came in", "lockstep push payments recent.jsonl");
        await demo.StepAsync("A training set: payments that were looked into, with the features as they were at each one's instant", "lockstep training-set --spine payments.parquet --service fraud --out train.parquet");
        await demo.StepAsync("Prove, on a sample, that nothing later than a payment can change its row", "lockstep training-set --spine payments_sample.parquet --service fraud --prove");
        await demo.StepAsync("Fill the online store: the newest rows, and small sums that windows are made of", "lockstep materialize");
        await demo.StepAsync("Serve a vector", $"lockstep get --service fraud customer_id=4711 merchant={DemoData.MerchantName(42)}");
        await demo.StepAsync("A payment happens", "lockstep push payments one.jsonl", async () =>
        {
            await using (var host = demo.Open()) new DemoData(host.Engine, folder, Instant.Now(context.Console.Clock)).WriteOne("one.jsonl", DemoData.MerchantName(42), 99.5, token);
            return await new CommandLine().RunAsync(["push", "payments", "one.jsonl"], demo.Console, token);
        });
        await demo.StepAsync("The next vector counts it", $"lockstep get --features merchant_sales:payments_1h,merchant_sales:turnover_24h merchant={DemoData.MerchantName(42)}");
        ParityResult? parity = null;
        await demo.StepAsync("The promise: what is served now, and a training set for now, have the same bits", null, async () =>
        {
            await using var host = demo.Open();
            parity = await DemoParity.CheckAsync(host, "fraud", Keys(1_000), token);
            demo.Say(parity.Difference is null
                ? paint.Green("Same bits: ") + $"{Words.Count(parity.Vectors, "vector")} served, as many training rows of the same instant, {Words.Count(parity.Values, "value")} ({Words.Number(parity.Present)} not null), no difference."
                : paint.Red("Not the same: ") + parity.Difference + ".");
            return parity.Difference is null ? ExitCode.Done : ExitCode.Failed;
        });
        Close(demo, folder);
        if (context.Json)
            context.WriteJson(new JsonObject
            {
                ["folder"] = folder,
                ["steps"] = RegistryJson.List(demo.Steps, s => new JsonObject { ["title"] = s.Title, ["command"] = s.Command, ["seconds"] = Math.Round(s.Time.TotalSeconds, 3) }),
                ["parity"] = new JsonObject { ["vectors"] = parity!.Vectors, ["values"] = parity.Values, ["present"] = parity.Present, ["difference"] = parity.Difference },
                ["seconds"] = Math.Round(demo.Steps.Sum(s => s.Time.TotalSeconds), 3),
            });
        return ExitCode.Done;
    }

    string Folder(VerbContext context)
    {
        if (context.Get(_folder) is not { } given) return Directory.CreateTempSubdirectory("lockstep-demo-").FullName;
        var folder = context.Console.FullPath(given);
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new LockstepException(ErrorKind.BadArguments, $"'{given}' is there already and not empty. Name a new folder.");
        return folder;
    }

    /// <summary>The lines of one view in the definitions.</summary>
    static IEnumerable<string> View(string name)
    {
        using var reader = new StreamReader(Template.Open("demo", "features/payments.yaml"));
        var documents = reader.ReadToEnd().ReplaceLineEndings("\n").Split("\n---\n");
        return documents.First(d => d.Contains($"\nname: {name}\n", StringComparison.Ordinal)).TrimEnd('\n').Split('\n');
    }

    static List<IReadOnlyDictionary<string, Value>> Keys(int count)
    {
        // A few customers and merchants that nobody knows are among them.
        var random = new Random(4);
        return [.. Enumerable.Range(0, count).Select(_ => new Dictionary<string, Value>(StringComparer.Ordinal)
        {
            ["customer_id"] = Value.Of((long)random.Next(1, DemoData.Customers + 200)),
            ["merchant"] = Value.Of(DemoData.MerchantName(random.Next(DemoData.Merchants + 8))),
        })];
    }

    static void Close(DemoRun demo, string folder)
    {
        var paint = demo.Paint;
        demo.Line("");
        demo.Line(paint.Bold("Timings"));
        var table = new TextTable("", "").Right(1);
        foreach (var step in demo.Steps) table.Add(step.Command ?? step.Title.Split(':')[0].ToLowerInvariant(), Words.Duration(step.Time));
        table.Add("all", Words.Duration(TimeSpan.FromTicks(demo.Steps.Sum(s => s.Time.Ticks))));
        table.Write(demo.Console);
        demo.Line("");
        demo.Line(paint.Bold("What to try next"));
        foreach (var (command, why) in new[]
        {
            ($"cd {folder}", ""),
            ("lockstep serve", "the same vectors over HTTP, at http://127.0.0.1:6566"),
            ("lockstep describe merchant_sales", "what is known of a view"),
            ($"lockstep lineage --value merchant_sales:turnover_24h merchant={DemoData.MerchantName(42)}", "the events that made a value"),
            ("lockstep get --service fraud customer_id=4711 merchant=m0042 --at " + Instant.Format(Instant.Floor(Instant.Now(demo.Console.Clock), Instant.Day) - 30 * Instant.Day), "the vector of a month ago"),
            ("sed -i 's/ttl: 2d/ttl: 1d/' features/payments.yaml && lockstep plan", "a changed meaning needs a new version"),
            ("lockstep init my-flights", "a project of your own, with real data"),
        })
            demo.Line($"  {paint.Cyan(command)}{(why.Length == 0 ? "" : paint.Faint($"    # {why}"))}");
    }
}
