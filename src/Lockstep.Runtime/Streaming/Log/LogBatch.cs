using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>Events of one partition that were logged in one piece, in the order of their places. Never changed.</summary>
/// <param name="Partition">Of the log.</param>
/// <param name="First">Place of the first event.</param>
/// <param name="Last">Place of the last.</param>
/// <param name="IngestedAt">When they were logged; of a batch that was read from files, when the last was.</param>
/// <param name="Rows">The source's columns.</param>
public sealed record LogBatch(uint Partition, long First, long Last, long IngestedAt, ColumnBatch Rows)
{
    /// <summary>The place of each row, where they do not follow one another.</summary>
    public long[]? Places { get; init; }

    public long PlaceOf(int row) => Places is { } places ? places[row] : First + row;

    /// <summary>About the memory it takes.</summary>
    public long Bytes { get; } = Rows.Columns.Sum(c => c.Bytes) + 200;

    /// <summary>The rows behind a place; this batch when all are.</summary>
    public LogBatch After(long place)
    {
        if (place < First) return this;
        var skip = 0;
        while (skip < Rows.Count && PlaceOf(skip) <= place) skip++;
        var rest = new ColumnBatch(Rows.Schema);
        var kept = Enumerable.Range(skip, Rows.Count - skip).ToArray();
        for (var i = 0; i < rest.Columns.Count; i++) rest[i].AppendRows(Rows[i], kept);
        return new(Partition, kept.Length == 0 ? Last + 1 : PlaceOf(skip), Last, IngestedAt, rest) { Places = Places?[skip..] };
    }
}
