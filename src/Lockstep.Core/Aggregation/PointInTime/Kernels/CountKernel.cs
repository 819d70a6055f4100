using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>The distance of both ends, or of the counts there of events that pass.</summary>
internal sealed class CountKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    readonly CountAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new CountAccumulator())];
    readonly bool _counts = plan.Features.Where(f => f.State == state).All(f => f is { Over: < 0, Output: CountOutput }); // nothing but
    byte[]? _passes;
    int[] _before = []; // events that pass before each event of the group
    int _start;

    public override void Load(SweepEvents events) => _passes = events.Passes(State.Input, State.Filter);

    public override void Begin(int start, int end)
    {
        if (_passes is null) return;
        _start = start;
        if (_before.Length <= end - start) _before = new int[Math.Max(2 * _before.Length, end - start + 1)];
        var count = 0;
        for (var i = start; i < end; i++)
        {
            _before[i - start] = count;
            count += _passes[i];
        }
        _before[end - start] = count;
    }

    protected override Accumulator At(int reading, int low, int high)
    {
        _states[reading].Count = Between(low, high);
        return _states[reading];
    }

    int Between(int low, int high) => _passes is null ? high - low : _before[high - _start] - _before[low - _start];

    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        if (!_counts)
        {
            base.Run(labels, first, end, to);
            return;
        }
        for (var f = 0; f < Places.Length; f++)
        {
            var window = Windows[Readings[f]];
            var (low, high, column) = (labels.LowBuffer(window), labels.HighBuffer(window), (FixedColumn<long>)to.Columns[Places[f]]);
            for (var label = first; label < end; label++) column.Append(Between(low[label], high[label]));
        }
    }
}
