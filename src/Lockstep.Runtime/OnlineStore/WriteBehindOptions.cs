namespace Lockstep.Runtime.OnlineStore;

/// <summary>How far the store may be behind what streams have published.</summary>
public sealed record WriteBehindOptions
{
    /// <summary>Bytes of updates that wait to be written; who has more waits. Default: 128 MiB.</summary>
    public long MaxBytes { get; init; } = 128L << 20;

    /// <summary>The shortest pause between two rounds of writing. Default: none.</summary>
    public TimeSpan MinPause { get; init; }

    /// <summary>The longest one. Default: 1 s.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Keys of one write: others that write wait for no more.</summary>
    public int KeysPerWrite { get; init; } = 4096;
}
