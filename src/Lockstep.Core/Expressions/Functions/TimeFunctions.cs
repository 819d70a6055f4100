using System.Runtime.CompilerServices;
using System.Text;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using NodaTime;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>
/// Time: UTC unless a zone is named (S17). Zones are those of the IANA database that the NodaTime package carries, so they do not
/// depend on the machine. A name that is no zone, or a unit that is none, gives null.
/// </summary>
[FunctionGroup("Time")]
static class TimeFunctions
{
    [Function("year", Summary = "The year.", Example = "year(timestamp '2024-02-29T12:00:00Z')", Gives = "2024")]
    public static long Year(Micros at) => Rows.Instant.Civil(Rows.Instant.DayOf(at.Value)).Year;

    [Function("quarter", Summary = "The quarter of the year, 1 to 4.", Example = "quarter(timestamp '2024-05-01T00:00:00Z')", Gives = "2")]
    public static long Quarter(Micros at) => (Month(at) + 2) / 3;

    [Function("month", Summary = "The month, 1 to 12.", Example = "month(timestamp '2024-02-29T12:00:00Z')", Gives = "2")]
    public static long Month(Micros at) => Rows.Instant.Civil(Rows.Instant.DayOf(at.Value)).Month;

    [Function("day", Summary = "The day of the month, 1 to 31.", Example = "day(timestamp '2024-02-29T12:00:00Z')", Gives = "29")]
    public static long Day(Micros at) => Rows.Instant.Civil(Rows.Instant.DayOf(at.Value)).Day;

    [Function("dayofweek", Summary = "The day of the week, 0 on Sunday to 6 on Saturday.", Example = "dayofweek(timestamp '2024-02-29T12:00:00Z')", Gives = "4")]
    public static long DayOfWeek(Micros at) => ((Rows.Instant.DayOf(at.Value) + 4) % 7 + 7) % 7;

    [Function("dayofyear", Summary = "The day of the year, 1 to 366.", Example = "dayofyear(timestamp '2024-02-29T12:00:00Z')", Gives = "60")]
    public static long DayOfYear(Micros at)
    {
        var day = Rows.Instant.DayOf(at.Value);
        return day - Rows.Instant.DaysFromCivil(Rows.Instant.Civil(day).Year, 1, 1) + 1;
    }

    [Function("week", Summary = "The week of ISO 8601, 1 to 53: the first is that with the year's first Thursday.", Example = "week(timestamp '2021-01-03T00:00:00Z')", Gives = "53")]
    public static long Week(Micros at)
    {
        var day = Rows.Instant.DayOf(at.Value);
        var thursday = day + 3 - (int)((DayOfWeek(at) + 6) % 7);
        return (thursday - Rows.Instant.DaysFromCivil(Rows.Instant.Civil(thursday).Year, 1, 1)) / 7 + 1;
    }

    [Function("hour", Summary = "The hour, 0 to 23.", Example = "hour(timestamp '2024-02-29T13:05:07Z')", Gives = "13")]
    public static long Hour(Micros at) => OfDay(at) / Rows.Instant.Hour;

    [Function("minute", Summary = "The minute, 0 to 59.", Example = "minute(timestamp '2024-02-29T13:05:07Z')", Gives = "5")]
    public static long Minute(Micros at) => OfDay(at) / Rows.Instant.Minute % 60;

    [Function("second", Summary = "The second, 0 to 59.", Example = "second(timestamp '2024-02-29T13:05:07Z')", Gives = "7")]
    public static long Second(Micros at) => OfDay(at) / Rows.Instant.Second % 60;

    static long OfDay(Micros at)
    {
        var rest = at.Value % Rows.Instant.Day;
        return rest < 0 ? rest + Rows.Instant.Day : rest;
    }

    [Function("is_weekend", Summary = "Whether it is a Saturday or a Sunday.", Example = "is_weekend(timestamp '2024-03-02T00:00:00Z')", Gives = "true")]
    public static bool IsWeekend(Micros at) => DayOfWeek(at) is 0 or 6;

    [Function("in_zone", Summary = "The clock of a zone at the instant, as if it were UTC: hour(in_zone(t, 'America/New_York')) is the hour there. Null for a name that is no zone.", Example = "hour(in_zone(timestamp '2024-07-01T12:00:00Z', 'America/New_York'))", Gives = "8")]
    public static bool InZone(Micros at, [Prepared(nameof(Zone))] Utf8Text zone, out Micros local)
    {
        local = at;
        return Zone(zone) is { } found && InZone(at, found, out local);
    }

    static bool InZone(Micros at, DateTimeZone found, out Micros local)
    {
        local = at;
        if (!TryNoda(at.Value, out var instant)) return false;
        local = new(at.Value + found.GetUtcOffset(instant).Ticks / 10);
        return true;
    }

    // Asked with the bytes of the name, kept by their text: names are constants in practice.
    [ThreadStatic] static (byte[] Name, DateTimeZone? Zone) s_last;

    static DateTimeZone? Zone(Utf8Text name)
    {
        if (s_last.Name is not null && name.Span.SequenceEqual(s_last.Name)) return s_last.Zone;
        s_last = (name.Span.ToArray(), DateTimeZoneProviders.Tzdb.GetZoneOrNull(name.ToString()));
        return s_last.Zone;
    }

    static bool TryNoda(long micros, out NodaTime.Instant instant)
    {
        instant = default;
        if (micros is < -377_673_580_800_000_000 or > 253_402_300_799_999_999) return false; // NodaTime's years
        instant = NodaTime.Instant.FromUnixTimeTicks(micros * 10);
        return true;
    }

    [Function("date_trunc", Summary = "The instant rounded down to a unit (second, minute, hour, day, week from Monday, month, quarter, year), before 1970 too; null for another unit.", Example = "date_trunc('hour', timestamp '1969-12-31T23:59:59Z')", Gives = "1969-12-31T23:00:00Z")]
    public static bool DateTrunc([Prepared(nameof(Unit))] Utf8Text unit, Micros at, out Micros truncated)
    {
        truncated = at;
        return Unit(unit) is { } found && DateTrunc(found, at, out truncated);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // the unit is a constant: what is left is its own line
    static bool DateTrunc(TimeUnit unit, Micros at, out Micros truncated)
    {
        truncated = new(unit <= TimeUnit.Day ? Rows.Instant.Floor(at.Value, Width(unit)) : TruncateByCalendar(unit, at.Value));
        return true;
    }

    [Function("date_diff", Summary = "How many boundaries of a unit lie between two instants, negative when the second is earlier; null for another unit.", Example = "date_diff('day', timestamp '2024-02-28T23:00:00Z', timestamp '2024-03-01T01:00:00Z')", Gives = "2")]
    public static bool DateDiff([Prepared(nameof(Unit))] Utf8Text unit, Micros from, Micros to, out long boundaries)
    {
        boundaries = 0;
        return Unit(unit) is { } found && DateDiff(found, from, to, out boundaries);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool DateDiff(TimeUnit unit, Micros from, Micros to, out long boundaries)
    {
        boundaries = unit <= TimeUnit.Day
            ? FloorDivide(to.Value, Width(unit)) - FloorDivide(from.Value, Width(unit))
            : Ordinal(unit, to.Value) - Ordinal(unit, from.Value);
        return true;
    }

    [Function("date_add", Summary = "n units later (earlier when negative); a day that a month lacks becomes its last. Null beyond the range of instants.", Example = "date_add('month', 1, timestamp '2024-01-31T08:00:00Z')", Gives = "2024-02-29T08:00:00Z")]
    public static bool DateAdd([Prepared(nameof(Unit))] Utf8Text unit, long n, Micros at, out Micros later)
    {
        later = at;
        return Unit(unit) is { } found && DateAdd(found, n, at, out later);
    }

    static bool DateAdd(TimeUnit found, long n, Micros at, out Micros later)
    {
        later = at;
        if (n is > 400_000_000_000_000 or < -400_000_000_000_000) return false;
        Int128 result;
        if (found is TimeUnit.Month or TimeUnit.Quarter or TimeUnit.Year)
        {
            var (year, month, day) = Rows.Instant.Civil(Rows.Instant.DayOf(at.Value));
            var months = year * 12L + month - 1 + n * found switch { TimeUnit.Month => 1, TimeUnit.Quarter => 3, _ => 12 };
            var newYear = Math.DivRem(months, 12, out var newMonth);
            if (newMonth < 0) { newMonth += 12; newYear--; }
            if (newYear is < -290_000 or > 290_000) return false;
            day = Math.Min(day, Rows.Instant.DaysInMonth((int)newYear, (int)newMonth + 1));
            result = (Int128)Rows.Instant.DaysFromCivil((int)newYear, (int)newMonth + 1, day) * Rows.Instant.Day + OfDay(at);
        }
        else result = at.Value + (Int128)n * Width(found);
        if (result < long.MinValue || result > long.MaxValue) return false;
        later = new((long)result);
        return true;
    }

    enum TimeUnit { Second, Minute, Hour, Day, Week, Month, Quarter, Year }

    static TimeUnit? Unit(Utf8Text name)
    {
        var span = name.Span;
        if (span.Length > 1 && span[^1] == 's') span = span[..^1];
        for (var unit = 0; unit < s_units.Length; unit++)
            if (Ascii.EqualsIgnoreCase(span, s_units[unit])) return (TimeUnit)unit;
        return null;
    }

    static readonly string[] s_units = Enum.GetNames<TimeUnit>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long Width(TimeUnit unit) => unit switch
    {
        TimeUnit.Second => Rows.Instant.Second,
        TimeUnit.Minute => Rows.Instant.Minute,
        TimeUnit.Hour => Rows.Instant.Hour,
        TimeUnit.Day => Rows.Instant.Day,
        _ => 7 * Rows.Instant.Day,
    };

    // The number of the unit that holds the instant, counted from that of 1970.
    static long Ordinal(TimeUnit unit, long micros)
    {
        if (unit is TimeUnit.Month or TimeUnit.Quarter or TimeUnit.Year)
        {
            var (year, month, _) = Rows.Instant.Civil(Rows.Instant.DayOf(micros));
            return unit switch { TimeUnit.Month => year * 12L + month, TimeUnit.Quarter => year * 4L + (month + 2) / 3, _ => year };
        }
        if (unit == TimeUnit.Week) return FloorDivide(Rows.Instant.DayOf(micros) + 3, 7); // 1969-12-29 was a Monday
        return FloorDivide(micros, Width(unit));
    }

    static long FloorDivide(long a, long b) => a / b - (a % b < 0 ? 1 : 0);

    static long TruncateByCalendar(TimeUnit unit, long micros)
    {
        var (year, month, _) = Rows.Instant.Civil(Rows.Instant.DayOf(micros));
        return unit switch
        {
            TimeUnit.Month => Rows.Instant.DaysFromCivil(year, month, 1) * Rows.Instant.Day,
            TimeUnit.Quarter => Rows.Instant.DaysFromCivil(year, (month - 1) / 3 * 3 + 1, 1) * Rows.Instant.Day,
            TimeUnit.Year => Rows.Instant.DaysFromCivil(year, 1, 1) * Rows.Instant.Day,
            _ => (Ordinal(unit, micros) * 7 - 3) * Rows.Instant.Day, // weeks
        };
    }

    [Function("epoch", Summary = "Seconds since 1970, with their fraction.", Example = "epoch(timestamp '1970-01-01T00:00:01.5Z')", Gives = "1.5")]
    public static double Epoch(Micros at) => at.Value / 1e6;

    [Function("epoch_us", Summary = "Microseconds since 1970, exactly.", Example = "epoch_us(timestamp '1970-01-01T00:00:01Z')", Gives = "1000000")]
    public static long EpochMicros(Micros at) => at.Value;

    [Function("from_epoch_us", Summary = "The instant so many microseconds after 1970.", Example = "from_epoch_us(1000000)", Gives = "1970-01-01T00:00:01Z")]
    public static Micros FromEpochMicros(long micros) => new(micros);

    [Function("seconds_between", Summary = "Seconds from the first instant to the second, with their fraction.", Formula = "(b - a) / 1,000,000 in microseconds", Example = "seconds_between(timestamp '2024-01-01T00:00:00Z', timestamp '2024-01-01T01:00:00Z')", Gives = "3600")]
    public static double SecondsBetween(Micros a, Micros b) => (double)((Int128)b.Value - a.Value) / 1e6;

    [Function("age", Summary = "Whole years from the first instant to the second; someone born on 29 February has a birthday on 1 March of other years.", Example = "age(timestamp '2000-06-15T00:00:00Z', timestamp '2024-06-14T00:00:00Z')", Gives = "23")]
    public static long Age(Micros from, Micros to)
    {
        var (fromYear, fromMonth, fromDay) = Rows.Instant.Civil(Rows.Instant.DayOf(from.Value));
        var (year, month, day) = Rows.Instant.Civil(Rows.Instant.DayOf(to.Value));
        return year - fromYear - ((month, day, OfDay(to)).CompareTo((fromMonth, fromDay, OfDay(from))) < 0 ? 1 : 0);
    }

    const string BusinessSummary = "Whether the zone's clock shows Monday to Friday, from the first hour on and before the second, on no holiday (dates like '2024-12-25'); null for a name that is no zone.";

    [Function("is_business_time", Summary = BusinessSummary, Example = "is_business_time(timestamp '2024-12-25T15:00:00Z', 'America/New_York', 9, 17, ['2024-12-25'])", Gives = "false")]
    public static bool IsBusinessTime(Micros at, Utf8Text zone, long open, long close, ListValue<Utf8Text> holidays, out bool within)
    {
        within = false;
        if (!InZone(at, zone, out var local)) return false;
        within = Hour(local) >= open && Hour(local) < close && IsBusinessDay(Rows.Instant.DayOf(local.Value), holidays);
        return true;
    }

    [Function("is_business_time", Summary = BusinessSummary, Example = "is_business_time(timestamp '2024-12-24T15:00:00Z', 'America/New_York', 9, 17)", Gives = "true")]
    public static bool IsBusinessTime(Micros at, Utf8Text zone, long open, long close, out bool within) => IsBusinessTime(at, zone, open, close, default, out within);

    const string BusinessHoursSummary = "How many business hours of the zone lie between two instants, with their fraction, negative when the second is earlier: Monday to Friday from one hour to another, on no holiday. Where the clock is put back or forward within them, an hour is what really passed. Null for a name that is no zone, hours outside of 0 to 24, years outside of 1 to 9998, and instants over ten years apart.";

    [Function("business_hours_between", Summary = BusinessHoursSummary, Example = "business_hours_between(timestamp '2024-12-24T21:00:00Z', timestamp '2024-12-26T15:30:00Z', 'America/New_York', 9, 17, ['2024-12-25'])", Gives = "2.5")]
    public static bool BusinessHoursBetween(Micros from, Micros to, Utf8Text zone, long open, long close, ListValue<Utf8Text> holidays, out double hours)
    {
        hours = 0;
        if (from.Value > to.Value)
        {
            var there = BusinessHoursBetween(to, from, zone, open, close, holidays, out hours);
            hours = -hours;
            return there;
        }
        if (Year(from) < 1 || Year(to) > 9998) return false; // a day beyond, and NodaTime has no dates
        if (Zone(zone) is not { } found || !InZone(from, zone, out var first) || !InZone(to, zone, out var last)) return false;
        if (open < 0 || close > 24 || open > close || (Int128)to.Value - from.Value > 3_660L * Rows.Instant.Day) return false;
        long micros = 0;
        for (var day = Rows.Instant.DayOf(first.Value); day <= Rows.Instant.DayOf(last.Value); day++)
        {
            if (!IsBusinessDay(day, holidays)) continue;
            var begin = Math.Max(from.Value, AtLocal(found, day, open));
            var end = Math.Min(to.Value, AtLocal(found, day, close));
            if (end > begin) micros += end - begin;
        }
        hours = micros / 3.6e9;
        return true;
    }

    [Function("business_hours_between", Summary = BusinessHoursSummary, Example = "business_hours_between(timestamp '2024-07-05T20:00:00Z', timestamp '2024-07-08T14:00:00Z', 'America/New_York', 9, 17)", Gives = "2")]
    public static bool BusinessHoursBetween(Micros from, Micros to, Utf8Text zone, long open, long close, out double hours) => BusinessHoursBetween(from, to, zone, open, close, default, out hours);

    /// <summary>When the zone's clock shows an hour of a day; one that is skipped is as much later, of one that comes twice it is the first.</summary>
    static long AtLocal(DateTimeZone zone, int day, long hour)
        => zone.AtLeniently(new LocalDate(1970, 1, 1).PlusDays(day + (int)(hour / 24)).At(new LocalTime((int)(hour % 24), 0))).ToInstant().ToUnixTimeTicks() / 10;

    static bool IsBusinessDay(int day, ListValue<Utf8Text> holidays)
    {
        if (IsWeekend(new(day * Rows.Instant.Day))) return false;
        var (year, month, dayOfMonth) = Rows.Instant.Civil(day);
        if (year is < 0 or > 9999) return true;
        Span<byte> date = stackalloc byte[10];
        (date[0], date[1], date[2], date[3], date[4]) = (Digit(year / 1000), Digit(year / 100), Digit(year / 10), Digit(year), (byte)'-');
        (date[5], date[6], date[7], date[8], date[9]) = (Digit(month / 10), Digit(month), (byte)'-', Digit(dayOfMonth / 10), Digit(dayOfMonth));
        foreach (var holiday in holidays.Items)
            if (holiday.Span.SequenceEqual(date)) return false;
        return true;

        static byte Digit(int number) => (byte)('0' + number % 10);
    }
}
