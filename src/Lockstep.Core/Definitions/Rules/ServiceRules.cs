using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>What must hold of a feature service by itself.</summary>
internal static class ServiceRules
{
    public static void Check(FeatureService service, ProblemList problems)
    {
        var what = $"service '{service.Name}'";
        if (service.Version < 1) problems.Error(service.At("version"), $"The version of {what} is {service.Version}. Versions of a service are 1, 2, 3 …");
        if (service.Features.Count == 0 && !service.Incomplete) problems.Error(service.At("features"), $"{MapReader.Upper(what)} has no features.");
        Dictionary<string, FeatureSelection> aliases = new(StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.Ordinal);
        var plain = service.Features.Where(f => f.Alias is null).Select(f => f.View).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < service.Features.Count; i++)
        {
            var selection = service.Features[i];
            var path = $"features.{i}";
            foreach (var name in selection.Features.Count == 0 ? ["*"] : selection.Features)
                if (!seen.Add($"{selection.View}{selection.Version}:{name} as {selection.Alias} {Keys(selection)}"))
                    problems.Error(service.At(path), $"{MapReader.Upper(what)} asks twice for {selection.View}{selection.Version}:{name}{(selection.Alias is null ? "" : $" as {selection.Alias}")}.");
            foreach (var (key, column) in selection.Keys.Where(k => string.IsNullOrWhiteSpace(k.Value)))
                problems.Error(service.At($"{path}.keys"), $"The key '{key}' of view '{selection.View}' in {what} is read from no column.");
            if (selection.Alias is not { } alias) continue;
            DefinitionRules.Name(alias, $"the alias '{alias}' in {what}", service.At($"{path}.as"), problems);
            if (plain.Contains(alias))
                problems.Error(service.At($"{path}.as"), $"The alias '{alias}' in {what} is also the name of a view that it reads. Choose another.");
            if (!aliases.TryAdd(alias, selection) && !SameLookup(aliases[alias], selection))
                problems.Error(service.At($"{path}.as"), $"The alias '{alias}' in {what} stands for two things. One alias is one view by one choice of keys.");
        }
    }

    static bool SameLookup(FeatureSelection left, FeatureSelection right)
        => left.View == right.View && left.Version == right.Version && Keys(left) == Keys(right);

    static string Keys(FeatureSelection selection)
        => string.Join(",", selection.Keys.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{k.Key}={k.Value}"));
}
