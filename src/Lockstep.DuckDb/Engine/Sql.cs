using System.Globalization;
using System.Text;

namespace Lockstep.DuckDb.Engine;

/// <summary>Pieces of SQL text.</summary>
internal static class Sql
{
    public static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    public static string Name(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A list of exactly these files: the characters that DuckDB would expand as patterns are put in brackets, which matches only themselves.</summary>
    public static string Files(IEnumerable<string> paths) => $"[{string.Join(", ", paths.Select(File))}]";

    public static string File(string path)
    {
        var escaped = new StringBuilder();
        foreach (var c in Path.GetFullPath(path))
        {
            if (c is '*' or '?' or '[') escaped.Append('[').Append(c).Append(']');
            else escaped.Append(c);
        }
        return Text(escaped.ToString());
    }

    /// <summary>Reads Parquet files whose columns are named c0, c1, … by place: names that differ only in case stay apart, and none can hide another.</summary>
    public static string Parquet(IEnumerable<string> paths, int columns)
        => $"read_parquet({Files(paths)}, hive_partitioning = false) as t({string.Join(", ", Enumerable.Range(0, columns).Select(i => $"c{i}"))})";
}
