namespace Lockstep.Core.Definitions;

/// <summary>A function of an aggregation view by its word, with the parameters that it needs.</summary>
public sealed record AggregateFunction(string Name)
{
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Whether <c>"*"</c> may stand in place of a column.</summary>
    public bool CountsRows { get; init; }
}

/// <summary>The functions of S13. Adding one begins with a line here: the reader and the JSON Schema follow.</summary>
public static class AggregateFunctions
{
    public static IReadOnlyList<AggregateFunction> All { get; } =
    [
        new("count") { CountsRows = true },
        new("distinct_count"),
        new("sum"), new("avg"),
        new("var_pop"), new("var_samp"), new("stddev_pop"), new("stddev_samp"),
        new("min"), new("max"),
        new("first"), new("last"),
        new("first_n") { Parameters = ["n"] }, new("last_n") { Parameters = ["n"] }, new("last_distinct_n") { Parameters = ["n"] },
        new("percentile") { Parameters = ["q"] },
    ];

    public static AggregateFunction? Find(string name) => All.FirstOrDefault(f => f.Name == name);
}
