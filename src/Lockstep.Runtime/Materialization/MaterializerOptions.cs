using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Materialization;

/// <summary>Limits of materialization.</summary>
public sealed record MaterializerOptions
{
    /// <summary>How the online store is called in the record of runs: its address, without secrets.</summary>
    public required string OnlineStore { get; init; }

    /// <summary>The project's folder, by which views are ordered that read what others have stored.</summary>
    public string ProjectFolder { get; init; } = ".";

    /// <summary>Bytes of rows that a view's run keeps in memory before it spills. Default: 256 MiB.</summary>
    public long MemoryBytes { get; init; } = 256L << 20;

    /// <summary>Where sorted rows wait when they do not fit. Default: the system's folder for temporary files.</summary>
    public string SpillFolder { get; init; } = Path.GetTempPath();

    /// <summary>Keys of one write. Default: 20,000.</summary>
    public int KeysPerWrite { get; init; } = 20_000;

    /// <summary>How far ahead of the clock a row may be and be taken (S14), microseconds. Default: 10 minutes.</summary>
    public long MaxFuture { get; init; } = ValueCell.DefaultMaxFuture;

    /// <summary>How long a run that has died keeps others away. Default: 15 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long to wait for another run of the view, or for the lease of one that has died. Default: 20 s.</summary>
    public TimeSpan LeaseWait { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long to wait for another version of a view, whose tiles are taken over, to apply events that this one has. Default: 10 s.</summary>
    public TimeSpan BehindWait { get; init; } = TimeSpan.FromSeconds(10);
}
