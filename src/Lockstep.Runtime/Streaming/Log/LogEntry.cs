using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>What is logged in one piece: all of it is there after a crash, or nothing.</summary>
public sealed record LogEntry
{
    /// <summary>Events, in the source's columns; null: none. They are the log's from now on.</summary>
    public ColumnBatch? Rows { get; init; }

    /// <summary>Their places, ascending, where the outside has numbered them (offsets of a topic); null: they get the next ones.</summary>
    public long[]? Places { get; init; }

    /// <summary>Refused events, in the columns of <see cref="EventLog.RefusedColumns"/>; null: none.</summary>
    public ColumnBatch? Refused { get; init; }

    /// <summary>How far the outside has been read with this; null: there is no outside.</summary>
    public string? Position { get; init; }

    /// <summary>An Idempotency-Key with the answer that its repetition gets; null: none.</summary>
    public (string Key, string Answer)? PushKey { get; init; }

    internal long Bytes => (Rows?.Columns.Sum(c => c.Bytes) ?? 0) + (Refused?.Columns.Sum(c => c.Bytes) ?? 0) + 256;
}

/// <summary>Where events were logged.</summary>
/// <param name="Partition">Of the log.</param>
/// <param name="Last">The last place of the partition up to and with them.</param>
/// <param name="IngestedAt">When, microseconds.</param>
public readonly record struct LogReceipt(uint Partition, long Last, long IngestedAt);
