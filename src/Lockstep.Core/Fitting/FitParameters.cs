using System.Buffers;
using System.Text;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Fitting;

/// <summary>What a transformation learned: constants of the functions that apply it. Immutable.</summary>
public abstract class FitParameters
{
    /// <summary>Canonical JSON: equal parameters give equal texts.</summary>
    public string ToJson()
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            Write(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private protected abstract void Write(Utf8JsonWriter json);

    /// <summary>Lines for people: name and value.</summary>
    public abstract IReadOnlyList<(string Name, string Value)> Describe();

    /// <summary>What is odd about them, or nothing.</summary>
    public virtual string? Warning => null;

    /// <exception cref="LockstepException">The text is damaged.</exception>
    public static FitParameters Read(string method, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var json = document.RootElement;
            return method switch
            {
                "standard" => new StandardParameters(Number(json, "mean"), Number(json, "stddev")),
                "min_max" => new MinMaxParameters(Number(json, "min"), Number(json, "max"), json.GetProperty("clip").GetBoolean()),
                "quantiles" => new QuantileParameters(Numbers(json, "boundaries")),
                "categories" => new CategoryParameters(Categories(json), json.TryGetProperty("unknown", out var unknown) ? unknown.GetInt64() : null),
                "target_mean" => new TargetMeanParameters(Categories(json), Numbers(json, "means"), json.TryGetProperty("unknown", out var otherwise) ? otherwise.GetDouble() : null),
                "vocabulary" => new VocabularyParameters([.. json.GetProperty("terms").EnumerateArray().Select(t => t.GetString()!)], Numbers(json, "weights"), json.GetProperty("l2").GetBoolean()),
                _ => throw new FormatException($"There is no fit '{method}'."),
            };
        }
        catch (Exception damaged) when (damaged is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new LockstepException(ErrorKind.Failed, $"The parameters of a fit are damaged: {damaged.Message} They begin with: {text[..Math.Min(text.Length, 80)]}", damaged);
        }
    }

    static double Number(JsonElement json, string name) => json.GetProperty(name).GetDouble();
    static double[] Numbers(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(n => n.GetDouble())];
    static CategorySet Categories(JsonElement json) => new([.. json.GetProperty("categories").EnumerateArray().Select(c => c.ValueKind switch
    {
        JsonValueKind.String => Value.Of(c.GetString()!),
        JsonValueKind.Number => Value.Of(c.GetInt64()),
        JsonValueKind.True or JsonValueKind.False => Value.Of(c.GetBoolean()),
        _ => throw new FormatException($"A category is {c.ValueKind}."),
    })]);

    private protected static void Write(Utf8JsonWriter json, string name, double number)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(ShortestFloat.Format(number)); // the shortest text that reads back to the same bits
    }

    private protected static void Write(Utf8JsonWriter json, string name, IReadOnlyList<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers) json.WriteRawValue(ShortestFloat.Format(number));
        json.WriteEndArray();
    }

    private protected static void Write(Utf8JsonWriter json, CategorySet categories)
    {
        json.WriteStartArray("categories");
        foreach (var category in categories.Values)
            if (category.Kind == TypeKind.String) json.WriteStringValue(category.AsString);
            else if (category.Kind == TypeKind.Bool) json.WriteBooleanValue(category.AsBool);
            else json.WriteNumberValue(category.AsInt64);
        json.WriteEndArray();
    }

    private protected static string Sample<T>(IReadOnlyList<T> all, Func<int, string> show)
        => $"{string.Join(", ", Enumerable.Range(0, Math.Min(all.Count, 10)).Select(show))}{(all.Count > 10 ? $" and {all.Count - 10} more" : "")}";
}

/// <summary>(x - mean) / stddev.</summary>
public sealed class StandardParameters(double mean, double deviation) : FitParameters
{
    public double Mean { get; } = mean;

    /// <summary>Of the population.</summary>
    public double Deviation { get; } = deviation;

    private protected override void Write(Utf8JsonWriter json)
    {
        Write(json, "mean", Mean);
        Write(json, "stddev", Deviation);
    }

    public override IReadOnlyList<(string Name, string Value)> Describe() => [("mean", ShortestFloat.Format(Mean)), ("stddev", ShortestFloat.Format(Deviation))];
    public override string? Warning => Deviation == 0 ? "all values are equal, so the deviation is 0 and every result is null" : null;
}

/// <summary>(x - min) / (max - min).</summary>
public sealed class MinMaxParameters(double least, double most, bool clip) : FitParameters
{
    public double Least { get; } = least;
    public double Most { get; } = most;

    /// <summary>Whether a value outside gives 0 or 1.</summary>
    public bool Clip { get; } = clip;

    private protected override void Write(Utf8JsonWriter json)
    {
        Write(json, "min", Least);
        Write(json, "max", Most);
        json.WriteBoolean("clip", Clip);
    }

    public override IReadOnlyList<(string Name, string Value)> Describe() => [("min", ShortestFloat.Format(Least)), ("max", ShortestFloat.Format(Most)), ("clip", Clip ? "true" : "false")];
    public override string? Warning => Least == Most ? "all values are equal, so the range is empty and every result is null" : null;
}

/// <summary>How many of the boundaries are at most x.</summary>
public sealed class QuantileParameters(double[] boundaries) : FitParameters
{
    internal double[] Values { get; } = boundaries;

    /// <summary>Ascending, each once; a bin more than there are of them.</summary>
    public IReadOnlyList<double> Boundaries => Values;

    private protected override void Write(Utf8JsonWriter json) => Write(json, "boundaries", Values);

    public override IReadOnlyList<(string Name, string Value)> Describe()
        => [("bins", (Values.Length + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)), ("boundaries", Sample(Values, i => ShortestFloat.Format(Values[i])))];

    public override string? Warning => Values.Length == 0 ? "all values are equal, so there is one bin" : null;
}

/// <summary>The place of a category, the most frequent first.</summary>
public sealed class CategoryParameters(CategorySet categories, long? unknown) : FitParameters
{
    public CategorySet Categories { get; } = categories;

    /// <summary>For one that is not among them; null: null.</summary>
    public long? Unknown { get; } = unknown;

    private protected override void Write(Utf8JsonWriter json)
    {
        Write(json, Categories);
        if (Unknown is { } unknown) json.WriteNumber("unknown", unknown);
    }

    public override IReadOnlyList<(string Name, string Value)> Describe() =>
    [
        ("categories", Sample(Categories.Values, i => $"{Categories.Values[i]} = {i}")),
        ("unknown", Unknown is { } unknown ? unknown.ToString(System.Globalization.CultureInfo.InvariantCulture) : "null"),
    ];
}

/// <summary>The smoothed mean of the target in a category.</summary>
public sealed class TargetMeanParameters : FitParameters
{
    public TargetMeanParameters(CategorySet categories, double[] means, double? unknown)
    {
        ArgumentNullException.ThrowIfNull(categories);
        ArgumentNullException.ThrowIfNull(means);
        if (categories.Values.Count != means.Length) throw new FormatException($"{means.Length} means for {categories.Values.Count} categories.");
        (Categories, Values, Unknown) = (categories, means, unknown);
    }

    public CategorySet Categories { get; }
    internal double[] Values { get; }
    public IReadOnlyList<double> Means => Values;

    /// <summary>For one that is not among them; null: null.</summary>
    public double? Unknown { get; }

    private protected override void Write(Utf8JsonWriter json)
    {
        Write(json, Categories);
        Write(json, "means", Values);
        if (Unknown is { } unknown) Write(json, "unknown", unknown);
    }

    public override IReadOnlyList<(string Name, string Value)> Describe() =>
    [
        ("means", Sample(Values, i => $"{Categories.Values[i]} = {ShortestFloat.Format(Values[i])}")),
        ("unknown", Unknown is { } unknown ? ShortestFloat.Format(unknown) : "null"),
    ];
}

/// <summary>The weight of each term in a text, by how often it occurs there and in how many texts it was found.</summary>
public sealed class VocabularyParameters : FitParameters
{
    public VocabularyParameters(string[] terms, double[] weights, bool l2)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(weights);
        if (terms.Length != weights.Length) throw new FormatException($"{weights.Length} weights for {terms.Length} terms.");
        (Terms, Values, L2) = (new([.. terms.Select(Value.Of)]), weights, l2);
    }

    public CategorySet Terms { get; }
    internal double[] Values { get; }

    /// <summary>Inverse document frequencies.</summary>
    public IReadOnlyList<double> Weights => Values;

    /// <summary>Whether a vector is divided by its length.</summary>
    public bool L2 { get; }

    private protected override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("terms");
        foreach (var term in Terms.Values) json.WriteStringValue(term.AsString);
        json.WriteEndArray();
        Write(json, "weights", Values);
        json.WriteBoolean("l2", L2);
    }

    public override IReadOnlyList<(string Name, string Value)> Describe()
        => [("terms", Sample(Values, i => $"{Terms.Values[i]} = {ShortestFloat.Format(Values[i])}")), ("norm", L2 ? "l2" : "none")];
}
