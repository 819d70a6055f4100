using System.Globalization;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>A function over a column of events, with its parameters.</summary>
public sealed record Aggregate
{
    Aggregate(string function, string? column, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        (Function, Column) = (function, column);
        var given = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters)
            if (value is not null) given[name] = value;
        Parameters = given;
    }

    internal string Function { get; }
    internal string? Column { get; }
    internal IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>All events.</summary>
    public static Aggregate Count() => new("count", null);

    /// <summary>Events with a value in the column.</summary>
    public static Aggregate Count(string column) => new("count", column);

    public static Aggregate DistinctCount(string column) => new("distinct_count", column);
    public static Aggregate Sum(string column) => new("sum", column);
    public static Aggregate Avg(string column) => new("avg", column);
    public static Aggregate VarPop(string column) => new("var_pop", column);
    public static Aggregate VarSamp(string column) => new("var_samp", column);
    public static Aggregate StddevPop(string column) => new("stddev_pop", column);
    public static Aggregate StddevSamp(string column) => new("stddev_samp", column);
    public static Aggregate Min(string column) => new("min", column);
    public static Aggregate Max(string column) => new("max", column);
    public static Aggregate First(string column) => new("first", column);
    public static Aggregate Last(string column) => new("last", column);
    public static Aggregate FirstN(string column, int n) => new("first_n", column, ("n", Number(n)));
    public static Aggregate LastN(string column, int n) => new("last_n", column, ("n", Number(n)));
    public static Aggregate LastDistinctN(string column, int n) => new("last_distinct_n", column, ("n", Number(n)));
    public static Aggregate Percentile(string column, double q) => new("percentile", column, ("q", q.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>Events per second, or per <paramref name="per"/>.</summary>
    /// <param name="column">Only those with a value in it; null for all.</param>
    /// <param name="per">A length like <c>1h</c>.</param>
    public static Aggregate Rate(string? column = null, string? per = null) => new("rate", column, ("per", per));

    /// <summary>The number of events in which one counts half after each half-life, a length like <c>7d</c>.</summary>
    public static Aggregate ExpDecayCount(string halfLife, string? column = null) => new("exp_decay_count", column, ("half_life", halfLife));

    public static Aggregate ExpDecaySum(string column, string halfLife) => new("exp_decay_sum", column, ("half_life", halfLife));

    /// <summary>The value n events before the newest one.</summary>
    public static Aggregate Lag(string column, int n) => new("lag", column, ("n", Number(n)));

    public static Aggregate Mode(string column) => new("mode", column);
    public static Aggregate TopK(string column, int k) => new("top_k", column, ("k", Number(k)));

    /// <summary>The slope of the values over time, per second or per <paramref name="per"/>, a length like <c>1h</c>.</summary>
    public static Aggregate Trend(string column, string? per = null) => new("trend", column, ("per", per));

    public static Aggregate TimeSinceFirst(string? column = null) => new("time_since_first", column);
    public static Aggregate TimeSinceLast(string? column = null) => new("time_since_last", column);

    /// <summary>The value of a function (count, sum or avg) over each window divided by its value over another one, a length like <c>30d</c>.</summary>
    public static Aggregate Ratio(string? column, string of, string over) => new("ratio", column, ("of", of), ("over", over));

    static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
