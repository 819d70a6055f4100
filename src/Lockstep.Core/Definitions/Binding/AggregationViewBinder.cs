using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>Binds one aggregation view: types its columns by the source, its features by their functions, its defaults by its features.</summary>
internal sealed class AggregationViewBinder(ViewParts parts, IReadOnlyDictionary<string, KnownColumns?> columns, bool registryKnown, ProblemList problems)
{
    readonly AggregateCatalog _functions = AggregateCatalog.Known;

    /// <summary>The bound version; null when something is wrong, here or in what it reads.</summary>
    public ViewVersion? Bind(AggregationView view)
    {
        var before = problems.Errors;
        var what = $"view '{view.Name}'";
        var keys = parts.Keys(view, what);
        var source = parts.Source(view, view.Source, what);
        if (keys is null || source is null || problems.Errors > before || columns.GetValueOrDefault(view.Source) is not { } known) return null;
        foreach (var key in keys.Fields) known.Check(key.Name, key.Type, $"{MapReader.Upper(what)}, by its join key,", view.At("entity"), problems);
        if (known.Rows is { } rows && view.Where is { } where) RowBinder.Filter(rows, where, $"The filter of {what}", view.At("where"), known.Data is null, problems);
        List<Field> features = [];
        List<Value> defaults = [];
        var complete = true;
        foreach (var feature in view.Features)
        {
            var which = $"feature '{feature.Name}' of {what}";
            if (known.Rows is { } named && feature.Where is { } own)
                RowBinder.Filter(named, own, $"The filter of {which}", view.At($"features.{feature.Name}.where"), known.Data is null, problems);
            if (!TryType(view, feature, known, which, out var type))
            {
                complete = false;
                continue;
            }
            foreach (var window in feature.Windows)
            {
                var result = _functions.Bind(feature.Function, type, feature.Parameters, window).Type;
                if (keys.IndexOf($"{feature.Name}_{window.Name}") >= 0)
                    problems.Error(view.KeyAt($"features.{feature.Name}"), $"Feature '{feature.Name}_{window.Name}' of {what} has the name of a join key. Choose another.");
                features.Add(new($"{feature.Name}_{window.Name}", result));
                defaults.Add(Default(view, feature, which, result));
            }
        }
        if (!complete || problems.Errors > before) return null;
        var bound = new SortedDictionary<string, Source>(StringComparer.Ordinal) { [source.Name] = SourceBinder.WithColumns(source, known) };
        var meaning = Fingerprint.Meaning(view, keys, [source], bound: bound);
        return new()
        {
            View = view,
            Meaning = meaning,
            Fingerprint = Fingerprint.Hash(meaning),
            Keys = keys,
            Features = new(features),
            Defaults = defaults,
            Sources = bound,
        };
    }

    /// <summary>The type of the feature's column; false, and reported, when there is none that the function takes.</summary>
    bool TryType(AggregationView view, AggregateFeature feature, KnownColumns known, string which, out FeatureType? type)
    {
        type = null;
        if (feature.Column is not { } column) return true;
        var place = view.At($"features.{feature.Name}.{feature.Function}") ?? view.At($"features.{feature.Name}");
        if (known.Lacks(column) && !known.Derived.ContainsKey(column))
        {
            problems.Error(place, $"{MapReader.Upper(which)} reads column '{column}', which {known.What} does not have.{NearestName.Hint(column, known.Data!.Fields.Select(f => f.Name).Concat(known.Derived.Keys), "Columns")}");
            return false;
        }
        type = Type(column, known);
        if (type is null)
        {
            var text = $"{MapReader.Upper(which)} reads column '{column}' of {known.What}, whose type is not known without its data, and the feature's type follows from it. Declare it in 'columns' of the source.";
            if (registryKnown) problems.Error(place, text);
            else problems.Warn(place, text);
            return false;
        }
        if (_functions.CheckType(feature.Function, column, type) is not { } refused) return true;
        problems.Error(place, $"{MapReader.Upper(which)}: {refused}");
        return false;
    }

    static FeatureType? Type(string column, KnownColumns known)
    {
        if (known.Derived.TryGetValue(column, out var computed)) return computed;
        // As the view version will keep it: the author's word first.
        return known.Declared.FirstOrDefault(f => f.Name == column)?.Type ?? known.TypeOf(column);
    }

    // Written before the type was known: 0 is a float64, too, and a timestamp is a text.
    Value Default(AggregationView view, AggregateFeature feature, string which, FeatureType type)
    {
        var written = feature.Default;
        if (written.IsNull) return written;
        var fits = type.Kind is TypeKind.String ? written.Kind == TypeKind.String
            : type.Kind is not TypeKind.List && ValueText.TryParse(written.ToString(), type, out written);
        if (fits && DefinitionRules.Fits(written, type)) return written;
        problems.Error(view.At($"features.{feature.Name}.default"), $"The default {feature.Default} of {which} is not a value of type {type}{(type.Kind == TypeKind.List ? "; lists have no default" : $", {ValueText.Expected(type)}")}.");
        return Value.Null;
    }
}
