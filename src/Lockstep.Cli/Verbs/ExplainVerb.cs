using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.OnDemand;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;
using Lockstep.Server;

namespace Lockstep.Cli.Verbs;

/// <summary>Says where the values of a vector come from, for training and for serving.</summary>
internal sealed class ExplainVerb : Verb
{
    readonly FeatureSelections _which = new();

    public override string Name => "explain";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "Say where the values of a vector come from, for training and for serving";
    public override string Details => "A block a lookup: the view version that answers, the columns of the key, the rows that count, what a training set reads and what the server reads. Then a block for each on-demand feature: its expression, what it reads, and the tree that is computed, where what is used several times stands once. `lockstep eval --explain` shows the tree of an expression that is not in a view yet.";
    public override IReadOnlyList<Option> Options => _which.All;
    public override IReadOnlyList<Example> Examples => [new("lockstep explain --service late_flight", "a service"), new("lockstep explain --features weather:*", "a view")];

    public override string JsonSample => """
        {
          "features": ["temp", "visib"],
          "lookups": [
            {
              "view": "weather@1.0.0", "alias": null, "keys": { "airport": "airport" }, "ttl": "3h", "timestamp": "observed_at", "created": null, "where": [ { "expression": "temp is not null", "sql": "(\"temp\" is not null)" } ],
              "features": ["temp", "visib"],
              "row_expressions": [ { "name": "is_cold", "expression": "temp < 32", "tree": "< : bool\n  input temp : float64\n  32 : float64\n", "sql": "(\"temp\" < '32'::double)" } ],
              "training": { "source": "weather", "sql": null, "format": "csv", "files": 1, "bytes": 13211, "problem": null },
              "serving": { "store": "embedded:data/online.db", "table": "weather@1.0.0" }
            }
          ],
          "computed": [
            {
              "name": "is_cold", "view": "outside@1.0.0", "type": "bool", "expression": "weather:temp < limit", "default": null,
              "reads": [ { "name": "weather@1.0.0:temp", "from": "feature", "type": "float64" }, { "name": "limit", "from": "request", "type": "float64" } ],
              "tree": "< : bool\n  input weather@1.0.0:temp : float64\n  input limit : float64\n"
            }
          ]
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var query = _which.Query(context);
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        var set = query.Resolve(catalog);
        var store = StoreAddress.Redact(host.Settings.OnlineStore);
        var lookups = set.Lookups.Select((l, i) => new Block(l, [.. set.Outputs.Where(o => o.Lookup == i).Select(o => o.Name)], [.. ForExpressions(set, i)], Table(host, catalog, l.View, out var problem), problem)).ToList();
        var trees = OnDemandTrees.Of(catalog);
        var computed = set.Outputs.Where(o => o.IsOnDemand).Select(o => ExplainedExpression.Of(o, trees)).ToList();
        if (context.Json)
            context.WriteJson(new JsonObject { ["features"] = RegistryJson.Texts(set.Outputs.Select(o => o.Name)), ["lookups"] = RegistryJson.List(lookups, l => l.ToJson(store)), ["computed"] = RegistryJson.List(computed, c => c.ToJson()) });
        else
        {
            context.Out.WriteLine($"{Words.Count(set.Outputs.Count, "feature")} by {Words.Count(lookups.Count, "lookup")}, of a row each{(computed.Count == 0 ? "" : $"; {computed.Count} of them computed on demand")}");
            foreach (var lookup in lookups) lookup.Write(context.Console, store);
            foreach (var one in computed) one.Write(context.Console);
        }
        return ExitCode.Done;
    }

    /// <summary>Features of a lookup that expressions read and nobody asked for by name.</summary>
    static IEnumerable<string> ForExpressions(FeatureSet set, int lookup)
        => set.Lookups[lookup].Ordinals.Where(o => !set.Outputs.Any(a => a.Lookup == lookup && a.Ordinal == o)).Select(o => set.Lookups[lookup].View.Features[o].Name);

    static TableInput? Table(ProjectHost host, Catalog catalog, ViewVersion view, out string? problem)
    {
        problem = null;
        try
        {
            return host.Tables.View(view, catalog);
        }
        catch (LockstepException e)
        {
            problem = e.Message; // it is part of the answer
            return null;
        }
    }

    sealed record Block(FeatureLookup Lookup, IReadOnlyList<string> Names, IReadOnlyList<string> ForExpressions, TableInput? Table, string? Problem)
    {
        ValueView? View => Lookup.View.View as ValueView;
        AggregationView? Windows => Lookup.View.View as AggregationView;
        Source? Source => (View?.Source ?? Windows?.Source) is { } name && Lookup.View.Sources.TryGetValue(name, out var source) ? source : null;
        string? Timestamp => View?.Timestamp ?? Source?.TimestampColumn;
        string? Created => View?.Created ?? Source?.CreatedColumn;
        string? Ttl => View is { Ttl: > 0 } view ? Duration.Format(view.Ttl) : null;

        // S9, and the bound of what is kept.
        void AddWindows(TextTable facts, AggregationView view)
        {
            var program = EventProgram.Of(Lookup.View);
            facts.Add("events", view.Delay == 0 ? $"floor(t - window, hop) <= {program.Timestamp} < t" : $"floor(t - {Duration.Format(view.Delay)} - window, hop) <= {program.Timestamp} < floor(t - {Duration.Format(view.Delay)}, hop)");
            facts.Add("windows", string.Join(", ", program.Plan.Windows.Select(w => $"{w.Name} (hop {Duration.Format(w.Hop)})")));
            for (var tier = 0; tier < program.Plan.Tiers.Count; tier++)
            {
                long? most = 0;
                foreach (var state in program.Plan.Tiers[tier].States) most += program.Plan.States[state].Spec.MaxBytes;
                var tiles = program.Layout.MaxTiles(tier);
                facts.Add("tiles of a key", $"hop {Duration.Format(program.Plan.Tiers[tier].Hop)}: {(tiles is { } count ? $"at most {count}" : "one for each day with events")}, {(most is { } bytes ? $"at most {Words.Bytes(bytes)} each" : "as long as its texts each")}");
            }
        }

        public void Write(CliConsole console, string store)
        {
            var (to, paint) = (console.Out, console.OutPaint);
            to.WriteLine();
            to.WriteLine(paint.Bold(Lookup.View.Id) + (Lookup.Alias is null ? "" : $" as {Lookup.Alias}"));
            var keys = Lookup.View.Keys.Fields.Zip(Lookup.KeyColumns, (key, column) => key.Name == column ? $"{key}" : $"{key} from {column}");
            var facts = new TextTable("", "");
            if (Names.Count > 0) facts.Add("features", string.Join(", ", Names));
            if (ForExpressions.Count > 0) facts.Add("for expressions", string.Join(", ", ForExpressions));
            facts.Add("key", string.Join(", ", keys));
            foreach (var (text, bound) in Filters)
            {
                facts.Add("only where", text.ReplaceLineEndings(" "));
                if (DuckDbEngine.SqlOf(bound.Root) is { } sql) facts.Add("  as SQL", sql);
            }
            if (Windows is { } windows) AddWindows(facts, windows);
            else facts.Add("row", $"the newest with {(Ttl is null ? "" : $"t - {Ttl} <= ")}{Timestamp} <= t{(Created is null ? "" : $"; of equal ones the one with the latest {Created}")}");
            facts.Add("training", Problem ?? $"{From()}: {Words.Count(Table!.Files.Count, "file")} ({RegistryJson.Word(Table.Format)}), {Words.Bytes(Bytes)}");
            facts.Add("serving", Lookup.View.View.Online ? $"one read of {Lookup.View.Id} in {store}" : "not served (online: false)");
            facts.Write(console, "  ");
            foreach (var (name, expression, bound) in Computed)
            {
                to.WriteLine($"  {name} is computed of a row: {expression.ReplaceLineEndings(" ")}");
                foreach (var line in TreeText.Of(bound).TrimEnd('\n').Split('\n')) to.WriteLine($"    {paint.Faint(line)}");
                if (DuckDbEngine.SqlOf(bound.Root) is { } sql) to.WriteLine($"    {paint.Faint("as SQL: " + sql)}");
            }
        }

        /// <summary>Of the source and of the view.</summary>
        IReadOnlyList<(string Text, BoundExpression Bound)> Filters
            => SourceOf is { } source ? [.. new[] { source.Where, View?.Where ?? Windows?.Where }.OfType<string>().Select(f => (f, RowColumns.Of(source).Bind(f)))] : [];

        Source? SourceOf => (View?.Source ?? Windows?.Source) is { } name ? Lookup.View.Sources.GetValueOrDefault(name) : null;

        /// <summary>Features that are asked for and are expressions over their row, or columns that are.</summary>
        IEnumerable<(string Name, string Expression, BoundExpression Bound)> Computed
        {
            get
            {
                if (View is null || SourceOf is not { } source) yield break;
                var columns = RowColumns.Of(source);
                foreach (var feature in Lookup.Ordinals.Select(o => View!.Features.FirstOrDefault(f => f.Name == Lookup.View.Features[o].Name)).OfType<ValueFeature>())
                    if ((feature.Expression ?? source.Derived.FirstOrDefault(d => d.Name == feature.Column)?.Expression) is { } expression)
                        yield return (feature.Name, expression, columns.Bind(expression));
            }
        }

        public JsonObject ToJson(string store) => new()
        {
            ["view"] = Lookup.View.Id,
            ["alias"] = Lookup.Alias,
            ["keys"] = new JsonObject(Lookup.View.Keys.Fields.Zip(Lookup.KeyColumns, (key, column) => KeyValuePair.Create(key.Name, (JsonNode?)column))),
            ["ttl"] = Ttl,
            ["timestamp"] = Timestamp,
            ["created"] = Created,
            ["where"] = RegistryJson.List(Filters, f => new JsonObject { ["expression"] = f.Text, ["sql"] = DuckDbEngine.SqlOf(f.Bound.Root) }),
            ["features"] = RegistryJson.Texts(Names),
            ["row_expressions"] = RegistryJson.List(Computed, c => new JsonObject { ["name"] = c.Name, ["expression"] = c.Expression, ["tree"] = TreeText.Of(c.Bound), ["sql"] = DuckDbEngine.SqlOf(c.Bound.Root) }),
            ["training"] = new JsonObject
            {
                ["source"] = View?.Source,
                ["sql"] = View?.Sql,
                ["format"] = Table is null ? null : RegistryJson.Word(Table.Format),
                ["files"] = Table?.Files.Count,
                ["bytes"] = Table is null ? null : Bytes,
                ["problem"] = Problem,
            },
            ["serving"] = Lookup.View.View.Online ? new JsonObject { ["store"] = store, ["table"] = Lookup.View.Id } : null,
        };

        long Bytes => Table!.Files.Sum(f => f.Size >= 0 ? f.Size : new FileInfo(f.Path).Length);

        string From() => (View?.Source ?? Windows?.Source) is { } source ? $"source {source}{(Source?.Table is { } table ? $", {table.Path}" : "")}{(Source?.Stream is null ? "" : Source.Table is null ? ", the log of its stream" : " and the log of its stream")}" : "rows of its SQL, stored offline";
    }
}
