using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli.Verbs;

/// <summary>One vector: from the online store, or from history.</summary>
internal sealed class GetVerb : Verb
{
    readonly FeatureSelections _which = new();
    readonly Argument<string[]> _keys = new("key=value") { Description = "The join keys, and the request fields of on-demand features, one word each: airport=JFK distance=2475", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string?> _at = new("--at") { Description = "Answer from history, as of this instant (RFC 3339; without an offset it is UTC)", HelpName = "instant" };

    public override string Name => "get";
    public override VerbGroup Group => VerbGroup.Serve;
    public override string Summary => "Look up one vector: what the server would answer now, or what it was at an instant";
    public override string Details => "Every value comes with its status: `PRESENT`, `NULL_VALUE` (a row, but no value), `NOT_FOUND` (no row, or a null in the key), `OUTSIDE_MAX_AGE` (rows, all older than the ttl), `OUT_OF_RANGE` (a window whose total does not fit). A feature's default stands for a missing value; the status still tells why. On-demand features are computed from the request's fields (`name=value`, like the keys), and `now()` is this moment, or the instant of `--at`. With `--at` the offline data answer, as for a training row of that instant.";
    public override IReadOnlyList<Argument> Arguments => [_keys];
    public override IReadOnlyList<Option> Options => [.. _which.All, _at];

    public override IReadOnlyList<Example> Examples =>
    [
        new("lockstep get --service late_flight carrier=AA airport=JFK dest=MIA tailnum=N619AA distance=1089", "now"),
        new("lockstep get --features flight_context:* carrier=AA distance=2475", "with a field of the request, for on-demand features"),
        new("lockstep get --features weather:* airport=JFK --at 2013-01-03T12:00:00Z", "as of an instant"),
    ];

    public override string JsonSample => """
        {
          "metadata": { "features": ["temp", "visib"], "versions": { "weather": "1.0.0" }, "as_of": "2026-01-05T10:00:00Z" },
          "rows": [
            { "values": [39.02, null], "statuses": ["PRESENT", "NULL_VALUE"], "event_timestamps": ["2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z"] }
          ]
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var query = _which.Query(context);
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        var words = context.Get(_keys) ?? [];
        FeatureVectors vectors;
        var set = query.Resolve(catalog);
        if (Instants.Parse(context.Get(_at)) is { } at)
        {
            var (keys, request) = KeyWords.Read(FeatureHistory.KeyFields(set), set.OnDemand?.RequestFields ?? [], set, words);
            vectors = host.History(catalog).Get(set, [HistoryRow.Of(set, keys, request)], at, token);
        }
        else
        {
            var plan = ServingPlan.Compile(catalog, query, host.Settings.Server.MaxFeatures);
            var (keys, request) = KeyWords.Read(plan.Fields, plan.OnDemand?.Plan.RequestFields ?? [], set, words);
            vectors = await host.CreateFeatureServer(catalog).GetAsync(query, [keys], token, [request]);
        }
        if (context.Json) context.WriteJson(ToJson(vectors));
        else Write(vectors, context.Console);
        return ExitCode.Done;
    }

    static void Write(FeatureVectors vectors, CliConsole console)
    {
        var table = new TextTable("feature", "value", "status", "event timestamp");
        for (var i = 0; i < vectors.Names.Count; i++)
        {
            var served = vectors.Rows[0][i];
            table.Add(vectors.Names[i], served.Value.ToString(), served.Status.ToText(), served.EventTimestamp is { } time ? Instant.Format(time) : "");
        }
        table.Write(console);
        console.Error.WriteLine(console.ErrorPaint.Faint($"as of {Instant.Format(vectors.AsOf)}, {string.Join(", ", vectors.Versions.Select(v => $"{v.Key}@{v.Value}"))}"));
    }

    public static JsonObject ToJson(FeatureVectors vectors) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["features"] = RegistryJson.Texts(vectors.Names),
            ["versions"] = new JsonObject(vectors.Versions.Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value))),
            ["as_of"] = Instant.Format(vectors.AsOf),
        },
        ["rows"] = RegistryJson.List(vectors.Rows, row => new JsonObject
        {
            ["values"] = new JsonArray([.. row.Select(v => JsonValues.Of(v.Value))]),
            ["statuses"] = RegistryJson.Texts(row.Select(v => v.Status.ToText())),
            ["event_timestamps"] = new JsonArray([.. row.Select(v => v.EventTimestamp is { } time ? (JsonNode)Instant.Format(time) : null)]),
        }),
    };
}
