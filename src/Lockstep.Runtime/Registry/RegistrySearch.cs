using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>An object that a search found.</summary>
/// <param name="Features">Its features that match; empty when the object itself does.</param>
/// <param name="Matched">Where the words were found: name, feature, description …</param>
/// <param name="Score">Greater is nearer; only meant for order.</param>
public sealed record SearchHit(ObjectSummary Object, IReadOnlyList<string> Features, IReadOnlyList<string> Matched, int Score);

/// <summary>
/// Words in names, features, descriptions, owners, tags, entities, types and sources, without regard to case. Every word must be found
/// somewhere; <c>owner:ana</c>, <c>tag:pii</c>, <c>entity:</c>, <c>type:</c>, <c>source:</c>, <c>kind:</c> look in one place. Newest active version of each name.
/// </summary>
internal static class RegistrySearch
{
    static readonly string[] Places = ["name", "feature", "tag", "entity", "source", "kind", "type", "owner", "domain", "description"];

    public static IReadOnlyList<SearchHit> Find(RegistrySnapshot snapshot, string words)
    {
        var terms = words.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        List<SearchHit> hits = [];
        if (terms.Length == 0) return hits;
        foreach (var item in snapshot.Objects.Where(o => o.IsActive).GroupBy(o => (o.Key.Category, o.Key.Name)).Select(g => g.Last()))
            if (Match(item, terms) is { } hit) hits.Add(hit);
        return [.. hits.OrderByDescending(h => h.Score).ThenBy(h => h.Object.Name, StringComparer.Ordinal).ThenBy(h => h.Object.Kind, StringComparer.Ordinal)];
    }

    static SearchHit? Match(RegisteredObject item, string[] terms)
    {
        var summary = ObjectSummary.Of(item);
        var score = 0;
        SortedSet<string> features = new(StringComparer.Ordinal);
        List<string> matched = [];
        foreach (var term in terms)
        {
            var colon = term.IndexOf(':', StringComparison.Ordinal);
            var only = colon > 0 && Array.IndexOf(Places, term[..colon].ToLowerInvariant()) >= 0 ? term[..colon].ToLowerInvariant() : null;
            var word = only is null ? term : term[(colon + 1)..];
            var best = 0;
            foreach (var place in only is null ? Places : [only])
                foreach (var text in Texts(item, summary, place))
                {
                    var points = Points(text, word, place);
                    if (points == 0) continue;
                    if (!matched.Contains(place)) matched.Add(place);
                    if (place == "feature") features.Add(text);
                    best = Math.Max(best, points);
                }
            if (best == 0) return null;
            score += best;
        }
        return new(summary, [.. features], matched, score);
    }

    // A whole text is nearer than its beginning, that nearer than a part; a name nearer than a description.
    static int Points(string text, string word, string place)
    {
        var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return 0;
        var kind = text.Length == word.Length ? 3 : at == 0 ? 2 : 1;
        return kind * 10 + Places.Length - Array.IndexOf(Places, place) + (place == "name" ? 20 : place == "feature" ? 10 : 0);
    }

    static IEnumerable<string> Texts(RegisteredObject item, ObjectSummary summary, string place) => place switch
    {
        "name" => [summary.Name],
        "feature" => summary.Features,
        "tag" => summary.Tags.SelectMany(t => (string[])[t.Key, t.Value, $"{t.Key}={t.Value}"]),
        "entity" => summary.Entities,
        "source" => summary.Sources,
        "kind" => [summary.Kind],
        "type" => item.View is { } typed ? typed.Features.Fields.Select(f => f.Type.ToString()) : [],
        "owner" => summary.Owner is null ? [] : [summary.Owner],
        "domain" => summary.Domain is null ? [] : [summary.Domain],
        _ => Descriptions(item.Definition).OfType<string>(),
    };

    static IEnumerable<string?> Descriptions(Definition definition) => (definition switch
    {
        ValueView view => view.Features.Select(f => f.Description),
        AggregationView view => view.Features.Select(f => f.Description),
        OnDemandView view => view.Features.Select(f => f.Description),
        FeatureService service => [service.Model],
        _ => [],
    }).Prepend(definition.Metadata.Description);
}
