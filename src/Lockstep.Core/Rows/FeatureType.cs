using System.Globalization;

namespace Lockstep.Core.Rows;

/// <summary>
/// A type of S2: <c>bool, int32, int64, float32, float64, decimal(p,s), string, bytes, timestamp, date, list&lt;T&gt;</c>.
/// Compared by value; <see cref="ToString"/> gives the text that <see cref="TryParse"/> reads.
/// </summary>
public sealed record FeatureType
{
    public const int MaxPrecision = 38;

    public static readonly FeatureType Bool = new(TypeKind.Bool);
    public static readonly FeatureType Int32 = new(TypeKind.Int32);
    public static readonly FeatureType Int64 = new(TypeKind.Int64);
    public static readonly FeatureType Float32 = new(TypeKind.Float32);
    public static readonly FeatureType Float64 = new(TypeKind.Float64);
    public static readonly FeatureType String = new(TypeKind.String);
    public static readonly FeatureType Bytes = new(TypeKind.Bytes);
    public static readonly FeatureType Timestamp = new(TypeKind.Timestamp);
    public static readonly FeatureType Date = new(TypeKind.Date);

    FeatureType(TypeKind kind) => Kind = kind;

    public TypeKind Kind { get; }

    /// <summary>Digits in all; only for <see cref="TypeKind.Decimal"/>.</summary>
    public byte Precision { get; private init; }

    /// <summary>Digits after the point; only for <see cref="TypeKind.Decimal"/>.</summary>
    public byte Scale { get; private init; }

    /// <summary>The type of the elements; only for <see cref="TypeKind.List"/>.</summary>
    public FeatureType? Element { get; private init; }

    public bool IsFloat => Kind is TypeKind.Float32 or TypeKind.Float64;
    public bool IsInteger => Kind is TypeKind.Int32 or TypeKind.Int64;
    public bool IsNumeric => IsFloat || IsInteger || Kind == TypeKind.Decimal;

    /// <summary>Whether a join key may have this type (S4).</summary>
    public bool IsKey => Kind is TypeKind.String or TypeKind.Int32 or TypeKind.Int64 or TypeKind.Bytes or TypeKind.Bool;

    /// <summary>Bytes of one value in a column or row; 0 for text, bytes and lists, whose length varies.</summary>
    public int Width => Kind switch
    {
        TypeKind.Bool => 1,
        TypeKind.Int32 or TypeKind.Float32 or TypeKind.Date => 4,
        TypeKind.Int64 or TypeKind.Float64 or TypeKind.Timestamp => 8,
        TypeKind.Decimal => 16,
        _ => 0,
    };

    public static FeatureType Decimal(int precision, int scale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, MaxPrecision);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scale, precision);
        return new FeatureType(TypeKind.Decimal) { Precision = (byte)precision, Scale = (byte)scale };
    }

    public static FeatureType List(FeatureType element)
    {
        ArgumentNullException.ThrowIfNull(element);
        return new FeatureType(TypeKind.List) { Element = element };
    }

    public static FeatureType Parse(string text) => TryParse(text, out var type)
        ? type
        : throw new FormatException($"'{text}' is not a type. Types: {KnownNames}.");

    /// <summary>The list of types as an error message shows it.</summary>
    public const string KnownNames = "bool, int32, int64, float32, float64, decimal(p,s), string, bytes, timestamp, date, list<T>";

    /// <summary>The names without parameters, for "did you mean".</summary>
    public static IReadOnlyList<string> SimpleNames { get; } =
        ["bool", "int32", "int64", "float32", "float64", "string", "bytes", "timestamp", "date"];

    public static bool TryParse(string? text, out FeatureType type)
    {
        type = Bool;
        if (text is null) return false;
        text = text.Trim();
        FeatureType? found = text switch
        {
            "bool" => Bool,
            "int32" => Int32,
            "int64" => Int64,
            "float32" => Float32,
            "float64" => Float64,
            "string" => String,
            "bytes" => Bytes,
            "timestamp" => Timestamp,
            "date" => Date,
            _ => null,
        };
        if (found is null && text.StartsWith("list<", StringComparison.Ordinal) && text.EndsWith('>'))
            found = text.Length <= 200 && TryParse(text[5..^1], out var element) ? List(element) : null;
        if (found is null && text.StartsWith("decimal(", StringComparison.Ordinal) && text.EndsWith(')'))
        {
            var parts = text[8..^1].Split(',');
            if (parts.Length == 2
                && int.TryParse(parts[0].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var precision)
                && int.TryParse(parts[1].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var scale)
                && precision is >= 1 and <= MaxPrecision && scale <= precision)
                found = Decimal(precision, scale);
        }
        if (found is null) return false;
        type = found;
        return true;
    }

    public override string ToString() => Kind switch
    {
        TypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({Precision},{Scale})"),
        TypeKind.List => $"list<{Element}>",
        _ => Kind.ToString().ToLowerInvariant(),
    };
}
