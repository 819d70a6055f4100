namespace Lockstep.Runtime.Serving;

/// <summary>Why a served value is what it is (S20).</summary>
public enum FeatureStatus : byte
{
    // Sent over gRPC and written to serving logs: numbers are given by hand, append only. The first four are Feast's.
    Present = 1,
    NullValue = 2,
    NotFound = 3,
    OutsideMaxAge = 4,
    OutOfRange = 5,
}

/// <summary>The statuses as every text format writes them.</summary>
public static class FeatureStatusNames
{
    public static string ToText(this FeatureStatus status) => status switch
    {
        FeatureStatus.Present => "PRESENT",
        FeatureStatus.NullValue => "NULL_VALUE",
        FeatureStatus.NotFound => "NOT_FOUND",
        FeatureStatus.OutsideMaxAge => "OUTSIDE_MAX_AGE",
        FeatureStatus.OutOfRange => "OUT_OF_RANGE",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };

    /// <summary>The name in quotes, as JSON has it.</summary>
    public static ReadOnlySpan<byte> ToJson(this FeatureStatus status) => status switch
    {
        FeatureStatus.Present => "\"PRESENT\""u8,
        FeatureStatus.NullValue => "\"NULL_VALUE\""u8,
        FeatureStatus.NotFound => "\"NOT_FOUND\""u8,
        FeatureStatus.OutsideMaxAge => "\"OUTSIDE_MAX_AGE\""u8,
        FeatureStatus.OutOfRange => "\"OUT_OF_RANGE\""u8,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };
}
