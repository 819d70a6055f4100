using System.Globalization;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>A parameter of a way to fit: what may stand there, and what stands there when it is left out.</summary>
/// <param name="Name">The key.</param>
/// <param name="Default">As it would be written; null: there is none.</param>
/// <param name="Expected">In words, for messages.</param>
/// <param name="Check">Whether a text is right.</param>
public sealed record FitParameter(string Name, string? Default, string Expected, Func<string, bool> Check);

/// <summary>A way to learn a transformation, by its word behind <c>fit:</c>.</summary>
public sealed record FitMethod(string Name)
{
    public IReadOnlyList<FitParameter> Parameters { get; init; } = [];

    /// <summary>Whether it learns from a second column, the target.</summary>
    public bool NeedsTarget { get; init; }

    /// <summary>What its input may be, in words.</summary>
    public required string Input { get; init; }

    /// <summary>What one value becomes.</summary>
    public required FeatureType Result { get; init; }

    internal Func<FeatureType, bool> Takes { get; init; } = static _ => false;
}

/// <summary>All ways to fit. Adding one begins with a line here: reader, rules and JSON Schema follow.</summary>
public static class FitMethods
{
    /// <summary>Of <c>unknown:</c>, an unknown category gives null.</summary>
    public const string None = "none";

    /// <summary>Of <c>unknown:</c>, an unknown category gives the mean of the target over all rows.</summary>
    public const string Mean = "mean";

    /// <summary>Categories and terms that one fit may keep: it stands in the registry and in the memory of every server.</summary>
    public const int MaxKept = 100_000;

    const string Number = "a number";
    const string Category = "string, int64 or bool";

    public static IReadOnlyList<FitMethod> All { get; } =
    [
        new("standard") { Input = Number, Takes = t => t.IsNumeric, Result = FeatureType.Float64 },
        new("min_max") { Input = Number, Takes = t => t.IsNumeric, Result = FeatureType.Float64, Parameters = [new("clip", "false", "true or false", t => t is "true" or "false")] },
        new("quantiles") { Input = Number, Takes = t => t.IsNumeric, Result = FeatureType.Int64, Parameters = [Whole("bins", "10", 2, 10_000)] },
        new("categories")
        {
            Input = Category, Takes = IsCategory, Result = FeatureType.Int64,
            Parameters = [Whole("max_categories", "1000", 1, MaxKept), Whole("min_count", "1", 1, int.MaxValue), new("unknown", None, $"a whole number, or {None} for null", t => t == None || IsInt64(t))],
        },
        new("target_mean")
        {
            Input = Category, Takes = IsCategory, NeedsTarget = true, Result = FeatureType.Float64,
            Parameters =
            [
                Whole("max_categories", "10000", 1, MaxKept), Whole("min_count", "1", 1, int.MaxValue),
                new("smoothing", "10", "a number that is not negative", t => IsFinite(t, out var n) && n >= 0),
                new("unknown", Mean, $"a number, {Mean} for the mean of all rows, or {None} for null", t => t is None or Mean || IsFinite(t, out _)),
            ],
        },
        new("vocabulary")
        {
            Input = "string or list<string>", Takes = t => t == FeatureType.String || t == FeatureType.List(FeatureType.String), Result = FeatureType.List(FeatureType.Float64),
            Parameters = [Whole("max_terms", "1000", 1, 10_000), Whole("min_count", "1", 1, int.MaxValue), new("norm", "l2", "l2 or none", t => t is "l2" or None)],
        },
    ];

    public static FitMethod? Find(string name) => All.FirstOrDefault(f => f.Name == name);

    static bool IsCategory(FeatureType type) => type.Kind is TypeKind.String or TypeKind.Int64 or TypeKind.Bool;
    static bool IsInt64(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
    static bool IsFinite(string text, out double number) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    static FitParameter Whole(string name, string standard, int least, int most) => new(name, standard, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"),
        t => int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= least && n <= most);
}
