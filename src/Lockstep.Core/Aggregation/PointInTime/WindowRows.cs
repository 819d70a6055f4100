using Lockstep.Core.Aggregation.PointInTime.Kernels;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

/// <summary>The features of every label.</summary>
public sealed class WindowRows
{
    /// <summary>A label that has no features: a null in the key, or no time (S4, S18).</summary>
    const int None = -1;

    readonly LabelIndex _labels;
    readonly Column[] _columns; // by slot
    readonly List<int>?[] _outOfRange; // slots

    internal WindowRows(LabelIndex labels, WindowPlan plan, SweepOutput[] parts)
    {
        _labels = labels;
        _columns = new Column[plan.Features.Count];
        _outOfRange = new List<int>?[plan.Features.Count];
        for (var f = 0; f < _columns.Length; f++)
        {
            var first = 0;
            foreach (var part in parts)
            {
                if (part.OutOfRange[f] is { } rows) (_outOfRange[f] ??= []).AddRange(rows.Select(r => r + first));
                first += part.Columns[f].Count;
            }
            _columns[f] = Join(plan.Features[f].Type, parts, f, first);
        }
    }

    static Column Join(FeatureType type, SweepOutput[] parts, int feature, int rows)
    {
        if (parts.Length == 1) return parts[0].Columns[feature];
        var joined = Column.Create(type, rows);
        foreach (var part in parts)
        {
            var column = part.Columns[feature];
            switch (joined)
            {
                case FixedColumn<byte> c: Append(c, column); break;
                case FixedColumn<int> c: Append(c, column); break;
                case FixedColumn<long> c: Append(c, column); break;
                case FixedColumn<float> c: Append(c, column); break;
                case FixedColumn<double> c: Append(c, column); break;
                case FixedColumn<Int128> c: Append(c, column); break;
                default:
                    for (var row = 0; row < column.Count; row++) joined.AppendFrom(column, row);
                    break;
            }
            part.Columns[feature] = null!; // free as soon as it is copied
        }
        return joined;

        static void Append<T>(FixedColumn<T> to, Column from) where T : unmanaged, IComparable<T> => to.AppendRange(((FixedColumn<T>)from).Values, from.Validity);
    }

    /// <summary>The rows of the labels from <paramref name="first"/> on, as <see cref="AppendTo"/> takes them; negative where there is none.</summary>
    public void Find(int first, Span<int> rows)
    {
        for (var i = 0; i < rows.Length; i++) rows[i] = _labels.SlotOf(first + i) is >= 0 and var slot ? slot : None;
    }

    /// <summary>Appends a feature, by its place in the plan, of rows that were found; the default stands for null (S20).</summary>
    public void AppendTo(Column to, int feature, Value defaultValue, ReadOnlySpan<int> rows)
    {
        ArgumentNullException.ThrowIfNull(to);
        var column = _columns[feature];
        if (defaultValue.IsNull)
        {
            to.AppendRows(column, rows);
            return;
        }
        foreach (var row in rows)
        {
            if (row < 0 || column.IsNull(row)) to.Append(defaultValue);
            else to.AppendFrom(column, row);
        }
    }

    /// <summary>The labels that are OUT_OF_RANGE in a feature (S13), ascending.</summary>
    public IReadOnlyList<int> OutOfRange(int feature)
    {
        if (_outOfRange[feature] is not { } slots) return [];
        var set = slots.ToHashSet();
        return [.. Enumerable.Range(0, _labels.Labels).Where(label => set.Contains(_labels.SlotOf(label)))];
    }
}
