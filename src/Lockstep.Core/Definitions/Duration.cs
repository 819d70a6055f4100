using System.Globalization;

namespace Lockstep.Core.Definitions;

/// <summary>Lengths of time in definitions: <c>1us, 500ms, 5s, 30m, 3h, 7d, 2w</c>, in microseconds.</summary>
public static class Duration
{
    static readonly (string Unit, long Micros)[] Units =
        [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000), ("w", 604_800_000_000)];

    public const string Known = "a number and one of us, ms, s, m, h, d, w, like 3h or 7d";

    public static bool TryParse(string? text, out long micros)
    {
        micros = 0;
        if (text is null) return false;
        text = text.Trim();
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        if (digits == 0 || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        var unit = text[digits..].Trim();
        foreach (var (name, size) in Units)
            if (name == unit)
            {
                var total = (Int128)count * size;
                micros = total > long.MaxValue ? 0 : (long)total;
                return total <= long.MaxValue;
            }
        return false;
    }

    /// <summary>The shortest whole number of one unit; weeks are written as days.</summary>
    public static string Format(long micros)
    {
        for (var i = Units.Length - 2; i > 0; i--)
            if (micros != 0 && micros % Units[i].Micros == 0) return string.Create(CultureInfo.InvariantCulture, $"{micros / Units[i].Micros}{Units[i].Unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{micros}us");
    }
}
