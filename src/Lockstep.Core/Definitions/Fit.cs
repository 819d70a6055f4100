namespace Lockstep.Core.Definitions;

/// <summary>What a transformation learned once: never changed, beside those before and after it. Made by <c>lockstep fit</c>, not written by authors.</summary>
public sealed record Fit : Definition
{
    public const string KindName = "fit";
    public override string Kind => KindName;

    /// <summary>1, 2, 3 … of the transformation's name.</summary>
    public required int Number { get; init; }

    /// <summary>The version of the transformation that was fitted, and what it meant.</summary>
    public required SemanticVersion Transformation { get; init; }

    public required string TransformationFingerprint { get; init; }

    /// <summary>Nothing after this instant was learned from, microseconds.</summary>
    public required long AsOf { get; init; }

    public required FitStatistics Statistics { get; init; }

    /// <summary>Views that were read, by <c>name@version</c>, with what they meant.</summary>
    public required IReadOnlyDictionary<string, string> Views { get; init; }

    /// <summary>What was learned, canonical JSON: equal parameters give equal texts.</summary>
    public required string Parameters { get; init; }

    /// <summary><c>fit/amount_scale@2</c>: how views pin it.</summary>
    public string Id => $"{KindName}/{Name}@{Number}";

    /// <summary>Of what it computes, whatever its number and its rows.</summary>
    public string Fingerprint => field ??= Definitions.Fingerprint.Hash($"{TransformationFingerprint}\n{Parameters}\n");

    /// <summary>New versions of views do not use it (S24).</summary>
    public bool Retired { get; init; }

}

/// <summary>What a fit was learned from.</summary>
public sealed record FitStatistics
{
    /// <summary>The spine as it was named.</summary>
    public required string Spine { get; init; }

    /// <summary>Rows that were learned from, nulls included.</summary>
    public required long Rows { get; init; }

    /// <summary>Of these, rows whose input or target is null.</summary>
    public required long Nulls { get; init; }

    /// <summary>Rows of the spine after the instant, which were left out.</summary>
    public required long RowsAfter { get; init; }

    /// <summary>Rows of the spine without a timestamp, which were left out.</summary>
    public required long RowsWithoutTime { get; init; }
}
