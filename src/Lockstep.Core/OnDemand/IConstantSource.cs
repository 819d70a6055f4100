using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Fitting;

namespace Lockstep.Core.OnDemand;

/// <summary>A version of a transformation and what it learned.</summary>
public sealed record FittedTransformation(TransformationVersion Version, Fit Fit);

/// <summary>What the names of transformations, lookup tables and C# views mean in one view.</summary>
public interface IConstantSource
{
    /// <summary>Null when there is none, with a problem when more is to be said than that.</summary>
    FittedTransformation? Transformation(string name, VersionSelector version, out string? problem);

    /// <summary>Null when there is none, with a problem when more is to be said than that.</summary>
    NamedTable? Table(string name, VersionSelector version, out string? problem);

    /// <summary>Null when this program has none that will do, with the problem.</summary>
    CSharpView? CSharp(string name, out string? problem);

    IEnumerable<string> TransformationNames { get; }
    IEnumerable<string> TableNames { get; }
}

/// <summary>How a view pins what its expressions use (S23): the keys and values of <see cref="ViewVersion.Constants"/>.</summary>
internal static class ConstantPins
{
    public static string Transformation(string name, VersionSelector version) => $"{Definitions.Transformation.KindName}/{name}{version}";
    public static string Table(string name, VersionSelector version) => $"table/{name}{version}";
    public static string CSharp(string name) => $"csharp/{name}";
    public static string Of(Lookup.LookupTableVersion table) => $"table/{table.Id}";
}

/// <summary>The names of a registered view: what they were resolved to at apply, and nothing else.</summary>
internal sealed class RegisteredConstants(Catalog catalog, ViewVersion? view) : IConstantSource
{
    public IEnumerable<string> TransformationNames => [];
    public IEnumerable<string> TableNames => [];

    public FittedTransformation? Transformation(string name, VersionSelector version, out string? problem)
    {
        problem = null;
        return Pin(ConstantPins.Transformation(name, version)) is { } pin && Find(catalog, pin) is { } found ? found : null;
    }

    internal static FittedTransformation? Find(Catalog catalog, string pin)
        => catalog.Fits.FirstOrDefault(f => f.Id == pin) is { } fit && catalog.Transformations.FirstOrDefault(t => t.Name == fit.Name && t.Version == fit.Transformation) is { } version ? new(version, fit) : null;

    public NamedTable? Table(string name, VersionSelector version, out string? problem)
    {
        problem = null;
        return Pin(ConstantPins.Table(name, version)) is { } pin && catalog.LookupTables.FirstOrDefault(t => ConstantPins.Of(t) == pin) is { } table ? new(table, () => catalog.Content.Load(table)) : null;
    }

    public CSharpView? CSharp(string name, out string? problem)
    {
        var pin = Pin(ConstantPins.CSharp(name));
        var found = pin is null ? null : catalog.Content.CSharp.Pinned(name, pin);
        problem = found is not null ? null : Missing(catalog.Content.CSharp, name, $"View '{view?.Id}'", pin);
        return found;
    }

    /// <param name="csharp">What the program has.</param>
    /// <param name="name">What is looked for.</param>
    /// <param name="what">The view that wants it.</param>
    /// <param name="pin">What was applied; null: any would do.</param>
    internal static string Missing(CSharpViews csharp, string name, string what, string? pin)
    {
        var here = csharp.All.Where(v => v.Name == name).ToList();
        if (here.Count == 0)
            return $"{what} is written in C#: '{name}', which this program does not have.{NearestName.Hint(name, csharp.All.Select(v => v.Name), "C# views")} Run it from the program that registers it (docs/guide/csharp-views.md).";
        return $"{what} was applied with the C# view '{name}' {Shown(pin ?? "")}; this program has {string.Join(" and ", here.Select(v => Shown(v.Pin)))}. Run the build that was applied, or raise the version of the view and apply again.";
    }

    static string Shown(string pin) => pin.Split(' ') is [var version, var build] ? $"{version} (build {build[..8]})" : pin;

    string? Pin(string reference) => view?.Constants.GetValueOrDefault(reference);
}

/// <summary>Makes functions of what a source finds; the trees bind what a transformation was learned on.</summary>
internal sealed class TreeConstants(IConstantSource source, Func<TransformationVersion, BoundNode?> own) : INamedConstants
{
    public IEnumerable<string> TransformationNames => source.TransformationNames;
    public IEnumerable<string> TableNames => source.TableNames;

    public NamedTransformation? Transformation(string name, VersionSelector version, out string? problem)
        => source.Transformation(name, version, out problem) is { } found ? new(FitFunctions.Of(found.Fit, found.Version.Transformation.Fit), () => own(found.Version)) : null;

    public NamedTable? Table(string name, VersionSelector version, out string? problem) => source.Table(name, version, out problem);
}
