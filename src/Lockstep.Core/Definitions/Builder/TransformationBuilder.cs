using System.Globalization;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>A function whose parameters are learned by <c>lockstep fit</c>.</summary>
public sealed class TransformationBuilder : DefinitionBuilder<TransformationBuilder>
{
    readonly SemanticVersion _version;
    readonly List<Field> _columns = [];
    readonly SortedDictionary<string, string> _parameters = new(StringComparer.Ordinal);
    string _fit = "";
    string _input = "";
    string? _target;

    internal TransformationBuilder(string name, string version) : base(name)
        => _version = SemanticVersion.TryParse(version, out var parsed) ? parsed : throw new ArgumentException($"'{version}' is not a version like 1.0.0.", nameof(version));

    /// <summary>(x - mean) / stddev.</summary>
    public TransformationBuilder Standard(string input) => Fit("standard", input);

    /// <summary>(x - min) / (max - min).</summary>
    public TransformationBuilder MinMax(string input, bool clip = false) => Fit("min_max", input).With("clip", clip ? "true" : "false", "false");

    /// <summary>The number of the bin, from 0, of bins that hold equal shares.</summary>
    public TransformationBuilder Quantiles(string input, int bins = 10) => Fit("quantiles", input).With("bins", bins);

    /// <summary>The place of a category, the most frequent first.</summary>
    /// <param name="input">The expression.</param>
    /// <param name="maxCategories">At most so many are kept.</param>
    /// <param name="minCount">Only those with as many rows.</param>
    /// <param name="unknown">For one that is not among them; null: null.</param>
    public TransformationBuilder Categories(string input, int maxCategories = 1000, int minCount = 1, long? unknown = null)
        => Fit("categories", input).With("max_categories", maxCategories).With("min_count", minCount)
            .With("unknown", unknown?.ToString(CultureInfo.InvariantCulture) ?? FitMethods.None, FitMethods.None);

    /// <summary>The smoothed mean of the target in a category; of all rows for one that is not known.</summary>
    public TransformationBuilder TargetMean(string input, string target, double smoothing = 10, int maxCategories = 10_000, int minCount = 1)
    {
        _target = target;
        return Fit("target_mean", input).With("smoothing", smoothing.ToString("R", CultureInfo.InvariantCulture), "10").With("max_categories", maxCategories).With("min_count", minCount);
    }

    /// <summary>The weights of the most frequent words of a text.</summary>
    public TransformationBuilder Vocabulary(string input, int maxTerms = 1000, int minCount = 1, bool l2 = true)
        => Fit("vocabulary", input).With("max_terms", maxTerms).With("min_count", minCount).With("norm", l2 ? "l2" : FitMethods.None, "l2");

    /// <summary>A column of the spine that input or target reads.</summary>
    public TransformationBuilder Column(string name, FeatureType type)
    {
        _columns.Add(new(name, type));
        return this;
    }

    TransformationBuilder Fit(string method, string input)
    {
        (_fit, _input) = (method, input ?? throw new ArgumentNullException(nameof(input)));
        return this;
    }

    TransformationBuilder With(string parameter, int value)
        => With(parameter, value.ToString(CultureInfo.InvariantCulture), FitMethods.Find(_fit)!.Parameters.First(p => p.Name == parameter).Default);

    // What is at its default is left out, as in YAML.
    TransformationBuilder With(string parameter, string value, string? standard)
    {
        if (value == standard) _parameters.Remove(parameter);
        else _parameters[parameter] = value;
        return this;
    }

    private protected override Definition Build() => new Transformation
    {
        Name = Name,
        Version = _version,
        Metadata = Metadata,
        Fit = _fit,
        Input = _input,
        Target = _target,
        Columns = [.. _columns],
        Parameters = new SortedDictionary<string, string>(_parameters, StringComparer.Ordinal),
    };
}
