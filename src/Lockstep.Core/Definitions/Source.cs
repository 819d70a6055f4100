using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>Where rows or events come from: a table, a stream, or both (S25).</summary>
public sealed record Source : Definition
{
    public const string KindName = "source";
    public override string Kind => KindName;

    public TableSource? Table { get; init; }

    /// <summary>Events as they happen: pushed, from files, from Kafka.</summary>
    public StreamSource? Stream { get; init; }

    /// <summary>The column of the event timestamps, of the table or, without one, of the stream; null: its definition is incomplete.</summary>
    public string? TimestampColumn => Table is { } table ? table.Timestamp : Stream?.Timestamp;

    /// <summary>The column of the created timestamps; null: there is none.</summary>
    public string? CreatedColumn => Table is { } table ? table.Created : Stream?.Created;

    /// <summary>Declared columns of the data; null: read from the data at apply.</summary>
    public IReadOnlyList<Field>? Columns { get; init; }

    /// <summary>Columns that are computed of each row, from its columns and from each other.</summary>
    public IReadOnlyList<DerivedColumn> Derived { get; init; } = [];

    /// <summary>A filter over the source's columns, as written; null keeps every row.</summary>
    public string? Where { get; init; }

    /// <summary>What must hold of the rows that the filter keeps.</summary>
    public IReadOnlyList<Expectation> Expect { get; init; } = [];
}

/// <summary>A column that is an expression, as written, over the other columns of its row.</summary>
public sealed record DerivedColumn(string Name, string Expression);

public enum TableFormat { Parquet, Csv, JsonLines, Json, Delta }

/// <summary>Files of one format, or a Delta table.</summary>
public sealed record TableSource
{
    /// <summary>A file, a pattern with <c>*</c> and <c>**</c>, or the folder of a Delta table; relative to the project folder.</summary>
    public required string Path { get; init; }

    public required TableFormat Format { get; init; }

    /// <summary>The column that says when a row was known.</summary>
    public required string Timestamp { get; init; }

    /// <summary>The column that says when a row was written; optional.</summary>
    public string? Created { get; init; }

    /// <summary>The table is complete up to here (S25), microseconds; null: up to its newest event.</summary>
    public long? CompleteUntil { get; init; }
}

/// <summary>A stream of events. One of push, files, kafka.</summary>
public abstract record StreamSource
{
    /// <summary>The event time column of a source without a table.</summary>
    public string? Timestamp { get; init; }

    public string? Created { get; init; }
}

/// <summary>Events that callers send over HTTP.</summary>
public sealed record PushStreamSource : StreamSource;

/// <summary>Files that appear in a folder, and lines that are written behind others.</summary>
public sealed record FileStreamSource(string Path) : StreamSource
{
    /// <summary>JSON lines, CSV or Parquet; null: it does not follow from the path.</summary>
    public TableFormat? Format { get; init; } = TableFormats.TryInfer(Path, out var format) ? format : null;
}

/// <summary>A Kafka topic.</summary>
public sealed record KafkaStreamSource(string Topic, string Format) : StreamSource
{
    public string? Servers { get; init; }

    /// <summary>Of Avro, as JSON: what messages are written with, or, beside <see cref="Schemas"/>, what they are read by.</summary>
    public string? Schema { get; init; }

    /// <summary>Of Avro in Confluent's wire format, as a JSON object: the schema of each id. Null: messages of any id, or none, are of <see cref="Schema"/>.</summary>
    public string? Schemas { get; init; }
}
