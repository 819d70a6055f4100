using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Serving;

namespace Lockstep.Server.Feast;

/// <summary>What is asked for in Feast's words: <c>view:feature</c>, <c>view@v2:feature</c>, <c>view@latest:feature</c>, or a service.</summary>
static class FeastQuery
{
    /// <summary>Resolved with full names always; which names the answer shows is the format's to say (<see cref="FeastNames"/>).</summary>
    public static FeatureQuery OfService(Catalog catalog, string service)
    {
        var query = FeatureQuery.OfService(service, fullNames: true);
        return catalog.FindService(query.Service!, query.ServiceVersion) is not null
            ? query
            : throw new FeastException(404, FeastException.ServiceNotFound, $"Feature service {service} does not exist.{NearestName.Hint(service, catalog.Services.Select(s => s.Name), "Services")}");
    }

    public static FeatureQuery OfFeatures(Catalog catalog, IReadOnlyList<string> references)
    {
        if (references.Count == 0) throw new LockstepException(ErrorKind.BadArguments, "No features specified for retrieval: give \"features\" like [\"view:feature\"], or a \"feature_service\".");
        var selections = references.Select(Parse).ToList();
        foreach (var selection in selections)
            if (catalog.VersionsOf(selection.View).Count == 0)
                throw new FeastException(404, FeastException.ViewNotFound, $"Feature view {selection.View} does not exist.{NearestName.Hint(selection.View, catalog.Views.Select(v => v.Name), "Views")}");
        if (selections.GroupBy(s => s.ToString(), StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FeastException(400, FeastException.NameCollision, $"Feature {twice.Key} is asked for twice. Ask for it once.");
        return new() { Features = selections, FullNames = true };
    }

    static FeatureSelection Parse(string reference)
    {
        var text = reference.Replace("@latest:", ":", StringComparison.Ordinal);
        if (text.IndexOf("@v", StringComparison.Ordinal) is var at and > 0) text = text.Remove(at + 1, 1);
        return FeatureSelection.TryParse(text, out var selection) && !selection.Features.Any(f => f.Contains(':', StringComparison.Ordinal))
            ? selection
            : throw new LockstepException(ErrorKind.BadArguments, $"Invalid feature reference '{reference}'. Expected format: '<feature_view>:<feature>' or '<feature_view>@<version>:<feature>'.");
    }
}
