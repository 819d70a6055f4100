using System.Buffers;
using System.Buffers.Binary;

namespace Lockstep.Core.Rows;

/// <summary>Builds cells of value views. Keeps its buffers: one writer a thread.</summary>
public sealed class ValueCellWriter
{
    readonly ArrayBufferWriter<byte> _rows = new(256);
    readonly List<(long Time, long? Created, int End)> _entries = [];
    readonly List<LogPlace> _places = [];
    long _run;
    long? _removedAt;

    /// <summary>Begins a cell that the given run wrote; 0 for a push.</summary>
    public void Begin(long run)
    {
        _run = run;
        _removedAt = null;
        _entries.Clear();
        _places.Clear();
        _rows.ResetWrittenCount();
    }

    /// <summary>The key has been removed; it has no rows then.</summary>
    public void MarkRemoved(long at) => _removedAt = at;

    /// <summary>Partitions are added in ascending order.</summary>
    public void AddPlace(LogPlace place) => _places.Add(place);

    /// <summary>Rows are added newest first, one an instant.</summary>
    public void AddRow(long eventTimestamp, long? created, ReadOnlySpan<byte> row)
    {
        if (_entries.Count > 0 && eventTimestamp >= _entries[^1].Time)
            throw new ArgumentException($"Rows of a cell descend: {Instant.Format(eventTimestamp)} came after {Instant.Format(_entries[^1].Time)}.", nameof(eventTimestamp));
        _rows.Write(row);
        _entries.Add((eventTimestamp, created, _rows.WrittenCount));
    }

    public void Write(IBufferWriter<byte> to)
    {
        var header = new ValueCellHeader(_run, _removedAt, _places.Count, _entries.Count);
        var size = header.Size + _entries.Count * ValueCell.EntrySize + _rows.WrittenCount;
        var span = to.GetSpan(size);
        var at = header.Write(span);
        foreach (var place in _places) at += ValueCellHeader.WritePlace(span[at..], place);
        at += ValueCellHeader.WriteCount(span[at..], _entries.Count);
        foreach (var (time, created, end) in _entries) at += ValueCellHeader.WriteEntry(span[at..], time, created, end);
        _rows.WrittenSpan.CopyTo(span[at..]);
        to.Advance(size);
    }
}

/// <summary>The parts in front of a cell's rows, written one after the other.</summary>
readonly struct ValueCellHeader(long run, long? removedAt, int places, int rows)
{
    public int Size => ValueCell.HeaderSize + (removedAt is null ? 0 : sizeof(long))
        + (places == 0 ? 0 : sizeof(ushort) + places * ValueCell.PlaceSize) + sizeof(int);

    /// <summary>Writes up to the count of places; returns the bytes written.</summary>
    public int Write(Span<byte> to)
    {
        if (removedAt is not null && rows != 0) throw new InvalidOperationException($"A removed key has no rows; {rows} were given.");
        to[0] = ValueCell.FormatVersion;
        to[1] = (byte)((removedAt is null ? 0 : ValueCell.RemovedFlag) | (places == 0 ? 0 : ValueCell.PlacesFlag));
        BinaryPrimitives.WriteInt64LittleEndian(to[ValueCell.RunAt..], run);
        var at = ValueCell.HeaderSize;
        if (removedAt is { } instant)
        {
            BinaryPrimitives.WriteInt64LittleEndian(to[at..], instant);
            at += sizeof(long);
        }
        if (places == 0) return at;
        BinaryPrimitives.WriteUInt16LittleEndian(to[at..], checked((ushort)places));
        return at + sizeof(ushort);
    }

    public static int WritePlace(Span<byte> to, LogPlace place)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, place.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(to[sizeof(uint)..], place.Place);
        return ValueCell.PlaceSize;
    }

    public static int WriteCount(Span<byte> to, int rows)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, rows);
        return sizeof(int);
    }

    public static int WriteEntry(Span<byte> to, long time, long? created, int end)
    {
        to[0] = created is null ? (byte)0 : ValueCell.CreatedFlag;
        BinaryPrimitives.WriteInt64LittleEndian(to[ValueCell.EntryTime..], time);
        BinaryPrimitives.WriteInt64LittleEndian(to[ValueCell.EntryCreated..], created ?? 0);
        BinaryPrimitives.WriteInt32LittleEndian(to[ValueCell.EntryEnd..], end);
        return ValueCell.EntrySize;
    }
}
