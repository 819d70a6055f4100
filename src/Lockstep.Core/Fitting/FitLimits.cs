namespace Lockstep.Core.Fitting;

/// <summary>Bounds on what a fit keeps in memory while it learns. Their names stand in the errors.</summary>
public static class FitLimits
{
    /// <summary>Values that quantiles are taken of: each is kept, 8 bytes.</summary>
    public const int MaxValues = 200_000_000;

    /// <summary>Distinct categories or terms that are counted before the most frequent are kept.</summary>
    public const int MaxDistinct = 10_000_000;
}
