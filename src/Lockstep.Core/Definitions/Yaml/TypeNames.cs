using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>What somebody meant who wrote the type of another system, or a typo.</summary>
internal static class TypeNames
{
    static readonly Dictionary<string, string> Elsewhere = new(StringComparer.OrdinalIgnoreCase)
    {
        ["boolean"] = "bool",
        ["int"] = "int64",
        ["integer"] = "int64",
        ["long"] = "int64",
        ["bigint"] = "int64",
        ["smallint"] = "int32",
        ["float"] = "float64",
        ["real"] = "float32",
        ["double"] = "float64",
        ["text"] = "string",
        ["str"] = "string",
        ["varchar"] = "string",
        ["binary"] = "bytes",
        ["blob"] = "bytes",
        ["datetime"] = "timestamp",
        ["unix_timestamp"] = "timestamp",
        ["numeric"] = "decimal(38,9)",
        ["decimal"] = "decimal(38,9)",
        ["array"] = "list<float32>",
        ["list"] = "list<float32>",
    };

    public static string? Near(string text)
    {
        var inner = text.Trim();
        if (inner.StartsWith("list<", StringComparison.Ordinal) && inner.EndsWith('>') && inner.Length is > 6 and <= 200)
            return Near(inner[5..^1]) is { } element && FeatureType.TryParse(element, out _) ? $"list<{element}>" : null;
        return Elsewhere.TryGetValue(inner, out var known) ? known : NearestName.Find(inner, FeatureType.SimpleNames);
    }
}
