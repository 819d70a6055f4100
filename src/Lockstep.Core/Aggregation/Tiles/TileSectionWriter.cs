using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

/// <summary>Builds one section of a cell. Starts are added in ascending order; of each state the run, tile by tile. Keeps its buffers.</summary>
internal sealed class TileSectionWriter(TileTier tier)
{
    readonly List<long> _starts = [];
    readonly List<long> _newest = [];
    readonly ArrayBufferWriter<byte>[] _runs = [.. tier.States.Select(_ => new ArrayBufferWriter<byte>(256))];
    readonly int[] _last = new int[tier.States.Length];
    uint[] _offsets = [];
    int _width; // 0: not measured yet

    public int Count => _starts.Count;

    public void Clear()
    {
        _width = 0;
        _starts.Clear();
        _newest.Clear();
        foreach (var run in _runs) run.ResetWrittenCount();
    }

    /// <summary>Opens a tile; returns false when the last one starts there already, so that it is the same.</summary>
    public void Add(long start, long newest)
    {
        _width = 0;
        _starts.Add(start);
        if (tier.HasNewest) _newest.Add(newest);
    }

    /// <summary>Where the state of the next tile goes.</summary>
    public IBufferWriter<byte> Next(int slot)
    {
        _last[slot] = _runs[slot].WrittenCount;
        return _runs[slot];
    }

    /// <summary>Appends the states of several tiles; the last of them begins at <paramref name="last"/>.</summary>
    public void AddRun(int slot, ReadOnlySpan<byte> states, int last)
    {
        _last[slot] = _runs[slot].WrittenCount + last;
        _runs[slot].Write(states);
    }

    /// <summary>Bytes of a start: 4 where all are whole hops behind the first, which is what <see cref="_offsets"/> then holds.</summary>
    int Width => _width != 0 ? _width : _width = MeasureStarts() ? 4 : 8;

    bool MeasureStarts()
    {
        var starts = CollectionsMarshal.AsSpan(_starts);
        var hop = (ulong)tier.Hop;
        if (_offsets.Length < starts.Length) _offsets = new uint[Math.Max(starts.Length, 2 * _offsets.Length)];
        for (var i = 0; i < starts.Length; i++)
        {
            var distance = (ulong)(starts[i] - starts[0]); // they ascend: it fits, though the difference may not
            var hops = hop == 1 ? distance : distance / hop;
            if (hops > uint.MaxValue || hops * hop != distance) return false;
            _offsets[i] = (uint)hops;
        }
        return true;
    }

    public int Size
    {
        get
        {
            if (Count == 0) return 0;
            long size = TileCell.SectionHead + (long)Count * (Width + tier.NewestWidth) + tier.States.Length * TileCell.RunHead;
            foreach (var run in _runs) size += run.WrittenCount;
            return size <= Array.MaxLength ? (int)size : throw new LockstepException(ErrorKind.Failed, $"The tiles of one key would take {size} bytes.");
        }
    }

    public void Write(Span<byte> to)
    {
        if (Count == 0) return;
        var (width, first, at) = (Width, _starts[0], TileCell.SectionHead);
        BinaryPrimitives.WriteInt32LittleEndian(to, Count);
        to[4] = (byte)width;
        BinaryPrimitives.WriteInt64LittleEndian(to[5..], first);
        for (var i = 0; i < _starts.Count; i++, at += width)
        {
            if (width == 4) BinaryPrimitives.WriteUInt32LittleEndian(to[at..], _offsets[i]);
            else BinaryPrimitives.WriteInt64LittleEndian(to[at..], _starts[i]);
        }
        for (var i = 0; tier.HasNewest && i < _newest.Count; i++)
        {
            if (tier.NewestWidth == 4) BinaryPrimitives.WriteUInt32LittleEndian(to[at..], (uint)(_newest[i] - _starts[i]));
            else BinaryPrimitives.WriteInt64LittleEndian(to[at..], _newest[i] - _starts[i]);
            at += tier.NewestWidth;
        }
        for (var slot = 0; slot < _runs.Length; slot++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(to[at..], _runs[slot].WrittenCount);
            BinaryPrimitives.WriteInt32LittleEndian(to[(at + 4)..], _last[slot]);
            at += TileCell.RunHead;
        }
        foreach (var run in _runs)
        {
            run.WrittenSpan.CopyTo(to[at..]);
            at += run.WrittenCount;
        }
    }
}

/// <summary>Writes whole cells from sections.</summary>
internal static class TileCellWriter
{
    static long Size(int places, int body, ReadOnlySpan<TileSectionWriter> sections)
    {
        long size = TileCell.HeaderSize + (places == 0 ? 0 : sizeof(ushort) + places * TileCell.PlaceSize) + (body == 0 ? 0 : sizeof(int)) + sections.Length * sizeof(int);
        foreach (var section in sections) size += section.Size;
        return size + body <= Array.MaxLength ? size : throw new LockstepException(ErrorKind.Failed, $"The tiles of one key would take {size + body} bytes.");
    }

    /// <summary>The whole of it, parted where it is large.</summary>
    /// <param name="to">Where it goes.</param>
    /// <param name="run">In the header, as the next two and the places.</param>
    /// <param name="end">See <paramref name="run"/>.</param>
    /// <param name="cut">See <paramref name="run"/>.</param>
    /// <param name="places">See <paramref name="run"/>.</param>
    /// <param name="sections">What it holds.</param>
    /// <param name="empty">As many that hold nothing.</param>
    /// <param name="above">How large it may be in one part.</param>
    public static void WriteParted(IBufferWriter<byte> to, long run, long end, long cut, ReadOnlySpan<LogPlace> places, TileSectionWriter[] sections, TileSectionWriter[] empty, int above)
    {
        if (Size(places.Length, 0, sections) <= above)
        {
            Write(to, run, end, cut, places, sections);
            return;
        }
        TileSectionWriter[] front = [sections[0], .. empty[1..]], body = [empty[0], .. sections[1..]];
        Write(to, run, end, cut, places, front, (int)Size(0, 0, body));
        Write(to, run, end, cut, [], body);
    }

    /// <param name="to">Where it goes.</param>
    /// <param name="run">In the header, as the next two and the places.</param>
    /// <param name="end">See <paramref name="run"/>.</param>
    /// <param name="cut">See <paramref name="run"/>.</param>
    /// <param name="places">See <paramref name="run"/>.</param>
    /// <param name="sections">What it holds.</param>
    /// <param name="bodyLength">Of the body that follows it; 0: none does.</param>
    public static void Write(IBufferWriter<byte> to, long run, long end, long cut, ReadOnlySpan<LogPlace> places, TileSectionWriter[] sections, int bodyLength = 0)
    {
        var size = Size(places.Length, bodyLength, sections);
        var span = to.GetSpan((int)size)[..(int)size];
        span[0] = TileCell.FormatVersion;
        span[1] = (byte)((places.IsEmpty ? 0 : TileCell.PlacesFlag) | (bodyLength == 0 ? 0 : TileCell.BodyFlag));
        BinaryPrimitives.WriteInt64LittleEndian(span[TileCell.RunAt..], run);
        BinaryPrimitives.WriteInt64LittleEndian(span[TileCell.EndAt..], end);
        BinaryPrimitives.WriteInt64LittleEndian(span[TileCell.CutAt..], cut);
        var at = TileCell.HeaderSize;
        if (!places.IsEmpty)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(span[at..], checked((ushort)places.Length));
            at += sizeof(ushort);
            foreach (var place in places)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(span[at..], place.Partition);
                BinaryPrimitives.WriteInt64LittleEndian(span[(at + sizeof(uint))..], place.Place);
                at += TileCell.PlaceSize;
            }
        }
        if (bodyLength != 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(span[at..], bodyLength);
            at += sizeof(int);
        }
        var lengthsAt = at;
        at += sections.Length * sizeof(int);
        foreach (var section in sections)
        {
            var length = section.Size;
            BinaryPrimitives.WriteInt32LittleEndian(span[lengthsAt..], length);
            lengthsAt += sizeof(int);
            section.Write(span.Slice(at, length));
            at += length;
        }
        to.Advance((int)size);
    }
}
