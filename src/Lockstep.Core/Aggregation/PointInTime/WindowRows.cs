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

    internal WindowRows(LabelIndex labels, Column[] columns, List<int>?[] outOfRange) => (_labels, _columns, _outOfRange) = (labels, columns, outOfRange);

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
