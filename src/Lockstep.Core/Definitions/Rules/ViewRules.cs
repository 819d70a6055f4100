using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>What must hold of a view by itself.</summary>
internal static class ViewRules
{
    /// <summary>Values that one feature may list: a row stays small enough to be read for every request.</summary>
    public const int MaxListed = 10_000;

    public static void Check(FeatureView view, ProblemList problems)
    {
        var what = $"view '{view.Name}'";
        var names = OutputNames(view);
        if (names.Count == 0 && !view.Incomplete && view is not OnDemandView { CSharp: not null }) problems.Error(view.At("features"), $"{MapReader.Upper(what)} has no features.");
        foreach (var twice in DefinitionRules.Twice(names.Select(n => n.Output)))
            problems.Error(view.KeyAt($"features.{names.Last(n => n.Output == twice).Feature}"), $"{MapReader.Upper(what)} has two features named '{twice}'.");
        foreach (var feature in names.DistinctBy(n => n.Feature))
            DefinitionRules.Name(feature.Feature, $"feature '{feature.Feature}' of {what}", view.KeyAt($"features.{feature.Feature}"), problems);
        foreach (var (output, feature) in names.Where(n => Names.Reserved.Contains(n.Output)))
            problems.Error(view.KeyAt($"features.{feature}"), $"Feature '{output}' of {what} has the name of a column of every training set. Choose another.");
        foreach (var twice in DefinitionRules.Twice(view.Entities)) problems.Error(view.At("entity"), $"{MapReader.Upper(what)} names the entity '{twice}' twice.");
        switch (view)
        {
            case ValueView value: Value(value, what, problems); break;
            case AggregationView aggregation: Aggregation(aggregation, what, problems); break;
            case OnDemandView onDemand: OnDemand(onDemand, what, problems); break;
            default: break;
        }
    }

    /// <summary>The names of the features that a view yields, each with the entry of the definition that it comes from.</summary>
    public static IReadOnlyList<(string Output, string Feature)> OutputNames(FeatureView view) => view switch
    {
        ValueView value => [.. value.Features.Select(f => (f.Name, f.Name))],
        AggregationView aggregation => [.. aggregation.Features.SelectMany(f => f.Windows.Select(w => ($"{f.Name}_{w.Name}", f.Name)))],
        OnDemandView onDemand => [.. onDemand.Features.Select(f => (f.Name, f.Name))],
        _ => [],
    };

    static void Value(ValueView view, string what, ProblemList problems)
    {
        if (view is { Source: null, Sql: null } && !view.Incomplete) problems.Error(view.Location, $"{MapReader.Upper(what)} has neither 'source' nor 'sql'. It reads one of them.");
        if (view is { Source: not null, Sql: not null }) problems.Error(view.At("sql"), $"{MapReader.Upper(what)} has both 'source' and 'sql'. It reads one of them.");
        if (view is { Sql: not null, Timestamp: null }) problems.Error(view.At("sql"), $"{MapReader.Upper(what)} does not say which column of its sql is the timestamp. Add 'timestamp'.");
        if (view is { Sql: null, Source: not null })
        {
            if (view.Timestamp is not null) problems.Error(view.At("timestamp"), $"'timestamp' of {what} is for sql. The source '{view.Source}' names its own.");
            if (view.Created is not null) problems.Error(view.At("created"), $"'created' of {what} is for sql. The source '{view.Source}' names its own.");
        }
        Interval(view, what, problems);
        if (view is { Sql: not null, Where: not null }) problems.Error(view.At("where"), $"'where' of {what} is for a source. Filter in the sql.");
        foreach (var feature in view.Features.Where(f => view.Sql is not null && f.Expression is not null))
            problems.Error(view.At($"features.{feature.Name}.expression"), $"Feature '{feature.Name}' of {what} has an expression, which is for a source. Compute it in the sql.");
        if (view.Created is not null && view.Created == view.Timestamp) problems.Error(view.At("created"), $"{MapReader.Upper(what)} has '{view.Created}' both as timestamp and as created.");
        if (view.Ttl < 0) problems.Error(view.At("ttl"), $"'ttl' of {what} is negative.");
        foreach (var feature in view.Features.Where(f => !DefinitionRules.Fits(f.Default, f.Type)))
            problems.Error(view.At($"features.{feature.Name}.default"), $"The default {feature.Default} of feature '{feature.Name}' of {what} is not a value of type {feature.Type}, {ValueText.Expected(feature.Type)}.");
    }

    static void Interval(ValueView view, string what, ProblemList problems)
    {
        var names = view.Sql is null ? [] : SqlInterval.Parameters(view.Sql).Select(p => p.Name).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var (start, end) = (names.Exists(n => SqlInterval.Is(n, SqlInterval.Start)), names.Exists(n => SqlInterval.Is(n, SqlInterval.End)));
        foreach (var other in names.Where(n => !SqlInterval.Is(n, SqlInterval.Start) && !SqlInterval.Is(n, SqlInterval.End)))
            problems.Error(view.At("sql"), $"The sql of {what} has '${other}'. It can have $start and $end, the interval of the timestamps that are wanted.");
        if (start != end)
            problems.Error(view.At("sql"), $"The sql of {what} has {(start ? "$start, but not $end" : "$end, but not $start")}. It filters its rows by both: {view.Timestamp ?? "timestamp"} >= $start and {view.Timestamp ?? "timestamp"} < $end.");
        if (view.Lookback is null) return;
        if (view.Lookback < 0) problems.Error(view.At("lookback"), $"'lookback' of {what} is negative.");
        if (!start && !end) problems.Error(view.At("lookback"), $"'lookback' of {what} is for sql with $start and $end.{(view.Sql is null ? "" : " It is computed whole in every run.")}");
    }

    static void Aggregation(AggregationView view, string what, ProblemList problems)
    {
        if (view.Entities.Count == 0 && !view.Incomplete) problems.Error(view.At("entity"), $"{MapReader.Upper(what)} names no entity.");
        foreach (var feature in view.Features)
        {
            var (path, which) = ($"features.{feature.Name}", $"feature '{feature.Name}' of {what}");
            foreach (var (parameter, problem) in AggregateCatalog.Known.Check(which, feature.Function, feature.Column is not (null or "*"), feature.Parameters, feature.Windows))
                problems.Error(view.At(parameter is null ? path : $"{path}.{parameter}"), MapReader.Upper(problem));
            if (AggregateCatalog.Known.Find(feature.Function) is not { } function) continue;
            if (feature.Column == "*" && function.CountsRows) problems.Error(view.At(path), $"{MapReader.Upper(which)} reads a column '*'. For all events leave it out.");
            if (feature.Windows.Count == 0 && !view.Incomplete) problems.Error(view.At($"{path}.windows"), $"{MapReader.Upper(which)} has no windows.");
            foreach (var window in feature.Windows) Hop(window, which, view.At($"{path}.hop"), view.At($"{path}.windows"), problems);
        }
    }

    static void Hop(Window window, string which, Location? hop, Location? windows, ProblemList problems)
    {
        if (window.Length <= 0) problems.Error(windows, $"The window '{window.Name}' of {which} has no length.");
        else if (window.Hop <= 0 || Instant.Day % window.Hop != 0) problems.Error(hop, $"The hop {Duration.Format(window.Hop)} of {which} does not divide a day. Use one like 1s, 1m, 5m, 1h, 1d.");
        else if (window.Hop > window.Length) problems.Error(hop, $"The window '{window.Name}' of {which} is shorter than its hop, {Duration.Format(window.Hop)}. Set a smaller hop.");
    }

    static void OnDemand(OnDemandView view, string what, ProblemList problems)
    {
        foreach (var twice in DefinitionRules.Twice(view.Request.Select(f => f.Name))) problems.Error(view.At("request"), $"{MapReader.Upper(what)} names the request field '{twice}' twice.");
        foreach (var field in view.Request)
            DefinitionRules.Name(field.Name, $"the request field '{field.Name}' of {what}", view.KeyAt($"request.{field.Name}"), problems);
        if (view.CSharp is null)
        {
            foreach (var feature in view.Features.Where(f => string.IsNullOrWhiteSpace(f.Expression)))
                problems.Error(view.At($"features.{feature.Name}"), $"Feature '{feature.Name}' of {what} has no expression.");
            if (view.Inputs.Count > 0) problems.Error(view.At("inputs"), $"'inputs' of {what} is for views that are written in C#. Name what a feature reads in its expression.");
            return;
        }
        foreach (var feature in view.Features.Where(f => f.Expression.Length > 0))
            problems.Error(view.At($"features.{feature.Name}"), $"Feature '{feature.Name}' of {what} has an expression, but the view is written in C# ('{view.CSharp}'). Put expressions into a view of their own.");
        foreach (var input in view.Inputs.Where(i => string.IsNullOrWhiteSpace(i.Expression)))
            problems.Error(view.At($"inputs.{input.Name}"), $"The expression of input '{input.Name}' of {what} is blank.");
    }
}
