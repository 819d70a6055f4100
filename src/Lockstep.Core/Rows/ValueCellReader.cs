using System.Buffers.Binary;

namespace Lockstep.Core.Rows;

/// <summary>
/// Reads a cell of a value view in place. The constructor checks all lengths and the order of the rows once; no read leaves the span
/// after that, and bytes of another format are a <see cref="RowFormatException"/>. No bytes at all are a key that was never written.
/// </summary>
public readonly ref struct ValueCellReader
{
    readonly ReadOnlySpan<byte> _cell;
    readonly int _placesAt;
    readonly int _directoryAt;
    readonly int _rowsAt;

    public ValueCellReader(ReadOnlySpan<byte> cell)
    {
        _cell = cell;
        if (cell.IsEmpty) return;
        if (cell[0] != ValueCell.FormatVersion) throw new RowFormatException($"Cell format {cell[0]}; this program reads {ValueCell.FormatVersion}.");
        if (cell.Length < ValueCell.HeaderSize + sizeof(int)) throw new RowFormatException($"A cell of {cell.Length} bytes.");
        var flags = cell[1];
        if (flags > (ValueCell.RemovedFlag | ValueCell.PlacesFlag)) throw new RowFormatException($"Flags {flags} in a cell.");
        var at = ValueCell.HeaderSize;
        if ((flags & ValueCell.RemovedFlag) != 0)
        {
            Need(cell, at, sizeof(long));
            RemovedAt = BinaryPrimitives.ReadInt64LittleEndian(cell[at..]);
            IsRemoved = true;
            at += sizeof(long);
        }
        if ((flags & ValueCell.PlacesFlag) != 0)
        {
            Need(cell, at, sizeof(ushort));
            PlaceCount = BinaryPrimitives.ReadUInt16LittleEndian(cell[at..]);
            at += sizeof(ushort);
            Need(cell, at, PlaceCount * ValueCell.PlaceSize);
            _placesAt = at;
            at += PlaceCount * ValueCell.PlaceSize;
            for (var i = 1; i < PlaceCount; i++)
                if (Place(i).Partition <= Place(i - 1).Partition) throw new RowFormatException("Log places of a cell are out of order.");
        }
        Need(cell, at, sizeof(int));
        Count = BinaryPrimitives.ReadInt32LittleEndian(cell[at..]);
        _directoryAt = at + sizeof(int);
        if (Count < 0 || Count > (cell.Length - _directoryAt) / ValueCell.EntrySize) throw new RowFormatException($"{Count} rows in a cell of {cell.Length} bytes.");
        _rowsAt = _directoryAt + Count * ValueCell.EntrySize;
        if (IsRemoved && Count != 0) throw new RowFormatException($"A removed key with {Count} rows.");
        var (end, time) = (0, 0L);
        for (var i = 0; i < Count; i++)
        {
            var entry = cell.Slice(_directoryAt + i * ValueCell.EntrySize, ValueCell.EntrySize);
            var next = BinaryPrimitives.ReadInt32LittleEndian(entry[ValueCell.EntryEnd..]);
            if (entry[0] > ValueCell.CreatedFlag) throw new RowFormatException($"Flags {entry[0]} of row {i} in a cell.");
            if (next < end) throw new RowFormatException($"Row {i} of a cell ends at {next}, before its start {end}.");
            var now = BinaryPrimitives.ReadInt64LittleEndian(entry[ValueCell.EntryTime..]);
            if (i > 0 && now >= time) throw new RowFormatException("Rows of a cell are out of order.");
            (end, time) = (next, now);
        }
        if (end != cell.Length - _rowsAt) throw new RowFormatException($"The rows of a cell end at {end}; it has {cell.Length - _rowsAt} bytes of them.");
    }

    /// <summary>Number of the last run that wrote the key; 0: only pushes did.</summary>
    public long Run => _cell.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(_cell[ValueCell.RunAt..]);

    /// <summary>A key that a run has removed: kept as a mark so that nothing older brings it back.</summary>
    public bool IsRemoved { get; }

    public long RemovedAt { get; }

    public int Count { get; }
    public int PlaceCount { get; }

    public LogPlace Place(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)PlaceCount);
        var at = _cell[(_placesAt + index * ValueCell.PlaceSize)..];
        return new(BinaryPrimitives.ReadUInt32LittleEndian(at), BinaryPrimitives.ReadInt64LittleEndian(at[sizeof(uint)..]));
    }

    /// <summary>The last place of a partition that was applied; -1: none was.</summary>
    public long PlaceOf(uint partition)
    {
        for (var i = 0; i < PlaceCount; i++)
            if (Place(i) is var place && place.Partition >= partition) return place.Partition == partition ? place.Place : -1;
        return -1;
    }

    public long EventTimestamp(int index) => BinaryPrimitives.ReadInt64LittleEndian(Entry(index)[ValueCell.EntryTime..]);

    public long? Created(int index)
    {
        var entry = Entry(index);
        return (entry[0] & ValueCell.CreatedFlag) == 0 ? null : BinaryPrimitives.ReadInt64LittleEndian(entry[ValueCell.EntryCreated..]);
    }

    /// <summary>The packed row; empty when the clean-up has taken its features.</summary>
    public ReadOnlySpan<byte> Row(int index)
    {
        var end = BinaryPrimitives.ReadInt32LittleEndian(Entry(index)[ValueCell.EntryEnd..]);
        var start = index == 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(Entry(index - 1)[ValueCell.EntryEnd..]);
        return _cell[(_rowsAt + start)..(_rowsAt + end)];
    }

    /// <summary>
    /// The newest row at or before <paramref name="asOf"/>; false: there is none, or none yet. Whether it is too old (ttl) is the
    /// caller's to say: a row without bytes always is.
    /// </summary>
    public bool TryNewest(long asOf, out long eventTimestamp, out ReadOnlySpan<byte> row)
    {
        var index = IndexOfNewest(asOf);
        if (index < 0)
        {
            eventTimestamp = 0;
            row = default;
            return false;
        }
        eventTimestamp = EventTimestamp(index);
        row = Row(index);
        return true;
    }

    /// <summary>The place of the newest row at or before an instant, or -1.</summary>
    public int IndexOfNewest(long asOf)
    {
        var (low, high) = (0, Count); // rows before low are later than asOf, those from high on are not
        while (low < high)
        {
            var middle = low == 0 ? Math.Min(high - 1, 3) : (low + high) >>> 1; // it is nearly always among the first
            if (EventTimestamp(middle) > asOf) low = middle + 1;
            else high = middle;
        }
        return low == Count ? -1 : low;
    }

    internal ReadOnlySpan<byte> Entry(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        return _cell.Slice(_directoryAt + index * ValueCell.EntrySize, ValueCell.EntrySize);
    }

    static void Need(ReadOnlySpan<byte> cell, int at, int bytes)
    {
        if (cell.Length - at < bytes) throw new RowFormatException($"A cell of {cell.Length} bytes ends within its header.");
    }
}
