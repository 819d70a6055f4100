using System.Globalization;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

public enum ScalarKind : byte { Bool, Integer, Decimal, Float64, Float32, Timestamp, Date, String, Bytes, Text }

/// <summary>
/// One value as a source holds it, before it gets its declared type: what <see cref="Conversion"/> reads. <see cref="ScalarKind.Text"/> is a
/// value written as text because its file knows nothing else (CSV, JSON); <see cref="ScalarKind.String"/> is text by type.
/// </summary>
public readonly ref struct Scalar
{
    Scalar(ScalarKind kind, Int128 number, double real = 0, int scale = 0, ReadOnlySpan<byte> bytes = default)
    {
        (Kind, Number, Real, Scale) = (kind, number, real, scale);
        Bytes = bytes;
    }

    public ScalarKind Kind { get; }

    /// <summary>An integer, an unscaled decimal, microseconds, days, or 0 and 1.</summary>
    public Int128 Number { get; }
    public double Real { get; }
    public int Scale { get; }
    public ReadOnlySpan<byte> Bytes { get; }

    public static Scalar Bool(bool value) => new(ScalarKind.Bool, value ? 1 : 0);
    public static Scalar Integer(Int128 value) => new(ScalarKind.Integer, value);
    public static Scalar Decimal(Int128 unscaled, int scale) => new(ScalarKind.Decimal, unscaled, scale: scale);
    public static Scalar Float64(double value) => new(ScalarKind.Float64, 0, value);
    public static Scalar Float32(float value) => new(ScalarKind.Float32, 0, value);
    public static Scalar Timestamp(long micros) => new(ScalarKind.Timestamp, micros);
    public static Scalar Date(int days) => new(ScalarKind.Date, days);
    public static Scalar String(ReadOnlySpan<byte> utf8) => new(ScalarKind.String, 0, bytes: utf8);
    public static Scalar Blob(ReadOnlySpan<byte> bytes) => new(ScalarKind.Bytes, 0, bytes: bytes);
    public static Scalar Text(ReadOnlySpan<byte> utf8) => new(ScalarKind.Text, 0, bytes: utf8);

    /// <summary>As messages show it; long text is cut.</summary>
    public override string ToString() => Kind switch
    {
        ScalarKind.Bool => Number != 0 ? "true" : "false",
        ScalarKind.Decimal => Value.FormatDecimal(Number, Scale),
        ScalarKind.Float64 => Real.ToString("R", CultureInfo.InvariantCulture),
        ScalarKind.Float32 => ((float)Real).ToString("R", CultureInfo.InvariantCulture),
        ScalarKind.Timestamp => Instant.Format((long)Number),
        ScalarKind.Date => Instant.FormatDate((int)Number),
        ScalarKind.String or ScalarKind.Text => $"'{Encoding.UTF8.GetString(Bytes[..Math.Min(Bytes.Length, 200)])}{(Bytes.Length > 200 ? "…" : "")}'",
        ScalarKind.Bytes => $"0x{Convert.ToHexString(Bytes[..Math.Min(Bytes.Length, 100)])}{(Bytes.Length > 100 ? "…" : "")}",
        _ => Number.ToString(CultureInfo.InvariantCulture),
    };
}
