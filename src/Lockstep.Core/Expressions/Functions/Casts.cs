using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>What <c>cast</c> and <c>try_cast</c> compile to: <c>to T</c> cannot fail, <c>try T</c> gives null where it does.</summary>
static class Casts
{
    [Function("to int64", Hidden = true)]
    public static long ToInt64(bool value) => value ? 1 : 0;

    [Function("to float64", Hidden = true)]
    public static double ToFloat64(bool value) => value ? 1 : 0;

    [Function("to float64", Hidden = true)]
    public static double ToFloat64(long value) => value;

    [Function("to float64", Hidden = true)]
    public static double ToFloat64(Int128 unscaled, long scale)
    {
        // Both sides of the quotient are exact, so its one rounding is the only one. Powers of ten are exact up to 10^22.
        if (scale <= 22 && Int128.Abs(unscaled) <= 1L << 53) return (double)unscaled / (double)Value.PowerOfTen((int)scale);
        return double.Parse(Value.FormatDecimal(unscaled, (int)scale), CultureInfo.InvariantCulture);
    }

    [Function("to list<float64>", Hidden = true)]
    public static ListValue<double> ToFloat64s(Scratch scratch, ListValue<float> list)
    {
        var items = scratch.RentList<double>(list.Count, out var start);
        for (var i = 0; i < list.Count; i++) items[start + i] = list.Items[i] + 0.0;
        return list.WithItems(items, start);
    }

    [Function("to list<float64>", Hidden = true)]
    public static ListValue<double> ToFloat64s(Scratch scratch, ListValue<long> list)
    {
        var items = scratch.RentList<double>(list.Count, out var start);
        for (var i = 0; i < list.Count; i++) items[start + i] = list.Items[i];
        return list.WithItems(items, start);
    }

    [Function("to list<float64>", Hidden = true)]
    public static ListValue<double> ToFloat64s(Scratch scratch, ListValue<int> list)
    {
        var items = scratch.RentList<double>(list.Count, out var start);
        for (var i = 0; i < list.Count; i++) items[start + i] = list.Items[i];
        return list.WithItems(items, start);
    }

    [Function("to list<int64>", Hidden = true)]
    public static ListValue<long> ToInt64s(Scratch scratch, ListValue<int> list)
    {
        var items = scratch.RentList<long>(list.Count, out var start);
        for (var i = 0; i < list.Count; i++) items[start + i] = list.Items[i];
        return list.WithItems(items, start);
    }

    [Function("to timestamp", Hidden = true)]
    public static bool ToTimestamp(Days value, out Micros instant)
    {
        var micros = (Int128)value.Value * Instant.Day;
        instant = new(unchecked((long)micros));
        return micros == instant.Value;
    }

    [Function("to date", Hidden = true)]
    public static Days ToDate(Micros value) => new(Instant.DayOf(value.Value));

    [Function("to string", Hidden = true)]
    public static Utf8Text ToText(Scratch scratch, bool value) => scratch.Text(value ? "true"u8 : "false"u8);

    [Function("to string", Hidden = true)]
    public static Utf8Text ToText(Scratch scratch, long value)
    {
        Utf8Formatter.TryFormat(value, scratch.Rent(20), out var written);
        return scratch.Finish(written);
    }

    [Function("to string", Hidden = true)]
    public static Utf8Text ToText(Scratch scratch, double value)
    {
        value.TryFormat(scratch.Rent(32), out var written, "R", CultureInfo.InvariantCulture);
        return scratch.Finish(written);
    }

    [Function("to string", Hidden = true)]
    public static Utf8Text ToText(Scratch scratch, Int128 unscaled, long scale) => scratch.Text(Encoding.UTF8.GetBytes(Value.FormatDecimal(unscaled, (int)scale)));

    [Function("to string", Hidden = true)]
    public static Utf8Text ToText(Scratch scratch, Micros value)
    {
        Span<char> text = stackalloc char[40];
        Instant.TryFormat(value.Value, text, out var written);
        return scratch.Finish(Encoding.UTF8.GetBytes(text[..written], scratch.Rent(written)));
    }

    [Function("to string", Hidden = true)]
    public static Utf8Text ToText(Scratch scratch, Days value) => scratch.Text(Encoding.UTF8.GetBytes(Instant.FormatDate(value.Value)));

    [Function("try int64", Hidden = true)]
    public static bool TryInt64(double value, out long integer)
    {
        var rounded = Math.Round(value, MidpointRounding.ToEven);
        var fits = rounded is >= -9223372036854775808.0 and < 9223372036854775808.0;
        integer = fits ? (long)rounded : 0;
        return fits;
    }

    [Function("try int64", Hidden = true)]
    public static bool TryInt64(Int128 unscaled, long scale, out long integer)
    {
        var unit = (Int128)Value.PowerOfTen((int)scale);
        var (quotient, rest) = Int128.DivRem(unscaled, unit);
        var twice = Int128.Abs(rest) - (unit - Int128.Abs(rest)); // sign of |rest| - unit/2
        if (twice > 0 || (twice == 0 && !Int128.IsEvenInteger(quotient))) quotient += unscaled < 0 ? -1 : 1;
        integer = quotient >= long.MinValue && quotient <= long.MaxValue ? (long)quotient : 0;
        return quotient == integer;
    }

    [Function("try int64", Hidden = true)]
    public static bool TryInt64(Utf8Text text, out long integer)
        => Utf8Parser.TryParse(Plain(text), out integer, out var used) && used == Plain(text).Length && used > 0;

    [Function("try float64", Hidden = true)]
    public static bool TryFloat64(Utf8Text text, out double number)
        => double.TryParse(text.Span, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out number);

    [Function("try bool", Hidden = true)]
    public static bool TryBool(Utf8Text text, out bool value)
    {
        value = Ascii.EqualsIgnoreCase(text.Span, "true"u8);
        return value || Ascii.EqualsIgnoreCase(text.Span, "false"u8);
    }

    [Function("try timestamp", Hidden = true)]
    public static bool TryTimestamp(Utf8Text text, out Micros instant)
    {
        Span<char> chars = stackalloc char[64];
        instant = default;
        if (text.Length > chars.Length || !Ascii.IsValid(text.Span)) return false;
        var read = Instant.TryParse(chars[..Encoding.UTF8.GetChars(text.Span, chars)], out var micros);
        instant = new(micros);
        return read;
    }

    [Function("try date", Hidden = true)]
    public static bool TryDate(Utf8Text text, out Days date)
    {
        Span<char> chars = stackalloc char[16];
        date = default;
        if (text.Length > chars.Length || !Ascii.IsValid(text.Span)) return false;
        var read = Instant.TryParseDate(chars[..Encoding.UTF8.GetChars(text.Span, chars)], out var days);
        date = new(days);
        return read;
    }

    // A number may stand between blanks.
    static ReadOnlySpan<byte> Plain(Utf8Text text) => text.Span.Trim(" \t\r\n"u8);
}
