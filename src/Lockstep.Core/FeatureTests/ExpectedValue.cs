using System.Globalization;
using System.Text.RegularExpressions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.FeatureTests;

/// <summary>
/// What a value has to be: the same bits, or, for a float that is written <c>~3.14</c>, what rounds to these digits, or for
/// <c>~3.14 +- 0.5</c> what is at most so far from it.
/// </summary>
public sealed partial class ExpectedValue
{
    readonly string _text;
    readonly Value _exact;
    readonly double? _tolerance;
    readonly ExpectedValue[]? _items;

    ExpectedValue(string text, Value exact, double? tolerance = null, ExpectedValue[]? items = null) => (_text, _exact, _tolerance, _items) = (text, exact, tolerance, items);

    [GeneratedRegex(@"^~\s*([+-]?[0-9]*\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?)\s*(?:(?:\+-|±)\s*([0-9.eE+-]+))?$")]
    private static partial Regex Near();

    /// <summary>False: the text is no value of the type; <paramref name="right"/> says what would be.</summary>
    public static bool TryRead(TestValue written, FeatureType type, out ExpectedValue? expected, out string right)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(type);
        (expected, right) = (null, $"{type}, {ValueText.Expected(type)}");
        if (written.Text is { } text && text.StartsWith('~') && !written.IsNull)
        {
            if (!type.IsFloat)
            {
                right = $"{type}, which is compared exactly; only floats can be near a value";
                return type.Kind == TypeKind.String && written.TryRead(type, out var plain) && (expected = new(text, plain)) is not null;
            }
            right = $"{type}: after ~ a number, like ~3.14 or ~3.14 +- 0.01";
            var match = Near().Match(text);
            if (!match.Success || !ValueText.TryParse(match.Groups[1].Value, FeatureType.Float64, out var about)) return false;
            var exponent = match.Groups[3].Success ? int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture) : 0;
            var tolerance = 0.5 * Math.Pow(10, exponent - match.Groups[2].Length);
            if (match.Groups[4].Success && !(double.TryParse(match.Groups[4].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out tolerance) && double.IsFinite(tolerance) && tolerance >= 0)) return false;
            expected = new(text, about, tolerance);
            return true;
        }
        if (type.Kind == TypeKind.List && written.Items is { } items)
        {
            var parts = new ExpectedValue[items.Count];
            for (var i = 0; i < parts.Length; i++)
            {
                if (!TryRead(items[i], type.Element!, out var part, out _)) return false;
                parts[i] = part!;
            }
            expected = new($"[{string.Join(", ", parts.AsEnumerable())}]", Value.Null, null, parts);
            return true;
        }
        if (!written.TryRead(type, out var exact)) return false;
        expected = new(exact.ToString(), exact);
        return true;
    }

    /// <summary>Whether the value is what it has to be.</summary>
    public bool Matches(Value got)
    {
        if (_items is not null) return !got.IsNull && got.AsList is var list && list.Length == _items.Length && _items.Zip(list).All(p => p.First.Matches(p.Second));
        if (_tolerance is not { } tolerance) return got == _exact;
        if (got.IsNull) return false;
        var (about, value) = (_exact.AsFloat64, got.Kind == TypeKind.Float32 ? got.AsFloat32 : got.AsFloat64);
        return Math.Abs(value - about) <= tolerance;
    }

    /// <summary>As it is compared: an exact value in its type, another as it was written.</summary>
    public override string ToString() => _text;
}
