namespace Lockstep.DuckDb.Engine;

/// <summary>How much of the machine the engine may use.</summary>
public sealed record DuckDbOptions
{
    /// <summary>Bytes that DuckDB may hold in memory; beyond it, it writes to <see cref="SpillFolder"/>. Default: half of the memory there is.</summary>
    public long MemoryLimit { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    /// <summary>Default: one a core.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where intermediate results go that do not fit into memory. Cleaned at the end, and at the start of what a killed process left. Default: the system's folder for temporary files.</summary>
    public string SpillFolder { get; init; } = Path.Combine(Path.GetTempPath(), $"lockstep-spill-{Environment.UserName}");
}
