using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Fitting;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>Something that is known of objects of one kind only.</summary>
public sealed record DescribedFact(string Name, string Value)
{
    internal static IReadOnlyList<DescribedFact> Of(RegisteredObject item, RegistrySnapshot snapshot) => item.Definition switch
    {
        Transformation transformation => [.. OfTransformation(transformation, snapshot)],
        LookupTable => [.. OfTable(item)],
        Fit fit => [.. OfFit(fit, snapshot)],
        OnDemandView { CSharp: { } name } => [new("csharp", name)],
        _ => [],
    };

    static IEnumerable<DescribedFact> OfTransformation(Transformation transformation, RegistrySnapshot snapshot)
    {
        yield return new("fit", transformation.Fit);
        yield return new("input", transformation.Input);
        if (transformation.Target is { } target) yield return new("target", target);
        foreach (var parameter in FitMethods.Find(transformation.Fit)!.Parameters) yield return new(parameter.Name, transformation.Parameter(parameter.Name));
        var fits = snapshot.Catalog.Fits.Where(f => f.Name == transformation.Name && f.Transformation == transformation.Version).ToList();
        yield return new("fits", fits.Count == 0 ? $"none yet: lockstep fit {transformation.Name} --spine <file> --at <instant>"
            : string.Join(", ", fits.Select(f => $"{f.Number} (as of {Instant.Format(f.AsOf)}{(f.Retired ? ", retired" : "")})")));
    }

    static IEnumerable<DescribedFact> OfTable(RegisteredObject item)
    {
        var content = item.Table!.Content;
        yield return new("table", item.Table.Table.Path);
        yield return new("rows", Number(content.Rows));
        yield return new("bytes", Number(content.Bytes));
        if (content.RowsWithoutKey > 0) yield return new("without key", Number(content.RowsWithoutKey));
        yield return new("content", content.Hash);
    }

    static IEnumerable<DescribedFact> OfFit(Fit fit, RegistrySnapshot snapshot)
    {
        yield return new("of", $"{fit.Name}@{fit.Transformation}");
        yield return new("as of", Instant.Format(fit.AsOf));
        yield return new("spine", fit.Statistics.Spine);
        yield return new("rows", $"{Number(fit.Statistics.Rows)}, {Number(fit.Statistics.Nulls)} of them null");
        if (fit.Statistics.RowsAfter > 0) yield return new("left out", $"{Number(fit.Statistics.RowsAfter)} rows after the instant");
        if (fit.Statistics.RowsWithoutTime > 0) yield return new("left out", $"{Number(fit.Statistics.RowsWithoutTime)} rows without a timestamp");
        if (fit.Views.Count > 0) yield return new("views", string.Join(", ", fit.Views.Keys));
        if (snapshot.Catalog.Transformations.FirstOrDefault(t => t.Name == fit.Name && t.Version == fit.Transformation) is not { } version) yield break;
        foreach (var (name, value) in FitParameters.Read(version.Transformation.Fit, fit.Parameters).Describe()) yield return new(name, value);
    }

    static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
