using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>One version of a view, checked and bound: what it is keyed by, what a row of it holds, what it means.</summary>
public sealed record ViewVersion
{
    public required FeatureView View { get; init; }

    /// <summary>Hex SHA-256 over everything that can change a value (S23).</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The text behind the fingerprint, a line a fact: two of them show why a fingerprint changed.</summary>
    public string Meaning { get; init; } = "";

    /// <summary>Join keys of all its entities, in order; empty for on-demand views.</summary>
    public required Schema Keys { get; init; }

    /// <summary>Its features with their types, in schema order.</summary>
    public required Schema Features { get; init; }

    /// <summary>What stands for null, for each feature; <see cref="Value.Null"/> where the author gave nothing.</summary>
    public required IReadOnlyList<Value> Defaults { get; init; }

    /// <summary>
    /// The sources it reads, by name, as they were when it was applied (columns included): what a source becomes later
    /// gives new versions of views and leaves the old ones as they are (S23, S24). Filled by the binder.
    /// </summary>
    public IReadOnlyDictionary<string, Source> Sources { get; init; } = new SortedDictionary<string, Source>(StringComparer.Ordinal);

    /// <summary>
    /// Of an on-demand view: the versions that its references to other views were resolved to at apply (S23), by the text of the
    /// reference (<c>weather</c>, <c>weather@1</c>) the exact <see cref="Id"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> References { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The fits, lookup tables and C# views that its expressions were resolved to at apply (S23): by <c>transformation/amount_scale</c>,
    /// <c>table/airports@1</c>, <c>csharp/RouteRisk</c> the exact <c>fit/amount_scale@2</c>, <c>table/airports@1.2.0</c>, <c>1.0.0 module</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Constants { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Not served any more (S24).</summary>
    public bool Retired { get; init; }

    public string Name => View.Name;
    public SemanticVersion Version => View.Version;

    /// <summary><c>weather@1.0.0</c>: the name of the version in stores, messages and lineage.</summary>
    public string Id => $"{Name}@{Version}";

    public override string ToString() => Id;
}

/// <summary>What is registered at one moment: an immutable snapshot that batch, streams and serving share. An apply makes a new one.</summary>
public sealed class Catalog
{
    readonly Dictionary<string, List<ViewVersion>> _views = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<FeatureService>> _services = new(StringComparer.Ordinal);

    public Catalog(long number, IEnumerable<Entity> entities, IEnumerable<Source> sources, IEnumerable<ViewVersion> views, IEnumerable<FeatureService> services)
    {
        Number = number;
        Entities = entities.ToDictionary(e => e.Name, StringComparer.Ordinal);
        Sources = sources.ToDictionary(s => s.Name, StringComparer.Ordinal);
        Views = [.. views.OrderBy(v => v.Name, StringComparer.Ordinal).ThenBy(v => v.Version)];
        Services = [.. services.OrderBy(s => s.Name, StringComparer.Ordinal).ThenBy(s => s.Version)];
        foreach (var view in Views) Add(_views, view.Name, view);
        foreach (var service in Services) Add(_services, service.Name, service);
    }

    public static readonly Catalog Empty = new(0, [], [], [], []);

    /// <summary>All versions, by name and then version.</summary>
    public IReadOnlyList<TransformationVersion> Transformations { get; init => field = [.. value.OrderBy(t => t.Name, StringComparer.Ordinal).ThenBy(t => t.Version)]; } = [];

    /// <summary>All that was ever learned, by name and then number.</summary>
    public IReadOnlyList<Fit> Fits { get; init => field = [.. value.OrderBy(f => f.Name, StringComparer.Ordinal).ThenBy(f => f.Number)]; } = [];

    /// <summary>All versions, by name and then version.</summary>
    public IReadOnlyList<LookupTableVersion> LookupTables { get; init => field = [.. value.OrderBy(t => t.Name, StringComparer.Ordinal).ThenBy(t => t.Version)]; } = [];

    /// <summary>What expressions use and the registry does not hold itself.</summary>
    public CatalogContent Content { get; init; } = CatalogContent.None;

    /// <summary>The same catalog with this content.</summary>
    public Catalog With(CatalogContent content)
        => new(Number, Entities.Values, Sources.Values, Views, Services) { Transformations = Transformations, Fits = Fits, LookupTables = LookupTables, Content = content };

    /// <summary>The same catalog with other sources, views or services.</summary>
    public Catalog With(IEnumerable<Source>? sources = null, IEnumerable<ViewVersion>? views = null, IEnumerable<FeatureService>? services = null)
        => new(Number, Entities.Values, sources ?? Sources.Values, views ?? Views, services ?? Services) { Transformations = Transformations, Fits = Fits, LookupTables = LookupTables, Content = Content };

    /// <summary>Number of the apply that made it; 0 before the first.</summary>
    public long Number { get; }

    public IReadOnlyDictionary<string, Entity> Entities { get; }
    public IReadOnlyDictionary<string, Source> Sources { get; }

    /// <summary>All versions, by name and then version.</summary>
    public IReadOnlyList<ViewVersion> Views { get; }

    public IReadOnlyList<FeatureService> Services { get; }

    /// <summary>The newest version that the selector matches and that is not retired; null when there is none.</summary>
    public ViewVersion? FindView(string name, VersionSelector selector = default)
        => _views.TryGetValue(name, out var versions) ? versions.FindLast(v => !v.Retired && selector.Matches(v.Version)) : null;

    /// <summary>The version with this <see cref="ViewVersion.Id"/>, retired or not; null when there is none.</summary>
    public ViewVersion? FindId(string id) => Views.FirstOrDefault(v => v.Id == id);

    public IReadOnlyList<ViewVersion> VersionsOf(string view) => _views.TryGetValue(view, out var versions) ? versions : [];

    /// <summary>The service, newest version unless one is named; null when there is none.</summary>
    public FeatureService? FindService(string name, int? version = null)
        => _services.TryGetValue(name, out var versions) ? versions.FindLast(s => version is null || s.Version == version) : null;

    static void Add<T>(Dictionary<string, List<T>> map, string name, T item)
    {
        if (!map.TryGetValue(name, out var list)) map.Add(name, list = []);
        list.Add(item);
    }
}
