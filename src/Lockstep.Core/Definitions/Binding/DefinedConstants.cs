using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Lookup;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>What checking definitions needs to know of the world beside the columns of sources; by default nothing.</summary>
public sealed record DefinitionContent
{
    public static readonly DefinitionContent None = new();

    /// <summary>What a lookup table holds now; null: not known. A <see cref="LockstepException"/> becomes a problem at the table.</summary>
    public Func<LookupTable, LookupContent?> Lookup { get; init; } = static _ => null;

    /// <summary>The C# views of this program.</summary>
    public CSharpViews CSharp { get; init; } = CSharpViews.None;
}

/// <summary>The transformations and lookup tables that definitions can use: those among them, and those that are registered.</summary>
internal sealed class DefinedConstants
{
    readonly ProjectDefinitions _definitions;
    readonly ProblemList _problems;
    readonly Dictionary<string, TransformationVersion?> _bound = new(StringComparer.Ordinal);
    readonly HashSet<string> _binding = new(StringComparer.Ordinal);

    public DefinedConstants(ProjectDefinitions definitions, Catalog known, DefinitionContent content, ProblemList problems)
    {
        (_definitions, Known, Content, _problems) = (definitions, known, content, problems);
        Tables = [.. definitions.LookupTables.Where(t => !t.Incomplete).Select(Bind).OfType<LookupTableVersion>()];
    }

    public Catalog Known { get; }
    public DefinitionContent Content { get; }
    public IReadOnlyList<LookupTableVersion> Tables { get; }

    /// <summary>Set once it is there: the expressions of transformations are bound as those of on-demand views.</summary>
    public OnDemandBinder Binder { private get; set; } = null!;

    public IEnumerable<string> TransformationNames => _definitions.Transformations.Select(t => t.Name).Concat(Known.Transformations.Where(t => !t.Retired).Select(t => t.Name));
    public IEnumerable<string> TableNames => _definitions.LookupTables.Select(t => t.Name).Concat(Known.LookupTables.Where(t => !t.Retired).Select(t => t.Name));

    /// <summary>Names that are defined but wrong: what uses them says nothing more.</summary>
    public bool IsWrong(string transformation, VersionSelector version)
        => _definitions.Transformations.Any(t => t.Name == transformation && version.Matches(t.Version)) || _definitions.Unreadable.Contains(transformation);

    public bool IsWrongTable(string table) => _definitions.LookupTables.Any(t => t.Name == table && Tables.All(b => b.Id != $"{t.Name}@{t.Version}")) || _definitions.Unreadable.Contains(table);

    /// <summary>Those of the definitions that are right.</summary>
    public IReadOnlyList<TransformationVersion> Transformations => [.. _definitions.Transformations.Select(Bind).OfType<TransformationVersion>()];

    /// <summary>The newest version that matches, defined or registered; a registered one stays what it is.</summary>
    public TransformationVersion? Transformation(string name, VersionSelector version)
    {
        var known = Known.Transformations.LastOrDefault(t => !t.Retired && t.Name == name && version.Matches(t.Version));
        var defined = _definitions.Transformations.Where(t => t.Name == name && version.Matches(t.Version)).MaxBy(t => t.Version);
        return defined is null || known?.Version >= defined.Version ? known : Bind(defined);
    }

    public LookupTableVersion? Table(string name, VersionSelector version)
    {
        var known = Known.LookupTables.LastOrDefault(t => !t.Retired && t.Name == name && version.Matches(t.Version));
        var defined = Tables.Where(t => t.Name == name && version.Matches(t.Version)).MaxBy(t => t.Version);
        return defined is null || known?.Version >= defined.Version ? known : defined;
    }

    /// <summary>The newest fit of a version of a transformation that meant the same.</summary>
    public Fit? NewestFit(TransformationVersion version)
        => Known.Fits.LastOrDefault(f => !f.Retired && f.Name == version.Name && f.Transformation == version.Version && f.TransformationFingerprint == version.Fingerprint);

    TransformationVersion? Bind(Transformation transformation)
    {
        var id = $"{transformation.Name}@{transformation.Version}";
        if (_bound.TryGetValue(id, out var done)) return done;
        if (transformation.Incomplete) return _bound[id] = null;
        if (!_binding.Add(id))
        {
            _problems.Error(transformation.At("input"), $"Transformation '{transformation.Name}' reads itself, by way of others.");
            return null;
        }
        TransformationVersion? bound = null;
        if (Binder.Bind(transformation.ToView()) is { } inputs && Check(transformation, inputs))
        {
            var meaning = Fingerprint.Meaning(transformation, inputs.Meaning);
            bound = new() { Transformation = transformation, Inputs = inputs, Meaning = meaning, Fingerprint = Fingerprint.Hash(meaning) };
        }
        _binding.Remove(id);
        return _bound[id] = bound;
    }

    bool Check(Transformation transformation, ViewVersion inputs)
    {
        var method = FitMethods.Find(transformation.Fit)!;
        var before = _problems.Errors;
        if (!method.Takes(inputs.Features[0].Type))
            _problems.Error(transformation.At("input"), $"The input of transformation '{transformation.Name}' is {inputs.Features[0].Type}. '{method.Name}' learns from {method.Input}.");
        if (transformation.Target is not null && inputs.Features[1].Type is var target && !target.IsNumeric && target.Kind != TypeKind.Bool)
            _problems.Error(transformation.At("target"), $"The target of transformation '{transformation.Name}' is {target}. A mean is taken of a number, or of a bool as 0 and 1.");
        return _problems.Errors == before;
    }

    LookupTableVersion? Bind(LookupTable table)
    {
        LookupContent? content;
        try
        {
            content = Content.Lookup(table);
        }
        catch (LockstepException unreadable)
        {
            _problems.Error(table.At("table.path"), $"Lookup table '{table.Name}' cannot be read: {unreadable.Message}");
            return null;
        }
        if (content is null) _problems.Warn(table.At("table.path"), $"The content of lookup table '{table.Name}' is not known, so it is not checked.");
        else if (content.RowsWithoutKey > 0) _problems.Warn(table.At("key"), $"Lookup table '{table.Name}' has {content.RowsWithoutKey} rows with a null in the key. They are left out: nothing matches them.");
        var meaning = Fingerprint.Meaning(table, (content ?? LookupContent.Unknown).Hash);
        return new() { Table = table, Content = content ?? LookupContent.Unknown, Meaning = meaning, Fingerprint = Fingerprint.Hash(meaning) };
    }
}

/// <summary>The constants of one view while it is bound: what they are resolved to is recorded, and a registered version keeps what it was resolved to (S24).</summary>
internal sealed class ViewConstants(DefinedConstants all, OnDemandView view, string what, ViewVersion? registered, ProblemList problems) : IConstantSource
{
    readonly SortedDictionary<string, string> _pins = new(StringComparer.Ordinal);
    readonly SortedDictionary<string, string> _meanings = new(StringComparer.Ordinal);

    /// <summary>Of <see cref="ViewVersion.Constants"/>.</summary>
    public IReadOnlyDictionary<string, string> Pins => _pins;

    /// <summary>By the same keys, what is meant by it.</summary>
    public IReadOnlyDictionary<string, string> Meanings => _meanings;

    /// <summary>Something that it uses is wrong itself, which has been reported there.</summary>
    public bool Incomplete { get; private set; }

    bool _met;

    /// <summary>Whether that was met since the last call: what else is said of the expression may follow from it.</summary>
    public bool MetIncomplete()
    {
        var met = _met;
        (Incomplete, _met) = (Incomplete || met, false);
        return met;
    }

    public IEnumerable<string> TransformationNames => all.TransformationNames;
    public IEnumerable<string> TableNames => all.TableNames;

    public FittedTransformation? Transformation(string name, VersionSelector version, out string? problem)
    {
        problem = null;
        var reference = ConstantPins.Transformation(name, version);
        var found = all.Transformation(name, version);
        var newest = found is null ? null : all.NewestFit(found);
        var result = newest is null ? null : new FittedTransformation(found!, newest);
        if (Pinned(reference) is { } pin && pin != newest?.Id && RegisteredConstants.Find(all.Known, pin) is { } kept)
        {
            if (newest is not null) GoesOn(reference, $"fit {kept.Fit.Number} of {name} ({kept.Version.Version})", $"fit {newest.Number}{(newest.Transformation == kept.Version.Version ? "" : $" of {found!.Version}")}");
            result = kept;
        }
        if (result is not null)
        {
            _pins[reference] = result.Fit.Id;
            _meanings[reference] = result.Fit.Fingerprint;
            return result;
        }
        if (found is not null)
            problem = $"The transformation '{found.Id}' has not been fitted yet. Learn its parameters with: lockstep fit {name} --spine <file> --at <instant>";
        else if (all.IsWrong(name, version))
        {
            _met = true;
            problem = $"The transformation '{name}' is wrong itself.";
        }
        else if (all.Known.Transformations.Any(t => t.Name == name) || TransformationNames.Contains(name))
            problem = $"The transformation '{name}' has no version {version.ToString().TrimStart('@')}.";
        return null;
    }

    public NamedTable? Table(string name, VersionSelector version, out string? problem)
    {
        problem = null;
        var reference = ConstantPins.Table(name, version);
        var found = all.Table(name, version);
        if (Pinned(reference) is { } pin && (found is null || pin != ConstantPins.Of(found)) && all.Known.LookupTables.FirstOrDefault(t => ConstantPins.Of(t) == pin) is { } kept)
        {
            if (found is not null) GoesOn(reference, kept.Id, found.Id);
            found = kept;
        }
        if (found is not null)
        {
            _pins[reference] = ConstantPins.Of(found);
            _meanings[reference] = found.Fingerprint;
            return new(found, () => all.Known.Content.Load(found));
        }
        if (all.IsWrongTable(name))
        {
            _met = true;
            problem = $"The lookup table '{name}' is wrong itself.";
        }
        else if (TableNames.Contains(name)) problem = $"The lookup table '{name}' has no version {version.ToString().TrimStart('@')}.";
        return null;
    }

    public CSharpView? CSharp(string name, out string? problem)
    {
        problem = null;
        var reference = ConstantPins.CSharp(name);
        var newest = all.Content.CSharp.Newest(name);
        var found = newest;
        if (Pinned(reference) is { } pin && all.Content.CSharp.Pinned(name, pin) is { } kept && !ReferenceEquals(kept, newest))
        {
            GoesOn(reference, $"{name} {kept.Version}", $"{name} {newest!.Version}");
            found = kept;
        }
        if (found is null) problem = RegisteredConstants.Missing(all.Content.CSharp, name, MapReader.Upper(what), null);
        else _meanings[reference] = _pins[reference] = found.Pin;
        return found;
    }

    string? Pinned(string reference) => registered?.Constants.GetValueOrDefault(reference);

    void GoesOn(string reference, string kept, string newest)
    {
        if (!_pins.ContainsKey(reference)) problems.Warn(view.Location, $"{MapReader.Upper(what)} {view.Version} goes on using {kept}. Raise its version to use {newest}.");
    }
}
