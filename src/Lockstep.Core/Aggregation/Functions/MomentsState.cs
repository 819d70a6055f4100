using System.Runtime.CompilerServices;
using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

/// <summary>How many values, how many outside of the range of S13, the exact sum of the others as integers, and that of their squares.</summary>
internal struct MomentsState
{
    public long Count;
    public long Outside;
    public Int192 Sum;
    public Int320 Squares;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Words128 value, bool squares)
    {
        Count++;
        Sum.Add(value);
        if (squares) Squares.AddSquare(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in MomentsState other, bool squares)
    {
        Count += other.Count;
        Outside += other.Outside;
        Sum.Add(other.Sum);
        if (squares) Squares.Add(other.Squares);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Subtract(in MomentsState other, bool squares)
    {
        Count -= other.Count;
        Outside -= other.Outside;
        Sum.Subtract(other.Sum);
        if (squares) Squares.Subtract(other.Squares);
    }
}

internal enum Moment : byte
{
    Sum,
    Avg,
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
}

/// <summary>The readings of <see cref="MomentsState"/> (S13), for one column type. Integers stand for value × 2^64 of floats, value × 10^scale of decimals.</summary>
internal static class Moments
{
    public static FeatureType TypeOf(Moment moment, FeatureType column) => moment != Moment.Sum || column.IsFloat ? FeatureType.Float64
        : column.Kind == TypeKind.Decimal ? FeatureType.Decimal(FeatureType.MaxPrecision, column.Scale) : FeatureType.Int64;

    public static readonly Int128 DecimalLimit = (Int128)Value.PowerOfTen(FeatureType.MaxPrecision);

    /// <summary>Any of them but the sum of integers and decimals; of at least one value, none outside.</summary>
    public static double Read(Moment moment, FeatureType column, in MomentsState state)
    {
        var exponent = column.IsFloat ? -64 : 0;
        var scale = column.Scale;
        switch (moment)
        {
            case Moment.Sum: return Rounding.ToDouble(state.Sum, exponent);
            case Moment.Avg:
                return scale == 0 ? Rounding.Divide(state.Sum, (ulong)state.Count, exponent)
                    : Rounding.Quotient(Rounding.ToBig(state.Sum), state.Count * System.Numerics.BigInteger.Pow(10, scale), 0);
            default:
                var variance = Rounding.Variance(state.Count, state.Sum, state.Squares, moment is Moment.VarSamp or Moment.StddevSamp, 2 * exponent, scale);
                return moment is Moment.StddevPop or Moment.StddevSamp ? Math.Sqrt(variance) : variance;
        }
    }

    /// <summary>The sum as the double nearest to it, whatever the type.</summary>
    public static double SumAsDouble(FeatureType column, in MomentsState state) => column.Scale > 0
        ? Rounding.Quotient(Rounding.ToBig(state.Sum), System.Numerics.BigInteger.Pow(10, column.Scale), 0)
        : Rounding.ToDouble(state.Sum, column.IsFloat ? -64 : 0);

    public static AggregateStatus AppendTo(Moment moment, FeatureType column, in MomentsState state, Column to)
    {
        var status = StatusOf(moment, column, state);
        if (status != AggregateStatus.Present)
        {
            to.AppendNull();
            return status;
        }
        switch (to)
        {
            case FixedColumn<double> c: c.Append(Read(moment, column, state)); break;
            case FixedColumn<long> c: c.Append((long)state.Sum.Low); break;
            default: AppendDecimal(state.Sum, to); break;
        }
        return status;
    }

    static void AppendDecimal(in Int192 sum, Column to) => ((FixedColumn<Int128>)to).Append(sum.ToInt128());

    public static AggregateStatus StatusOf(Moment moment, FeatureType column, in MomentsState state)
    {
        if (state.Outside > 0) return AggregateStatus.OutOfRange;
        if (state.Count == 0 || (state.Count == 1 && (moment is Moment.VarSamp or Moment.StddevSamp))) return AggregateStatus.Null;
        return moment != Moment.Sum || column.IsFloat || (state.Sum.FitsInt128 && Fits(column, state.Sum)) ? AggregateStatus.Present : AggregateStatus.OutOfRange;
    }

    static bool Fits(FeatureType column, in Int192 sum)
    {
        var total = sum.ToInt128();
        return column.Kind == TypeKind.Decimal ? total < DecimalLimit && total > -DecimalLimit : total == (long)total;
    }
}
