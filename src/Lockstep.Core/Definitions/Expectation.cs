using System.Globalization;
using System.Text.RegularExpressions;

namespace Lockstep.Core.Definitions;

/// <summary>What happens when an expectation does not hold.</summary>
public enum FailureAction
{
    /// <summary>It is told and recorded.</summary>
    Warn,

    /// <summary>The run stops before anything of it is visible; no training set is written.</summary>
    Block,
}

/// <summary>A condition on the values of a view, or the rows of a source, of which at least a share has to be true. Where it is null, it counts neither way.</summary>
public sealed partial record Expectation
{
    /// <summary>The condition, as written.</summary>
    public required string That { get; init; }

    /// <summary>The least share of true among true and false. Default: all.</summary>
    public decimal Mostly { get; init; } = 1;

    public FailureAction OnFailure { get; init; }

    /// <summary>Reads the short form, <c>visib between 0 and 10 mostly 0.99</c>.</summary>
    public static Expectation Parse(string text) => TryParse(text, out var expectation) ? expectation : throw new FormatException($"'{text}' is no expectation: {ShareIs}");

    /// <summary>False: what stands behind <c>mostly</c> is no share.</summary>
    public static bool TryParse(string text, out Expectation expectation)
    {
        ArgumentNullException.ThrowIfNull(text);
        expectation = new() { That = text.Trim() };
        var match = Suffix().Match(expectation.That);
        if (!match.Success) return true;
        expectation = new() { That = match.Groups[1].Value };
        if (!TryParseShare(match.Groups[2].Value, out var share)) return false;
        expectation = expectation with { Mostly = share };
        return true;
    }

    internal const string ShareIs = "behind 'mostly' stands a share above 0 and at most 1, like 0.99";

    internal static bool TryParseShare(string text, out decimal share)
        => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out share) && share is > 0 and <= 1;

    /// <summary>The short form; what happens on failure is not in it.</summary>
    public override string ToString() => Mostly == 1 ? That : string.Create(CultureInfo.InvariantCulture, $"{That} mostly {Mostly / 1.0000000000000000000000000000m}");

    [GeneratedRegex(@"^(.*\S)\s+mostly\s+([0-9.]+)$", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Suffix();
}
