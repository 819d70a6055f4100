using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>
/// Gives a source's value its declared type, by S1 to S3: exactly, or not at all. What rounds is float64 to float32, because the author
/// declares it, and a fraction of an instant finer than a microsecond, downwards. A value that is not finite becomes null and is counted.
/// Text counts as the value that it writes: <c>5.0</c> is the int64 5, <c>0.1</c> the float64 nearest to it.
/// </summary>
public static class Conversion
{
    static readonly Int128 TwoTo127 = Int128.MaxValue;

    /// <summary>Whether any value of a kind can have a type: false is a mistake in the declaration, not in the data.</summary>
    public static bool Exists(ScalarKind from, FeatureType to) => to.Kind switch
    {
        TypeKind.String => true,
        TypeKind.Bytes => from is ScalarKind.Bytes or ScalarKind.String or ScalarKind.Text,
        TypeKind.Timestamp or TypeKind.Date => from is ScalarKind.Timestamp or ScalarKind.Date or ScalarKind.String or ScalarKind.Text,
        TypeKind.Bool => from is ScalarKind.Bool or ScalarKind.Integer or ScalarKind.String or ScalarKind.Text,
        TypeKind.List => from is ScalarKind.Text,
        _ => from is not (ScalarKind.Timestamp or ScalarKind.Date or ScalarKind.Bytes or ScalarKind.Bool),
    };

    /// <summary>Appends the value, or null where it is not finite, which is counted. False: it would lose something; a list may then be half appended.</summary>
    public static bool Append(in Scalar value, Column to, ref long nonFinite)
    {
        switch (to.Type.Kind)
        {
            case TypeKind.Bool:
                if (!TryBool(value, out var flag)) return false;
                ((FixedColumn<byte>)to).Append(flag ? (byte)1 : (byte)0);
                return true;
            case TypeKind.Int32 or TypeKind.Int64 or TypeKind.Decimal:
                return AppendExact(value, to, ref nonFinite);
            case TypeKind.Float64:
                return AppendFloat(value, to, false, ref nonFinite);
            case TypeKind.Float32:
                return AppendFloat(value, to, true, ref nonFinite);
            case TypeKind.Timestamp:
                if (!TryInstant(value, out var micros)) return false;
                ((FixedColumn<long>)to).Append(micros);
                return true;
            case TypeKind.Date:
                if (!TryDate(value, out var days)) return false;
                ((FixedColumn<int>)to).Append(days);
                return true;
            case TypeKind.String:
                return AppendText(value, (BytesColumn)to, ref nonFinite);
            case TypeKind.Bytes:
                return AppendBytes(value, (BytesColumn)to);
            default:
                return value.Kind == ScalarKind.Text && JsonValues.TryAppend(value.Bytes, to, ref nonFinite);
        }
    }

    static bool TryBool(in Scalar value, out bool flag)
    {
        flag = value.Number == 1;
        if (value.Kind is ScalarKind.Bool or ScalarKind.Integer) return value.Number == 0 || value.Number == 1;
        if (value.Kind is not (ScalarKind.String or ScalarKind.Text)) return false;
        flag = Ascii.EqualsIgnoreCase(value.Bytes, "true"u8) || value.Bytes.SequenceEqual("1"u8);
        return flag || Ascii.EqualsIgnoreCase(value.Bytes, "false"u8) || value.Bytes.SequenceEqual("0"u8);
    }

    static bool AppendExact(in Scalar value, Column to, ref long nonFinite)
    {
        Int128 number;
        var scale = to.Type.Scale;
        switch (value.Kind)
        {
            case ScalarKind.Integer:
                if (!TryRescale(value.Number, 0, scale, out number)) return false;
                break;
            case ScalarKind.Decimal:
                if (!TryRescale(value.Number, value.Scale, scale, out number)) return false;
                break;
            case ScalarKind.Float64 or ScalarKind.Float32:
                if (!double.IsFinite(value.Real)) return NonFinite(to, ref nonFinite);
                if (!ExactDouble.TryScale(value.Real, scale, out number)) return false;
                break;
            case ScalarKind.String or ScalarKind.Text:
                if (scale == 0 && Utf8Parser.TryParse(value.Bytes, out long plain, out var read) && read == value.Bytes.Length) number = plain;
                else if (NumberText.IsNonFinite(value.Bytes)) return NonFinite(to, ref nonFinite);
                else if (!NumberText.TryParse(value.Bytes, out var digits, out var exponent) || !TryRescale(digits, -exponent, scale, out number)) return false;
                break;
            default:
                return false;
        }
        switch (to)
        {
            case FixedColumn<int> ints when number >= int.MinValue && number <= int.MaxValue: ints.Append((int)number); return true;
            case FixedColumn<long> longs when number >= long.MinValue && number <= long.MaxValue: longs.Append((long)number); return true;
            case FixedColumn<Int128> decimals when Fits(number, to.Type.Precision): decimals.Append(number); return true;
            default: return false;
        }
    }

    static bool Fits(Int128 number, int precision)
        => (number < 0 ? (UInt128)(-(number + 1)) + 1 : (UInt128)number) < Value.PowerOfTen(precision);

    // number / 10^from = result / 10^to, exactly
    static bool TryRescale(Int128 number, int from, int to, out Int128 result)
    {
        result = number;
        for (; from < to && result != 0; from++)
        {
            if (result > TwoTo127 / 10 || result < -TwoTo127 / 10) return false;
            result *= 10;
        }
        for (; from > to && result != 0; from--)
        {
            if (result % 10 != 0) return false;
            result /= 10;
        }
        return true;
    }

    static bool AppendFloat(in Scalar value, Column to, bool single, ref long nonFinite)
    {
        double real;
        switch (value.Kind)
        {
            case ScalarKind.Float64 or ScalarKind.Float32:
                real = value.Real;
                break;
            case ScalarKind.Integer:
                if (!ExactDouble.TryFrom(value.Number, 0, out real) || (single && (float)real != real)) return false;
                break;
            case ScalarKind.Decimal:
                if (!ExactDouble.TryFrom(value.Number, value.Scale, out real) || (single && (float)real != real)) return false;
                break;
            case ScalarKind.String or ScalarKind.Text:
                if (NumberText.IsNonFinite(value.Bytes)) return NonFinite(to, ref nonFinite);
                if (!double.TryParse(value.Bytes, NumberStyles.Float, CultureInfo.InvariantCulture, out real)) return false;
                break;
            default:
                return false;
        }
        if (single)
        {
            var rounded = (float)real;
            if (!float.IsFinite(rounded)) return NonFinite(to, ref nonFinite);
            ((FixedColumn<float>)to).Append(rounded == 0 ? 0 : rounded); // -0, and what rounds to it, is zero
            return true;
        }
        if (!double.IsFinite(real)) return NonFinite(to, ref nonFinite);
        ((FixedColumn<double>)to).Append(real == 0 ? 0 : real);
        return true;
    }

    static bool NonFinite(Column to, ref long count)
    {
        to.AppendNull();
        count++;
        return true;
    }

    static bool TryInstant(in Scalar value, out long micros)
    {
        micros = (long)value.Number;
        switch (value.Kind)
        {
            case ScalarKind.Timestamp: return true;
            case ScalarKind.Date:
                var exact = value.Number * Instant.Day;
                micros = (long)exact;
                return micros == exact;
            case ScalarKind.String or ScalarKind.Text:
                Span<char> text = stackalloc char[64];
                return TryChars(value.Bytes, ref text) && Instant.TryParse(text, out micros);
            default: return false;
        }
    }

    static bool TryDate(in Scalar value, out int days)
    {
        days = (int)value.Number;
        if (value.Kind == ScalarKind.Date) return true;
        if (value.Kind is ScalarKind.String or ScalarKind.Text)
        {
            Span<char> text = stackalloc char[64];
            if (TryChars(value.Bytes, ref text) && Instant.TryParseDate(text, out days)) return true;
        }
        if (!TryInstant(value, out var micros) || micros % Instant.Day != 0) return false; // an instant is a date when it is midnight
        days = Instant.DayOf(micros);
        return true;
    }

    static bool TryChars(ReadOnlySpan<byte> utf8, ref Span<char> text)
    {
        if (utf8.Length > text.Length || !Ascii.IsValid(utf8)) return false;
        Ascii.ToUtf16(utf8, text, out var written);
        text = text[..written];
        return true;
    }

    static bool AppendText(in Scalar value, BytesColumn to, ref long nonFinite)
    {
        switch (value.Kind)
        {
            case ScalarKind.String:
                to.Append(value.Bytes);
                return true;
            case ScalarKind.Bytes or ScalarKind.Text:
                if (!Utf8.IsValid(value.Bytes)) return false;
                to.Append(value.Bytes);
                return true;
            case ScalarKind.Float64 or ScalarKind.Float32 when !double.IsFinite(value.Real):
                return NonFinite(to, ref nonFinite);
            default:
                to.Append((value.Kind is ScalarKind.Float64 or ScalarKind.Float32 && value.Real == 0 ? Scalar.Integer(0) : value).ToString());
                return true;
        }
    }

    static bool AppendBytes(in Scalar value, BytesColumn to)
    {
        switch (value.Kind)
        {
            case ScalarKind.Bytes or ScalarKind.String:
                to.Append(value.Bytes);
                return true;
            case ScalarKind.Text when Base64.IsValid(value.Bytes, out var length):
                var decoded = new byte[length];
                Base64.DecodeFromUtf8(value.Bytes, decoded, out _, out var written);
                to.Append(decoded.AsSpan(0, written));
                return true;
            default:
                return false;
        }
    }
}
