using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>A column of the spine and a feature that have been equal so far, wherever both have a value; numbers of any type by exact value.</summary>
internal sealed class EqualColumns(int label, int feature)
{
    Value _first;

    public int Label => label;
    public int Feature => feature;

    /// <summary>Rows in which both have a value.</summary>
    public long Rows { get; private set; }

    /// <summary>Whether there was more than one value: two constants may well be equal.</summary>
    public bool Varies { get; private set; }

    public static bool AreComparable(FeatureType one, FeatureType other) => one == other || (IsNumber(one) && IsNumber(other));

    /// <summary>False: they differ somewhere in this batch.</summary>
    public bool HoldsIn(ColumnBatch batch)
    {
        var (one, other) = (batch[label], batch[feature]);
        var sameType = one.Type == other.Type;
        for (var row = 0; row < one.Count; row++)
        {
            if (one.IsNull(row) || other.IsNull(row)) continue;
            if (sameType ? one.Compare(row, other, row) != 0 : !AreEqual(one.GetValue(row), other.GetValue(row))) return false;
            if (!Varies)
            {
                if (Rows == 0) _first = one.GetValue(row);
                Varies = _first != one.GetValue(row);
            }
            Rows++;
        }
        return true;
    }

    static bool IsNumber(FeatureType type) => type.IsInteger || type.IsFloat || type.Kind == TypeKind.Bool;

    static bool AreEqual(Value one, Value other)
    {
        var (a, b) = (AsDouble(one), AsDouble(other));
        // Integers beyond 2^53 are not all doubles: where both are whole, compare as integers.
        return a == b && (AsInteger(one) is not { } x || AsInteger(other) is not { } y || x == y);
    }

    static double AsDouble(Value value) => value.Kind switch
    {
        TypeKind.Bool => value.AsBool ? 1 : 0,
        TypeKind.Float32 => value.AsFloat32,
        TypeKind.Float64 => value.AsFloat64,
        _ => value.AsInt64,
    };

    static Int128? AsInteger(Value value) => value.Kind switch
    {
        TypeKind.Bool => value.AsBool ? 1 : 0,
        TypeKind.Int32 or TypeKind.Int64 => value.AsInt64,
        _ => AsDouble(value) is var d && Math.Abs(d) < 1e30 ? (Int128)d : null,
    };
}
