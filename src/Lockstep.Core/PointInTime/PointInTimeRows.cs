using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

/// <summary>For each label the row that it sees, and the columns that hold these rows.</summary>
public sealed class PointInTimeRows
{
    internal const int NotFound = -1;
    internal const int TooOld = -2;

    readonly LabelIndex _labels;
    readonly int[] _rowOf; // by slot
    readonly bool[] _late; // by slot; empty without a created timestamp
    readonly Column[] _columns;

    internal PointInTimeRows(LabelIndex labels, int[] rowOf, bool[] late, Column[] columns)
    {
        (_labels, _rowOf, _late, _columns) = (labels, rowOf, late, columns);
        for (var label = 0; label < labels.Labels; label++)
        {
            var slot = labels.SlotOf(label);
            if (slot < 0 || rowOf[slot] == NotFound) Missing++;
            else if (rowOf[slot] == TooOld) OutsideMaxAge++;
            else Found++;
            if (slot >= 0 && late.Length > 0 && late[slot]) KnownLater++;
        }
    }

    /// <summary>Labels with a row.</summary>
    public long Found { get; }

    /// <summary>Labels without any row at or before them, or with a null in the key or the timestamp.</summary>
    public long Missing { get; }

    /// <summary>Labels whose rows are all older than the ttl.</summary>
    public long OutsideMaxAge { get; }

    /// <summary>Labels whose row was created after the label's own instant: nobody knew it then (S8).</summary>
    public long KnownLater { get; }

    /// <summary>The rows of the labels from <paramref name="first"/> on, as <see cref="AppendTo"/> takes them; negative where there is none.</summary>
    public void Find(int first, Span<int> rows)
    {
        for (var i = 0; i < rows.Length; i++)
        {
            var slot = _labels.SlotOf(first + i);
            rows[i] = slot < 0 ? NotFound : _rowOf[slot];
        }
    }

    /// <summary>Appends a feature, by its place in <see cref="SweepPlan.Features"/>, of rows that were found; the default stands for null (S20).</summary>
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
}
