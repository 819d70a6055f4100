using Lockstep.Core.Aggregation.PointInTime.Kernels;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

// The features of all slots, put together while partitions are swept, on the thread that swept them: values of one width go to their
// place in the column at once; the others are kept by partition and appended at the end.
internal sealed class SweepResult
{
    readonly LabelIndex _labels;
    readonly WindowPlan _plan;
    readonly Column[] _columns;
    readonly Column[]?[] _parts; // by feature and partition; null: of one width
    readonly List<int>?[] _outOfRange; // slots

    public SweepResult(LabelIndex labels, WindowPlan plan, int partitions)
    {
        (_labels, _plan) = (labels, plan);
        _columns = [.. plan.Features.Select(f => Column.Create(f.Type))];
        _parts = [.. _columns.Select(c => c.TryTake(labels.Slots) ? null : new Column[partitions])];
        _outOfRange = new List<int>?[_columns.Length];
    }

    /// <summary>Takes the features of a partition's slots, which begin at <paramref name="firstSlot"/>; the output is then empty.</summary>
    public void Put(int partition, int firstSlot, SweepOutput output)
    {
        for (var f = 0; f < _columns.Length; f++)
        {
            if (_parts[f] is { } parts)
            {
                parts[partition] = output.Columns[f];
                output.Columns[f] = Column.Create(_columns[f].Type);
            }
            else
            {
                _columns[f].Place(firstSlot, output.Columns[f]);
                output.Columns[f].Clear();
            }
            if (output.OutOfRange[f] is not { Count: > 0 } rows) continue;
            lock (_outOfRange) (_outOfRange[f] ??= []).AddRange(rows.Select(r => r + firstSlot));
            rows.Clear();
        }
    }

    public WindowRows Finish()
    {
        for (var f = 0; f < _columns.Length; f++)
        {
            if (_parts[f] is not { } parts) continue;
            if (parts.Length == 1) _columns[f] = parts[0];
            else
                foreach (ref var part in parts.AsSpan())
                {
                    for (var row = 0; row < part.Count; row++) _columns[f].AppendFrom(part, row);
                    part = null!; // free as soon as it is copied
                }
        }
        return new(_labels, _columns, _outOfRange);
    }
}
