namespace Lockstep.Core.Lookup;

/// <summary>Bounds that keep lookup tables small enough to stand in the memory of every server. Their names stand in the errors.</summary>
public static class LookupLimits
{
    /// <summary>Rows of one table.</summary>
    public const int MaxRows = 10_000_000;

    /// <summary>Bytes of one snapshot.</summary>
    public const long MaxBytes = 512L << 20;
}
