using Lockstep.Core.Lookup;

namespace Lockstep.Core.Definitions;

/// <summary>A service whose every reference names one version.</summary>
public sealed record BoundService
{
    /// <summary>With exact versions (S23, S24): what is registered and served.</summary>
    public required FeatureService Service { get; init; }

    /// <summary>As the author wrote it.</summary>
    public required FeatureService Written { get; init; }

    /// <summary>Hex SHA-256 of <see cref="Meaning"/>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The text behind the fingerprint, a line a fact.</summary>
    public required string Meaning { get; init; }
}

/// <summary>Definitions that were checked against their data and against what is registered.</summary>
public sealed record BoundDefinitions
{
    public required IReadOnlyList<Entity> Entities { get; init; }
    public required IReadOnlyList<Source> Sources { get; init; }

    /// <summary>Only those without errors.</summary>
    public required IReadOnlyList<ViewVersion> Views { get; init; }

    /// <summary>Only those without errors.</summary>
    public IReadOnlyList<TransformationVersion> Transformations { get; init; } = [];

    /// <summary>Only those without errors.</summary>
    public IReadOnlyList<LookupTableVersion> LookupTables { get; init; } = [];

    /// <summary>Only those without errors.</summary>
    public required IReadOnlyList<BoundService> Services { get; init; }

    /// <summary>By file and line.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    public bool HasErrors => Problems.Any(p => p.Severity == Severity.Error);

    /// <summary>What would be registered after these are applied: names of entities and sources, and versions of the rest, replace their like; nothing is removed.</summary>
    public Catalog ToCatalog(Catalog registered, long number)
    {
        ArgumentNullException.ThrowIfNull(registered);
        var views = registered.Views.ToDictionary(v => v.Id, StringComparer.Ordinal);
        foreach (var view in Views) views[view.Id] = views.TryGetValue(view.Id, out var before) ? view with { Retired = before.Retired } : view;
        var services = registered.Services.ToDictionary(s => (s.Name, s.Version));
        foreach (var service in Services) services[(service.Service.Name, service.Service.Version)] = service.Service;
        var transformations = registered.Transformations.ToDictionary(t => t.Id, StringComparer.Ordinal);
        foreach (var one in Transformations) transformations[one.Id] = transformations.TryGetValue(one.Id, out var before) ? one with { Retired = before.Retired } : one;
        var tables = registered.LookupTables.ToDictionary(t => t.Id, StringComparer.Ordinal);
        foreach (var one in LookupTables) tables[one.Id] = tables.TryGetValue(one.Id, out var before) ? one with { Retired = before.Retired } : one;
        return new(number, Merge(registered.Entities, Entities), Merge(registered.Sources, Sources), views.Values, services.Values)
        {
            Transformations = [.. transformations.Values],
            Fits = registered.Fits,
            LookupTables = [.. tables.Values],
            Content = registered.Content,
        };
    }

    internal static IEnumerable<T> Merge<T>(IReadOnlyDictionary<string, T> registered, IReadOnlyList<T> defined) where T : Definition
    {
        var all = registered.ToDictionary(StringComparer.Ordinal);
        foreach (var one in defined) all[one.Name] = one;
        return all.Values;
    }
}
