using System.Buffers.Binary;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>What a frame of a segment holds.</summary>
public enum FrameKind : byte
{
    // On disk: given by hand, append only.

    /// <summary>Events: the places (8 each) where they do not follow one another, then a block of the source's columns.</summary>
    Rows = 1,

    /// <summary>Events that were refused: a block of (reason, event, origin).</summary>
    Refused = 2,

    /// <summary>How far the outside has been read when the frames before it were written: a text that only who writes the partition knows.</summary>
    Position = 3,

    /// <summary>A push that must not be repeated: its Idempotency-Key and what it was answered.</summary>
    PushKey = 4,
}

/// <summary>The head of a frame.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="First">Place of the first row; of refused events their own count.</param>
/// <param name="Last">Place of the last.</param>
/// <param name="IngestedAt">When they were logged, microseconds.</param>
/// <param name="Count">Rows.</param>
/// <param name="More">The next frame belongs to the same write: both count, or none.</param>
public readonly record struct FrameHead(FrameKind Kind, long First, long Last, long IngestedAt, int Count, bool More = false);

// A segment is a file that is only ever appended to (docs/formats.md, "Segments of the event log"). Little-endian:
//   "LKEL" 4 | version 1 | zeros 3 | partition 4 | length of the schema 4 | schema (a line a column: name, blank, type) | xxHash64 8
// then frames: length of the payload 4 | kind 1 | more 1 | zeros 2 | first 8 | last 8 | ingested at 8 | count 4 | zeros 4 | xxHash64 8 | payload.
// The hash is that of the payload with the hash of the 40 bytes before it as its seed. Frames that were
// written together say so (more: another follows). What stands behind the last whole write was never acknowledged.
static class SegmentFormat
{
    public const byte Version = 1;
    public const int HeadSize = 48;
    const int HashedSize = 40;
    public const int FileHeadSize = 16;

    /// <summary>Longer frames are not written, and no length beyond is believed.</summary>
    public const int MaxPayload = 256 << 20;

    static ReadOnlySpan<byte> Magic => "LKEL"u8;

    public static byte[] FileHead(uint partition, Schema schema)
    {
        var text = Encoding.UTF8.GetBytes(string.Join('\n', schema.Fields.Select(f => $"{f.Name} {f.Type}")));
        var head = new byte[FileHeadSize + text.Length + 8];
        Magic.CopyTo(head);
        head[4] = Version;
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), partition);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(12), text.Length);
        text.CopyTo(head, FileHeadSize);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(^8), XxHash64.Hash(head.AsSpan(0, head.Length - 8)));
        return head;
    }

    /// <summary>Length of the whole head; 0: these 16 bytes are the start of no segment.</summary>
    public static int FileHeadLength(ReadOnlySpan<byte> start)
    {
        if (start.Length < FileHeadSize || !start.StartsWith(Magic)) return 0;
        if (start[4] != Version) throw new RowFormatException($"Segment format {start[4]}; this program reads {Version}.");
        return BinaryPrimitives.ReadInt32LittleEndian(start[12..]) is >= 0 and <= 16 << 20 and var length ? FileHeadSize + length + 8 : 0;
    }

    /// <summary>False: the head was not written to its end.</summary>
    public static bool TryReadFileHead(ReadOnlySpan<byte> head, out uint partition, out Schema schema)
    {
        (partition, schema) = (0, new([]));
        if (XxHash64.Hash(head[..^8]) != BinaryPrimitives.ReadUInt64LittleEndian(head[^8..])) return false;
        partition = BinaryPrimitives.ReadUInt32LittleEndian(head[8..]);
        var text = Encoding.UTF8.GetString(head[FileHeadSize..^8]);
        schema = new(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            var at = line.LastIndexOf(' ');
            return new Field(line[..at], FeatureType.Parse(line[(at + 1)..]));
        }));
        return true;
    }

    /// <summary>Writes the head of the frame whose payload follows it in the span.</summary>
    public static void WriteHead(Span<byte> frame, FrameHead head)
    {
        var payload = frame[HeadSize..];
        if (payload.Length > MaxPayload) throw new ArgumentException($"A frame of {payload.Length} bytes; at most {MaxPayload}.", nameof(frame));
        frame[..HeadSize].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        frame[4] = (byte)head.Kind;
        frame[5] = head.More ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], head.First);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], head.Last);
        BinaryPrimitives.WriteInt64LittleEndian(frame[24..], head.IngestedAt);
        BinaryPrimitives.WriteInt32LittleEndian(frame[32..], head.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[HashedSize..], HashOf(frame[..HashedSize], payload));
    }

    public static int PayloadLength(ReadOnlySpan<byte> head)
        => BinaryPrimitives.ReadInt32LittleEndian(head) is >= 0 and <= MaxPayload and var length ? length : -1;

    /// <summary>False: these bytes are the head of no frame, which is quicker to tell than that they are.</summary>
    public static bool MayBeHead(ReadOnlySpan<byte> head) => head[4] is >= (byte)FrameKind.Rows and <= (byte)FrameKind.PushKey && head[5] <= 1 && head[6] == 0 && head[7] == 0
        && BinaryPrimitives.ReadInt32LittleEndian(head[36..]) == 0 && PayloadLength(head) >= 0 && ReadHead(head) is { Count: >= 0, IngestedAt: > 0 } read && read.First <= read.Last + 1;

    public static bool IsWhole(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
        => head[4] != 0 && BinaryPrimitives.ReadUInt64LittleEndian(head[HashedSize..]) == HashOf(head[..HashedSize], payload);

    public static FrameHead ReadHead(ReadOnlySpan<byte> head) => new((FrameKind)head[4], BinaryPrimitives.ReadInt64LittleEndian(head[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(head[16..]), BinaryPrimitives.ReadInt64LittleEndian(head[24..]), BinaryPrimitives.ReadInt32LittleEndian(head[32..]), head[5] != 0);

    static ulong HashOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload) => XxHash64.Hash(payload, XxHash64.Hash(head));

    /// <summary>Whether the places of a frame of rows stand in front of its block.</summary>
    public static bool HasPlaces(FrameHead head) => head.Last - head.First + 1 != head.Count;
}
