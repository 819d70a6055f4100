using System.Buffers;
using System.Buffers.Binary;

namespace Lockstep.Core.Rows;

/// <summary>What an update does to a cell (S7).</summary>
public enum ValueUpdateKind : byte
{
    // Part of the bytes of an update: given by hand, append only.

    /// <summary>Rows that a run has read compete with those that are there.</summary>
    Add = 1,

    /// <summary>One pushed row competes, unless its place in the log has been applied.</summary>
    Push = 2,

    /// <summary>The answer computed from the whole source replaces what is there; without rows it removes the key.</summary>
    Replace = 3,
}

/// <summary>What an update did.</summary>
public enum ValueCellOutcome
{
    /// <summary>The cell is the new one.</summary>
    Changed,

    /// <summary>The cell held all of it already.</summary>
    Unchanged,

    /// <summary>A later run has written the key.</summary>
    Superseded,

    /// <summary>The key holds a push that the replacement has not read: it has to be computed again.</summary>
    Conflict,
}

// Kinds and what they do to a cell, in the words of S7:
//  Add      cell.run > run: nothing. Otherwise rows compete, the cell's run becomes this one, a removed mark goes.
//  Push     place <= cell's place of that partition: nothing. Otherwise the row competes, the place is stored.
//  Replace  cell.run > run: nothing. A place of the cell beyond the one that was read: conflict. Otherwise the rows are those of the
//           update, places the greater of both (a push that was read and comes later is then known as applied).
// Each ends with the same trimming: of the rows at or before `cut` (now - grace) only the newest stays.
// Pure, commutative for adds and pushes, idempotent for all.

/// <summary>An update to a cell: kind (1), tag (4), then what it brings in the format of a cell.</summary>
public static class ValueCellUpdate
{
    const int HeaderSize = 5;

    /// <param name="to">Where the update goes.</param>
    /// <param name="kind">What it does.</param>
    /// <param name="tag">By which the caller knows the key again when the merge reports it.</param>
    /// <param name="content">The rows; for a push its place, for a replacement the places that were read.</param>
    public static void Write(IBufferWriter<byte> to, ValueUpdateKind kind, int tag, ValueCellWriter content)
    {
        var span = to.GetSpan(HeaderSize);
        span[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], tag);
        to.Advance(HeaderSize);
        content.Write(to);
    }

    /// <summary>The same for what it brings as the bytes of a cell.</summary>
    public static void Write(IBufferWriter<byte> to, ValueUpdateKind kind, int tag, ReadOnlySpan<byte> content)
    {
        var span = to.GetSpan(HeaderSize + content.Length);
        span[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], tag);
        content.CopyTo(span[HeaderSize..]);
        to.Advance(HeaderSize + content.Length);
    }

    public static int Tag(ReadOnlySpan<byte> update) => BinaryPrimitives.ReadInt32LittleEndian(Checked(update)[1..]);

    /// <summary>
    /// Computes the cell after the update; it is written to <paramref name="merged"/> only when it changes. Rows of one instant are
    /// compared by the features of the layout; of the rows before <c>now - grace</c> only the newest stays.
    /// </summary>
    public static ValueCellOutcome Apply(RowLayout layout, long now, ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        var kind = (ValueUpdateKind)Checked(update)[0];
        var stored = new ValueCellReader(cell);
        var added = new ValueCellReader(update[HeaderSize..]);
        switch (kind)
        {
            case ValueUpdateKind.Push:
                var applied = added.PlaceCount > 0;
                for (var i = 0; i < added.PlaceCount; i++)
                    applied &= added.Place(i) is var place && stored.PlaceOf(place.Partition) >= place.Place;
                if (applied) return ValueCellOutcome.Unchanged;
                break;
            case ValueUpdateKind.Add:
                if (stored.Run > added.Run) return ValueCellOutcome.Superseded;
                break;
            case ValueUpdateKind.Replace:
                if (stored.Run > added.Run) return ValueCellOutcome.Superseded;
                for (var i = 0; i < stored.PlaceCount; i++)
                    if (stored.Place(i) is var place && place.Place > added.PlaceOf(place.Partition)) return ValueCellOutcome.Conflict;
                break;
            default: throw new RowFormatException($"Update kind {(byte)kind}.");
        }
        return ValueCellMerger.Write(layout, now, cell, stored, added, keepStored: kind != ValueUpdateKind.Replace, merged)
            ? ValueCellOutcome.Changed
            : ValueCellOutcome.Unchanged;
    }

    /// <summary>Makes one update of several pushes to a key, oldest first: it does what they do one after the other.</summary>
    public static void CombinePushes(RowLayout layout, long now, IReadOnlyList<ReadOnlyMemory<byte>> updates, IBufferWriter<byte> to)
    {
        ArgumentNullException.ThrowIfNull(updates);
        // What a push brings is a cell: the next one is merged into it.
        ArrayBufferWriter<byte> cell = new(), next = new();
        foreach (var update in updates)
        {
            next.ResetWrittenCount();
            if ((ValueUpdateKind)Checked(update.Span)[0] != ValueUpdateKind.Push) throw new RowFormatException($"Update kind {update.Span[0]} among pushes.");
            if (Apply(layout, now, cell.WrittenSpan, update.Span, next) == ValueCellOutcome.Changed) (cell, next) = (next, cell);
        }
        Write(to, ValueUpdateKind.Push, 0, cell.WrittenSpan);
    }

    static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> update) => update.Length < HeaderSize
        ? throw new RowFormatException($"An update of {update.Length} bytes.")
        : update;
}
