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
internal sealed class OnDemandBinder(IReadOnlyList<OnDemandView> defined, Catalog known, IReadOnlySet<string> unbound, ProblemList problems)
{
    readonly Dictionary<string, ViewVersion?> _done = new(StringComparer.Ordinal);
    readonly List<string> _path = [];

    /// <summary>The bound version; null when something is wrong, here or in what it reads.</summary>
    public ViewVersion? Bind(OnDemandView view)
    {
        if (_done.TryGetValue(view.Name, out var done)) return done;
        _path.Add(view.Name);
        var bound = BindNew(view);
        _path.RemoveAt(_path.Count - 1);
        return _done[view.Name] = bound;
    }

    ViewVersion? BindNew(OnDemandView view)
    {
        var what = $"view '{view.Name}'";
        var before = problems.Errors;
        var registered = known.VersionsOf(view.Name).FirstOrDefault(v => v.Version == view.Version);
        SortedDictionary<string, string> references = new(StringComparer.Ordinal);
        Dictionary<string, ViewVersion> read = new(StringComparer.Ordinal);
        var complete = true;
        foreach (var field in view.Request.Where(r => view.Features.Any(f => f.Name == r.Name)))
            problems.Error(view.KeyAt($"features.{field.Name}"), $"{MapReader.Upper(what)} has both a request field and a feature '{field.Name}'. Rename one of them.");
        OnDemandTrees trees = new(Resolve, Explain);
        List<Field> features = [];
        HashSet<(string, string)> circles = [];
        HashSet<string> used = new(StringComparer.Ordinal);
        foreach (var feature in view.Features)
        {
            var place = view.At($"features.{feature.Name}");
            try
            {
                var bound = trees.Bind(view.Name, view, feature);
                foreach (var warning in bound.Warnings) problems.Warn(place, $"Feature '{feature.Name}' of {what}: {warning.Render(feature.Expression)}");
                used.UnionWith(bound.Inputs.Select(i => i.Name));
                if (bound.Type is null) problems.Error(place, $"Feature '{feature.Name}' of {what} is always null.");
                else if (!feature.Default.IsNull && !Fits(feature.Default, bound.Type)) problems.Error(place, $"Feature '{feature.Name}' of {what} is {bound.Type}; its default {feature.Default} is not.");
                else features.Add(new(feature.Name, bound.Type));
            }
            catch (ExpressionException wrong)
            {
                var told = wrong is CircleException circle && !circle.Members.All(m => circles.Add(m)); // a circle is reported once, at its first feature
                if (complete && !told) problems.Error(place, $"Feature '{feature.Name}' of {what}: {wrong.Message}");
            }
        }
        if (!complete || problems.Errors > before) return null;
        foreach (var field in view.Request.Where(r => !used.Contains(r.Name)))
            problems.Warn(view.KeyAt($"request.{field.Name}"), $"No feature of {what} reads the request field '{field.Name}'.");
        var meaning = Fingerprint.Meaning(view, new([]), [], [.. read.Values]);
        ViewVersion version = new()
        {
            View = view,
            Meaning = meaning,
            Fingerprint = Fingerprint.Hash(meaning),
            Keys = new([]),
            Features = new(features),
            Defaults = [.. view.Features.Select((f, i) => Widened(f.Default, features[i].Type))],
            References = references,
        };
        return view.Write ? WrittenView.Of(view, version, read.Values, used.Contains(Scope.Now), problems) : version;

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

    // Of a view that is bound already: by what it pinned.
    ViewVersion? Pinned(OnDemandView from, FeatureSyntax reference)
    {
        var version = _done.GetValueOrDefault(from.Name) ?? known.VersionsOf(from.Name).FirstOrDefault(v => v.Version == from.Version);
        return version is not null && version.References.TryGetValue($"{reference.View}{reference.Version}", out var id) ? ById(id) : null;
    }

    ViewVersion? ById(string id) => _done.Values.FirstOrDefault(v => v?.Id == id) ?? known.Views.FirstOrDefault(v => v.Id == id);

    string Explain(FeatureSyntax reference)
    {
        var versions = known.VersionsOf(reference.View);
        var names = known.Views.Select(v => v.Name).Concat(defined.Select(d => d.Name));
        if (versions.Count == 0 && _done.GetValueOrDefault(reference.View) is null) return $"There is no view '{reference.View}'.{NearestName.Hint(reference.View, names, "Views")}";
        var view = _done.GetValueOrDefault(reference.View) ?? known.FindView(reference.View, reference.Version);
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
