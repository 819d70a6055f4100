using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>Resolves the references of a service to versions.</summary>
internal sealed class ServiceBinder(Catalog catalog, bool registryKnown, IReadOnlySet<string> unbound, ProblemList problems)
{
    /// <summary>The service with exact versions; null when something is wrong, here or in a view that it reads.</summary>
    public BoundService? Bind(FeatureService service)
    {
        var what = $"service '{service.Name}'";
        List<FeatureSelection> pinned = [];
        List<(string Name, string View)> outputs = [];
        var complete = true;
        for (var i = 0; i < service.Features.Count; i++)
        {
            var (selection, path) = (service.Features[i], $"features.{i}");
            if (unbound.Contains(selection.View))
            {
                complete = false; // its own problems have been reported
                continue;
            }
            var before = problems.Errors;
            if (catalog.FindView(selection.View, selection.Version) is not { } view)
            {
                complete = false;
                Missing(selection, what, service.At($"{path}.view"));
                continue;
            }
            foreach (var key in selection.Keys.Keys.Where(k => view.Keys.IndexOf(k) < 0))
                problems.Error(service.KeyAt($"{path}.keys.{key}"), $"View '{view.Id}' in {what} has no join key '{key}'.{NearestName.Hint(key, view.Keys.Fields.Select(f => f.Name), "Join keys")}");
            foreach (var feature in selection.Features.Where(f => view.Features.IndexOf(f) < 0))
                problems.Error(service.At($"{path}.features"), $"View '{view.Id}' in {what} has no feature '{feature}'.{NearestName.Hint(feature, view.Features.Fields.Select(f => f.Name), "Features")}");
            if (problems.Errors > before)
            {
                complete = false;
                continue;
            }
            var version = view.Version;
            pinned.Add(selection with { Version = new(version.Major, version.Minor, version.Patch) });
            foreach (var feature in selection.Features.Count == 0 ? view.Features.Fields.Select(f => f.Name) : selection.Features)
                outputs.Add((selection.Alias is null ? feature : $"{selection.Alias}__{feature}", view.Name));
        }
        if (!complete) return null;
        foreach (var twice in outputs.GroupBy(o => o.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
            problems.Warn(service.At("features"), $"{MapReader.Upper(what)} has the feature name '{twice.Key}' more than once, from {string.Join(" and ", twice.Select(o => o.View).Distinct())}. It can only be asked for with full names (view__feature); an alias would make them differ.");
        var exact = service with { Features = pinned };
        var meaning = Fingerprint.Meaning(exact, catalog);
        return new() { Service = exact, Written = service, Meaning = meaning, Fingerprint = Fingerprint.Hash(meaning) };
    }

    void Missing(FeatureSelection selection, string what, Location? location)
    {
        var versions = catalog.VersionsOf(selection.View);
        if (versions.Count == 0)
            problems.Error(location, $"{MapReader.Upper(what)} reads view '{selection.View}', which is not defined.{NearestName.Hint(selection.View, catalog.Views.Select(v => v.Name).Concat(unbound), "Views")}");
        else if (!registryKnown)
            problems.Warn(location, $"{MapReader.Upper(what)} reads view '{selection.View}{selection.Version}', which these files do not define. Whether it is registered is checked by plan and apply.");
        else
            problems.Error(location, $"{MapReader.Upper(what)} reads view '{selection.View}{selection.Version}', but there is no such version. Versions: {string.Join(", ", versions.Select(v => v.Version + (v.Retired ? " (retired)" : "")))}.");
    }
}
