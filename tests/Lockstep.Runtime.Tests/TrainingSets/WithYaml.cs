using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>Definitions in YAML on top of a catalog that was made by hand.</summary>
internal static class WithYaml
{
    public static Catalog Of(Catalog catalog, string yaml)
    {
        var read = DefinitionReader.Read([("features.yaml", yaml)]);
        var bound = DefinitionBinder.Bind(read.Definitions, catalog, _ => null, (_, _) => null);
        Assert.DoesNotContain(read.Problems.Concat(bound.Problems), p => p.Severity == Severity.Error);
        return bound.ToCatalog(catalog, catalog.Number + 1);
    }
}
