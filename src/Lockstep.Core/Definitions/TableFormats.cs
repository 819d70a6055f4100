namespace Lockstep.Core.Definitions;

/// <summary>The words of <see cref="TableFormat"/> and the file endings that say them.</summary>
public static class TableFormats
{
    static readonly (TableFormat Format, string Word, string[] Endings)[] All =
    [
        (TableFormat.Parquet, "parquet", [".parquet", ".pq"]),
        (TableFormat.Csv, "csv", [".csv", ".csv.gz", ".csv.zst"]),
        (TableFormat.JsonLines, "jsonl", [".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst", ".ndjson.gz"]),
        (TableFormat.Json, "json", [".json"]),
        (TableFormat.Delta, "delta", []),
    ];

    public static IReadOnlyList<string> Words { get; } = [.. All.Select(f => f.Word)];

    public static string Word(this TableFormat format) => All.First(f => f.Format == format).Word;

    /// <summary>Whether the values stand in the files as text, without types.</summary>
    public static bool IsText(this TableFormat format) => format is TableFormat.Csv or TableFormat.Json or TableFormat.JsonLines;

    public static bool TryParse(string? word, out TableFormat format)
    {
        foreach (var known in All)
            if (known.Word == word)
            {
                format = known.Format;
                return true;
            }
        format = default;
        return false;
    }

    /// <summary>The format that a path says by its ending; a path that ends in a plain folder name is a Delta table.</summary>
    public static bool TryInfer(string path, out TableFormat format)
    {
        ArgumentNullException.ThrowIfNull(path);
        foreach (var known in All)
            if (known.Endings.Any(e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
            {
                format = known.Format;
                return true;
            }
        format = TableFormat.Delta;
        var last = path.TrimEnd('/', '\\').Split('/', '\\')[^1];
        return last is not ("" or "." or "..") && !last.Contains('.', StringComparison.Ordinal) && !path.Contains('*', StringComparison.Ordinal);
    }
}
