using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>
/// Binds on-demand views: types their expressions against what they read, and pins the versions of the views that they name (S23).
/// They may read each other in any order; a cycle is refused with its path.
/// </summary>
internal sealed class OnDemandBinder(IReadOnlyList<OnDemandView> defined, Catalog known, IReadOnlySet<string> unbound, ProblemList problems, DefinedConstants? constants = null)
{
    readonly Dictionary<string, ViewVersion?> _done = new(StringComparer.Ordinal);
    readonly List<string> _path = [];

    /// <summary>The bound version; null when something is wrong, here or in what it reads.</summary>
    public ViewVersion? Bind(OnDemandView view)
    {
        var id = IdOf(view);
        if (_done.TryGetValue(id, out var done)) return done;
        _path.Add(view.Name);
        var bound = BindNew(view);
        _path.RemoveAt(_path.Count - 1);
        return _done[id] = bound;
    }

    static string IdOf(OnDemandView view) => $"{view.Name}@{view.Version}";

    ViewVersion? BindNew(OnDemandView view)
    {
        var isTransformation = Transformation.IsViewName(view.Name); // its expressions are bound as those of a view
        var what = isTransformation ? $"transformation '{view.Name[(Transformation.KindName.Length + 1)..]}'" : $"view '{view.Name}'";
        var before = problems.Errors;
        var registered = Registered(view);
        ViewConstants? used = constants is null ? null : new(constants, view, what, registered, problems);
        SortedDictionary<string, string> references = new(StringComparer.Ordinal);
        Dictionary<string, ViewVersion> read = new(StringComparer.Ordinal);
        var complete = true;
        foreach (var field in view.Request.Where(r => view.Features.Any(f => f.Name == r.Name)))
            problems.Error(view.KeyAt($"features.{field.Name}"), $"{MapReader.Upper(what)} has both a request field and a feature '{field.Name}'. Rename one of them.");
        OnDemandTrees trees = new(Resolve, Explain)
        {
            Constants = used is null ? null : from => from.Name == view.Name ? used : new RegisteredConstants(known, _done.GetValueOrDefault(IdOf(from)) ?? Registered(from)),
        };
        List<Field> features = [];
        HashSet<(string, string)> circles = [];
        HashSet<string> inputs = new(StringComparer.Ordinal);
        if (view.CSharp is not null && !BindCSharp(trees, ref view, what)) return null;
        foreach (var feature in view.Features)
        {
            var place = view.At(isTransformation ? feature.Name : $"features.{feature.Name}");
            var which = isTransformation ? $"The {feature.Name} of {what}" : $"Feature '{feature.Name}' of {what}";
            try
            {
                var bound = trees.Bind(view.Name, view, feature);
                foreach (var warning in bound.Warnings) problems.Warn(place, $"{which}: {warning.Render(feature.Expression)}");
                inputs.UnionWith(bound.Inputs.Select(i => i.Name));
                if (bound.Type is null) problems.Error(place, $"{which} is always null.");
                else if (!feature.Default.IsNull && !Fits(feature.Default, bound.Type)) problems.Error(place, $"{which} is {bound.Type}; its default {feature.Default} is not.");
                else features.Add(new(feature.Name, bound.Type));
            }
            catch (ExpressionException wrong)
            {
                var told = wrong is CircleException circle && !circle.Members.All(m => circles.Add(m)); // a circle is reported once, at its first feature
                var follows = used?.MetIncomplete() == true;
                if (complete && !told && !follows) problems.Error(place, $"{which}: {wrong.Message}");
            }
        }
        if (!complete || used?.Incomplete == true || problems.Errors > before) return null;
        foreach (var field in view.Request.Where(r => !inputs.Contains(r.Name)))
            if (isTransformation) problems.Warn(view.KeyAt($"columns.{field.Name}"), $"Neither input nor target of {what} reads the column '{field.Name}'.");
            else problems.Warn(view.KeyAt($"request.{field.Name}"), $"No feature of {what} reads the request field '{field.Name}'.");
        var meaning = Fingerprint.Meaning(view, new([]), [], [.. read.Values], constants: used?.Meanings);
        ViewVersion version = new()
        {
            View = view,
            Meaning = meaning,
            Fingerprint = Fingerprint.Hash(meaning),
            Keys = new([]),
            Features = new(features),
            Defaults = [.. view.Features.Select((f, i) => Widened(f.Default, features[i].Type))],
            References = references,
            Constants = used?.Pins ?? new SortedDictionary<string, string>(StringComparer.Ordinal),
        };
        return view.Write ? WrittenView.Of(view, version, read.Values, inputs.Contains(Scope.Now), problems) : version;

        ViewVersion? Resolve(OnDemandView from, FeatureSyntax reference)
        {
            if (from.Name != view.Name) return Pinned(from, reference);
            if (unbound.Contains(reference.View))
            {
                complete = false; // its own problems have been reported
                return null;
            }
            var text = $"{reference.View}{reference.Version}";
            var other = defined.FirstOrDefault(d => d.Name == reference.View && reference.Version.Matches(d.Version));
            var newest = other is not null ? $"{other.Name}@{other.Version}" : known.FindView(reference.View, reference.Version)?.Id;
            ViewVersion? found;
            if (registered?.References.TryGetValue(text, out var pin) == true && pin != newest && known.FindId(pin) is { } pinned)
            {
                // A version that is registered goes on reading what it was resolved to, as a service does (S24).
                if (newest is not null && !references.ContainsKey(text))
                    problems.Warn(view.Location, $"{MapReader.Upper(what)} {view.Version} goes on reading {pin}. Raise its version to read {newest}.");
                found = pinned;
            }
            else found = other is not null ? FromDefined(other, reference) : known.FindView(reference.View, reference.Version);
            if (found is null) return null;
            references[text] = found.Id;
            read[found.Id] = found;
            return found;
        }

        ViewVersion? FromDefined(OnDemandView other, FeatureSyntax reference)
        {
            var seen = _path.IndexOf(other.Name);
            if (other.Name == view.Name || seen >= 0)
                throw new ExpressionException(reference.ToString(), [new(new(0, reference.ToString().Length), $"On-demand views read each other in a circle: {string.Join(" -> ", _path.Skip(Math.Max(seen, 0)).Append(other.Name))}.{(other.Name == view.Name ? " A feature of the same view is named without the view." : "")}")]);
            var bound = Bind(other);
            complete &= bound is not null;
            return bound;
        }
    }

    ViewVersion? Registered(OnDemandView view) => Transformation.IsViewName(view.Name)
        ? known.Transformations.FirstOrDefault(t => t.Inputs.Name == view.Name && t.Version == view.Version)?.Inputs
        : known.VersionsOf(view.Name).FirstOrDefault(v => v.Version == view.Version);

    // Gives the view all outputs of its C# view as features.
    bool BindCSharp(OnDemandTrees trees, ref OnDemandView view, string what)
    {
        var before = problems.Errors;
        var written = view;
        try
        {
            trees.CSharp(view.Name, view, out var implementation);
            foreach (var unknown in written.Features.Where(f => implementation.Outputs.All(o => o.Name != f.Name)))
                problems.Error(view.KeyAt($"features.{unknown.Name}"), $"The C# view '{implementation.Name}' of {what} has no output '{unknown.Name}'.{NearestName.Hint(unknown.Name, implementation.Outputs.Select(o => o.Name), "Outputs")}");
            view = view with { Features = [.. implementation.Outputs.Select(o => written.Features.FirstOrDefault(f => f.Name == o.Name) ?? new(o.Name, ""))] };
            foreach (var clash in view.Request.Where(r => implementation.Outputs.Any(o => o.Name == r.Name)))
                problems.Error(view.KeyAt($"request.{clash.Name}"), $"{MapReader.Upper(what)} has both a request field and an output '{clash.Name}'. Rename the field, or the output with [FeatureName].");
        }
        catch (ExpressionException wrong)
        {
            var input = (wrong as CSharpInputException)?.Input;
            problems.Error(input is null ? view.At("implementation") : view.At($"inputs.{input}"), input is null && wrong is CSharpInputException
                ? wrong.Errors[0].Message : $"{(input is null ? "An input" : $"Input '{input}'")} of {what}: {wrong.Message}");
        }
        return problems.Errors == before;
    }

    // Of a view that is bound already: by what it pinned.
    ViewVersion? Pinned(OnDemandView from, FeatureSyntax reference)
    {
        var version = _done.GetValueOrDefault(IdOf(from)) ?? Registered(from);
        return version is not null && version.References.TryGetValue($"{reference.View}{reference.Version}", out var id) ? ById(id) : null;
    }

    ViewVersion? ById(string id) => _done.Values.FirstOrDefault(v => v?.Id == id) ?? known.Views.FirstOrDefault(v => v.Id == id);

    string Explain(FeatureSyntax reference)
    {
        var versions = known.VersionsOf(reference.View);
        var names = known.Views.Select(v => v.Name).Concat(defined.Select(d => d.Name));
        var bound = _done.Values.LastOrDefault(v => v?.Name == reference.View && reference.Version.Matches(v.Version));
        if (versions.Count == 0 && bound is null) return $"There is no view '{reference.View}'.{NearestName.Hint(reference.View, names, "Views")}";
        var view = bound ?? known.FindView(reference.View, reference.Version);
        return view is null
            ? $"View '{reference.View}' has no version {reference.Version.ToString().TrimStart('@')}. Versions: {string.Join(", ", versions.Select(v => v.Version))}."
            : $"View '{view.Id}' has no feature '{reference.Feature}'.{NearestName.Hint(reference.Feature, view.Features.Fields.Select(f => f.Name), "Features")}";
    }

    static bool Fits(Value value, FeatureType type) => !Widened(value, type).IsNull;

    // A default is written before the type of the expression is known: 0 fits a float64, too.
    static Value Widened(Value value, FeatureType type) => value.IsNull ? Value.Null : (value.Kind, type.Kind) switch
    {
        (TypeKind.Int32, TypeKind.Int64) => Value.Of((long)value.AsInt32),
        (TypeKind.Int64 or TypeKind.Int32, TypeKind.Float64) when (long)(double)value.AsInt64 == value.AsInt64 => Value.Of((double)value.AsInt64),
        _ => value.Kind == type.Kind ? value : Value.Null,
    };
}
