using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>A parameter of a function, as an author writes it.</summary>
/// <param name="Name">The key in a definition.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Summary">For people.</param>
public sealed record AggregateParameter(string Name, ParameterKind Kind, string Summary)
{
    /// <summary>What stands for it when it is left out; null: it must be given.</summary>
    public string? Default { get; init; }

    /// <summary>Least and greatest value of a number or an integer.</summary>
    public (double Least, double Greatest) Range { get; init; } = (1, 10_000);

    /// <summary>The words that it can be; only for <see cref="ParameterKind.Word"/>.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What is wrong with the text, as the end of a sentence; null when it is right.</summary>
    public string? Problem(string text)
    {
        var right = Kind switch
        {
            ParameterKind.Integer => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= Range.Least && n <= Range.Greatest,
            ParameterKind.Number => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var q) && q >= Range.Least && q <= Range.Greatest,
            ParameterKind.Duration => Duration.TryParse(text, out var length) && length > 0,
            ParameterKind.Window => Window.TryParse(text, null, out var window) && window.Length > 0,
            _ => Words.Contains(text),
        };
        if (right) return null;
        return string.Create(CultureInfo.InvariantCulture, $"is '{text}'. It must be {Kind switch
        {
            ParameterKind.Integer => string.Create(CultureInfo.InvariantCulture, $"a whole number from {Range.Least} to {Range.Greatest}"),
            ParameterKind.Number => string.Create(CultureInfo.InvariantCulture, $"a number from {Range.Least} to {Range.Greatest}"),
            ParameterKind.Duration => Duration.Known,
            ParameterKind.Window => $"{Duration.Known}, or lifetime",
            _ => $"one of {string.Join(", ", Words)}",
        }}.");
    }
}

public enum ParameterKind : byte
{
    Integer,
    Number,
    Duration,

    /// <summary>A length or lifetime; with the hop of S10.</summary>
    Window,
    Word,
}

/// <summary>Parameters by name, with those that were left out; checked before by <see cref="AggregateParameter.Problem"/>.</summary>
public sealed class AggregateArguments(IReadOnlyList<AggregateParameter> parameters, IReadOnlyDictionary<string, string> given)
{
    public string Text(string name) => given.TryGetValue(name, out var text) ? text : parameters.First(p => p.Name == name).Default!;
    public int Integer(string name) => int.Parse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture);
    public double Number(string name) => double.Parse(Text(name), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    public long Duration(string name) => Definitions.Duration.TryParse(Text(name), out var micros) ? micros : throw Unchecked(name);
    public Window Window(string name) => Definitions.Window.TryParse(Text(name), null, out var window) ? window : throw Unchecked(name);

    ArgumentException Unchecked(string name) => new($"The parameter '{name}' is '{Text(name)}'; it was not checked.");
}

/// <summary>A function over a column of a type and one window: what has to be kept, and how the value is read from it.</summary>
/// <param name="Spec">What is kept.</param>
/// <param name="Output">How it is read.</param>
public sealed record BoundAggregate(AccumulatorSpec Spec, AggregateOutput Output)
{
    /// <summary>For a ratio: the value is divided by that of the same output over this window.</summary>
    public Window? Over { get; init; }

    /// <summary>Of the feature.</summary>
    public FeatureType Type => Over is null ? Output.Type : FeatureType.Float64;
}

/// <summary>A function of aggregation views. Adding one: a class like those in Functions/, and <see cref="AggregateFunctionAttribute"/> on it.</summary>
public abstract class AggregateFunction
{
    /// <summary>Of an own aggregate: part of the fingerprint of views and of the name of stored states. Null: a function of the language.</summary>
    public virtual string? Version => null;

    /// <summary>The word in definitions.</summary>
    public abstract string Name { get; }

    /// <summary>For people: what it yields, one sentence.</summary>
    public abstract string Summary { get; }

    public virtual IReadOnlyList<AggregateParameter> Parameters => [];

    /// <summary>Whether <c>"*"</c> may stand in place of a column.</summary>
    public virtual bool CountsRows => false;

    /// <summary>What is wrong with <c>"*"</c> and these parameters, as the end of a sentence; null when it fits.</summary>
    public virtual string? CheckRows(IReadOnlyDictionary<string, string> parameters) => null;

    /// <summary>The types it takes, in words: <c>numbers</c>, <c>any type</c>.</summary>
    public abstract string Takes { get; }

    /// <summary>Whether it takes a column of this type.</summary>
    public abstract bool Accepts(FeatureType type);

    /// <summary>What is wrong with a window for this function, as a sentence; null when it fits.</summary>
    public virtual string? CheckWindow(Window window, AggregateArguments arguments) => null;

    /// <param name="column">The column's type, accepted before; null for <c>"*"</c>.</param>
    /// <param name="arguments">Checked parameters.</param>
    /// <param name="window">The window, checked before.</param>
    public abstract BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window);
}

/// <summary>Puts a function into <see cref="AggregateCatalog.BuiltIn"/>; the number orders lists and tables.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AggregateFunctionAttribute(int order) : Attribute
{
    public int Order { get; } = order;
}
