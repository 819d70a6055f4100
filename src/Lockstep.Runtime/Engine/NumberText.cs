using System.Text;

namespace Lockstep.Runtime.Engine;

/// <summary>Numbers written in digits, read exactly.</summary>
static class NumberText
{
    /// <summary>The texts that stand for a value that is not finite (S3).</summary>
    public static bool IsNonFinite(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 3 or > 9) return false;
        if (text[0] is (byte)'-' or (byte)'+') text = text[1..];
        return Ascii.EqualsIgnoreCase(text, "nan"u8) || Ascii.EqualsIgnoreCase(text, "inf"u8) || Ascii.EqualsIgnoreCase(text, "infinity"u8);
    }

    /// <summary>digits * 10^exponent; false if it is no number or has more than 38 significant digits.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Int128 digits, out int exponent)
    {
        digits = 0;
        exponent = 0;
        var at = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+') negative = text[at++] == '-';
        var (any, point, zeros, significant) = (false, false, 0, 0);
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c == '.' && !point) { point = true; continue; }
            if (c is < (byte)'0' or > (byte)'9') break;
            any = true;
            if (point) exponent--;
            if (c == '0') { zeros++; continue; } // taken in only when a digit follows, so that trailing zeros cost no digits
            significant += significant == 0 ? 1 : zeros + 1;
            if (significant > 38) return false;
            for (; zeros > 0; zeros--) digits *= 10;
            digits = digits * 10 + (c - '0');
        }
        exponent += zeros;
        if (digits == 0) exponent = 0;
        if (!any) return false;
        if (at < text.Length)
        {
            if (text[at] is not ((byte)'e' or (byte)'E')) return false;
            if (!System.Buffers.Text.Utf8Parser.TryParse(text[(at + 1)..], out int power, out var read) || read == 0 || at + 1 + read != text.Length) return false;
            if (digits != 0 && Math.Abs((long)power) > 10_000) return false;
            if (digits != 0) exponent += power;
        }
        if (negative) digits = -digits;
        return true;
    }
}
