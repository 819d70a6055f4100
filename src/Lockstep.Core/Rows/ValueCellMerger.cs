using System.Buffers;

namespace Lockstep.Core.Rows;

/// <summary>Merges two cells, row by row from the newest; both sides are already in order, so it is one pass.</summary>
static class ValueCellMerger
{
    /// <returns>False, with nothing written, when the result is the cell as it is.</returns>
    public static bool Write(RowLayout layout, long now, ReadOnlySpan<byte> cell, ValueCellReader stored, ValueCellReader added, bool keepStored, IBufferWriter<byte> merged)
    {
        var most = checked((keepStored ? stored.Count : 0) + added.Count);
        var rented = most > 64 ? ArrayPool<int>.Shared.Rent(most) : null;
        var picks = rented ?? stackalloc int[64];
        try
        {
            var count = Pick(layout, now - ValueCell.Grace, stored, added, keepStored, picks, out var bytes);
            Span<LogPlace> places = stackalloc LogPlace[16];
            if (stored.PlaceCount + added.PlaceCount > places.Length) places = new LogPlace[stored.PlaceCount + added.PlaceCount];
            var placeCount = Places(stored, added, places);
            // A removal keeps the instant of the first time, so that repeating it changes nothing.
            long? removedAt = count > 0 || !(added.IsRemoved || keepStored && stored.IsRemoved) ? null
                : stored.IsRemoved ? stored.RemovedAt : added.RemovedAt;
            var header = new ValueCellHeader(Math.Max(stored.Run, added.Run), removedAt, placeCount, count);
            var size = checked(header.Size + count * ValueCell.EntrySize + bytes);
            var span = merged.GetSpan(size)[..size];
            var at = header.Write(span);
            foreach (var place in places[..placeCount]) at += ValueCellHeader.WritePlace(span[at..], place);
            at += ValueCellHeader.WriteCount(span[at..], count);
            var (rowsAt, end) = (at + count * ValueCell.EntrySize, 0);
            foreach (var pick in picks[..count])
            {
                var from = (pick & 1) == 0 ? stored : added;
                var row = from.Row(pick >> 1);
                row.CopyTo(span[(rowsAt + end)..]);
                end += row.Length;
                at += ValueCellHeader.WriteEntry(span[at..], from.EventTimestamp(pick >> 1), from.Created(pick >> 1), end);
            }
            if (span.SequenceEqual(cell)) return false; // the writer was not advanced: nothing is written
            merged.Advance(size);
            return true;
        }
        finally
        {
            if (rented is not null) ArrayPool<int>.Shared.Return(rented);
        }
    }

    /// <summary>The rows that stay, newest first, as index * 2 + (0: stored, 1: added).</summary>
    static int Pick(RowLayout layout, long cut, ValueCellReader stored, ValueCellReader added, bool keepStored, Span<int> picks, out int bytes)
    {
        var (left, right, count, rows) = (0, 0, 0, keepStored ? stored.Count : 0);
        bytes = 0;
        while (left < rows || right < added.Count)
        {
            var takeAdded = left >= rows;
            if (left < rows && right < added.Count)
            {
                var order = stored.EventTimestamp(left).CompareTo(added.EventTimestamp(right));
                if (order == 0)
                {
                    takeAdded = ValueCellOrder.Compare(layout, stored.Created(left), stored.Row(left), added.Created(right), added.Row(right)) < 0;
                    if (takeAdded) left++; else right++; // the loser is never an answer
                }
                else takeAdded = order < 0;
            }
            var time = takeAdded ? added.EventTimestamp(right) : stored.EventTimestamp(left);
            bytes = checked(bytes + (takeAdded ? added.Row(right) : stored.Row(left)).Length);
            picks[count++] = takeAdded ? right++ << 1 | 1 : left++ << 1;
            if (time <= cut) break; // all that follow are older still
        }
        return count;
    }

    static int Places(ValueCellReader stored, ValueCellReader added, Span<LogPlace> places)
    {
        var (left, right, count) = (0, 0, 0);
        while (left < stored.PlaceCount || right < added.PlaceCount)
        {
            if (right == added.PlaceCount) places[count++] = stored.Place(left++);
            else if (left == stored.PlaceCount) places[count++] = added.Place(right++);
            else
            {
                var (a, b) = (stored.Place(left), added.Place(right));
                places[count++] = a.Partition < b.Partition ? a : b.Partition < a.Partition ? b : new(a.Partition, Math.Max(a.Place, b.Place));
                if (a.Partition <= b.Partition) left++;
                if (b.Partition <= a.Partition) right++;
            }
        }
        return count;
    }
}
