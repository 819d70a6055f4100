using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Cli.Verbs;

/// <summary>What an object is made of, or a single value.</summary>
internal sealed class LineageVerb : Verb
{
    readonly Argument<string[]> _words = new("name or key=value") { Description = "An object: name, name@version, or kind/name. With --value the join keys and request fields, one word each: carrier=UA", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string?> _value = new("--value") { Description = "The raw events that made a value of this feature", HelpName = "view:feature" };
    readonly Option<string?> _at = new("--at") { Description = "The instant of the value. Default: now", HelpName = "instant" };
    readonly Option<int> _limit = new("--limit") { Description = "Events to show, the newest first; all are counted. Default: 20", HelpName = "number", DefaultValueFactory = static _ => 20 };

    public override string Name => "lineage";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "Say what an object is made of and what is made of it; with --value, which raw events made a value";
    public override string Details => """
        With `--value` the rows of the key are read one by one: file and row number of a table, file, partition and place of the event log, and what became of each.

        - of windows: `counts`; `null_value` (a null where the function reads), `filtered`, `feature_filtered`; `before_end` (streamed, and before the end of the table) and `after_end` (a row of the table behind it), where a source has both; `before_window` and `after_window`, the nearest three of each
        - of rows: `wins`; `older_event`, `older_created`, `lesser_values`, `same_row`, by what decides between rows; `filtered`; `too_old` for the ttl and `after_instant`, the nearest three of each
        - of an expression: the same for each stored feature that it reads

        The value is computed anew from these events alone and held against `get --at`. Exit code 1 when they differ. Events around the window are looked for as far as it is long.
        """;
    public override IReadOnlyList<Argument> Arguments => [_words];
    public override IReadOnlyList<Option> Options => [_value, _at, _limit];

    public override IReadOnlyList<Example> Examples =>
    [
        new("lockstep lineage weather", "sources and files on one side, services and models on the other"),
        new("lockstep lineage --value carrier_delays:flights_24h carrier=UA --at 2013-01-03T12:00:00Z", "the events of a window"),
        new("lockstep lineage --value weather:temp airport=JFK --limit 100 --json", "the row that a value comes from, and why not the others"),
    ];

    public override string JsonSample => """
        {
          "objects": [
            { "kind": "value_view", "name": "weather", "version": "1.0.0",
              "reads": [ { "kind": "source", "name": "weather", "version": null, "reads": [ { "kind": "table", "name": "data/weather.parquet", "version": null, "reads": [] } ] } ],
              "used_by": [ { "kind": "feature_service", "name": "late_flight", "version": "1", "used_by": [] } ] }
          ],
          "value": {
            "view": "load@1.0.0", "feature": "total_1m", "key": { "airport": "JFK" }, "as_of": "2026-11-01T12:00:00Z", "computed": "sum(delay)",
            "windows": [ { "name": "1m", "from": "2026-11-01T11:59:00Z", "to": "2026-11-01T12:00:00Z", "hop": "1s" } ],
            "delay": null, "end": null, "ttl": null, "counts": { "counts": 1, "null_value": 1 },
            "events": [
              { "fate": "counts", "event_timestamp": "2026-11-01T11:59:40Z", "created": null, "values": { "delay": 0.5 },
                "side": "table", "file": "data/reports.csv", "row": 7, "partition": null, "place": null, "ingested_at": null }
            ],
            "inputs": [], "request": {}, "value": 0.5, "status": "PRESENT", "event_timestamp": null,
            "served": { "value": 0.5, "status": "PRESENT", "event_timestamp": "2026-11-01T11:59:40Z" }, "equal": true
          }
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var words = context.Get(_words) ?? [];
        if (context.Get(_value) is { } feature) return await ValueAsync(feature, words, host, context, token);
        if (words is not [var name]) throw new LockstepException(ErrorKind.BadArguments, words.Length == 0 ? "Name an object: lockstep lineage weather. Or a value: lockstep lineage --value view:feature key=…" : $"'{string.Join(" ", words)}' is more than one object. Of a value: lockstep lineage --value view:feature {string.Join(" ", words)}");
        var objects = await host.RegistryService.LineageAsync(name, token);
        if (context.Json) context.WriteJson(new JsonObject { ["objects"] = RegistryJson.List(objects, RegistryJson.Of), ["value"] = null });
        else
            foreach (var item in objects) Write(item, context);
        return ExitCode.Done;
    }

    async Task<int> ValueAsync(string feature, string[] words, Server.ProjectHost host, VerbContext context, CancellationToken token)
    {
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        var selection = FeatureQuery.ParseReference(feature);
        var set = ValueLineage.Resolve(catalog, selection);
        var (keys, request) = KeyWords.Read(FeatureHistory.KeyFields(set), set.OnDemand?.RequestFields ?? [], set, words);
        var report = await host.Lineage(catalog).TraceAsync(
            new() { Catalog = catalog, Feature = selection, Keys = keys, Request = request, At = Instants.Parse(context.Get(_at)) ?? Instant.Now(host.Clock), Limit = context.Get(_limit) }, token);
        if (context.Json) context.WriteJson(new JsonObject { ["objects"] = null, ["value"] = LineageJson.Of(report) });
        else Write(report, context, "");
        return report.IsEqual ? ExitCode.Done : ExitCode.Failed;
    }

    static void Write(ObjectLineage item, VerbContext context)
    {
        context.Out.WriteLine(context.Console.OutPaint.Bold($"{item.Kind} {item.Name}{(item.Version.Length == 0 ? "" : $"@{item.Version}")}"));
        Tree("reads", item.Reads);
        Tree("used by", item.UsedBy);

        void Tree(string title, IReadOnlyList<LineageNode> nodes)
        {
            if (nodes.Count > 0) context.Out.WriteLine("  " + title);
            foreach (var node in nodes) Node(node, "    ");
        }

        void Node(LineageNode node, string indent)
        {
            context.Out.WriteLine($"{indent}{node.Kind} {node.Name}{(node.Version.Length == 0 ? "" : $"@{node.Version}")}");
            foreach (var next in node.Beyond) Node(next, indent + "  ");
        }
    }

    static void Write(LineageReport report, VerbContext context, string indent)
    {
        var (to, paint) = (context.Out, context.Console.OutPaint);
        to.WriteLine(indent + paint.Bold($"{report.View}:{report.Feature}") + $"{Pairs(report.Key)} as of {Instant.Format(report.At)}");
        TextTable facts = new("", "");
        facts.Add("value", $"{report.Value} {report.Status.ToText()}{(report.EventTimestamp is { } time ? $", {Instant.Format(time)}" : "")}");
        facts.Add("get --at", report.IsEqual ? "the same bits" : $"{report.Served.Value} {report.Served.Status.ToText()}{(report.Served.EventTimestamp is { } other ? $", {Instant.Format(other)}" : "")}");
        if (report.Computed is { } computed) facts.Add("computed", computed);
        foreach (var window in report.Windows)
            facts.Add($"window {window.Name}", $"{(window.From is { } from ? $"{Instant.Format(from)} <= " : "")}event timestamp < {Instant.Format(window.To)}, by {Duration.Format(window.Hop)}{(report.Delay == 0 ? "" : $", delayed by {Duration.Format(report.Delay)}")}");
        if (report.Ttl > 0) facts.Add("ttl", $"{Duration.Format(report.Ttl)}: {Instant.Format((long)Int128.Max(long.MinValue, (Int128)report.At - report.Ttl))} <= event timestamp <= {Instant.Format(report.At)}");
        if (report.End is { } end) facts.Add("end", $"{Instant.Format(end)}: before it the table counts, from it on the log");
        if (report.Request.Count > 0) facts.Add("request", Pairs(report.Request).TrimStart());
        if (report.Inputs.Count == 0) facts.Add("events", report.Counts.Count == 0 ? "none of this key" : string.Join(", ", report.Counts.Select(c => $"{Words.Number(c.Value)} {RegistryJson.Word(c.Key)}")));
        facts.Write(context.Console, indent + "  ");
        if (report.Events.Count > 0)
        {
            to.WriteLine();
            var shown = s_columns.Where(c => report.Events.Any(e => c.Cell(e).Length > 0)).ToList();
            TextTable events = new([.. shown.Select(c => c.Header)]);
            events.Right([.. shown.Index().Where(c => c.Item.IsNumber).Select(c => c.Index)]);
            foreach (var e in report.Events) events.Add([.. shown.Select(c => c.Cell(e))]);
            events.Write(context.Console, indent + "  ");
        }
        var left = report.Counts.Values.Sum() - report.Events.Count;
        if (left > 0) context.Say($"{indent}{Words.Count(left, "more event")} of {report.View}:{report.Feature}: --limit shows more.");
        foreach (var input in report.Inputs)
        {
            to.WriteLine();
            Write(input, context, indent + "  ");
        }
    }

    // Those that are empty in every row are left out.
    static readonly (string Header, bool IsNumber, Func<LineageEvent, string> Cell)[] s_columns =
    [
        ("event timestamp", false, static e => Instant.Format(e.EventTimestamp)),
        ("fate", false, static e => RegistryJson.Word(e.Fate)),
        ("created", false, static e => Time(e.Created)),
        ("values", false, static e => Pairs(e.Values).TrimStart()),
        ("side", false, static e => LineageJson.Side(e.Place)),
        ("file", false, static e => e.Place.File),
        ("row", true, static e => Number(e.Place.Row)),
        ("partition", false, static e => e.Place.Partition is { } partition ? LogPartitions.Name(partition) : ""),
        ("place", true, static e => Number(e.Place.Place)),
        ("ingested at", false, static e => Time(e.Place.IngestedAt)),
    ];

    static string Pairs(IEnumerable<KeyValuePair<string, Value>> values) => string.Concat(values.Select(v => $" {v.Key}={v.Value}"));

    static string Time(long? micros) => micros is { } time ? Instant.Format(time) : "";

    static string Number(long? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "";
}
