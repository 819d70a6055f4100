using System.Buffers.Binary;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

/// <summary>Reads a cell of an aggregation view in place. An empty span is a key that was never seen.</summary>
public readonly ref struct TileCellReader
{
    readonly ReadOnlySpan<byte> _cell;
    readonly TileLayout _layout;
    readonly int _lengthsAt;

    public TileCellReader(TileLayout layout, ReadOnlySpan<byte> cell)
    {
        _layout = layout;
        _cell = cell;
        if (cell.IsEmpty) return;
        if (cell[0] != TileCell.FormatVersion) throw new RowFormatException($"Tile format {cell[0]}; this program reads {TileCell.FormatVersion}.");
        Need(cell, 0, TileCell.HeaderSize);
        if (cell[1] > (TileCell.PlacesFlag | TileCell.BodyFlag)) throw new RowFormatException($"Flags {cell[1]} in a cell of tiles.");
        var at = TileCell.HeaderSize;
        if ((cell[1] & TileCell.PlacesFlag) != 0)
        {
            Need(cell, at, sizeof(ushort));
            PlaceCount = BinaryPrimitives.ReadUInt16LittleEndian(cell[at..]);
            at += sizeof(ushort);
            Need(cell, at, PlaceCount * TileCell.PlaceSize);
            at += PlaceCount * TileCell.PlaceSize;
        }
        if ((cell[1] & TileCell.BodyFlag) != 0)
        {
            Need(cell, at, sizeof(int));
            BodyLength = BinaryPrimitives.ReadInt32LittleEndian(cell[at..]);
            if (BodyLength <= 0) throw new RowFormatException($"A body of {BodyLength} bytes in a cell of tiles.");
            at += sizeof(int);
        }
        _lengthsAt = at;
        long size = at + layout.Sections.Length * sizeof(int);
        Need(cell, at, layout.Sections.Length * sizeof(int));
        for (var i = 0; i < layout.Sections.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(cell[(at + i * sizeof(int))..]);
            if (length < 0) throw new RowFormatException($"A section of {length} bytes in a cell of tiles.");
            size += length;
        }
        if (BodyLength > 0 && size + BodyLength == cell.Length) Body = cell[(int)size..];
        else if (size != cell.Length) throw new RowFormatException($"The sections of a cell of tiles end at {size}; it has {cell.Length} bytes.");
    }

    /// <summary>Number of the last run that wrote the key; 0: only the log did.</summary>
    public long Run => _cell.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(_cell[TileCell.RunAt..]);

    /// <summary>The end that the key was built with (S25); meaningless for an empty cell.</summary>
    public long End => BinaryPrimitives.ReadInt64LittleEndian(_cell[TileCell.EndAt..]);

    /// <summary>Events before it are in tiles.</summary>
    public long Cut => _cell.IsEmpty ? long.MinValue : BinaryPrimitives.ReadInt64LittleEndian(_cell[TileCell.CutAt..]);

    public bool IsEmpty => _cell.IsEmpty;

    /// <summary>Bytes of the part that a store may keep apart; 0: there is none.</summary>
    public int BodyLength { get; }

    /// <summary>That part, a cell of its own; empty where there is none, or where the front alone was given.</summary>
    internal ReadOnlySpan<byte> Body { get; }

    /// <summary>Whether there is no event in it.</summary>
    public bool HasNoTiles
    {
        get
        {
            if (BodyLength > 0) return false;
            for (var i = 0; !_cell.IsEmpty && i < _layout.Sections.Length; i++)
                if (BinaryPrimitives.ReadInt32LittleEndian(_cell[(_lengthsAt + i * sizeof(int))..]) != 0) return false;
            return true;
        }
    }

    public int PlaceCount { get; }

    public LogPlace Place(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)PlaceCount);
        var at = _cell[(TileCell.HeaderSize + sizeof(ushort) + index * TileCell.PlaceSize)..];
        return new(BinaryPrimitives.ReadUInt32LittleEndian(at), BinaryPrimitives.ReadInt64LittleEndian(at[sizeof(uint)..]));
    }

    /// <summary>The last place of a partition that was applied; -1: none was.</summary>
    public long PlaceOf(uint partition)
    {
        for (var i = 0; i < PlaceCount; i++)
            if (Place(i) is var place && place.Partition >= partition) return place.Partition == partition ? place.Place : -1;
        return -1;
    }

    internal TileSection Section(int index)
    {
        if (_cell.IsEmpty) return default;
        var at = _lengthsAt + _layout.Sections.Length * sizeof(int);
        for (var i = 0; i < index; i++) at += BinaryPrimitives.ReadInt32LittleEndian(_cell[(_lengthsAt + i * sizeof(int))..]);
        return new(_layout.Sections[index], _cell.Slice(at, BinaryPrimitives.ReadInt32LittleEndian(_cell[(_lengthsAt + index * sizeof(int))..])));
    }

    /// <summary>Tiles of a section (0: single events), for tools; one that is in both parts of the cell counts twice.</summary>
    public int Tiles(int section) => Section(section).Count + (Body.IsEmpty ? 0 : new TileCellReader(_layout, Body).Tiles(section));

    static void Need(ReadOnlySpan<byte> cell, int at, int bytes)
    {
        if (cell.Length - at < bytes) throw new RowFormatException($"A cell of tiles of {cell.Length} bytes ends within its header.");
    }
}

/// <summary>The tiles of one tier in a cell, or its single events.</summary>
internal readonly ref struct TileSection
{
    readonly TileTier _tier;
    readonly ReadOnlySpan<byte> _bytes;
    readonly int _width;
    readonly long _base;

    public TileSection(TileTier tier, ReadOnlySpan<byte> bytes)
    {
        _tier = tier;
        _bytes = bytes;
        if (bytes.IsEmpty) return;
        if (bytes.Length < TileCell.SectionHead) throw new RowFormatException($"A section of {bytes.Length} bytes in a cell of tiles.");
        Count = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        (_width, _base) = (bytes[4], BinaryPrimitives.ReadInt64LittleEndian(bytes[5..]));
        if (_width is not (4 or 8) || Count <= 0) throw new RowFormatException($"{Count} tiles of width {_width} in a cell.");
        var size = RunsAt;
        for (var slot = 0; slot < tier.States.Length && size <= bytes.Length; slot++)
        {
            var (length, last) = Head(slot);
            if (length < 0 || last < 0 || last > length) throw new RowFormatException($"A run of {length} bytes in a cell of tiles.");
            size += length;
        }
        if (size != bytes.Length) throw new RowFormatException($"A section of {bytes.Length} bytes in a cell of tiles, with {size} bytes of content.");
    }

    public int Count { get; }

    long HeadsAt => TileCell.SectionHead + (long)Count * (_width + _tier.NewestWidth);
    long RunsAt => HeadsAt + _tier.States.Length * TileCell.RunHead;

    (int Length, int Last) Head(int slot)
    {
        var at = HeadsAt + slot * TileCell.RunHead;
        if (at + TileCell.RunHead > _bytes.Length) throw new RowFormatException($"A section of {_bytes.Length} bytes in a cell of tiles ends within its head.");
        var head = _bytes[(int)at..];
        return (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]));
    }

    public long Start(int tile) => _width == 4
        ? _base + BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(TileCell.SectionHead + tile * 4)..]) * _tier.Hop
        : BinaryPrimitives.ReadInt64LittleEndian(_bytes[(TileCell.SectionHead + tile * 8)..]);

    /// <summary>The newest event of a tile; only in the tier of the widest window, and of single events.</summary>
    public long Newest(int tile)
    {
        var at = TileCell.SectionHead + Count * _width + tile * _tier.NewestWidth;
        return Start(tile) + _tier.NewestWidth switch
        {
            0 => 0,
            4 => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[at..]),
            _ => BinaryPrimitives.ReadInt64LittleEndian(_bytes[at..]),
        };
    }

    /// <summary>The first tile that does not start before the instant; <see cref="Count"/> when all do.</summary>
    public int IndexOf(long from)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Start(middle) < from) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>The states of all tiles by one of the tier's accumulators, and where the last one begins.</summary>
    public ReadOnlySpan<byte> Run(int slot, out int last)
    {
        last = 0;
        if (Count == 0) return default;
        var at = RunsAt;
        for (var i = 0; i < slot; i++) at += Head(i).Length;
        (var length, last) = Head(slot);
        return _bytes.Slice((int)at, length);
    }
}
