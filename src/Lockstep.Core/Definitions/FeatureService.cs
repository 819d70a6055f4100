namespace Lockstep.Core.Definitions;

/// <summary>The features that a model reads, in the order of its vector.</summary>
public sealed record FeatureService : Definition
{
    public const string KindName = "feature_service";
    public override string Kind => KindName;

    public required int Version { get; init; }
    public required IReadOnlyList<FeatureSelection> Features { get; init; }
    public string? Model { get; init; }
}

/// <summary>
/// Features of one view: <c>view:feature</c>, <c>view@1:feature</c>, <c>view:*</c>, or the same view by other key columns under an alias,
/// whose features are always named <c>alias__feature</c>.
/// </summary>
public sealed record FeatureSelection
{
    public required string View { get; init; }
    public VersionSelector Version { get; init; }

    /// <summary>Names in order; empty for all of the view (<c>*</c>).</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    public string? Alias { get; init; }

    /// <summary>Join key of the view → column of the spine or field of the request; keys that are not named keep their name.</summary>
    public IReadOnlyDictionary<string, string> Keys { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads <c>view[@version]:feature</c> or <c>view[@version]:*</c>.</summary>
    public static bool TryParse(string text, out FeatureSelection selection)
    {
        selection = new() { View = "" };
        var colon = (text ?? "").IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == text!.Length - 1) return false;
        var view = text[..colon].Trim();
        var feature = text[(colon + 1)..].Trim();
        var version = VersionSelector.Newest;
        var at = view.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!VersionSelector.TryParse(view[(at + 1)..], out version)) return false;
            view = view[..at];
        }
        if (view.Length == 0 || feature.Length == 0) return false;
        selection = new() { View = view, Version = version, Features = feature == "*" ? [] : [feature] };
        return true;
    }

    public override string ToString() => $"{View}{Version}:{(Features.Count == 0 ? "*" : string.Join(",", Features))}{(Alias is null ? "" : $" as {Alias}")}";
}
