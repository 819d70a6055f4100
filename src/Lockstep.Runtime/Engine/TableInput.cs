using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>One file of a table, with what is known of it without opening it.</summary>
public sealed record TableFile(string Path)
{
    public long Size { get; init; } = -1;

    /// <summary>When it was last written, microseconds; -1: unknown.</summary>
    public long Modified { get; init; } = -1;

    /// <summary>Values of partition columns that the file's rows do not hold themselves, already unescaped; null text is null.</summary>
    public IReadOnlyDictionary<string, string?> Partition { get; init; } = new Dictionary<string, string?>();

    /// <summary>What is known of the instants in the table's time column, without opening the file; null: nothing.</summary>
    public TimeRange? Times { get; init; }

    /// <summary>Whether the file can hold a row whose instant is within the bounds, both included.</summary>
    public bool CanHold(string? timeColumn, long notBefore, long notAfter)
        => timeColumn is null || (notBefore == long.MinValue && notAfter == long.MaxValue)
        || Times is not { } times || times.Column != timeColumn || (times.First <= notAfter && times.Last >= notBefore);
}

/// <summary>The first and last instant, both included, that a column can hold; the last before the first where it holds none.</summary>
public readonly record struct TimeRange(string Column, long First, long Last)
{
    public static TimeRange Empty(string column) => new(column, long.MaxValue, long.MinValue);
}

/// <summary>The files of a table as of one moment, in an order that does not show in any result.</summary>
public sealed record TableInput
{
    /// <summary>How messages call it: <c>source 'weather'</c>.</summary>
    public required string Name { get; init; }

    public required TableFormat Format { get; init; }
    public required IReadOnlyList<TableFile> Files { get; init; }

    /// <summary>Columns that the table is known to have (a Delta table's schema); null: read from the files. Files that lack one give null.</summary>
    public Schema? Schema { get; init; }

    /// <summary>
    /// Reads the table instead of the engine, keeping the bounds of the request: a log, whose newest rows are in no file that an engine knows.
    /// </summary>
    public Func<ScanRequest, CancellationToken, ScanReader>? Reader { get; init; }

    /// <summary>Of a table with a <see cref="Reader"/>: the same rows file by file.</summary>
    public Func<IReadOnlyList<(string File, TableInput Rows)>>? Split { get; init; }

    /// <summary>Its own rows by the file that they stand in, for whoever tells where a row came from.</summary>
    public IReadOnlyList<(string File, TableInput Rows)> ByFile => Split?.Invoke() ?? [.. Files.Select(f => (f.Path, this with { Files = [f], More = [] }))];

    /// <summary>Tables with the same columns whose rows are taken together with these.</summary>
    public IReadOnlyList<TableInput> More { get; init; } = [];

    /// <summary>The column that <see cref="ScanColumn.KnownAt"/> stands for: when a row was known (S8); null: there is none, and it is null in every row.</summary>
    public string? KnownAt { get; init; }

    /// <summary>Nothing is to be read.</summary>
    public bool IsEmpty => Files.Count == 0 && Reader is null && More.All(m => m.IsEmpty);

    /// <summary>The files that can hold rows within the bounds of a scan; the others need not be opened.</summary>
    public IEnumerable<TableFile> FilesBetween(string? timeColumn, long notBefore, long notAfter)
        => Files.Where(f => f.CanHold(timeColumn, notBefore, notAfter));
}

/// <summary>A column to read, and as what. The engine converts by S1 to S3: what does not convert without loss is an error with file, column, row and value.</summary>
public sealed record ScanColumn(string Column, Field As)
{
    /// <summary>The name that stands for <see cref="TableInput.KnownAt"/>, whatever it is in each part of a table.</summary>
    public const string KnownAt = "\0known";
}

/// <summary>Which rows and columns of a table to read.</summary>
public sealed record ScanRequest
{
    public required TableInput Table { get; init; }
    public required IReadOnlyList<ScanColumn> Columns { get; init; }

    /// <summary>The column of <see cref="NotBefore"/> and <see cref="NotAfter"/>; null: no bounds.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>Included. Rows whose time is null are left out when either bound is set.</summary>
    public long NotBefore { get; init; } = long.MinValue;

    /// <summary>Included.</summary>
    public long NotAfter { get; init; } = long.MaxValue;

    /// <summary>Rows come in the order of files and rows; costs parallelism. A spine needs it (S18), a source does not (S6).</summary>
    public bool KeepOrder { get; init; }

    /// <summary>
    /// Conditions over the columns of the table, as a <see cref="RowProgram"/> has them: rows of which one is not true need not come. A reader
    /// that can tell leaves them out and counts them (<see cref="ScanReader.LeftOut"/>); whoever asks applies the filter anyway.
    /// </summary>
    public IReadOnlyList<BoundNode> Where { get; init; } = [];
}

/// <summary>Author SQL over named tables. Only one SELECT is accepted; it sees these tables and no other file.</summary>
public sealed record QueryRequest
{
    /// <summary>How messages call it: <c>view 'airports'</c>.</summary>
    public required string Name { get; init; }

    public required string Sql { get; init; }
    public required IReadOnlyDictionary<string, TableInput> Tables { get; init; }

    /// <summary>What the rows of these tables are: filtered, with computed columns. A table that is not here is read as it is.</summary>
    public IReadOnlyDictionary<string, RowColumns> Rows { get; init; } = new Dictionary<string, RowColumns>();

    /// <summary>SQL over sources, where it asks for an interval all of it.</summary>
    public static QueryRequest Over(IEnumerable<Source> sources, Func<Source, TableInput> tableOf, string name, string sql)
        => Over(sources, tableOf, name, sql, SqlInterval.Earliest, SqlInterval.Latest);

    /// <summary>SQL over sources, between two instants.</summary>
    public static QueryRequest Over(IEnumerable<Source> sources, Func<Source, TableInput> tableOf, string name, string sql, long start, long end)
    {
        var all = sources.ToList();
        return new()
        {
            Name = name,
            Sql = SqlInterval.Bind(sql, start, end),
            Tables = all.ToDictionary(s => s.Name, tableOf, StringComparer.Ordinal),
            Rows = all.Select(s => (s.Name, Rows: RowColumns.Of(s))).Where(s => !s.Rows.IsPlain).ToDictionary(s => s.Name, s => s.Rows, StringComparer.Ordinal),
        };
    }

    /// <summary>Columns to read from the result and as what; null: all, as they are.</summary>
    public IReadOnlyList<ScanColumn>? Columns { get; init; }
}

/// <summary>A file to write.</summary>
public sealed record TableOutput(string Path, TableFormat Format)
{
    /// <summary>A part of a table that stays and grows: it may take longer to write where that makes it smaller. A result is rather there sooner.</summary>
    public bool Stays { get; init; }
}
