using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Lockstep.Core.Aggregation.Exact;

namespace Lockstep.Core.Rows;

/// <summary>
/// One value of any type, or null: for defaults, requests, tests and printing. Column and row code works on spans instead.
/// Equality means equal type and equal bits.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct Value : IEquatable<Value>
{
    readonly Words128 _bits;    // integers, instants, days and decimals as they are; floats by their bits
    readonly object? _object;   // string, byte[] or Value[]
    readonly TypeKind _kind;    // 0: null
    readonly byte _scale;

    Value(TypeKind kind, Words128 bits, object? obj = null, byte scale = 0) => (_kind, _bits, _object, _scale) = (kind, bits, obj, scale);

    public static Value Null => default;
    public static Value Of(bool value) => new(TypeKind.Bool, value ? 1 : 0);
    public static Value Of(int value) => new(TypeKind.Int32, value);
    public static Value Of(long value) => new(TypeKind.Int64, value);
    public static Value Of(float value) => new(TypeKind.Float32, BitConverter.SingleToInt32Bits(value));
    public static Value Of(double value) => new(TypeKind.Float64, BitConverter.DoubleToInt64Bits(value));
    public static Value Of(string value) => new(TypeKind.String, 0, value ?? throw new ArgumentNullException(nameof(value)));
    public static Value Of(byte[] value) => new(TypeKind.Bytes, 0, value ?? throw new ArgumentNullException(nameof(value)));
    public static Value Timestamp(long micros) => new(TypeKind.Timestamp, micros);
    public static Value Date(int days) => new(TypeKind.Date, days);
    public static Value Decimal(Int128 unscaled, int scale) => new(TypeKind.Decimal, unscaled, scale: (byte)scale);
    public static Value List(params Value[] elements) => new(TypeKind.List, 0, elements ?? throw new ArgumentNullException(nameof(elements)));

    public bool IsNull => _kind == 0;

    /// <summary>The kind; meaningless for null.</summary>
    public TypeKind Kind => _kind;

    public bool AsBool => Expect(TypeKind.Bool) && _bits.Low != 0;
    public int AsInt32 => Expect(TypeKind.Int32) ? (int)_bits.Low : 0;
    public float AsFloat32 => Expect(TypeKind.Float32) ? BitConverter.Int32BitsToSingle((int)_bits.Low) : 0;
    public double AsFloat64 => Expect(TypeKind.Float64) ? BitConverter.Int64BitsToDouble((long)_bits.Low) : 0;
    public string AsString => (string)_object!;
    public byte[] AsBytes => (byte[])_object!;
    public Value[] AsList => (Value[])_object!;
    public Int128 AsDecimal => Expect(TypeKind.Decimal) ? _bits : 0;
    public int DecimalScale => _scale;

    /// <summary>An int64, int32, timestamp (microseconds) or date (days), widened.</summary>
    public long AsInt64 => _kind is TypeKind.Int64 or TypeKind.Int32 or TypeKind.Timestamp or TypeKind.Date
        ? (long)_bits.Low
        : throw new InvalidOperationException($"The value is {_kind}, not an integer.");

    bool Expect(TypeKind kind) => _kind == kind ? true : throw new InvalidOperationException($"The value is {_kind}, not {kind}.");

    public bool Equals(Value other)
    {
        if (_kind != other._kind || _bits != other._bits || _scale != other._scale) return false;
        return _kind switch
        {
            TypeKind.String => string.Equals(AsString, other.AsString, StringComparison.Ordinal),
            TypeKind.Bytes => AsBytes.AsSpan().SequenceEqual(other.AsBytes),
            TypeKind.List => AsList.AsSpan().SequenceEqual(other.AsList),
            _ => true,
        };
    }

    public override bool Equals(object? obj) => obj is Value other && Equals(other);
    public override int GetHashCode() => _kind == TypeKind.String ? AsString.GetHashCode(StringComparison.Ordinal) : HashCode.Combine(_kind, _bits);
    public static bool operator ==(Value left, Value right) => left.Equals(right);
    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    /// <summary>
    /// The order of S6: null lowest, false before true, numbers by value, text and bytes byte by byte (UTF-8),
    /// lists element by element with the shorter first. Both sides have the same type.
    /// </summary>
    public static int CompareForNewest(Value left, Value right)
    {
        if (left.IsNull || right.IsNull) return (left.IsNull ? 0 : 1) - (right.IsNull ? 0 : 1);
        switch (left._kind)
        {
            case TypeKind.Float32: return left.AsFloat32.CompareTo(right.AsFloat32);
            case TypeKind.Float64: return left.AsFloat64.CompareTo(right.AsFloat64);
            case TypeKind.String: return Encoding.UTF8.GetBytes(left.AsString).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right.AsString));
            case TypeKind.Bytes: return left.AsBytes.AsSpan().SequenceCompareTo(right.AsBytes);
            case TypeKind.List:
                var (a, b) = (left.AsList, right.AsList);
                for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
                    if (CompareForNewest(a[i], b[i]) is var order and not 0) return order;
                return a.Length.CompareTo(b.Length);
            default: return left._bits.CompareTo(right._bits);
        }
    }

    /// <summary>The text formats of the interfaces: RFC 3339, shortest floats, base64, lists in brackets; null is <c>null</c>.</summary>
    public override string ToString() => _kind switch
    {
        0 => "null",
        TypeKind.Bool => AsBool ? "true" : "false",
        TypeKind.Float32 => ShortestFloat.Format(AsFloat32),
        TypeKind.Float64 => ShortestFloat.Format(AsFloat64),
        TypeKind.String => AsString,
        TypeKind.Bytes => Convert.ToBase64String(AsBytes),
        TypeKind.Timestamp => Instant.Format((long)_bits.Low),
        TypeKind.Date => Instant.FormatDate((int)_bits.Low),
        TypeKind.Decimal => FormatDecimal(_bits, _scale),
        TypeKind.List => "[" + string.Join(", ", AsList.Select(v => v.Kind == TypeKind.String ? $"\"{v}\"" : v.ToString())) + "]",
        _ => ((long)_bits.Low).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>All digits of the scale: <c>(12340, 3)</c> is <c>12.340</c>.</summary>
    public static string FormatDecimal(Int128 unscaled, int scale)
    {
        var digits = (unscaled < 0 ? (UInt128)(-(unscaled + 1)) + 1 : (UInt128)unscaled).ToString(CultureInfo.InvariantCulture);
        if (scale > 0)
        {
            digits = digits.PadLeft(scale + 1, '0');
            digits = digits[..^scale] + "." + digits[^scale..];
        }
        return unscaled < 0 ? "-" + digits : digits;
    }

    /// <summary>Reads a decimal of at most 38 digits exactly; false if it has more digits after the point than the scale.</summary>
    public static bool TryParseDecimal(ReadOnlySpan<char> text, int precision, int scale, out Int128 unscaled)
    {
        unscaled = 0;
        var at = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is '-' or '+') negative = text[at++] == '-';
        int digits = 0, after = -1;
        UInt128 value = 0;
        for (; at < text.Length; at++)
        {
            if (text[at] == '.' && after < 0) { after = 0; continue; }
            if (!char.IsAsciiDigit(text[at])) return false;
            digits++;
            if (after >= scale) { if (text[at] != '0') return false; continue; }
            if (after >= 0) after++;
            if (value > UInt128.MaxValue / 10 - 1) return false;
            value = value * 10 + (uint)(text[at] - '0');
        }
        if (digits == 0) return false;
        for (var i = Math.Max(after, 0); i < scale; i++)
        {
            if (value > UInt128.MaxValue / 10 - 1) return false;
            value *= 10;
        }
        if (value >= PowerOfTen(precision)) return false;
        unscaled = negative ? -(Int128)value : (Int128)value;
        return true;
    }

    public static UInt128 PowerOfTen(int exponent)
    {
        UInt128 power = 1;
        for (var i = 0; i < exponent; i++) power *= 10;
        return power;
    }
}
