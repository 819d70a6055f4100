namespace Lockstep.Core.Rows;

// The online cell of one key of a value view (docs/formats.md, "Online cells"). Little-endian:
//
//   version 1 | flags 1 | run 8 | [removed at 8] | [places: count 2, each: partition 4, place 8] | rows 4
//   then for each row, newest first:  row flags 1 | event timestamp 8 | created 8 | end 4
//   then the packed rows, one after the other; row i ends at its `end` behind the directory.
//
// Event timestamps descend strictly: of the rows of one instant only the greatest by S6 can ever be an answer. A row of no bytes
// has lost its features to the clean-up: it is past ttl and only its timestamp is still told (OUTSIDE_MAX_AGE).
// Partitions ascend. Numbers are given by hand, append only; ValueCellFormatTests pins the bytes.

/// <summary>Constants of the cell of a value view: the row current at <c>now - grace</c> and all later ones (S7, S14).</summary>
public static class ValueCell
{
    public const byte FormatVersion = 1;

    /// <summary>How long a request may run on the instant that it fixed when it arrived: 5 s.</summary>
    public const long Grace = 5 * Instant.Second;

    /// <summary>Rows further ahead of the clock are not taken in: 10 minutes.</summary>
    public const long DefaultMaxFuture = 10 * Instant.Minute;

    internal const byte RemovedFlag = 1;
    internal const byte PlacesFlag = 2;
    internal const byte CreatedFlag = 1;

    internal const int RunAt = 2;
    internal const int HeaderSize = 10;
    internal const int PlaceSize = 12;
    internal const int EntrySize = 21;
    internal const int EntryTime = 1;
    internal const int EntryCreated = 9;
    internal const int EntryEnd = 17;
}

/// <summary>How far a partition of the log has been applied.</summary>
public readonly record struct LogPlace(uint Partition, long Place);
