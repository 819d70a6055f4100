using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>
/// Checks definitions against each other, against the columns of their data and against what is registered, and yields the view
/// versions and services to register. It reads nothing itself: callers say what columns there are.
/// </summary>
public static class DefinitionBinder
{
    /// <param name="definitions">Of <see cref="DefinitionReader"/> or the C# builder; those with errors are left out and not reported again.</param>
    /// <param name="registered">What is registered; null when that is not known (<c>validate</c>), so that a missing version is only warned of.</param>
    /// <param name="sourceSchema">
    /// The columns of a source's table. Null: not known, nothing is checked against them and a warning says so. A
    /// <see cref="LockstepException"/> becomes a problem at the source.
    /// </param>
    /// <param name="querySchema">The columns that the SQL of a view yields over these sources; null and exceptions as above.</param>
    /// <param name="content">What lookup tables hold, and which C# views there are; null: nothing of that is known.</param>
    public static BoundDefinitions Bind(
        ProjectDefinitions definitions, Catalog? registered, Func<Source, Schema?> sourceSchema,
        Func<ValueView, IReadOnlyDictionary<string, Source>, Schema?> querySchema, DefinitionContent? content = null)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        ArgumentNullException.ThrowIfNull(sourceSchema);
        ArgumentNullException.ThrowIfNull(querySchema);
        ProblemList problems = new();
        var before = registered ?? Catalog.Empty;
        var entities = ByName(BoundDefinitions.Merge(before.Entities, Firsts(definitions.Entities)));
        var sources = ByName(BoundDefinitions.Merge(before.Sources, Firsts(definitions.Sources)));
        var looked = definitions.Sources.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var words = sources.Keys.ToLookup(n => n, StringComparer.OrdinalIgnoreCase);
        foreach (var view in definitions.Views.OfType<ValueView>())
            if (view.Source is { } read) looked.Add(read);
            else if (view.Sql is { } sql) looked.UnionWith(SqlSources.Find(sql, words));
        looked.UnionWith(definitions.Views.OfType<AggregationView>().Select(v => v.Source));
        Dictionary<string, KnownColumns?> columns = new(StringComparer.Ordinal);
        foreach (var source in sources.Values.Where(s => looked.Contains(s.Name)))
            columns[source.Name] = SourceBinder.Bind(source, sourceSchema, problems);

        ViewParts parts = new(entities, sources, definitions.Unreadable, problems);
        ValueViewBinder valueViews = new(parts, sources, words, columns, definitions.Unreadable, querySchema, problems);
        AggregationViewBinder aggregationViews = new(parts, columns, registered is not null, problems);
        List<ViewVersion> views = [];
        HashSet<string> unbound = new(definitions.Unreadable, StringComparer.Ordinal);
        foreach (var view in definitions.Views.Where(v => v is not OnDemandView))
        {
            var bound = view.Incomplete ? null : view switch
            {
                ValueView value => valueViews.Bind(value),
                AggregationView aggregation => aggregationViews.Bind(aggregation),
                _ => null,
            };
            if (bound is not null) views.Add(bound);
            else unbound.Add(view.Name);
        }
        var onDemand = definitions.Views.OfType<OnDemandView>().Where(v => !v.Incomplete).ToList();
        foreach (var view in definitions.Views.OfType<OnDemandView>().Except(onDemand)) unbound.Add(view.Name);
        IReadOnlyList<Source> resolved = [.. definitions.Sources.Select(s => columns.GetValueOrDefault(s.Name) is { } known ? SourceBinder.Resolved(s, known) : s)];
        content ??= new() { CSharp = before.Content.CSharp };
        DefinedConstants constants = new(definitions, before, content, problems);
        BoundDefinitions stored = new() { Entities = definitions.Entities, Sources = resolved, Views = views, LookupTables = constants.Tables, Services = [], Problems = [] };
        OnDemandBinder onDemandBinder = new(onDemand, stored.ToCatalog(before, before.Number).With(before.Content with { CSharp = content.CSharp }), unbound, problems, constants);
        constants.Binder = onDemandBinder;
        stored = stored with { Transformations = constants.Transformations };
        foreach (var view in onDemand)
            if (onDemandBinder.Bind(view) is { } bound) views.Add(bound);
            else unbound.Add(view.Name);
        foreach (var view in views)
            RowBinder.Expectations(view.View, view.View.Expect, new($"view '{view.Name}'", view.Features.Fields, []), $"view '{view.Name}'", blind: false, problems);
        var result = stored with { Views = views };
        ServiceBinder services = new(result.ToCatalog(before, before.Number), registered is not null, unbound, problems);
        return result with
        {
            Services = [.. definitions.Services.Where(s => !s.Incomplete).Select(services.Bind).OfType<BoundService>()],
            Problems = problems.InOrder([.. definitions.All.Select(d => d.Location?.File ?? "")]),
        };
    }

    // A name that is defined twice has been reported.
    static List<T> Firsts<T>(IReadOnlyList<T> all) where T : Definition => [.. all.DistinctBy(d => d.Name, StringComparer.Ordinal)];

    static Dictionary<string, T> ByName<T>(IEnumerable<T> all) where T : Definition => all.ToDictionary(d => d.Name, StringComparer.Ordinal);
}
