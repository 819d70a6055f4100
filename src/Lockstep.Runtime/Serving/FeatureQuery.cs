using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Serving;

/// <summary>Which features are asked for, before a catalog says what they are: a service, or selections.</summary>
public sealed record FeatureQuery
{
    public string? Service { get; init; }

    /// <summary>Null: the newest.</summary>
    public int? ServiceVersion { get; init; }

    /// <summary>What is asked for when there is no <see cref="Service"/>.</summary>
    public IReadOnlyList<FeatureSelection> Features { get; init; } = [];

    /// <summary>Names become <c>view__feature</c>.</summary>
    public bool FullNames { get; init; }

    /// <summary>Reads <c>name</c> or <c>name@version</c>.</summary>
    public static FeatureQuery OfService(string text, bool fullNames = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 0) return new() { Service = text, FullNames = fullNames };
        if (!int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            throw new LockstepException(ErrorKind.BadArguments, $"'{text}' names no service. Write name, or name@version with a whole number: late_flight@1.");
        return new() { Service = text[..at], ServiceVersion = version, FullNames = fullNames };
    }

    /// <summary>Reads references like <c>view:feature</c>, <c>view@1:feature</c>, <c>view:*</c>.</summary>
    public static FeatureQuery OfFeatures(IEnumerable<string> references, bool fullNames = false)
        => new() { Features = [.. references.Select(ParseReference)], FullNames = fullNames };

    public static FeatureSelection ParseReference(string text) => FeatureSelection.TryParse(text, out var selection)
        ? selection
        : throw new LockstepException(ErrorKind.BadArguments, $"'{text}' names no feature. Write view:feature, view@1.2.0:feature, view@1:feature or view:*.");

    public FeatureSet Resolve(Catalog catalog)
    {
        if (Service is null) return FeatureSet.Resolve(catalog, Features, FullNames);
        if (catalog.FindService(Service, ServiceVersion) is { } service) return FeatureSet.Resolve(catalog, service, FullNames);
        var versions = catalog.Services.Where(s => s.Name == Service).Select(s => s.Version).ToList();
        throw new LockstepException(ErrorKind.NotFound, versions.Count > 0
            ? $"Service '{Service}' has no version {ServiceVersion}. Versions: {string.Join(", ", versions)}."
            : $"There is no service '{Service}'.{NearestName.Hint(Service, catalog.Services.Select(s => s.Name), "Services")}");
    }
}
