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

/// <summary>One column of the answer: which lookup it comes from and which of the view's features it is.</summary>
public sealed record FeatureOutput(string Name, int Lookup, int Ordinal, FeatureType Type, Value Default);

/// <summary>
/// What is asked for, resolved against a catalog: the same for a training set and for a served vector, so that names, order and
/// versions cannot differ between them.
/// </summary>
public sealed class FeatureSet
{
    FeatureSet(IReadOnlyList<FeatureLookup> lookups, IReadOnlyList<FeatureOutput> outputs) => (Lookups, Outputs) = (lookups, outputs);

    public IReadOnlyList<FeatureLookup> Lookups { get; }

    /// <summary>In the order asked for.</summary>
    public IReadOnlyList<FeatureOutput> Outputs { get; }

    public static FeatureSet Resolve(Catalog catalog, FeatureService service, bool fullNames = false)
        => Resolve(catalog, service.Features, fullNames, $"service '{service.Name}'");

    /// <summary>Resolves selections in order; every mistake is reported at once, as <see cref="ErrorKind.NotFound"/> or <see cref="ErrorKind.BadArguments"/>.</summary>
    public static FeatureSet Resolve(Catalog catalog, IReadOnlyList<FeatureSelection> selections, bool fullNames = false, string asker = "the request")
    {
        List<Problem> problems = [];
        List<(ViewVersion View, string? Alias, List<string> Keys, SortedSet<int> Ordinals)> lookups = [];
        List<(int Lookup, int Ordinal)> picks = [];
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
            foreach (var key in selection.Keys.Keys.Where(k => view.Keys.IndexOf(k) < 0))
                problems.Add(new(Severity.Error, null, $"View '{view.Name}' has no join key '{key}' (asked for by {asker}). Join keys: {string.Join(", ", view.Keys.Fields.Select(f => f.Name))}."));
            var keys = view.Keys.Fields.Select(f => selection.Keys.TryGetValue(f.Name, out var column) ? column : f.Name).ToList();
            var lookup = lookups.FindIndex(l => ReferenceEquals(l.View, view) && l.Alias == selection.Alias && l.Keys.SequenceEqual(keys));
            if (lookup < 0)
            {
                lookup = lookups.Count;
                lookups.Add((view, selection.Alias, keys, []));
            }
            foreach (var feature in selection.Features.Count == 0 ? view.Features.Fields.Select(f => f.Name) : selection.Features)
            {
                var ordinal = view.Features.IndexOf(feature);
                if (ordinal < 0)
                {
                    missing = true;
                    problems.Add(new(Severity.Error, null, $"View '{view.Id}' has no feature '{feature}' (asked for by {asker}).{NearestName.Hint(feature, view.Features.Fields.Select(f => f.Name), "Features")}"));
                    continue;
                }
                lookups[lookup].Ordinals.Add(ordinal);
                picks.Add((lookup, ordinal));
            }
        }
        if (problems.Count == 0 && picks.Count == 0) problems.Add(new(Severity.Error, null, $"No features are asked for by {asker}. Name some as view:feature, or view:* for all of a view."));
        List<FeatureOutput> outputs = [];
        Dictionary<string, string> taken = new(StringComparer.Ordinal);
        foreach (var (lookup, ordinal) in picks)
        {
            var (view, alias, _, _) = lookups[lookup];
            var field = view.Features[ordinal];
            var name = alias is not null ? $"{alias}__{field.Name}" : fullNames ? $"{view.Name}__{field.Name}" : field.Name;
            if (!taken.TryAdd(name, view.Name))
                problems.Add(new(Severity.Error, null, $"The name '{name}' occurs twice, from '{taken[name]}' and '{view.Name}' (asked for by {asker}). Ask for full names (view__feature), or give one of them an alias."));
            outputs.Add(new(name, lookup, ordinal, field.Type, view.Defaults[ordinal]));
        }
        if (problems.Count > 0) throw new LockstepException(missing ? ErrorKind.NotFound : ErrorKind.BadArguments, problems);
        return new([.. lookups.Select(l => new FeatureLookup { View = l.View, Alias = l.Alias, KeyColumns = l.Keys, Ordinals = [.. l.Ordinals] })], outputs);
    }
}
