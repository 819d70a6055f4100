using System.Buffers;
using System.Text;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Nulls and bounds of one column; of bools, bytes and lists only nulls.</summary>
internal class ColumnStatistics
{
    public long Nulls { get; private set; }

    public static ColumnStatistics Create(FeatureType type) => type.Kind switch
    {
        TypeKind.Int32 or TypeKind.Date => new RangeStatistics<int>(type),
        TypeKind.Int64 or TypeKind.Timestamp => new RangeStatistics<long>(type),
        TypeKind.Decimal => new RangeStatistics<Int128>(type),
        TypeKind.Float32 => new FloatStatistics<float>(),
        TypeKind.Float64 => new FloatStatistics<double>(),
        TypeKind.String => new TextStatistics(),
        _ => new ColumnStatistics(),
    };

    public virtual void Add(Column column) => Nulls += column.NullCount;

    public virtual void WriteLeast(Utf8JsonWriter json, string name) { }
    public virtual void WriteGreatest(Utf8JsonWriter json, string name) { }
}

/// <summary>Integers, decimals, dates and instants.</summary>
internal sealed class RangeStatistics<T>(FeatureType type) : ColumnStatistics where T : unmanaged, IComparable<T>
{
    // A reader that takes JSON numbers as doubles must still get the same number.
    const int ExactDigits = 15;

    static readonly long FirstInstant = Instant.Parse("0001-01-01"), LastInstant = Instant.Parse("9999-12-31T23:59:59.999");
    static readonly int FirstDay = Instant.DayOf(FirstInstant), LastDay = Instant.DayOf(LastInstant);

    T _least, _greatest;
    bool _any;

    public override void Add(Column column)
    {
        base.Add(column);
        var values = ((FixedColumn<T>)column).Values;
        for (var row = 0; row < values.Length; row++)
        {
            if (column.IsNull(row)) continue;
            var value = values[row];
            if (!_any) (_least, _greatest, _any) = (value, value, true);
            else if (value.CompareTo(_least) < 0) _least = value;
            else if (value.CompareTo(_greatest) > 0) _greatest = value;
        }
    }

    public override void WriteLeast(Utf8JsonWriter json, string name)
    {
        if (CanWrite) Write(json, name, _least, 0);
    }

    public override void WriteGreatest(Utf8JsonWriter json, string name)
    {
        if (CanWrite) Write(json, name, _greatest, Instant.Millisecond - 1);
    }

    // Years beyond four digits and decimals beyond doubles are spelled differently from reader to reader.
    bool CanWrite => _any && (_least, _greatest) switch
    {
        (long least, long greatest) when type.Kind == TypeKind.Timestamp => least >= FirstInstant && greatest <= LastInstant,
        (int least, int greatest) when type.Kind == TypeKind.Date => least >= FirstDay && greatest <= LastDay,
        (Int128 least, Int128 greatest) => Short(least) && Short(greatest),
        _ => true,
    };

    static bool Short(Int128 value) => value > -(Int128)Value.PowerOfTen(ExactDigits) && value < (Int128)Value.PowerOfTen(ExactDigits);

    void Write(Utf8JsonWriter json, string name, T value, long roundUp)
    {
        json.WritePropertyName(name);
        switch (value)
        {
            case int days when type.Kind == TypeKind.Date: json.WriteStringValue(Instant.FormatDate(days)); break;
            case int number: json.WriteNumberValue(number); break;
            case long micros when type.Kind == TypeKind.Timestamp: json.WriteStringValue(Milliseconds(Instant.Floor(micros + roundUp, Instant.Millisecond))); break;
            case long number: json.WriteNumberValue(number); break;
            case Int128 unscaled: json.WriteRawValue(Value.FormatDecimal(unscaled, type.Scale)); break;
        }
    }

    // Three digits always: readers keep no more, and cut what is finer in their own way.
    static string Milliseconds(long micros)
    {
        var text = Instant.Format(micros);
        return text.Contains('.', StringComparison.Ordinal) ? text[..^1].PadRight(23, '0') + "Z" : text[..^1] + ".000Z";
    }
}

/// <summary>Floating point: no bounds where a value is not finite. Of the two zeros the least is the negative one, if it occurs.</summary>
internal sealed class FloatStatistics<T> : ColumnStatistics where T : unmanaged, IComparable<T>, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    T _least = T.PositiveInfinity, _greatest = T.NegativeInfinity;
    bool _any, _notFinite;

    public override void Add(Column column)
    {
        base.Add(column);
        var values = ((FixedColumn<T>)column).Values;
        for (var row = 0; row < values.Length; row++)
        {
            if (column.IsNull(row)) continue;
            var value = values[row];
            if (!T.IsFinite(value)) { _notFinite = true; continue; }
            _any = true;
            if (value < _least || (value == _least && T.IsNegative(value))) _least = value;
            if (value > _greatest || (value == _greatest && !T.IsNegative(value))) _greatest = value;
        }
    }

    public override void WriteLeast(Utf8JsonWriter json, string name) => Write(json, name, _least);
    public override void WriteGreatest(Utf8JsonWriter json, string name) => Write(json, name, _greatest);

    void Write(Utf8JsonWriter json, string name, T value)
    {
        if (!_any || _notFinite) return;
        json.WritePropertyName(name);
        json.WriteRawValue(T.IsNegative(value) && T.IsZero(value) ? "-0.0" : value.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
    }
}

/// <summary>
/// Text, cut to <see cref="Characters"/> code points. A least value that is cut is still the least; a greatest one needs its last code
/// point raised by one, or it would be below what it was cut from.
/// </summary>
internal sealed class TextStatistics : ColumnStatistics
{
    public const int Characters = 32;
    const int KeptBytes = (Characters + 1) * 4;

    readonly byte[] _least = new byte[KeptBytes], _greatest = new byte[KeptBytes];
    int _leastLength = -1, _greatestLength = -1;

    public override void Add(Column column)
    {
        base.Add(column);
        var texts = (BytesColumn)column;
        for (var row = 0; row < texts.Count; row++)
        {
            if (texts.IsNull(row)) continue;
            var value = texts[row];
            if (value.Length > KeptBytes) value = value[..KeptBytes]; // more than the code points that count
            if (_leastLength < 0 || value.SequenceCompareTo(_least.AsSpan(0, _leastLength)) < 0) Keep(value, _least, ref _leastLength);
            if (_greatestLength < 0 || value.SequenceCompareTo(_greatest.AsSpan(0, _greatestLength)) > 0) Keep(value, _greatest, ref _greatestLength);
        }
    }

    static void Keep(ReadOnlySpan<byte> value, byte[] into, ref int length)
    {
        value.CopyTo(into);
        length = value.Length;
    }

    public override void WriteLeast(Utf8JsonWriter json, string name)
    {
        if (Bounds is var (least, greatest) && greatest is not null) json.WriteString(name, least);
    }

    public override void WriteGreatest(Utf8JsonWriter json, string name)
    {
        if (Bounds is var (_, greatest) && greatest is not null) json.WriteString(name, greatest);
    }

    (string Least, string? Greatest)? Bounds
        => _leastLength >= 0 && Cut(_least.AsSpan(0, _leastLength), out _) is { } least && Cut(_greatest.AsSpan(0, _greatestLength), out var wasCut) is { } greatest
            ? (Text(least), wasCut ? Raised(greatest) : Text(greatest)) : null;

    static List<Rune>? Cut(ReadOnlySpan<byte> utf8, out bool wasCut)
    {
        wasCut = false;
        List<Rune> runes = new(Characters);
        while (!utf8.IsEmpty)
        {
            if (runes.Count == Characters) { wasCut = true; break; }
            if (Rune.DecodeFromUtf8(utf8, out var rune, out var used) != OperationStatus.Done) return null; // not text: readers would differ
            runes.Add(rune);
            utf8 = utf8[used..];
        }
        return runes;
    }

    static string? Raised(List<Rune> runes)
    {
        for (var at = runes.Count - 1; at >= 0; at--)
            if (runes[at].Value < 0x10FFFF)
                return Text([.. runes.Take(at), new Rune(runes[at].Value == 0xD7FF ? 0xE000 : runes[at].Value + 1)]); // past the surrogates
        return null;
    }

    static string Text(List<Rune> runes) => string.Concat(runes);
}
