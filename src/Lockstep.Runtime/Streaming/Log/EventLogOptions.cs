namespace Lockstep.Runtime.Streaming.Log;

/// <summary>How the log of events is kept.</summary>
public sealed record EventLogOptions
{
    /// <summary>A segment is closed beyond so many bytes and becomes part of the Delta table. Default: 32 MiB.</summary>
    public long SegmentBytes { get; init; } = 32L << 20;

    /// <summary>A segment is closed when its first event is so old. Default: 30 s.</summary>
    public TimeSpan SegmentAge { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Closed segments of one commit. Default: 128 MiB.</summary>
    public long CommitBytes { get; init; } = 128L << 20;

    /// <summary>Files of one day under <see cref="SmallFileBytes"/> are written anew as one when there are so many. Default: 16.</summary>
    public int CompactFiles { get; init; } = 16;

    /// <summary>A file of this size or more is left alone. Default: 32 MiB.</summary>
    public long SmallFileBytes { get; init; } = 32L << 20;

    /// <summary>Bytes of events that wait to be written: beyond, whoever sends waits. Default: 64 MiB.</summary>
    public long PendingBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of the newest events that are kept in memory for those who apply them; who falls further behind reads files. Default: 64 MiB.</summary>
    public long TailBytes { get; init; } = 64L << 20;
}
