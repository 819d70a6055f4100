using Lockstep.Core.Aggregation.PointInTime.Kernels;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

/// <summary>Sweeps partitions, one after the other, with kernels of its own: one a thread.</summary>
internal sealed class SweepWorker
{
    readonly LabelIndex _labels;
    readonly SweepEvents _events;
    readonly SweepLabels _groupLabels;
    readonly SweepKernel[] _kernels;
    readonly KnownLabels? _known;
    readonly SweepOutput _output;

    public SweepWorker(LabelIndex labels, WindowPlan plan, bool asKnown, bool hasUntil)
    {
        _labels = labels;
        (_events, _groupLabels) = (new(plan, asKnown, hasUntil), new(plan));
        _kernels = [.. Enumerable.Range(0, plan.States.Count).Select(s => SweepKernel.For(plan, s))];
        _known = asKnown ? new(plan, _events, _groupLabels) : null;
        _output = new(plan);
    }

    /// <summary>The features of the slots of some groups; whoever takes them leaves the output empty for the next ones.</summary>
    public SweepOutput Run(IReadOnlyList<ColumnBatch> chunks, int firstGroup, int endGroup, CancellationToken token)
    {
        var output = _output;
        _events.Load(chunks, endGroup - firstGroup);
        foreach (var kernel in _kernels) kernel.Load(_events);
        var (slots, times) = (_labels.FirstSlotsBuffer, _labels.SlotTimesBuffer);
        foreach (var column in output.Columns) column.Reserve(slots[endGroup] - slots[firstGroup]);
        for (var group = firstGroup; group < endGroup; group++)
        {
            if ((group & 0xFFF) == 0) token.ThrowIfCancellationRequested();
            var labels = times.AsSpan(slots[group], slots[group + 1] - slots[group]);
            if (labels.IsEmpty) continue;
            var (start, end) = (_events.First[group - firstGroup], _events.First[group - firstGroup + 1]);
            _groupLabels.Load(labels, _events.Times, start, end);
            foreach (var kernel in _kernels) kernel.Begin(start, end);
            if (_known is null) Sweep(0, labels.Length, output);
            else _known.Run(start, end, labels, Sweep, output);
        }
        return output;
    }

    void Sweep(int first, int end, SweepOutput output)
    {
        foreach (var kernel in _kernels) kernel.Run(_groupLabels, first, end, output);
    }
}
