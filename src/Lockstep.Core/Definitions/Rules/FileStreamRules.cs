using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>Files whose rows are events.</summary>
internal static class FileStreamRules
{
    public static IReadOnlyList<string> Formats { get; } = [TableFormat.JsonLines.Word(), TableFormat.Csv.Word(), TableFormat.Parquet.Word()];

    public static void Check(Source source, FileStreamSource files, string what, ProblemList problems)
    {
        if (files.Path.Contains("://", StringComparison.Ordinal))
            problems.Error(source.At("stream"), $"The files of {what} are at '{StoreAddress.Redact(files.Path)}'. A stream reads files of the local disk.");
        else if (files.Format is not (TableFormat.JsonLines or TableFormat.Csv or TableFormat.Parquet))
            problems.Error(source.At("stream"), files.Format == TableFormat.Json
                ? $"The files of {what}, '{files.Path}', are JSON arrays, which cannot be read before they end. Write one object a line, as .jsonl."
                : $"The format of the files of {what} does not follow from the path '{files.Path}'. Add 'format', one of {string.Join(", ", Formats)}.");
        else if (files.Format == TableFormat.JsonLines && (files.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || files.Path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase)))
            problems.Error(source.At("stream"), $"The files of {what}, '{files.Path}', are compressed. Lines are read while they are written: write them as they are, or write .csv.gz or .parquet.");
    }
}
