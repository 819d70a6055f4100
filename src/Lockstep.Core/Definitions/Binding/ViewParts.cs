using System.Globalization;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>What views of every kind name: entities and sources. Reports those that are not there.</summary>
internal sealed class ViewParts(
    IReadOnlyDictionary<string, Entity> entities, IReadOnlyDictionary<string, Source> sources, IReadOnlySet<string> unreadable, ProblemList problems)
{
    /// <summary>The join keys of the view's entities, in order; null when something is wrong with them.</summary>
    public Schema? Keys(FeatureView view, string what)
    {
        List<Field> keys = [];
        var complete = true;
        foreach (var name in view.Entities)
            if (!entities.TryGetValue(name, out var entity))
            {
                complete = false;
                if (!unreadable.Contains(name)) problems.Error(view.At(Place(view, name)), $"{MapReader.Upper(what)} is of entity '{name}', which is not defined.{NearestName.Hint(name, entities.Keys, "Entities")}");
            }
            else if (entity.Incomplete) complete = false;
            else keys.AddRange(entity.JoinKeys);
        if (!complete) return null;
        foreach (var twice in DefinitionRules.Twice(keys.Select(k => k.Name)))
            problems.Error(view.At("entity"), $"{MapReader.Upper(what)} has the join key '{twice}' from two of its entities.");
        return DefinitionRules.Twice(keys.Select(k => k.Name)).Any() ? null : new(keys);
    }

    static string Place(FeatureView view, string entity)
    {
        for (var i = 0; i < view.Entities.Count; i++)
            if (view.Entities[i] == entity) return string.Create(CultureInfo.InvariantCulture, $"entity.{i}");
        return "entity";
    }

    /// <summary>The source by its name; null, and reported, when there is none.</summary>
    public Source? Source(FeatureView view, string name, string what)
    {
        if (sources.TryGetValue(name, out var source)) return source;
        if (!unreadable.Contains(name)) problems.Error(view.At("source"), $"{MapReader.Upper(what)} reads source '{name}', which is not defined.{NearestName.Hint(name, sources.Keys, "Sources")}");
        return null;
    }
}
