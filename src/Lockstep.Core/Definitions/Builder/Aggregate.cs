using System.Globalization;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>A function over a column of events, with its parameters.</summary>
public sealed record Aggregate
{
    Aggregate(string function, string? column, string? parameter = null, string? value = null)
    {
        (Function, Column) = (function, column);
        if (parameter is not null) Parameters = new SortedDictionary<string, string>(StringComparer.Ordinal) { [parameter] = value! };
    }

    internal string Function { get; }
    internal string? Column { get; }
    internal IReadOnlyDictionary<string, string> Parameters { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

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
    public static Aggregate FirstN(string column, int n) => new("first_n", column, "n", Number(n));
    public static Aggregate LastN(string column, int n) => new("last_n", column, "n", Number(n));
    public static Aggregate LastDistinctN(string column, int n) => new("last_distinct_n", column, "n", Number(n));
    public static Aggregate Percentile(string column, double q) => new("percentile", column, "q", q.ToString("R", CultureInfo.InvariantCulture));

    static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
