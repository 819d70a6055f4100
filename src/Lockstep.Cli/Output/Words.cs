using System.Globalization;

namespace Lockstep.Cli.Output;

/// <summary>Numbers as people read them. Nothing here is for data: that is printed whole.</summary>
internal static class Words
{
    /// <summary><c>1 row</c>, <c>1,234 rows</c>.</summary>
    public static string Count(long count, string one, string? many = null) => $"{Number(count)} {(count == 1 ? one : many ?? one + "s")}";

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>0.42 s</c>, <c>12.3 s</c>, <c>2m 5s</c>, <c>3h 12m</c>.</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 10 => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s",
        < 100 => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}m {time.Seconds}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h {time.Minutes}m"),
    };

    /// <summary><c>512 B</c>, <c>1.5 MiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double size = bytes;
        var unit = 0;
        for (; Math.Abs(size) >= 1024 && unit < units.Length - 1; unit++) size /= 1024;
        return size.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
