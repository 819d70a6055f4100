using System.Globalization;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary><c>$start</c> and <c>$end</c> in the SQL of a view: the interval, end excluded, in which its rows' timestamps have to be.</summary>
public static class SqlInterval
{
    public const string Start = "start", End = "end";

    // Years 1 to 9999 and nothing beyond: authors add and subtract intervals, which no database can do at the ends of its timestamps.
    /// <summary>The start that means from the beginning on, microseconds.</summary>
    public const long Earliest = -62_135_596_800 * Instant.Second;

    /// <summary>The end that means no end, microseconds.</summary>
    public const long Latest = 253_402_300_800 * Instant.Second;

    /// <summary>Whether the SQL asks for an interval, so that runs need not compute all of it.</summary>
    public static bool IsIn(string sql) => Parameters(sql).Any(p => Is(p.Name, Start) || Is(p.Name, End));

    /// <summary>The same SQL with the interval in place of its names: timestamps without a zone, in UTC.</summary>
    public static string Bind(string sql, long start, long end)
    {
        StringBuilder bound = new(sql.Length + 64);
        var after = 0;
        foreach (var (at, name) in Parameters(sql))
        {
            if (!Is(name, Start) && !Is(name, End)) continue;
            // The blanks keep it apart from the words beside it, as the $ did.
            bound.Append(sql, after, at - after).Append(CultureInfo.InvariantCulture, $" make_timestamp({(Is(name, Start) ? start : end)}) ");
            after = at + 1 + name.Length;
        }
        return after == 0 ? sql : bound.Append(sql, after, sql.Length - after).ToString();
    }

    internal static bool Is(string name, string parameter) => name.Equals(parameter, StringComparison.OrdinalIgnoreCase);

    /// <summary>The parameters of a SELECT, outside of texts, quoted names and comments: where the $ is, and the name after it.</summary>
    internal static IEnumerable<(int At, string Name)> Parameters(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        for (var at = 0; at < sql.Length;)
        {
            var c = sql[at];
            if (c is '\'' or '"') at = After(sql, at + 1, sql[at..(at + 1)]); // '' within a text ends one and begins the next, which comes to the same
            else if (c is 'e' or 'E' && Next(sql, at) == '\'') at = AfterEscaped(sql, at + 2);
            else if (c == '-' && Next(sql, at) == '-') at = After(sql, at, "\n");
            else if (c == '/' && Next(sql, at) == '*') at = AfterComment(sql, at);
            else if (IsLetter(c)) at = AfterWord(sql, at, "$"); // a $ within a word is a part of it
            else if (c == '$')
            {
                var end = AfterWord(sql, at + 1);
                if (end < sql.Length && sql[end] == '$') at = After(sql, end + 1, sql[at..(end + 1)]); // $tag$ a text $tag$
                else
                {
                    if (end > at + 1) yield return (at, sql[(at + 1)..end]);
                    at = end;
                }
            }
            else at++;
        }
    }

    static bool IsLetter(char c) => char.IsLetter(c) || c == '_' || c > '\x7F';

    static char Next(string sql, int at) => at + 1 < sql.Length ? sql[at + 1] : '\0';

    static int AfterWord(string sql, int at, string also = "")
    {
        while (at < sql.Length && (IsLetter(sql[at]) || char.IsAsciiDigit(sql[at]) || also.Contains(sql[at], StringComparison.Ordinal))) at++;
        return at;
    }

    static int After(string sql, int from, string end)
    {
        var at = sql.IndexOf(end, Math.Min(from, sql.Length), StringComparison.Ordinal);
        return at < 0 ? sql.Length : at + end.Length;
    }

    static int AfterEscaped(string sql, int at)
    {
        while (at < sql.Length && sql[at] != '\'') at += sql[at] == '\\' ? 2 : 1;
        return Math.Min(at + 1, sql.Length);
    }

    // Comments hold comments.
    static int AfterComment(string sql, int at)
    {
        var depth = 0;
        while (at < sql.Length)
        {
            if (sql[at] == '/' && Next(sql, at) == '*') (depth, at) = (depth + 1, at + 2);
            else if (sql[at] == '*' && Next(sql, at) == '/')
            {
                (depth, at) = (depth - 1, at + 2);
                if (depth == 0) return at;
            }
            else at++;
        }
        return at;
    }
}
