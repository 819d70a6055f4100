using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>
/// The bounds of a scan on its time column, as SQL over the column's own type, so that Parquet's statistics leave row groups out.
/// They hold for the instant as it will be read (S1): microseconds, rounded down.
/// </summary>
internal readonly record struct TimeBounds(long NotBefore, long NotAfter)
{
    // What DuckDB can hold: its first instant and day, and the last before infinity.
    const long First = -9_223_372_022_400_000_000, Last = long.MaxValue - 1;
    const long FirstDay = -int.MaxValue + 1, LastDay = int.MaxValue - 1;

    /// <summary>Whether DuckDB can hold the instant.</summary>
    public static bool IsFinite(long micros) => micros is >= First and <= Last;

    public static TimeBounds Of(ScanRequest request) => request.TimeColumn is null ? new(long.MinValue, long.MaxValue) : new(request.NotBefore, request.NotAfter);

    public bool Any => NotBefore != long.MinValue || NotAfter != long.MaxValue;

    public bool Hold(long micros) => micros >= NotBefore && micros <= NotAfter;

    /// <summary>Null when the type is no instant to DuckDB (text): the rows are then looked at after conversion.</summary>
    public string? Condition(string column, DuckType type) => type.Id switch
    {
        TypeId.Timestamp => Between(column, "make_timestamp", Math.Clamp(NotBefore, First, Last), Math.Clamp(NotAfter, First, Last)),
        TypeId.TimestampTz => Between(column, "make_timestamptz", Math.Clamp(NotBefore, First, Last), Math.Clamp(NotAfter, First, Last)),
        TypeId.TimestampNs => Between(column, "make_timestamp_ns", Nanos(NotBefore, 0), Nanos(NotAfter, 999)),
        TypeId.Date => Between(column, $"date '1970-01-01' + ({Sql.Number(Day(NotBefore, Instant.Day - 1))})::integer", $"date '1970-01-01' + ({Sql.Number(Day(NotAfter, 0))})::integer"),
        _ => null,
    };

    string Between(string column, string make, long from, long to) => Between(column, $"{make}({Sql.Number(from)})", $"{make}({Sql.Number(to)})");

    // Where there is no bound, what DuckDB takes for infinite is in as well: instants that are before its first one.
    string Between(string column, string from, string to) => NotBefore == long.MinValue ? $"{column} <= {to}" : NotAfter == long.MaxValue ? $"{column} >= {from}" : $"{column} between {from} and {to}";

    static long Nanos(long micros, int rest) => (long)Int128.Clamp((Int128)micros * 1000 + rest, -long.MaxValue + 1, Last);

    // The first day whose midnight is not before the instant, or with no rest the last whose midnight is not after it.
    static long Day(long micros, long rest) => Math.Clamp(Instant.Floor(micros > long.MaxValue - rest ? long.MaxValue : micros + rest, Instant.Day) / Instant.Day, FirstDay, LastDay);
}
