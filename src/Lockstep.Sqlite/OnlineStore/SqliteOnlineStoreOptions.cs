namespace Lockstep.Sqlite.OnlineStore;

/// <summary>Where the embedded online store keeps its cells and how much memory it may use.</summary>
public sealed record SqliteOnlineStoreOptions
{
    /// <summary>The file; its folder is made where it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes of cells kept in the process; 0: none. Default: 256 MiB.</summary>
    public long CacheBytes { get; init; } = 256L << 20;

    /// <summary>
    /// What was acknowledged survives the end of the process, kill -9 included, either way. With this it survives a loss of power too,
    /// at the cost of one fsync a write. Without it the last writes may then be missing, never half there, and the next run or the log
    /// brings them back: what a run has finished is recorded in the same file (S7). Default: false.
    /// </summary>
    public bool SyncEveryWrite { get; init; }

    /// <summary>How long a write waits for another process that writes. Default: 30 s.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of the file mapped into memory. Default: 1 GiB.</summary>
    public long MapBytes { get; init; } = 1L << 30;
}
