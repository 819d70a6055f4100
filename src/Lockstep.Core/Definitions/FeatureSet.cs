using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>One view that a feature set reads, by one choice of key columns. A view under two aliases is two lookups.</summary>
public sealed record FeatureLookup
{
    public required ViewVersion View { get; init; }
    public string? Alias { get; init; }

    /// <summary>For each join key of the view the column of the spine, or field of the request, that holds it.</summary>
    public required IReadOnlyList<string> KeyColumns { get; init; }

    /// <summary>Ordinals in <see cref="ViewVersion.Features"/> that are asked for, ascending, each once.</summary>
    public required IReadOnlyList<int> Ordinals { get; init; }
}

/// <summary>
/// One column of the answer: which lookup it comes from and which of the view's features it is; or, with <paramref name="Lookup"/> -1,
/// which output of <see cref="FeatureSet.OnDemand"/> it is.
/// </summary>
public sealed record FeatureOutput(string Name, int Lookup, int Ordinal, FeatureType Type, Value Default)
{
    public required ViewVersion View { get; init; }

    /// <summary>Its name in the view.</summary>
    public required string Feature { get; init; }

    public bool IsOnDemand => Lookup < 0;
}

/// <summary>
/// What is asked for, resolved against a catalog: the same for a training set and for a served vector, so that names, order and
/// versions cannot differ between them.
/// </summary>
public sealed class FeatureSet
{
    FeatureSet(IReadOnlyList<FeatureLookup> lookups, IReadOnlyList<FeatureOutput> outputs, OnDemandPlan? onDemand) => (Lookups, Outputs, OnDemand) = (lookups, outputs, onDemand);

    public IReadOnlyList<FeatureLookup> Lookups { get; }

    /// <summary>In the order asked for.</summary>
    public IReadOnlyList<FeatureOutput> Outputs { get; }

    /// <summary>The expressions of on-demand features among the outputs; null when there are none. Their stored inputs are among <see cref="Lookups"/>.</summary>
    public OnDemandPlan? OnDemand { get; }

    public static FeatureSet Resolve(Catalog catalog, FeatureService service, bool fullNames = false)
        => Resolve(catalog, service.Features, fullNames, $"service '{service.Name}'");

    /// <summary>Resolves selections in order; every mistake is reported at once, as <see cref="ErrorKind.NotFound"/> or <see cref="ErrorKind.BadArguments"/>.</summary>
    public static FeatureSet Resolve(Catalog catalog, IReadOnlyList<FeatureSelection> selections, bool fullNames = false, string asker = "the request")
    {
        List<Problem> problems = [];
        List<(ViewVersion View, string? Alias, List<string> Keys, SortedSet<int> Ordinals)> lookups = [];
        List<(ViewVersion View, string? Alias, int Lookup, int Ordinal)> picks = [];
        var missing = false;
        foreach (var selection in selections)
        {
            if (catalog.FindView(selection.View, selection.Version) is not { } view)
            {
                missing = true;
                var versions = catalog.VersionsOf(selection.View);
                problems.Add(new(Severity.Error, null, versions.Count > 0
                    ? $"View '{selection.View}' has no version {selection.Version.ToString().TrimStart('@')} (asked for by {asker}). Versions: {string.Join(", ", versions.Select(v => v.Version + (v.Retired ? " (retired)" : "")))}."
                    : $"There is no view '{selection.View}' (asked for by {asker}).{NearestName.Hint(selection.View, catalog.Views.Select(v => v.Name), "Views")}"));
                continue;
            }
            if (view.View is OnDemandView && selection.Alias is not null)
                problems.Add(new(Severity.Error, null, $"On-demand view '{view.Name}' has no keys of its own, so an alias with other keys means nothing (asked for by {asker})."));
            foreach (var key in selection.Keys.Keys.Where(k => view.Keys.IndexOf(k) < 0))
                problems.Add(new(Severity.Error, null, $"View '{view.Name}' has no join key '{key}' (asked for by {asker}). Join keys: {string.Join(", ", view.Keys.Fields.Select(f => f.Name))}."));
            var keys = view.Keys.Fields.Select(f => selection.Keys.TryGetValue(f.Name, out var column) ? column : f.Name).ToList();
            var lookup = view.View is OnDemandView ? -1 : Lookup(view, selection.Alias, keys);
            foreach (var feature in selection.Features.Count == 0 ? view.Features.Fields.Select(f => f.Name) : selection.Features)
            {
                var ordinal = view.Features.IndexOf(feature);
                if (ordinal < 0)
                {
                    missing = true;
                    problems.Add(new(Severity.Error, null, $"View '{view.Id}' has no feature '{feature}' (asked for by {asker}).{NearestName.Hint(feature, view.Features.Fields.Select(f => f.Name), "Features")}"));
                    continue;
                }
                if (lookup >= 0) lookups[lookup].Ordinals.Add(ordinal);
                picks.Add((view, selection.Alias, lookup, ordinal));
            }
        }
        if (problems.Count == 0 && picks.Count == 0) problems.Add(new(Severity.Error, null, $"No features are asked for by {asker}. Name some as view:feature, or view:* for all of a view."));
        var onDemand = problems.Count == 0 ? PlanOnDemand([.. picks.Where(p => p.Lookup < 0).Select(p => (p.View, p.Ordinal))]) : null;
        List<FeatureOutput> outputs = [];
        Dictionary<string, string> taken = new(StringComparer.Ordinal);
        var computed = 0;
        foreach (var (view, alias, lookup, ordinal) in picks)
        {
            var field = view.Features[ordinal];
            var name = alias is not null ? $"{alias}__{field.Name}" : fullNames ? $"{view.Name}__{field.Name}" : field.Name;
            if (!taken.TryAdd(name, view.Name))
                problems.Add(new(Severity.Error, null, $"The name '{name}' occurs twice, from '{taken[name]}' and '{view.Name}' (asked for by {asker}). Ask for full names (view__feature), or give one of them an alias."));
            outputs.Add(new(name, lookup, lookup < 0 ? computed++ : ordinal, field.Type, view.Defaults[ordinal]) { View = view, Feature = field.Name });
        }
        if (problems.Count > 0) throw new LockstepException(missing ? ErrorKind.NotFound : ErrorKind.BadArguments, problems);
        return new([.. lookups.Select(l => new FeatureLookup { View = l.View, Alias = l.Alias, KeyColumns = l.Keys, Ordinals = [.. l.Ordinals] })], outputs, onDemand);

        int Lookup(ViewVersion view, string? alias, List<string> keys)
        {
            var found = lookups.FindIndex(l => ReferenceEquals(l.View, view) && l.Alias == alias && l.Keys.SequenceEqual(keys));
            if (found >= 0) return found;
            lookups.Add((view, alias, keys, []));
            return lookups.Count - 1;
        }

        // Stored features that expressions read are looked up by the keys as they are named, beside those asked for.
        OnDemandPlan? PlanOnDemand(IReadOnlyList<(ViewVersion View, int Ordinal)> asked)
        {
            if (asked.Count == 0) return null;
            var trees = OnDemandTrees.Of(catalog);
            List<(string, BoundNode)> nodes = [];
            foreach (var (version, ordinal) in asked)
            {
                var view = (OnDemandView)version.View;
                try
                {
                    nodes.Add(($"{version.Id}:{view.Features[ordinal].Name}", trees.Bind(version.Id, view, view.Features[ordinal]).Root));
                }
                catch (CSharpInputException notHere)
                {
                    throw new LockstepException(ErrorKind.Failed, notHere.Errors[0].Message, notHere); // the program is another than the one that applied it
                }
                catch (RequestFieldException clash)
                {
                    problems.Add(new(Severity.Error, null, $"{clash.Errors[0].Message} Both are asked for by {asker}."));
                    return null;
                }
            }
            return new(trees, nodes, input =>
            {
                var lookup = Lookup(input.View, null, [.. input.View.Keys.Fields.Select(f => f.Name)]);
                lookups[lookup].Ordinals.Add(input.Ordinal);
                return lookup;
            });
        }
    }
}
