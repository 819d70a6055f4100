using System.Globalization;

namespace Lockstep.Core.Rows;

/// <summary>
/// Instants are microseconds since 1970 in UTC, as <c>long</c> (S1). Text is RFC 3339; without an offset it is UTC,
/// with one it is converted; a fraction finer than a microsecond is rounded down, before 1970 too.
/// </summary>
public static class Instant
{
    public const long Millisecond = 1_000;
    public const long Second = 1_000_000;
    public const long Minute = 60 * Second;
    public const long Hour = 60 * Minute;
    public const long Day = 24 * Hour;

    public static long FromDateTimeOffset(DateTimeOffset instant)
        => Math.DivRem(instant.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks, 10, out var rest) - (rest < 0 ? 1 : 0);

    /// <summary>Now, by the given clock.</summary>
    public static long Now(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return FromDateTimeOffset(clock.GetUtcNow());
    }

    /// <summary>Rounds towards the past to a multiple of <paramref name="unit"/>, before 1970 too; below the first that fits it is <c>long.MinValue</c>.</summary>
    public static long Floor(long micros, long unit)
    {
        var down = micros - micros % unit; // towards 1970
        if (down <= micros) return down;
        return down >= long.MinValue + unit ? down - unit : long.MinValue;
    }

    /// <summary>Days since 1970 of the UTC day that holds the instant.</summary>
    public static int DayOf(long micros) => (int)(micros / Day) - (micros % Day < 0 ? 1 : 0);

    /// <summary>RFC 3339 in UTC with as many digits of the second as needed, up to 6.</summary>
    public static string Format(long micros)
    {
        Span<char> buffer = stackalloc char[40];
        TryFormat(micros, buffer, out var written);
        return new string(buffer[..written]);
    }

    public static bool TryFormat(long micros, Span<char> to, out int written)
    {
        written = 0;
        if (to.Length < 40) return false;
        FormatDate(to, ref written, DayOf(micros));
        var rest = micros % Day;
        if (rest < 0) rest += Day;
        to[written++] = 'T';
        Two(to, ref written, (int)(rest / Hour));
        to[written++] = ':';
        Two(to, ref written, (int)(rest / Minute % 60));
        to[written++] = ':';
        Two(to, ref written, (int)(rest / Second % 60));
        var fraction = (int)(rest % Second);
        if (fraction != 0)
        {
            to[written++] = '.';
            for (var unit = 100_000; fraction != 0; unit /= 10)
            {
                to[written++] = (char)('0' + fraction / unit);
                fraction %= unit;
            }
        }
        to[written++] = 'Z';
        return true;
    }

    public static string FormatDate(int days)
    {
        Span<char> buffer = stackalloc char[40];
        var written = 0;
        FormatDate(buffer, ref written, days);
        return new string(buffer[..written]);
    }

    static void FormatDate(Span<char> to, ref int written, int days)
    {
        var (year, month, day) = Civil(days);
        if (year is < 0 or > 9999) to[written++] = year < 0 ? '-' : '+';
        Math.Abs(year).TryFormat(to[written..], out var digits, "0000", CultureInfo.InvariantCulture);
        written += digits;
        to[written++] = '-';
        Two(to, ref written, month);
        to[written++] = '-';
        Two(to, ref written, day);
    }

    static void Two(Span<char> to, ref int written, int value)
    {
        to[written++] = (char)('0' + value / 10);
        to[written++] = (char)('0' + value % 10);
    }

    public static long Parse(string text) => TryParse(text, out var micros)
        ? micros
        : throw new FormatException($"'{text}' is not an instant. Write it as 2026-11-01T12:00:00Z (RFC 3339; without an offset it is UTC).");

    /// <summary>Reads <c>2026-11-01</c>, <c>2026-11-01T12:00[:00[.123456]]</c> with <c>T</c> or a blank, and <c>Z</c>, <c>±hh</c>, <c>±hh:mm</c> or nothing.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long micros)
    {
        micros = 0;
        var at = 0;
        if (!TryDate(text, ref at, out var days)) return false;
        long time = 0;
        if (at < text.Length && text[at] is 'T' or 't' or ' ')
        {
            at++;
            if (!TryDigits(text, ref at, 2, out var hour) || hour > 23 || !Skip(text, ref at, ':')
                || !TryDigits(text, ref at, 2, out var minute) || minute > 59) return false;
            time = hour * Hour + minute * Minute;
            if (Skip(text, ref at, ':'))
            {
                if (!TryDigits(text, ref at, 2, out var second) || second > 59) return false;
                time += second * Second;
                if (Skip(text, ref at, '.'))
                {
                    var first = at;
                    for (var unit = Second / 10; at < text.Length && char.IsAsciiDigit(text[at]); unit /= 10)
                        time += (text[at++] - '0') * unit; // digits beyond the sixth have unit 0: rounded down
                    if (at == first) return false;
                }
            }
            if (!TryOffset(text, ref at, out var offset)) return false;
            time -= offset;
        }
        if (at != text.Length) return false;
        var whole = (Int128)days * Day + time;
        if (whole < long.MinValue || whole > long.MaxValue) return false;
        micros = (long)whole;
        return true;
    }

    /// <summary>Reads <c>2026-11-01</c> as days since 1970.</summary>
    public static bool TryParseDate(ReadOnlySpan<char> text, out int days)
    {
        var at = 0;
        return TryDate(text, ref at, out days) && at == text.Length;
    }

    static bool TryDate(ReadOnlySpan<char> text, ref int at, out int days)
    {
        days = 0;
        var sign = 1;
        var digits = 4;
        if (at < text.Length && text[at] is '+' or '-')
        {
            sign = text[at++] == '-' ? -1 : 1;
            digits = 0;
            while (at + digits < text.Length && char.IsAsciiDigit(text[at + digits])) digits++;
            if (digits is < 4 or > 6) return false;
        }
        if (!TryDigits(text, ref at, digits, out var year) || !Skip(text, ref at, '-')
            || !TryDigits(text, ref at, 2, out var month) || month is < 1 or > 12 || !Skip(text, ref at, '-')
            || !TryDigits(text, ref at, 2, out var day) || day < 1) return false;
        year *= sign;
        if (day > DaysInMonth(year, month)) return false;
        days = DaysFromCivil(year, month, day);
        return true;
    }

    static bool TryOffset(ReadOnlySpan<char> text, ref int at, out long offset)
    {
        offset = 0;
        if (at == text.Length) return true;
        if (text[at] is 'Z' or 'z') { at++; return true; }
        if (text[at] is not ('+' or '-')) return false;
        var sign = text[at++] == '-' ? -1 : 1;
        if (!TryDigits(text, ref at, 2, out var hours) || hours > 23) return false;
        Skip(text, ref at, ':');
        var minutes = 0;
        if (at < text.Length && (!TryDigits(text, ref at, 2, out minutes) || minutes > 59)) return false;
        offset = sign * (hours * Hour + minutes * Minute);
        return true;
    }

    static bool Skip(ReadOnlySpan<char> text, ref int at, char expected)
    {
        if (at >= text.Length || text[at] != expected) return false;
        at++;
        return true;
    }

    static bool TryDigits(ReadOnlySpan<char> text, ref int at, int count, out int value)
    {
        value = 0;
        if (at + count > text.Length) return false;
        for (var i = 0; i < count; i++)
        {
            var c = text[at + i];
            if (!char.IsAsciiDigit(c)) return false;
            value = value * 10 + (c - '0');
        }
        at += count;
        return true;
    }

    static bool IsLeap(int year) => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    public static int DaysInMonth(int year, int month) => month == 2 && IsLeap(year) ? 29 : month switch
    {
        2 => 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": proleptic Gregorian calendar, eras of 400 years.
    public static int DaysFromCivil(int year, int month, int day)
    {
        var y = month <= 2 ? year - 1 : year;
        var era = (y >= 0 ? y : y - 399) / 400;
        var yearOfEra = y - era * 400;
        var dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        var dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
        return era * 146097 + dayOfEra - 719468;
    }

    public static (int Year, int Month, int Day) Civil(int days)
    {
        long z = days + 719468L;
        var era = (z >= 0 ? z : z - 146096) / 146097;
        var dayOfEra = (int)(z - era * 146097);
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var mp = (5 * dayOfYear + 2) / 153;
        var month = mp < 10 ? mp + 3 : mp - 9;
        var year = (int)(yearOfEra + era * 400) + (month <= 2 ? 1 : 0);
        return (year, month, dayOfYear - (153 * mp + 2) / 5 + 1);
    }
}
