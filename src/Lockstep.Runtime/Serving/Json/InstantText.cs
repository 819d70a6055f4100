using System.Runtime.CompilerServices;

namespace Lockstep.Runtime.Serving.Json;

/// <summary>Instants and dates as <see cref="Core.Rows.Instant.Format"/> has them, straight into UTF-8.</summary>
public static class InstantText
{
    const long FirstDay = -719_528;  // 0000-01-01
    const long LastDay = 2_932_896;  // 9999-12-31

    public static void Instant(Utf8Buffer to, long micros)
    {
        var day = Core.Rows.Instant.Floor(micros, Core.Rows.Instant.Day);
        var days = day / Core.Rows.Instant.Day;
        if (days is < FirstDay or > LastDay) { Slow(to, Core.Rows.Instant.Format(micros)); return; }
        var span = to.Room(27);
        Date(span, (int)days);
        var rest = micros - day;
        var seconds = (uint)(rest / Core.Rows.Instant.Second);
        span[10] = (byte)'T';
        Two(span, 11, seconds / 3600);
        span[13] = (byte)':';
        Two(span, 14, seconds / 60 % 60);
        span[16] = (byte)':';
        Two(span, 17, seconds % 60);
        var at = 19;
        var fraction = (uint)(rest - seconds * Core.Rows.Instant.Second);
        if (fraction != 0)
        {
            span[at++] = (byte)'.';
            for (var unit = 100_000u; fraction != 0; unit /= 10)
            {
                span[at++] = (byte)('0' + fraction / unit);
                fraction %= unit;
            }
        }
        span[at++] = (byte)'Z';
        to.Advance(at);
    }

    public static void Date(Utf8Buffer to, int days)
    {
        if (days is < (int)FirstDay or > (int)LastDay) { Slow(to, Core.Rows.Instant.FormatDate(days)); return; }
        Date(to.Room(10), days);
        to.Advance(10);
    }

    // Days to year, month and day by eras of 400 years that begin in March.
    static void Date(Span<byte> span, int days)
    {
        var shifted = (uint)(days + 719_468 + 146_097); // never negative from 0000-01-01 on
        var era = shifted / 146_097;
        var dayOfEra = shifted - era * 146_097;
        var yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var part = (5 * dayOfYear + 2) / 153;
        var day = dayOfYear - (153 * part + 2) / 5 + 1;
        var month = part < 10 ? part + 3 : part - 9;
        var year = yearOfEra + era * 400 - 400 + (month <= 2 ? 1u : 0u);
        Two(span, 0, year / 100);
        Two(span, 2, year % 100);
        span[4] = (byte)'-';
        Two(span, 5, month);
        span[7] = (byte)'-';
        Two(span, 8, day);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Two(Span<byte> to, int at, uint value)
    {
        to[at + 1] = (byte)('0' + value % 10);
        to[at] = (byte)('0' + value / 10);
    }

    static void Slow(Utf8Buffer to, string text) => to.Advance(System.Text.Encoding.ASCII.GetBytes(text, to.Room(text.Length)));
}
