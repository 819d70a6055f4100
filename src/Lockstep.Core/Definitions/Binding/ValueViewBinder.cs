using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>Binds one value view to its entities and columns.</summary>
internal sealed class ValueViewBinder(
    ViewParts parts, IReadOnlyDictionary<string, Source> sources, ILookup<string, string> words, IReadOnlyDictionary<string, KnownColumns?> columns,
    IReadOnlySet<string> unreadable, Func<ValueView, IReadOnlyDictionary<string, Source>, Schema?> querySchema, ProblemList problems)
{
    /// <summary>The bound version; null when something is wrong, here or in what it reads.</summary>
    public ViewVersion? Bind(ValueView view)
    {
        var before = problems.Errors;
        var what = $"view '{view.Name}'";
        var keys = parts.Keys(view, what);
        var read = Sources(view, what);
        if (keys is null || read is null || problems.Errors > before) return null;
        if (Columns(view, what, read) is not { } known) return null;
        foreach (var key in keys.Fields) known.Check(key.Name, key.Type, $"{MapReader.Upper(what)}, by its join key,", view.At("entity"), problems);
        foreach (var feature in view.Features.Where(f => f.Expression is null))
            known.Check(feature.Column, feature.Type, $"Feature '{feature.Name}' of {what}", view.At($"features.{feature.Name}.column"), problems);
        if (known.Rows is { } rows)
        {
            if (view.Where is { } where) RowBinder.Filter(rows, where, $"The filter of {what}", view.At("where"), known.Data is null, problems);
            foreach (var feature in view.Features)
                if (feature.Expression is { } expression) RowBinder.Expression(rows, expression, feature.Type, $"Feature '{feature.Name}' of {what}", view.At($"features.{feature.Name}.expression"), known.Data is null, problems);
        }
        foreach (var feature in view.Features.Where(f => keys.IndexOf(f.Name) >= 0))
            problems.Error(view.KeyAt($"features.{feature.Name}"), $"Feature '{feature.Name}' of {what} has the name of a join key. Choose another.");
        if (problems.Errors > before) return null;
        var bound = new SortedDictionary<string, Source>(read.ToDictionary(s => s.Key, s => SourceBinder.WithColumns(s.Value, columns[s.Key]!)), StringComparer.Ordinal);
        var meaning = Fingerprint.Meaning(view, keys, [.. read.Select(s => SourceBinder.Resolved(s.Value, columns[s.Key]!))], bound: bound);
        return new()
        {
            View = view,
            Meaning = meaning,
            Fingerprint = Fingerprint.Hash(meaning),
            Keys = keys,
            Features = new(view.Features.Select(f => new Field(f.Name, f.Type))),
            Defaults = [.. view.Features.Select(f => f.Default)],
            Sources = bound,
        };
    }

    // The sources that it reads, by name; null when one of them is missing or has errors.
    SortedDictionary<string, Source>? Sources(ValueView view, string what)
    {
        SortedDictionary<string, Source> read = new(StringComparer.Ordinal);
        if (view.Source is { } name)
        {
            if (parts.Source(view, name, what) is { } source) read[name] = source;
        }
        else
        {
            foreach (var found in SqlSources.Find(view.Sql!, words)) read[found] = sources[found];
            if (read.Count == 0 && SqlSources.Find(view.Sql!, unreadable).Count == 0)
                problems.Error(view.At("sql"), $"The sql of {what} names no source. Sources: {(sources.Count == 0 ? "none" : string.Join(", ", sources.Keys.Order(StringComparer.Ordinal)))}.");
        }
        foreach (var stream in read.Values.Where(s => view.Sql is not null && s.Stream is not null))
            problems.Error(view.At("sql"), $"The sql of {what} reads source '{stream.Name}', which has a stream. SQL reads tables alone; a view with 'source: {stream.Name}' reads the events, too.");
        return read.Count == 0 || read.Keys.Any(s => columns.GetValueOrDefault(s) is null) ? null : read;
    }

    KnownColumns? Columns(ValueView view, string what, IReadOnlyDictionary<string, Source> read)
    {
        if (view.Source is { } name) return columns[name];
        Schema? schema;
        try
        {
            schema = querySchema(view, read.ToDictionary(s => s.Key, s => SourceBinder.WithColumns(s.Value, columns[s.Key]!), StringComparer.Ordinal));
        }
        catch (LockstepException refused)
        {
            problems.Error(view.At("sql"), $"The sql of {what} cannot be run: {refused.Message}");
            return null;
        }
        if (schema is null) problems.Warn(view.At("sql"), $"The columns that the sql of {what} yields are not known, so they are not checked.");
        KnownColumns known = new($"the sql of {what}", TableFormat.Parquet, schema, []);
        var right = known.Check(view.Timestamp!, FeatureType.Timestamp, "'timestamp'", view.At("timestamp"), problems);
        if (view.Created is { } created) right &= known.Check(created, FeatureType.Timestamp, "'created'", view.At("created"), problems);
        return right ? known : null;
    }
}
