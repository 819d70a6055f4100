namespace Lockstep.Core.Definitions;

/// <summary>Which sources a SELECT may read: the known names that occur as words outside of texts and comments.</summary>
public static class SqlSources
{
    /// <summary>
    /// In the order of the names. A column that has the name of a source makes it count as read, too: the view then depends on a
    /// little more than it needs, never on less. Letters' case does not matter, as in SQL.
    /// </summary>
    public static IReadOnlyList<string> Find(string sql, IEnumerable<string> names)
        => Find(sql, names.ToLookup(n => n, StringComparer.OrdinalIgnoreCase));

    /// <summary>The same for many queries: the names are put in order once.</summary>
    internal static IReadOnlyList<string> Find(string sql, ILookup<string, string> names)
        => [.. Words(sql).Distinct(StringComparer.OrdinalIgnoreCase).SelectMany(word => names[word]).Order(StringComparer.Ordinal)];

    internal static IEnumerable<string> Words(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        for (var at = 0; at < sql.Length;)
        {
            var c = sql[at];
            if (c == '\'') at = After(sql, at + 1, "'"); // '' within a text ends one and begins the next, which comes to the same
            else if (c == '"')
            {
                var end = After(sql, at + 1, "\"");
                yield return sql[(at + 1)..Math.Max(at + 1, end - 1)];
                at = end;
            }
            else if (c == '-' && Is(sql, at + 1, '-')) at = After(sql, at, "\n");
            else if (c == '/' && Is(sql, at + 1, '*')) at = After(sql, at + 2, "*/");
            else if (char.IsLetter(c) || c == '_')
            {
                var start = at;
                while (at < sql.Length && (char.IsLetterOrDigit(sql[at]) || sql[at] == '_')) at++;
                yield return sql[start..at];
            }
            else at++;
        }
    }

    static bool Is(string sql, int at, char c) => at < sql.Length && sql[at] == c;

    static int After(string sql, int from, string end)
    {
        var at = sql.IndexOf(end, Math.Min(from, sql.Length), StringComparison.Ordinal);
        return at < 0 ? sql.Length : at + end.Length;
    }
}
