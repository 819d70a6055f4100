using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>What the files define, and everything that is wrong with them.</summary>
public sealed record DefinitionReadResult(ProjectDefinitions Definitions, IReadOnlyList<Problem> Problems)
{
    public bool HasErrors => Problems.Any(p => p.Severity == Severity.Error);
}

/// <summary>
/// Reads definition files. All mistakes are found in one pass: those of the text here, those of a definition by itself in
/// <see cref="DefinitionRules"/>. References and columns are checked by <see cref="DefinitionBinder"/>, which can be given a result
/// with errors: what was not understood here is not reported a second time there.
/// </summary>
public static class DefinitionReader
{
    public static DefinitionReadResult Read(IEnumerable<(string File, string Text)> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        ProblemList problems = new();
        List<string> order = [];
        List<Definition> found = [];
        HashSet<string> unreadable = new(StringComparer.Ordinal);
        foreach (var (file, text) in files)
        {
            order.Add(file);
            foreach (var document in YamlTree.Read(file, text, problems))
                if (Document(document, problems, unreadable) is { } definition) found.Add(definition);
        }
        ProjectDefinitions definitions = new()
        {
            Entities = [.. found.OfType<Entity>()],
            Sources = [.. found.OfType<Source>()],
            Views = [.. found.OfType<FeatureView>()],
            Transformations = [.. found.OfType<Transformation>()],
            LookupTables = [.. found.OfType<LookupTable>()],
            Services = [.. found.OfType<FeatureService>()],
            Unreadable = unreadable,
        };
        definitions = DefinitionRules.Check(definitions, problems);
        return new(definitions, problems.InOrder(order));
    }

    static Definition? Document(YamlNode node, ProblemList problems, HashSet<string> unreadable)
    {
        if (node is YamlScalar { IsNull: true }) return null; // an empty document
        if (node is not YamlMap map)
        {
            problems.Error(node.Location, $"A definition is {node.What}. It must be a mapping with kind and name.");
            return null;
        }
        var name = (map.Find("name") as YamlScalar)?.Text;
        if (map.Find("kind") is not YamlScalar { IsNull: false } kind || !DefinitionKeys.Kinds.TryGetValue(kind.Text, out var table))
        {
            var found = map.Find("kind");
            problems.Error(found?.Location ?? map.Location, found is YamlScalar { IsNull: false } typed
                ? $"There is no kind '{typed.Text}'.{NearestName.Hint(typed.Text, DefinitionKeys.Kinds.Keys, "Kinds")}"
                : $"A definition needs a kind, one of {string.Join(", ", DefinitionKeys.Kinds.Keys)}.");
            if (name is not null) unreadable.Add(name);
            return null;
        }
        var before = problems.Errors;
        MapReader reader = new(map, table, name is null ? Word(kind.Text) : $"{Word(kind.Text)} '{name}'", problems);
        name = reader.Words("name");
        if (name is null) return null;
        Definition definition = kind.Text switch
        {
            Entity.KindName => KindReaders.Entity(name, reader),
            Source.KindName => KindReaders.Source(name, reader),
            ValueView.KindName => KindReaders.ValueView(name, reader),
            AggregationView.KindName => KindReaders.AggregationView(name, reader),
            OnDemandView.KindName => KindReaders.OnDemandView(name, reader),
            Transformation.KindName => KindReaders.Transformation(name, reader),
            LookupTable.KindName => KindReaders.LookupTable(name, reader),
            _ => KindReaders.FeatureService(name, reader),
        };
        Metadata metadata = new()
        {
            Description = reader.Text("description"),
            Owner = reader.Words("owner"),
            Domain = reader.Words("domain"),
            FreshnessSla = reader.Duration("freshness_sla"),
            Tags = reader.TextMap("tags"),
        };
        return definition with { Metadata = metadata, Location = map.Location, Places = Places.Of(map), Incomplete = problems.Errors > before };
    }

    /// <summary>How messages call a kind.</summary>
    internal static string Word(string kind) => kind switch
    {
        FeatureService.KindName => "service",
        Entity.KindName or Source.KindName or Transformation.KindName or Fit.KindName => kind,
        LookupTable.KindName => "lookup table",
        _ => "view",
    };
}
