using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>The table of label rows: join keys, a timestamp, any other columns (S18). A file, or a reader that is read once.</summary>
public sealed record Spine
{
    Spine(string name) => Name = name;

    /// <summary>How messages call it.</summary>
    public string Name { get; }

    internal TableInput? Table { get; private init; }
    internal BatchReader? Reader { get; private init; }

    public static Spine Of(TableInput table) => new((table ?? throw new ArgumentNullException(nameof(table))).Name) { Table = table };

    /// <summary>Rows that are in memory, or come from elsewhere; the caller disposes of the reader.</summary>
    public static Spine Of(BatchReader reader, string name = "the spine") => new(name) { Reader = reader ?? throw new ArgumentNullException(nameof(reader)) };

    /// <summary>A file in the format that its ending says, unless one is given.</summary>
    public static Spine File(string path, TableFormat? format = null)
    {
        format ??= FormatOf(path);
        if (!System.IO.File.Exists(path)) throw new LockstepException(ErrorKind.NotFound, $"There is no spine at '{path}'.");
        return Of(new TableInput { Name = $"spine '{path}'", Format = format.Value, Files = [new(Path.GetFullPath(path)) { Size = new FileInfo(path).Length }] });
    }

    /// <summary>The format of a spine or of an output by its name.</summary>
    public static TableFormat FormatOf(string path) => TableFormats.TryInfer(path, out var format) && format != TableFormat.Delta ? format
        : throw new LockstepException(ErrorKind.BadArguments, $"The format of '{path}' is not clear from its name. Name it .parquet, .csv, .jsonl or .json.");
}
