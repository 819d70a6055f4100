using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Server;

namespace Lockstep.Cli.Evaluation;

// An expression over features is an on-demand feature that nobody has defined: it is bound as one, in a view that exists for the call,
// and computed as one, in a training set of the rows that are asked for. So what is tried here is what the definition will give.
// The features of the view that is named can be called by their names alone: they are features of the made-up view, too.
internal sealed class FeatureEvaluation(Catalog catalog, ProjectHost host, string text, ViewVersion? view, IReadOnlyList<GivenField> given)
{
    const string ViewName = "evaluated", Result = "value";

    public Evaluated Run(long at, int rows, CancellationToken token)
    {
        List<FeatureSelection> selections = [.. Selections()];
        var asked = selections.Count == 0 ? null : FeatureSet.Resolve(catalog, selections, fullNames: true, "the expression"); // a lookup table needs no feature
        var keys = (asked?.Lookups ?? []).SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new Field(column, key.Type))).DistinctBy(f => f.Name).ToList();
        List<Field> known = [.. keys, .. (asked?.OnDemand?.RequestFields ?? []).Where(f => keys.TrueForAll(k => k.Name != f.Name))];
        var values = given.ToDictionary(g => g.Name, g => g.As(known.Find(k => k.Name == g.Name)?.Type), StringComparer.Ordinal);
        var fromRows = view is { View: ValueView } && !keys.Exists(k => values.ContainsKey(k.Name));
        List<Field> request = [.. values.Select(v => new Field(v.Key, v.Value.Type))];
        if (fromRows) request.AddRange(view!.Keys.Fields.Where(k => !values.ContainsKey(k.Name)));
        foreach (var missing in known.Where(k => request.TrueForAll(r => r.Name != k.Name)))
            throw new LockstepException(ErrorKind.BadArguments, $"'{missing.Name}' is missing. Write {missing.Name}=…; it is {missing.Type}, {ValueText.Expected(missing.Type)}.");

        var (extended, bound) = Bind(request);
        var set = FeatureSet.Resolve(extended, [new() { View = ViewName, Features = [Result] }]);
        var inputs = set.OnDemand!.Inputs.Where(i => i.Lookup >= 0).Select(i => (set.Lookups[i.Lookup].View, Feature: set.Lookups[i.Lookup].View.Features[i.Ordinal].Name)).Distinct().ToList();
        Schema spine = new([.. request, new(TrainingSetRequest.DefaultTimestamp, FeatureType.Timestamp)]);
        List<Value[]> spineRows = fromRows
            ? [.. FirstRows.Keys(view!, catalog, host, rows, token).Select(r => (Value[])[.. request.Select(f => values.TryGetValue(f.Name, out var v) ? v.Value : r[view!.Keys.IndexOf(f.Name)]), r[^1]])]
            : [[.. request.Select(f => values[f.Name].Value), Value.Timestamp(at)]];
        using RowsReader reader = new(spine, spineRows);
        RowsKeeper kept = new();
        host.TrainingSets.Run(new()
        {
            Catalog = extended,
            Spine = Spine.Of(reader, "the rows"),
            Features = [.. inputs.Select(i => new FeatureSelection { View = i.View.Name, Version = Exactly(i.View), Features = [i.Feature] }), new() { View = ViewName, Features = [Result] }],
            FullNames = true,
            Writer = kept.For,
        }, null, token);
        return new(bound, [.. spine.Fields.Select(f => f.Name), .. inputs.Select(i => $"{i.View.Name}:{i.Feature}")], kept.Rows);
    }

    /// <summary>What the text names, and the view whose features it may name alone.</summary>
    IEnumerable<FeatureSelection> Selections()
    {
        if (view is not null) yield return new() { View = view.Name, Version = Exactly(view) };
        foreach (var feature in SyntaxTree.All(Parser.Parse(text)).OfType<FeatureSyntax>().DistinctBy(f => f.ToString()))
            if (view is null || feature.View != view.Name || !feature.Version.Matches(view.Version)) yield return new() { View = feature.View, Version = feature.Version, Features = [feature.Feature] };
    }

    (Catalog Catalog, BoundExpression Expression) Bind(List<Field> request)
    {
        List<ExpressionFeature> features = [];
        foreach (var feature in view?.Features.Fields ?? [])
            if (feature.Name != Result && request.TrueForAll(r => r.Name != feature.Name)) features.Add(new(feature.Name, $"\"{view!.Name}\"{Exactly(view)}:\"{feature.Name}\""));
        OnDemandView made = new() { Name = ViewName, Request = request, Features = [.. features, new(Result, text)] };
        // By its own, so that a mistake is told with its place in the text that was typed.
        var trees = OnDemandTrees.OfNewest(catalog);
        var expression = trees.Bind(ViewName, made, made.Features[^1]);
        if (expression.Type is null) throw new LockstepException(ErrorKind.BadArguments, "The expression is always null.");
        var bound = DefinitionBinder.Bind(new() { Views = [made] }, catalog, static _ => null, static (_, _) => null);
        return bound.HasErrors ? throw new LockstepException(ErrorKind.BadArguments, bound.Problems) : (bound.ToCatalog(catalog, catalog.Number), expression);
    }

    static VersionSelector Exactly(ViewVersion version) => VersionSelector.TryParse(version.Version.ToString(), out var exact) ? exact : default;
}
