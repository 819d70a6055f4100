using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Evaluation;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;

namespace Lockstep.Cli.Verbs;

/// <summary>Tries an expression.</summary>
internal sealed class EvalVerb : Verb
{
    readonly Argument<string> _expression = new("expression") { Description = "The expression, in quotes for the shell" };
    readonly Argument<string[]> _given = new("name=value") { Description = "Values by name: join keys, request fields, or anything; name:type=value says the type", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string?> _view = Completions.OneView(new("--view", "-v") { Description = "Features of this view can be named alone. Without its keys: over its first rows", HelpName = "name" });
    readonly Option<string?> _source = new("--source") { Description = "Over the columns of this source's first rows: for filters and computed columns", HelpName = "name" };
    readonly Option<string?> _at = new("--at") { Description = "The instant that features are asked for, and of now(). Default: now", HelpName = "instant" };
    readonly Option<int> _rows = new("--rows") { Description = "How many rows, of a view or source. Default: 10", HelpName = "number", DefaultValueFactory = static _ => 10 };
    readonly Option<bool> _explain = new("--explain") { Description = "Show the tree that is computed, with types" };

    public override string Name => "eval";
    public override VerbGroup Group => VerbGroup.Define;
    public override string Summary => "Try an expression: on given values, on features of a key, or on the first rows of a view or source";
    public override string Details => "Without features it needs no project. With `view:feature` in it, or with `--view`, it is computed as an on-demand feature of the definitions as their files are now, over the offline data: for the keys that are given as of an instant, or, with `--view` of a value view and no keys, for the view's first rows, each as of its own instant. The language: docs/reference/expressions.md.";
    public override IReadOnlyList<Argument> Arguments => [_expression, _given];
    public override IReadOnlyList<Option> Options => [_view, _source, _at, _rows, _explain];

    public override IReadOnlyList<Example> Examples =>
    [
        new("lockstep eval \"log1p(amount) / n\" amount=99 n=3", "on given values"),
        new("lockstep eval \"weather:temp * 9 / 5 + 32\" airport=JFK --at 2013-01-03T12:00:00Z", "on features, as of an instant"),
        new("lockstep eval \"bucketize(temp, [32, 50, 70])\" --view weather", "on the first rows of a view"),
        new("lockstep eval \"arr_delay > 15 and not cancelled\" --source flights --rows 5", "on the first rows of a source: a filter, before it is written"),
    ];

    public override string JsonSample => """
        {
          "expression": "temp > 32", "type": "bool", "warnings": [],
          "columns": ["airport", "event_timestamp", "weather:temp"],
          "rows": [ { "inputs": ["JFK", "2013-01-01T06:00:00Z", 39.02], "value": true } ],
          "tree": "> : bool\n  input weather@1.0.0:temp : float64\n  32 : float64\n",
          "sql": "(\"weather@1.0.0:temp\" > '32'::double)"
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var text = context.Get(_expression)!;
        try
        {
            var result = await EvaluateAsync(context, text, token);
            foreach (var warning in result.Expression.Warnings) context.Warn(warning.Render(text));
            if (context.Json) context.WriteJson(ToJson(text, result));
            else Write(context, result);
            return ExitCode.Done;
        }
        catch (ExpressionException wrong)
        {
            throw new LockstepException(ErrorKind.BadArguments, wrong.Message, wrong);
        }
    }

    async Task<Evaluated> EvaluateAsync(VerbContext context, string text, CancellationToken token)
    {
        var given = GivenField.Read(context.Get(_given) ?? []);
        var at = Instants.Parse(context.Get(_at)) ?? Instant.Now(context.Console.Clock);
        var (view, source, rows) = (context.Get(_view), context.Get(_source), context.Get(_rows));
        if (rows < 1) throw new LockstepException(ErrorKind.BadArguments, $"--rows {rows}: it must be at least 1.");
        if (view is not null && source is not null) throw new LockstepException(ErrorKind.BadArguments, "Name a view or a source, not both.");
        if (view is null && source is null && !NeedsProject(context, text)) return LiteralEvaluation.Run(text, given, at);
        await using var host = context.OpenProject();
        var catalog = await host.LoadDefinedCatalogAsync(token);
        if (source is null) return new FeatureEvaluation(catalog, host, text, view is null ? null : View(catalog, view), given).Run(at, rows, token);
        if (given.Count > 0) throw new LockstepException(ErrorKind.BadArguments, "With --source the values come from its rows: give none.");
        return catalog.Sources.TryGetValue(source, out var found)
            ? SourceEvaluation.Run(text, found, host, rows, token)
            : throw new LockstepException(ErrorKind.NotFound, $"There is no source '{source}'.{NearestName.Hint(source, catalog.Sources.Keys, "Sources")}");
    }

    static ViewVersion View(Catalog catalog, string name)
    {
        var at = name.IndexOf('@', StringComparison.Ordinal);
        var selector = VersionSelector.Newest;
        if (at >= 0 && !VersionSelector.TryParse(name[(at + 1)..], out selector)) throw new LockstepException(ErrorKind.BadArguments, $"'{name}' names no view. Write name, or name@1.2.0.");
        return catalog.FindView(at < 0 ? name : name[..at], selector)
            ?? throw new LockstepException(ErrorKind.NotFound, $"There is no view '{name}'.{NearestName.Hint(name, catalog.Views.Select(v => v.Name).Distinct(), "Views")}");
    }

    void Write(VerbContext context, Evaluated result)
    {
        if (context.Get(_explain))
        {
            context.Out.Write(TreeText.Of(result.Expression));
            context.Say(context.Console.ErrorPaint.Faint($"as SQL: {DuckDbEngine.SqlOf(result.Expression.Root) ?? "none, it is not handed over"}"));
        }
        if (result.Columns.Count == 0) context.Out.WriteLine(result.Rows.Count == 0 ? "null" : result.Rows[0][0].ToString());
        else
        {
            TextTable table = new([.. result.Columns, "value"]);
            foreach (var row in result.Rows) table.Add([.. row.Select(v => v.ToString())]);
            table.Write(context.Console);
        }
        context.Say(context.Console.ErrorPaint.Faint(result.Expression.Type?.ToString() ?? "null"));
    }

    static JsonObject ToJson(string text, Evaluated result) => new()
    {
        ["expression"] = text,
        ["type"] = result.Expression.Type?.ToString(),
        ["warnings"] = new JsonArray([.. result.Expression.Warnings.Select(w => (JsonNode)w.Message)]),
        ["columns"] = new JsonArray([.. result.Columns.Select(c => (JsonNode)c)]),
        ["rows"] = new JsonArray([.. result.Rows.Select(r => (JsonNode)new JsonObject { ["inputs"] = new JsonArray([.. r[..^1].Select(JsonValues.Of)]), ["value"] = JsonValues.Of(r[^1]) })]),
        ["tree"] = TreeText.Of(result.Expression),
        ["sql"] = DuckDbEngine.SqlOf(result.Expression.Root),
    };

    // Features, lookup tables, and calls of what is no function: a transformation, where there is a project that may have one.
    static bool NeedsProject(VerbContext context, string text)
    {
        var nodes = SyntaxTree.All(Parser.Parse(text)).ToList();
        return nodes.OfType<FeatureSyntax>().Any()
            || nodes.OfType<CallSyntax>().Any(c => c.Name == "lookup" || c.Version != VersionSelector.Newest
                || (FunctionCatalog.Find(c.Name).Count == 0 && !FunctionCatalog.SpecialNames.Contains(c.Name) && context.HasProject));
    }
}
