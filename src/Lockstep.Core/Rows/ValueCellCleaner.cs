using System.Buffers;

namespace Lockstep.Core.Rows;

/// <summary>
/// Takes from a cell what is past every use: rows that a newer one has replaced for good, the features of rows that ttl has put out of
/// reach (their timestamps stay: OUTSIDE_MAX_AGE tells them), and removed marks older than <c>markLifetime</c>.
/// </summary>
public static class ValueCellCleaner
{
    // A clock that is set back a little must not find rows without features.
    const long Margin = Instant.Day;

    /// <summary>
    /// The cell without what no request can need any more, for a view of this <paramref name="ttl"/> (0: none). A writer may have been
    /// asleep for <paramref name="markLifetime"/> and still write. False: leave the cell; true with nothing written: remove it.
    /// </summary>
    public static bool Clean(long now, long ttl, long markLifetime, ReadOnlySpan<byte> cell, IBufferWriter<byte> cleaned)
    {
        var reader = new ValueCellReader(cell);
        if (reader.IsRemoved) return now - reader.RemovedAt > markLifetime;
        var keep = reader.IndexOfNewest(now - ValueCell.Grace) is var current && current >= 0 ? current + 1 : reader.Count;
        var oldest = ttl <= 0 ? long.MinValue : (long)Int128.Max(long.MinValue, (Int128)now - ttl - Margin);
        // Only the last can be that old: all others are later than now - grace.
        var strip = keep > 0 && reader.EventTimestamp(keep - 1) < oldest && !reader.Row(keep - 1).IsEmpty;
        if (keep == reader.Count && !strip) return false;
        var writer = new ValueCellWriter();
        writer.Begin(reader.Run);
        for (var i = 0; i < reader.PlaceCount; i++) writer.AddPlace(reader.Place(i));
        for (var i = 0; i < keep; i++)
            writer.AddRow(reader.EventTimestamp(i), reader.Created(i), strip && i == keep - 1 ? default : reader.Row(i));
        writer.Write(cleaned);
        return true;
    }
}
