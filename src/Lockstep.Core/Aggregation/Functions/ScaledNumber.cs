using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

/// <summary>A value of any numeric column as the integer that is summed (S13), one at a time; loops decide the type before.</summary>
internal static class ScaledNumber
{
    public static bool TryOf(Column column, int row, out Words128 scaled)
    {
        switch (column)
        {
            case FixedColumn<double> c: return ScaledDouble.TryScale(c.Values[row], out scaled);
            case FixedColumn<float> c: return ScaledDouble.TryScale(c.Values[row], out scaled);
            case FixedColumn<long> c: scaled = c.Values[row]; return true;
            case FixedColumn<int> c: scaled = c.Values[row]; return true;
            case FixedColumn<Int128> c: scaled = c.Values[row]; return true;
            default: throw new NotSupportedException($"{column.Type} is no number.");
        }
    }
}
