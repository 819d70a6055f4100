namespace Lockstep.Core.Aggregation.Tiles;

// The online cell of one key of an aggregation view (docs/formats.md, "Tiles"). Little-endian:
//
//   version 1 | flags 1 | run 8 | end 8 | cut 8 | [places: count 2, each: partition 4, place 8] | [length of the body 4]
//   length of each section, 4 each: single events, then the plan's tiers, finest first; 0 for an empty one
//   then the sections:  tiles 4 | width 1 | base 8 | starts | [newest] | for each state: length of its run 4, place of its last 4 | the runs
//
// Starts ascend. With width 4 they are in hops behind the base, with width 8 instants. A run holds the state of each tile, one after
// the other: a window is merged by one call over each run, and nothing is copied. In the section of single events a tile is an instant:
// events of one microsecond share it. `newest` (only in the tier of the widest window) is how far behind its start a tile's newest
// event is: 4 bytes where the hop is below 2^32 us, else 8.
// `end` is that of S25 the key was built with: the table's tiles are before it, the log's from it on; the greatest instant without a
// stream, the least without a table. Events before `cut` are in tiles, later ones are kept singly, unless the view has a delay.
// A large cell has two parts, so that an event does not write all of it again: what is described above is the front, with the single
// events and the tiles of the last events, and behind it comes the body, a cell of tiles alone. A tile may be in both: its state is what
// both merge to. The header of the front counts; a store may keep the body apart (docs/design/windows.md).
// Numbers are given by hand, append only; TileCellFormatTests pins the bytes.

/// <summary>Constants of the cell of an aggregation view.</summary>
public static class TileCell
{
    public const byte FormatVersion = 1;

    /// <summary>The end of a view without a stream: the table is the truth for all time.</summary>
    public const long TableAlone = long.MaxValue;

    /// <summary>The end of a view without a table: the log is the truth for all time.</summary>
    public const long LogAlone = long.MinValue;

    internal const byte PlacesFlag = 1;
    internal const byte BodyFlag = 2;

    internal const int RunAt = 2;
    internal const int EndAt = 10;
    internal const int CutAt = 18;
    internal const int HeaderSize = 26;
    internal const int PlaceSize = 12;
    internal const int SectionHead = 13;
    internal const int RunHead = 8;
}
