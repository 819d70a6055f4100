namespace Lockstep.Core.Expressions.Binding;

/// <summary>A function that the binder knows itself, since it has rules of its own about types or null. This is its page of the reference.</summary>
/// <param name="Group">The heading of the reference that it stands under.</param>
/// <param name="Form">How it is called and what it gives.</param>
/// <param name="Nulls">What it makes of null.</param>
public sealed record SpecialFunction(string Name, string Group, string Form, string Summary, string Nulls, string Example, string Gives)
{
    const string Null = "Null handling", Time = "Time", Lists = "Lists and vectors";

    public static IReadOnlyList<SpecialFunction> All { get; } =
    [
        new("coalesce", Null, "coalesce(a: T, b: T, …) -> T", "The first argument that is not null.", "Null only when all arguments are.", "coalesce(null, 2, 3)", "2"),
        new("nullif", Null, "nullif(a: T, b: T) -> T", "Null where a equals b, else a: nullif(age, -1) makes a mark for unknown what it means.", "a where b is null.", "nullif(7, 8)", "7"),
        new("if", Null, "if(condition: bool, then: T, else: T) -> T", "One of two values; the same as case when … then … else … end.", "A null condition gives the last argument.", "if(2 > 1, 'yes', 'no')", "yes"),
        new("greatest", Null, "greatest(a: T, b: T, …) -> T", "The greatest argument.", "Skips nulls; null when all arguments are.", "greatest(1, null, 3)", "3"),
        new("least", Null, "least(a: T, b: T, …) -> T", "The least argument.", "Skips nulls; null when all arguments are.", "least(1, null, 3)", "1"),
        new("concat", "Text", "concat(a, b, …) -> string", "The texts of its arguments, of any types that can be cast to string, one after the other.", "Skips nulls, where || is null.", "concat('a', null, 1)", "a1"),
        new("now", Time, "now() -> timestamp", "The instant of the request; in a training set that of the row. Only in on-demand views: filters and columns of sources would change with the clock.", "Null in a training row without a timestamp.", "now()", "2026-11-01T12:00:00Z"),
        new("time_since", Time, "time_since(t: timestamp) -> float64", "Seconds from t to now(), negative for an instant to come.", "Null of null.", "time_since(timestamp '2026-11-01T11:00:00Z')", "3600"),
        new("list_transform", Lists, "list_transform(list: list<T>, x -> U) -> list<U>", "The list of what the lambda gives for each element.", "The lambda gets null elements too; of a null list null.", "list_transform([1.0, 2.0], x -> x * 10)", "[10, 20]"),
        new("list_filter", Lists, "list_filter(list: list<T>, x -> bool) -> list<T>", "The elements for which the lambda is true.", "A null of the lambda is not true; of a null list null.", "list_filter([5, 20, 7], x -> x > 6)", "[20, 7]"),
        new("list_any", Lists, "list_any(list: list<T>, x -> bool) -> bool", "Whether the lambda is true for an element; false for an empty list.", "Null where no element is true and one is null; of a null list null.", "list_any([5, 20], x -> x > 6)", "true"),
        new("list_all", Lists, "list_all(list: list<T>, x -> bool) -> bool", "Whether the lambda is true for every element; true for an empty list.", "Null where no element is false and one is null; of a null list null.", "list_all([5, 20], x -> x > 6)", "false"),
        new("lookup", "Lookup tables", "lookup(table, key: K, …, column) -> T", "The value of a column of a lookup table in the row of a key; table@1 names a version. The key has as many parts as the table says. Only in on-demand views and transformations.", "Null where the key is not there, a part of it is null, or the value is; then the column's default stands for it.", "lookup(airports, 'JFK', lat)", "40.639751"),
    ];
}
